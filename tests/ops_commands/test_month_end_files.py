"""The two files of a month-end sheet: a spreadsheet opens one as it is, a person prints the other."""

import csv
import io
import re
from dataclasses import replace
from datetime import date
from html import unescape

import pytest

from ops.month_end import csv_file, labels
from ops.month_end import page as html_page
from ops.month_end.facts import MonthFacts
from ops.month_end.sheet import Item, Section, sheet_of
from shared.domain.exporting.export_errors import ALL_ERRORS
from shared.domain.exporting.match import Criterion, MatchState
from shared.domain.exporting.voucher_columns import Notice
from shared.domain.feeding.ledger import RowSums, State
from shared.texts.labels import WAITING
from shared.texts.verdicts import VERDICTS

from .month_end_samples import by_hand, facts, made, october, payment, row

_SAID = re.compile(r"<[^>]+>")


def read(found: MonthFacts) -> list[dict[str, str]]:
    """The rows of the file, by column."""
    text = csv_file.text_of(sheet_of(found))
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";"))


def page(found: MonthFacts) -> str:
    """What a person reads on the page, in one line."""
    text = html_page.text_of(sheet_of(found))
    return re.sub(r"\s+", " ", unescape(_SAID.sub(" ", text.partition("<body")[2])))


# ------------------------------------------------------------------------------------------------ words
def test_every_reason_that_can_be_listed_has_a_sentence() -> None:
    reasons = {
        *WAITING,
        *(error.code for error in ALL_ERRORS),
        *(notice.name for notice in Notice),
        *(f"criterion_{criterion}" for criterion in Criterion if criterion is not Criterion.LINE_MISSING),
        *(why for items in sheet_of(october()).sections.values() for item in items for why in item.why),
    }

    assert not reasons - set(labels.SENTENCES)
    assert set(labels.TITLES) == set(labels.LEADS) == set(Section)


def test_every_reason_for_which_nothing_is_transferred_has_words() -> None:
    assert set(VERDICTS) - {"ok", "busy", "attention", "held"} <= set(labels.HOLDS)
    assert labels.hold_note("new in the product") == "Zurzeit wird nichts übertragen: Ursache beim Support erfragen."


@pytest.mark.parametrize("match", MatchState)
def test_every_state_of_a_match_is_matched_or_has_a_sentence(match: MatchState) -> None:
    for item in sheet_of(facts(payment(match=match))).sections[Section.UNMATCHED]:
        assert set(item.why) <= set(labels.SENTENCES)


def test_an_error_is_told_by_its_cause_with_its_values() -> None:
    item = Item(
        entry_id="e",
        kind="fee",
        day=None,
        amount=0,
        name="",
        why=("EXP-CATEGORY-GONE",),
        values=(("account", "Porto"),),
    )

    assert labels.why(item) == "Die Kategorie «Porto» gibt es in lexoffice nicht mehr."
    assert labels.code(item) == "EXP-CATEGORY-GONE"


# ------------------------------------------------------------------------------------------------ the file
def test_the_file_is_one_table_with_every_item_and_the_balance() -> None:
    found = october()
    items = sum(map(len, sheet_of(found).sections.values()))

    rows = read(found)

    assert len(rows) == items + 4
    assert {each["Unternehmen"] for each in rows} == {"Musterfirma GmbH"}
    assert {each["Monat"] for each in rows} == {"2026-10"}
    assert (rows[-1]["Abschnitt"], rows[-1]["Art"]) == (labels.BALANCE_TITLE, "Saldo am 31.10.2026")
    assert rows[-1]["Betrag in EUR"] == "3447,25"


def test_amounts_have_decimal_commas_and_the_wallets_sign() -> None:
    dollars = next(each for each in read(october()) if each["Währung"] == "USD")

    assert (dollars["Betrag in EUR"], dollars["Betrag laut Beleg"]) == ("-46,30", "50,00")
    assert (dollars["Datum"], dollars["Land"], dollars["Steuersatz"]) == ("20.10.2026", "IE", "19")


def test_an_amount_that_nobody_knows_is_empty() -> None:
    held = payment(row(amount=0, state=State.HELD, reason="unknown_kind"), amount=None)

    assert read(facts(held))[0]["Betrag in EUR"] == ""


