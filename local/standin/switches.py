"""Switches: what a vendor leaves open, as one field each of a board, with the positions worth trying.

    class Switches(Board):
        cancel_event = OneOf("updated", "none")
        page_cap = Value(0, 3)

The first position is the default: the reading that is harder on a client. `tests/sweep` runs the whole product in every
position. A new switch therefore needs its field here and its row in docs/assumptions.md. A board records which switches
were read. The sweep fails for a switch that no run of the product reads.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self, overload


class Switch[T](ABC):
    """A field of a board. Reading it returns the current position and is recorded."""

    def __init__(self, default: T, *others: T) -> None:
        self.default = default
        self.positions = (default, *others)
        self.name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, board: None, owner: type) -> Self: ...
    @overload
    def __get__(self, board: "Board", owner: type) -> T: ...
    def __get__(self, board: "Board | None", owner: type) -> Self | T:
        if board is None:
            return self
        board.read.add(self.name)
        position: T = board.current[self.name]
        return position

    def __set__(self, board: "Board", position: T) -> None:
        board.current[self.name] = self.accepted(position, self.default)

    @abstractmethod
    def accepted(self, position: Any, current: Any) -> T:
        """Return the new position. Raise ValueError for one that the switch does not have."""


class OneOf[T](Switch[T]):
    """A switch with named positions only."""

    def accepted(self, position: Any, current: Any) -> T:  # noqa: ARG002 - only `Value` needs it
        """Return the position. Raise ValueError for any but the named ones."""
        for each in self.positions:
            if type(each) is type(position) and each == position:
                return each
        raise ValueError(f"{self.name} is one of {', '.join(map(str, self.positions))}, not {position!r}")


class Flag(OneOf[bool]):
    """A switch that is on or off."""

    def __init__(self, default: bool) -> None:
        super().__init__(default, not default)


class Value[T](Switch[T]):
    """A switch that takes any value of its type. The named positions are those worth trying.

    Numbers are not negative. A float switch accepts whole numbers. A mapping changes only the keys it names.
    """

    def accepted(self, position: Any, current: Any) -> T:
        """Return the position. Raise ValueError for another type or a negative number."""
        if isinstance(self.default, float) and type(position) in {int, float, Decimal}:
            position = float(position)
        if type(position) is not type(self.default) or (isinstance(position, int | float) and position < 0):
            raise ValueError(f"{self.name} takes a {type(self.default).__name__}, not {position!r}")
        return current | position if isinstance(position, dict) else position


class Board:
    """The switches of one stand-in. `read` contains the names of the switches read since it was last cleared."""

    def __init__(self) -> None:
        self.current: dict[str, Any] = {name: switch.default for name, switch in self.switches().items()}
        self.read: set[str] = set()

    @classmethod
    def switches(cls) -> dict[str, Switch[Any]]:
        """Return every switch by name, in the order of definition."""
        return {name: each for name, each in vars(cls).items() if isinstance(each, Switch)}

    def turn(self, positions: Mapping[str, Any]) -> None:
        """Set switches by name. Raise ValueError, and change nothing, for an unknown name or position."""
        known, taken = self.switches(), {}
        for name, position in positions.items():
            if name not in known:
                raise ValueError(f"there is no switch {name}")
            taken[name] = known[name].accepted(position, self.current[name])
        self.current |= taken

    def as_dict(self) -> dict[str, Any]:
        """Return every switch's current position by name."""
        return dict(self.current)
