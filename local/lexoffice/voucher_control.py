"""Control of vouchers, proposals and events: what a bookkeeper does in the app, and what tests look at."""

from local.lexoffice import matching, payments, vouchers
from local.lexoffice.command import Command, RejectedError
from local.lexoffice.matching import Candidate
from local.lexoffice.subscriptions import EVENT_TYPES
from local.lexoffice.voucher_records import Payment
from local.lexoffice.world import World

_STATUSES = ("open", "paid", "paidoff", "voided", "transferred", "sepadebit", "unchecked")


def approve(command: Command) -> object:
    """Approve one voucher's proposal, or all proposals."""
    organization = command.organization()
    voucher_id = command.text("voucher_id")
    approved = matching.approve(command.world, organization.id, voucher_id)
    if voucher_id is not None and not approved:
        raise RejectedError("there is no proposal for this voucher", status=404)
    return {"approved": approved}


def touch_voucher(command: Command) -> object:
    """Do to a voucher what a bookkeeper can: edit it (its version grows), pay it by hand, void it, delete it."""
    voucher = command.world.vouchers.get(command.params["id"])
    if voucher is None:
        raise RejectedError("no such voucher", status=404)
    if command.flag("delete"):
        command.world.delete_voucher(voucher)
        command.world.events.emit(voucher.organization_id, "voucher.deleted", voucher.id)
        return {"deleted": voucher.id}
    status = command.text("status") or voucher.status
    if status not in _STATUSES:
        raise RejectedError(f"status must be one of {', '.join(_STATUSES)}")
    voucher.remark = command.text("remark") or voucher.remark
    if status in {"paid", "paidoff"} and voucher.open_amount:
        voucher.payments.append(Payment(amount=voucher.open_amount, posted=command.world.clock.now()))
        command.world.events.emit(voucher.organization_id, "payment.changed", voucher.id)
    matching.touch_voucher(command.world, voucher, status)
    command.world.events.emit(voucher.organization_id, "voucher.changed", voucher.id)
    return {"id": voucher.id, "status": voucher.status, "version": voucher.version}


def emit(command: Command) -> object:
    """Send an event as if it had happened."""
    event_type = command.need_text("eventType")
    if event_type not in EVENT_TYPES:
        raise RejectedError("no such event type")
    sent = command.world.events.emit(command.organization().id, event_type, command.need_text("resourceId"))
    return {"sent": sent}


def hints(world: World, organization_id: str) -> list[dict[str, object]]:
    """Show every hint with its line, and which rail keeps it from being proposed."""
    return [_hint(found) for found in matching.candidates(world, organization_id)]


def _hint(found: Candidate) -> dict[str, object]:
    return {
        "voucherId": found.hint.voucher_id,
        "externalReference": found.hint.external_reference,
        "endToEndId": found.hint.end_to_end_id,
        "financialTransactionId": found.line.id if found.line else None,
        "proposed": found.missed is None,
        "missed": found.missed,
    }


def voucher_list(world: World, organization_id: str) -> list[dict[str, object]]:
    """Show vouchers as the API does, with their payments."""
    return [
        vouchers.as_json(voucher) | {"payments": payments.as_json(voucher)["paymentItems"]}
        for voucher in world.vouchers_of(organization_id)
    ]


def event_log(world: World) -> list[dict[str, object]]:
    """Show every event sent, with its attempts."""
    return [delivery.as_json() for delivery in world.events.log]
