"""The table of what each type of Pleo's export items becomes in lexoffice. docs/mapping.md shows it to accountants.

The types are those of Pleo's Export API (https://developers.pleo.io, "Expense types"). The signs of their amounts are
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
    """One row. The label of the type is in shared/texts/labels.py.

    - `contra`: Pleo sends a contra account for this type, so it must be present and be the finance account.
    - `receipt`: input VAT requires a receipt (UStG §15).
    - `untaxed`: a missing tax code means no tax, because expenses of this type rarely have any.
    - `own_number`, `own_dates`: the voucher takes its number or its dates from the supplier's invoice.
    """

    type: str
    treatment: Treatment
    contra: bool = True
    receipt: bool = False
    untaxed: bool = False
    own_number: bool = False
    own_dates: bool = False


RULES: tuple[ExportRule, ...] = (
    ExportRule("card_purchase", Treatment.EXPENSE, receipt=True),
    ExportRule("card_invoice", Treatment.EXPENSE, receipt=True, own_number=True),
    ExportRule("personal_spend", Treatment.EXPENSE, untaxed=True),
    ExportRule("atm_withdrawal", Treatment.EXPENSE, untaxed=True),
    ExportRule("fee", Treatment.EITHER, untaxed=True),
    ExportRule("refund", Treatment.CREDIT),
    ExportRule("chargeback", Treatment.CREDIT),
    ExportRule("cashback", Treatment.CREDIT, untaxed=True),
    ExportRule("invoice", Treatment.EXPENSE, contra=False, receipt=True, own_number=True, own_dates=True),
    ExportRule("invoice_payment", Treatment.NO_VOUCHER, contra=False),
    ExportRule("wallet_topup", Treatment.NO_VOUCHER, contra=False),
    ExportRule("wallet_unload", Treatment.NO_VOUCHER, contra=False),
    ExportRule("withdrawal", Treatment.NO_VOUCHER, contra=False),
    ExportRule("direct_reimbursement", Treatment.REIMBURSEMENT, contra=False),
    ExportRule("out_of_pocket", Treatment.PAID_PRIVATELY, contra=False),
    ExportRule("mileage", Treatment.PAID_PRIVATELY, contra=False),
    ExportRule("per_diem", Treatment.PAID_PRIVATELY, contra=False),
    ExportRule("external_reimbursement", Treatment.PAID_PRIVATELY, contra=False),
)
BY_TYPE = {rule.type: rule for rule in RULES}
