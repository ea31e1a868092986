"""What a snapshot of an entry calls for, and that no order of snapshots loses or doubles a cent."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import ENTRY_ID, entry, pending

from shared.domain.feeding.entry import Entry
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import (
    REWRITABLE,
    WORK,
    Row,
    State,
    completed_row,
    correct,
    delays,
    row_for,
    unreadable,
)
from shared.domain.money import Money

LATER = datetime(2026, 2, 1, 23, 30, tzinfo=UTC)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def test_a_settled_purchase_is_ready_with_its_effect_on_the_wallet() -> None:
    row = row_for(entry())

    assert (row.state, row.kind, row.destination) == (State.READY, "card_purchase", Destination.LINE)
    assert (row.amount, row.total, row.revision, row.revisions) == (-2677, -2677, 1, 1)
    assert (row.day, row.reference) == (date(2026, 1, 12), f"pleo-{ENTRY_ID}")


@pytest.mark.parametrize(
    ("given", "state", "reason", "amount"),
    [
        (entry(), State.READY, "", -2677),
        (entry(bill=eur(-2677)), State.READY, "", 2677),
        (entry(value=Money(2900, "USD")), State.READY, "", -2677),
        (entry(family="WALLET", sub_family="LOAD"), State.READY, "", 2677),
        (entry(bill=None), State.INCOMPLETE, "", 0),
        (entry(bill=eur(0)), State.NONE, "zero_amount", 0),
        (entry(bill=Money(2677, "SEK")), State.HELD, "wallet_currency", 0),
        (entry(family="SOMETHING_NEW"), State.HELD, "unknown_kind", 0),
        (entry(family="OUT_OF_POCKET"), State.NONE, "wallet_not_moved", 0),
        (entry(deleted=True), State.VOID, "deleted", 0),
        (entry(status="CANCELLED"), State.VOID, "reversed", 0),
        (entry(status="REJECTED"), State.VOID, "reversed", 0),
        (entry(status="ERROR"), State.VOID, "reversed", 0),
        (entry(settled_at=None), State.PENDING, "", 0),
        (entry(status="DRAFT"), State.PENDING, "", 0),
        (entry(status="SOMETHING_NEW"), State.PENDING, "", 0),
        (pending(), State.PENDING, "", 0),
        (pending(status="CANCELLED"), State.VOID, "reversed", 0),
        (pending(family="SOMETHING_NEW"), State.PENDING, "", 0),
    ],
)
def test_a_snapshot_leads_to_one_state(given: Entry, state: State, reason: str, amount: int) -> None:
    row = row_for(given)

    assert (row.state, row.reason, row.amount, row.total) == (state, reason, amount, amount)


def test_a_settlement_that_the_snapshot_does_not_bear_out_is_read_again() -> None:
    assert row_for(pending(), announced_settled=True).state is State.INCOMPLETE
    assert row_for(entry(settled_at=None), announced_settled=True).state is State.INCOMPLETE
    assert row_for(entry(), announced_settled=True).state is State.READY
    assert row_for(entry(deleted=True), announced_settled=True).state is State.VOID


@pytest.mark.parametrize(
    ("given", "state", "reason", "amount"),
    [
        (entry(), State.READY, "", -2677),
        (entry(bill=None), State.READY, "", -2677),
        (entry(bill=None, value=Money(2900, "USD")), State.HELD, "amount_missing", 0),
        (pending(), State.PENDING, "", 0),
        (entry(status="CANCELLED"), State.VOID, "reversed", 0),
    ],
)
def test_what_pleos_api_says_is_never_incomplete(given: Entry, state: State, reason: str, amount: int) -> None:
    row = completed_row(given)

    assert (row.state, row.reason, row.amount, row.total) == (state, reason, amount, amount)


def test_an_unreadable_row_is_held_with_its_reason_and_moves_nothing() -> None:
    row = unreadable(row_for(entry(bill=None)), "entry_not_found")

    assert (row.state, row.reason, row.amount, row.total) == (State.HELD, "entry_not_found", 0, 0)


def test_a_final_snapshot_beats_any_pending_one_and_the_newer_beats_the_older() -> None:
    old, new = entry().updated_at, LATER
    versions = [
        row_for(given).version
        for given in (
            pending(updated_at=old),
            pending(updated_at=new),
            entry(updated_at=old),
            entry(updated_at=new, status="CANCELLED"),
        )
    ]

    assert versions == sorted(set(versions))


SENT = replace(row_for(entry()), state=State.SENT, transaction_id="t1")


@pytest.mark.parametrize(
    ("newer", "difference"),
    [
        (entry(bill=eur(2777), updated_at=LATER), -100),
        (entry(bill=eur(2577), updated_at=LATER), 100),
        (entry(bill=eur(-2677), updated_at=LATER), 5354),
        (entry(bill=eur(0), updated_at=LATER), 2677),
        (entry(status="CANCELLED", updated_at=LATER), 2677),
        (entry(deleted=True, updated_at=LATER), 2677),
        (entry(family="OUT_OF_POCKET", updated_at=LATER), 2677),
    ],
)
def test_a_later_change_of_a_sent_line_becomes_one_line_with_the_difference(newer: Entry, difference: int) -> None:
    correction = correct(SENT, row_for(newer), newer.updated_at)

    assert correction is not None
    row, first = correction.row, correction.first
    assert row is not None
    assert (row.state, row.amount, row.revision, row.reason) == (State.READY, difference, 2, "correction")
    assert (row.reference, row.day) == (f"pleo-{ENTRY_ID}-2", date(2026, 2, 2))
    assert row.purpose.startswith("Korrektur 02.02.2026 zu: Kartenzahlung")
    assert row.transaction_id == ""
    assert (first.state, first.amount, first.transaction_id) == (State.SENT, -2677, "t1")
    assert (first.total, first.version, first.revisions) == (-2677 + difference, row.version, 2)
    assert correction.replaces_version == SENT.version


@pytest.mark.parametrize(
    "newer",
    [
        entry(),
        entry(bill=eur(9999), updated_at=entry().updated_at - timedelta(seconds=1)),
        pending(updated_at=LATER),
        entry(bill=None, updated_at=LATER),
        entry(family="SOMETHING_NEW", updated_at=LATER),
        entry(bill=Money(9999, "SEK"), updated_at=LATER),
    ],
    ids=["same", "older", "pending", "no amount", "unknown kind", "foreign wallet"],
)
def test_what_does_not_move_the_wallet_for_certain_corrects_nothing(newer: Entry) -> None:
    assert correct(SENT, row_for(newer), LATER) is None


def test_a_later_change_of_the_text_only_moves_the_version_on() -> None:
    newer = row_for(entry(merchant="Other name", updated_at=LATER))

    correction = correct(SENT, newer, LATER)

    assert correction is not None
    assert correction.row is None
    assert correction.first == replace(SENT, version=newer.version)


def test_a_snapshot_that_is_older_than_one_without_effect_corrects_nothing() -> None:
    """Changed and changed back: the change arrives last."""
    newest = correct(SENT, row_for(entry(updated_at=LATER)), LATER)
    assert newest is not None
    between = LATER - timedelta(days=1)

    assert correct(newest.first, row_for(entry(bill=eur(9999), updated_at=between)), between) is None


def test_of_the_same_version_only_what_pleos_api_says_corrects() -> None:
    other = row_for(entry(bill=eur(2777)))

    assert correct(SENT, other, LATER) is None
    from_api = correct(SENT, other, LATER, from_api=True)
    assert from_api is not None
    assert from_api.row is not None
    assert from_api.row.amount == -100
    assert correct(SENT, row_for(entry()), LATER, from_api=True) is None


def test_a_correction_of_a_correction_counts_from_the_new_total() -> None:
    first = correct(SENT, row_for(entry(bill=eur(2777), updated_at=LATER)), LATER)
    assert first is not None
    again = LATER + timedelta(days=1)

    second = correct(first.first, row_for(entry(bill=eur(2600), updated_at=again)), again)

    assert second is not None
    assert second.row is not None
    assert (second.row.amount, second.row.revision, second.first.total) == (177, 3, -2600)


# --- any order of snapshots ------------------------------------------------------------------------------------------


@dataclass
class Books:
    """The ledger's rules for one entry without storage, and a worker that now and then does its work."""

    rows: dict[str, Row] = field(default_factory=dict)
    first: Row | None = None

    def accept(self, snapshot: Entry) -> None:
        offered = row_for(snapshot)
        stored = self.first
        if stored is None or (
            stored.version < offered.version and stored.revisions == 1 and stored.state in REWRITABLE
        ):
            self.first = offered
            return
        correction = correct(stored, offered, snapshot.updated_at)
        if correction is None:
            return
        self.first = correction.first
        if correction.row is not None:
            assert correction.row.reference not in self.rows
            assert correction.row.reference != correction.first.reference
            self.rows[correction.row.reference] = correction.row

    def work(self) -> None:
        def done(row: Row) -> Row:
            assert row.destination in {Destination.LINE, Destination.HAND}
            return replace(row, state=State.SENT if row.destination is Destination.LINE else State.LISTED)

        if self.first is not None and self.first.state in WORK:
            self.first = done(self.first)
        self.rows = {key: done(row) if row.state in WORK else row for key, row in self.rows.items()}

    def effect(self) -> int:
        every = [*self.rows.values(), *([self.first] if self.first else [])]
        return sum(row.amount for row in every if row.state in {State.SENT, State.LISTED})


