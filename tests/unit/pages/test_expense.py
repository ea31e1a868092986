"""The page of one expense: where it stands, the remedy, and the steps of its life."""

import re
from dataclasses import replace
from html import unescape

import facts
import pytest

from shared.domain.lookup.expense_halves import Step
from shared.domain.lookup.expense_state import Branch, ExpenseState
from shared.pages.expense import expense
from shared.pages.render import Links
from shared.texts.expense import BRANCH_TEXTS, NOT_FOUND
from shared.texts.text import Language

LINKS = Links(pleo="https://app.pleo.test", lexoffice="https://app.lexware.test")


def _html(*traces: ExpenseState, asked: str = "1042", language: Language = "de") -> str:
    return expense(language, asked, traces, links=LINKS, token="t0ken", now=facts.NOW).text


def _shown(*traces: ExpenseState, language: Language = "de") -> str:
    html = _html(*traces, language=language)
    text = (
        unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))
        .replace("\N{NO-BREAK SPACE}", " ")
        .replace("\N{WORD JOINER}", "")
    )
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("branch", [branch for branch in Branch if branch is not Branch.UNKNOWN])
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_branch_has_its_verdict_and_remedy(branch: Branch, language: Language) -> None:
    page = _shown(replace(facts.COMPLETE, branch=branch), language=language)

    assert BRANCH_TEXTS[branch].title.in_(language) in page
    assert BRANCH_TEXTS[branch].advice.in_(language) in page


def test_no_two_branches_are_told_alike() -> None:
    assert len({answer.title.de for answer in BRANCH_TEXTS.values()}) == len(Branch)


def test_the_life_of_a_complete_expense_is_told_step_by_step() -> None:
    page = _shown(facts.COMPLETE)

    assert "Muster Bürobedarf · Kartenzahlung · −26,77 € · 14.03.2026" in page
    assert "Umsatz in lexoffice erledigt 14.03.2026, 14:05" in page
    assert "Belegdateien angehängt erledigt 2 Dateien" in page
    assert "Zuordnung genehmigt steht aus noch offen" in page
    assert "PLEO-1042-5f0c2f" in page


def test_the_ways_into_both_products_are_linked() -> None:
    page = _html(facts.COMPLETE)

    assert f'href="https://app.lexware.test/permalink/vouchers/view/{facts.VOUCHER}"' in page
    assert 'href="https://app.pleo.io/expenses"' in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://example.test", "//example.test", ""])
def test_an_address_that_is_not_https_is_not_linked(address: str) -> None:
    page = _html(replace(facts.COMPLETE, pleo_url=address))

    assert f'href="{address}"' not in page
    assert f'href="{LINKS.pleo}"' in page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Die Teile der Ausgabe ergeben 20,00 EUR, bezahlt wurden 26,77 EUR."),
        ("en", "The parts of the expense add up to 20,00 EUR, but 26,77 EUR was paid."),
    ],
)
def test_a_failed_export_says_why_and_how_to_fix_it(language: Language, sentence: str) -> None:
    page = _shown(facts.FAILED, language=language)

    assert sentence in page
    assert "[EXP-SPLIT-SUM]" in page


def test_a_missing_suggestion_is_explained_by_its_criteria() -> None:
    assert "Das Belegdatum liegt nach dem Umsatz." in _shown(facts.NO_SUGGESTION)
    assert "The voucher is dated after the line." in _shown(facts.NO_SUGGESTION, language="en")


def test_a_payment_that_somebody_must_look_at_says_why() -> None:
    page = _shown(facts.LINE_HELD)

    assert "wie sie zu buchen ist, wird nicht geraten" in page
    assert "LOYALTY/POINTS" in page


def test_an_unknown_number_says_what_to_try() -> None:
    unknown = replace(facts.COMPLETE, branch=Branch.UNKNOWN, steps=())

    assert NOT_FOUND.advice.de in _shown()
    assert NOT_FOUND.advice.en in _shown(unknown, language="en")


def test_several_expenses_under_one_number_are_all_told() -> None:
    page = _shown(facts.COMPLETE, facts.FAILED)

    assert "Unter dieser Nummer gibt es mehrere Buchungen." in page
    assert BRANCH_TEXTS["complete"].title.de in page
    assert BRANCH_TEXTS["export_failed"].title.de in page


def test_what_was_asked_is_shown_as_text_and_stays_out_of_every_address() -> None:
    page = _html(asked='"><script>alert(1)</script>')

    assert "<script" not in page
    assert not re.findall(r'(?:href|action)="[^"]*script', page)


def test_the_language_is_changed_by_asking_again_with_the_sessions_token() -> None:
    page = _html(facts.COMPLETE)
    form = page[page.index('action="/status/expense?lang=en"') :].partition("</form>")[0]

    assert 'name="csrf" value="t0ken"' in form
    assert 'name="asked" value="1042"' in form


def test_details_that_nobody_knows_words_for_are_left_out() -> None:
    steps = (*facts.COMPLETE.steps[:-1], Step(what="match", state="waiting", detail="brand_new"))

    assert "brand_new" not in _shown(replace(facts.COMPLETE, steps=steps))
