"""The files that the stand-in makes up as receipts."""

import zlib

import pytest

from local.pleo.documents import MIME_TYPES, document


@pytest.mark.parametrize("size", [0, 4_097, 65_536, 6 * 1024 * 1024])
@pytest.mark.parametrize("kind", list(MIME_TYPES))
def test_a_document_of_any_kind_has_the_size_asked_for(kind: str, size: int) -> None:
    made = document(kind, size=size, label="1")

    assert len(made) == size or size == 0
    assert made != document(kind, size=size, label="2")


def test_documents_begin_and_end_as_their_kind_does() -> None:
    made = {kind: document(kind, size=3_000, label="1") for kind in MIME_TYPES}

    assert made["pdf"].startswith(b"%PDF-1.4")
    assert made["pdf"].endswith(b"%%EOF\n")
    start = int(made["pdf"].split(b"startxref\n")[1].split(b"\n")[0])
    assert made["pdf"][start : start + 4] == b"xref"
    assert b"%%EOF" not in made["broken_pdf"]
    assert (made["jpeg"][:3], made["jpeg"][-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")
    assert made["heic"][4:12] == b"ftypheic"
    chunk = made["png"].index(b"IHDR")
    assert made["png"][chunk + 17 : chunk + 21] == zlib.crc32(made["png"][chunk : chunk + 17]).to_bytes(4)
