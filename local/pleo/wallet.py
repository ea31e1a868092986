"""The effect of each kind of entry on the wallet, implemented a second time on purpose, apart from the product.

Sources: the families and sub-families of https://developers.pleo.io/reference/accounting-entries. Card entries carry
their direction in the sign (a refund is negative). The direction of all others follows from the kind alone, so that
the switch for signs cannot change a balance.
"""

from collections.abc import Iterable

from local.pleo.wire import Json

OUT, IN, NOTHING = -1, 1, 0
MOVES: dict[tuple[str, str], int] = {
    ("CASHBACK", ""): IN,
    ("WALLET", "LOAD"): IN,
    ("WALLET", "UNLOAD"): OUT,
    ("WALLET", "WITHDRAWAL"): OUT,
    ("BALANCE_AMENDMENT", "LOAD"): IN,
    ("BALANCE_AMENDMENT", "UNLOAD"): OUT,
    ("OVERDRAFT", "FEE"): OUT,
    ("OVERDRAFT", "INTEREST"): OUT,
    ("PLEO_INVOICE", "PLEO_INVOICE"): OUT,
    ("PLEO_INVOICE", "PLEO_INVOICE_REFUND"): IN,
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE"): OUT,
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE_REFUND"): IN,
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_COMPANY"): IN,
    # "Received" is read as received by the supplier, because a payment of an invoice leaves the wallet.
    ("BILL_INVOICE_PAYMENT", "BILL_INVOICE_PAYMENT_RECEIVED"): OUT,
    ("BILL_INVOICE_PAYMENT", "BILL_INVOICE_PAYMENT_RETURNED"): IN,
}
WITHOUT_SUB_FAMILY = {
    "CASHBACK": IN,
    "WALLET": IN,
    "OVERDRAFT": OUT,
    "PLEO_INVOICE": OUT,
    "REIMBURSEMENT": OUT,
    "BILL_INVOICE_PAYMENT": OUT,
}


def direction(family: str, sub_family: str | None) -> int:
    """Return OUT, IN or NOTHING for a kind of entry other than a card purchase."""
    return MOVES.get((family, sub_family or ""), WITHOUT_SUB_FAMILY.get(family, NOTHING))


def effect(entry: Json) -> int:
    """Return what an entry moved, in minor units of the wallet's currency: 0 before it is completed and settled."""
    settled = entry["status"] == "COMPLETED" and entry.get("settledAt") and not entry.get("deletedAt")
    value = entry.get("totalBillValue")
    if not settled or value is None:
        return 0
    minors = int(value["minors"])
    if entry["family"] == "CARD_PURCHASE":
        return -minors
    return direction(entry["family"], entry.get("subFamily")) * abs(minors)


def reserved(entry: Json) -> int:
    """Return what an authorised, unsettled payment reserves, at most 0: 0 while its price is unknown."""
    open_ = entry["status"] == "PENDING" and not entry.get("settledAt") and not entry.get("deletedAt")
    value = entry.get("totalBillValue")
    if not open_ or value is None:
        return 0
    minors = int(value["minors"])
    if entry["family"] == "CARD_PURCHASE":
        return min(-minors, 0)
    return min(direction(entry["family"], entry.get("subFamily")) * abs(minors), 0)


def balance(opening_minors: int, entries: Iterable[Json]) -> int:
    """Return the wallet's balance in minor units: the opening amount plus all movements."""
    return opening_minors + sum(map(effect, entries))
