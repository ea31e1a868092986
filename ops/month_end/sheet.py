"""The month-end sheet of one company as data: sorts facts into sections. Pure.

An item's kind and the reason why it is listed are stable words; ops/month_end/labels.py has their German texts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ops.month_end.balance import MonthBalance, balance_of, provisional
from ops.month_end.facts import MadeVoucher, MonthFacts, Payment
from shared.domain.exporting.match import MatchState
from shared.domain.exporting.voucher_facts import BookedVoucher
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import WALLET_CURRENCY
from shared.domain.lookup.expense_facts import ExportOutcome
from shared.domain.lookup.expense_halves import LineState, needs_voucher
from shared.domain.lookup.expense_state import ExpenseState
from shared.domain.money import Money


class Section(StrEnum):
    """A section of the sheet, in this order."""

    BY_HAND = "by_hand"
    NOT_FED = "not_fed"
    NOT_EXPORTED = "not_exported"
    NO_RECEIPT = "no_receipt"
    REVERSE_CHARGE = "reverse_charge"
    FOREIGN = "foreign"
    MEALS = "meals"
    UNMATCHED = "unmatched"
    UNKNOWN = "unknown"


_PAYMENTS_OF_INVOICES = frozenset({"invoice_payment", "invoice_payment_received"})
_UNFED = frozenset({LineState.WAITING, LineState.FAILED, LineState.HELD})
_LOST = frozenset({MatchState.VOIDED, MatchState.GONE})
# Why a line is not matched to its voucher; "" if it is.
_MATCHES = {
    MatchState.ACCEPTED: "",
    MatchState.SETTLED: "",
    MatchState.ELSEWHERE: "settled_elsewhere",
    MatchState.VOIDED: "voucher_voided",
    MatchState.GONE: "voucher_gone",
}
_EXPORTS = {
    None: "never_exported",
    ExportOutcome.RUNNING: "export_running",
    ExportOutcome.SUCCESSFUL: "no_voucher",
}
_MEAL_NOTICES = ("NO_ATTENDEES", "RESTAURANT_RATE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a section.

    - `amount`: cents as seen from the wallet, negative for money out; None if unknown
    - `part`: cents of the amount that the section is about, unsigned: the part on which tax is owed, or the tip
    - `why`: stable words, or codes of the error catalogue
    - `values`: values of the placeholders in their texts
    """

    entry_id: str
    kind: str
    day: date | None
    amount: int | None
    name: str
    part: int | None = None
    book_id: str = ""
    number: str = ""
    categories: tuple[str, ...] = ()
    rates: tuple[int, ...] = ()
    country: str = ""
    original: Money | None = None
    why: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The month-end sheet.

    - `facts`: the facts it was made from
    - `sections`: items by section
    - `provisional`: why the sheet may still change, as stable words
    """

    facts: MonthFacts
    sections: dict[Section, tuple[Item, ...]]
    balance: MonthBalance
    provisional: tuple[str, ...] = field(default=())

    def cents(self, section: Section) -> int:
        """Return the sum of a section's known amounts."""
        return sum(item.amount or 0 for item in self.sections[section])


def sheet_of(facts: MonthFacts) -> Sheet:
    """Sort the facts into sections. A fact may be in several."""
    sections = {
        Section.BY_HAND: [_item(each) for each in facts.payments if each.state.line is LineState.BY_HAND],
        Section.NOT_FED: [_unfed_item(each) for each in facts.payments if each.state.line in _UNFED],
        Section.NOT_EXPORTED: [_failed_export_item(each) for each in facts.payments if each.state.export_failed],
        Section.NO_RECEIPT: [_receiptless_item(each) for each in _valid_vouchers(facts) if not each.record.files],
        Section.REVERSE_CHARGE: [item for each in _valid_vouchers(facts) for item in _reverse_charge_items(each)],
        Section.FOREIGN: [
            _foreign_item(each, booked) for each, booked in _known_bookings(facts) if _is_foreign(booked)
        ],
        Section.MEALS: [_meal_item(each, booked) for each, booked in _known_bookings(facts) if _is_meal(booked)],
        Section.UNMATCHED: [_item(each, why) for each in facts.payments if (why := _why_unmatched(each))],
        Section.UNKNOWN: [_voucher_item(each) for each in _valid_vouchers(facts) if each.record.booked is None],
    }
    order = {Section.FOREIGN: _by_country}
    return Sheet(
        facts=facts,
        sections={name: tuple(sorted(found, key=order.get(name, _by_day))) for name, found in sections.items()},
        balance=balance_of(facts),
        provisional=provisional(facts),
    )


# ------------------------------------------------------------------------------------------------ payments
def _unfed_item(payment: Payment) -> Item:
    row = payment.row
    why = "waiting" if payment.state.line is LineState.WAITING else row.reason or "other"
    return _item(payment, why, (("detail", row.detail),) if row.detail else ())


