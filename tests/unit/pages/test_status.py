"""The status page: one verdict, and what it must say with it."""

import re
from dataclasses import replace
from html import unescape

import facts
import pytest

from shared.domain.overview import Overview
from shared.pages.status import status, verdict_of
from shared.pages.texts import Language
from shared.pages.texts_verdicts import VERDICTS
from shared.pages.wording import Links

LINKS = Links(pleo="https://app.pleo.test", lexoffice="https://app.lexware.test")


def shown(overview: Overview, language: Language = "de") -> str:
    """The page's text without markup, no-break spaces as spaces."""
    return _read(_html(overview, language))


def _html(overview: Overview, language: Language = "de") -> str:
    return status(language, overview, links=LINKS, token="t0ken", now=facts.NOW).text


def _read(html: str) -> str:
    text = (
        unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))
        .replace("\N{NO-BREAK SPACE}", " ")
        .replace("\N{WORD JOINER}", "")
    )
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("overview", "verdict"),
    [
        (facts.FINE, "ok"),
        (facts.FRESH, "ok"),
        (facts.BUSY, "busy"),
        (facts.ATTENTION, "attention"),
        (facts.HELD, "lexoffice_access_gone"),
        (facts.GONE, "disconnected"),
        (replace(facts.FINE, status="connecting"), "connecting"),
        (replace(facts.HELD, hold="something_new"), "held"),
        # A payment that waits is no news by itself.
        (replace(facts.FINE, waiting=facts.BUSY.waiting, waiting_count=1), "ok"),
        # What is held counts more than what is refused.
        (replace(facts.ATTENTION, status="held", hold="plan"), "plan"),
    ],
)
def test_the_page_has_one_verdict(overview: Overview, verdict: str) -> None:
    assert verdict_of(overview) == verdict
    assert VERDICTS[verdict].title.de in shown(overview)
    assert VERDICTS[verdict].title.en in shown(overview, "en")


@pytest.mark.parametrize("hold", sorted(set(VERDICTS) - {"ok", "busy", "attention", "connecting", "disconnected"}))
def test_a_held_company_is_told_that_nothing_is_lost_how_much_waits_and_gets_one_button(hold: str) -> None:
    page = _html(replace(facts.HELD, hold=hold))
    banner = page[page.index('id="verdict"') : page.index("</section>")]

    assert "Es geht nichts verloren" in banner
    assert "37 Zahlungen warten." in banner
    assert banner.count("<button") == 1
    assert 'action="/connect?lang=de"' in banner


def test_a_company_that_is_fine_has_no_button_in_its_banner() -> None:
    page = _html(facts.FINE)

    assert "<button" not in page[page.index('id="verdict"') : page.index("</section>")]


def test_a_backlog_says_how_much_and_until_when_in_german_time() -> None:
    assert "1.240 Zahlungen warten. Fertig gegen 14:20." in shown(facts.BUSY)
    assert "1,240 payments are waiting. Done by about 14:20." in shown(facts.BUSY, "en")


def test_a_backlog_too_long_to_count_says_so() -> None:
    assert "Mehr als 1.240 Zahlungen warten." in shown(replace(facts.BUSY, waiting_more=True))


def test_a_held_company_is_promised_no_time() -> None:
    assert "Fertig gegen" not in shown(replace(facts.HELD, done_by=facts.NOW))


def test_what_a_person_must_look_at_is_named_with_cause_and_fix_and_does_not_count_as_on_its_way() -> None:
    page = shown(facts.ATTENTION)

    assert "2 Umsätze, um die sich jemand kümmern muss" in page
    assert "lexoffice hat diesen Umsatz abgelehnt (purpose: too_long)." in page
    assert "nichts: alles ist übertragen" in page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Ein Beleg ist 7 MB groß; lexoffice nimmt höchstens 5 MB."),
        ("en", "A receipt has 7 MB; lexoffice takes at most 5 MB."),
    ],
)
def test_a_failed_item_is_explained_in_the_pages_language(language: Language, sentence: str) -> None:
    page = shown(facts.ATTENTION, language)

    assert sentence in page
    assert "[EXP-RECEIPT-TOO-LARGE]" in page
    assert "1043" in page


