"""Export type and subtype of an entry, and which entries can be exported.

Types: https://developers.pleo.io/docs/expense-types. How a type follows from the family of an entry is not documented.
This table is the stand-in's own inference (docs/assumptions.md#pleo-entry-families). An entry may override it.
"""

from local.pleo.wire import Json

TYPES = (
    *("card_purchase", "card_invoice", "out_of_pocket", "mileage", "per_diem", "external_reimbursement"),
    *("direct_reimbursement", "invoice", "invoice_payment", "chargeback", "refund", "cashback", "atm_withdrawal"),
    *("wallet_topup", "wallet_unload", "personal_spend", "fee"),
)
# https://developers.pleo.io/reference/export-api/multi-currency-configuration
WITH_CONTRA_ACCOUNT = frozenset(TYPES) - {"out_of_pocket", "mileage", "per_diem", "external_reimbursement", "invoice"}
MONEY_IN = frozenset({"chargeback", "refund", "cashback", "wallet_topup"})
MONEY_IN_SUB_TYPES = frozenset(
    {"invoice_payment_returned", "reimbursement_to_employee_refund", "reimbursement_to_company"}
)
WALLET = frozenset({"wallet_topup", "wallet_unload"})

_BY_KIND: dict[tuple[str, str], tuple[str, str | None]] = {
    ("CARD_PURCHASE", ""): ("card_purchase", None),
    ("CARD_PURCHASE", "ATM"): ("atm_withdrawal", None),
    ("CASHBACK", ""): ("cashback", None),
    ("OUT_OF_POCKET", ""): ("out_of_pocket", None),
    ("MILEAGE", ""): ("mileage", None),
    ("PER_DIEM", ""): ("per_diem", None),
    ("OVERDRAFT", ""): ("fee", None),
    ("OVERDRAFT", "INTEREST"): ("fee", "interest"),
    ("PLEO_INVOICE", ""): ("fee", None),
    ("PLEO_INVOICE", "PLEO_INVOICE_REFUND"): ("refund", None),
    ("WALLET", "LOAD"): ("wallet_topup", None),
    ("WALLET", "UNLOAD"): ("wallet_unload", None),
    ("WALLET", "WITHDRAWAL"): ("wallet_unload", None),
    ("WALLET", "FEE"): ("fee", None),
    ("BILL_INVOICE", ""): ("invoice", None),
    ("BILL_INVOICE_PAYMENT", ""): ("invoice_payment", "invoice_payment_sent"),
    ("BILL_INVOICE_PAYMENT", "BILL_INVOICE_PAYMENT_RETURNED"): ("invoice_payment", "invoice_payment_returned"),
}


def kind_of(entry: Json) -> tuple[str, str | None]:
    """Return `(type, subType)` of the export item. An empty type: the entry is never on the export page."""
    book = entry.get("_book") or {}
    kind, sub_kind = _inferred(entry)
    return book.get("type", kind), book.get("sub_type", sub_kind if "type" not in book else None)


def exportable(entry: Json) -> bool:
    """Return whether the entry is settled, not deleted, and of a kind that Pleo exports."""
    done = entry.get("settledAt") is not None or entry["status"] == "COMPLETED_EXTERNALLY"
    dead = entry.get("deletedAt") or entry["status"] in {"CANCELLED", "REJECTED", "ERROR"}
    return bool(done and not dead and kind_of(entry)[0])


def _inferred(entry: Json) -> tuple[str, str | None]:
    family, sub_family = entry["family"], entry.get("subFamily") or ""
    if family == "CARD_PURCHASE" and entry["transactionValue"]["minors"] < 0:
        return "refund", None
    if family == "REIMBURSEMENT":
        external = entry["status"] == "COMPLETED_EXTERNALLY"
        return "external_reimbursement" if external else "direct_reimbursement", sub_family.lower() or None
    return _BY_KIND.get((family, sub_family)) or _BY_KIND.get((family, ""), ("", None))
