"""README.md shows what `make demo` prints: the kinds, counts and amounts that are the same every time."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import chain

import pytest
from cloud import ROOT
from rich.console import Console

from local.demo.__main__ import conclude
from local.demo.cast import KINDS, cast, coding
from local.demo.export_proof import FAILS, ExportProof, show_export
from local.demo.pleo import PleoControl
from local.demo.proof import Calls, Proof, expected_lines, show
from local.demo.world import DemoCompany
from local.pleo.app import create_app
from local.pleo.settings import PleoSettings
from local.standin.serving import running

EXPORTED = len(cast().tee)


@pytest.fixture(scope="module")
def pleo() -> Iterator[PleoControl]:
    settings = PleoSettings(public_url="", client_id="client", client_secret="secret")
    with running(create_app, settings) as url, closing(PleoControl(url)) as control:
        yield control


def true_end(pleo: PleoControl) -> Proof:
    """Everything of Muster Bau paid at Pleo, and at its place."""
    company = DemoCompany("Muster Bau GmbH", pleo.add_company("Muster Bau GmbH"), "organization")
    company.entries |= pleo.pay(company.id, cast().bau)
    lines = expected_lines({entry_id: pleo.entry(entry_id) for entry_id in company.entries}, company)
    wallet = pleo.wallet(company.id)
    return Proof(
        company=company,
        states={entry_id: kind.outcome for entry_id, kind in company.entries.items()},
        reasons={entry_id: "wallet_not_moved" for entry_id, kind in company.entries.items() if kind.outcome == "none"},
        lines=lines,
        expected=lines,
        balance=wallet,
        wallet=wallet,
        calls=Calls(accepted=100, refused=0),
        unreadable=0,
        causes={},
    )


def true_export(receipts: int) -> ExportProof:
    """What remains of the export when its two bad expenses have failed."""
    good = EXPORTED - len(FAILS)
    failed = [{"status": "failed", "failureReasonType": kind, "failureReason": "…"} for kind in FAILS]
    return ExportProof(
        company="Muster Tee GmbH",
        status="completed_with_errors",
        items=[*failed, *({"status": "successful"} for _ in range(good))],
        vouchers=[{"files": ["receipt"] * (number < receipts)} for number in range(good)],
        suggested=good,
        matched=good,
    )


def words(text: str) -> list[str]:
    """The lines of a table or of prose, without frames and with single spaces."""
    return [" ".join(re.sub(r"[│┃┏┓┡┩└┘━─┳╇┴]+", " ", line).split()) for line in text.splitlines()]


def test_the_readme_shows_what_is_printed(pleo: PleoControl) -> None:
    console = Console(file=io.StringIO(), width=120)
    proof, export = (
        true_end(pleo),
        true_export(receipts=sum({"kind": "pdf"} in coding(each).get("files", []) for each in range(EXPORTED))),
    )
    assert (proof.untrue, export.untrue) == ([], [])
    show(console, proof)
    show_export(console, export)
    conclude(console, [], [])
    assert isinstance(console.file, io.StringIO)
    printed = words(console.file.getvalue())

    readme = (ROOT / "README.md").read_text("utf-8")
    sample = re.search(r"It ends with\n\n((?:    .*\n)+)", readme)
    assert sample is not None
    shown = [line for line in words(sample[1]) if line != "…"]

    assert len(shown) >= 9
    assert [line for line in shown if line not in printed] == []


def test_the_story_has_as_many_entries_as_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    story = re.search(r"three companies connect, (\d+) payments.*?exports (\d+) expenses", readme, re.DOTALL)
    assert story is not None

    assert tuple(map(int, story.groups())) == (len(cast().bau), EXPORTED)
    assert Counter(kind.name for kind, _ in cast().bau) == {kind.name: kind.count for kind in KINDS}


def test_the_story_is_the_same_every_time() -> None:
    def orders() -> list[object]:
        return [order for _, order in chain(cast().rad, cast().tee, cast().bau)]

    assert orders() == orders()
