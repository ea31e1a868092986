"""A request of the admin is open until a sync has answered it, with success or without."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from shared.aws.connection import Connection
from shared.domain.syncing.requests import ADMIN_REQUESTS, DONE_AT, TRIED_AT, SyncRequest, open_requests

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=5)
PROOF = SyncRequest.PROVE_BALANCE
_OF_A_PROOF = {"proved_at", "proof_tried_at"}


@pytest.mark.parametrize("name", ["proved_at", "proof_tried_at"])
def test_a_request_is_open_until_a_sync_has_done_or_tried_it(name: str) -> None:
    assert open_requests({PROOF: NOW}, {}) == {PROOF}
    assert open_requests({PROOF: NOW}, {name: NOW - timedelta(days=1)}) == {PROOF}
    assert open_requests({PROOF: NOW}, {name: SOON}) == set()


def test_one_answer_is_none_to_another_request() -> None:
    both: dict[str, datetime] = {PROOF: NOW, SyncRequest.SYNC_CATALOGUE: NOW}

    assert open_requests(both, {"catalogue_synced_at": SOON}) == {PROOF}


def test_what_support_requests_is_not_on_the_page() -> None:
    assert open_requests({SyncRequest.CHECK_ACCESS: NOW}, {}) == set()


def test_every_request_of_the_admin_can_be_answered_by_a_time_that_is_stored() -> None:
    stored = {each.name for each in fields(Connection)} | _OF_A_PROOF

    assert DONE_AT.keys() >= ADMIN_REQUESTS
    assert {*DONE_AT.values(), *TRIED_AT.values()} <= stored
