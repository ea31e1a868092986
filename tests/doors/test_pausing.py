"""A company that support has paused: nothing is written, everything is collected, only support lets go of it."""

from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from shared.aws.connections import Connections, Status
from shared.domain.connecting.company_state import Hold
from shared.domain.feeding.ledger import State
from shared.domain.times import utc_text

from .conftest import Context, Linked
from .exporting import click, expenses, job, run, vouchers
from .test_sync import told  # noqa: F401 - a fixture

HOUR = timedelta(hours=1)


@pytest.fixture
def connections(company: Linked) -> Connections:
    return Connections(company.cloud.connection_table)


def pause(company: Linked, connections: Connections) -> None:
    assert connections.pause(company.connection().connection_id, datetime.now(UTC))


def pay(company: Linked) -> str:
    settled = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    order = {"company_id": company.connection().company_id, "amount": 1_250, "settledAt": settled, "silent": True}
    return str(company.control_pleo("/entries", order)["id"])


def run_sync(company: Linked, *requests: str) -> None:
    from functions.sync import app

    assert app.handler(company.message("sync", *requests), Context()) == {"batchItemFailures": []}


def feed(company: Linked) -> None:
    from functions.feed import app

    app.handler(company.message("feed"), Context())


def test_nothing_is_written_everything_is_collected_and_resuming_sends_it(
    company: Linked, connections: Connections
) -> None:
    pause(company, connections)
    pay(company)
    run_sync(company)
    feed(company)
    assert [row.state for row in company.rows()] == [State.READY]
    assert (company.connection().status, company.connection().hold) == (Status.HELD, Hold.PAUSED)

    assert connections.resume(company.connection(), datetime.now(UTC))
    run_sync(company, "check_access")
    feed(company)

    assert [row.state for row in company.rows()] == [State.SENT]


def test_connecting_again_does_not_end_it(company: Linked, connections: Connections) -> None:
    pause(company, connections)

    company.connect()

    assert (company.connection().status, company.connection().hold) == (Status.HELD, Hold.PAUSED)
    pay(company)
    run_sync(company)
    feed(company)
    assert [row.state for row in company.rows()] == [State.READY]


def test_it_outlasts_access_that_was_gone_and_given_again(company: Linked, connections: Connections) -> None:
    pause(company, connections)
    connections.hold(company.connection().connection_id, Hold.LEXOFFICE_ACCESS_GONE)
    assert company.connection().hold == Hold.LEXOFFICE_ACCESS_GONE

    company.connect()

    assert company.connection().hold == Hold.PAUSED


def test_it_outlasts_disconnecting_and_connecting_again(company: Linked, connections: Connections) -> None:
    pause(company, connections)
    connections.change(company.connection().connection_id, status=Status.DISCONNECTED, hold=None)

    company.connect()

    assert (company.connection().status, company.connection().hold) == (Status.HELD, Hold.PAUSED)


def test_what_a_resumed_company_is_still_lacking_holds_it_again(company: Linked, connections: Connections) -> None:
    company.control_lexoffice("downgrade", status=402)
    connections.hold(company.connection().connection_id, Hold.PLAN)

    pay(company)

    connections.resume(company.connection(), datetime.now(UTC))
    run_sync(company, "check_access")
    feed(company)

    assert (company.connection().status, company.connection().hold) == (Status.HELD, Hold.PLAN)
    assert [row.state for row in company.rows()] == [State.READY]


def test_an_export_of_a_paused_company_fails_at_once_with_a_reason_and_can_be_repeated(
    company: Linked, connections: Connections, export: ModuleType
) -> None:
    entries = expenses(company)
    pause(company, connections)
    job_id = click(company, entries)

    assert run(company, export) == []

    assert job(company, job_id)["status"] == "failed"
    assert job(company, job_id)["failureReasonType"] == "integration_unusable"
    assert "[EXP-PAUSED]" in job(company, job_id)["failureReason"]
    assert vouchers(company) == []

    connections.resume(company.connection(), datetime.now(UTC))
    again = click(company, entries)
    assert run(company, export) == []
    assert job(company, again)["status"] == "completed"
    assert len(vouchers(company)) == 1


def test_what_waited_during_a_long_pause_raises_no_alarm_when_it_is_over(
    company: Linked,
    connections: Connections,
    told: list[dict[str, object]],  # noqa: F811
) -> None:
    pause(company, connections)
    pay(company)
    run_sync(company)
    three_days_ago = utc_text(datetime.now(UTC) - 72 * HOUR)
    connections.change(company.connection().connection_id, connected_at=three_days_ago, stepped_at=three_days_ago)
    row = next(item for item in company.cloud.dump(company.cloud.ledger_table) if item["row"]["S"].startswith("ENTRY#"))
    company.cloud.client("dynamodb").put_item(
        TableName=company.cloud.ledger_table, Item=row | {"ready_at": {"S": three_days_ago}}
    )
    connections.change(company.connection().connection_id, catalogue_synced_at=three_days_ago)

    connections.resume(company.connection(), datetime.now(UTC))
    run_sync(company, "check_access")

    assert told == []
