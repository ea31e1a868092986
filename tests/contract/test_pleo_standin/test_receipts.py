"""Receipts in the stand-in: their order, size and type, and the links they are behind."""

from typing import Any

import httpx
import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import describe, entry, item

pytestmark = pytest.mark.usefixtures("exporting")

DAY = 24 * 3600


def receipts(pleo: Driver, entry_id: str) -> Any:
    body = {"includeDeleted": False, "accountingEntryIds": [entry_id]}
    return pleo.api("POST", "/v1/accounting-entries/receipts:search", body, company_id=DEFAULT_COMPANY_ID).json()[
        "data"
    ]


def test_receipts_keep_their_order_size_and_type(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, files=[{"kind": "jpeg", "size": 70_000}, {"kind": "pdf"}, {"kind": "heic", "size": 900}])

    files = item(pleo, entry_id)["files"]
    contents = [httpx.get(each["url"], trust_env=False) for each in files]

    assert [each["type"] for each in files] == ["image/jpeg", "application/pdf", "image/heic"]
    assert [each["size"] for each in files] == [len(each.content) for each in contents]
    assert (files[0]["size"], files[2]["size"]) == (70_000, 900)
    assert [each.headers["content-type"] for each in contents] == [each["type"] for each in files]
    assert len({each.content for each in contents}) == 3


def test_a_link_dies_after_a_day_and_a_new_answer_has_a_new_one(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, files=[{}])
    old = receipts(pleo, entry_id)[0]["url"]
    pleo.control("POST", "/clock", {"advance_seconds": DAY - 5})
    alive = pleo.http.get(old).status_code
    pleo.control("POST", "/clock", {"advance_seconds": 10})
    pleo.connect()

    new = receipts(pleo, entry_id)[0]["url"]

    assert alive == 200
    assert pleo.http.get(old).status_code == 403
    assert pleo.http.get(new).status_code == 200


def test_a_link_with_another_signature_or_expiry_is_403(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, files=[{}])
    url = item(pleo, entry_id)["files"][0]["url"]

    assert pleo.http.get(url.replace("expires=", "expires=1")).status_code == 403
    assert pleo.http.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403
    assert pleo.http.get(url.split("?")[0]).status_code == 403


def test_a_download_with_an_authorization_header_is_refused(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, files=[{}])
    url = item(pleo, entry_id)["files"][0]["url"]
    headers = {"Authorization": f"Bearer {pleo.access_token}"}

    assert pleo.http.get(url, headers=headers).status_code == 400


def test_a_receipt_may_come_after_the_export(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, files=[{"kind": "png"}])
    job = pleo.control("POST", "/export", {"entry_ids": [entry_id]})
    pleo.control("POST", f"/export/{job['id']}/cancel")

    late = describe(pleo, entry_id, add_files=[{"kind": "pdf"}])["receiptIds"]
    found = {each["id"]: each for each in receipts(pleo, entry_id)}

    assert len(late) == 2
    assert set(found) == set(late)
    assert pleo.api("GET", f"/v1/accounting-entries/{entry_id}").json()["data"]["receiptIds"] == late
    assert (found[late[1]]["mimeType"], found[late[1]]["accountingEntryId"]) == ("application/pdf", entry_id)


def test_receipts_are_searched_by_entry(pleo: Driver) -> None:
    wanted, other = entry(pleo), entry(pleo)
    for entry_id in (wanted, other):
        describe(pleo, entry_id, files=[{"kind": "text"}])

    found = receipts(pleo, wanted)

    assert [each["accountingEntryId"] for each in found] == [wanted]
    assert found[0]["mimeType"] == "unknown"


def test_a_file_larger_than_pleo_takes_is_refused(pleo: Driver) -> None:
    order = {"files": [{"size": 30 * 1024 * 1024 + 1}]}

    assert pleo.http.post(f"/control/entries/{entry(pleo)}/bookkeeping", json=order).status_code == 400
