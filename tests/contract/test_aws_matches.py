"""Matches in the ledger: what is ours is heeded, nothing else, and no event is forgotten while somebody looks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cloud import Cloud
from samples import CONNECTION_ID, ENTRY_ID, entry

from shared.aws.ledger import Ledger
from shared.aws.matches import Matches, MatchRecord
from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import row_for
from shared.errors import StoreUnavailable

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
VOUCHER = "66c0b1d2-0000-4000-8000-000000000001"
OTHER = "66c0b1d2-0000-4000-8000-000000000002"


@pytest.fixture
def matches(aws: Cloud) -> Matches:
    return Matches(aws.ledger_table)


def expect(matches: Matches, voucher_id: str = VOUCHER) -> None:
    matches.register(CONNECTION_ID, voucher_id, ENTRY_ID)


def waiting(matches: Matches, limit: int = 25) -> list[MatchRecord]:
    return matches.waiting(CONNECTION_ID, limit)


def test_nothing_is_known_of_a_voucher_that_is_not_ours(matches: Matches) -> None:
    assert matches.get(CONNECTION_ID, VOUCHER) is None
    assert waiting(matches) == []


def test_a_new_match_is_open_and_waits_for_nothing(matches: Matches) -> None:
    expect(matches)

    assert matches.get(CONNECTION_ID, VOUCHER) == MatchRecord(
        voucher_id=VOUCHER, entry_id=ENTRY_ID, state=MatchState.OPEN
    )
    assert matches.get("another company", VOUCHER) is None
    assert waiting(matches) == []


def test_a_match_is_kept_for_good(aws: Cloud, matches: Matches) -> None:
    expect(matches)

    (item,) = aws.items(aws.ledger_table, "MATCH#", "row")
    assert "expires_at" not in item


def test_expecting_again_forgets_neither_what_was_seen_nor_what_is_to_be_looked_at(matches: Matches) -> None:
    expect(matches)
    matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW)
    matches.save_result(CONNECTION_ID, waiting(matches)[0], MatchState.ACCEPTED, NOW)
    matches.mark_for_review(CONNECTION_ID, VOUCHER, LATER)
    before = matches.get(CONNECTION_ID, VOUCHER)

    expect(matches)

    assert matches.get(CONNECTION_ID, VOUCHER) == before
    assert before is not None
    assert (before.state, len(waiting(matches))) == (MatchState.ACCEPTED, 1)


def test_a_match_is_found_however_its_id_is_spelt(matches: Matches) -> None:
    expect(matches, VOUCHER.upper())

    assert matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW)
    assert matches.mark_for_review(CONNECTION_ID, VOUCHER.upper(), NOW)
    assert [record.voucher_id for record in waiting(matches)] == [VOUCHER]


def test_somebody_elses_voucher_leaves_no_trace(aws: Cloud, matches: Matches) -> None:
    assert matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW) is False

    assert aws.dump(aws.ledger_table) == []


def test_another_companys_voucher_is_somebody_elses(matches: Matches) -> None:
    expect(matches)

    assert matches.mark_for_review("another company", VOUCHER, NOW) is False
    assert waiting(matches) == []


def test_what_was_looked_at_waits_no_more(matches: Matches) -> None:
    expect(matches)
    assert matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW)
    (record,) = waiting(matches)

    assert matches.save_result(CONNECTION_ID, record, MatchState.ACCEPTED, LATER)

    assert waiting(matches) == []
    assert matches.get(CONNECTION_ID, VOUCHER) == MatchRecord(
        voucher_id=VOUCHER, entry_id=ENTRY_ID, state=MatchState.ACCEPTED, looked_at="2026-01-15T09:30:01.000000Z"
    )


def test_an_event_that_comes_while_somebody_looks_makes_him_look_again(matches: Matches) -> None:
    """What he saw may be older than the event, so it is not stored either."""
    expect(matches)
    matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW)
    (seen,) = waiting(matches)
    matches.mark_for_review(CONNECTION_ID, VOUCHER, LATER)

    assert matches.save_result(CONNECTION_ID, seen, MatchState.OPEN, LATER) is False

    (record,) = waiting(matches)
    assert record.work != seen.work
    assert matches.save_result(CONNECTION_ID, record, MatchState.ACCEPTED, LATER)
    assert waiting(matches) == []


def test_looking_twice_stores_once(matches: Matches) -> None:
    expect(matches)
    matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW)
    (record,) = waiting(matches)

    stored = [matches.save_result(CONNECTION_ID, record, MatchState.ACCEPTED, NOW) for _ in range(2)]

    assert stored == [True, False]


def test_the_longest_waiting_comes_first_and_no_more_than_asked_for(matches: Matches) -> None:
    for voucher_id, moment in ((VOUCHER, LATER), (OTHER, NOW)):
        expect(matches, voucher_id)
        matches.mark_for_review(CONNECTION_ID, voucher_id, moment)

    assert [record.voucher_id for record in waiting(matches)] == [OTHER, VOUCHER]
    assert [record.voucher_id for record in waiting(matches, 1)] == [OTHER]


def test_the_feed_sees_none_of_the_matches_and_the_matches_none_of_the_feed(aws: Cloud, matches: Matches) -> None:
    ledger = Ledger(aws.ledger_table)
    ledger.accept(CONNECTION_ID, row_for(entry()))
    expect(matches)
    matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW)

    assert [row.entry_id for row in ledger.open_rows(CONNECTION_ID, 25)] == [ENTRY_ID]
    assert [record.voucher_id for record in waiting(matches)] == [VOUCHER]


def test_who_was_just_woken_sees_what_he_was_woken_for(aws: Cloud, matches: Matches) -> None:
    asked: list[dict[str, Any]] = []
    client = aws.client("dynamodb")
    client.meta.events.register("provide-client-params.dynamodb.Query", lambda params, **_: asked.append(params))

    waiting(matches)

    assert [(params["IndexName"], params["ConsistentRead"]) for params in asked] == [("work", True)]


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("PutItem", expect),
        ("UpdateItem", lambda matches: matches.mark_for_review(CONNECTION_ID, VOUCHER, NOW)),
        ("Query", waiting),
        ("GetItem", lambda matches: matches.get(CONNECTION_ID, VOUCHER)),
    ],
)
def test_when_aws_does_not_answer_nobody_takes_it_for_an_answer(
    aws: Cloud, matches: Matches, operation: str, call: Any
) -> None:
    with aws.failing("dynamodb", operation, "InternalServerError"), pytest.raises(StoreUnavailable):
        call(matches)
