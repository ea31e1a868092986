"""A text in German and English, the two languages of the product."""

from dataclasses import dataclass
from typing import Literal

type Language = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    de: str
    en: str

    def in_(self, language: Language) -> str:
        """Return the text in a language."""
        return self.de if language == "de" else self.en


@dataclass(frozen=True, slots=True)
class PluralText:
    """A text with a number `{n}`: `one` for 1, `many` for any other number."""

    one: Text
    many: Text

    def for_(self, n: int) -> Text:
        """Return the text for a number."""
        return self.one if n == 1 else self.many
