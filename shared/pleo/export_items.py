"""Pleo's export items on the wire.

Shape: `ExportItem` of the Export API v3 (https://developers.pleo.io), numbers read as int or Decimal, never as float.
What decides a booking (amounts, accounts, taxes, files, invoice dates) must be right or the item is malformed; what
people only read (names, notes) may be missing. Unknown fields and enum values are accepted, null counts as absent.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from shared.domain.expense import Account, Expense, ExpenseLine, File, Invoice, Party, Tax
from shared.domain.money import Money

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_MOST_MINOR = 10**15


class MalformedExportItemError(ValueError):
    """A field that a booking needs is missing or wrong; `field` names it, `entry_id` the item if it has one."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.entry_id = ""
        super().__init__(f"{field} {problem}")


def parse(data: object) -> Expense:
    """Read one export item. Raises MalformedExportItemError."""
    if not isinstance(data, Mapping):
        raise MalformedExportItemError("item", "is not an object")
    entry_id = _identifier(data, "accountingEntryId")
    try:
        return _expense(data, entry_id)
    except MalformedExportItemError as error:
        error.entry_id = entry_id
        raise


def _expense(data: Mapping[str, Any], entry_id: str) -> Expense:
    paid, original = _amounts(data, "amount")
    information = _object(data, "additionalInformation") or {}
    period = _object(data, "servicePeriod") or {}
    return Expense(
        entry_id=entry_id,
        company_id=_identifier(data, "companyId"),
        type=_required(data, "type"),
        sub_type=_text(data, "subType") or None,
        booked_at=_moment(data, "date"),
        paid=paid,
        original=original,
        lines=_lines(data, paid.currency),
        book_id=_required(information, "reconciliationId"),
        supplier=_supplier(data),
        vendor=_vendor(data),
        contra_account=_account(data, "contraAccount"),
        invoice=_invoice(information),
        files=tuple(_file(item) for item in _objects(data, "files")),
        note=_text(data, "note"),
        user=_text(_object(data, "user") or {}, "name"),
        attendees=tuple(name for name in _list(information, "attendees") if isinstance(name, str) and name.strip()),
        service_from=_optional_day(period, "from"),
        service_to=_optional_day(period, "to"),
        link=_link(data),
    )


def _lines(data: Mapping[str, Any], currency: str) -> tuple[ExpenseLine, ...]:
    lines = tuple(_line(item) for item in _objects(data, "accountingEntryLines"))
    if not lines:
        raise MalformedExportItemError("accountingEntryLines", "is missing or empty")
    if any(line.amount.currency != currency for line in lines):
        raise MalformedExportItemError("accountingEntryLines", "is in several wallet currencies")
    return lines


def _line(item: Mapping[str, Any]) -> ExpenseLine:
    amount, _ = _amounts(item, "lineAmount")
    return ExpenseLine(amount=amount, account=_account(item, "account"), tax=_tax(item))


def _account(data: Mapping[str, Any], name: str) -> Account | None:
    account = _object(data, name)
    if account is None:
        return None
    identifier, code = _text(account, "identifier"), _text(account, "code")
    return Account(name=_text(account, "name") or code, identifier=identifier, code=code)


def _tax(item: Mapping[str, Any]) -> Tax | None:
    tax = _object(item, "tax")
    if tax is None:
        return None
    amount = (_object(tax, "amount") or {}).get("inWalletCurrency")
    value = _number(amount.get("value"), "tax.amount") if isinstance(amount, Mapping) else None
    rate = _number(tax.get("rate"), "tax.rate")
    return Tax(rate=rate, type=_required(tax, "type"), code=_text(tax, "code"), amount=value)


def _amounts(data: Mapping[str, Any], name: str) -> tuple[Money, Money]:
    """The wallet's and the supplier's amount of a pair; without the latter the former stands for both."""
    pair = _object(data, name)
    wallet = _object(pair, "inWalletCurrency") if pair else None
    if pair is None or wallet is None:
        raise MalformedExportItemError(name, "is missing")
    supplier = _object(pair, "inSupplierCurrency") or wallet
    return _money(wallet, name), _money(supplier, name)


