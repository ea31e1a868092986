"""Receipts: the files of an entry, their links, which expire after a day, and their search.

https://developers.pleo.io/reference/accounting-entries: a link is valid for 24 hours from the answer that contained it.
The file server is a separate store, like S3. The signature in the link is the only permission. A call with an
`Authorization` header is refused.
"""

import hashlib
import hmac
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.pleo.documents import MIME_TYPES, document
from local.pleo.gate import PleoCall, guarded
from local.pleo.paging import Listing, paged
from local.pleo.shape import checked, uuid
from local.pleo.wire import Json, bad_parameter
from local.pleo.world import PleoWorld, world_of
from local.standin.shape import Field, flag, list_of, one_of, text, whole
from local.standin.wire import new_id

LARGEST = 30 * 1024 * 1024
SECONDS = 24 * 3600
_API_MIME_TYPES = (
    *("application/pdf", "application/postscript", "application/xml", "text/xml"),
    *("image/jpeg", "image/png", "image/heic", "image/heif", "image/gif", "unknown"),
)
_FILE_TYPES = ("ORIGINAL", "THUMBNAIL", "PREVIEW", "EMBED")


ORDER = {"kind": Field(one_of(*MIME_TYPES)), "size": Field(whole(least=0, most=LARGEST)), "type": Field(text(least=1))}
SEARCH = {
    "includeDeleted": Field(flag, required=True),
    "accountingEntryIds": Field(list_of(uuid, most=100), nullable=True),
    "employeeIds": Field(list_of(uuid, most=100), nullable=True),
    "mimeType": Field(list_of(one_of(*_API_MIME_TYPES)), nullable=True),
    "source": Field(list_of(text()), nullable=True),
    "fileType": Field(one_of(*_FILE_TYPES), nullable=True),
}
LISTING = Listing(sortable=("id", "createdAt"), default_limit=10)


def add(world: PleoWorld, entry: Json, order: Json) -> str:
    """Append a file to an entry: `{kind, size, type}`, with `type` only for a false content type; return its id."""
    asked = checked(order, ORDER)
    kind = asked.get("kind", "pdf")
    row = {
        "id": new_id(),
        "entryId": entry["id"],
        "companyId": entry["companyId"],
        "createdAt": world.clock.stamp(),
        "kind": kind,
        "type": asked.get("type", MIME_TYPES[kind]),
    }
    row["size"] = len(document(kind, size=asked.get("size", 0), label=row["id"]))
    world.files[row["id"]] = row
    entry["receiptIds"] = [*entry["receiptIds"], row["id"]]
    return str(row["id"])


def of_entry(world: PleoWorld, entry: Json) -> list[Json]:
    """Return the entry's files in their order, without ids that a test added without a file."""
    return [world.files[each] for each in entry["receiptIds"] if each in world.files]


def link(world: PleoWorld, row: Json) -> str:
    """Return a link to the file that is valid for 24 hours from now."""
    expires = str(int(world.clock.now().timestamp()) + SECONDS)
    query = urlencode({"expires": expires, "signature": _signature(world, row["id"], expires)})
    return f"{world.settings.public_url}/files/{row['id']}?{query}"


async def download(request: Request) -> Response:
    """`GET /files/{id}?expires=&signature=`: return the bytes. Errors have S3's format and not Pleo's."""
    world, file_id = world_of(request), request.path_params["file_id"]
    if "authorization" in request.headers:
        return _denied(400, "InvalidArgument", "Only one auth mechanism allowed")
    expires = request.query_params.get("expires", "")
    expected = _signature(world, file_id, expires)
    if not hmac.compare_digest(expected, request.query_params.get("signature", "").encode("ascii", "replace").decode()):
        return _denied(403, "SignatureDoesNotMatch", "The signature does not match")
    if int(expires) <= world.clock.now().timestamp():
        return _denied(403, "AccessDenied", "Request has expired")
    row = world.files.get(file_id)
    if row is None:
        return _denied(404, "NoSuchKey", "The specified key does not exist")
    return Response(document(row["kind"], size=row["size"], label=row["id"]), media_type=row["type"])


async def search(call: PleoCall) -> Response:
    """`POST /v1/accounting-entries/receipts:search?company_id=`."""
    if "company_id" not in call.request.query_params:
        raise bad_parameter("company_id is required.")
    company_id = call.own(call.request.query_params["company_id"])
    body = await call.body(SEARCH)
    wanted = set(body.get("accountingEntryIds") or [])
    entries = [
        entry
        for entry in call.world.entries.values()
        if entry["companyId"] == company_id and (not wanted or entry["id"] in wanted)
    ]
    shown = [
        _shown(call.world, row, body.get("fileType") or "ORIGINAL")
        for entry in entries
        if not entry.get("deletedAt") or body["includeDeleted"]
        if not body.get("employeeIds") or entry["employeeId"] in body["employeeIds"]
        for row in of_entry(call.world, entry)
    ]
    fitting = [
        each
        for each in shown
        if (not body.get("mimeType") or each["mimeType"] in body["mimeType"])
        and (not body.get("source") or each["source"] in body["source"])
    ]
    return paged(call.request, call.world.switches, fitting, LISTING)


def _shown(world: PleoWorld, row: Json, file_type: str) -> Json:
    return {
        "id": row["id"],
        "accountingEntryId": row["entryId"],
        "createdAt": row["createdAt"],
        "fileType": file_type,
        "mimeType": row["type"] if row["type"] in _API_MIME_TYPES else "unknown",
        "sizeInBytes": row["size"],
        "source": "USER",
        "url": link(world, row),
    }


def _signature(world: PleoWorld, file_id: str, expires: str) -> str:
    return hmac.new(world.file_key, f"{file_id}.{expires}".encode(), hashlib.sha256).hexdigest()


def _denied(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(body, status, media_type="application/xml")


ROUTES = [
    Route("/files/{file_id}", download, methods=["GET"]),
    Route("/v1/accounting-entries/receipts:search", guarded(search, area="receipts"), methods=["POST"]),
]
