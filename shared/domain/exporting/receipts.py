"""Check whether lexoffice accepts a receipt, by Pleo's description and by its first bytes.

lexoffice accepts pdf, jpg, png and xml (e-invoice) up to and including 5 MiB (https://developers.lexware.io/docs, Files
Endpoint).
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
    """Check a receipt by Pleo's description, before the download. Return the refusal or None.

    If Pleo states no type or size, the content decides later (`content_type`, `check_size`).
    """
    if file.size is not None and (refusal := check_size(file.size)):
        return refusal
    # Pleo's type is only MIME-like: "image/jpeg; charset=…" and "JPG" mean the same.
    word = file.type.split(";")[0].strip().lower().rsplit("/", 1)[-1].removeprefix("x-")
    return None if word in _ACCEPTED else Refusal(errors.RECEIPT_TYPE, {"type": file.type})


def check_size(size: int) -> Refusal | None:
    """Return a refusal if the receipt is larger than lexoffice accepts, else None. `size` is in bytes."""
    if size <= MOST_BYTES:
        return None
    megabytes = f"{size / 1024 / 1024:.1f}".replace(".", ",")
    return Refusal(errors.RECEIPT_TOO_LARGE, {"size": f"{megabytes} MB"})


def content_type(head: bytes) -> str | None:
    """Detect the MIME type from the first bytes (`ENOUGH_BYTES`). Return None if lexoffice does not accept the type."""
    if b"%PDF-" in head[:ENOUGH_BYTES]:
        return _TYPES["pdf"]
    if head.startswith(b"\xff\xd8\xff"):
        return _TYPES["jpg"]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _TYPES["png"]
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml"):
        return _TYPES["xml"]
    return None
