"""Server-rendered pages: escaped by the template engine, no script, nothing secret in an address."""

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
from shared.pages.texts import COMMON, MESSAGES, Language, Text
from shared.pages.texts_connect import DISCONNECT, PROGRESS, RESULT, SIGN_IN, START
from shared.pages.texts_words import SET_UP_STEPS, STEP_STATES, STEP_TONES


@dataclass(frozen=True, slots=True)
class Html:
    """A rendered page and the nonce that its one style block carries."""

    text: str
    nonce: str


def language_of(query: Mapping[str, str], chosen: str, headers: Mapping[str, str]) -> Language:
    """German unless English is asked for: by the address, by what was `chosen` on an earlier page, by the browser."""
    wish = query.get("lang") or chosen or headers.get("accept-language", "de")
    return "en" if wish.lower().startswith("en") else "de"


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One entry of a list of steps: `state` and `tone` choose its look, the rest is words."""

    state: str
    tone: str
    name: str
    word: str
    detail: str = ""


def start(language: Language, *, today: date, day: str = "", opening: str = "", wrong: str = "") -> Html:
    """What will happen, what is not supported, and from when on; the form posts to `/connect`.

    `day` and `opening` as they were typed in; `wrong` names the field that cannot be meant, and the page says why.
    """
    return rendered(
        "start.html",
        language,
        title=START["title"].in_(language),
        text=worded(START, language),
        day=day or default_day(today).isoformat(),
        first=earliest_day(today).isoformat(),
        last=today.isoformat(),
        opening=opening,
        wrong=wrong,
    )


def result(language: Language, *, company: str, organisation: str, pleo_url: str, lexoffice_url: str) -> Html:
    """Connected, what to do next, and the ways to both products."""
    return rendered(
        "result.html",
        language,
        title=RESULT["title"].in_(language),
        done=RESULT["done"].in_(language).format(company=company, organisation=organisation),
        pleo_url=pleo_url,
        lexoffice_url=lexoffice_url,
        text=worded(RESULT, language),
    )


def message(name: str, language: Language) -> Html:
    """One of the pages that tell one thing; `name` as in shared/pages/texts.py."""
    told = MESSAGES[name]
    return rendered(
        "message.html",
        language,
        name=name,
        title=told.title.in_(language),
        body=told.body.in_(language),
        way=told.way,
        stays=told.stays,
    )


def sign_in(language: Language) -> Html:
    """Who has no session signs in by Pleo's consent; the form posts to `/sign-in`."""
    return rendered("sign_in.html", language, title=SIGN_IN["title"].in_(language), text=worded(SIGN_IN, language))


def progress(language: Language, how_far: Progress) -> Html:
    """How far the set-up has come; when it stopped, why. The door has the page loaded again while it goes on.

    When it stopped, or when it takes long, the page offers to go on: that form posts to `/connect/resume`.
    """
    why = MESSAGES[how_far.stopped] if how_far.stopped else None
    resume = PROGRESS["stopped"] if why else PROGRESS["slow"] if how_far.slow else None
    return rendered(
        "progress.html",
        language,
        title=PROGRESS["stopped_title" if why else "title"].in_(language),
        text=worded(PROGRESS, language),
        why=(why.title.in_(language), why.body.in_(language)) if why else None,
        steps=[_set_up_step(name, state, language) for name, state in how_far.steps],
        resume=resume.in_(language) if resume else "",
    )


def _set_up_step(name: str, state: StepState, language: Language) -> ShownStep:
    """What has not begun yet looks calm here; in the life of an expense something that waits is under way."""
    look, tone = ("later", "none") if state is StepState.WAITING else (state.value, STEP_TONES[state])
    return ShownStep(look, tone, SET_UP_STEPS[name].in_(language), STEP_STATES[state].in_(language))


def disconnect(language: Language, *, company: str, organisation: str, days: int, token: str) -> Html:
    """What disconnecting stops, deletes and leaves, before it is done; the form posts to `/disconnect`.

    `days` pass before personal data is deleted; `token` proves that the form comes from this session's page.
    """
    texts = worded(DISCONNECT, language)
    return rendered(
        "disconnect.html",
        language,
        title=texts["title"],
        sign_out=COMMON["sign_out"].in_(language),
        lead=texts["lead"].format(company=company, organisation=organisation),
        later=texts["later"].format(days=days),
        token=token,
        text=texts,
    )


def rendered(template: str, language: Language, **values: Any) -> Html:
    """A template filled with values, and with what every page carries."""
    nonce = secrets.token_urlsafe(16)
    text = (
        _environment()
        .get_template(template)
        .render(
            language=language,
            other_language="en" if language == "de" else "de",
            nonce=nonce,
            common=worded(COMMON, language),
            **values,
        )
    )
    return Html(text, nonce)


def worded(texts: Mapping[str, Text], language: Language) -> dict[str, str]:
    """A table of texts in one language."""
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
