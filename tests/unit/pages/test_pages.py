"""The pages' texts: complete in both languages, and safe whatever a company is called."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from shared.pages import render, texts
from shared.pages.texts import COMMON, MESSAGES, RESULT, START, Text

_ALL = [
    *((f"{name} title", told.title) for name, told in MESSAGES.items()),
    *((f"{name} body", told.body) for name, told in MESSAGES.items()),
    *((f"start {name}", text) for name, text in START.items()),
    *((f"result {name}", text) for name, text in RESULT.items()),
    *((f"common {name}", text) for name, text in COMMON.items()),
]


@pytest.mark.parametrize(("name", "text"), _ALL, ids=[name for name, _ in _ALL])
def test_every_text_exists_in_german_and_in_english(name: str, text: Text) -> None:
    languages = [field.name for field in fields(Text)]

    assert languages == ["de", "en"]
    assert all(getattr(text, language).strip() for language in languages)
    assert text.de != text.en
    assert set(re.findall(r"\{\w+\}", text.de)) == set(re.findall(r"\{\w+\}", text.en))


def test_every_page_that_the_flow_shows_has_a_text() -> None:
    flow = Path("shared/flows/connect.py").read_text() + Path("functions/oauth/app.py").read_text()
    named = set(re.findall(r'(?:Page|message)\(\s*"(\w+)"', flow)) - {"connected"}

    assert named == set(texts.MESSAGES)


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_companys_name_is_shown_as_text_and_never_as_markup(language: texts.Language) -> None:
    page = render.result(language, company="<script>alert(1)</script> & Söhne", organisation='"><b>')

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
    assert render.start("de").nonce != render.start("de").nonce


@pytest.mark.parametrize(
    ("query", "headers", "language"),
    [
        ({}, {}, "de"),
        ({}, {"accept-language": "en-GB,en;q=0.9,de;q=0.8"}, "en"),
        ({}, {"accept-language": "fr-FR"}, "de"),
        ({"lang": "de"}, {"accept-language": "en"}, "de"),
        ({"lang": "en"}, {"accept-language": "de"}, "en"),
        ({"lang": "<script>"}, {}, "de"),
    ],
)
def test_german_unless_somebody_asks_for_english(query: dict[str, str], headers: dict[str, str], language: str) -> None:
    assert render.language_of(query, headers) == language
