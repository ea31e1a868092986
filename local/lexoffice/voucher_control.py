"""Control of vouchers, proposals and events: a bookkeeper's actions in the app, and what tests check."""

from local.lexoffice import event_sender, matching, payments, vouchers
from local.lexoffice.matching import Candidate
from local.lexoffice.orders import FLAG, TEXT, LexofficeOrder, RejectedError, found, optional, organization_of
from local.lexoffice.subscriptions import EVENT_TYPES
from local.lexoffice.voucher_records import VoucherPayment
from local.lexoffice.world import LexofficeWorld
from local.standin.control import Command
from local.standin.shape import Field, one_of, text

_STATUSES = ("open", "paid", "paidoff", "voided", "transferred", "sepadebit", "unchecked")


def approve(order: LexofficeOrder) -> object:
    """Approve one voucher's proposal, or all proposals."""
    voucher_id = order.body.get("voucher_id")
    approved = matching.approve(order.world, organization_of(order).id, voucher_id)
    if voucher_id is not None and not approved:
        raise RejectedError("there is no proposal for this voucher", status=404)
    return {"approved": approved}


def touch_voucher(order: LexofficeOrder) -> object:
    """Change a voucher as a bookkeeper can: edit it (its version grows), pay it by hand, void it, delete it."""
    world = order.world
    voucher = found(world.vouchers, order.params["id"], "voucher")
    if order.body.get("delete"):
        world.delete_voucher(voucher)
        world.events.emit(voucher.organization_id, "voucher.deleted", voucher.id)
        return {"deleted": voucher.id}
    status = order.body.get("status") or voucher.status
    voucher.remark = order.body.get("remark") or voucher.remark
    if status in {"paid", "paidoff"} and voucher.open_amount:
        voucher.payments.append(VoucherPayment(amount=voucher.open_amount, posted=world.clock.now()))
        world.events.emit(voucher.organization_id, "payment.changed", voucher.id)
    matching.touch_voucher(world, voucher, status)
    world.events.emit(voucher.organization_id, "voucher.changed", voucher.id)
    return {"id": voucher.id, "status": voucher.status, "version": voucher.version}


def emit(order: LexofficeOrder) -> object:
    """Send an event as if it had happened."""
    organization_id, event_type = organization_of(order).id, order.body["eventType"]
    return {"sent": order.world.events.emit(organization_id, event_type, order.body["resourceId"])}


def hints(world: LexofficeWorld, organization_id: str) -> list[dict[str, object]]:
    """Return every hint with its line, and the criterion that keeps it from being proposed."""
    return [_hint(candidate) for candidate in matching.candidates(world, organization_id)]


def _hint(candidate: Candidate) -> dict[str, object]:
    return {
        "voucherId": candidate.hint.voucher_id,
        "externalReference": candidate.hint.external_reference,
        "endToEndId": candidate.hint.end_to_end_id,
        "financialTransactionId": candidate.line.id if candidate.line else None,
        "proposed": candidate.missed is None,
        "missed": candidate.missed,
    }


def voucher_list(world: LexofficeWorld, organization_id: str) -> list[dict[str, object]]:
    """Return vouchers as the API does, with their payments."""
    return [
        vouchers.as_json(voucher) | {"payments": payments.as_json(voucher)["paymentItems"]}
        for voucher in world.vouchers_of(organization_id)
    ]


def event_log(order: LexofficeOrder) -> object:
    """Return every event sent, with its attempts."""
    return [event_sender.shown(delivery) for delivery in order.world.courier.log]


COMMANDS: tuple[Command[LexofficeWorld], ...] = (
    Command("GET", "/vouchers", lambda order: voucher_list(order.world, organization_of(order).id)),
    Command(
        "POST",
        "/vouchers/{id}",
        touch_voucher,
        {"status": optional(one_of(*_STATUSES)), "remark": TEXT, "delete": FLAG},
    ),
    Command("GET", "/proposals", lambda order: hints(order.world, organization_of(order).id)),
    Command("POST", "/proposals/approve", approve, {"organization_id": TEXT, "voucher_id": TEXT}),
    Command(
        "POST",
        "/events",
        emit,
        {
            "organization_id": TEXT,
            "eventType": Field(one_of(*EVENT_TYPES), required=True),
            "resourceId": Field(text(least=1), required=True),
        },
    ),
    Command("GET", "/events", event_log),
)
