"""What each type of Pleo's export items becomes in lexoffice: the one table, shown to accountants in docs/mapping.md.

The types are those of Pleo's Export API (https://developers.pleo.io, "Expense types"); the signs of their amounts are
not documented (docs/assumptions.md#pleo-export-amounts).
"""

from dataclasses import dataclass
from enum import StrEnum


class Treatment(StrEnum):
    """What happens to an export item."""

    EXPENSE = "purchase invoice"
    CREDIT = "purchase credit note"
    EITHER = "purchase invoice, or purchase credit note if it came back"
    NO_VOUCHER = "success without voucher"
    PAID_PRIVATELY = "refused: not paid from the wallet"
    REIMBURSEMENT = "refused: reimbursement"


@dataclass(frozen=True, slots=True)
class ExportRule:
    """One row. `german` and `english` name the type to people.

    `contra`: Pleo sends a contra account for this type, so it must be there and be the wallet. `receipt`: input VAT
    needs a receipt (UStG §15). `untaxed`: no tax code means no tax, because these rarely carry any. `own_number`,
    `own_dates`: the supplier's invoice gives number or dates to the voucher.
    """

    type: str
    german: str
    english: str
    treatment: Treatment
    contra: bool = True
    receipt: bool = False
    untaxed: bool = False
    own_number: bool = False
    own_dates: bool = False


RULES: tuple[ExportRule, ...] = (
    ExportRule("card_purchase", "Kartenzahlung", "Card payment", Treatment.EXPENSE, receipt=True),
    ExportRule(
        "card_invoice",
        "Rechnung mit Karte bezahlt",
        "Invoice paid by card",
        Treatment.EXPENSE,
        receipt=True,
        own_number=True,
    ),
    ExportRule("personal_spend", "Private Kartenzahlung", "Private card payment", Treatment.EXPENSE, untaxed=True),
    ExportRule("atm_withdrawal", "Bargeldabhebung", "Cash withdrawal", Treatment.EXPENSE, untaxed=True),
    ExportRule("fee", "Pleo-Gebühr", "Pleo fee", Treatment.EITHER, untaxed=True),
    ExportRule("refund", "Erstattung", "Refund", Treatment.CREDIT),
    ExportRule("chargeback", "Rückbuchung", "Chargeback", Treatment.CREDIT),
    ExportRule("cashback", "Pleo-Cashback", "Pleo cashback", Treatment.CREDIT, untaxed=True),
    ExportRule(
        "invoice",
        "Rechnung",
        "Invoice",
        Treatment.EXPENSE,
        contra=False,
        receipt=True,
        own_number=True,
        own_dates=True,
    ),
    ExportRule("invoice_payment", "Rechnungszahlung", "Invoice payment", Treatment.NO_VOUCHER, contra=False),
    ExportRule("wallet_topup", "Wallet-Aufladung", "Wallet top-up", Treatment.NO_VOUCHER, contra=False),
    ExportRule("wallet_unload", "Wallet-Auszahlung", "Wallet withdrawal", Treatment.NO_VOUCHER, contra=False),
    ExportRule("withdrawal", "Wallet-Auszahlung", "Wallet withdrawal", Treatment.NO_VOUCHER, contra=False),
    ExportRule("direct_reimbursement", "Rückerstattung", "Reimbursement", Treatment.REIMBURSEMENT, contra=False),
    ExportRule("out_of_pocket", "Privatauslage", "Out-of-pocket expense", Treatment.PAID_PRIVATELY, contra=False),
    ExportRule("mileage", "Kilometergeld", "Mileage", Treatment.PAID_PRIVATELY, contra=False),
    ExportRule("per_diem", "Verpflegungspauschale", "Per diem", Treatment.PAID_PRIVATELY, contra=False),
    ExportRule(
        "external_reimbursement",
        "Rückerstattung außerhalb von Pleo",
        "Reimbursement outside of Pleo",
        Treatment.PAID_PRIVATELY,
        contra=False,
    ),
)
BY_TYPE = {rule.type: rule for rule in RULES}
