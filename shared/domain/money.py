"""Amounts in whole minor units of a currency, never a float."""

from dataclasses import dataclass
from decimal import Decimal

# ISO 4217 currencies whose minor unit is not a hundredth (https://www.iso.org/iso-4217-currency-codes.html).
_MINOR_DIGITS = (
    dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
    | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
    | dict.fromkeys("CLF UYW".split(), 4)
)


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency` (ISO 4217): `Money(2677, "EUR")` is 26.77 EUR, `Money(1500, "JPY")` 1500 yen."""

    minor: int
    currency: str

    @property
    def decimal(self) -> Decimal:
        """The amount in currency units, with exactly the currency's number of decimals."""
        return Decimal(self.minor).scaleb(-_MINOR_DIGITS.get(self.currency, 2))

    def __str__(self) -> str:
        """Format the amount in German style: `1.234,56 EUR`."""
        text = f"{self.decimal:,f}"
        return text.translate(str.maketrans(",.", ".,")) + f" {self.currency}"
