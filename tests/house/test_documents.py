"""The documents say what the code does."""

import re
from pathlib import Path

from shared.domain.feeding.entry_rules import RULES, Destination, Rule
from shared.domain.syncing.schedule import LATE_RECEIPTS_INTERVAL
from shared.flows.syncing.duties import DAILY, DUTIES, EVERY_SYNC, ONLY_ON_REQUEST, Duty

DOCUMENTS = [Path("README.md"), Path("CONTRIBUTING.md"), *Path("docs").rglob("*.md"), *Path("local").rglob("*.md")]
_PLACES = {
    Destination.LINE: "line",
    Destination.HAND: "by hand",
    Destination.NONE: "none",
    Destination.HELD: "held",
}


def _table(document: str) -> list[list[str]]:
    lines = Path(document).read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]


def _table_after(document: str, heading: str) -> list[list[str]]:
    """The rows of the first table behind a heading, without its head."""
    lines = Path(document).read_text().partition(heading)[2].partition("\n|")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _shown(rule: Rule) -> tuple[str, str, str]:
    signs = {-1: ", −", 0: ", − (+ if negative)", 1: ", +"} if rule.destination is Destination.LINE else {}
    signs |= {-1: ", −", 1: ", +"} if rule.destination is Destination.HAND else {}
    return rule.family, rule.kind, _PLACES[rule.destination] + signs.get(rule.direction, "")


def test_the_accountants_table_is_the_table_of_the_code() -> None:
    documented = {
        (family, sub_family): (kind, place)
        for family, sub_family, kind, place in _table("docs/what-goes-where.md")
        if family != "anything else" and not sub_family.startswith("status")
    }
    coded = {(rule.family, rule.sub_family): _shown(rule) for rule in RULES}

    assert {family for family, _ in documented} == {family for family, _ in coded}
    for (family, sub_family), (_, kind, place) in coded.items():
        general = documented.get((family, "any")) or documented.get((family, "any other"), ("", ""))
        shown_kind, shown_place = documented[family, sub_family] if sub_family else general
        assert shown_kind.split(" ")[0] == kind
        assert re.split(r":", shown_place)[0] == place
    assert len(documented) == len(coded)


def _conditions(duty: Duty) -> str:
    return ", ".join(["active"] * duty.needs_active + ["this sync has caught up"] * duty.needs_catch_up)


def test_the_architectures_table_of_duties_is_the_table_of_the_code() -> None:
    intervals = {EVERY_SYNC: "every sync", LATE_RECEIPTS_INTERVAL: "hourly", DAILY: "daily"}
    intervals[ONLY_ON_REQUEST] = "only on request"
    documented = _table_after("docs/architecture.md", "**Duties.**")

    assert [[name, interval, condition] for name, interval, _, condition in documented] == [
        [duty.name, intervals[duty.interval], _conditions(duty)] for duty in DUTIES
    ]
    assert [set(re.findall(r"`(\w+)`", requests)) for _, _, requests, _ in documented] == [
        {request.value for request in duty.requests} for duty in DUTIES
    ]


def test_every_file_that_a_document_names_is_there() -> None:
    missing = [
        f"{document}: {path}"
        for document in DOCUMENTS
        for path in re.findall(
            r"`((?:bench|docs|events|functions|local|ops|shared|tests)/[\w./-]+)`", document.read_text()
        )
        if not Path(path).exists()
    ]

    assert not missing


def test_every_relative_link_of_a_document_leads_somewhere() -> None:
    broken = [
        f"{document}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
        if not (document.parent / target).exists()
    ]

    assert not broken
