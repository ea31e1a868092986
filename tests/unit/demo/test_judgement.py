"""The demo's end: what counts as true, as harmless and as not true, and how that is said."""

import io
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from local.demo.__main__ import conclude
from local.demo.cast import KINDS
from local.demo.export_proof import ExportProof
from local.demo.proof import Calls, Proof
from local.demo.world import DemoCompany, stages_of

PURCHASE, TOP_UP, OUT_OF_POCKET = (
    next(kind for kind in KINDS if kind.name == name) for name in ("card purchase", "wallet top-up", "out-of-pocket")
)
COMPANY = DemoCompany(
    "Muster Bau GmbH", "company", "organization", {"a": PURCHASE, "b": PURCHASE, "c": TOP_UP, "d": OUT_OF_POCKET}
)
LINES = Counter({("a", -1_250): 1, ("b", -300): 1})
TRUE = Proof(
    company=COMPANY,
    states={"a": "sent", "b": "sent", "c": "listed", "d": "none"},
    reasons={"d": "wallet_not_moved"},
    lines=LINES,
    expected=LINES,
    balance=500_000 - 1_550,
    wallet=500_000 - 1_550,
    calls=Calls(accepted=40, refused=0),
    unreadable=0,
    causes={"feed": "lexoffice answered 503 to POST /v1/finance/transactions"},
)


def said(sentences: list[str]) -> str:
    assert all(sentence.startswith("Muster ") and sentence.endswith(".") for sentence in sentences)
    return "\n".join(sentences)


def test_what_is_as_it_must_be_leaves_nothing_to_say() -> None:
    """An earlier failure of a worker is no reason: it has come right."""
    assert TRUE.untrue == []
    assert TRUE.harmless == []


def test_a_few_refused_calls_are_harmless_and_named() -> None:
    proof = replace(TRUE, calls=Calls(accepted=96, refused=4))

    assert proof.untrue == []
    assert said(proof.harmless) == "Muster Bau GmbH: lexoffice refused 4 of 100 calls for speed, which costs only time."


@pytest.mark.parametrize(
    ("accepted", "refused", "is_paced"),
    [(5, 3, True), (5, 4, False), (90, 10, True), (89, 11, False), (0, 0, True)],
)
def test_up_to_one_call_in_ten_may_be_refused_and_three_always(accepted: int, refused: int, is_paced: bool) -> None:
    assert Calls(accepted, refused).is_paced is is_paced


def test_a_pace_that_is_not_kept_is_not_true() -> None:
    proof = replace(TRUE, calls=Calls(accepted=60, refused=40))

    assert proof.harmless == []
    assert "lexoffice refused 40 of 100 calls for speed; 10 would be harmless" in said(proof.untrue)


def test_an_entry_at_the_wrong_place_is_counted_by_kind_with_its_reason() -> None:
    states = TRUE.states | {"a": "failed", "b": "ready"}
    proof = replace(TRUE, states=states, reasons=TRUE.reasons | {"a": "amount_is_zero"})

    assert "2 of 2 «card purchase» have no line, but are 1 failed (amount is zero), 1 ready" in said(proof.untrue)


def test_an_entry_that_never_arrived_is_said_to_be_unknown() -> None:
    proof = replace(TRUE, states={key: state for key, state in TRUE.states.items() if key != "c"})

    assert "1 of 1 «wallet top-up» are not listed for entry by hand, but are 1 unknown to the product" in said(
        proof.untrue
    )


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (Counter({("a", -1_250): 1}), "1 lines are missing in lexoffice, for example entry b with -3.00 EUR"),
        (LINES + Counter({("b", -300): 1}), "1 lines in lexoffice are too many, for example entry b with -3.00 EUR"),
    ],
)
def test_a_line_that_is_missing_or_there_twice_is_not_true(lines: Counter[tuple[str, int]], sentence: str) -> None:
    assert sentence in said(replace(TRUE, lines=lines).untrue)


def test_a_line_with_another_amount_is_missing_and_too_many() -> None:
    wrong = said(replace(TRUE, lines=Counter({("a", -1_251): 1, ("b", -300): 1})).untrue)

    assert "entry a with -12.50 EUR" in wrong
    assert "entry a with -12.51 EUR" in wrong


def test_a_cent_of_difference_is_not_true() -> None:
    wrong = said(replace(TRUE, balance=TRUE.balance + 1).untrue)

    assert "the account in lexoffice says 4,984.51 EUR, the wallet 4,984.50 EUR" in wrong


