"""What the tests of the export door do and see: coded expenses, a click on «Exportieren», one run of the worker."""

import json
from types import ModuleType
from typing import Any

import pytest
from cloud import Document

from shared.domain.feeding.line import external_reference

from .conftest import Context, Linked

OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"
USUAL = {"account_external_id": OFFICE_SUPPLIES, "tax_code": "DE-19", "files": [{"kind": "pdf"}], "silent": True}
FIVE_MINUTES = 300_000


def expenses(company: Linked, count: int = 1, **details: Any) -> list[str]:
    """So many coded card payments, all of them lines in lexoffice; their ids."""
    from functions.feed import app as feed
    from functions.sync import app as sync

    entries = [{"status": "COMPLETED", "amount": 1000 + number} for number in range(count)]
    ids: list[str] = company.control_pleo("/entries/batch", entries)["ids"]
    for entry_id in ids:
        company.control_pleo(f"/entries/{entry_id}/bookkeeping", USUAL | details)
    sync.handler(company.message("sync"), Context())
    feed.handler(company.message("feed"), Context())
    return ids


def click(company: Linked, entry_ids: list[str]) -> str:
    """Click «Exportieren»; the job's id."""
    return str(company.control_pleo("/export", {"entry_ids": entry_ids})["id"])


def job(company: Linked, job_id: str) -> Document:
    found: Document = company.pleo.get(f"/control/export/{job_id}").json()
    return found


def items(company: Linked, job_id: str) -> dict[str, Document]:
    return {item["accountingEntryId"]: item for item in job(company, job_id)["items"]}


def run(company: Linked, export: ModuleType, milliseconds: int = FIVE_MINUTES, *, attempt: int = 1) -> list[str]:
    """One run of the worker; the messages it hands back."""
    event = company.message("export")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(attempt)
    answer = export.handler(event, Context(milliseconds))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def received(company: Linked) -> list[Document]:
    """What the queue hands out now, as Lambda shows it to the door."""
    sqs, url = company.cloud.client("sqs"), company.cloud.queues["ExportQueue"]
    answer = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in answer.get("Messages", [])
    ]


def vouchers(company: Linked) -> list[Document]:
    return list(company.organisation()["vouchers"])


def hinted(company: Linked) -> dict[str, str]:
    """Voucher by the reference of its line."""
    hints = company.organisation()["hints"]
    assert len(hints) == len({hint["voucherId"] for hint in hints})
    return {hint["externalReference"]: hint["voucherId"] for hint in hints}


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What was counted so far."""
    counted: dict[str, float] = {}
    for line in (json.loads(text) for text in capsys.readouterr().out.splitlines() if "_aws" in text):
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            counted[metric["Name"]] = counted.get(metric["Name"], 0) + sum(line[metric["Name"]])
    return counted


def assert_each_is_one_voucher(company: Linked, job_id: str, entry_ids: list[str]) -> None:
    """The job is complete; each entry is one voucher with one receipt and one hint, and Pleo knows the voucher."""
    reported = items(company, job_id)
    assert job(company, job_id)["status"] == "completed"
    assert {item["status"] for item in reported.values()} == {"successful"}
    assert {voucher["id"]: len(voucher["files"]) for voucher in vouchers(company)} == {
        reported[entry_id]["externalId"]: 1 for entry_id in entry_ids
    }
    assert len(vouchers(company)) == len(entry_ids)
    assert hinted(company) == {external_reference(each): reported[each]["externalId"] for each in entry_ids}
