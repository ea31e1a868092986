"""What a connected app and a person at Pleo do again and again."""

from decimal import Decimal
from typing import Any

import httpx

from local.pleo.driver import Driver
from local.pleo.settings import PleoSettings
from local.pleo.world import DEFAULT_COMPANY_ID

REDIRECT = "http://127.0.0.1:9/oauth/pleo/callback"
SETTINGS = PleoSettings(
    "", "client-1", "not-a-real-secret", (REDIRECT,), "http://x.test/connect", "http://x.test/status"
)
NOBODY = "00000000-0000-4000-8000-00000000dead"
ENTRIES = "/v1/accounting-entries:search"
ACCOUNTS = "/v1/chart-of-accounts"
# Settled when it is the next day in Germany already.
PAST_MIDNIGHT = {"settledAt": "2026-03-02T23:30:00Z", "performedAt": "2026-02-27T08:00:00Z"}


def account(external_id: str = "cat-1", **changes: Any) -> dict[str, Any]:
    return {
        "companyId": DEFAULT_COMPANY_ID,
        "externalId": external_id,
        "name": "Bürobedarf",
        "archived": False,
    } | changes


def tax_code(**changes: Any) -> dict[str, Any]:
    body = {"companyId": DEFAULT_COMPANY_ID, "name": "19 % Vorsteuer", "rate": 0.19, "type": "inclusive"}
    return body | {"archived": False, "code": "19"} | changes


def search(pleo: Driver, body: dict[str, Any] | None = None, **query: Any) -> Any:
    filters = {"includeDeleted": False} | (body or {})
    return pleo.api("POST", ENTRIES, filters, **({"company_id": DEFAULT_COMPANY_ID} | query))


def batch(pleo: Driver, *items: dict[str, Any]) -> Any:
    """Create accounts; what was created and what failed."""
    rows = [{name: value for name, value in item.items() if name != "companyId"} for item in items]
    answer = pleo.api("POST", f"{ACCOUNTS}/batch", {"companyId": DEFAULT_COMPANY_ID, "items": rows})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def add_account(pleo: Driver, external_id: str, **changes: Any) -> str:
    [created] = batch(pleo, account(external_id, **changes))["created"]
    return str(created["id"])


def add_tax_code(pleo: Driver, **changes: Any) -> None:
    assert pleo.api("POST", "/v0/tax-codes", tax_code(**changes)).status_code == 201


def pay(pleo: Driver, number: int = 1) -> list[str]:
    ids: list[str] = pleo.control("POST", "/entries/batch", [{"settledAt": "2026-03-02T10:00:00Z"}] * number)["ids"]
    return ids


def click(pleo: Driver, number: int = 1, **order: Any) -> Any:
    return pleo.control("POST", "/export", {"entry_ids": pay(pleo, number)} | order)


def event(pleo: Driver, job: Any, what: str, **more: Any) -> httpx.Response:
    return pleo.api("POST", "/v3/export-job-events", {"jobId": job["id"], "event": what} | more)


def report(pleo: Driver, job: Any, *updates: dict[str, Any]) -> httpx.Response:
    return pleo.api("PUT", f"/v3/export-jobs/{job['id']}/items", list(updates))


def success(entry_id: str, **more: Any) -> dict[str, Any]:
    return {"accountingEntryId": entry_id, "status": "successful", "externalId": "voucher-1"} | more


def ids_of(job: Any) -> list[str]:
    return [each["accountingEntryId"] for each in job["items"]]


def export_status(pleo: Driver, entry_id: str) -> str:
    return str(pleo.control("GET", f"/entries/{entry_id}")["exportStatus"])


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


def running_job(pleo: Driver, number: int = 1) -> Any:
    job = click(pleo, number)
    assert event(pleo, job, "started").status_code == 202
    return job


def entry(pleo: Driver, **order: Any) -> str:
    return str(pleo.control("POST", "/entries", PAST_MIDNIGHT | {"amount": 11900} | order)["id"])


def describe(pleo: Driver, entry_id: str, **details: Any) -> Any:
    return pleo.control("POST", f"/entries/{entry_id}/bookkeeping", details)


def item(pleo: Driver, entry_id: str) -> Any:
    job = pleo.control("POST", "/export", {"entry_ids": [entry_id]})
    answer = pleo.api("GET", "/v3/export-items", job_id=job["id"])
    assert answer.status_code == 200, answer.text
    return answer.json(parse_float=Decimal)["data"][0]