def test_a_line_nobody_can_read_is_not_true() -> None:
    assert "1 lines have no readable text" in said(replace(TRUE, unreadable=1).untrue)


def test_what_is_not_true_comes_with_the_reason_the_product_knows() -> None:
    wrong = said(replace(TRUE, balance=0).untrue)

    assert "its feed worker that failed: lexoffice answered 503 to POST /v1/finance/transactions." in wrong


def item(status: str, kind: str = "", reason: str = "") -> dict[str, Any]:
    return {"status": status, "failureReasonType": kind, "failureReason": reason}


NO_ACCOUNT = item("failed", "missing_configuration", "Kein Konto. [EXP-ACCOUNT-MISSING]")
HEIC = item("failed", "receipt_conversion_failure", "Eine Belegdatei hat das Format image/heic. [EXP-RECEIPT-TYPE]")
EXPORTED = ExportProof(
    company="Muster Tee GmbH",
    status="completed_with_errors",
    items=[NO_ACCOUNT, HEIC, item("successful"), item("successful")],
    vouchers=[{"files": []}, {"files": ["receipt"]}],
    suggested=2,
    matched=2,
)


def test_an_export_in_which_exactly_the_two_bad_expenses_failed_is_true() -> None:
    assert EXPORTED.untrue == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"status": "in_progress"}, "the export job is in_progress and not completed_with_errors"),
        ({"vouchers": []}, "0 and not 2 vouchers are in lexoffice"),
        ({"suggested": 1}, "1 and not 2 suggestions were approved"),
        ({"matched": 3}, "3 and not 2 lines are matched"),
        (
            {"items": [item("successful"), HEIC, item("successful"), item("successful")]},
            "no item failed, though one expense has no account",
        ),
        (
            {
                "items": [
                    NO_ACCOUNT,
                    HEIC,
                    item("failed", "other", "lexoffice nimmt den Beleg nicht."),
                    item("successful"),
                ]
            },
            "an item failed that must not: lexoffice nimmt den Beleg nicht",
        ),
        ({"items": [NO_ACCOUNT, HEIC, HEIC, item("successful")]}, "an item failed that must not: Eine Belegdatei hat"),
        ({"items": [NO_ACCOUNT, HEIC, item("pending"), item("successful")]}, "1 and not 2 of 4 items are exported"),
    ],
)
def test_whatever_else_became_of_an_export_is_not_true(change: dict[str, Any], sentence: str) -> None:
    assert sentence in said(replace(EXPORTED, **change).untrue)


def concluded(untrue: list[str], harmless: list[str]) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=80)
    status = conclude(console, untrue, harmless)
    printed = console.file
    assert isinstance(printed, io.StringIO)
    return status, printed.getvalue()


def test_the_exit_status_is_0_if_all_is_true() -> None:
    assert concluded([], []) == (0, "All of it is true.\n")


def test_what_is_harmless_is_named_and_does_not_matter() -> None:
    assert concluded([], ["Muster Bau GmbH: [brackets] stay."]) == (
        0,
        "Harmless on a slow machine: Muster Bau GmbH: [brackets] stay.\nAll of it is true.\n",
    )


def test_what_is_not_true_is_listed_and_the_exit_status_says_so() -> None:
    status, printed = concluded(["Muster Bau GmbH: one.", "Muster Tee GmbH: two."], [])

    assert status == 1
    assert printed.splitlines() == [
        "Not all of it is true:",
        "- Muster Bau GmbH: one.",
        "- Muster Tee GmbH: two.",
        "The logs are in build/demo.log.",
    ]


def test_only_a_step_forward_is_progress() -> None:
    """A failure that repeats, or a webhook that comes again, would otherwise keep the demo waiting for ever."""
    rows = [{"row": {"S": "ENTRY#a"}, "state": {"S": "ready"}}, {"row": {"S": "BALANCE"}, "pushed": {"N": "5"}}]
    noise = [{"row": {"S": "FAILURE#feed"}, "at": {"S": "now"}}, {"row": {"S": "LAST_WEBHOOK"}, "at": {"S": "now"}}]
    sent = [{"row": {"S": "ENTRY#a"}, "state": {"S": "sent"}}, rows[1]]

    assert stages_of(rows) == {("ENTRY", "ready"): 1, ("BALANCE", "5"): 1}
    assert stages_of(rows + noise) == stages_of(rows)
    assert stages_of(sent) != stages_of(rows)
