"""Every command of docs/runbook.md is run as it stands, in the situation its page is about, and does what it says."""

import re
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from cloud import ROOT

from local.browser import today

from .company import Company, event, now
from .dead_letters import buried, bury, given_up
from .operators import Operator

pytestmark = pytest.mark.journey

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")

type Variables = dict[str, str]
# Makes the situation, yields what the operator has in hand, gets what each command printed, and looks what came of it.
type Situation = Callable[[Company], Generator[Variables, list[str]]]

SITUATIONS: dict[tuple[str, ...], Situation] = {}
# These commands end with 1, because there is nothing good to tell.
UNWELCOME = {
    "Nothing is visible": "ops trace",
    "A category or a tax rate is missing in Pleo": 'ops sync --company "$COMPANY" --now',
}


def pages() -> dict[str, list[str]]:
    """The commands of each page that has some, by its heading."""
    found: dict[str, list[str]] = {}
    heading = ""
    for heading_or_block in re.findall(r"^#{1,2} .+$|^```sh\n(?:.*\n)*?```$", RUNBOOK, re.MULTILINE):
        if heading_or_block.startswith("#"):
            heading = heading_or_block.lstrip("# ")
        else:
            found.setdefault(heading, []).extend(heading_or_block.splitlines()[1:-1])
    return found


PAGES = pages()


def page(*headings: str, in_one: bool = False) -> Callable[[Situation], Situation]:
    """The situation of some pages: made for each of them, or once for all, because their commands only look."""

    def known(situation: Situation) -> Situation:
        SITUATIONS.update(dict.fromkeys([headings] if in_one else [(each,) for each in headings], situation))
        return situation

    return known


def test_every_page_with_commands_has_a_situation() -> None:
    assert sorted(heading for headings in SITUATIONS for heading in headings) == sorted(PAGES)


def test_every_page_of_an_alarm_ends_in_commands() -> None:
    alarms = re.findall(r"^## (.+)$", RUNBOOK.split("\n# Alarms\n")[1].split("\n# ")[0], re.MULTILINE)
    assert alarms
    assert [alarm for alarm in alarms if alarm not in PAGES] == []


def unannounced(company: Company, **entry: object) -> str:
    """A settled payment that no webhook tells of; its id."""
    made = company.world.pleo("/entries", company_id=company.id, silent=True, amount=1_000, settledAt=now(), **entry)
    return str(made["id"])


# ---------------------------------------------------------------------------------------------------------- questions
@page("Nothing is visible")
def _(company: Company) -> Generator[Variables, list[str]]:
    entry_id = unannounced(company)
    printed = yield {"EXPENSE": entry_id}
    assert "Nothing of any company is known" in " ".join(printed[0].split())
    company.is_fed(entry_id)


@page("Voucher there, suggestion missing")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.set_contra_account()
    company.in_lexoffice(outage={"on": True})
    entry_id = company.spend()
    given_up(company, "Feed")
    company.in_lexoffice(outage={"on": False})
    company.ends(company.export([company.code(entry_id)]), "completed")
    assert (len(company.vouchers), company.proposed) == (1, {})

    printed = yield {"EXPENSE": entry_id, "ENTRY": entry_id}

    assert "T2" in printed[0]
    assert "resend" in printed[0] or "redrive" in printed[0]
    company.is_fed(entry_id)
    assert set(company.proposed) == {f"pleo-{entry_id}"}


@page("No voucher", "export-failures")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.set_contra_account()
    (entry_id,) = company.spend_many(1)
    company.code(entry_id, account_external_id=None)
    company.ends(company.export([entry_id]), "completed_with_errors")
    printed = yield {"EXPENSE": entry_id}
    assert any("EXP-ACCOUNT-MISSING" in each for each in printed)


@page("Both halves are missing")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.in_lexoffice(downgrade={"status": 402})
    entry_id = company.spend()
    company.is_held("plan")
    company.in_lexoffice(downgrade={"status": None})
    printed = yield {}
    assert "held" in printed[0]
    assert "plan" in printed[0]
    company.is_fed(entry_id)
    assert company.connection["status"] == "active"


@page("Re-sent though nothing was missing")
def _(company: Company) -> Generator[Variables, list[str]]:
    entries = company.spend_many(2)
    company.is_fed(*entries)
    calls = company.calls
    printed = yield {"FIRST_DAY": today(), "LAST_DAY": today()}
    assert all("already there 2" in each or "2 already there" in each for each in printed), printed
    company.world.at_rest()
    assert company.calls == calls


@page("The balance in lexoffice differs from the wallet")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.pay(family="WALLET", subFamily="LOAD", amount=50_000, settledAt=now())
    company.world.at_rest()
    before = set(Path.cwd().iterdir())
    variables = {"MONTH": today()[:7]}
    yield variables
    assert set(Path.cwd().iterdir()) == before


