"""Read a JSON object field by field and collect every violation instead of stopping at the first."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from local.lexoffice.clock import parse_finance_timestamp
from local.lexoffice.problems import Violation
from local.lexoffice.wire import Json

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_INTEGER_DIGITS = 12


@dataclass(slots=True)
class Reader:
    """Reads one object. `prefix` is `[3].` for the fourth item of a batch and empty otherwise."""

    source: dict[str, Json]
    prefix: str = ""
    violations: list[Violation] = field(default_factory=list)

    def refuse(self, name: str, violation: str, message: str) -> None:
        """Record that a field violates a rule."""
        self.violations.append(Violation(violation, f"{self.prefix}{name}", message))

    def text(self, name: str, *, required: bool = False, max_length: int = 0) -> str | None:
        """Read a string. A required one must not be blank; an optional blank one counts as missing."""
        value = self.source.get(name)
        if value is None:
            if required:
                self.refuse(name, "NOTNULL", "darf nicht leer sein")
            return None
        if not isinstance(value, str):
            self.refuse(name, "INVALID", "muss ein Text sein")
            return None
        if not value.strip():
            if required:
                self.refuse(name, "NOTBLANK", "darf nicht leer sein")
            return None
        if max_length and len(value) > max_length:
            self.refuse(name, "SIZE", f"darf höchstens {max_length} Zeichen haben")
        return value

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Read a required string that must be one of `allowed`."""
        value = self.text(name, required=True)
        if value is not None and value not in allowed:
            self.refuse(name, "INVALID", "hat keinen zulässigen Wert")
        return value

    def uuid(self, name: str) -> str | None:
        """Read a required UUID, in lower case."""
        value = self.text(name, required=True)
        if value is None:
            return None
        if not _UUID.fullmatch(value):
            self.refuse(name, "INVALID", "ist keine gültige ID")
            return None
        return value.lower()

    def money(self, name: str, *, required: bool = False) -> Decimal | None:
        """Read a JSON number in EUR with at most two decimals; `119.00000000000001` is refused, not rounded."""
        return self._number(name, required=required, fits=_is_money, rule="höchstens zwei Nachkommastellen")

    def whole(self, name: str, *, required: bool = False) -> int | None:
        """Read a whole number."""
        value = self._number(name, required=required, fits=_is_whole, rule="eine ganze Zahl")
        return None if value is None else int(value)

    def moment(self, name: str) -> datetime | None:
        """Read an optional timestamp with offset."""
        value = self.source.get(name)
        if value is None:
            return None
        moment = parse_finance_timestamp(value) if isinstance(value, str) else None
        if moment is None:
            self.refuse(name, "INVALID", "muss dem Format yyyy-MM-dd'T'HH:mm:ss.SSSXXX entsprechen")
        return moment

    def _number(self, name: str, *, required: bool, fits: Callable[[Decimal], bool], rule: str) -> Decimal | None:
        value = self.source.get(name)
        if value is None:
            if required:
                self.refuse(name, "NOTNULL", "darf nicht leer sein")
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.refuse(name, "INVALID", "muss eine Zahl sein")
            return None
        number = Decimal(value)
        if number.adjusted() >= _INTEGER_DIGITS or not fits(number):
            self.refuse(name, "DIGITS", f"zulässig ist {rule}")
            return None
        return number


def _is_money(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -2


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()


def euros(number: Decimal) -> Decimal:
    """Return a sum of EUR with exactly two decimals."""
    return number.quantize(Decimal("0.01"))


def german_amount(number: Decimal | None) -> str | None:
    """Format a sum of EUR in German without thousands' separators, as the API does: `-22,33`."""
    return None if number is None else f"{euros(number):f}".replace(".", ",")
