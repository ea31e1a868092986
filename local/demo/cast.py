"""The accounting entries of the demo's three companies. They are the same in every run."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_MERCHANTS = (
    "Bahnhofsbuchhandlung Süd",
    "Bäckerei Morgenrot",
    "Café Größenwahn & Söhne",
    "DB Vertrieb",
    "Elektro Lindner",
    "Hotel Zur Post",
    "Papeterie Blau",
    "Rewe Markt",
    "Tankstelle Ost",
    "Werkzeug-Müller",
)
_OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"  # «Bürobedarf»
_ABROAD = ("CLOUDHOST INC", "SOFTWARE*SUBSCRIPTION", "DESIGN TOOLS LLC")
_TOKYO = ("TOKYO METRO", "KOMBINI SHINJUKU")

type Order = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryKind:
    """One kind of entry: how many arrive in the demo, what Pleo's stand-in creates, and the expected result.

    - `outcome`: the final state in the ledger.
    - `settles`: a card payment that arrives pending first.
    """

    name: str
    count: int
    order: Callable[[random.Random], Order]
    outcome: str = "sent"
    settles: bool = False


def _card(rng: random.Random) -> Order:
    return {"merchant": rng.choice(_MERCHANTS), "amount": rng.randint(99, 24_999)}


def _foreign(currency: str, merchants: tuple[str, ...], least: int, most: int) -> Callable[[random.Random], Order]:
    def order(rng: random.Random) -> Order:
        value = rng.randint(least, most)
        euros = value * 92 // 100 if currency == "USD" else value * 6 // 10
        return {
            "merchant": rng.choice(merchants),
            "transactionValue": {"currency": currency, "minors": value},
            "totalBillValue": {"currency": "EUR", "minors": euros},
        }

    return order


def _of(family: str, sub_family: str | None, least: int, most: int, **more: Any) -> Callable[[random.Random], Order]:
    def order(rng: random.Random) -> Order:
        return {"family": family, "subFamily": sub_family, "amount": rng.randint(least, most), **more}

    return order


# 200 entries in all.
KINDS: tuple[EntryKind, ...] = (
    EntryKind("card purchase", 130, _card, settles=True),
    EntryKind("card purchase in USD", 15, _foreign("USD", _ABROAD, 500, 50_000), settles=True),
    EntryKind("card purchase in JPY", 10, _foreign("JPY", _TOKYO, 150, 9_000), settles=True),
    EntryKind("ATM withdrawal", 6, _of("CARD_PURCHASE", "ATM", 2_000, 20_000, merchant="Sparkasse"), settles=True),
    EntryKind("refund", 12, lambda rng: _card(rng) | {"refund": True}, settles=True),
    EntryKind("chargeback", 3, lambda rng: _card(rng) | {"refund": True}, settles=True),
    EntryKind("authorisation, reversed", 4, _card, outcome="void"),
    EntryKind("authorisation, still pending", 3, _card, outcome="pending"),
    EntryKind("Pleo fee", 4, _of("PLEO_INVOICE", "PLEO_INVOICE", 500, 9_900)),
    EntryKind("cashback", 2, _of("CASHBACK", None, 50, 900)),
    EntryKind("wallet top-up", 2, _of("WALLET", "LOAD", 500_000, 900_000), outcome="listed"),
    EntryKind("wallet withdrawal", 1, _of("WALLET", "UNLOAD", 10_000, 20_000), outcome="listed"),
    EntryKind("reimbursement", 3, _of("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", 900, 9_000), outcome="listed"),
    EntryKind("out-of-pocket", 4, _of("OUT_OF_POCKET", None, 500, 5_000), outcome="none"),
    EntryKind("mileage", 1, _of("MILEAGE", None, 500, 5_000), outcome="none"),
)


SMALL_KINDS: tuple[EntryKind, ...] = (EntryKind("card purchase", 8, _card, settles=True),)
EXPORTED_KINDS: tuple[EntryKind, ...] = (EntryKind("card purchase", 30, _card, settles=True),)

type Payments = list[tuple[EntryKind, Order]]


@dataclass(frozen=True, slots=True)
class Cast:
    """The entries of each company, in random order.

    - `rad`: its feed fails for a while.
    - `tee`: it exports.
    - `bau`: it has entries of every kind.
    """

    rad: Payments
    tee: Payments
    bau: Payments


def cast() -> Cast:
    """Return the entries of all companies."""
    rng = random.Random(2026)  # noqa: S311 - the same story in every run
    return Cast(rad=_mixed(SMALL_KINDS, rng), tee=_mixed(EXPORTED_KINDS, rng), bau=_mixed(KINDS, rng))


def settlement(position: int, order: Order) -> Order:
    """Return how an authorised payment settles: every tenth purchase costs 1.50 EUR more, for a tip or a minibar."""
    is_plain_purchase = "amount" in order and not order.get("refund") and "family" not in order
    return {"billMinors": order["amount"] + 150} if position % 10 == 0 and is_plain_purchase else {}


def coding(position: int) -> Order:
    """Return what a bookkeeper enters for an expense. Every third expense has a receipt.

    Two expenses must fail: the first has no account, and the second has a receipt that lexoffice refuses.
    """
    if position == 0:
        return {"note": "noch nicht zugeordnet"}
    coded: Order = {"account_external_id": _OFFICE_SUPPLIES, "tax_code": "DE-19"}
    if position == 1:
        return coded | {"files": [{"kind": "heic"}]}
    return coded | {"files": [{"kind": "pdf"}]} if position % 3 == 0 else coded


def _mixed(kinds: tuple[EntryKind, ...], rng: random.Random) -> Payments:
    orders = [(kind, kind.order(rng)) for kind in kinds for _ in range(kind.count)]
    rng.shuffle(orders)
    return orders
