"""A job from the click to the final event: how it is noticed, in which order, and how it may end without us."""

from datetime import UTC, datetime

import pytest

from .company import Company

pytestmark = pytest.mark.journey

HOUR = 3_600


@pytest.fixture(autouse=True)
def contra_account(company: Company) -> None:
    company.set_contra_account()


@pytest.mark.parametrize("event", ["v1.export-job.created", "v1.export.job-created", "v2.export-job.created"])
def test_every_spelling_of_the_event_starts_the_export(company: Company, event: str) -> None:
    company.world.pleo("/switches", export_event=event)
    entries = company.expenses(2)

    company.has_exported(company.export(entries), entries)


def test_a_job_without_webhook_is_found_by_the_companys_sync(company: Company) -> None:
    entries = company.expenses(2)
    company.world.pleo("/webhooks", drop=True)
    job = company.export(entries)
    company.world.at_rest()
    assert company.job(job)["status"] == "pending"

    company.sync()

    company.has_exported(job, entries)


def test_a_job_whose_worker_died_and_whose_message_was_given_up_is_finished_after_a_sync(company: Company) -> None:
    entries = company.expenses(4)
    job = held_up(company, entries)
    assert company.world.stack.kill_worker("ExportFunction")
    company.world.stack.client("sqs").purge_queue(QueueUrl=company.world.stack.resources["ExportQueue"])

    company.sync()

    company.has_exported(job, entries)


def test_exporting_the_same_entries_again_succeeds_with_the_same_vouchers(company: Company) -> None:
    entries = company.expenses(3)
    first = company.ends(company.export(entries), "completed")

    company.has_exported(company.export(entries), entries)

    again = company.ends(company.export(entries), "completed")
    assert {e: item["externalId"] for e, item in again.items()} == {e: i["externalId"] for e, i in first.items()}


def test_a_receipt_that_was_broken_is_added_to_the_existing_voucher_by_the_next_export(company: Company) -> None:
    (entry,) = company.expenses(1, files=[{"kind": "png"}, {"kind": "broken_pdf"}])
    failed = company.ends(company.export([entry]), "completed_with_errors")
    assert "[EXP-RECEIPT-BROKEN]" in failed[entry]["failureReason"]
    assert (len(company.vouchers), company.hints) == (1, [])

    company.world.pleo(f"/entries/{entry}/bookkeeping", remove_files=[1], add_files=[{"kind": "pdf"}])

    company.has_exported(company.export([entry]), [entry], receipts=2)


def test_the_oldest_job_comes_first(company: Company) -> None:
    entries = company.expenses(4)
    old, new = entries[:2], entries[2:]
    company.world.pleo("/webhooks", mode="hold")
    jobs = [company.export(old), company.export(new, parallel=True)]
    company.world.pleo("/webhooks", mode="live")
    company.world.pleo("/webhooks/flush")

    for job in jobs:
        company.ends(job, "completed")

    references = [hint["externalReference"].removeprefix("pleo-") for hint in company.hints]
    assert (set(references[:2]), set(references[2:])) == (set(old), set(new))


def test_a_cancelled_job_gets_no_more_reports_and_the_next_one_works(company: Company) -> None:
    entries = company.expenses(4)
    job = held_up(company, entries)
    company.world.pleo(f"/export/{job}/cancel")

    items = company.ends(job, "failed")
    assert {item["status"] for item in items.values()} == {"abandoned"}
    assert (company.remembered(job) or {})["state"] == "finished"
    company.has_exported(company.export(entries), entries)


def test_an_expired_job_gets_no_more_reports_and_the_next_one_works(company: Company) -> None:
    entries = company.expenses(4)
    job = held_up(company, entries)
    company.world.pleo("/clock", advance_seconds=HOUR + 1)

    items = company.ends(job, "failed")
    company.world.pleo("/clock", now=datetime.now(UTC).isoformat())
    assert {item["status"] for item in items.values()} == {"abandoned"}
    assert company.job(job)["failureReasonType"] == "job_expired"
    assert (company.remembered(job) or {})["state"] == "finished"
    company.has_exported(company.export(entries), entries)


def test_without_contra_account_the_job_fails_and_says_where_to_set_it(company: Company) -> None:
    entries = company.expenses(2)
    company.world.pleo("/contra-account", company_id=company.id, account_external_id=None)

    failed(company, company.export(entries), "missing_configuration", "[EXP-CONTRA-MISSING]")

    company.set_contra_account()
    company.has_exported(company.export(entries), entries)


def test_without_access_to_lexoffice_the_job_fails_and_says_to_connect_again(company: Company) -> None:
    entries = company.expenses(2)
    company.in_lexoffice(revoke={})

    job = company.export(entries)

    failed(company, job, "accounting_system_authentication_failure", "[EXP-ACCESS-GONE]")
    assert company.connection["hold"] == "lexoffice_access_gone"


def test_without_bookkeeping_in_the_plan_the_job_fails_and_says_so(company: Company) -> None:
    entries = company.expenses(2)
    company.in_lexoffice(downgrade={"status": 402})

    failed(company, company.export(entries), "authorization_failure", "[EXP-PLAN]")


def test_while_lexoffice_is_down_the_job_waits_and_finishes_later(company: Company) -> None:
    entries = company.expenses(6)
    job = held_up(company, entries)
    company.in_lexoffice(outage={"on": True})
    company.world.eventually(lambda: postponed(company), what="an export that was put off")
    assert company.job(job)["status"] == "in_progress"
    company.in_lexoffice(outage={"on": False})

    company.has_exported(job, entries)


def held_up(company: Company, entries: list[str]) -> str:
    """A job whose worker waits for lexoffice to answer to the second voucher; its id."""
    hold = {"route": "vouchers$", "kind": "slow", "when": "after", "hold_seconds": 1.5, "skip": 1}
    company.in_lexoffice(faults=hold)
    job = company.export(entries)
    company.world.eventually(lambda: len(company.vouchers) == 2, what="the second voucher")
    return job


def postponed(company: Company) -> int:
    """How often an export of this company was put off."""
    found = company.world.logged("ExportFunction", message="export postponed", connection_id=company.connection_id)
    return len(found)


def failed(company: Company, job: str, kind: str, code: str) -> None:
    """The job ends as failed with this type and code, and nothing was written."""
    company.ends(job, "failed")
    shown = company.job(job)
    assert shown["failureReasonType"] == kind
    assert code in shown["failureReason"]
    assert (company.vouchers, company.hints) == ([], [])
