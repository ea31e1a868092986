"""Tax codes (https://developers.pleo.io/reference/tax-codes-overview).

- A tax code is not unique: creating it twice makes two, so a client must search before it creates.
- `exclusive` codes are documented as unsupported, and refused.
- Pleo declares no status codes; 201 and 200 are assumed (docs/assumptions.md#pleo-tax-codes).
"""

from starlette.responses import Response
from starlette.routing import Route

from local.pleo.gate import PleoCall, guarded
from local.pleo.paging import Listing, paged
from local.pleo.shape import rate, uuid
from local.pleo.wire import Json, answer, bad_parameter
from local.standin.shape import Field, flag, list_of, one_of, text
from local.standin.wire import new_id

SHAPE = {
    "companyId": Field(uuid, required=True),
    "name": Field(text(least=1, most=255), required=True),
    "rate": Field(rate, required=True),
    "type": Field(one_of("inclusive", "reverse"), required=True),
    "archived": Field(flag, required=True),
    "code": Field(text(most=255), nullable=True),
    "ingoingTaxAccount": Field(text(), nullable=True),
    "outgoingTaxAccount": Field(text(), nullable=True),
}
SEARCH = {
    "archived": Field(flag, nullable=True),
    "taxCodeIds": Field(list_of(uuid, unique=True), nullable=True),
    "type": Field(one_of("inclusive", "exclusive", "reverse"), nullable=True),
    "code": Field(text(), nullable=True),
}
LISTING = Listing(sortable=("id", "name", "code", "createdAt", "updatedAt"))


async def create(call: PleoCall) -> Response:
    """`POST /v0/tax-codes`."""
    body = await _body(call)
    now = call.world.clock.stamp()
    row = {"id": new_id()} | body | {"createdAt": now, "updatedAt": now}
    call.world.tax_codes[row["id"]] = row
    return answer({"data": row}, 201)


async def update(call: PleoCall) -> Response:
    """`PUT /v0/tax-codes/{taxCodeId}`: the same body as for creation."""
    row = _own(call)
    row.update(await _body(call), updatedAt=call.world.clock.stamp())
    return answer({"data": row})


async def search(call: PleoCall) -> Response:
    """`POST /v0/tax-codes:search?company_id=`."""
    if "company_id" not in call.request.query_params:
        raise bad_parameter("company_id is required.")
    company_id = call.own(call.request.query_params["company_id"])
    body = await call.body(SEARCH)
    rows = [
        row
        for row in call.world.tax_codes.values()
        if row["companyId"] == company_id
        and all(body.get(name) in (None, row[name]) for name in ("archived", "type", "code"))
        and (body.get("taxCodeIds") is None or row["id"] in body["taxCodeIds"])
    ]
    return paged(call.request, call.world.switches, rows, LISTING)


async def _body(call: PleoCall) -> Json:
    body = await call.body(SHAPE)
    call.own(body["companyId"])
    return {name: body.get(name) for name in SHAPE}


def _own(call: PleoCall) -> Json:
    return call.found(call.world.tax_codes, "tax_code_id", "Tax code")


_ONE = "/v0/tax-codes/{tax_code_id}"
ROUTES = [
    Route("/v0/tax-codes", guarded(create, area="tax_codes_write"), methods=["POST"]),
    Route("/v0/tax-codes:search", guarded(search, area="tax_codes_read"), methods=["POST"]),
    Route(_ONE, guarded(update, area="tax_codes_write"), methods=["PUT"]),
]