def test_a_code_or_value_that_nobody_knows_breaks_no_page() -> None:
    assert facts.ATTENTION.export is not None
    (first, *_) = facts.ATTENTION.export.failed
    unfilled = replace(first, code="EXP-RECEIPT-TOO-LARGE", values=())
    export = replace(facts.ATTENTION.export, failed=(unfilled, replace(first, code="EXP-NEW")))

    page = shown(replace(facts.ATTENTION, export=export))

    assert "Ein Beleg ist … groß" in page
    assert "EXP-NEW" in page


def test_a_running_export_says_when_it_will_be_done() -> None:
    page = shown(facts.EXPORTING)

    assert "9 von 28 Ausgaben exportiert. Fertig gegen 14:14." in page
    assert "Zuordnungsvorschläge" not in page
    assert "Zuordnungsvorschläge" in shown(facts.FINE)


def test_the_last_syncs_changes_are_named() -> None:
    page = shown(facts.FINE)

    assert "Umbenannt: Reisekosten → Reisekosten Inland" in page
    assert "Nicht mehr in lexoffice: Sonstige Ausgaben." in page
    assert "Steuersatz geändert: 5 % Vorsteuer → 7 % Vorsteuer" in page


def test_the_movements_are_listed_with_date_direction_and_amount() -> None:
    assert "12.03.2026 Wallet-Aufladung Eingang 5.000,00 €" in shown(facts.FINE)
    assert "27 Feb 2026 Wallet pay-out Out €1,200.00" in shown(facts.FINE, "en")


def test_of_many_movements_the_newest_are_shown_and_the_others_counted() -> None:
    page = shown(replace(facts.FINE, movements=facts.MOVEMENTS * 10))

    assert "… und 28 ältere in der CSV-Datei." in page


def test_the_balance_is_proved_and_what_is_missing_in_it_named() -> None:
    assert "Beides stimmt überein." in shown(facts.FINE)
    behind = shown(facts.ATTENTION)
    assert "Der neue Kontostand wird mit den nächsten Umsätzen gemeldet." in behind
    assert "von lexoffice abgelehnt −1.299,50 €" in behind


def test_charts_are_said_in_words_and_as_figures() -> None:
    page = shown(facts.FINE)

    assert "Im Mittel 50 s, am längsten 48 Min. (05.03.2026)." in page
    assert "166 Umsätze in 30 Tagen, am meisten am 05.03.2026: 25." in page
    assert 'aria-hidden="true"' in _html(facts.FINE)


def test_a_company_that_was_just_connected_sees_no_empty_charts() -> None:
    assert "<svg" not in _html(facts.FRESH)
    assert "Noch gibt es nichts zu zeigen." in shown(facts.FRESH)


def test_every_form_of_somebody_signed_in_carries_the_sessions_token() -> None:
    forms = re.findall(r'<form method="post" action="([^"?]+)[^>]*>(.*?)</form>', _html(facts.FINE), re.DOTALL)

    assert {action for action, _ in forms} == {"/connect", "/sign-out", "/status/expense"}
    assert all('name="csrf" value="t0ken"' in body for action, body in forms if action != "/connect")


def test_names_of_merchants_and_categories_are_text_and_never_markup() -> None:
    hostile = '<img src=x onerror="alert(1)">'
    (row,) = facts.BUSY.waiting
    page = _html(
        replace(
            facts.FINE,
            company=hostile,
            organisation=hostile,
            waiting=(replace(row, state="held", reason=hostile, counterparty=hostile, kind=hostile),),
            sync=replace(facts.FINE.sync, changes=(replace(facts.FINE.sync.changes[0], name=hostile),)),
        )
    )

    assert "<img" not in page


def test_braces_in_a_vendors_words_are_not_filled_in() -> None:
    (row,) = facts.BUSY.waiting
    odd = replace(row, state="failed", reason="refused_by_lexoffice", detail="{detail} {0} {x.y}")

    assert "({detail} {0} {x.y})" in shown(replace(facts.FINE, waiting=(odd,)))
