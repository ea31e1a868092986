"""What the status page is told of a company, after its workers have run against both stand-ins, and at what cost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import batched
from types import ModuleType
from typing import Any

import pytest
from cloud import Cloud
from samples import COMPANY_ID, CONNECTION_ID, entry

from shared.aws import limiter, rows
from shared.aws.catalogues import Catalogues, CatalogueSnapshot
from shared.aws.connections import Connection, Connections, Status
from shared.aws.exports import Exports, Job, JobState
from shared.aws.ledger import Ledger
from shared.aws.stores import Stores
from shared.aws.table import encode
from shared.domain.connecting.company_state import Hold
from shared.domain.feeding.ledger import Row, State, row_for
from shared.domain.lookup.overview import AccountBalance, Day, LastSync, Overview
from shared.domain.money import Money
from shared.domain.times import booking_date, utc_text
from shared.flows.lookup import status
from shared.flows.lookup.status import StatusBoard
from shared.pleo.models import JobEvent

from .conftest import Context, Linked
from .exporting import OFFICE_SUPPLIES, click, expenses, run

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
MOST_CALLS = 12


def board(cloud: Cloud, now: datetime | None = None) -> StatusBoard:
    """The flow as the door puts it together."""
    return StatusBoard(Stores(cloud), now=lambda: now or datetime.now(UTC))


def told(company: Linked) -> Overview:
    overview = board(company.cloud).overview(company.connection().connection_id)
    assert overview is not None
    return overview


# --- with workers and stand-ins ---------------------------------------------------------------------------------------


def test_a_company_that_has_just_connected_has_nothing_waiting_and_its_lists(company: Linked) -> None:
    overview = told(company)

    assert (overview.status, overview.hold, overview.pleo, overview.lexoffice) == ("active", "", "ok", "ok")
    assert overview.company
    assert overview.organisation
    assert overview.connected_at is not None
    assert (overview.waiting, overview.waiting_count, overview.movements, overview.export) == ((), 0, (), None)
    assert (overview.last_line_at, overview.done_by) == (None, None)
    today = booking_date(datetime.now(UTC))
    assert overview.balance == AccountBalance(
        lines=0, by_hand=0, total=0, pushed=None, waiting=0, failed=0, first_day=today
    )
    # The first sync changes nothing: there was nothing before.
    assert (overview.sync.changes, overview.sync.changed_at) == ((), None)
    assert overview.sync.at is not None


def test_a_company_whose_syncs_fail_tells_since_when_and_when_the_next_one_is_due(company: Linked) -> None:
    from functions.sync import app

    assert (told(company).failing_since, told(company).next_try_at) == (None, None)
    company.control_pleo("/faults", {"route": "accounting-entries", "status": 503, "times": None})
    before = datetime.now(UTC)

    app.handler(company.message("sync"), Context())

    overview = told(company)
    assert overview.failing_since is not None
    assert overview.next_try_at is not None
    assert before <= overview.failing_since <= datetime.now(UTC)
    assert overview.next_try_at - overview.failing_since == timedelta(minutes=10)


def test_lines_movements_and_refused_lines_add_up_to_the_balance(company: Linked) -> None:
    from functions.feed import app as feed
    from functions.sync import app as sync

    orders = [{"status": "COMPLETED", "amount": 1000 + number} for number in range(3)]
    ids = company.control_pleo("/entries/batch", orders)["ids"]
    company.control_pleo("/entries", {"status": "COMPLETED", "amount": 50_000, "family": "WALLET", "subFamily": "LOAD"})
    company.control_lexoffice("refuse", external_reference=f"pleo-{ids[1]}", message="Zeitraum ist abgeschlossen")
    sync.handler(company.message("sync"), Context())
    before = told(company)
    feed.handler(company.message("feed"), Context())

    overview = told(company)

    assert (before.waiting_count, before.balance.waiting, before.balance.total) == (4, 50_000 - 3003, 0)
    lines = -1000 - 1002
    assert overview.balance == AccountBalance(
        lines=lines,
        by_hand=50_000,
        total=50_000 + lines,
        pushed=50_000 + lines,
        waiting=0,
        failed=-1001,
        first_day=booking_date(datetime.now(UTC)),
    )
    (refused,) = overview.waiting
    assert (refused.entry_id, refused.state, refused.reason) == (ids[1], "failed", "refused_by_lexoffice")
    assert "Zeitraum ist abgeschlossen" in refused.detail
    (movement,) = overview.movements
    assert (movement.kind, movement.amount) == ("wallet_topup", 50_000)
    assert board(company.cloud).movements(company.connection().connection_id) == [movement]
    assert overview.last_line_at is not None
    today = overview.days[-1]
    assert (len(overview.days), today.lines) == (30, 2)
    assert today.longest_delay is not None
    assert today.mean_delay is not None
    assert 0 <= today.mean_delay <= today.longest_delay < 60


def test_an_export_is_told_with_what_failed_and_why(company: Linked, export: ModuleType) -> None:
    good, bad = expenses(company, 2), expenses(company, 1, tax_code=None)
    job_id = click(company, [*good, *bad])
    run(company, export)

    last = told(company).export

    assert last is not None
    assert (last.job_id, last.state, last.event) == (job_id, "finished", JobEvent.COMPLETED_WITH_ERRORS.value)
    assert (last.items, last.successful, last.failed_count, last.code, last.done_by) == (3, 2, 1, "", None)
    (failed,) = last.failed
    assert (failed.entry_id, failed.code, failed.amount) == (bad[0], "EXP-TAX-MISSING", 1000)
    assert failed.book_id
    assert failed.merchant


def test_the_values_of_a_failure_are_kept_for_other_languages(company: Linked, export: ModuleType) -> None:
    entry_ids = expenses(company, 1, account_external_id=company.connection().account_id)
    click(company, entry_ids)
    run(company, export)

    last = told(company).export

    assert last is not None
    (failed,) = last.failed
    assert failed.code == "EXP-ACCOUNT-UNKNOWN"
    assert [name for name, value in failed.values if value] == ["account"]


def test_an_export_that_was_interrupted_tells_how_far_it_is(company: Linked, export: ModuleType) -> None:
    click(company, expenses(company, 3))
    run(company, export, milliseconds=40_000)  # no time for an item

    last = told(company).export

    assert last is not None
    assert (last.state, last.event, last.items, last.successful, last.failed) == ("running", "", 3, 0, ())


def test_without_access_the_export_names_the_common_cause(company: Linked, export: ModuleType) -> None:
    click(company, expenses(company))
    company.control_lexoffice("revoke")
    for _ in range(2):
        run(company, export)

    overview = told(company)

    assert (overview.status, overview.hold) == ("held", "lexoffice_access_gone")
    assert (overview.pleo, overview.lexoffice) == ("ok", "gone")
    assert overview.export is not None
    assert (overview.export.event, overview.export.code) == ("failed", "EXP-ACCESS-GONE")


def synced(company: Linked) -> CatalogueSnapshot:
    return Catalogues(company.cloud.connection_table).snapshot(company.connection().connection_id)


def test_a_renamed_category_is_told_with_its_old_name(company: Linked) -> None:
    from functions.sync import app as sync

    before = synced(company).accounts[OFFICE_SUPPLIES]
    company.control_lexoffice("categories", action="rename", id=OFFICE_SUPPLIES, name="Neuer Name")
    sync.handler(company.message("sync", "sync_catalogue"), Context())

    (change,) = told(company).sync.changes

    assert (change.what, change.name, change.before) == ("renamed", "Neuer Name", before)


# --- by hand ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def connection(aws: Cloud) -> Connection:
    """An active company."""
    opened = Connection(
        connection_id=CONNECTION_ID,
        company_id=COMPANY_ID,
        company_name="Muster GmbH",
        status=Status.ACTIVE,
        organisation_id="o1",
        organisation_name="Muster GmbH",
        account_id="account-1",
        connected_at="2026-01-01T08:00:00.000000Z",
        caught_up_to="2026-01-12T09:58:00.000000Z",
    )
    return Connections(aws.connection_table).get_or_create(opened)


def ready(number: int, **changes: Any) -> Row:
    settled = NOW - timedelta(days=30) + timedelta(minutes=number)
    facts = {"id": f"entry-{number:05}", "bill": Money(100, "EUR"), "settled_at": settled}
    return row_for(entry(**facts | changes))


def accept(cloud: Cloud, *offered: Row) -> None:
    for row in offered:
        Ledger(cloud.ledger_table).accept(CONNECTION_ID, row)


def overview_of(cloud: Cloud) -> Overview:
    overview = board(cloud, NOW).overview(CONNECTION_ID)
    assert overview is not None
    return overview


def test_a_company_that_nobody_knows_has_no_overview(aws: Cloud) -> None:
    assert board(aws).overview("nobody") is None


def test_a_connection_is_told_as_it_stands(aws: Cloud, connection: Connection) -> None:
    overview = overview_of(aws)

    assert (overview.company, overview.organisation) == ("Muster GmbH", "Muster GmbH")
    assert overview.connected_at == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert overview.caught_up_at == datetime(2026, 1, 12, 9, 58, tzinfo=UTC)
    assert overview.sync == LastSync(at=None, changed_at=None, changes=())


@pytest.mark.parametrize(
    ("changes", "pleo", "lexoffice"),
    [
        ({"hold": ""}, "ok", "ok"),
        ({"status": Status.HELD, "hold": "pleo_access_gone"}, "gone", "ok"),
        ({"status": Status.HELD, "hold": "pleo_scope"}, "gone", "ok"),
        ({"status": Status.HELD, "hold": "lexoffice_access_gone"}, "ok", "gone"),
        ({"status": Status.HELD, "hold": "lexoffice_scope"}, "ok", "gone"),
        ({"status": Status.HELD, "hold": "plan"}, "ok", "gone"),
        ({"status": Status.HELD, "hold": "account_missing"}, "ok", "missing"),
        ({"status": Status.HELD, "hold": "paused"}, "ok", "ok"),
        ({"status": Status.CONNECTING, "organisation_id": ""}, "ok", "missing"),
        ({"status": Status.DISCONNECTED}, "gone", "gone"),
    ],
    ids=str,
)
def test_the_health_of_both_sides_follows_from_the_connection(
    aws: Cloud, connection: Connection, changes: dict[str, Any], pleo: str, lexoffice: str
) -> None:
    Connections(aws.connection_table).change(CONNECTION_ID, **changes)

    overview = overview_of(aws)

    assert (overview.pleo, overview.lexoffice) == (pleo, lexoffice)
    assert overview.hold == changes.get("hold", "")


def test_what_a_person_must_look_at_comes_before_what_simply_waits_and_a_hundred_are_shown(
    aws: Cloud, connection: Connection
) -> None:
    held = ready(200, family="NEW")
    accept(aws, *(ready(number) for number in range(110)), held)

    overview = overview_of(aws)

    assert [each.entry_id for each in overview.waiting] == [held.entry_id, *(f"entry-{n:05}" for n in range(99))]
    assert (overview.waiting[0].state, overview.waiting[0].reason) == ("held", "unknown_kind")
    assert (overview.waiting_count, overview.waiting_more) == (111, False)
    assert overview.balance.waiting == -11_000


def test_a_long_backlog_has_a_time_when_it_will_be_done_and_none_while_the_company_is_held(
    aws: Cloud, connection: Connection
) -> None:
    accept(aws, *(ready(number) for number in range(51)))
    pace = {"id": f"LIMITER#lexoffice.{connection.organisation_id}", "interval_ms": 30_000, "next_at": 0}
    aws.client("dynamodb").put_item(
        TableName=aws.connection_table,
        Item={"id": {"S": pace["id"]}, "interval_ms": {"N": "30000"}, "next_at": {"N": "0"}},
    )
    assert overview_of(aws).done_by == NOW + timedelta(seconds=90)

    Connections(aws.connection_table).hold(CONNECTION_ID, Hold.PLAN)

    assert overview_of(aws).done_by is None


def test_a_running_export_has_a_time_when_it_will_be_done(aws: Cloud, connection: Connection) -> None:
    job = Job(job_id="job-1", state=JobState.RUNNING, created_at=utc_text(NOW), items=300, successful=150, failed=50)
    Exports(aws.ledger_table).save_job(CONNECTION_ID, job, NOW)

    last = overview_of(aws).export

    assert last is not None
    assert last.done_by == NOW + 300 * timedelta(milliseconds=limiter.STEADY_MS)


def test_days_without_lines_are_there_and_older_ones_are_not(aws: Cloud, connection: Connection) -> None:
    ledger = Ledger(aws.ledger_table)
    for number, days_ago in enumerate((0, 29, 30)):
        moment = NOW - timedelta(days=days_ago)
        accept(aws, replace(ready(number), ready_at=utc_text(moment - timedelta(seconds=3))))
        (row,) = ledger.open_rows(CONNECTION_ID, 1)
        ledger.record(CONNECTION_ID, [replace(row, state=State.SENT)], moment)

    days = overview_of(aws).days

    assert [day.day for day in days] == [date(2025, 12, 14) + timedelta(days=number) for number in range(30)]
    assert days[0] == Day(day=date(2025, 12, 14), lines=1, mean_delay=3.0, longest_delay=3.0)
    assert days[1] == Day(day=date(2025, 12, 15), lines=0, mean_delay=None, longest_delay=None)
    assert sum(day.lines for day in days) == 2


def put(cloud: Cloud, *written: Row) -> None:
    """Write rows as the ledger does, but many at once."""
    items = [encode({**rows.key(CONNECTION_ID, row), **rows.attributes(row, NOW)}) for row in written]
    for some in batched(items, 25):
        requests = [{"PutRequest": {"Item": item}} for item in some]
        cloud.client("dynamodb").batch_write_item(RequestItems={cloud.ledger_table: requests})


def test_the_page_of_a_large_company_costs_a_dozen_calls(
    aws: Cloud, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "_SHOWN", 10)
    exports = Exports(aws.ledger_table)
    put(aws, *(ready(number) for number in range(1600)))
    movements = (ready(number, family="WALLET", sub_family="LOAD") for number in range(3000, 3100))
    put(aws, *(replace(row, state=State.LISTED) for row in movements))
    put(aws, *(ready(number, family="NEW") for number in range(4000, 4100)))
    job = Job(job_id="job-1", state=JobState.FINISHED, created_at=utc_text(NOW), event="failed", items=20, failed=20)
    exports.save_job(CONNECTION_ID, job, NOW)
    exports.snapshot(CONNECTION_ID, "job-1", [{"accountingEntryId": f"e{number:02}"} for number in range(20)], NOW)
    for item in exports.items(CONNECTION_ID, "job-1"):
        exports.save_outcome(
            CONNECTION_ID, replace(item, outcome="failed", code="EXP-MALFORMED", values={"field": "type"})
        )

    with aws.watched("dynamodb") as calls:
        overview = overview_of(aws)

    operations = [operation for operation, _ in calls]
    assert len(operations) <= MOST_CALLS, operations
    assert set(operations) == {"GetItem", "Query"}
    assert (overview.waiting_count, len(overview.waiting), len(overview.movements)) == (1700, 10, 10)
    assert overview.export is not None
    assert (overview.export.failed_count, len(overview.export.failed)) == (20, 10)
    assert (overview.export.failed[0].amount, overview.export.failed[0].book_id) == (None, "")
