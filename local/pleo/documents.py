"""The bytes of receipts: small valid PDF, PNG, JPEG and XML, a HEIC by its first bytes, a broken PDF, plain text.

Each contains a label, so that two files of a kind differ, and can be padded to any size without becoming invalid.
Nothing is stored: kind, size and label always give the same bytes.
"""

import struct
import zlib
from collections.abc import Callable

MIME_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "heic": "image/heic",
    "broken_pdf": "application/pdf",
    "text": "text/plain",
    "xml": "application/xml",
}
_SEGMENT = 65_000


def document(kind: str, *, size: int, label: str) -> bytes:
    """Return the file: exactly `size` bytes, or the minimum of its kind if that is more."""
    build = _BUILDERS[kind]
    smallest = len(build(label, 0))
    return build(label, max(0, size - smallest))


def _pdf(label: str, padding: int) -> bytes:
    content = f"BT /F1 14 Tf 20 60 Td (Beleg {label}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 120] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out = b"%PDF-1.4\n%" + b" " * padding + b"\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%010d\n%%%%EOF\n" % (count, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer


def _broken_pdf(label: str, padding: int) -> bytes:
    return b"%PDF-1.4\n" + label.encode() + b"\x00" * padding


def _png(label: str, padding: int) -> bytes:
    pixels = zlib.compress(b"".join(b"\x00" + b"\xff" * 8 for _ in range(8)))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Title\x00" + label.encode()),
        (b"fiLl", b"\x00" * padding),  # private and ancillary: readers skip it
        (b"IDAT", pixels),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _jpeg(label: str, padding: int) -> bytes:
    # One grey block of 8 × 8 pixels. Each Huffman table has one symbol, "zero", with the code 0.
    full, rest = divmod(padding, _SEGMENT)
    comments = _segment(0xFE, label.encode() + b" " * rest) + _segment(0xFE, b" " * (_SEGMENT - 4)) * full
    return (
        b"\xff\xd8"
        + _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + comments
        + _segment(0xDB, b"\x00" + b"\x01" * 64)
        + _segment(0xC0, b"\x08\x00\x08\x00\x08\x01\x01\x11\x00")
        + _segment(0xC4, b"\x00\x01" + b"\x00" * 15 + b"\x00")
        + _segment(0xC4, b"\x10\x01" + b"\x00" * 15 + b"\x00")
        + _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + b"\x3f\xff\xd9"
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _heic(label: str, padding: int) -> bytes:
    boxes = ((b"ftyp", b"heic\x00\x00\x00\x00mif1heic"), (b"free", label.encode() + b"\x00" * padding), (b"mdat", b""))
    return b"".join(struct.pack(">I", len(content) + 8) + name + content for name, content in boxes)


def _text(label: str, padding: int) -> bytes:
    return f"Beleg {label}\n".encode() + b"." * padding


def _xml(label: str, padding: int) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Beleg>{label}'.encode() + b" " * padding + b"</Beleg>\n"


_BUILDERS: dict[str, Callable[[str, int], bytes]] = {
    "pdf": _pdf,
    "png": _png,
    "jpeg": _jpeg,
    "heic": _heic,
    "broken_pdf": _broken_pdf,
    "text": _text,
    "xml": _xml,
}
