"""The documents say what the code does."""

import re
from pathlib import Path

from shared.domain.feeding.entry_rules import RULES, Destination, Rule

_PLACES = {
    Destination.LINE: "line",
    Destination.HAND: "by hand",
    Destination.NONE: "none",
    Destination.HELD: "held",
}


def _table(document: str) -> list[list[str]]:
    lines = Path(document).read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]


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


def test_every_relative_link_of_a_document_leads_somewhere() -> None:
    documents = [Path("README.md"), Path("CONTRIBUTING.md"), *Path("docs").rglob("*.md"), *Path("local").rglob("*.md")]
    broken = [
        f"{document}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
        if not (document.parent / target).exists()
    ]

    assert not broken
