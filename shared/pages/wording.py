"""What several pages say in the same way."""

from dataclasses import dataclass

from shared.domain.exporting.export_errors import CATALOGUE
from shared.pages.texts import Language

_ERRORS = {error.code: error for error in CATALOGUE}


@dataclass(frozen=True, slots=True)
class Links:
    """Where people find the two products."""

    pleo: str
    lexoffice: str


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def fill(text: str, values: dict[str, str]) -> str:
    """A text with its braces filled; one that nobody knows the value of becomes an ellipsis."""
    return text.format_map(_Known(values))


def export_error(code: str, values: dict[str, str], language: Language) -> str:
    """Cause and fix of an export error, in the page's language; an unknown code stands for itself."""
    error = _ERRORS.get(code)
    if error is None:
        return code
    cause, fix = (error.cause, error.fix) if language == "de" else (error.cause_en, error.fix_en)
    return f"{fill(f'{cause} {fix}', values)} [{code}]"
