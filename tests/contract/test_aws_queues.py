"""Wake-ups: one worker per company, one wake-up per occasion."""

import json
from typing import Any

import pytest
from cloud import Cloud

from shared.aws.queues import CompanyQueue, SyncQueue
from shared.domain.syncing.requests import SyncRequest
from shared.errors import StoreUnavailable


def waiting(aws: Cloud) -> list[dict[str, Any]]:
    answer = aws.client("sqs").receive_message(
        QueueUrl=aws.queues["FeedQueue"], MaxNumberOfMessages=10, AttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


def test_a_wake_up_names_the_company_and_is_grouped_by_it(aws: Cloud) -> None:
    CompanyQueue(aws.queues["FeedQueue"]).wake("c1", "entry.1.v")

    (message,) = waiting(aws)
    assert json.loads(message["Body"]) == {"connection_id": "c1"}
    assert message["Attributes"]["MessageGroupId"] == "c1"


def test_the_same_occasion_wakes_once_and_another_wakes_again(aws: Cloud) -> None:
    queue = CompanyQueue(aws.queues["FeedQueue"])

    for occasion in ("a", "a", "b"):
        queue.wake("c1", occasion)

    assert [message["Attributes"]["MessageDeduplicationId"] for message in waiting(aws)] == ["a", "b"]


def test_the_longest_possible_occasion_is_accepted(aws: Cloud) -> None:
    queue = CompanyQueue(aws.queues["FeedQueue"])

    queue.wake("c1", f"{'x' * 64}.1000000.1.2026-01-12T09:00:00.000000Z")

    assert len(waiting(aws)) == 1


def test_a_message_tried_later_is_out_of_sight_until_then(aws: Cloud) -> None:
    queue = CompanyQueue(aws.queues["FeedQueue"])
    queue.wake("c1", "a")
    (message,) = waiting(aws)

    queue.delay(message["ReceiptHandle"], 0)
    (again,) = waiting(aws)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"

    queue.delay(again["ReceiptHandle"], 600)
    assert waiting(aws) == []


def test_a_sync_says_what_is_requested_beyond_its_schedule(aws: Cloud) -> None:
    queue = SyncQueue(aws.queues["SyncQueue"])

    queue.request_sync("c1")
    queue.request_sync("c2", SyncRequest.PROVE_BALANCE, SyncRequest.SET_UP)

    assert sorted(aws.messages("SyncQueue"), key=lambda body: str(body["connection_id"])) == [
        {"connection_id": "c1"},
        {"connection_id": "c2", "requests": ["prove_balance", "set_up"]},
    ]


def test_ten_syncs_are_asked_for_in_one_call_in_the_words_of_a_single_one(aws: Cloud) -> None:
    queue, everybody = SyncQueue(aws.queues["SyncQueue"]), [f"c{number}" for number in range(10)]

    assert queue.request_syncs(everybody) == set(everybody)
    asked = aws.messages("SyncQueue")
    queue.request_sync("c0")

    assert sorted(body["connection_id"] for body in asked) == everybody
    assert aws.messages("SyncQueue") == [body for body in asked if body["connection_id"] == "c0"]


def test_a_queue_that_is_not_there_is_a_store_that_is_unavailable(aws: Cloud) -> None:
    with pytest.raises(StoreUnavailable, match="SendMessage answered"):
        CompanyQueue(aws.queues["FeedQueue"] + "x").wake("c1", "a")
    with pytest.raises(StoreUnavailable, match="SendMessageBatch answered"):
        SyncQueue(aws.queues["SyncQueue"] + "x").request_syncs(["c1"])
