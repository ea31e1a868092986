"""The product in every position of every switch of both stand-ins: what it achieves, or how it says that it cannot.

Positions stand beside a switch's definition, so a new switch is swept by itself. In its default position each switch
is part of the first test; every other position gets a story of its own. Where a position makes something impossible,
`OUTCOMES` says what becomes of it instead.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local.lexoffice.settings import LexofficeSwitches
from local.pleo.switches import PleoSwitches
from local.standin.switches import Board

from .company import boards, product
from .story import Result, Story

BOARDS: dict[str, type[Board]] = {"pleo": PleoSwitches, "lexoffice": LexofficeSwitches}
SENT = {"history": -1_190, "purchase": -2_380, "refund": 595, "split": -11_900, "yen": -950, "licence": -4_900} | {
    "token squeeze": -1_000,
    "lost plan": -2_000,
}
BALANCE = 100_000 + sum(SENT.values())
MERCHANT = "Muster Bürobedarf"
TEXTS = {name: [(MERCHANT, f"Kartenzahlung {MERCHANT}")] for name in SENT} | {
    "history": [(MERCHANT, f"Kartenzahlung {MERCHANT} vom 02.03.2026")],
    "purchase": [("Müller & Söhne Bürobedarf", "Kartenzahlung Müller & Söhne Bürobedarf")],
    "refund": [(MERCHANT, f"Erstattung {MERCHANT}")],
    "yen": [(MERCHANT, f"Kartenzahlung {MERCHANT} (1.500 JPY)")],
}
EXPORTED = ("history", "purchase", "refund", "split", "yen", "licence")
HELD = "needs attention: connection held"
STOPPED = "needs attention: set-up stopped"

ACHIEVED = Result(
    connected="",
    lines={name: [cents] for name, cents in SENT.items()},
    texts=TEXTS,
    ledger=dict.fromkeys(SENT, "sent") | {"load": "listed", "cancelled": "void", "lost account": "ready"},
    balance=BALANCE,
    wallet=BALANCE - 3_000,  # the last payment comes when its account is deactivated
    unexplained=0,
    vouchers={
        "history": ("purchaseinvoice", 1_190, 1),
        "purchase": ("purchaseinvoice", 2_380, 2),
        "refund": ("purchasecreditnote", 595, 1),
        "split": ("purchaseinvoice", 11_900, 1),
        "yen": ("purchaseinvoice", 950, 1),
        "licence": ("purchaseinvoice", 4_900, 1),
    },
    hints=set(EXPORTED),
    matches=dict.fromkeys(EXPORTED, "accepted"),
    jobs=["failed", "completed_with_errors", "completed"],
    items=dict.fromkeys(EXPORTED, "successful"),
    holds=["plan", "account_missing", "pleo_access_gone"],
    alarms=Counter({HELD: 3, STOPPED: 1}),
)
# Before anything but the first payment has happened.
NOTHING = Result(wallet=-1_190)


def _lines_refused(usual: Result) -> Result:
    """Every line is refused with an alarm; vouchers and hints are there and find no line."""
    return replace(
        usual,
        lines={},
        texts={},
        ledger=usual.ledger | dict.fromkeys(SENT, "failed"),
        balance=100_000,
        matches=dict.fromkeys(EXPORTED, "open"),
        alarms=usual.alarms + Counter({"needs attention: line refused": 14}),
    )


def _vouchers_refused(*written: str) -> Callable[[Result], Result]:
    """Every item but those `written` fails with lexoffice's reason; lines are not concerned."""

    def refused(usual: Result) -> Result:
        return replace(
            usual,
            vouchers={name: usual.vouchers[name] for name in written},
            hints=set(written),
            matches={name: usual.matches[name] for name in written},
            jobs=["failed", "completed_with_errors", "completed_with_errors"],
            items=dict.fromkeys(EXPORTED, "failed EXP-LEXOFFICE-REFUSED") | dict.fromkeys(written, "successful"),
        )

    return refused


def _entries_forbidden(usual: Result) -> Result:
    """Held from the first sync on; what webhooks brought is fed when the admin connects again."""
    return replace(
        usual,
        lines={name: cents for name, cents in usual.lines.items() if name != "history"},
        texts={name: texts for name, texts in usual.texts.items() if name != "history"},
        ledger={name: state for name, state in usual.ledger.items() if name not in {"history", "load"}},
        balance=BALANCE - 100_000 + 1_190,
        unexplained=None,
        vouchers={},
        hints=set(),
        matches={},
        jobs=["failed", "failed", "failed"],
        items=dict.fromkeys(EXPORTED, "abandoned"),
        holds=["pleo_scope", "pleo_scope", "pleo_access_gone"],
    )


def _without_merchants(usual: Result) -> Result:
    """No merchant is known, so lines have the rest of their text."""
    without = {name: purpose.replace(f" {merchant}", "") for name, [(merchant, purpose)] in usual.texts.items()}
    return replace(usual, texts={name: [("Unbekannt", purpose)] for name, purpose in without.items()})


