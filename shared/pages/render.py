"""Server-rendered pages: escaped by the template engine, no script, nothing secret in an address."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.pages.texts import COMMON, MESSAGES, RESULT, START, Language, Text


@dataclass(frozen=True, slots=True)
class Html:
    """A rendered page and the nonce that its one style block carries."""

    text: str
    nonce: str


def language_of(query: Mapping[str, str], headers: Mapping[str, str]) -> Language:
    """German unless the address or the browser asks for English first."""
    wish = query.get("lang") or headers.get("accept-language", "de")
    return "en" if wish.lower().startswith("en") else "de"


def start(language: Language) -> Html:
    """What will happen and what is not supported, before the first click."""
    return _render("start.html", language, title=START["title"].in_(language), text=_texts(START, language))


def result(language: Language, *, company: str, organisation: str) -> Html:
    """Connected, and what to do next."""
    return _render(
        "result.html",
        language,
        title=RESULT["title"].in_(language),
        done=RESULT["done"].in_(language).format(company=company, organisation=organisation),
        text=_texts(RESULT, language),
    )


def message(name: str, language: Language) -> Html:
    """One of the pages that tell one thing; `name` as in shared/pages/texts.py."""
    told = MESSAGES[name]
    return _render(
        "message.html", language, title=told.title.in_(language), body=told.body.in_(language), again=told.again
    )


def _render(template: str, language: Language, **values: Any) -> Html:
    nonce = secrets.token_urlsafe(16)
    text = (
        _environment()
        .get_template(template)
        .render(
            language=language,
            other_language="en" if language == "de" else "de",
            nonce=nonce,
            common=_texts(COMMON, language),
            **values,
        )
    )
    return Html(text, nonce)


def _texts(texts: Mapping[str, Text], language: Language) -> dict[str, str]:
    return {name: text.in_(language) for name, text in texts.items()}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
    )
