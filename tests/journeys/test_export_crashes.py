"""The export worker dies, or a vendor's answer is lost, at every step of a job: nothing is ever done a second time."""

import random
from functools import partial

import pytest

from .company import Company

pytestmark = pytest.mark.journey

VOUCHERS, FILES, HINTS = "vouchers$", "files$", "hint$"
ITEMS, EVENTS = "export-jobs/.*/items$", "export-job-events$"
# A call that never returns, before it has an effect or after; the worker is killed meanwhile.
SILENCE = 60


@pytest.fixture(autouse=True)
def contra_account(company: Company) -> None:
    company.set_contra_account()


def in_lexoffice(company: Company, route: str, when: str, *, skip: int = 0, **fault: object) -> None:
    """One POST to lexoffice fails, after so many that do not: it is silent, unless told otherwise."""
    order = {"route": route, "method": "POST", "when": when, "kind": "timeout", "hold_seconds": SILENCE, "skip": skip}
    company.in_lexoffice(faults=order | fault)


def in_pleo(company: Company, route: str, when: str, **fault: object) -> None:
    """The next writing call of our company to Pleo fails: it is silent, unless told otherwise."""
    order = {"route": route, "method": "PUT" if route == ITEMS else "POST", "when": when, "company": company.id}
    company.world.pleo("/faults", **(order | {"kind": "timeout", "seconds": SILENCE} | fault))


def dies(company: Company) -> None:
    """The worker is killed, and SQS shows its message again."""
    stack = company.world.stack
    assert stack.kill_worker("ExportFunction")
    stack.expire_visibility("ExportQueue")


def struck(company: Company, times: int = 1) -> bool:
    """Whether lexoffice's faults of this test have struck so often."""
    return sum(int(fault["hits"]) for fault in company.world.lexoffice("/faults", "GET")) >= times


def called(company: Company, call: str) -> int:
    """How often Pleo was called so."""
    return int(company.world.pleo("/calls", "GET").get(call, 0))


def is_called(company: Company, route: str) -> None:
    """Waits until our next call of this kind has reached Pleo."""
    call = {EVENTS: "POST /v3/export-job-events", ITEMS: "PUT /v3/export-jobs/{id}/items"}[route]
    before = called(company, call)
    company.world.eventually(lambda: called(company, call) > before, what=call)


def test_killed_before_lexoffice_has_read_a_voucher(company: Company) -> None:
    """Its absence proves nothing at first: the next runs wait before they make it."""
    entries = company.expenses(3)
    in_lexoffice(company, VOUCHERS, "before", skip=1)

    job = company.export(entries)
    company.world.eventually(lambda: struck(company), what="the voucher that is never read")
    dies(company)

    company.has_exported(job, entries)


def test_killed_at_three_steps_in_lexoffice_of_one_job(company: Company) -> None:
    entries = company.expenses(12, files=[{"kind": "pdf"}, {"kind": "png"}])
    in_lexoffice(company, VOUCHERS, "after", skip=2)
    in_lexoffice(company, FILES, "after", skip=9)
    in_lexoffice(company, HINTS, "after", skip=8)

    job = company.export(entries)
    for blow in range(1, 4):
        company.world.eventually(partial(struck, company, blow), what=f"step {blow}")
        dies(company)

    company.has_exported(job, entries, receipts=2)


def test_killed_between_two_receipts_and_before_the_hint(company: Company) -> None:
    entries = company.expenses(12, files=[{"kind": "pdf"}, {"kind": "png"}])
    in_lexoffice(company, FILES, "before", skip=3)
    in_lexoffice(company, FILES, "after", skip=8)
    in_lexoffice(company, HINTS, "before", skip=7)

    job = company.export(entries)
    for blow in range(1, 4):
        company.world.eventually(partial(struck, company, blow), what=f"step {blow}")
        dies(company)

    company.has_exported(job, entries, receipts=2)


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_moment_again_and_again(company: Company, seed: int) -> None:
    """Between any two calls: the blows fall wherever the worker happens to be when a random number of calls is over."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    entries = company.expenses(10, files=[{"kind": "pdf"}, {"kind": "png"}])
    job = company.export(entries)

    for _ in range(2):  # more would leave it to the dead-letter queue, because the message comes back at once here
        calls = company.calls + chance.randint(2, 7)
        company.world.eventually(lambda until=calls: company.calls >= until, what="some calls more")  # type: ignore[misc]
        company.world.stack.kill_worker("ExportFunction")
        company.world.stack.expire_visibility("ExportQueue")

    company.has_exported(job, entries, receipts=2)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [EVENTS, ITEMS])
def test_killed_while_it_claims_or_reports(company: Company, step: str, when: str) -> None:
    entries = company.expenses(3)
    in_pleo(company, step, when)

    job = company.export(entries)
    is_called(company, step)
    dies(company)

    company.has_exported(job, entries)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_it_finishes(company: Company, when: str) -> None:
    entries = company.expenses(3)
    in_lexoffice(company, HINTS, "before", kind="slow", hold_seconds=1)
    job = company.export(entries)
    company.world.eventually(lambda: struck(company), what="a job that has been claimed")
    in_pleo(company, EVENTS, when)

    is_called(company, EVENTS)
    dies(company)

    company.has_exported(job, entries)


@pytest.mark.parametrize(
    ("kind", "when", "routes"),
    [
        ("status", "after", (VOUCHERS, FILES, HINTS)),
        ("reset", "after", (VOUCHERS, FILES, HINTS)),
        ("status", "before", (VOUCHERS, HINTS)),
        ("reset", "before", (FILES,)),
    ],
)
def test_answers_that_are_lost_in_lexoffice(company: Company, kind: str, when: str, routes: tuple[str, ...]) -> None:
    entries = company.expenses(4, files=[{"kind": "pdf"}, {"kind": "png"}])
    for route in routes:
        in_lexoffice(company, route, when, kind=kind, status=504, skip=1)

    company.has_exported(company.export(entries), entries, receipts=2)
    assert struck(company, len(routes))


@pytest.mark.parametrize("when", ["before", "after"])
def test_pleo_refuses_the_report_and_then_takes_it(company: Company, when: str) -> None:
    entries = company.expenses(4)
    in_pleo(company, ITEMS, when, kind="status", status=503)

    company.has_exported(company.export(entries), entries)


def test_pleo_takes_the_report_but_for_one_item(company: Company) -> None:
    entries = company.expenses(4)
    in_lexoffice(company, VOUCHERS, "after", kind="slow", hold_seconds=1)
    job = company.export(entries)
    company.world.pleo(f"/export/{job}/refuse-updates", entry_ids=entries[:1])

    company.has_exported(job, entries)
