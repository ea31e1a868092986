"""The status page: one verdict, and what it must say with it."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import facts
import pytest

from shared.domain.lookup.company_health import verdict_of
from shared.domain.lookup.overview import Overview
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.proof import Pending
from shared.domain.syncing.requests import SyncRequest
from shared.pages.render import Links
from shared.pages.status import status
from shared.texts.labels import CHANGES
from shared.texts.text import Language
from shared.texts.verdicts import VERDICTS

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


def test_a_hold_without_words_of_its_own_is_told_as_held() -> None:
    assert VERDICTS["held"].title.de in shown(replace(facts.HELD, hold="something_new"))


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
        # A payment that waits is no news by itself.
        (replace(facts.FINE, waiting=facts.BUSY.waiting, waiting_count=1), "ok"),
        # What is held counts more than what is refused.
        (replace(facts.ATTENTION, status="held", hold="plan"), "plan"),
    ],
)
def test_the_page_has_one_verdict(overview: Overview, verdict: str) -> None:
    assert verdict_of(overview, facts.NOW) == verdict
    assert VERDICTS[verdict].title.de in shown(overview)
    assert VERDICTS[verdict].title.en in shown(overview, "en")


_HOLDS = sorted(set(VERDICTS) - {"ok", "busy", "attention", "connecting", "disconnected"})


@pytest.mark.parametrize("hold", [hold for hold in _HOLDS if hold != "paused"])
def test_a_held_company_is_told_that_nothing_is_lost_how_much_waits_and_gets_one_button(hold: str) -> None:
    page = _html(replace(facts.HELD, hold=hold))
    banner = page[page.index('id="verdict"') : page.index("</section>")]

    assert "Es geht nichts verloren" in banner
    assert "37 Zahlungen warten." in banner
    assert banner.count("<button") == 1
    assert 'action="/connect?lang=de"' in banner


def test_a_company_that_support_has_paused_is_told_so_and_gets_no_button_that_would_not_help() -> None:
    page = _html(replace(facts.HELD, hold="paused", lexoffice="ok"))
    banner = page[page.index('id="verdict"') : page.index("</section>")]

    assert "Der Support hat die Übertragung pausiert" in banner
    assert "Es geht nichts verloren" in banner
    assert "37 Zahlungen warten." in banner
    assert "<button" not in banner


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

    assert "2 Umsätze, um die Sie sich kümmern müssen" in page
    assert "lexoffice hat diesen Umsatz abgelehnt (purpose: too_long)." in page
    assert "nichts: alles ist übertragen" in page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Eine Belegdatei ist 7 MB groß; lexoffice nimmt höchstens 5 MB."),
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

    assert "Eine Belegdatei ist … groß" in page
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
    assert "27 Feb 2026 Wallet payout Out €1,200.00" in shown(facts.FINE, "en")


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

    assert {action for action, _ in forms} == {"/connect", "/sign-out", "/status/expense", "/status/request"}
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


def _synced(**sync: Any) -> Overview:
    return replace(facts.FINE, sync=replace(facts.FINE.sync, **sync))


def test_a_category_that_is_gone_says_how_many_waiting_expenses_use_it() -> None:
    gone = CatalogueChange(what="archived", name="Reise", expenses=3, entry_ids=("a", "b", "c"))

    assert "Nicht mehr in lexoffice: Reise." in shown(_synced(changes=(gone,)))
    assert "3 Ausgaben, die noch nicht exportiert sind, benutzen sie" in shown(_synced(changes=(gone,)))
    assert "1 expense that is not exported yet uses it" in shown(_synced(changes=(replace(gone, expenses=1),)), "en")
    assert "benutzen sie:" not in shown(_synced(changes=(replace(gone, expenses=0, entry_ids=()),)))


def test_a_category_that_takes_less_now_says_how_many_waiting_expenses_use_it() -> None:
    stricter = CatalogueChange(what="contact_required", name="Reise", expenses=3)

    assert "3 Ausgaben, die noch nicht exportiert sind, benutzen sie." in shown(_synced(changes=(stricter,)))
    assert "andere Kategorie wählen" not in shown(_synced(changes=(stricter,)))


@pytest.mark.parametrize("what", ["contact_required", "contact_free", "several_rates", "one_rate"])
def test_what_a_category_takes_now_is_told_in_words(what: str) -> None:
    overview = _synced(changes=(CatalogueChange(what=what, name="Reise"),))

    assert CHANGES[what].de.format(name="Reise") in shown(overview)
    assert CHANGES[what].en.format(name="Reise") in shown(overview, "en")


@pytest.mark.parametrize(("reason", "words"), [("empty", "gar keine"), ("removed", "1.021 von"), ("renamed", "anders")])
def test_a_list_that_was_refused_needs_somebody_and_says_why_with_its_counts(reason: str, words: str) -> None:
    overview = _synced(refused=CatalogueRefusal(reason=reason, count=1021, known=1100))

    assert verdict_of(overview, facts.NOW) == "attention"
    assert words in shown(overview)
    assert 'href="#sync"' in _html(overview)
    assert "Nothing was changed" in shown(overview, "en") or "nothing was changed" in shown(overview, "en")


def test_the_lists_can_be_synced_now_unless_that_was_asked_for_or_nobody_works_for_the_company() -> None:
    asked = replace(facts.FINE, open_requests=frozenset({SyncRequest.SYNC_CATALOGUE}))

    assert "sync_catalogue" in requests(facts.FINE)
    assert "sync_catalogue" not in requests(asked)
    assert "Der Abgleich ist angefordert" in shown(asked)
    assert "sync_catalogue" not in requests(facts.HELD)
    assert "sync_catalogue" not in requests(facts.GONE)


@pytest.mark.parametrize(("reason", "confirmable"), [("removed", True), ("renamed", True), ("empty", False)])
def test_a_refused_list_can_be_taken_over_all_the_same_unless_it_is_empty(reason: str, confirmable: bool) -> None:
    overview = _synced(refused=CatalogueRefusal(reason=reason, count=1021, known=1100))

    assert ("accept_catalogue" in requests(overview)) is confirmable
    assert ("Änderungen trotzdem übernehmen" in shown(overview)) is confirmable
    assert ("Take over the changes anyway" in shown(overview, "en")) is confirmable


def test_a_list_that_was_taken_over_or_not_refused_offers_nothing_to_confirm() -> None:
    refused = CatalogueRefusal(reason="removed", count=30, known=100)

    assert "accept_catalogue" not in requests(facts.FINE)
    accepted = frozenset({SyncRequest.ACCEPT_CATALOGUE})
    assert requests(replace(_synced(refused=refused), open_requests=accepted)) == ["prove_balance"]
    assert "accept_catalogue" not in requests(replace(_synced(refused=refused), status="held", hold="plan"))


def test_a_sync_that_fails_says_since_when_and_when_it_is_tried_again_in_both_languages() -> None:
    failing = replace(
        facts.FINE,
        failing_since=facts.NOW - timedelta(minutes=45),
        next_try_at=facts.NOW + timedelta(minutes=15),
    )

    assert "schlägt seit 13:20 fehl. Der nächste Versuch ist um 14:20" in shown(failing)
    assert "has been failing since 13:20. The next try is at 14:20" in shown(failing, "en")
    assert "Versuch" not in shown(facts.FINE)
    assert "Versuch" not in shown(replace(failing, status="disconnected"))


def test_the_proof_says_when_it_was_made_what_it_began_with_and_what_the_wallet_holds() -> None:
    balance = replace(
        facts.FINE.balance, opening=100_000, first_day=facts.NOW.date(), proof=facts.proof(opening=100_000)
    )
    page, english = (shown(replace(facts.FINE, balance=balance), language) for language in ("de", "en"))

    assert f"Ergibt das Wallet seit dem {facts.NOW:%d.%m.%Y}" in page
    assert "Anfangsbestand am Startdatum 1.000,00 €" in page
    assert "Nach Pleos Buchungen liegen 6.629,83 € im Wallet." in page
    assert "by Pleo's entries the wallet holds €6,629.83." in english


def test_a_balance_that_nobody_can_explain_needs_somebody_and_is_named() -> None:
    overview = _proven(unexplained=-42)
    page = _html(overview)

    assert verdict_of(overview, facts.NOW) == "attention"
    assert 'href="#proof"' in page[page.index('id="verdict"') : page.index("</section>")]
    assert "Nicht zu erklären −0,42 €" in _read(page)


def test_without_a_proof_nothing_is_claimed_about_one() -> None:
    assert "nachgerechnet" not in shown(facts.FINE)
    assert "zum ersten Mal einen Tag nach dem Verbinden" in shown(facts.FINE)
    assert "zum ersten Mal einen Tag nach dem Verbinden" not in shown(facts.GONE)


@pytest.mark.parametrize(
    ("ago", "german", "english"),
    [
        (timedelta(seconds=40), "heute, 14:04 (gerade eben)", "today, 14:04 (just now)"),
        (timedelta(minutes=12), "heute, 13:53 (vor 12 Min.)", "today, 13:53 (12 min ago)"),
        (timedelta(hours=30), "gestern, 08:05 (vor 30 Std.)", "yesterday, 08:05 (30 h ago)"),
        (timedelta(days=3), "13.03.2026, 14:05 (vor 3 Tagen)", "13 Mar 2026, 14:05 (3 days ago)"),
    ],
)
def test_the_proof_says_how_old_it_is(ago: timedelta, german: str, english: str) -> None:
    overview = _proven(facts.NOW - ago)

    assert f"Zuletzt nachgerechnet {german}" in shown(overview)
    assert f"Last added up {english}" in shown(overview, "en")


def test_what_pleo_has_reserved_is_named_beside_the_balance_with_what_it_means() -> None:
    one, several = (_proven(pending=Pending(cents=-12_345, count=count)) for count in (1, 3))

    assert "Noch nicht abgerechnet: 1 Zahlung −123,45 €" in shown(one)
    assert "Not settled yet: 3 payments −€123.45" in shown(several, "en")
    assert "Pleo hat den Betrag schon reserviert" in shown(one)
    assert "abgerechnet" not in shown(_proven())


def test_a_reserved_payment_without_an_amount_in_euros_is_counted_and_not_priced() -> None:
    page = shown(_proven(pending=Pending(count=1, unknown=1)))

    assert "Noch nicht abgerechnet: 1 Zahlung –" in page
    assert "Bei einer davon nennt Pleo den Betrag in Euro erst mit der Abrechnung." in page
    assert "Bei 2 davon" in shown(_proven(pending=Pending(cents=-100, count=3, unknown=2)))


def test_entries_whose_effect_nobody_knows_are_counted_beside_the_proof() -> None:
    assert "1 Buchung ist nicht eingerechnet" in shown(_proven(held=1))
    assert "2 entries are left out" in shown(_proven(held=2), "en")
    assert "eingerechnet" not in shown(_proven())


def test_a_proof_can_be_asked_for_unless_it_was_or_nobody_works_for_the_company() -> None:
    asked = replace(facts.FINE, open_requests=frozenset({SyncRequest.PROVE_BALANCE}))

    assert requests(facts.FINE) == ["prove_balance", "sync_catalogue"]
    assert "Jetzt prüfen" in shown(facts.FINE)
    assert "Check now" in shown(facts.FINE, "en")
    assert requests(asked) == ["sync_catalogue"]
    assert "Die Prüfung ist angefordert" in shown(asked)
    assert "The check is requested" in shown(asked, "en")
    assert requests(facts.HELD) == requests(facts.GONE) == []


def test_a_proof_that_was_tried_without_success_says_so_and_can_be_asked_for_again() -> None:
    tried = _balanced(tried_at=facts.NOW - timedelta(minutes=5))

    assert "Der letzte Versuch (heute, 14:00) ergab noch nichts Sicheres" in shown(tried)
    assert "The last try (today, 14:00) was inconclusive" in shown(tried, "en")
    assert "prove_balance" in requests(tried)


def _proven(proved_at: datetime = facts.NOW, **changes: Any) -> Overview:
    return replace(facts.FINE, balance=replace(facts.FINE.balance, proof=facts.proof(proved_at, **changes)))


def _balanced(**changes: Any) -> Overview:
    return replace(facts.FINE, balance=replace(facts.FINE.balance, proof=facts.proof(), **changes))


def requests(overview: Overview) -> list[str]:
    """What can be asked for on the page, in its order."""
    return re.findall(r'name="request" value="(\w+)"', _html(overview))
