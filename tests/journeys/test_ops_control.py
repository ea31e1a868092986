"""Support steers a company from the command line: pause, resume, exchange of secrets, proof, sync, disconnecting."""

from pathlib import Path

import pytest

from .company import Company, now
from .operators import Operator
from .test_reconnecting import tokens
from .world import World

pytestmark = pytest.mark.journey

WHY = ("--reason", "ticket 4711")


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Operator:
    return Operator(world, tmp_path)


def audited(operator: Operator, company: Company) -> list[tuple[str, str]]:
    """What was done to the company and with what result, by the audit log."""
    found = operator.run("audit", "--company", company.connection_id)["actions"]
    assert {each["reason"] for each in found} == {"ticket 4711"}
    assert all(each["who"].endswith("user/operator") for each in found)
    return [(each["action"], each["result"]) for each in found]


def test_a_paused_company_gets_no_line_until_it_is_resumed_and_then_each_once(
    operator: Operator, company: Company
) -> None:
    company.set_contra_account()
    before = company.code(company.spend())
    company.is_fed(before)

    paused = operator.run("pause", "--company", company.connection_id, *WHY)
    assert (paused["status"], paused["hold"], paused["changed"]) == ("held", "paused", True)
    meanwhile = [company.spend(cents) for cents in (101, 102)]
    company.world.eventually(lambda: len(company.rows) == 3, what="collected all the same")
    company.world.at_rest()
    assert len(company.lines) == 1
    job_id = company.export([before])
    company.world.eventually(lambda: company.job(job_id)["status"] == "failed", what="the export says why")
    assert company.job(job_id)["failureReason"].endswith("[EXP-PAUSED]")
    assert operator.run("pause", "--company", company.connection_id, *WHY)["changed"] is False

    resumed = operator.run("resume", "--company", company.connection_id, *WHY)

    assert (resumed["status"], resumed["lifted"], resumed["waiting"]) == ("active", ["paused"], 0)
    company.is_fed(before, *meanwhile)
    company.has_exported(company.export([before]), [before])
    assert operator.run("resume", "--company", company.connection_id, *WHY)["lifted"] == []
    assert audited(operator, company) == [
        ("pause", "paused"),
        ("pause", "was paused already"),
        ("resume", "lifted: paused"),
        ("resume", "nothing was held"),
    ]


def test_a_company_that_still_lacks_access_is_held_again_and_the_operator_sees_it(
    operator: Operator, company: Company
) -> None:
    company.in_lexoffice(revoke={})
    company.spend()
    company.is_held("lexoffice_access_gone")

    resumed = operator.run("resume", "--company", company.connection_id, *WHY, code=1)

    assert (resumed["lifted"], resumed["hold"]) == (["lexoffice_access_gone"], "lexoffice_access_gone")


def test_while_a_secret_is_exchanged_both_are_valid_and_no_payment_is_doubled(
    operator: Operator, company: Company
) -> None:
    (old,) = company.secrets
    # Two operators at once, and one of them twice.
    both = [operator.started("rotate-secret", "--company", company.connection_id, *WHY, "--json") for _ in range(2)]
    for each in both:
        operator.finished(each)
    again = operator.run("rotate-secret", "--company", company.connection_id, *WHY)
    assert (again["state"], again["valid"], again["changed"]) == ("both", 2, False)
    new, beside = company.secrets
    assert beside == old
    assert len(company.subscriptions) == 2

    counted = company.world.counted("PleoWebhookFunction", "WebhookOldSecret")
    assert company.deliver(b"{}", secret=old).status_code == 202
    assert company.world.counted("PleoWebhookFunction", "WebhookOldSecret") > counted
    # A receiver that is warm looks again for a signature it does not know, but not within five seconds.
    delivered = company.world.eventually(
        lambda: company.deliver(b"{}", secret=new).status_code == 202, what="the new secret is known", seconds=10
    )
    assert delivered
    spent = [company.spend(cents) for cents in (101, 102, 103)]
    company.is_fed(*spent)

    retired = operator.run("rotate-secret", "--company", company.connection_id, "--retire", *WHY)

    assert (retired["state"], retired["valid"], retired["changed"]) == ("one", 1, True)
    # A receiver that is warm would know the old one for a minute more.
    company.world.stack.kill_worker("PleoWebhookFunction")
    assert company.deliver(b"{}", secret=old).status_code == 401
    assert company.deliver(b"{}", secret=new).status_code == 202
    assert company.secrets == [new]
    assert len(company.subscriptions) == 1
    company.is_fed(*spent, company.spend(104))
    assert operator.run("rotate-secret", "--company", company.connection_id, "--retire", *WHY)["changed"] is False


