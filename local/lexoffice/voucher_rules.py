"""The rules for a valid voucher (https://developers.lexware.io/docs/#vouchers-endpoint); reported all at once."""

from datetime import date
from decimal import Decimal
from typing import Literal, cast

from local.lexoffice import clock, problems
from local.lexoffice.call import LexofficeCall
from local.lexoffice.category_list import StoredCategory
from local.lexoffice.column_tax import cents, split_columns, wrong_columns
from local.lexoffice.reading import Reader, euros
from local.lexoffice.voucher_records import TYPES, StoredVoucher, VoucherItem
from local.lexoffice.wire import Json
from local.standin.clock import BERLIN

# https://developers.lexware.io/docs/#faq-valid-tax-rates: on bookkeeping vouchers whatever the date.
RATES = (0, 5, 7, 16, 19)
_DISTANCE_SALES = frozenset(
    {
        "7c112b66-0565-479c-bc18-5845e080880a",
        "d73b880f-c24a-41ea-a862-18d90e1c3d82",
        "4ebd965a-7126-416c-9d8c-a5c9366ee473",
        "7ecea006-844c-4c98-a02d-aa3142640dd5",
    }
)


def read_voucher(call: LexofficeCall, reader: Reader, *, timestamps: bool) -> StoredVoucher:
    """Read and check all but status, version and files; raise lexoffice's 406 with all violations.

    `timestamps` lets a client send dates in the format in which it read them.
    """
    now = call.world.clock.now()
    kind = reader.choice("type", TYPES) or "purchaseinvoice"
    day = _day(reader, "voucherDate", timestamps=timestamps, required=True) or now.astimezone(BERLIN).date()
    switches = call.world.switches
    voucher = StoredVoucher(
        organization_id=call.organization.id,
        created=now,
        modified=now,
        type=kind,
        number=reader.text("voucherNumber", required=True, max_length=switches.voucher_number_max_length),
        voucher_date=day,
        due_date=_day(reader, "dueDate", timestamps=timestamps) or day,
        shipping_date=_day(reader, "shippingDate", timestamps=timestamps),
        total=euros(reader.money("totalGrossAmount", required=True) or Decimal()),
        tax=euros(reader.money("totalTaxAmount", required=True) or Decimal()),
        tax_type=cast('Literal["net", "gross"]', reader.choice("taxType", ("net", "gross")) or "gross"),
        contact_name=reader.text("contactName", max_length=switches.contact_name_max_length),
        remark=reader.text("remark", max_length=switches.remark_max_length),
    )
    if voucher.shipping_date is not None and voucher.is_purchase:
        reader.refuse("shippingDate", "invalid_value", "gibt es nur bei Einnahmen")
    items = _items(reader)
    _check_contact(call, reader, voucher)
    if items is not None:
        voucher.items = items
        _check_items(call, reader, voucher)
    _apply_refusal_rules(call, reader, voucher)
    if reader.violations:
        raise problems.invalid(*reader.violations)
    return voucher


def _day(reader: Reader, name: str, *, timestamps: bool, required: bool = False) -> date | None:
    text = reader.text(name, required=required)
    if text is None:
        return None
    if timestamps and (moment := clock.parse_finance_timestamp(text)) is not None:
        return moment.astimezone(BERLIN).date()
    found = clock.parse_day(text)
    if found is None:
        reader.refuse(name, "invalid_value", "muss dem Format yyyy-MM-dd entsprechen")
    return found


def _items(reader: Reader) -> list[VoucherItem] | None:
    """Read the items; None if one of them is unusable for computing."""
    raw = reader.source.get("voucherItems")
    if not isinstance(raw, list) or not raw:
        reader.refuse("voucherItems", "missing_entity", "darf nicht leer sein")
        return None
    items = [_item(reader, item, f"voucherItems[{index}]") for index, item in enumerate(raw)]
    return None if None in items else cast("list[VoucherItem]", items)


def _item(parent: Reader, raw: Json, path: str) -> VoucherItem | None:
    reader = Reader(raw if isinstance(raw, dict) else {}, f"{path}.")
    amount, tax = reader.money("amount", required=True), reader.money("taxAmount", required=True)
    rate, category = reader.whole("taxRatePercent", required=True), reader.uuid("categoryId")
    # A credit is a voucher of its own type with positive amounts. Items of amount zero are not accepted.
    if amount is not None and amount <= 0:
        reader.refuse("amount", "invalid_value", "muss größer als 0 sein")
    if tax is not None and tax < 0:
        reader.refuse("taxAmount", "invalid_taxamount", "darf nicht kleiner als 0 sein")
    parent.violations.extend(reader.violations)
    if amount is None or tax is None or rate is None or category is None or reader.violations:
        return None
    return VoucherItem(amount=euros(amount), tax_amount=euros(tax), tax_rate=rate, category_id=category)