def test_a_failed_export_has_its_code_in_a_column_of_its_own() -> None:
    codes = [each["Code"] for each in read(october()) if each["Code"]]

    assert codes == ["EXP-TAX-MISSING", "EXP-PAID-PRIVATELY", "EXP-RECEIPT-TOO-LARGE"]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_nothing_that_others_named_is_calculated_by_a_spreadsheet(first: str) -> None:
    evil = f"{first}cmd|' /C calc'!A0"
    hostile = payment(
        row(evil, state=State.HELD, kind=evil, reason=evil, counterparty=evil), book_id=evil, counterparty=evil
    )

    found = read(facts(hostile, company=evil))[0]
    for column in ("Unternehmen", "Art", "Händler", "Nummer in Pleo", "Hinweis", "Kennung in Pleo"):
        assert found[column].startswith(f"'{first}"), column


def test_a_provisional_month_says_so_in_every_row() -> None:
    assert {each["Stand"] for each in read(facts(caught_up_to=None))} == {"vorläufig"}
    assert {each["Stand"] for each in read(facts())} == {"beendet"}


# ------------------------------------------------------------------------------------------------ the page
def test_the_page_names_company_month_and_state() -> None:
    text = page(facts(caught_up_to=None))

    assert "Monatsabschluss Oktober 2026" in text
    assert "Musterfirma GmbH · Musterfirma Handelsgesellschaft mbH & Co. KG" in text
    assert "Stand 02.11.2026, 09:15" in text
    assert "Vorläufig" in text
    assert labels.PROVISIONAL["not_caught_up"] in text
    assert "Vorläufig" not in page(facts())


def test_the_page_numbers_its_sections_and_leaves_out_what_is_empty() -> None:
    text = page(facts(by_hand("e", "wallet_topup", 1_000, 2)))

    assert f"1. {labels.TITLES[Section.BY_HAND]}" in text
    assert labels.LEADS[Section.BY_HAND] in text
    assert labels.LEADS[Section.MEALS] not in text
    assert labels.TITLES[Section.UNKNOWN] not in text
    assert f"9. {labels.BALANCE_TITLE}" in text


def test_wallet_movements_have_sums_by_direction() -> None:
    text = page(facts(by_hand("in", "wallet_topup", 50_000, 2), by_hand("out", "wallet_unload", -1_000, 9)))

    assert "Summe Eingang 500,00 €" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Summe Ausgang −10,00 €" in text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


def test_the_page_says_what_foreign_is_judged_by_and_sums_up_by_country() -> None:
    text = page(october())

    assert "Land laut Stammdaten in Pleo, sonst laut Kartennetz" in text
    assert "Summe AT" in text
    assert "Summe IE" in text


def test_the_page_owns_up_to_matches_it_cannot_know() -> None:
    unmatched = payment(match=MatchState.OPEN)

    assert labels.NOT_LOOKED in page(facts(unmatched, has_matches=False))
    assert labels.NOT_LOOKED not in page(facts(unmatched, has_matches=True))


def test_the_balance_says_what_it_does_not_hold_and_whether_it_was_compared() -> None:
    text = page(facts(within=RowSums(failed=-1_999, unsent=1, incomplete=1, held=1)))

    assert "Nicht darin: 1 Umsatz bis zum Monatsende" in text
    assert "deren Betrag nicht bekannt ist (2)" in text
    assert "noch nicht mit den Buchungen in Pleo verglichen" in text
    assert "mit den Buchungen in Pleo verglichen: keine Differenz" in page(october())


def test_an_opening_balance_is_said_to_be_the_companys_own_statement() -> None:
    assert "Anfangsbestand laut Angabe des Unternehmens, 15.10.2026" in page(facts(start=date(2026, 10, 15)))


def test_a_held_company_and_deleted_names_are_told() -> None:
    text = page(facts(company="", organisation="", hold="disconnected", is_nameless=True))

    assert labels.NAMELESS in text
    assert "(Name gelöscht)" in text


def test_the_page_runs_no_script_loads_nothing_and_escapes_what_others_wrote() -> None:
    hostile = row(state=State.HELD, reason="other", counterparty="<script>alert(1)</script>")
    text = html_page.text_of(sheet_of(facts(payment(hostile), company="<b>Firma</b>")))

    assert "<script" not in text
    assert "<b>" not in text
    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", text)


def test_a_page_is_not_longer_than_anybody_reads_but_the_file_has_everything() -> None:
    many = [payment(row(f"e{number}"), match=MatchState.OPEN) for number in range(501)]
    found = facts(*many)

    assert "Weitere in der CSV-Datei: 1." in page(found)
    assert sum(each["Abschnitt"] == labels.TITLES[Section.UNMATCHED] for each in read(found)) == 501


def test_vouchers_that_nobody_remembers_the_booking_of_get_a_section() -> None:
    text = page(facts(vouchers=(replace(made(), record=replace(made().record, booked=None)),)))

    assert labels.LEADS[Section.UNKNOWN] in text
