"""The file of movements: a spreadsheet opens it as it is, and calculates nothing that somebody else wrote."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from facts import MOVEMENTS

from shared.pages import movements_csv
from shared.texts.text import Language


def _read(language: Language, text: str) -> list[list[str]]:
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";" if language == "de" else ","))


def test_the_german_file_has_semicolons_and_decimal_commas() -> None:
    text = movements_csv.text_of(MOVEMENTS, "de")

    heading, topup, *_ = _read("de", text)
    assert heading == ["Datum", "Richtung", "Betrag in EUR", "Art", "Kennung in Pleo"]
    assert topup == ["12.03.2026", "Eingang", "5000,00", "Wallet-Aufladung", MOVEMENTS[0].entry_id]
    assert text.endswith("\r\n")


def test_the_english_file_has_commas_and_iso_dates() -> None:
    rows = _read("en", movements_csv.text_of(MOVEMENTS, "en"))

    assert rows[2] == ["2026-03-09", "Out", "42.80", "Reimbursement to an employee", MOVEMENTS[1].entry_id]
    assert len(rows) == 1 + len(MOVEMENTS)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_nothing_that_pleo_names_is_calculated_by_a_spreadsheet(first: str) -> None:
    hostile = replace(MOVEMENTS[0], kind=f"{first}cmd|' /C calc'!A0", entry_id=f"{first}1+1")

    _, row = _read("de", movements_csv.text_of([hostile], "de"))

    assert row[3].startswith("'")
    assert row[4].startswith("'")


def test_a_company_without_movements_gets_the_heading() -> None:
    assert len(_read("en", movements_csv.text_of([], "en"))) == 1


def test_the_file_is_named_after_the_month_in_germany() -> None:
    midnight = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)

    assert movements_csv.name_of("de", midnight) == "pleo-wallet-von-hand-2026-04.csv"
    assert movements_csv.name_of("en", midnight) == "pleo-wallet-by-hand-2026-04.csv"
