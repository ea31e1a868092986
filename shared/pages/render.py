"""Render pages on the server. The template engine escapes values; pages have no script and no secret in an address."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.domain.connecting.set_up import Progress, StepState
from shared.domain.feeding.start import default_day, earliest_day
from shared.texts.connect import DISCONNECT, PROGRESS, RESULT, SIGN_IN, START
from shared.texts.labels import SET_UP_STEPS, STEP_STATES, STEP_TONES
from shared.texts.messages import COMMON, MESSAGES
from shared.texts.text import Language, Text

_OTHER: dict[Language, Language] = {"de": "en", "en": "de"}


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of the two products."""

    pleo: str
    lexoffice: str


@dataclass(frozen=True, slots=True)
class Html:
    """A rendered page and the nonce that its one style block carries."""

    text: str
    nonce: str


def language_of(query: Mapping[str, str], chosen: str, headers: Mapping[str, str]) -> Language:
    """Return the language of the address, else the one `chosen` earlier, else the browser's. The default is German."""
    wanted = query.get("lang") or chosen or headers.get("accept-language", "de")
    return "en" if wanted.lower().startswith("en") else "de"


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One entry of a list of steps. `state` and `tone` are CSS classes, the other fields are texts."""

    state: str
    tone: str
    name: str
    word: str
    detail: str = ""


def start(language: Language, *, today: date, day: str = "", opening: str = "", wrong: str = "") -> Html:
    """Render the connect page: what will happen, what is not supported, the start date. The form posts to `/connect`.

    - `day`, `opening`: as the admin typed them.
    - `wrong`: the name of the invalid field, which the page explains.
    """
    return render_page(
        "start.html",
        language,
        title=START["title"].in_(language),
        text=texts_in(START, language),
        day=day or default_day(today).isoformat(),
        first=earliest_day(today).isoformat(),
        last=today.isoformat(),
        opening=opening,
        wrong=wrong,
    )


def result(language: Language, *, company: str, organisation: str, pleo_url: str, lexoffice_url: str) -> Html:
    """Render the page after connecting: the next steps, with links to both products."""
    return render_page(
        "result.html",
        language,
        title=RESULT["title"].in_(language),
        done=RESULT["done"].in_(language).format(company=company, organisation=organisation),
        pleo_url=pleo_url,
        lexoffice_url=lexoffice_url,
        text=texts_in(RESULT, language),
    )


def message(name: str, language: Language) -> Html:
    """Render a page with one message. `name` is a key of MESSAGES in shared/texts/messages.py."""
    text = MESSAGES[name]
    return render_page(
        "message.html",
        language,
        name=name,
        title=text.title.in_(language),
        body=text.body.in_(language),
        way=text.way,
        stays=text.stays,
    )


def sign_in(language: Language) -> Html:
    """Render the page on which an admin signs in with Pleo's consent. The form posts to `/sign-in`."""
    return render_page("sign_in.html", language, title=SIGN_IN["title"].in_(language), text=texts_in(SIGN_IN, language))


def progress(language: Language, how_far: Progress) -> Html:
    """Render the progress of the set-up, and why it stopped. The browser reloads the page while the set-up runs.

    If it stopped or takes long, the page offers to resume it. That form posts to `/connect/resume`.
    """
    why = MESSAGES[how_far.stopped] if how_far.stopped else None
    resume = PROGRESS["stopped"] if why else PROGRESS["slow"] if how_far.slow else None
    return render_page(
        "progress.html",
        language,
        title=PROGRESS["stopped_title" if why else "title"].in_(language),
        text=texts_in(PROGRESS, language),
        why=(why.title.in_(language), why.body.in_(language)) if why else None,
        steps=[_set_up_step(name, state, language) for name, state in how_far.steps],
        resume=resume.in_(language) if resume else "",
    )


def _set_up_step(name: str, state: StepState, language: Language) -> ShownStep:
    """Return a step. A waiting step has not begun here; on the page of an expense it is in progress."""
    style, tone = ("later", "none") if state is StepState.WAITING else (state.value, STEP_TONES[state])
    return ShownStep(style, tone, SET_UP_STEPS[name].in_(language), STEP_STATES[state].in_(language))


def disconnect(language: Language, *, company: str, organisation: str, days: int, token: str) -> Html:
    """Render what disconnecting stops, deletes and keeps. The form posts to `/disconnect`.

    Personal data is deleted after `days`; `token` proves that the form comes from this session's page.
    """
    texts = texts_in(DISCONNECT, language)
    return render_page(
        "disconnect.html",
        language,
        title=texts["title"],
        sign_out=COMMON["sign_out"].in_(language),
        lead=texts["lead"].format(company=company, organisation=organisation),
        later=texts["later"].format(days=days),
        token=token,
        text=texts,
    )


def render_page(template: str, language: Language, **values: Any) -> Html:
    """Render a template with these values and those of every page."""
    nonce = secrets.token_urlsafe(16)
    text = (
        _environment()
        .get_template(template)
        .render(
            language=language,
            other_language=_OTHER[language],
            nonce=nonce,
            common=texts_in(COMMON, language),
            **values,
        )
    )
    return Html(text, nonce)


def texts_in(texts: Mapping[str, Text], language: Language) -> dict[str, str]:
    """Return a table of texts in one language."""
    return {name: text.in_(language) for name, text in texts.items()}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
