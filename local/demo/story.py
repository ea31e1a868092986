"""The acts of the demo. Each prints what it does and waits for the result for as long as there is progress."""

import shlex
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from rich.console import Console

from local import browser
from local.demo.cast import cast
from local.demo.export_proof import ExportProof, show_export
from local.demo.proof import Proof, entry_rows, is_settled, recorded_lines, show
from local.demo.world import DemoCompany, DemoWorld
from local.waiting import wait_until

_OUTAGE_SECONDS = 4.0
# Reading each match takes half a second of lexoffice's rate limit; a few of them show the effect.
_MATCHES_AWAITED = 5
_CONNECT_ATTEMPTS = 5
# Without a terminal nothing can be redrawn: a long wait then prints a line at this interval.
_REPORT_SECONDS = 15.0


class NotConnectedError(RuntimeError):
    """A company could not be connected. The text is a sentence."""


class Story:
    """The whole story. `harmless` collects the harmless effects of a slow machine, one sentence each."""

    def __init__(self, world: DemoWorld, console: Console) -> None:
        self._world = world
        self._console = console
        self._began = time.monotonic()
        self._cast = cast()
        self._bau, self._rad, self._tee = (world.add_company(f"Muster {name} GmbH") for name in ("Bau", "Rad", "Tee"))
        self._job_id = ""
        self._suggested = 0
        self.harmless: list[str] = []

    def play(self) -> None:
        """Play all acts. Raise StalledError, NotConnectedError or CommandFailedError if an act cannot finish."""
        self._connect_companies()
        self._pay_rad()
        self._pay_and_export_tee()
        self._pay_bau()
        self._redrive_rad()
        self._approve_tee()

    def prove(self) -> list[str]:
        """Print what both vendors show now and return the failed checks, one sentence each.

        It also works after an incomplete story.
        """
        self._say("The proof")
        untrue = []
        for company in self._world.companies:
            proof = Proof.of(self._world, company)
            show(self._console, proof)
            untrue += proof.untrue
            self.harmless += proof.harmless
        if not self._job_id:
            return [*untrue, f"{self._tee.name}: the export never began, because «Exportieren» was not clicked."]
        export = ExportProof.of(self._world, self._tee, self._job_id, suggested=self._suggested)
        show_export(self._console, export)
        return untrue + export.untrue

    def _connect_companies(self) -> None:
        self._say("Three companies connect: consent at Pleo and at lexoffice, account, categories, tax codes, webhook")
        with self._console.status("waiting for the set-up"), ThreadPoolExecutor() as pool:
            list(pool.map(self._connect, self._world.companies))

    def _pay_rad(self) -> None:
        self._say("8 payments of Muster Rad arrive while lexoffice is down for it")
        self._world.outage(self._rad, on=True)
        self._world.pay(self._rad, self._cast.rad)

    def _pay_and_export_tee(self) -> None:
        world, tee = self._world, self._tee
        self._say("Muster Tee pays 30 times; its bookkeeper assigns accounts and clicks «Exportieren»")
        world.pay(tee, self._cast.tee)
        self._wait(
            "Muster Tee's payments in the ledger",
            lambda: len(entry_rows(world, tee)) == len(tee.entries),
            lambda: f"{len(entry_rows(world, tee))} of {len(tee.entries)}",
        )
        self._job_id = world.export(tee)

    def _pay_bau(self) -> None:
        world, bau = self._world, self._bau
        self._say("200 entries arrive at Muster Bau; webhooks are held back, to be shuffled")
        world.pleo.hold_webhooks(copies=2)
        world.pay(bau, self._cast.bau)
        self._say("Every webhook is delivered twice, in random order")
        world.pleo.release_webhooks()
        self._wait("the first lines of Muster Bau", lambda: recorded_lines(world, bau) >= 25)
        self._say(f"lexoffice is down for everybody, for {_OUTAGE_SECONDS:.0f} seconds, in the middle of the feed")
        world.outage(None, on=True)
        time.sleep(_OUTAGE_SECONDS)  # the length of the outage is part of the story; nothing is awaited
        world.outage(None, on=False)
        self._wait(
            "an answer to every webhook",
            lambda: not world.pleo.webhooks_on_their_way(),
            lambda: f"{world.pleo.webhooks_on_their_way()} on their way",
        )
        self._say(
            "No webhook reports fees, cashback, top-ups and reimbursements: the scheduled sync reads them at Pleo"
        )
        world.start_sync(bau)
        self._wait_for_lines(bau)

    def _redrive_rad(self) -> None:
        world = self._world
        self._say("Muster Rad's feed has given up meanwhile; support sees its wake-ups in the dead-letter queue")
        self._wait("the dead-letter queue", lambda: world.dead_letters() > 0 and world.waiting_wake_ups() == 0)
        self._say(f"{world.dead_letters()} dead letters; lexoffice is back, support looks and redrives the queue")
        world.outage(self._rad, on=False)
        self._support("dlq", "--queue", "feed")
        self._support("redrive", "--queue", "feed", "--reason", "lexoffice is back")
        self._wait_for_lines(self._rad)
        self._wait("the dead-letter queue to be empty", lambda: world.dead_letters() == 0)

    def _approve_tee(self) -> None:
        world, tee, job_id = self._world, self._tee, self._job_id
        self._say("Muster Tee's export: voucher, receipt and hint for each expense, two calls a second")
        self._wait(
            "the export of Muster Tee",
            lambda: world.pleo.export_job(job_id)["status"] not in {"pending", "in_progress"},
            lambda: f"{world.stages(tee)['VOUCHER',]} vouchers",
        )
        self._wait_for_lines(tee)
        self._say("Every suggestion is approved; lexoffice's events tell the product, which looks at them one by one")
        self._suggested = world.approve(tee)
        self._wait(
            f"the first {_MATCHES_AWAITED} matches to be learnt",
            lambda: world.stages(tee)["MATCH", "accepted"] >= _MATCHES_AWAITED,
        )

    def _connect(self, company: DemoCompany) -> None:
        """Connect a company as its admin does; retry if an attempt fails."""
        setbacks: list[str] = []
        for _ in range(_CONNECT_ATTEMPTS):
            try:
                title = browser.connect(
                    self._world.connect_url, company_id=company.id, organization_id=company.organization_id
                )
            except (LookupError, httpx.HTTPError) as error:
                title = f"{type(error).__name__}: {error}"
            if title.startswith("Verbunden"):
                self._say(f"{company.name} is connected")
                if setbacks:
                    why = "; ".join(setbacks)
                    self.harmless.append(f"{company.name}: connected at attempt {len(setbacks) + 1}, after: {why}.")
                return
            setbacks.append(title)
        raise NotConnectedError(f"{company.name} could not be connected: {'; '.join(setbacks)}.")

    def _wait_for_lines(self, company: DemoCompany) -> None:
        world, expected = self._world, sum(kind.outcome == "sent" for kind in company.entries.values())
        self._wait(
            f"every entry of {company.name} at its place",
            lambda: is_settled(world, company),
            lambda: f"{recorded_lines(world, company)} of {expected} lines",
        )

    def _wait(self, what: str, condition: Callable[[], bool], count: Callable[[], str] = str) -> None:
        """Wait and show the progress in the words of `count`."""
        reported = time.monotonic()

        def report() -> None:
            nonlocal reported
            text = f"waiting for {what}: {counted}" if (counted := count()) else f"waiting for {what}"
            status.update(text)
            if not self._console.is_terminal and time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                self._say(text)

        with self._console.status(f"waiting for {what}") as status:
            wait_until(condition, what=what, progress=self._world.progress, report=report)

    def _support(self, *command: str) -> None:
        self._console.print(f"         $ python -m ops {shlex.join(command)}", soft_wrap=True)
        for line in self._world.support(*command).rstrip().splitlines():
            self._console.print(f"           [dim]{line.rstrip()}[/]", soft_wrap=True)

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._began:5.1f} s[/]  {text}", soft_wrap=True)
