"""`GET /v1/voucherlist` (https://developers.lexware.io/docs/#voucherlist-endpoint): search before a retry of a POST."""

import html
from collections.abc import Callable
from datetime import date, datetime, timedelta

from local.lexoffice import clock
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.paging import Paging
from local.lexoffice.problems import RefusedError
from local.lexoffice.voucher_records import TYPES, StoredVoucher
from local.lexoffice.wire import LexofficeAnswer
from local.lexoffice.world import LexofficeWorld
from local.standin.clock import BERLIN

_TYPES = frozenset(
    {*TYPES, *"any invoice downpaymentinvoice creditnote orderconfirmation quotation deliverynote".split()}
)
_STATUSES = frozenset(
    """any draft open paid paidoff voided transferred sepadebit overdue accepted rejected unchecked blank""".split()
)
_ALONE = frozenset({"any", "overdue"})
_SORTS: dict[str, Callable[[StoredVoucher], date | datetime | str]] = {
    "voucherDate": lambda voucher: voucher.voucher_date,
    "voucherNumber": lambda voucher: voucher.number or "",
    "createdDate": lambda voucher: voucher.created,
    "updatedDate": lambda voucher: voucher.modified,
}
_DAYS: dict[str, Callable[[StoredVoucher], date]] = {
    "voucherDate": lambda voucher: voucher.voucher_date,
    "createdDate": lambda voucher: voucher.created.astimezone(BERLIN).date(),
    "updatedDate": lambda voucher: voucher.modified.astimezone(BERLIN).date(),
}


def read(call: LexofficeCall) -> LexofficeAnswer:
    """List vouchers by type and status, both required; the newest first unless sorted otherwise."""
    if "voucherType" not in call.query or "voucherStatus" not in call.query:
        raise RefusedError(400, "Missing required request parameters")
    types, statuses = _listed(call, "voucherType", _TYPES), _listed(call, "voucherStatus", _STATUSES)
    if len(types) > 1 and "any" in types:
        raise RefusedError(400, "'any' cannot be combined")
    if len(statuses) > 1 and statuses & _ALONE:
        raise RefusedError(400, "'any' and 'overdue' cannot be combined")
    name, ascending = _sort(call)
    paging = Paging.of(call).sorted_by(name, ascending=ascending)
    shown_until = call.world.clock.now() - timedelta(seconds=call.world.switches.list_delay_seconds)
    found = [
        voucher
        for voucher in call.world.vouchers_of(call.organization.id)
        if voucher.created <= shown_until and _fits(call, voucher)
    ]
    found = [
        voucher
        for voucher in found
        if ("any" in types or voucher.type in types) and _has_status(call.world, voucher, statuses)
    ]
    found.sort(key=_SORTS[name], reverse=not ascending)
    return LexofficeAnswer(200, paging.envelope([as_row(call.world, voucher) for voucher in found]))


def shown_status(world: LexofficeWorld, voucher: StoredVoucher) -> str:
    """Return the status in the list: an open voucher past its due date is overdue."""
    today = world.clock.now().astimezone(BERLIN).date()
    return "overdue" if voucher.status == "open" and voucher.due_date < today else voucher.status


def contact_name(world: LexofficeWorld, voucher: StoredVoucher) -> str:
    """Return the name of the voucher's sender or recipient."""
    if voucher.contact_id is not None:
        return world.contacts[voucher.contact_id].name
    return voucher.contact_name or ("Sammellieferant" if voucher.is_purchase else "Sammelkunde")


def as_row(world: LexofficeWorld, voucher: StoredVoucher) -> dict[str, object]:
    """Return a voucher as a row of the list."""
    return {
        "id": voucher.id,
        "voucherType": voucher.type,
        "voucherStatus": shown_status(world, voucher),
        "voucherNumber": voucher.number,
        "voucherDate": clock.midnight_text(voucher.voucher_date),
        "createdDate": clock.berlin_text(voucher.created),
        "updatedDate": clock.berlin_text(voucher.modified),
        "dueDate": clock.midnight_text(voucher.due_date),
        "contactId": voucher.contact_id,
        "contactName": contact_name(world, voucher),
        "totalAmount": voucher.total,
        "openAmount": None if voucher.status == "unchecked" else voucher.open_amount,
        "currency": "EUR",
        "archived": False,
    }


def _listed(call: LexofficeCall, name: str, allowed: frozenset[str]) -> set[str]:
    values = call.query[name].split(",")
    if "" in values:
        # lexoffice fails on `open,,paid` instead of refusing it.
        raise RefusedError(500, "Internal server error")
    if not set(values) <= allowed:
        raise RefusedError(400, f"parameter '{name}' has an unknown value")
    return set(values)


def _sort(call: LexofficeCall) -> tuple[str, bool]:
    text = call.query.get("sort")
    if text is None:
        return "voucherDate", False
    name, _, direction = text.partition(",")
    if name not in _SORTS or direction.upper() not in {"", "ASC", "DESC"}:
        raise RefusedError(400, "parameter 'sort' has an unknown value")
    return name, direction.upper() != "DESC"


def _has_status(world: LexofficeWorld, voucher: StoredVoucher, wanted: set[str]) -> bool:
    # A search for open vouchers also returns overdue ones.
    return bool(wanted & {"any", voucher.status, shown_status(world, voucher)})


def _fits(call: LexofficeCall, voucher: StoredVoucher) -> bool:
    query = call.query
    number, contact = query.get("voucherNumber"), query.get("contactId")
    if number is not None and html.escape(voucher.number or "", quote=False).lower() != number.lower():
        return False
    if contact is not None and voucher.contact_id != contact.lower():
        return False
    return query.get("archived") != "true" and all(_in_days(call, name, day(voucher)) for name, day in _DAYS.items())


def _in_days(call: LexofficeCall, name: str, day: date) -> bool:
    first, last = _day(call, f"{name}From"), _day(call, f"{name}To")
    return (first is None or first <= day) and (last is None or day <= last)


def _day(call: LexofficeCall, name: str) -> date | None:
    text = call.query.get(name)
    if text is None:
        return None
    day = clock.parse_day(text)
    if day is None:
        raise RefusedError(400, f"parameter '{name}' must have the format yyyy-MM-dd")
    return day


ENDPOINTS = (Endpoint(method="GET", path="/v1/voucherlist", scope="voucherlist.read", serve=read),)