def _money(money: Mapping[str, Any], name: str) -> Money:
    """Pleo's `value` counts minor units of the currency (docs/assumptions.md#pleo-export-amounts)."""
    value = _number(money.get("value"), name)
    if value != value.to_integral_value():
        raise MalformedExportItemError(name, "is not a whole number of minor units")
    return Money(int(value), _required(money, "currency"))


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise MalformedExportItemError(name, "is not an exact number")
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= _MOST_MINOR:
        raise MalformedExportItemError(name, "is not a plausible number")
    return number


def _file(item: Mapping[str, Any]) -> File:
    size = item.get("size")
    known = None if size is None else int(_number(size, "files.size"))
    return File(_required(item, "url"), _text(item, "type"), known)


def _supplier(data: Mapping[str, Any]) -> Party:
    party = _object(data, "supplier") or {}
    return Party(name=_text(party, "name"), country=_country(party), tax_id=_tax_id(party, "taxIdentifier"))


def _vendor(data: Mapping[str, Any]) -> Party:
    party = _object(data, "vendor") or {}
    return Party(name=_text(party, "name"), country=_country(party), tax_id=_tax_id(party, "taxRegistrationNumber"))


def _country(party: Mapping[str, Any]) -> str:
    code = _text(party, "country").upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""  # not "UNDEFINED"


def _tax_id(party: Mapping[str, Any], name: str) -> str:
    return "".join(ch for ch in _text(party, name).upper() if ch.isascii() and ch.isalnum())


def _invoice(information: Mapping[str, Any]) -> Invoice | None:
    invoice = _object(information, "invoiceInformation")
    if invoice is None:
        return None
    day = _optional_day(invoice, "invoiceDate")
    if day is None:
        raise MalformedExportItemError("invoiceDate", "is missing")
    return Invoice(number=_text(invoice, "invoiceNumber"), day=day, due_date=_optional_day(invoice, "dueDate"))


def _link(data: Mapping[str, Any]) -> str:
    web = _object(_object(data, "_links") or {}, "web") or {}
    return next((link for link in web.values() if isinstance(link, str) and link.startswith("https://")), "")


def _identifier(data: Mapping[str, Any], name: str) -> str:
    text = _required(data, name)
    # Ids become keys and references: nothing but what a UUID is made of may pass.
    if len(text) > 64 or not all(ch.isascii() and (ch.isalnum() or ch == "-") for ch in text):
        raise MalformedExportItemError(name, "is not an id")
    return text.lower()


def _required(data: Mapping[str, Any], name: str) -> str:
    text = _text(data, name)
    if not text or not text.isprintable():
        raise MalformedExportItemError(name, "is missing or not a readable text")
    return text


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = data.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise MalformedExportItemError(name, "is not an object")
    return value


def _objects(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = _list(data, name)
    if not all(isinstance(item, Mapping) for item in items):
        raise MalformedExportItemError(name, "is not a list of objects")
    return list(items)


def _list(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = data.get(name)
    if value is not None and not isinstance(value, list):
        raise MalformedExportItemError(name, "is not a list")
    return value or []


def _moment(data: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_required(data, name))
    except ValueError as error:
        raise MalformedExportItemError(name, "is not a date-time") from error
    # Beyond these years no time zone can be applied; no payment is from there.
    if moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise MalformedExportItemError(name, "is not a plausible date-time with a zone")
    return moment.astimezone(UTC)


def _optional_day(data: Mapping[str, Any], name: str) -> date | None:
    """A day that may be written as date or as date-time, as Pleo's own documentation does."""
    if data.get(name) is None:
        return None
    try:
        day = date.fromisoformat(_required(data, name)[:10])
    except ValueError as error:
        raise MalformedExportItemError(name, "is not a date") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise MalformedExportItemError(name, "is not a plausible date")
    return day
