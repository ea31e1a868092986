"""Which receipts lexoffice takes."""

import pytest
from expenses import text_of

from shared.domain.exporting.expense import File
from shared.domain.exporting.receipts import MOST_BYTES, check, content_type

PDF = "application/pdf"


@pytest.mark.parametrize(
    "kind",
    [
        PDF,
        "image/jpeg",
        "image/jpg",
        "IMAGE/PNG",
        "pdf",
        "application/x-pdf",
        "JPG",
        "text/xml",
        "application/xml; charset=utf-8",
        "",
        "application/octet-stream",
    ],
)
def test_a_receipt_that_lexoffice_takes_passes(kind: str) -> None:
    assert check(File("https://x", kind, 1000)) is None


@pytest.mark.parametrize("kind", ["image/heic", "image/gif", "application/msword", "text/plain", "xls", "image/tiff"])
def test_another_type_is_refused_by_name(kind: str) -> None:
    found = check(File("https://x", kind, 1000))

    assert found is not None
    assert found.error.type == "receipt_conversion_failure"
    assert kind in text_of(found)


@pytest.mark.parametrize(("size", "passes"), [(MOST_BYTES, True), (MOST_BYTES + 1, False), (None, True), (0, True)])
def test_five_mebibytes_are_the_most(size: int | None, passes: bool) -> None:
    assert (check(File("https://x", PDF, size)) is None) is passes


def test_a_receipt_of_6_mb_says_how_large_it_is() -> None:
    found = check(File("https://x", PDF, 6 * 1024 * 1024))

    assert found is not None
    assert found.error.type == "receipt_file_size_limit_exceeded"
    assert "6,0 MB" in text_of(found)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"%PDF-1.7\n", PDF),
        (b"\n\n%PDF-1.4", PDF),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "application/xml"),
        (b"\n <?xml version='1.0'?>", "application/xml"),
        (b"\x00\x00\x00\x18ftypheic", None),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_the_content_decides_what_a_receipt_is(head: bytes, found: str | None) -> None:
    assert content_type(head) == found


def test_a_receipts_address_never_shows() -> None:
    assert "secret" not in repr(File("https://files.example/r?signature=secret", PDF, 1))
