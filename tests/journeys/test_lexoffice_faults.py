"""lexoffice misbehaves while a company is fed: every line still arrives, once and only once, or a person is told."""

from typing import Any

import pytest

from .company import Company, now
from .world import World

pytestmark = pytest.mark.journey

LINES = "finance/transactions$"


def calls_with_lines(company: Company) -> int:
    """How many calls with lines lexoffice has executed."""
    return int(company.organisation["calls"]["by_route"].get("POST /v1/finance/transactions", 0))


# ------------------------------------------------------------------------------------------------ content
def test_one_refused_line_of_twenty_five_does_not_stop_the_others(company: Company) -> None:
    payments = [company.snapshot(amount=cents, settledAt=now()) for cents in range(1, 26)]
    refused = payments[16]["id"]
    reason = "Der Zeitraum 2026-01 ist festgeschrieben"
    company.in_lexoffice(refuse={"external_reference": f"pleo-{refused}", "message": reason})

    company.sync()

    assert company.states == {"sent": 24, "failed": 1}
    row = company.row(refused)
    assert row["reason"] == "refused_by_lexoffice"
    assert reason in row["detail"]
    references = [line["externalReference"] for line in company.lines]
    assert sorted(references) == sorted(f"pleo-{each['id']}" for each in payments if each["id"] != refused)
    (account,) = company.accounts
    assert account["balance"] == sum(line["amount"] for line in company.lines)
    assert company.world.logged("FeedFunction", cause="line refused", entry_id=refused)


# ------------------------------------------------------------------------------------------------ outcome unknown
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 504, "when": "after"},
        {"kind": "status", "status": 503, "when": "before"},
        {"kind": "reset", "when": "after"},
        {"kind": "reset", "when": "before"},
        {"kind": "garbage", "when": "after"},
        {"kind": "status", "status": 500, "when": "after", "body": {"message": "Rate limit exceeded"}},
        {"kind": "status", "status": 429, "times": 2},
    ],
    ids=lambda fault: "-".join(str(fault[key]) for key in ("kind", "status", "when") if key in fault),
)
def test_a_call_that_fails_before_or_after_its_effect_leaves_every_line_once(
    company: Company, fault: dict[str, Any]
) -> None:
    company.in_lexoffice(faults={"route": LINES, "method": "POST", **fault})

    payments = company.spend_many(30)

    company.is_fed(*payments)
    assert company.states == {"sent": 30}
    assert company.world.lexoffice("/faults", "GET")[-1]["hits"] >= 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_balance_that_cannot_be_written_is_written_later_and_no_line_is_sent_again(
    company: Company, when: str
) -> None:
    company.in_lexoffice(faults={"route": "finance/accounts/", "method": "PUT", "kind": "reset", "when": when})

    payment = company.spend(1_500)

    company.is_fed(payment)
    assert calls_with_lines(company) == 1


def test_an_account_that_the_owner_renames_goes_on_and_keeps_its_name(company: Company) -> None:
    (account,) = company.accounts
    company.world.lexoffice(f"/accounts/{account['financialAccountId']}", name="Firmenkarten")

    company.is_fed(company.spend())

    assert [each["name"] for each in company.accounts] == ["Firmenkarten"]


# ------------------------------------------------------------------------------------------------ access
def test_a_deactivated_account_holds_the_company_until_it_is_active_again(company: Company) -> None:
    account = f"/accounts/{company.accounts[0]['financialAccountId']}"
    company.world.lexoffice(account, deactivated=True)

    payments = [company.spend(), company.spend()]
    company.is_held("account_missing")
    assert company.lines == []
    assert company.states == {"ready": 2}
    assert company.connect().startswith("Die Einrichtung ist stehen geblieben")
    assert "Das Pleo-Konto ist in lexoffice deaktiviert" in company.browser.page.text

    company.world.lexoffice(account, deactivated=False)
    assert company.connect().startswith("Verbunden")
    company.is_fed(*payments)


def test_a_deleted_account_holds_the_company_and_a_new_one_gets_everything_that_waited(company: Company) -> None:
    company.is_fed(company.spend(100))
    company.world.lexoffice(f"/accounts/{company.accounts[0]['financialAccountId']}", delete=True)

    waiting = company.spend(250)
    company.is_held("account_missing")
    assert company.connect().startswith("Verbunden")
    company.world.at_rest()

    assert [line["externalReference"] for line in company.lines] == [f"pleo-{waiting}"]
    company.is_balanced()


def test_revoked_access_holds_the_company_which_goes_on_collecting(company: Company) -> None:
    company.in_lexoffice(revoke={})

    first = company.spend()
    company.is_held("lexoffice_access_gone")
    second = company.spend()
    company.world.at_rest()
    silent = str(company.snapshot(amount=300, settledAt=now())["id"])
    company.sync()
    assert company.states == {"ready": 3}
    assert company.lines == []
    # Whichever door finds out first tells it, once: the feed, or the sync that lexoffice's own event asks for.
    held = {"cause": "connection held", "hold": "lexoffice_access_gone", "connection_id": company.connection_id}
    told = [line for door in ("FeedFunction", "SyncFunction") for line in company.world.logged(door, **held)]
    assert len(told) == 1

    assert company.connect().startswith("Verbunden")

    company.is_fed(first, second, silent)


def test_access_that_pleo_ended_is_told_and_what_is_known_is_still_fed(company: Company) -> None:
    first = company.spend()
    company.is_fed(first)
    company.world.pleo("/revoke", company_id=company.id)

    company.sync()

    company.is_held("pleo_access_gone")
    assert company.connect().startswith("Verbunden")
    company.is_fed(first, company.spend())


@pytest.mark.parametrize(("status", "reason"), [(402, "plan"), (403, "lexoffice_scope")])
def test_a_plan_without_bookkeeping_holds_the_company(company: Company, status: int, reason: str) -> None:
    company.in_lexoffice(downgrade={"status": status})

    payment = company.spend()
    company.is_held(reason)
    assert company.lines == []

    company.in_lexoffice(downgrade={"status": None})
    assert company.connect().startswith("Verbunden")
    company.is_fed(payment)


def test_access_tokens_that_die_early_are_refreshed_once(company: Company) -> None:
    company.world.lexoffice("/expire-access-tokens")
    before = company.organisation["token_refreshes"]

    payments = company.spend_many(60)

    company.is_fed(*payments)
    assert company.organisation["token_refreshes"] == before + 1


def test_a_token_endpoint_that_is_down_for_a_moment_does_no_harm(company: Company, world: World) -> None:
    world.lexoffice("/expire-access-tokens")
    world.lexoffice("/faults", route="oauth2/token", status=503, times=2)

    payment = company.spend()

    company.is_fed(payment)
    assert company.connection["status"] == "active"
