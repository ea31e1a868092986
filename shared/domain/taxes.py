"""German VAT rates as tax codes for Pleo; lexoffice has no endpoint for them, so they follow from profile and law.

UStG §12 (19 %, 7 %, 0 %), §13b (reverse charge), §19 (small business: none).
"""

from dataclasses import dataclass
from decimal import Decimal

CODE_PREFIX = "DE-"


@dataclass(frozen=True, slots=True)
class TaxRule:
    """One tax code as it should stand in Pleo: `code` is ours and the key, `rate` a fraction, `type` Pleo's."""

    code: str
    name: str
    rate: Decimal
    type: str


_NO_TAX = TaxRule("DE-0", "0 % Vorsteuer", Decimal("0.00"), "inclusive")
_REGULAR = (
    TaxRule("DE-19", "19 % Vorsteuer", Decimal("0.19"), "inclusive"),
    TaxRule("DE-7", "7 % Vorsteuer", Decimal("0.07"), "inclusive"),
    _NO_TAX,
    TaxRule("DE-RC-19", "19 % Reverse Charge (§ 13b UStG)", Decimal("0.19"), "reverse"),
)


def tax_rules(*, small_business: bool, tax_type: str) -> tuple[TaxRule, ...]:
    """The codes an organisation may use: everything, or only 0 % for a small business or a tax-free one."""
    return (_NO_TAX,) if small_business or tax_type == "vatfree" else _REGULAR
