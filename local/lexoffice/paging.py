"""Pages of a list (https://developers.lexware.io/docs/#paging-of-resources)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from local.lexoffice.call import LexofficeCall
from local.lexoffice.problems import RefusedError

_MAX_SIZE = 250
_WINDOW = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """The requested page. `ordered` is the sort property and direction of the list; None if the list shows none."""

    number: int
    size: int
    ordered: tuple[str, bool] | None = None

    @classmethod
    def of(cls, call: LexofficeCall) -> "Paging":
        """Read `page` and `size`; raise 400 for values out of range."""
        number, size = _whole(call, "page", 0), _whole(call, "size", 25)
        if size > _MAX_SIZE:
            raise RefusedError(400, f"parameter 'size' must be equal or lower than {_MAX_SIZE}")
        if size < 1 or number < 0:
            raise RefusedError(400, "parameters 'page' and 'size' must be positive")
        if (number + 1) * size > _WINDOW:
            raise RefusedError(400, "Maximum search window size exceeded")
        return cls(number=number, size=size)

    def sorted_by(self, name: str, *, ascending: bool) -> "Paging":
        """Set the sort property and direction."""
        return replace(self, ordered=(name, ascending))

    def envelope(self, rows: Sequence[object]) -> dict[str, object]:
        """Return the page of all rows in lexoffice's envelope."""
        start = self.number * self.size
        content = list(rows[start : start + self.size])
        pages = -(-len(rows) // self.size)
        envelope: dict[str, object] = {
            "content": content,
            "first": self.number == 0,
            "last": self.number + 1 >= pages,
            "totalPages": pages,
            "totalElements": min(len(rows), _WINDOW),
            "numberOfElements": len(content),
            "size": self.size,
            "number": self.number,
        }
        if self.ordered is None:
            return envelope
        name, ascending = self.ordered
        direction = {"direction": "ASC" if ascending else "DESC", "property": name, "ignoreCase": False}
        return envelope | {"sort": [direction | {"nullHandling": "NATIVE", "ascending": ascending}]}


def _whole(call: LexofficeCall, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise RefusedError(400, f"parameter '{name}' is not a number")
    return int(text)