# By stand-in, switch and position: what differs from everything being achieved.
OUTCOMES: dict[tuple[str, str, str], Callable[[Result], Result]] = {
    ("pleo", "cancel_event", "none"): lambda usual: replace(usual, ledger=usual.ledger | {"cancelled": "pending"}),
    ("pleo", "entry_merchant", "absent"): _without_merchants,
    ("pleo", "click_checks_contra_account", "True"): lambda usual: replace(usual, jobs=usual.jobs[1:]),
    ("pleo", "export_page_wallet", "True"): lambda usual: replace(usual, items=usual.items | {"load": "successful"}),
    ("pleo", "auto_consent", "deny"): lambda _: replace(NOTHING, connected="refused at Pleo"),
    ("pleo", "scopes", "{'entries': 'accounting-entries:read'}"): _entries_forbidden,
    ("pleo", "scopes", "{'subscriptions': 'webhooks:write'}"): lambda _: replace(
        NOTHING, connected="missing_rights", alarms=Counter({STOPPED: 2})
    ),
    ("lexoffice", "client_disabled", "True"): lambda _: replace(
        NOTHING, connected="refused at lexoffice", alarms=Counter({"needs attention: consent failed": 1})
    ),
    ("lexoffice", "missing_bookkeeping_status", "403"): lambda usual: replace(
        usual, holds=["lexoffice_scope", *usual.holds[1:]]
    ),
    ("lexoffice", "account_systems", "Pleo"): lambda _: replace(
        NOTHING, connected="half_way", alarms=Counter({STOPPED: 2})
    ),
    # Of lines that the lost answer named, and no later one names, the product does not know lexoffice's id.
    ("lexoffice", "duplicate_answer", "omit"): lambda usual: replace(
        usual, matches=dict.fromkeys(EXPORTED, "settled") | {"history": "accepted"}
    ),
    ("lexoffice", "deactivated_account", "accept"): lambda usual: replace(
        usual,
        lines=usual.lines | {"lost account": [-3_000]},
        texts=usual.texts | {"lost account": usual.texts["lost plan"]},
        ledger=usual.ledger | {"lost account": "sent"},
        balance=usual.wallet,
        holds=["plan", "", "pleo_access_gone"],
        alarms=Counter({HELD: 2, STOPPED: 1}),
    ),
    ("lexoffice", "purpose_max_length", "20"): _lines_refused,
    ("lexoffice", "name_max_length", "10"): _lines_refused,
    ("lexoffice", "voucher_number_max_length", "4"): _vouchers_refused(),
    ("lexoffice", "contact_name_max_length", "10"): _vouchers_refused("licence"),
    ("lexoffice", "remark_max_length", "10"): _vouchers_refused(),
    ("lexoffice", "file_on_paid", "refuse"): lambda usual: replace(
        usual,
        vouchers=usual.vouchers | {"purchase": ("purchaseinvoice", 2_380, 1)},
        alarms=usual.alarms + Counter({"needs attention: late receipt refused": 1}),
    ),
}


SWITCHES = [(vendor, name, each) for vendor, board in BOARDS.items() for name, each in board.switches().items()]
SWEPT = [(vendor, name, position) for vendor, name, switch in SWITCHES for position in switch.positions[1:]]


@pytest.mark.parametrize(("vendor", "name", "position"), SWEPT, ids=str)
def test_the_product_achieves_it_in_this_position(vendor: str, name: str, position: object) -> None:
    with product() as made:
        board = boards(made)[vendor]
        board.turn({name: position})
        board.read.clear()

        result = Story(made).tell()

    assert name in board.read, "nothing that the product does makes the stand-in look at this switch"
    outcome = OUTCOMES.get((vendor, name, str(position)))
    assert result == (outcome(ACHIEVED) if outcome else ACHIEVED)


def test_the_product_achieves_it_in_the_default_positions() -> None:
    with product() as made:
        result = Story(made).tell()

    assert result == ACHIEVED


def test_every_switch_has_another_position_to_try() -> None:
    without = [name for _, name, switch in SWITCHES if len({str(each) for each in switch.positions}) < 2]

    assert without == []


def test_outcomes_are_of_positions_that_exist() -> None:
    assert set(OUTCOMES) <= {(vendor, name, str(position)) for vendor, name, position in SWEPT}


@pytest.mark.parametrize("vendor", BOARDS)
def test_every_switch_is_a_row_of_the_assumptions_with_its_positions_and_belief(vendor: str) -> None:
    text = Path("docs/assumptions.md").read_text("utf-8")
    beliefs = {part.partition("\n")[0]: part for part in text.split("\n### ")}
    table = re.split(r"\n\| (?:Pleo|lexoffice) \| positions ", text)[1 + list(BOARDS).index(vendor)]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \| \[(.+)\]\(#(.+)\) \|$", table, re.MULTILINE)

    assert {name: positions for name, positions, *_ in rows} == {
        name: ", ".join(map(_written, switch.positions)) for name, switch in BOARDS[vendor].switches().items()
    }
    for name, _, belief, anchor in rows:
        assert belief == anchor
        assert f"`{name}`" in beliefs[belief].partition("\n## ")[0]


def _written(position: object) -> str:
    if isinstance(position, dict) and len(position) > 1:
        return "as documented"
    return f"`{position}`" if isinstance(position, str) and position else f"`{json.dumps(position)}`"
