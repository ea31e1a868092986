"""Helpers of the control commands: the organisation of a command, and the error for an invalid command."""

from collections.abc import Mapping

from local.lexoffice.records import Organization
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID, LexofficeWorld
from local.standin.control import Order
from local.standin.shape import Check, Field, flag, text

type LexofficeOrder = Order[LexofficeWorld]


class RejectedError(ValueError):
    """A control command is invalid."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def optional(check: Check) -> Field:
    """Return a field that may be missing or null."""
    return Field(check, nullable=True)


TEXT, FLAG = optional(text()), optional(flag)


def organization_of(order: LexofficeOrder) -> Organization:
    """Return the organisation named by `organization_id`, or the default one."""
    id_ = order.body.get("organization_id") or order.query.get("organization_id") or DEFAULT_ORGANIZATION_ID
    return found(order.world.organizations, id_, "organization")


def found[T](kept: Mapping[str, T], id_: str, what: str) -> T:
    """Return what an id names; reject the command with 404 if it is unknown."""
    if id_ not in kept:
        raise RejectedError(f"no such {what}", status=404)
    return kept[id_]
