"""Texts with their values filled in."""

from collections.abc import Mapping

from shared.texts.export_errors import EXPORT_ERRORS
from shared.texts.labels import kind_label
from shared.texts.text import Language


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def fill(text: str, values: Mapping[str, str], language: Language) -> str:
    """Return the text with its braces filled; `…` for a missing value, the label of a `kind`."""
    known = _Values(values)
    if "kind" in known:
        known["kind"] = kind_label(known["kind"], language)
    return text.format_map(known)


def export_error_text(code: str, values: Mapping[str, str], language: Language) -> str:
    """Return cause, fix and code of an export error; an unknown code stands for itself."""
    error = EXPORT_ERRORS.get(code)
    if error is None:
        return code
    return f"{fill(f'{error.cause.in_(language)} {error.fix.in_(language)}', values, language)} [{code}]"
