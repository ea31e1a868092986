"""Receipts (https://developers.lexware.io/docs/#files-endpoint)."""

import base64
import struct

import pytest

from .driver import XRECHNUNG, App, StandIn, issues, pdf

LIMIT = 5 * 1024 * 1024
JPG = b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"
HEIC = b"\0\0\0\x18ftypheic" + bytes(40)


def png(size: int) -> bytes:
    header = struct.pack(">I4sII5x", 13, b"IHDR", size, size)
    return b"\x89PNG\r\n\x1a\n" + header + bytes(4) + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.fixture
def voucher_id(app: App) -> str:
    return app.create_voucher()


def test_a_receipt_is_attached_and_the_version_grows(app: App, voucher_id: str) -> None:
    response = app.upload(f"vouchers/{voucher_id}/files", "beleg.pdf", pdf())

    voucher = app.get(f"vouchers/{voucher_id}").json()
    assert (response.status_code, set(response.json())) == (202, {"id"})
    assert (voucher["files"], voucher["version"]) == ([response.json()["id"]], 2)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", pdf(), "application/pdf"),
        ("a.PDF", pdf(), "application/pdf"),
        ("a.jpeg", JPG, "image/jpeg"),
        ("a.jpg", JPG, "image/jpeg"),
        ("a.png", png(2), "image/png"),
        ("a.jpg", png(2), "image/png"),
        ("a.xml", XRECHNUNG, "application/xml"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_receipt_comes_back_byte_for_byte(
    app: App, voucher_id: str, name: str, content: bytes, media_type: str
) -> None:
    id_ = app.upload(f"vouchers/{voucher_id}/files", name, content).json()["id"]

    response = app.get(f"files/{id_}")

    assert response.content == content
    assert response.headers["content-type"] == media_type
    assert response.headers["content-disposition"].startswith(f"inline; filename={id_}.")
    assert app.get(f"files/{id_}/status").json() == {"id": id_, "status": "upload_success"}


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("a.pdf", pdf() + bytes(LIMIT), "max_file_size_exceeded"),
        ("a.pdf", b"%PDF-1.4 broken", "voucher_upload_toxic_pdf"),
        ("a.pdf", pdf()[:-20], "voucher_upload_toxic_pdf"),
        ("a.pdf", pdf().replace(b"xref\n0 1", b"lost\n0 1"), "voucher_upload_toxic_pdf"),
        ("a.pdf", b"%PDF-1.4\nstartxref\n9999999\n%%EOF", "voucher_upload_toxic_pdf"),
        ("a.pdf", pdf("/Encrypt"), "voucher_upload_toxic_pdf"),
        ("a.pdf", b"", "voucher_upload_toxic_pdf"),
        ("a.png", png(1), "image_conversion_error"),
        ("a.png", png(2)[:-4], "image_conversion_error"),
        ("a.jpg", HEIC, "image_conversion_error"),
        ("a.heic", HEIC, "inacceptable_file_extension"),
        ("a.gif", b"GIF89a", "inacceptable_file_extension"),
        ("a.txt", b"Beleg", "inacceptable_file_extension"),
        ("beleg", pdf(), "inacceptable_file_extension"),
        ("a.xml", b"<invoice/>", "invalid_xrechnung"),
        ("a.xml", b"<invoice", "invalid_xrechnung"),
        ("a.xml", XRECHNUNG.replace(b"en16931", b"other"), "invalid_xrechnung"),
        ("a.xml", XRECHNUNG.replace(b"<Invoice", b'<!DOCTYPE a [<!ENTITY b "c">]><Invoice'), "invalid_xrechnung"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_bad_file_is_refused_and_changes_nothing(
    app: App, voucher_id: str, name: str, content: bytes, key: str
) -> None:
    assert issues(app.upload(f"vouchers/{voucher_id}/files", name, content)) == [("file", key)]
    assert app.get(f"vouchers/{voucher_id}").json()["files"] == []


def test_five_mebibytes_are_just_not_too_much(app: App, voucher_id: str) -> None:
    body = b"%PDF-1.4\nxref /Root 1 0 R\n"
    end = b"startxref\n9\n%%EOF\n"
    content = body + b" " * (LIMIT - len(body) - len(end)) + end

    assert app.upload(f"vouchers/{voucher_id}/files", "a.pdf", content).status_code == 202


def test_without_a_part_named_file_the_vendor_fails(app: App, voucher_id: str) -> None:
    path, headers = f"/v1/vouchers/{voucher_id}/files", {"Authorization": f"Bearer {app.tokens['access_token']}"}

    response = app.http.post(path, files={"document": ("a.pdf", pdf())}, headers=headers)

    assert response.status_code == 500
    assert response.json()["IssueList"][0]["type"] == "technical_error"


def test_an_upload_must_be_multipart(app: App, voucher_id: str) -> None:
    path = f"vouchers/{voucher_id}/files"

    assert app.post(path, {}).status_code == 415
    assert app.raw("POST", path, b"no boundary", **{"Content-Type": "multipart/form-data"}).status_code == 400


def test_a_free_upload_creates_an_unchecked_voucher(app: App) -> None:
    response = app.upload("files", "a.pdf", pdf(), type="voucher")

    voucher = app.get(f"vouchers/{response.json()['voucherId']}").json()
    assert response.status_code == 202
    assert (voucher["type"], voucher["voucherStatus"]) == ("purchaseinvoice", "unchecked")
    assert voucher["files"] == [response.json()["id"]]
    assert app.get(f"payments/{voucher['id']}").status_code == 406


def test_a_free_upload_needs_a_type(app: App) -> None:
    response = app.upload("files", "a.pdf", pdf())

    assert (response.status_code, response.json()) == (400, "Invalid or missing upload type.")


def test_an_attachment_makes_no_voucher_and_is_smaller(standin: StandIn, app: App) -> None:
    assert set(app.upload("files", "a.pdf", pdf(), type="attachment").json()) == {"id"}
    assert standin.state()["vouchers"] == []
    too_big = app.upload("files", "a.pdf", pdf() + bytes(2 * 1024 * 1024), type="attachment")
    assert issues(too_big) == [("file", "max_file_size_exceeded")]
    assert issues(app.upload("files", "a.xml", XRECHNUNG, type="attachment")) == [
        ("file", "inacceptable_file_extension")
    ]


def test_asked_for_json_a_pdf_comes_as_base64_under_its_own_type(app: App, voucher_id: str) -> None:
    id_ = app.upload(f"vouchers/{voucher_id}/files", "a.pdf", pdf()).json()["id"]

    response = app.raw("GET", f"files/{id_}", b"", Accept="application/json")

    assert base64.b64decode(response.content) == pdf()
    assert response.headers["content-type"] == "application/pdf"
    assert app.raw("GET", f"files/{id_}", b"", Accept="application/xml").status_code == 404


def test_a_foreign_file_is_forbidden(app: App, stranger: App) -> None:
    theirs = stranger.upload("files", "a.pdf", pdf(), type="voucher").json()

    assert app.get(f"files/{theirs['id']}").status_code == 403
    assert app.upload(f"vouchers/{theirs['voucherId']}/files", "a.pdf", pdf()).status_code == 403


def test_the_same_bytes_again_are_a_second_file(app: App, voucher_id: str) -> None:
    ids = {app.upload(f"vouchers/{voucher_id}/files", "a.pdf", pdf()).json()["id"] for _ in range(2)}

    assert len(ids) == len(app.get(f"vouchers/{voucher_id}").json()["files"]) == 2


def test_a_paid_voucher_takes_a_late_receipt(standin: StandIn, app: App, voucher_id: str) -> None:
    standin.control(f"vouchers/{voucher_id}", status="paid")

    assert app.upload(f"vouchers/{voucher_id}/files", "a.pdf", pdf()).status_code == 202


def test_a_receipt_may_be_there_although_the_answer_was_a_timeout(standin: StandIn, app: App, voucher_id: str) -> None:
    standin.control("faults", route="/files$", status=504, when="after")

    assert app.upload(f"vouchers/{voucher_id}/files", "a.pdf", pdf()).status_code == 504
    assert len(app.get(f"vouchers/{voucher_id}").json()["files"]) == 1
