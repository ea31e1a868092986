"""docs/mapping.md and docs/errors.md say what the code does, row by row and code by code."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from expenses import ACQUISITION, LICENCES_13B, OFFICE, SETTINGS, expense, part, tax

from shared.domain.exporting.export_errors import ALL_ERRORS, ExportError, Refusal
from shared.domain.exporting.item_rules import RULES, ExportRule, Treatment
from shared.domain.exporting.mapping import voucher_for
from shared.domain.exporting.match import Criterion
from shared.domain.exporting.voucher import Voucher
from shared.domain.exporting.voucher_columns import Notice
from shared.texts.books import NOTICES
from shared.texts.export_errors import EXPORT_ERRORS
from shared.texts.labels import KINDS

MAPPING = Path("docs/mapping.md").read_text("utf-8")
ERRORS = Path("docs/errors.md").read_text("utf-8")
WRITING = {Treatment.EXPENSE, Treatment.CREDIT, Treatment.EITHER}
CATEGORIES = {"ordinary": OFFICE, "§ 13b": LICENCES_13B, "intra-community": ACQUISITION}
COMPANIES = {
    "ordinary": SETTINGS,
    "small business": replace(SETTINGS, small_business=True),
    "vatfree": replace(SETTINGS, tax_type="vatfree"),
}


def _table(section: str) -> list[list[str]]:
    """The rows of a section's table, without its head."""
    text = MAPPING.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _shown(rule: ExportRule) -> list[str]:
    writes = rule.treatment in WRITING
    cells = [
        "needed" if rule.contra else "·",
        "needed" if rule.receipt else "·",
        "optional" if rule.untaxed else "needed",
        "supplier's, then Pleo's" if rule.own_number else "Pleo's",
        "invoice" if rule.own_dates else "settlement",
    ]
    return [rule.type, KINDS[rule.type].de, rule.treatment.value, *(cells if writes else ["·"] * len(cells))]


def test_the_table_of_types_is_the_table_of_the_code() -> None:
    assert _table("By type of expense") == [_shown(rule) for rule in RULES]


@pytest.mark.parametrize("row", _table("Tax"), ids=" ".join)
def test_every_row_of_the_tax_table_is_what_the_code_does(row: list[str]) -> None:
    code, category, company, rate, note = row
    percent, _, kind = code.replace(" %", "").partition(" ")
    line = part(11900, CATEGORIES[category], tax(percent, kind) if kind else None)

    outcome = voucher_for(expense(line), COMPANIES[company])

    if rate.startswith("EXP-"):
        assert isinstance(outcome, Refusal)
        assert outcome.error.code == rate
        return
    assert isinstance(outcome, Voucher)
    assert [column.rate for column in outcome.columns] == [int(rate)]
    assert outcome.total_gross == 11900
    assert [notice.name for notice in Notice if NOTICES[notice] in outcome.remark] == ([] if note == "·" else [note])


def test_the_notes_are_those_of_the_code() -> None:
    assert _table("Notes in the remark") == [[notice.value, NOTICES[notice]] for notice in Notice]


def test_the_criteria_are_those_of_the_code() -> None:
    assert [row[0] for row in _table("Will lexoffice suggest the match?")] == [
        criterion.value for criterion in Criterion
    ]


def test_every_error_has_its_section_and_every_section_its_error() -> None:
    assert re.findall(r"^## (.+)$", ERRORS, re.MULTILINE) == [error.code for error in ALL_ERRORS]


@pytest.mark.parametrize("error", ALL_ERRORS, ids=lambda error: error.code)
def test_a_section_has_type_cause_and_fix_in_both_languages(error: ExportError) -> None:
    section = ERRORS.split(f"\n## {error.code}\n")[1].split("\n## ")[0]
    text = EXPORT_ERRORS[error.code]
    types = [f"item `{error.type}`"] * bool(error.type) + [f"job `{error.job_type}`"] * bool(error.job_type)

    assert section.rstrip("\n").split("\n") == [
        "",
        f"- Type: {', '.join(types)}",
        f"- Ursache: {text.cause.de}",
        f"- Abhilfe: {text.fix.de}",
        f"- Cause: {text.cause.en}",
        f"- Fix: {text.fix.en}",
    ]


def test_what_the_mapping_page_calls_an_error_is_one() -> None:
    assert set(re.findall(r"EXP-[A-Z-]+", MAPPING)) <= {error.code for error in ALL_ERRORS}
