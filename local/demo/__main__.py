"""`make demo`: plays the story on this machine and proves its end; exit status 0 only if all of it is true."""

import random
import shlex
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from local import browser
from local.demo.cast import KINDS, Kind, entries
from local.demo.export_proof import ExportProof, show_export
from local.demo.proof import Proof, ledger_rows, lines_recorded, settled, show
from local.demo.world import Company, World
from local.stack import LocalStack

_EXPORT_CAST = (Kind("card purchase", 30, KINDS[0].order, settles=True),)
_SMALL_CAST = (Kind("card purchase", 8, KINDS[0].order, settles=True),)
_OUTAGE_SECONDS = 4.0
# Looking at each of them takes half a second of lexoffice's limit; some are enough to see it happen.
_MATCHES_AWAITED = 5


class Story:
    """The acts of the demo; each says what it does and waits until it has happened."""

    def __init__(self, world: World, console: Console) -> None:
        self._world = world
        self._console = console
        self._began = time.monotonic()

    def play(self) -> bool:
        """Play everything; True when the end is as it must be."""
        world = self._world
        bau = world.add_company("Muster Bau GmbH")
        rad = world.add_company("Muster Rad GmbH")
        tee = world.add_company("Muster Tee GmbH")
        self._say("Three companies connect: consent at Pleo and at lexoffice, account, categories, tax codes, webhook")
        with ThreadPoolExecutor() as pool:
            titles = list(pool.map(self._connect, (bau, rad, tee)))
        if any(not title.startswith("Verbunden") for title in titles):
            self._console.print(f"[red]connecting failed:[/] {titles}")
            return False

        rng = random.Random(2026)  # noqa: S311 - the same story every time
        self._say("8 payments of Muster Rad arrive while lexoffice is down for it")
        world.outage(rad, on=True)
        world.pay(rad, entries(_SMALL_CAST, rng))
        self._say("Muster Tee pays 30 times; its bookkeeper assigns accounts and clicks «Exportieren»")
        world.pay(tee, entries(_EXPORT_CAST, rng))
        self._wait("its payments in the ledger", lambda: len(ledger_rows(world, tee)) == len(tee.entries))
        world.code(tee, without_account=1, unreadable=1)
        job_id = world.click_export(tee)
        self._say("200 entries arrive at Muster Bau; webhooks are held back, to be shuffled")
        world.hold_webhooks(copies=2)
        world.pay(bau, entries(KINDS, rng))
        self._say("Every webhook is delivered twice, in random order")
        world.release_webhooks()
        self._wait("the first lines", lambda: lines_recorded(world, bau) >= 25)
        self._say(f"lexoffice is down for everybody, for {_OUTAGE_SECONDS:.0f} seconds, in the middle of the feed")
        world.outage(None, on=True)
        time.sleep(_OUTAGE_SECONDS)  # the length of the outage is the scene, nothing is awaited
        world.outage(None, on=False)
        self._wait("every webhook answered", world.webhooks_done)
        self._say(
            "No webhook tells of fees, cashback, top-ups and reimbursements: the company's turn finds them at Pleo"
        )
        world.take_turn(bau)
        self._wait_for_company(bau)

        self._say("Muster Rad's feed has given up meanwhile; support sees its wake-ups in the dead-letter queue")
        self._wait("the dead-letter queue", lambda: world.dead_letters() > 0 and world.waiting_wake_ups() == 0)
        self._say(f"{world.dead_letters()} dead letters; lexoffice is back, support looks and redrives the queue")
        world.outage(rad, on=False)
        self._support("dlq", "--queue", "feed")
        self._support("redrive", "--queue", "feed", "--reason", "lexoffice is back")
        self._wait_for_company(rad)
        self._wait("the dead-letter queue to be empty", lambda: world.dead_letters() == 0)
        self._say("Muster Tee's export: voucher, receipt and hint for each expense, two calls a second")
        self._wait(
            "the export",
            lambda: world.export_job(job_id)["status"] not in {"pending", "in_progress"},
        )
        exported = ExportProof.of(world, tee, job_id)
        self._say("Every suggestion is approved; lexoffice's events tell the product, which looks at them one by one")
        self._wait(f"the first {_MATCHES_AWAITED} matches to be learnt", lambda: world.matches(tee) >= _MATCHES_AWAITED)
        self._say("The proof")
        right = show(self._console, [Proof.of(world, company) for company in (bau, rad, tee)])
        return show_export(self._console, exported) and right

    def _connect(self, company: Company) -> str:
        return browser.connect(self._world.connect_url, company_id=company.id, organization_id=company.organization_id)

    def _wait_for_company(self, company: Company) -> None:
        world = self._world
        self._wait(
            f"every entry of {company.name} at its place",
            lambda: settled(world, company),
            progress=lambda: f"{lines_recorded(world, company)} lines",
        )

    def _wait(self, what: str, condition: Callable[[], bool], *, progress: Callable[[], str] | None = None) -> None:
        """Wait for what must happen by itself; after a minute and a half it is not going to."""
        deadline = time.monotonic() + 90
        with self._console.status(f"waiting for {what}") as status:
            while not condition():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{what} did not happen")
                if progress is not None:
                    status.update(f"waiting for {what}: {progress()}")
                time.sleep(0.25)

    def _support(self, *command: str) -> None:
        self._console.print(f"         $ python -m ops {shlex.join(command)}", soft_wrap=True)
        for line in self._world.support(*command).rstrip().splitlines():
            self._console.print(f"           [dim]{line.rstrip()}[/]", soft_wrap=True)

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._began:5.1f} s[/]  {text}", soft_wrap=True)


def main() -> int:
    """Start the stack, play, end it."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print("Starting the emulator, deploying template.yaml, starting the stand-ins for Pleo and lexoffice")
    with LocalStack() as stack:
        world = World(stack)
        try:
            passed = Story(world, console).play()
        except TimeoutError as error:
            console.print(f"[red]{error}[/]")
            for company in world.companies:
                show(console, [Proof.of(world, company)])
            passed = False
        if not passed:
            for function in ("PleoWebhookFunction", "FeedFunction", "ExportFunction", "SyncFunction", "OauthFunction"):
                problems = [line for line in stack.logs(function) if '"level":"ERROR"' in line or "Traceback" in line]
                console.print(f"{function}: {len(problems)} errors logged", *problems[-3:], sep="\n")
    console.print("[green]All of it is true.[/]" if passed else "[red]Not all of it is true.[/]")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