def _failed_export_item(payment: Payment) -> Item:
    return _item(payment, payment.state.code or "forgotten", payment.state.values)


def _why_unmatched(payment: Payment) -> str:
    """Return the known reason why a line is not matched to its voucher; "" if it is matched, or is not a line."""
    row, state = payment.row, payment.state
    if state.line is not LineState.SENT or row.destination is not Destination.LINE:
        return ""
    if row.revision > 1:
        return "correction"
    if not state.voucher.is_made:
        return _why_without_voucher(row.kind, state)
    if state.match in _MATCHES:
        return _MATCHES[state.match]
    return f"criterion_{state.unmet_criteria[0]}" if state.unmet_criteria else "open"


def _why_without_voucher(kind: str, state: ExpenseState) -> str:
    if kind in _PAYMENTS_OF_INVOICES:
        return "invoice_missing"
    if not needs_voucher(kind):
        return "no_voucher"
    return _EXPORTS.get(state.export, "export_failed")


def _item(payment: Payment, why: str = "", values: tuple[tuple[str, str], ...] = ()) -> Item:
    row, state = payment.row, payment.state
    return Item(
        entry_id=row.entry_id,
        kind=row.kind,
        day=row.day,
        amount=payment.amount,
        name=row.counterparty,
        book_id=state.book_id,
        number=state.voucher_number if state.voucher.is_made else "",
        why=(why,) if why else (),
        values=values,
    )


# ------------------------------------------------------------------------------------------------ vouchers
def _valid_vouchers(facts: MonthFacts) -> list[MadeVoucher]:
    """Return the vouchers of the month, except those known to be voided or deleted in lexoffice."""
    return [each for each in facts.vouchers if each.match not in _LOST]


def _known_bookings(facts: MonthFacts) -> Iterable[tuple[MadeVoucher, BookedVoucher]]:
    return ((each, each.record.booked) for each in _valid_vouchers(facts) if each.record.booked is not None)


def _voucher_item(made: MadeVoucher, *why: str, part: int | None = None, columns: Sequence[str] = ()) -> Item:
    """Return a voucher's item. `columns`: list only these categories; empty means all."""
    record, row, booked = made.record, made.row, made.record.booked
    shown = [each for each in booked.columns if not columns or each.category in columns] if booked else []
    return Item(
        entry_id=record.entry_id,
        kind=row.kind if row else "",
        day=booked.day if booked else row.day if row else None,
        amount=booked.effect if booked else row.amount if row else None,
        name=row.counterparty if row else "",
        part=part,
        number=record.number,
        categories=tuple(dict.fromkeys(each.category for each in shown)),
        rates=tuple(sorted({each.rate for each in shown})),
        country=booked.country if booked else "",
        original=booked.original if booked else None,
        why=why,
    )


def _receiptless_item(made: MadeVoucher) -> Item:
    booked = made.record.booked
    found = [name for name in ("NO_RECEIPT", "NO_RECEIPT_TAX_KEPT") if booked and name in booked.notices]
    return _voucher_item(made, *found, *(["receipt_on_its_way"] if made.record.uploading else []))


def _reverse_charge_items(made: MadeVoucher) -> Iterable[Item]:
    """Yield one item per kind of tax that the recipient owes: each kind has its own line in the VAT return."""
    booked = made.record.booked
    if booked is None:
        return
    # A company without input VAT also owes this tax.
    free = ("TAX_FREE_REVERSE",) if "TAX_FREE_REVERSE" in booked.notices else ()
    for why, cents in (
        (("section_13b", *free), booked.section_13b),
        (("intra_community", *free), booked.intra_community),
        (free or ("REVERSE_CATEGORY",), booked.reverse),
    ):
        if cents:
            yield _voucher_item(made, *why, part=cents)


def _is_foreign(booked: BookedVoucher) -> bool:
    """Return True for a foreign supplier or currency, unless the whole voucher is reverse charge."""
    gross = abs(booked.effect)
    owed = booked.section_13b + booked.intra_community + booked.reverse
    return (booked.foreign or booked.original.currency != WALLET_CURRENCY) and owed < gross


def _foreign_item(made: MadeVoucher, booked: BookedVoucher) -> Item:
    return _voucher_item(made, *(["FOREIGN_SUPPLIER"] if "FOREIGN_SUPPLIER" in booked.notices else []))


def _is_meal(booked: BookedVoucher) -> bool:
    return booked.tip > 0 or any(name in booked.notices for name in _MEAL_NOTICES)


def _meal_item(made: MadeVoucher, booked: BookedVoucher) -> Item:
    return _voucher_item(made, *(name for name in _MEAL_NOTICES if name in booked.notices), part=booked.tip)


def _by_day(item: Item) -> tuple[date, str]:
    return item.day or date.max, item.entry_id


def _by_country(item: Item) -> tuple[str, date, str]:
    return item.country or "~", *_by_day(item)
