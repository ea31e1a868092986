"""The chart of accounts (https://developers.pleo.io/reference/accounts): create in batches, change, search.

`externalId` is the only key to the accounting system. A batch reports an existing account as failed. By default this
includes an account that is equal in all fields (docs/assumptions.md#pleo-accounts).
"""

from starlette.responses import Response
from starlette.routing import Route

from local.pleo.gate import PleoCall, guarded
from local.pleo.paging import Listing, paged
from local.pleo.shape import uuid
from local.pleo.wire import Json, answer, invalid
from local.pleo.world import PleoWorld
from local.standin.shape import Field, flag, list_of, mapping, text
from local.standin.wire import new_id

LONGEST = 255
_WRITABLE = {
    "name": Field(text(least=1, most=LONGEST), required=True),
    "archived": Field(flag, required=True),
    "code": Field(text(most=LONGEST), nullable=True),
    "taxCodeExternalId": Field(text(), nullable=True),
    "metadata": Field(mapping, nullable=True),
}
# In a batch, a wrong length fails the single item and not the request.
ITEM = _WRITABLE | {
    "name": Field(text(), required=True),
    "code": Field(text(), nullable=True),
    "externalId": Field(text(), required=True),
}
BATCH = {
    "companyId": Field(uuid, required=True),
    "items": Field(list_of(mapping, least=1, most=1000), required=True),
}
SEARCH = {
    "companyId": Field(uuid, required=True),
    "excludeIfAssignedToCategory": Field(flag, required=True),
    "excludeIfAssignedToContraAccount": Field(flag, required=True),
    "archived": Field(flag, nullable=True),
    "externalId": Field(text(), nullable=True),
    "ids": Field(list_of(uuid, unique=True), nullable=True),
    "name": Field(text(), nullable=True),
    "codes": Field(list_of(text(), unique=True), nullable=True),
    "code": Field(text(), nullable=True),
}
LISTING = Listing(sortable=("id", "name", "code", "externalId"), default=(("id", "ASC"),))


async def create_batch(call: PleoCall) -> Response:
    """`POST /v1/chart-of-accounts/batch`: always 201 with `created` and `failed`; nothing is rolled back."""
    body = await call.body(BATCH)
    company_id = call.own(body["companyId"])
    items = [call.checked(item, ITEM) for item in body["items"]]
    created: list[Json] = []
    failed: list[Json] = []
    for item in items:
        row = _row(company_id, item)
        existing = _by_external_id(call.world, company_id, row["externalId"])
        if reasons := _reasons(call.world, row, existing):
            failed.append({"reasons": reasons, "request": item})
            continue
        created.append(call.world.accounts.setdefault(existing["id"] if existing else row["id"], row))
    return answer({"data": {"created": created, "failed": failed}}, 201)


async def update(call: PleoCall) -> Response:
    """`PUT /v1/chart-of-accounts/{accountId}`: change an account. `externalId` cannot be changed."""
    row = _own(call)
    body = await call.body(_WRITABLE)
    changed = row | _optional(body) | {"name": body["name"], "archived": body["archived"]}
    _check_tax_code(call.world, changed)
    row.update(changed)
    return answer({"data": row})


async def search(call: PleoCall) -> Response:
    """`POST /v1/chart-of-accounts:search`: on request without accounts of categories and contra accounts."""
    body = await call.body(SEARCH)
    company_id = call.own(body["companyId"])
    rows = [
        row
        for row in call.world.accounts.values()
        if row["companyId"] == company_id
        and all(body.get(name) in (None, row[name]) for name in ("archived", "externalId", "name", "code"))
        and row["id"] not in _left_out(call.world, body)
        and (body.get("ids") is None or row["id"] in body["ids"])
        and (body.get("codes") is None or row["code"] in body["codes"])
    ]
    return paged(call.request, call.world.switches, rows, LISTING)


def _left_out(world: PleoWorld, body: Json) -> set[str]:
    categories = {each["accountId"] for each in world.categories.values()}
    contra_accounts = set(world.contra_accounts.values())
    return (categories if body["excludeIfAssignedToCategory"] else set()) | (
        contra_accounts if body["excludeIfAssignedToContraAccount"] else set()
    )


def _row(company_id: str, body: Json) -> Json:
    return {
        "id": new_id(),
        "companyId": company_id,
        "externalId": body["externalId"],
        "name": body["name"],
        "archived": body["archived"],
    } | _optional(body)


def _optional(body: Json) -> Json:
    return {
        "code": body.get("code"),
        "taxCodeExternalId": body.get("taxCodeExternalId"),
        "metadata": body.get("metadata") or {},
    }


def _by_external_id(world: PleoWorld, company_id: str, external_id: str) -> Json | None:
    rows = world.accounts.values()
    return next((r for r in rows if (r["companyId"], r["externalId"]) == (company_id, external_id)), None)


def _reasons(world: PleoWorld, row: Json, existing: Json | None) -> list[str]:
    equal = existing is not None and existing | {"id": ""} == row | {"id": ""}
    accepted = equal and world.switches.batch_equal_account == "created"
    checks = {
        "EXTERNAL_ID_EMPTY": not row["externalId"],
        "EXTERNAL_ID_TOO_LONG": len(row["externalId"]) > LONGEST,
        "EXTERNAL_ID_ALREADY_EXISTS": existing is not None and not accepted,
        "NAME_EMPTY": not row["name"],
        "NAME_TOO_LONG": len(row["name"]) > LONGEST,
        "CODE_TOO_LONG": len(row["code"] or "") > LONGEST,
        "OTHER": not _tax_code_known(world, row),
    }
    return [reason for reason, applies in checks.items() if applies]


def _tax_code_known(world: PleoWorld, row: Json) -> bool:
    code = row["taxCodeExternalId"]
    if code is None:
        return True
    codes = world.tax_codes.values()
    return any(each["code"] == code and each["companyId"] == row["companyId"] for each in codes)


def _check_tax_code(world: PleoWorld, row: Json) -> None:
    if not _tax_code_known(world, row):
        raise invalid("taxCodeExternalId names a tax code that does not exist.")


def _own(call: PleoCall) -> Json:
    return call.found(call.world.accounts, "account_id", "Account")


_ALL, _ONE = "/v1/chart-of-accounts", "/v1/chart-of-accounts/{account_id}"
ROUTES = [
    Route(f"{_ALL}:search", guarded(search, area="accounts_read"), methods=["POST"]),
    Route(f"{_ALL}/batch", guarded(create_batch, area="accounts_write"), methods=["POST"]),
    Route(_ONE, guarded(update, area="accounts_write"), methods=["PUT"]),
]
