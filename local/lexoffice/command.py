"""One control command: its fields, read with their types, so that a wrong one is told and not guessed at."""

from dataclasses import dataclass
from decimal import Decimal

from local.lexoffice.records import Organization
from local.lexoffice.wire import Json
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID, World


class RejectedError(ValueError):
    """A control command that makes no sense."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Command:
    """The world, the body's fields and the parameters in the path."""

    world: World
    body: dict[str, Json]
    params: dict[str, str]

    def allow(self, known: set[str]) -> None:
        """Reject a field that the command does not know."""
        if unknown := set(self.body) - known:
            raise RejectedError(f"unknown field: {', '.join(sorted(unknown))}")

    def organization(self) -> Organization:
        """Return the organisation named by `organization_id`; without it the default one."""
        id_ = self.text("organization_id") or DEFAULT_ORGANIZATION_ID
        found = self.world.organizations.get(id_)
        if found is None:
            raise RejectedError("no such organization", status=404)
        return found

    def text(self, name: str) -> str | None:
        """Read an optional string."""
        value = self.body.get(name)
        if value is None or isinstance(value, str):
            return value
        raise RejectedError(f"{name} must be a string")

    def need_text(self, name: str) -> str:
        """Read a string that must be there."""
        value = self.text(name)
        if not value:
            raise RejectedError(f"{name} is needed")
        return value

    def number(self, name: str) -> float | None:
        """Read an optional number: a count, seconds or a rate, never money."""
        value = self.body.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise RejectedError(f"{name} must be a number")
        return float(value)

    def count(self, name: str) -> int | None:
        """Read an optional whole number."""
        value = self.number(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool | None:
        """Read an optional boolean."""
        value = self.body.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise RejectedError(f"{name} must be true or false")

    def need_flag(self, name: str) -> bool:
        """Read a boolean that must be there."""
        value = self.flag(name)
        if value is None:
            raise RejectedError(f"{name} is needed")
        return value
