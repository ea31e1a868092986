"""The house stands as docs/architecture.md draws it: imports point one way, and what is cited exists."""

import re
import subprocess
import sys
from pathlib import Path

from cloud import ROOT

CITATION = re.compile(r"docs/assumptions\.md#([a-z0-9-]+)")
FOLDERS = ("shared", "functions", "ops", "local")
TEXTS = {".py", ".md", ".html"}


def cited() -> dict[str, list[str]]:
    """Every assumption that is cited, and where."""
    found: dict[str, list[str]] = {}
    sources = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS]
    for path in [*sorted(sources), ROOT / "template.yaml"]:
        for anchor in CITATION.findall(path.read_text("utf-8")):
            found.setdefault(anchor, []).append(str(path.relative_to(ROOT)))
    return found


def anchors(page: Path) -> set[str]:
    """The anchors of a page: explicit ones, and those that its headings get."""
    text = page.read_text("utf-8")
    explicit = re.findall(r"""<a (?:id|name)=["']([^"']+)["']""", text) + re.findall(r"\{#([^}]+)\}", text)
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {*explicit, *(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)}


def test_imports_point_one_way() -> None:
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_cited_assumption_is_written_down() -> None:
    known = anchors(ROOT / "docs" / "assumptions.md")

    assert not {anchor: places for anchor, places in cited().items() if anchor not in known}
