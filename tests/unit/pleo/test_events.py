"""Both body shapes that Pleo's documentation shows, and every spelling of an event's name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import COMPANY_ID, wire

from shared.pleo.events import (
    CARD_TRANSACTION_EVENTS,
    EXPORT_JOB_EVENTS,
    SETTLED_EVENT,
    SUBSCRIBED_EVENTS,
    MalformedPleoEventError,
    PleoEvent,
    parse,
)

EVENT = {"eventType": SETTLED_EVENT, "eventId": "e1", "data": wire()}


def read(document: object) -> PleoEvent:
    return parse(json.dumps(document).encode())


def test_the_bare_and_the_wrapped_body_say_the_same() -> None:
    wrapped = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,x", "payload": EVENT}

    assert read(EVENT) == read(wrapped) == PleoEvent(SETTLED_EVENT, wire())


def test_a_payload_of_null_counts_as_absent() -> None:
    assert read({**EVENT, "payload": None}) == read(EVENT)


def test_unknown_fields_are_no_obstacle() -> None:
    assert read({**EVENT, "new": {"field": [1, None]}}) == read(EVENT)


@pytest.mark.parametrize("event_id", [None, 7, "absent"])
def test_an_event_without_a_usable_id_is_still_an_event(event_id: object) -> None:
    document = {**EVENT, "eventId": event_id} if event_id != "absent" else {k: EVENT[k] for k in ("eventType", "data")}

    assert read(document) == read(EVENT)


def test_the_company_is_compared_in_lower_case() -> None:
    assert read({**EVENT, "data": {"companyId": COMPANY_ID.upper()}}).company_id == COMPANY_ID


@pytest.mark.parametrize("company", [None, 5, ["a"], {}])
def test_a_body_that_names_no_company_has_none(company: object) -> None:
    assert read({**EVENT, "data": {"companyId": company}}).company_id is None


def test_every_spelling_of_the_export_event_is_known() -> None:
    assert {"v1.export-job.created", "v1.export.job-created", "v2.export-job.created"} == EXPORT_JOB_EVENTS


def test_only_documented_spellings_are_subscribed_to() -> None:
    assert set(SUBSCRIBED_EVENTS) == {*CARD_TRANSACTION_EVENTS, "v1.export-job.created"}
    assert SETTLED_EVENT in CARD_TRANSACTION_EVENTS


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "not JSON"),
        (b"[" * 200_000, "nested|not JSON"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'"text"', "not an object"),
        (b'{"payload": []}', "payload"),
        (b'{"payload": "x"}', "payload"),
        (b'{"data": {}}', "eventType"),
        (b'{"eventType": "", "data": {}}', "eventType"),
        (b'{"eventType": 5, "data": {}}', "eventType"),
        (b'{"eventType": null, "data": {}}', "eventType"),
        (b'{"eventType": "v1.x.y"}', "data"),
        (b'{"eventType": "v1.x.y", "data": []}', "data"),
        (b'{"eventType": "v1.x.y", "data": null}', "data"),
    ],
)
def test_a_body_that_is_no_event_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(MalformedPleoEventError, match=why):
        parse(body)


@given(
    body=st.one_of(
        st.binary(max_size=100),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["payload", "eventType", "eventId", "data", "x"]), inner, max_size=4)
            ),
            max_leaves=10,
        ).map(lambda document: json.dumps(document).encode()),
    )
)
def test_any_body_is_an_event_or_malformed(body: bytes) -> None:
    try:
        event = parse(body)
    except MalformedPleoEventError:
        return
    assert event.type
    assert isinstance(event.data, dict)