def _check_contact(call: LexofficeCall, reader: Reader, voucher: StoredVoucher) -> None:
    collective = reader.source.get("useCollectiveContact")
    if collective is not None and not isinstance(collective, bool):
        reader.refuse("useCollectiveContact", "invalid_value", "muss true oder false sein")
    voucher.collective_contact = collective is True
    if voucher.collective_contact:
        return
    if reader.source.get("contactId") is None:
        # This key differs from that of every other missing field.
        reader.refuse("contactId", "Missing_ContactId", "darf nicht leer sein")
        return
    contact = call.world.contacts.get(reader.uuid("contactId") or "")
    if contact is None or contact.organization_id != call.organization.id:
        reader.refuse("contactId", "invalid_value", "Kontakt nicht gefunden")
        return
    if (contact.vendor_number if voucher.is_purchase else contact.customer_number) is None:
        reader.refuse("contactId", "invalid_value", "hat nicht die passende Rolle")
    voucher.contact_id = contact.id


def _check_items(call: LexofficeCall, reader: Reader, voucher: StoredVoucher) -> None:
    gross = voucher.tax_type == "gross"
    taxes = sum(cents(item.tax_amount) for item in voucher.items)
    total = sum(cents(item.amount) for item in voucher.items) + (0 if gross else taxes)
    if total != cents(voucher.total):
        reader.refuse("totalGrossAmount", "invalid_total_amount", "entspricht nicht der Summe der Positionen")
    if taxes != cents(voucher.tax):
        reader.refuse("totalTaxAmount", "invalid_taxamount", "entspricht nicht der Summe der Steuern")
    _check_categories(call, reader, voucher)
    if not _rates_are_known(call, reader, voucher):
        return
    for index in wrong_columns(voucher.items, gross=gross, tolerance=call.world.switches.tax_tolerance_cents):
        reader.refuse(f"voucherItems[{index}].taxAmount", "invalid_taxamount", "passt nicht zum Steuersatz")


def _rates_are_known(call: LexofficeCall, reader: Reader, voucher: StoredVoucher) -> bool:
    """Report every invalid rate; return whether tax can be computed."""
    organization = call.organization
    taxed = not (organization.small_business or organization.tax_type == "vatfree")
    for index, item in enumerate(voucher.items):
        if item.tax_rate not in (RATES if taxed else (0,)):
            source = f"voucherItems[{index}].taxRatePercent"
            reader.refuse(source, f"invalid_taxrate_{item.tax_rate}", "ist kein zulässiger Steuersatz")
    return all(item.tax_rate in RATES for item in voucher.items)


def _check_categories(call: LexofficeCall, reader: Reader, voucher: StoredVoucher) -> None:
    known = {category.id: category for category in call.world.categories}
    found = [known.get(item.category_id) for item in voucher.items]
    for index, category in enumerate(found):
        _check_category(reader, voucher, category, f"voucherItems[{index}].categoryId")
    unsplittable = {category.id for category in known.values() if not category.split_allowed}
    for index in split_columns(voucher.items, unsplittable):
        reader.refuse(f"voucherItems[{index}].taxRatePercent", "invalid_value", "nur ein Steuersatz je Kategorie")
    if any(category is not None and category.contact_required for category in found) and voucher.contact_id is None:
        reader.refuse("contactId", "Missing_ContactId", "wird für diese Kategorie gebraucht")
    distant = {item.category_id in _DISTANCE_SALES for item in voucher.items}
    if len(distant) > 1:
        reader.refuse("voucherItems", "invalid_value", "Fernverkauf darf nicht gemischt werden")


def _check_category(reader: Reader, voucher: StoredVoucher, category: StoredCategory | None, source: str) -> None:
    if category is None:
        reader.refuse(source, "invalid_value", "Kategorie nicht gefunden")
    elif category.type != ("outgo" if voucher.is_purchase else "income"):
        reader.refuse(source, "invalid_value", "passt nicht zur Art des Belegs")


def _apply_refusal_rules(call: LexofficeCall, reader: Reader, voucher: StoredVoucher) -> None:
    for rule in call.organization.refusal_rules:
        if rule.voucher_number is not None and rule.voucher_number == voucher.number:
            reader.refuse("voucherNumber", rule.violation, rule.message)
