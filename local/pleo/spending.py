"""The states of an entry: created, changed, settled, cancelled; and the event that each transition sends.

Pleo's public catalogue names no card event. Partners get `v1.card-transaction.<created|updated|settled>` with an
accounting entry as `data` (docs/assumptions.md#pleo-card-events). By default only card purchases have events. Fees,
cashback and wallet movements must then be found by polling.
"""

from local.pleo import wallet
from local.pleo.clock import normal
from local.pleo.entries import OPTIONAL, shown
from local.pleo.shape import checked, uuid
from local.pleo.webhooks import Recipient
from local.pleo.wire import Json, PleoRefusal, encoded, invalid, not_found
from local.pleo.world import PleoCompany, PleoWorld
from local.standin.shape import Field, flag, instant, list_of, mapping, text, whole
from local.standin.wire import new_id

EMPLOYEE_ID = "e0000000-0000-4000-8000-000000000001"
_MOMENTS = ("performedAt", "settledAt", "bookkeepingDate", "createdAt", "updatedAt", "deletedAt")
_LISTS = ("receiptIds", "splitItems", "tags", "attendees")
_FREE = ("exportStatus", "reviewStatus", "note", "accountCode", "teamId", "foreignExtensionId")


MONEY = {"currency": Field(text(least=3, most=9), required=True), "minors": Field(whole(), required=True)}
CHANGES = (
    {name: Field(instant, nullable=True) for name in _MOMENTS}
    | {name: Field(list_of(lambda _: None)) for name in _LISTS}
    | {name: Field(text(), nullable=True) for name in _FREE}
    | {
        "family": Field(text()),
        "subFamily": Field(text(), nullable=True),
        "status": Field(text()),
        "transactionValue": Field(mapping),
        "totalBillValue": Field(mapping, nullable=True),
        "accountId": Field(uuid, nullable=True),
        "taxCodeId": Field(uuid, nullable=True),
        "employeeId": Field(uuid, nullable=True),
        "supplier": Field(mapping, nullable=True),
        "merchant": Field(mapping, nullable=True),
        "silent": Field(flag),
    }
)
# Families, sub-families and statuses are free text: a test may send a value that Pleo adds in the future.
CREATION = CHANGES | {
    "id": Field(uuid),
    "company_id": Field(text()),
    "amount": Field(whole()),
    "refund": Field(flag),
}


def create(world: PleoWorld, order: Json) -> Json:
    """Create an entry from `POST /control/entries`. Raise PleoRefusal (400, 404) for an invalid order."""
    asked = _checked(order, CREATION)
    company = world.company(asked.get("company_id") or next(iter(world.companies)))
    if asked.get("id") in world.entries:
        raise PleoRefusal(409, "CONFLICT", "An entry with this id exists.")
    row = _born(world, company, asked)
    world.entries[row["id"]] = row
    if not asked.get("silent"):
        _announce(world, row, "settled" if row.get("settledAt") else "created")
    return row


def change(world: PleoWorld, entry_id: str, order: Json) -> Json:
    """Change fields of an entry and send `updated`."""
    asked = _checked(order, CHANGES)
    row = found(world, entry_id)
    row.update(_plain(asked), updatedAt=asked.get("updatedAt") or world.clock.stamp())
    if not asked.get("silent"):
        _announce(world, row, "updated")
    return row


def settle(world: PleoWorld, entry_id: str, order: Json) -> Json:
    """Settle a pending payment. `billMinors` is its price in the wallet's currency if that has changed."""
    shape = {"billMinors": Field(whole()), "settledAt": Field(instant), "silent": Field(flag)}
    asked = checked(order, shape)
    row = _pending(world, entry_id)
    currency = world.company(row["companyId"]).currency
    bill = row.get("totalBillValue")
    if "billMinors" in asked:
        bill = {"currency": currency, "minors": asked["billMinors"]}
    if bill is None:
        raise invalid("billMinors is needed: the payment was made in another currency than the wallet's.")
    now = world.clock.stamp()
    settled_at = normal(asked["settledAt"]) if "settledAt" in asked else now
    row.update(status="COMPLETED", settledAt=settled_at, bookkeepingDate=settled_at, totalBillValue=bill, updatedAt=now)
    if not asked.get("silent"):
        _announce(world, row, "settled")
    return row


def cancel(world: PleoWorld, entry_id: str, order: Json) -> Json:
    """Reverse an authorisation: send an `updated` event, or none (switch `cancel_event`)."""
    asked = checked(order, {"silent": Field(flag)})
    row = _pending(world, entry_id)
    row.update(status="CANCELLED", updatedAt=world.clock.stamp())
    if not asked.get("silent") and world.switches.cancel_event == "updated":
        _announce(world, row, "updated")
    return row


