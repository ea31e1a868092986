"""Input VAT as lexoffice computes it: per column, the sum of one category and one rate, not per line of the receipt.

Partner documentation, bookkeeping cookbook ("Spaltenmethode", https://developers.lexware.io/partner/docs); rounding is
half-up (docs/assumptions.md#lexoffice-tax-columns). Everything is whole cents and whole percent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

# What lexoffice takes on bookkeeping vouchers, whatever their date (https://developers.lexware.io/docs, FAQ "Valid Tax
# Rates"): 16 and 5 are those of July to December 2020.
RATES = frozenset({0, 5, 7, 16, 19})


@dataclass(frozen=True, slots=True)
class Column:
    """The gross sum of one posting category at one rate, and the tax within it."""

    category_id: str
    rate: int
    gross: int

    @property
    def tax(self) -> int:
        """gross − gross / (1 + rate), rounded half-up to the cent; `gross` is never negative here."""
        parts = 100 + self.rate
        return (2 * self.gross * self.rate + parts) // (2 * parts)


def percent(rate: Decimal) -> int | None:
    """Pleo's fraction (0.19) as whole percent, or None if lexoffice has no such rate."""
    value = rate * 100
    return int(value) if value in RATES else None


def columns(parts: Iterable[tuple[str, int, int]]) -> tuple[Column, ...]:
    """Sum (category, rate, gross cents) per category and rate, in order of appearance; empty columns fall away."""
    sums: dict[tuple[str, int], int] = {}
    for category_id, rate, gross in parts:
        sums[category_id, rate] = sums.get((category_id, rate), 0) + gross
    return tuple(Column(category_id, rate, gross) for (category_id, rate), gross in sums.items() if gross)
