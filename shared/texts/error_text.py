"""Fill values into texts."""

from collections.abc import Mapping

from shared.texts.export_errors import EXPORT_ERRORS
from shared.texts.labels import kind_label
from shared.texts.text import Language


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def fill(text: str, values: Mapping[str, str], language: Language) -> str:
    """Fill the placeholders of a text: `…` for a missing value, the label for a `kind`."""
    known = _Values(values)
    if "kind" in known:
        known["kind"] = kind_label(known["kind"], language)
    return text.format_map(known)


def export_error_text(code: str, values: Mapping[str, str], language: Language) -> str:
    """Return cause, fix and code of an export error. Return an unknown code unchanged."""
    error = EXPORT_ERRORS.get(code)
    if error is None:
        return code
    return f"{fill(f'{error.cause.in_(language)} {error.fix.in_(language)}', values, language)} [{code}]"
