"""Every webhook lost for three days: one sync brings ledger and lexoffice to what Pleo says, and somebody was told."""

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from .company import Company

pytestmark = pytest.mark.journey

DAYS = 3
PAYMENTS = 40


def ago(**time_span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time_span)


def stored(moment: datetime) -> str:
    """A moment as our tables hold it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def written(moment: datetime) -> str:
    """A moment as Pleo writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def silent(company: Company) -> Company:
    """A company connected four days ago, of whose webhooks the last one came three days ago, as did the last sync."""
    connected, last = ago(days=DAYS + 1), ago(days=DAYS)
    begun = {"connected_at": stored(connected), "stepped_at": stored(connected), "start_day": written(connected)[:10]}
    company.world.put("ConnectionTable", company.connection | begun | {"caught_up_to": stored(last)})
    told = {"connection_id": company.connection_id, "row": "LAST_WEBHOOK", "last_webhook_at": stored(last)}
    company.world.put("LedgerTable", told)
    company.world.pleo("/webhooks", drop=True)
    return company


def three_days_of(company: Company) -> dict[str, list[str]]:
    """What people did meanwhile, by what must become of it."""
    chance = random.Random(3)  # noqa: S311 - the same three days in every run

    def moment() -> str:
        return written(ago(days=chance.uniform(0.1, DAYS - 0.1)))

    lines = [company.pay(amount=chance.randint(1, 90_000), settledAt=moment()) for _ in range(PAYMENTS)]
    lines += [company.pay(amount=chance.randint(1, 900), refund=True, settledAt=moment()) for _ in range(4)]
    lines += [company.pay(family="PLEO_INVOICE", amount=4_900, settledAt=moment())]
    hand = [company.pay(family="WALLET", subFamily="LOAD", amount=500_000, settledAt=moment()) for _ in range(2)]
    nothing = [company.pay(family="OUT_OF_POCKET", amount=1_900, settledAt=moment())]
    company.pay(amount=7_700)  # not settled yet
    return {"sent": lines, "listed": hand, "none": nothing}


def alarms(company: Company) -> list[str]:
    """What somebody was told of this company."""
    wanted = {"message": "needs attention", "connection_id": company.connection_id}
    return [str(line["cause"]) for line in company.world.logged("SyncFunction", **wanted)]


def test_one_sync_after_three_days_of_silence_makes_everything_right_and_somebody_is_told(silent: Company) -> None:
    expected = three_days_of(silent)
    silent.world.at_rest()
    assert silent.rows == []

    silent.sync()

    assert {row["entry_id"]: row["state"] for row in silent.rows} == {
        entry_id: state for state, ids in expected.items() for entry_id in ids
    }
    silent.is_fed(*expected["sent"], seconds=90)
    assert "no webhooks" in alarms(silent)


def test_webhooks_that_come_after_all_change_nothing(silent: Company) -> None:
    expected = three_days_of(silent)
    silent.sync()
    silent.world.pleo("/webhooks", drop=False)

    for entry_id in expected["sent"]:
        silent.world.pleo(f"/entries/{entry_id}", "PATCH", note=f"seen at {time.time()}")

    silent.is_fed(*expected["sent"], seconds=90)
    assert len(silent.rows) == sum(map(len, expected.values()))


def test_what_changed_during_the_silence_is_corrected_and_not_edited(silent: Company) -> None:
    first = silent.pay(amount=1_000, settledAt=written(ago(days=2)))
    silent.sync()
    silent.is_fed(first)

    silent.world.pleo(f"/entries/{first}", "PATCH", totalBillValue={"currency": "EUR", "minors": 1_250})
    silent.sync()

    lines = {line["externalReference"]: line["amount"] for line in silent.lines}
    assert lines[f"pleo-{first}"] == -10
    assert sum(lines.values()) * 10 == -125
    silent.is_balanced()


def test_an_export_nobody_told_of_is_done(silent: Company) -> None:
    silent.set_contra_account()
    ids = [silent.code(silent.pay(amount=11_900, settledAt=written(ago(hours=30)))) for _ in range(3)]
    silent.sync()
    job = silent.export(ids)
    silent.world.at_rest()
    assert silent.job(job)["status"] == "pending"

    silent.sync()

    silent.has_exported(job, ids)


def test_a_single_payment_without_a_webhook_is_no_alarm(silent: Company) -> None:
    paid = silent.pay(amount=1_000, settledAt=written(ago(days=1)))

    silent.sync()

    silent.is_fed(paid)
    assert "no webhooks" not in alarms(silent)
