"""What goes where: the table that decides what a Pleo entry means for the finance account in lexoffice.

docs/what-goes-where.md shows the same table to accountants; a test compares the two. Families and sub-families are
those of Pleo's accounting entries. Kinds are Pleo's export types (https://developers.pleo.io, "Expense types"). How
entry families map to export types is inferred (docs/assumptions.md#pleo-entry-families).
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.feeding.entry import COMPLETED_EXTERNALLY, Entry


class Destination(StrEnum):
    """What happens to an entry."""

    LINE = "line"  # becomes one line in the finance account
    HAND = "hand"  # moves the wallet, but a bookkeeper enters it in lexoffice: listed with date, amount and direction
    NONE = "none"  # the wallet does not move
    HELD = "held"  # unknown: nothing is guessed, it must be checked by hand


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: entries of `family` and `sub_family` are of `kind` and go to `destination`.

    - `sub_family`: None matches every sub-family without a row of its own.
    - `direction`: +1 for money into the wallet, -1 for money out of it, 0 where the sign of Pleo's amount decides. In
      Pleo a purchase is positive and a refund negative (docs/assumptions.md#pleo-entry-sign).
    """

    family: str
    sub_family: str | None
    kind: str
    destination: Destination
    direction: int


RULES: tuple[Rule, ...] = (
    Rule("CARD_PURCHASE", "ATM", "atm_withdrawal", Destination.LINE, 0),
    Rule("CARD_PURCHASE", None, "card_purchase", Destination.LINE, 0),
    Rule("CASHBACK", None, "cashback", Destination.LINE, +1),
    Rule("PLEO_INVOICE", "PLEO_INVOICE_REFUND", "fee_refund", Destination.LINE, +1),
    Rule("PLEO_INVOICE", None, "fee", Destination.LINE, -1),
    Rule("OVERDRAFT", None, "fee", Destination.LINE, -1),
    Rule("WALLET", "FEE", "fee", Destination.LINE, -1),
    Rule(
        "BILL_INVOICE_PAYMENT",
        "BILL_INVOICE_PAYMENT_RETURNED",
        "invoice_payment_returned",
        Destination.LINE,
        +1,
    ),
    # Pleo does not document whether the supplier or the wallet receives it, so the entry is held
    # (docs/assumptions.md#pleo-entry-families).
    Rule("BILL_INVOICE_PAYMENT", "BILL_INVOICE_PAYMENT_RECEIVED", "invoice_payment_received", Destination.HELD, 0),
    Rule("BILL_INVOICE_PAYMENT", None, "invoice_payment", Destination.LINE, -1),
    Rule("BILL_INVOICE", None, "invoice", Destination.NONE, 0),
    Rule("WALLET", "LOAD", "wallet_topup", Destination.HAND, +1),
    Rule("WALLET", "UNLOAD", "wallet_unload", Destination.HAND, -1),
    Rule("WALLET", "WITHDRAWAL", "withdrawal", Destination.HAND, -1),
    Rule("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", "direct_reimbursement", Destination.HAND, -1),
    Rule(
        "REIMBURSEMENT",
        "REIMBURSEMENT_TO_EMPLOYEE_REFUND",
        "direct_reimbursement_returned",
        Destination.HAND,
        +1,
    ),
    Rule("REIMBURSEMENT", "REIMBURSEMENT_TO_COMPANY", "reimbursement_to_company", Destination.HAND, +1),
    Rule("OUT_OF_POCKET", None, "out_of_pocket", Destination.NONE, 0),
    Rule("MILEAGE", None, "mileage", Destination.NONE, 0),
    Rule("PER_DIEM", None, "per_diem", Destination.NONE, 0),
)
_BY_KEY = {(rule.family, rule.sub_family): rule for rule in RULES}
_OPPOSITE = {"card_purchase": "refund", "atm_withdrawal": "refund"}


@dataclass(frozen=True, slots=True)
class Classification:
    """The decision for one entry: kind, destination and direction.

    `direction` is +1 for money into the wallet, -1 for money out of it, 0 if unknown or if the wallet does not move.
    """

    kind: str
    destination: Destination
    direction: int


def classify(entry: Entry) -> Classification:
    """Classify an entry by the table. An entry that the table does not know is held, never guessed."""
    rule = _BY_KEY.get((entry.family, entry.sub_family)) or _BY_KEY.get((entry.family, None))
    if entry.status == COMPLETED_EXTERNALLY and (rule or entry.family == "REIMBURSEMENT"):
        # Paid outside Pleo, so the wallet did not move, whatever the kind.
        kind = "external_reimbursement" if rule is None or entry.family == "REIMBURSEMENT" else rule.kind
        return Classification(kind, Destination.NONE, 0)
    if rule is None:
        return Classification(f"{entry.family}/{entry.sub_family or '-'}", Destination.HELD, 0)
    if rule.direction or rule.destination is not Destination.LINE:
        return Classification(rule.kind, rule.destination, rule.direction)
    amount = entry.bill or entry.value
    if amount.minor < 0:
        return Classification(_OPPOSITE[rule.kind], rule.destination, +1)
    return Classification(rule.kind, rule.destination, -1)


def is_card_purchase(entry: Entry) -> bool:
    """Whether Pleo sends a webhook for an entry: a settled card payment (docs/assumptions.md#pleo-card-events)."""
    return entry.settled and classify(entry).kind == "card_purchase"
