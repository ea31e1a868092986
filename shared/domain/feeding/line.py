"""How an entry reads as a line of the finance account: text and reference."""

from datetime import datetime

from shared.domain.feeding.entry import Entry
from shared.domain.text import one_line
from shared.domain.times import booking_date

# lexoffice documents no limit for these fields; SEPA's lengths are what people and exports are used to
# (docs/assumptions.md#lexoffice-text-lengths).
PURPOSE_LIMIT = 140
NAME_LIMIT = 70

_LABELS = {
    "card_purchase": "Kartenzahlung",
    "atm_withdrawal": "Bargeldabhebung",
    "refund": "Erstattung",
    "cashback": "Pleo-Cashback",
    "fee": "Pleo-Gebühr",
    "fee_refund": "Erstattung Pleo-Gebühr",
    "invoice_payment": "Rechnungszahlung",
    "invoice_payment_returned": "Rückläufer Rechnungszahlung",
    "wallet_topup": "Wallet-Aufladung",
    "wallet_unload": "Wallet-Auszahlung",
    "withdrawal": "Wallet-Auszahlung",
    "direct_reimbursement": "Rückerstattung an Mitarbeiter",
    "direct_reimbursement_returned": "Rückläufer Rückerstattung",
    "reimbursement_to_company": "Rückzahlung an das Unternehmen",
}


def external_reference(entry_id: str, revision: int = 1) -> str:
    """The key by which lexoffice recognises a line it already has: a pure function of entry and revision.

    Revision 1 is the entry itself, later ones are corrections (https://developers.lexware.io/partner/docs,
    Finance Endpoint, `externalReference`).
    """
    return f"pleo-{entry_id}" if revision == 1 else f"pleo-{entry_id}-{revision}"


def label(kind: str) -> str:
    """The German word people read for a kind of entry."""
    return _LABELS.get(kind, "Pleo-Buchung")


def counterparty(entry: Entry, kind: str) -> str:
    """Who was paid or who paid; Pleo itself where there is no merchant."""
    return one_line(entry.merchant, NAME_LIMIT) or ("Pleo" if kind not in {"card_purchase", "refund"} else "Unbekannt")


def purpose(entry: Entry, kind: str) -> str:
    """What the bookkeeper reads: kind, merchant, day of the purchase, original currency where it differs."""
    words = [label(kind)]
    merchant = one_line(entry.merchant, NAME_LIMIT)
    if merchant:
        words.append(merchant)
    paid_on = booking_date(entry.performed_at)
    if entry.settled_at is not None and paid_on != booking_date(entry.settled_at):
        words.append(f"vom {paid_on:%d.%m.%Y}")
    if entry.bill is not None and entry.bill.currency != entry.value.currency:
        words.append(f"({_absolute(str(entry.value))})")
    return one_line(" ".join(words), PURPOSE_LIMIT)


def correction_purpose(old: str, when: datetime) -> str:
    """The text of a correction line: what it corrects and when Pleo reported the change."""
    return one_line(f"Korrektur {booking_date(when):%d.%m.%Y} zu: {old}", PURPOSE_LIMIT)


def _absolute(text: str) -> str:
    return text.lstrip("-")
