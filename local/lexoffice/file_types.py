"""The type of an uploaded file, determined from its bytes (https://developers.lexware.io/docs/#files-endpoint).

The extension states the type, and the content must match it. The keys of errors are lexoffice's.
"""

import re
import struct
from pathlib import PurePath
from xml.parsers import expat

# https://developers.lexware.io/docs/#files-endpoint: the limit itself is still accepted.
VOUCHER_BYTES = 5 * 1024 * 1024
ATTACHMENT_BYTES = 2 * 1024 * 1024
MEDIA_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png", "xml": "application/xml"}
_PNG = b"\x89PNG\r\n\x1a\n"
_START_OF_XREF = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF", re.ASCII)
_XREF = re.compile(rb"\s*(xref\b|\d+\s+\d+\s+obj\b)", re.ASCII)
_INVOICE_ROOTS = (
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2 Invoice",
    "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2 CreditNote",
    "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100 CrossIndustryInvoice",
)


class BadFileError(Exception):
    """A file that lexoffice refuses. The text is its `i18nKey`."""


def extension_of(name: str, content: bytes, *, attachment: bool) -> str:
    """Return `pdf`, `jpg`, `png` or `xml`; raise BadFileError for all other files."""
    if len(content) > (ATTACHMENT_BYTES if attachment else VOUCHER_BYTES):
        raise BadFileError("max_file_size_exceeded")
    match PurePath(name).suffix.lower():
        case ".pdf":
            if not _is_sound_pdf(content):
                raise BadFileError("voucher_upload_toxic_pdf")
            return "pdf"
        case ".jpg" | ".jpeg" | ".png":
            return _image(content)
        case ".xml" if not attachment:
            if not _is_xrechnung(content):
                raise BadFileError("invalid_xrechnung")
            return "xml"
        case _:
            raise BadFileError("inacceptable_file_extension")


def _is_sound_pdf(content: bytes) -> bool:
    """Check what a PDF reader needs: header, end, and the cross-reference table that the end points at."""
    end = list(_START_OF_XREF.finditer(content, max(0, len(content) - 2048)))
    if not content.startswith(b"%PDF-") or not end or b"/Encrypt" in content:
        return False
    return _XREF.match(content, int(end[-1][1])) is not None and b"/Root" in content


def _image(content: bytes) -> str:
    if content.startswith(_PNG):
        whole = content[12:16] == b"IHDR" and content.rstrip(b"\0").endswith(b"IEND\xaeB`\x82")
        if whole and min(struct.unpack(">II", content[16:24])) > 1:
            return "png"
    elif content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\0").endswith(b"\xff\xd9"):
        return "jpg"
    # A renamed HEIC ends here too.
    raise BadFileError("image_conversion_error")


def _is_xrechnung(content: bytes) -> bool:
    """Return whether it is an e-invoice: a known root, and a customisation that names XRechnung or EN 16931."""
    roots: list[str] = []
    texts: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(name: str, _attributes: dict[str, str]) -> None:
        roots.append(name)

    def refuse_doctype(*_declaration: object) -> None:
        raise ValueError("a document type could declare entities")

    parser.StartElementHandler = start
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):
        return False
    return roots[0] in _INVOICE_ROOTS and "urn:cen.eu:en16931:2017" in "".join(texts)
