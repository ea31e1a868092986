"""Reference, counterparty and purpose of a line. The texts are in shared/texts."""

from datetime import datetime

from shared.domain.feeding.entry import Entry
from shared.domain.text import one_line
from shared.domain.times import booking_date
from shared.texts import books
from shared.texts.labels import KINDS

# lexoffice documents no limit for these fields, so SEPA's limits apply (docs/assumptions.md#lexoffice-text-lengths).
PURPOSE_LIMIT = 140
NAME_LIMIT = 70


def external_reference(entry_id: str, revision: int = 1) -> str:
    """Return the key by which lexoffice recognises a line that was already sent.

    It depends on entry and revision only: revision 1 is the entry itself, later ones are corrections
    (https://developers.lexware.io/partner/docs, Finance Endpoint, `externalReference`).
    """
    return f"pleo-{entry_id}" if revision == 1 else f"pleo-{entry_id}-{revision}"


def counterparty(entry: Entry, kind: str) -> str:
    """Return the merchant. Without one, return "unknown" for a purchase or refund and Pleo for every other kind."""
    fallback = books.UNKNOWN if kind in {"card_purchase", "refund"} else books.PLEO
    return one_line(entry.merchant, NAME_LIMIT) or fallback


def purpose(entry: Entry, kind: str) -> str:
    """Return the line's text: kind and merchant, then payment day and original amount where they differ.

    The payment day is included if it differs from the settlement day, the original amount if it is in another currency.
    """
    words = [KINDS[kind].de if kind in KINDS else books.UNKNOWN_KIND]
    merchant = one_line(entry.merchant, NAME_LIMIT)
    if merchant:
        words.append(merchant)
    paid_on = booking_date(entry.performed_at)
    if entry.settled_at is not None and paid_on != booking_date(entry.settled_at):
        words.append(books.PAID_ON.format(day=f"{paid_on:%d.%m.%Y}"))
    if entry.bill is not None and entry.bill.currency != entry.value.currency:
        words.append(f"({str(entry.value).lstrip('-')})")
    return _within_limit(" ".join(words), merchant)


def correction_purpose(old: str, merchant: str, when: datetime) -> str:
    """Return the text of a correction line: what it corrects and when Pleo reported the change.

    `merchant`: the counterparty of the corrected line, whose text is `old`.
    """
    return _within_limit(books.CORRECTION.format(day=f"{booking_date(when):%d.%m.%Y}", text=old), merchant)


def _within_limit(text: str, merchant: str) -> str:
    """Return the text within the limit. A long merchant is shortened, because day and amount behind it must stay."""
    excess = len(text) - PURPOSE_LIMIT
    if 0 < excess < len(merchant):
        text = text.replace(merchant, one_line(merchant, len(merchant) - excess), 1)
    return one_line(text, PURPOSE_LIMIT)