def test_a_proof_on_demand_adds_up_to_the_cent(operator: Operator, company: Company) -> None:
    fed = [company.spend(cents) for cents in (1_000, 234)]
    company.is_fed(*fed)

    told = operator.run("proof", "--company", company.connection_id, "--now", *WHY)

    assert (told["outcome"], told["unexplained_cents"]) == ("proven", 0)
    assert told["wallet_cents"] == told["lexoffice_cents"] == -1_234
    listed = operator.run("proof")["companies"]
    assert [each["proved_at"] for each in listed if each["connection_id"] == company.connection_id] == [
        told["proved_at"]
    ]
    assert audited(operator, company) == [("proof", "proven")]


def test_a_payment_that_no_webhook_told_of_is_made_good_by_a_proof(operator: Operator, company: Company) -> None:
    unheard = company.snapshot(amount=4_711, settledAt=now())["id"]

    told = operator.run("proof", "--company", company.connection_id, "--now", *WHY)

    assert told["wallet_cents"] == -4_711
    company.is_fed(unheard)


def test_a_list_that_was_refused_is_carried_out_once_support_accepts_it(operator: Operator, company: Company) -> None:
    rows = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
    wallet = company.accounts[0]["financialAccountId"]
    for row in [each for each in rows if each["externalId"] != wallet][:30]:
        company.world.lexoffice("/categories", action="remove", id=row["externalId"])

    refused = operator.run("sync", "--company", company.connection_id, "--now", *WHY, code=1)
    assert (refused["refused"]["reason"], refused["refused"]["count"]) == ("removed", 30)
    assert f"ops sync --company {company.connection_id} --accept" in operator.says(
        "sync", "--company", company.connection_id
    )

    accepted = operator.run("sync", "--company", company.connection_id, "--accept", *WHY)

    assert (accepted["outcome"], accepted["refused"], len(accepted["changes"])) == ("synced", None, 30)
    after = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
    assert sum(row["archived"] for row in after) == 30
    operator.run("sync", "--company", company.connection_id, "--accept", *WHY, code=1)


def test_disconnecting_gives_access_back_and_names_the_day_of_deletion(operator: Operator, company: Company) -> None:
    fed = company.spend()
    company.is_fed(fed)
    name = company.connection["company_name"]
    operator.run("disconnect", "--company", company.connection_id, "--yes-really", f"{name} AG", *WHY, code=1)
    assert company.connection["status"] == "active"

    left = operator.run("disconnect", "--company", company.connection_id, "--yes-really", name, *WHY)

    assert (left["status"], left["changed"], left["unconfirmed"]) == ("disconnected", True, [])
    assert left["access_revoked_at"]
    assert left["delete_at"] == company.connection["delete_at"] > left["disconnected_at"]
    assert not [row for row in tokens(company) if "sealed" in row]
    assert company.subscriptions == []
    again = operator.run("disconnect", "--company", company.connection_id, *WHY)
    assert (again["changed"], again["delete_at"]) == (False, left["delete_at"])
    assert audited(operator, company) == [("disconnect", "disconnected")]

    assert company.connect().startswith("Verbunden")
    company.is_fed(fed)
