"""Parse Pleo's export items.

- Shape: `ExportItem` of the Export API v3 (https://developers.pleo.io).
- Numbers are int or Decimal, never float.
- Fields that decide the voucher (amounts, accounts, taxes, files, invoice dates) must be valid, or the item is
  malformed.
- Fields that are only displayed (names, notes) may be missing.
- Unknown fields and enum values are accepted. null counts as missing.
"""

from collections.abc import Mapping
from typing import Any

from shared.domain.exporting.expense import Account, Expense, ExpenseLine, File, Invoice, Party, Tax
from shared.domain.money import Money
from shared.pleo import fields
from shared.pleo.fields import MalformedFieldError


class MalformedExportItemError(ValueError):
    """A field that the voucher needs is missing or invalid.

    `field` names it. `entry_id` names the item, "" if the id itself is missing or invalid.
    """

    def __init__(self, field: str, problem: str, entry_id: str = "") -> None:
        self.field = field
        self.entry_id = entry_id
        super().__init__(f"{field} {problem}")


def parse(data: object) -> Expense:
    """Parse one export item. Raises MalformedExportItemError."""
    if not isinstance(data, Mapping):
        raise MalformedExportItemError("item", "is not an object")
    entry_id = ""
    try:
        entry_id = fields.identifier(data, "accountingEntryId")
        return _expense(data, entry_id)
    except MalformedFieldError as error:
        raise MalformedExportItemError(error.field, error.problem, entry_id) from error


def _expense(data: Mapping[str, Any], entry_id: str) -> Expense:
    paid, original = _amounts(data, "amount")
    information = fields.structure(data, "additionalInformation") or {}
    period = fields.structure(data, "servicePeriod") or {}
    return Expense(
        entry_id=entry_id,
        type=fields.required(data, "type"),
        sub_type=fields.text(data, "subType") or None,
        booked_at=fields.moment(data, "date"),
        paid=paid,
        original=original,
        lines=_lines(data, paid.currency),
        book_id=fields.required(information, "reconciliationId"),
        supplier=_supplier(data),
        vendor=_vendor(data),
        contra_account=_account(data, "contraAccount"),
        invoice=_invoice(information),
        files=tuple(_file(item) for item in fields.structures(data, "files")),
        note=fields.text(data, "note"),
        user=fields.text(fields.structure(data, "user") or {}, "name"),
        attendees=tuple(
            name for name in fields.sequence(information, "attendees") if isinstance(name, str) and name.strip()
        ),
        service_from=fields.optional_day(period, "from"),
        service_to=fields.optional_day(period, "to"),
        link=_link(data),
    )


def _lines(data: Mapping[str, Any], currency: str) -> tuple[ExpenseLine, ...]:
    lines = tuple(_line(item) for item in fields.structures(data, "accountingEntryLines"))
    if not lines:
        raise MalformedFieldError("accountingEntryLines", "is missing or empty")
    if any(line.amount.currency != currency for line in lines):
        raise MalformedFieldError("accountingEntryLines", "is in several wallet currencies")
    return lines


def _line(item: Mapping[str, Any]) -> ExpenseLine:
    amount, _ = _amounts(item, "lineAmount")
    return ExpenseLine(amount=amount, account=_account(item, "account"), tax=_tax(item))


def _account(data: Mapping[str, Any], name: str) -> Account | None:
    account = fields.structure(data, name)
    if account is None:
        return None
    name = fields.text(account, "name") or fields.text(account, "code")
    return Account(name=name, identifier=fields.text(account, "identifier"))


def _tax(item: Mapping[str, Any]) -> Tax | None:
    tax = fields.structure(item, "tax")
    if tax is None:
        return None
    amount = (fields.structure(tax, "amount") or {}).get("inWalletCurrency")
    value = fields.number(amount.get("value"), "tax.amount") if isinstance(amount, Mapping) else None
    rate = fields.number(tax.get("rate"), "tax.rate")
    return Tax(rate=rate, type=fields.required(tax, "type"), code=fields.text(tax, "code"), amount=value)


def _amounts(data: Mapping[str, Any], name: str) -> tuple[Money, Money]:
    """Return the amounts in wallet and supplier currency. Without a supplier amount, both are the wallet's."""
    pair = fields.structure(data, name)
    wallet = fields.structure(pair, "inWalletCurrency") if pair else None
    if pair is None or wallet is None:
        raise MalformedFieldError(name, "is missing")
    supplier = fields.structure(pair, "inSupplierCurrency") or wallet
    return _money(wallet, name), _money(supplier, name)


def _money(money: Mapping[str, Any], name: str) -> Money:
    """Parse an amount: `value` is in minor units of the currency (docs/assumptions.md#pleo-export-amounts)."""
    value = fields.number(money.get("value"), name)
    if value != value.to_integral_value():
        raise MalformedFieldError(name, "is not a whole number of minor units")
    return Money(int(value), fields.required(money, "currency"))


def _file(item: Mapping[str, Any]) -> File:
    size = item.get("size")
    known = None if size is None else int(fields.number(size, "files.size"))
    return File(fields.required(item, "url"), fields.text(item, "type"), known)


def _supplier(data: Mapping[str, Any]) -> Party:
    party = fields.structure(data, "supplier") or {}
    return Party(name=fields.text(party, "name"), country=_country(party), tax_id=_tax_id(party, "taxIdentifier"))


def _vendor(data: Mapping[str, Any]) -> Party:
    party = fields.structure(data, "vendor") or {}
    return Party(
        name=fields.text(party, "name"), country=_country(party), tax_id=_tax_id(party, "taxRegistrationNumber")
    )


def _country(party: Mapping[str, Any]) -> str:
    code = fields.text(party, "country").upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""  # "UNDEFINED" counts as missing


def _tax_id(party: Mapping[str, Any], name: str) -> str:
    return "".join(ch for ch in fields.text(party, name).upper() if ch.isascii() and ch.isalnum())


def _invoice(information: Mapping[str, Any]) -> Invoice | None:
    invoice = fields.structure(information, "invoiceInformation")
    if invoice is None:
        return None
    day = fields.optional_day(invoice, "invoiceDate")
    if day is None:
        raise MalformedFieldError("invoiceDate", "is missing")
    return Invoice(
        number=fields.text(invoice, "invoiceNumber"), day=day, due_date=fields.optional_day(invoice, "dueDate")
    )


def _link(data: Mapping[str, Any]) -> str:
    web = fields.structure(fields.structure(data, "_links") or {}, "web") or {}
    return next((link for link in web.values() if isinstance(link, str) and link.startswith("https://")), "")
