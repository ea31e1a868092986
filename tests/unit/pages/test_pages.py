"""The pages' texts: complete in both languages, with words for everything that can happen, and safe to show."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import facts
import pytest

from shared.domain.connecting.company_state import Hold
from shared.domain.connecting.set_up import STEPS as SET_UP
from shared.domain.connecting.set_up import Progress, StepState
from shared.domain.exporting.match import MatchState
from shared.domain.feeding.entry_rules import RULES
from shared.domain.lookup.trace import Branch
from shared.pages import render, texts
from shared.pages.texts import MESSAGES, Text
from shared.pages.texts_expense import ANSWERS, MATCHES, STEPS
from shared.pages.texts_verdicts import VERDICTS
from shared.pages.texts_words import HEALTH, KINDS, SET_UP_STEPS, STATUSES, STEP_STATES, STEP_TONES, WAITING

PAGES = Path(render.__file__).parent
TEMPLATES = sorted((PAGES / "templates").glob("*.html"))


def _texts(value: object, name: str) -> Iterator[tuple[str, Text]]:
    """Every text in a module's tables, however deep."""
    if isinstance(value, Text):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, f"{name} {key}")
    elif isinstance(value, tuple | list):
        for index, part in enumerate(value):
            yield from _texts(part, f"{name} {index}")
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{name} {field.name}")


ALL = [
    found
    for path in sorted(PAGES.glob("*.py"))
    for table, value in vars(import_module(f"shared.pages.{path.stem}")).items()
    if table.isupper() and path.stem.startswith("texts")
    for found in _texts(value, f"{path.stem} {table}")
]


def test_texts_stand_in_the_modules_of_texts_only() -> None:
    elsewhere = [path.name for path in PAGES.glob("*.py") if "texts" not in path.stem and " Text(" in path.read_text()]

    assert not elsewhere
    assert len(ALL) > 250


@pytest.mark.parametrize("text", [text for _, text in ALL], ids=[name for name, _ in ALL])
def test_every_text_exists_in_german_and_in_english(text: Text) -> None:
    languages = [field.name for field in fields(Text)]

    assert languages == ["de", "en"]
    assert all(getattr(text, language).strip() == getattr(text, language) != "" for language in languages)
    assert text.de != text.en
    assert set(re.findall(r"\{\w+\}", text.de)) == set(re.findall(r"\{\w+\}", text.en))
    assert text.de.count("«") == text.de.count("»")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_says_anything_by_itself(path: Path) -> None:
    """A word in a template would be there in one language only."""
    shown = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(), flags=re.DOTALL)
    said = re.findall(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"', shown)
    words = re.sub(r"<!?[^>]*>|&\w+;", "", shown, flags=re.DOTALL)

    assert re.findall(r"\w+", words) == []
    assert said == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_what_the_policy_forbids(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"<script|\son\w+=|\sstyle=|javascript:|<img|<link rel=.stylesheet|\|\s*safe", text)


def test_every_page_that_the_flows_show_has_a_text() -> None:
    sources = [*Path("shared/flows").glob("*.py"), *Path("functions").glob("*/app.py"), PAGES / "web.py"]
    code = "".join(path.read_text() for path in sources)
    named = set(re.findall(r'(?:Page|message|stopped)\(\s*"(\w+)"', code))

    assert named
    assert named <= set(texts.MESSAGES)


def test_there_are_words_for_everything_that_can_happen() -> None:
    holds = set(re.findall(r'hold\([^)]*?"(\w+)"\)', Path("shared/flows/feeding/feed.py").read_text()))

    assert {rule.kind for rule in RULES} | {"refund", "external_reimbursement"} <= set(KINDS)
    assert {branch.value for branch in Branch} == set(ANSWERS)
    assert {state.value for state in MatchState} == set(MATCHES)
    assert set(SET_UP) == set(SET_UP_STEPS)
    assert {state.value for state in StepState} <= set(STEP_STATES) == set(STEP_TONES)
    assert {step.what for step in facts.COMPLETE.steps} == set(STEPS)
    assert {"connecting", "active", "held", "disconnected"} == set(STATUSES)
    assert {"ok", "gone", "missing"} == set(HEALTH)
    assert holds
    vendors = {f"{vendor}_{what}" for vendor in ("pleo", "lexoffice") for what in ("access_gone", "scope")}
    assert holds | vendors | set(Hold) <= set(VERDICTS)


def test_every_reason_for_which_somebody_must_look_is_explained() -> None:
    code = Path("shared/domain/feeding/ledger.py").read_text() + Path("shared/flows/feeding/feed.py").read_text()
    reasons = set(re.findall(r'State\.(?:HELD|FAILED)\b[^)]*?reason="(\w+)"', code))
    reasons |= set(re.findall(r'unreadable\(row, "(\w+)"\)', code))

    assert len(reasons) >= 6
    assert reasons <= set(WAITING)


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_companys_name_is_shown_as_text_and_never_as_markup(language: texts.Language) -> None:
    page = render.result(
        language,
        company="<script>alert(1)</script> & Söhne",
        organisation='"><b>',
        pleo_url="https://pleo.test",
        lexoffice_url="https://lexoffice.test",
    )

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert '"><b>' not in page.text


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_message_says_what_to_do_in_a_whole_document(name: str, language: texts.Language) -> None:
    page = render.message(name, language)

    assert page.text.startswith("<!doctype html>")
    assert f'<html lang="{language}">' in page.text
    assert f'nonce="{page.nonce}"' in page.text
    assert "<script" not in page.text


def test_no_two_pages_share_a_nonce() -> None:
    assert render.sign_in("de").nonce != render.sign_in("de").nonce


def _progress(stopped: str = "", *, slow: bool = False) -> Progress:
    second = StepState.FAILED if stopped else StepState.RUNNING
    return Progress((("account", StepState.DONE), ("catalogue", second)), stopped, slow)


def test_a_set_up_that_goes_on_offers_nothing_to_press() -> None:
    assert "<form" not in render.progress("de", _progress()).text


def test_a_set_up_that_takes_long_or_stopped_can_be_gone_on_with() -> None:
    slow = render.progress("de", _progress(slow=True)).text
    stopped = render.progress("en", _progress("catalogue")).text

    assert 'action="/connect/resume' in slow
    assert "länger als üblich" in slow
    assert 'action="/connect/resume' in stopped
    assert MESSAGES["catalogue"].body.en in stopped


def test_who_disconnects_reads_before_what_is_deleted_when() -> None:
    page = render.disconnect("de", company="Musterfirma GmbH", organisation="Muster", days=30, token="t0ken").text

    assert "Nach 30 Tagen" in page
    assert 'name="csrf" value="t0ken"' in page
    assert 'action="/disconnect' in page


@pytest.mark.parametrize(
    ("query", "chosen", "headers", "language"),
    [
        ({}, "", {}, "de"),
        ({}, "", {"accept-language": "en-GB,en;q=0.9,de;q=0.8"}, "en"),
        ({}, "", {"accept-language": "fr-FR"}, "de"),
        ({}, "de", {"accept-language": "en"}, "de"),
        ({}, "en", {"accept-language": "de"}, "en"),
        ({"lang": "de"}, "en", {"accept-language": "en"}, "de"),
        ({"lang": "en"}, "", {"accept-language": "de"}, "en"),
        ({"lang": "<script>"}, "", {}, "de"),
    ],
)
def test_german_unless_somebody_asks_for_english(
    query: dict[str, str], chosen: str, headers: dict[str, str], language: str
) -> None:
    assert render.language_of(query, chosen, headers) == language