def _snapshot(number: int, minor: int, kind: tuple[str, str | None], status: str) -> Entry:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    return entry(
        family=kind[0],
        sub_family=kind[1],
        status=status,
        bill=eur(minor),
        settled_at=None if status == "PENDING" else moment,
        updated_at=moment,
    )


_KINDS = st.sampled_from([("CARD_PURCHASE", "ONLINE"), ("WALLET", "LOAD"), ("OUT_OF_POCKET", None), ("CASHBACK", None)])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Entry], list[Entry]]:
    """An entry's snapshots in the order Pleo made them, and in the order they arrive: any, some of them twice."""
    kind = draw(_KINDS)
    made = [
        _snapshot(number, draw(st.integers(-500, 500)), kind, status)
        for number, status in enumerate(
            draw(st.lists(st.sampled_from(["PENDING", "COMPLETED", "COMPLETED", "CANCELLED"]), min_size=1, max_size=5))
        )
    ]
    twice = draw(st.lists(st.sampled_from(made), max_size=5))
    return made, draw(st.permutations([*made, *twice]))


@settings(max_examples=300)
@given(history=histories(), working=st.lists(st.booleans(), min_size=10, max_size=10))
def test_in_any_order_the_lines_add_up_to_the_newest_final_snapshot(
    history: tuple[list[Entry], list[Entry]], working: list[bool]
) -> None:
    made, arriving = history
    books = Books()

    for snapshot, works in zip(arriving, working, strict=False):
        books.accept(snapshot)
        if works:
            books.work()
    books.work()

    final = [snapshot for snapshot in made if snapshot.settled or snapshot.reversed]
    assert books.effect() == (row_for(final[-1]).total if final else 0)
    assert books.first is not None
    assert books.first.revisions == 1 + len(books.rows)


def test_only_a_payments_own_way_counts_as_delay() -> None:
    received = replace(row_for(entry()), ready_at="2026-02-01T23:29:30.250000Z")
    others = [
        replace(received, history=True),
        replace(received, revision=2),
        replace(received, ready_at=""),
    ]
    ahead = replace(received, ready_at="2026-02-01T23:30:01.000000Z")  # by another machine's clock

    assert delays([received, *others, ahead], LATER) == [29.75, 0.0]
