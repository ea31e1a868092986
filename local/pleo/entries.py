"""Accounting entries: read and search (https://developers.pleo.io/reference/accounting-entries).

There is no filter by time of change. A search may filter by one kind of date only. The published texts say "after" and
"before", so both bounds are exclusive by default (switch `date_bounds`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.responses import Response
from starlette.routing import Route

from local.pleo.gate import PleoCall, guarded
from local.pleo.paging import Listing, paged
from local.pleo.shape import uuid
from local.pleo.switches import PleoSwitches
from local.pleo.wire import Json, PleoRefusal, answer, bad_parameter, invalid, not_found
from local.standin.shape import Field, flag, instant, list_of, one_of, text

FAMILIES = (
    "BALANCE_AMENDMENT",
    "BILL_INVOICE",
    "BILL_INVOICE_PAYMENT",
    "CARD_PURCHASE",
    "CASHBACK",
    "CREDIT_NOTE",
    "MILEAGE",
    "OUT_OF_POCKET",
    "OVERDRAFT",
    "PER_DIEM",
    "PLEO_INVOICE",
    "REIMBURSEMENT",
    "WALLET",
)
SUB_FAMILIES = (
    "ATM",
    "IN_STORE",
    "ONLINE",
    "PLEO_INVOICE",
    "PLEO_INVOICE_REFUND",
    "REIMBURSEMENT_TO_COMPANY",
    "REIMBURSEMENT_TO_EMPLOYEE",
    "REIMBURSEMENT_TO_EMPLOYEE_REFUND",
    "LOAD",
    "UNLOAD",
    "WITHDRAWAL",
    "FEE",
    "INTEREST",
    "BILL_INVOICE_PAYMENT_RETURNED",
    "BILL_INVOICE_PAYMENT_RECEIVED",
)
STATUSES = ("DRAFT", "PENDING", "COMPLETED", "COMPLETED_EXTERNALLY", "CANCELLED", "REJECTED", "ERROR")
EXPORT_STATUSES = ("CREATED", "NOT_CREATED", "NOT_EXPORTED", "QUEUED", "EXPORTING", "EXPORTED")
REVIEW_STATUSES = (
    "NOT_SET",
    "NOT_REQUIRED",
    "OK",
    "NOT_OK",
    *(f"WAITING_FOR_{who}" for who in ("EXPENSE_OWNER", "REVIEWER")),
    *(f"WAITING_FOR_{who}_REVIEWER" for who in ("COMPANY", "TEAM", "TAG")),
)
OPTIONAL = (
    "subFamily",
    "totalBillValue",
    "accountId",
    "accountCode",
    "taxCodeId",
    "employeeId",
    "teamId",
    "note",
    "settledAt",
    "bookkeepingDate",
    "deletedAt",
    "supplier",
    "foreignExtensionId",
)
DATES = ("performedAt", "settledAt", "bookkeepingDate")
_BOUNDS = {f"{date}{end}": Field(instant, nullable=True) for date in DATES for end in ("Start", "End")}
_IDS = Field(list_of(uuid, most=100), nullable=True)
_TEXTS = Field(list_of(text(), most=100), nullable=True)
SEARCH = _BOUNDS | {
    "includeDeleted": Field(flag, required=True),
    "families": Field(list_of(one_of(*FAMILIES)), nullable=True),
    "subFamilies": Field(list_of(one_of(*SUB_FAMILIES)), nullable=True),
    "status": Field(list_of(one_of(*STATUSES)), nullable=True),
    "exportStatus": Field(list_of(one_of(*EXPORT_STATUSES)), nullable=True),
    "reviewStatus": Field(list_of(one_of(*REVIEW_STATUSES)), nullable=True),
    "settled": Field(flag, nullable=True),
    "hasAccount": Field(flag, nullable=True),
    "hasNote": Field(flag, nullable=True),
    "hasBookkeepingDate": Field(flag, nullable=True),
    "accountIds": _IDS,
    "employeeIds": _IDS,
    "teamIds": _IDS,
    "taxCodeIds": _IDS,
    "tagRowIds": _IDS,
    "tagGroupIdsUnset": _IDS,
    "foreignExtensionIds": _TEXTS,
    "transactionValueCurrencies": _TEXTS,
}
LISTING = Listing(
    sortable=("settledAt", "performedAt", "id", "bookkeepingDate"),
    default=(("performedAt", "DESC"),),
    default_limit=20,
    offsets=False,
)
_MEMBER: Mapping[str, str] = {
    "families": "family",
    "subFamilies": "subFamily",
    "status": "status",
    "exportStatus": "exportStatus",
    "reviewStatus": "reviewStatus",
    "accountIds": "accountId",
    "employeeIds": "employeeId",
    "teamIds": "teamId",
    "taxCodeIds": "taxCodeId",
    "foreignExtensionIds": "foreignExtensionId",
}
_PRESENT = {
    "settled": "settledAt",
    "hasAccount": "accountId",
    "hasNote": "note",
    "hasBookkeepingDate": "bookkeepingDate",
}


async def search(call: PleoCall) -> Response:
    """`POST /v1/accounting-entries:search?company_id=`."""
    query = call.request.query_params
    if "organization_id" in query:
        raise PleoRefusal(403, "FORBIDDEN", "A company's token cannot search an organisation.")
    if "company_id" not in query:
        raise bad_parameter("company_id or organization_id is required.")
    company_id = call.own(query["company_id"])
    body = await call.body(SEARCH)
    fits = _filter(body, call.world.switches)
    rows = [
        shown(row, call.world.switches)
        for row in call.world.entries.values()
        if row["companyId"] == company_id and fits(row)
    ]
    return paged(call.request, call.world.switches, rows, LISTING)


async def read(call: PleoCall) -> Response:
    """`GET /v1/accounting-entries/{id}?include_deleted=`."""
    row = call.found(call.world.entries, "entry_id", "Accounting entry")
    if row.get("deletedAt") and call.request.query_params.get("include_deleted") != "true":
        raise not_found("Accounting entry")
    return answer({"data": shown(row, call.world.switches)})


def shown(row: Json, switches: PleoSwitches) -> Json:
    """Return an entry as the API and the events show it. Switches decide on optional fields and the merchant."""
    entry = {name: value for name, value in row.items() if value is not None and not name.startswith("_")}
    entry["splitItems"] = [_public(split) for split in row["splitItems"]]
    if switches.entry_merchant == "absent":
        entry.pop("merchant", None)
    if switches.optional_fields == "null":
        entry = dict.fromkeys(OPTIONAL) | entry
    return entry


def _public(split: Json) -> Json:
    return {name: value for name, value in split.items() if not name.startswith("_")}


def _filter(body: Json, switches: PleoSwitches) -> Callable[[Json], bool]:
    asked = {name: value for name, value in body.items() if value is not None}
    kinds = {date for date in DATES if asked.keys() & {f"{date}Start", f"{date}End"}}
    if len(kinds) > 1:
        raise invalid("Only one kind of date can be filtered by.")
    tests = [
        *_membership_tests(asked),
        *_presence_tests(asked),
        *_unsettled_tests(asked, switches.unsettled_finds),
        *_date_tests(asked, inclusive=switches.date_bounds == "inclusive"),
        *_tag_tests(asked),
    ]
    if not asked["includeDeleted"]:
        tests.append(lambda row: not row.get("deletedAt"))
    return lambda row: all(test(row) for test in tests)


def _membership_tests(asked: Json) -> list[Callable[[Json], bool]]:
    def member(field: str, values: list[str]) -> Callable[[Json], bool]:
        return lambda row: row.get(field) in values

    tests = [member(field, asked[name]) for name, field in _MEMBER.items() if asked.get(name)]
    if currencies := asked.get("transactionValueCurrencies"):
        tests.append(lambda row: row["transactionValue"]["currency"] in currencies)
    return tests


def _presence_tests(asked: Json) -> list[Callable[[Json], bool]]:
    def present(field: str, wanted: bool) -> Callable[[Json], bool]:
        return lambda row: (row.get(field) is not None) is wanted

    return [present(field, asked[name]) for name, field in _PRESENT.items() if name in asked]


def _unsettled_tests(asked: Json, finds: str) -> list[Callable[[Json], bool]]:
    """Return the tests for `settled: false`. Whether it means more than a missing date is not documented."""
    narrow = asked.get("settled") is False and finds == "pending"
    return [lambda row: row["status"] == "PENDING"] if narrow else []


def _date_tests(asked: Json, *, inclusive: bool) -> list[Callable[[Json], bool]]:
    def bound(field: str, limit: datetime, end: str) -> Callable[[Json], bool]:
        def test(row: Json) -> bool:
            if row.get(field) is None:
                return False
            value = datetime.fromisoformat(row[field])
            if value == limit:
                return inclusive
            return value > limit if end == "Start" else value < limit

        return test

    return [
        bound(date, datetime.fromisoformat(asked[f"{date}{end}"]), end)
        for date in DATES
        for end in ("Start", "End")
        if f"{date}{end}" in asked
    ]


def _tag_tests(asked: Json) -> list[Callable[[Json], bool]]:
    tests: list[Callable[[Json], bool]] = []
    if rows := asked.get("tagRowIds"):
        tests.append(lambda row: any(tag.get("tagId") in rows for tag in row["tags"]))
    if groups := asked.get("tagGroupIdsUnset"):
        tests.append(lambda row: not any(tag["tagGroupId"] in groups and tag.get("tagId") for tag in row["tags"]))
    return tests


ROUTES = [
    Route("/v1/accounting-entries:search", guarded(search, area="entries"), methods=["POST"]),
    Route("/v1/accounting-entries/{entry_id}", guarded(read, area="entries"), methods=["GET"]),
]