def found(world: PleoWorld, entry_id: str) -> Json:
    """Return an entry of any company by id. Raise PleoRefusal (404) if there is none."""
    if entry_id not in world.entries:
        raise not_found("Accounting entry")
    return world.entries[entry_id]


def balance(world: PleoWorld, company: PleoCompany) -> int:
    """Return the wallet's balance in minor units."""
    rows = (row for row in world.entries.values() if row["companyId"] == company.id)
    return wallet.balance(company.opening_minors, rows)


def available(world: PleoWorld, company: PleoCompany) -> int:
    """Return the balance without reserved amounts, in minor units: what can still be spent."""
    rows = [row for row in world.entries.values() if row["companyId"] == company.id]
    return wallet.balance(company.opening_minors, rows) + sum(map(wallet.reserved, rows))


def _checked(order: Json, shape: dict[str, Field]) -> Json:
    if isinstance(order.get("merchant"), str):
        order = order | {"merchant": {"name": order["merchant"], "merchantCategoryCode": "5734"}}
    asked = checked(order, shape)
    for name in ("transactionValue", "totalBillValue"):
        if asked.get(name) is not None:
            checked(asked[name], MONEY)
    return asked | {name: normal(asked[name]) for name in _MOMENTS if asked.get(name)}


def _plain(asked: Json) -> Json:
    shorthand = ("company_id", "amount", "refund", "silent")
    return {name: value for name, value in asked.items() if name not in shorthand}


def _born(world: PleoWorld, company: PleoCompany, asked: Json) -> Json:
    now = world.clock.stamp()
    family = asked.get("family", "CARD_PURCHASE")
    pending = family == "CARD_PURCHASE" and not asked.get("settledAt")
    row: Json = dict.fromkeys(OPTIONAL) | {
        "id": new_id(),
        "companyId": company.id,
        "createdAt": now,
        "updatedAt": now,
        "performedAt": now,
        "family": family,
        "status": "PENDING" if pending else "COMPLETED",
        "exportStatus": "NOT_EXPORTED",
        "reviewStatus": "NOT_REQUIRED",
        "employeeId": EMPLOYEE_ID,
        "transactionValue": {"currency": company.currency, "minors": _signed(world, asked, family)},
    }
    row |= {name: [] for name in _LISTS}
    if family == "CARD_PURCHASE":
        row |= {"subFamily": "ONLINE", "merchant": {"name": "Muster Bürobedarf", "merchantCategoryCode": "5943"}}
    row |= _plain(asked)
    if row["status"] == "COMPLETED" and "settledAt" not in asked:
        row["settledAt"] = row["performedAt"]
    if row["bookkeepingDate"] is None:
        row["bookkeepingDate"] = row["settledAt"]
    return _billed(row, company, asked)


def _billed(row: Json, company: PleoCompany, asked: Json) -> Json:
    if "totalBillValue" not in asked and row["transactionValue"]["currency"] == company.currency:
        row["totalBillValue"] = dict(row["transactionValue"])
    if row["totalBillValue"] is None and row["settledAt"]:
        raise invalid("totalBillValue is needed: the payment was made in another currency than the wallet's.")
    return row


def _signed(world: PleoWorld, asked: Json, family: str) -> int:
    amount = abs(int(asked.get("amount", 1_000)))
    if family == "CARD_PURCHASE":
        return -amount if asked.get("refund") else amount
    moves_in = wallet.direction(family, asked.get("subFamily")) == wallet.IN
    return -amount if moves_in and world.switches.non_card_sign == "signed" else amount


def _pending(world: PleoWorld, entry_id: str) -> Json:
    row = found(world, entry_id)
    if row["status"] != "PENDING":
        raise PleoRefusal(409, "CONFLICT", f"The entry is {row['status']}, not PENDING.")
    return row


def _announce(world: PleoWorld, row: Json, what: str) -> None:
    if row["family"] != "CARD_PURCHASE" and world.switches.events_for == "card_purchase":
        return
    event_type = f"v1.card-transaction.{what}"
    publish(world, row["companyId"], event_type, shown(row, world.switches))


def publish(world: PleoWorld, company_id: str, event_type: str, data: Json, *, subscribed_as: str = "") -> None:
    """Send an event to every subscription of the company to this type: one event id, one snapshot.

    `subscribed_as` is the type's name in subscriptions if the event spells it differently.
    """
    payload = encoded({"data": data, "eventType": event_type, "eventId": new_id()})
    for row in world.subscriptions.values():
        live = row["status"] == "ACTIVE" and "deletedAt" not in row
        wanted = (subscribed_as or event_type) in row["eventTypes"]
        if live and wanted and row["_company"] == company_id:
            world.courier.accept(Recipient(row, world.secrets[row["id"]], event_type), payload)
