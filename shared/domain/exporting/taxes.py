"""German VAT: the rates as tax codes for Pleo, and input VAT as lexoffice computes it.

UStG §12 (19 %, 7 %), §28 (16 %, 5 % from July to December 2020), §13b (reverse charge), §19 (small business: none).
lexoffice has no endpoint for tax codes, so they follow from its profile and the law. The day of the service decides
which rate applies, not the day of the sync. An expense may therefore need a rate that has ended, and a new rate must be
in Pleo on its first day.

lexoffice computes input VAT per column, the sum of one category and one rate, not per line of the receipt (partner
documentation, bookkeeping cookbook, "Spaltenmethode", https://developers.lexware.io/partner/docs). It rounds half-up
(docs/assumptions.md#lexoffice-tax-columns). Amounts are whole cents, rates whole percent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

CODE_PREFIX = "DE-"
# At least as far back as the earliest start date, so that every expense since then finds its rates.
OFFERED_AFTER = timedelta(days=2 * 366)
OFFERED_BEFORE = timedelta(days=7)
# Rates that lexoffice accepts on bookkeeping vouchers of any date (https://developers.lexware.io/docs, FAQ "Valid Tax
# Rates"). 16 and 5 are those of July to December 2020.
RATES = frozenset({0, 5, 7, 16, 19})


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which a rate applies, both inclusive. `last` is None while the law is in force."""

    first: date
    last: date | None = None

    def meets(self, first: date, last: date) -> bool:
        """Whether the period overlaps the days `first` to `last`."""
        return self.first <= last and (self.last is None or first <= self.last)


@dataclass(frozen=True, slots=True)
class TaxRule:
    """One tax code as it should be in Pleo.

    - `code`: our key of the tax code.
    - `rate`: a fraction (0.19).
    - `type`: Pleo's type.
    - `periods`: the days of service on which the code applies.
    """

    code: str
    name: str
    rate: Decimal
    type: str
    periods: tuple[Period, ...]


_USUAL = (Period(date(2007, 1, 1), date(2020, 6, 30)), Period(date(2021, 1, 1)))
_LOWERED = (Period(date(2020, 7, 1), date(2020, 12, 31)),)
_NO_TAX = TaxRule("DE-0", "0 % Vorsteuer", Decimal("0.00"), "inclusive", (Period(date.min),))
LAW: tuple[TaxRule, ...] = (
    TaxRule("DE-19", "19 % Vorsteuer", Decimal("0.19"), "inclusive", _USUAL),
    TaxRule("DE-7", "7 % Vorsteuer", Decimal("0.07"), "inclusive", _USUAL),
    TaxRule("DE-16", "16 % Vorsteuer (Juli bis Dezember 2020)", Decimal("0.16"), "inclusive", _LOWERED),
    TaxRule("DE-5", "5 % Vorsteuer (Juli bis Dezember 2020)", Decimal("0.05"), "inclusive", _LOWERED),
    _NO_TAX,
    TaxRule("DE-RC-19", "19 % Reverse Charge (§ 13b UStG)", Decimal("0.19"), "reverse", _USUAL),
    TaxRule(
        "DE-RC-16", "16 % Reverse Charge (§ 13b UStG, Juli bis Dezember 2020)", Decimal("0.16"), "reverse", _LOWERED
    ),
)


def tax_rules(*, small_business: bool, tax_type: str, today: date) -> tuple[TaxRule, ...]:
    """Return the tax codes of an organisation: those of the law, or 0 % only for a small business or without VAT.

    A code is in Pleo from a week before its first day until two years after its last day.
    """
    if small_business or tax_type == "vatfree":
        return (_NO_TAX,)
    first, last = today - OFFERED_AFTER, today + OFFERED_BEFORE
    return tuple(rule for rule in LAW if any(period.meets(first, last) for period in rule.periods))


def rates_at(day: date) -> frozenset[int]:
    """Return the rates of input VAT, in percent, for a service on this day."""
    held = (rule for rule in LAW if rule.type == "inclusive" and any(each.meets(day, day) for each in rule.periods))
    return frozenset(int(rule.rate * 100) for rule in held)


@dataclass(frozen=True, slots=True)
class Column:
    """The gross cents of one posting category at one rate in percent."""

    category_id: str
    rate: int
    gross: int

    @property
    def tax(self) -> int:
        """The tax included in `gross`: gross − gross / (1 + rate), rounded half-up to the cent.

        `gross` is never negative here.
        """
        parts = 100 + self.rate
        return (2 * self.gross * self.rate + parts) // (2 * parts)


def percent(rate: Decimal) -> int | None:
    """Convert Pleo's fraction (0.19) into whole percent. Return None if lexoffice has no such rate."""
    value = rate * 100
    return int(value) if value in RATES else None


def columns(parts: Iterable[tuple[str, int, int]]) -> tuple[Column, ...]:
    """Sum (category, rate, gross cents) per category and rate, in order of appearance. Omit columns of 0 cents."""
    sums: dict[tuple[str, int], int] = {}
    for category_id, rate, gross in parts:
        sums[category_id, rate] = sums.get((category_id, rate), 0) + gross
    return tuple(Column(category_id, rate, gross) for (category_id, rate), gross in sums.items() if gross)
