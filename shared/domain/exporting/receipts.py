"""Which receipts lexoffice will take, told from what Pleo says about them and from their first bytes.

pdf, jpg, png and xml (e-invoice), at most 5 MiB inclusive (https://developers.lexware.io/docs, Files Endpoint).
"""

from shared.domain.exporting import export_errors as errors
from shared.domain.exporting.expense import File
from shared.domain.exporting.export_errors import Refusal

MOST_BYTES = 5 * 1024 * 1024
ENOUGH_BYTES = 1024  # for `content_type`

_TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "xml": "application/xml",
}
_ACCEPTED = frozenset({*_TYPES, "", "octet-stream"})


def check(file: File) -> Refusal | None:
    """Refuse by Pleo's own description, before anything is loaded; what it leaves open is told by the content."""
    if file.size is not None and (refusal := check_size(file.size)):
        return refusal
    # Pleo's type is only MIME-like: "image/jpeg; charset=…" and "JPG" are the same thing.
    word = file.type.split(";")[0].strip().lower().rsplit("/", 1)[-1].removeprefix("x-")
    return None if word in _ACCEPTED else Refusal(errors.RECEIPT_TYPE, {"type": file.type})


def check_size(size: int) -> Refusal | None:
    """Refuse more bytes than lexoffice takes."""
    if size <= MOST_BYTES:
        return None
    megabytes = f"{size / 1024 / 1024:.1f}".replace(".", ",")
    return Refusal(errors.RECEIPT_TOO_LARGE, {"size": f"{megabytes} MB"})


def content_type(head: bytes) -> str | None:
    """The MIME type that the first bytes (`ENOUGH_BYTES`) show, or None if lexoffice will not take them."""
    if b"%PDF-" in head[:ENOUGH_BYTES]:
        return _TYPES["pdf"]
    if head.startswith(b"\xff\xd8\xff"):
        return _TYPES["jpg"]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _TYPES["png"]
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml"):
        return _TYPES["xml"]
    return None
