"""The switch registry: everything a vendor's documentation leaves open, as a named setting with its positions."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints


class SwitchError(ValueError):
    """An unknown switch, or a position it does not have."""


class SwitchRegistry:
    """Base of a vendor's dataclass with one field per switch.

    A field's type and, for texts, `CHOICES` say which positions it has: a Literal or the choices; true and false; a
    whole number; a float that is not negative.
    """

    __slots__ = ()
    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all switches."""
        return tuple(each.name for each in fields(cls))

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set several switches at once. Raises SwitchError, and changes nothing, for an unknown name or position."""
        hints = get_type_hints(type(self))
        for name, value in changes.items():
            if name not in self.names():
                raise SwitchError(f"There is no switch {name}.")
            if not self._allows(name, value, hints[name]):
                raise SwitchError(f"{name} has no position {value!r}.")
        for name, value in changes.items():
            setattr(self, name, _stored(value, getattr(self, name)))

    def positions(self) -> dict[str, Any]:
        """Return every switch with its present position."""
        return asdict(self)

    def _allows(self, name: str, value: Any, hint: Any) -> bool:
        if name in self.CHOICES:
            return value in self.CHOICES[name]
        if get_origin(hint) is Literal:
            return value in get_args(hint)
        if hint is float:
            return not isinstance(value, bool | str) and value is not None and float(str(value)) >= 0
        # A bool is no whole number here, and a whole number no bool.
        return type(value) is (get_origin(hint) or hint)


def _stored(value: Any, present: Any) -> Any:
    """A table keeps the entries that are not named; a whole number becomes a float where one is expected."""
    if isinstance(present, dict):
        return present | value
    return float(str(value)) if isinstance(present, float) else value