@page("A category or a tax rate is missing in Pleo")
def _(company: Company) -> Generator[Variables, list[str]]:
    rows = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
    (wallet,) = company.accounts
    for row in [each for each in rows if each["externalId"] != wallet["financialAccountId"]][:30]:
        company.world.lexoffice("/categories", action="remove", id=row["externalId"])
    printed = yield {}
    assert "30" in printed[0]
    after = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
    assert sum(row["archived"] for row in after) == 30


@page("Stop everything for a company")
def _(company: Company) -> Generator[Variables, list[str]]:
    yield {}
    assert company.connection["status"] == "active"
    company.is_fed(company.spend())


@page("Disconnect a company")
def _(company: Company) -> Generator[Variables, list[str]]:
    yield {"NAME": company.connection["company_name"]}
    assert company.connection["status"] == "disconnected"
    company.world.at_rest()
    assert company.subscriptions == []


@page("Who did that?")
def _(company: Company) -> Generator[Variables, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        Operator(company.world, Path(folder)).run(
            "pause", "--company", company.connection_id, "--reason", "ticket 4712"
        )
    (printed,) = yield {}
    assert "pause" in printed
    assert "ticket 4712" in printed


# ------------------------------------------------------------------------------------------------------------- alarms
@page("feed-dead-letters", "function-errors", "When it is over")
def _(company: Company) -> Generator[Variables, list[str]]:
    with buried(company, "Feed"):
        entry_id = company.spend()
    printed = yield {}
    assert "1 waited, 0 waiting now" in "".join(printed)
    company.is_fed(entry_id)
    assert company.world.waiting("FeedDeadLetterQueue") == 0


@page("export-dead-letters")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.set_contra_account()
    entries = company.expenses(1)
    with buried(company, "Export"):
        job = company.export(entries)
    yield {}
    company.has_exported(job, entries)


@page("sync-dead-letters")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.world.lexoffice("/categories", action="add", name="Drohnenbedarf", type="outgo")
    bury(company, "Sync", "once", requests=("sync_catalogue",))
    printed = yield {}
    assert "sync_catalogue: done" in printed[1]
    assert "Drohnenbedarf" in company.shown_in_pleo()[0]


@page(
    *("Alarms", "feed-waits", "slow-feed", "syncs-wait", "refresh-failures", "vendor-limits"),
    *("throttled-functions", "api-errors", "throttled-tables"),
    in_one=True,
)
def _(company: Company) -> Generator[Variables, list[str]]:
    company.in_lexoffice(outage={"on": True})
    entry_id = company.spend()
    company.world.eventually(lambda: company.states == {"ready": 1}, what="a row that waits")
    printed = yield {}
    assert any(company.connection_id in each for each in printed)
    company.in_lexoffice(outage={"on": False})
    company.start_sync()
    company.is_fed(entry_id)


@page("schedule-stopped", "silence")
def _(company: Company) -> Generator[Variables, list[str]]:
    entry_id = unannounced(company)
    yield {}
    company.is_fed(entry_id)


@page("needs-attention")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.in_lexoffice(refuse={"purpose_contains": "Nimmerland", "message": "festgeschrieben"})
    entry_id = company.spend(merchant="Nimmerland")
    company.world.eventually(lambda: company.states == {"failed": 1}, what="a refused line")
    company.world.lexoffice("/refuse", "DELETE")
    printed = yield {"ENTRY": entry_id}
    assert entry_id in printed[0]
    company.is_fed(entry_id)


@page("refused-signatures")
def _(company: Company) -> Generator[Variables, list[str]]:
    (old,) = company.secrets
    yield {}
    (new,) = company.secrets
    assert new != old
    told = event(company.snapshot(amount=100, settledAt=now()))
    assert company.deliver(told, secret=new).status_code == 200
    assert len(company.subscriptions) == 1


@page("access-refused")
def _(company: Company) -> Generator[Variables, list[str]]:
    company.in_lexoffice(revoke={})
    company.spend()
    company.is_held("lexoffice_access_gone")
    (printed,) = yield {}
    assert "lexoffice_access_gone" in printed


@pytest.mark.parametrize("headings", SITUATIONS, ids=" + ".join)
def test_the_commands_of_a_page_do_what_it_says(company: Company, tmp_path: Path, headings: tuple[str, ...]) -> None:
    operator = Operator(company.world, tmp_path)
    situation = SITUATIONS[headings](company)
    variables = {"COMPANY": company.connection_id, "TICKET": "ticket 4711", "FOLDER": str(tmp_path)} | next(situation)
    # Several pages of one situation share commands.
    lines = dict.fromkeys(
        (line, heading in UNWELCOME and UNWELCOME[heading] in line) for heading in headings for line in PAGES[heading]
    )
    printed = [operator.types(line, variables, code=int(is_unwelcome)) for line, is_unwelcome in lines]
    with pytest.raises(StopIteration):
        situation.send(printed)
