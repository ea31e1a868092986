"""German VAT rates as tax codes for Pleo; lexoffice has no endpoint for them, so they follow from profile and law.

UStG §12 (19 %, 7 %), §28 (16 %, 5 % from July to December 2020), §13b (reverse charge), §19 (small business: none).
The day of the service decides which rate holds, not the day of the sync; so an expense may still need a rate that has
ended, and a rate that is about to begin must stand in Pleo on its first day.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

CODE_PREFIX = "DE-"
# As far back as the feed may begin: whoever enters expenses of these years finds the rates of these years.
OFFERED_AFTER = timedelta(days=2 * 366)
OFFERED_BEFORE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which a rate holds, both included; no `last` means until the law changes."""

    first: date
    last: date | None = None

    def meets(self, first: date, last: date) -> bool:
        """Whether any of these days is in it."""
        return self.first <= last and (self.last is None or first <= self.last)


@dataclass(frozen=True, slots=True)
class TaxRule:
    """One tax code as it should stand in Pleo: `code` is ours and the key, `rate` a fraction, `type` Pleo's.

    `periods` are the days of service on which it holds.
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
    """The codes an organisation may use: those of the law, or only 0 % for a small business or a tax-free one.

    A code stands in Pleo from a week before its first day until two years after its last one.
    """
    if small_business or tax_type == "vatfree":
        return (_NO_TAX,)
    first, last = today - OFFERED_AFTER, today + OFFERED_BEFORE
    return tuple(rule for rule in LAW if any(period.meets(first, last) for period in rule.periods))


def rates_at(day: date) -> frozenset[int]:
    """The rates of input VAT, in percent, that hold for a service of this day."""
    held = (rule for rule in LAW if rule.type == "inclusive" and any(each.meets(day, day) for each in rule.periods))
    return frozenset(int(rule.rate * 100) for rule in held)
