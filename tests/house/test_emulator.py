"""What the emulator must do as AWS does, and does with `local/emulator/patches.py` only.

When a newer MiniStack passes a test without its patch, the patch can go.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from local.emulator.deploy import create_bucket, deploy
from local.emulator.process import Emulator, free_ports

pytestmark = pytest.mark.xdist_group("emulator")

TEMPLATE = Path(__file__).with_name("emulator_template.yaml")


@dataclass(frozen=True)
class Deployed:
    """The template of this test, running."""

    emulator: Emulator
    resources: dict[str, str]
    port: int

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        with connection.getresponse() as answer:
            content = json.loads(answer.read())
        connection.close()
        return answer.status, content

    def attempt(self, service: str, call: str, **arguments: object) -> str:
        payload = json.dumps({"service": service, "call": call, "arguments": arguments})
        answer = self.emulator.client("lambda").invoke(FunctionName=self.resources["TryingFunction"], Payload=payload)
        return str(json.load(answer["Payload"]))


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    port, api_port = free_ports(0, 0)
    with Emulator(port=port, api_port=api_port) as emulator:
        create_bucket(emulator)
        yield Deployed(emulator, deploy(emulator, TEMPLATE.read_text(), {}), api_port)


@pytest.fixture
def queues(deployed: Deployed) -> "Queues":
    fresh = Queues(deployed.emulator.client("sqs"), deployed.resources["Queue"], deployed.resources["DeadLetterQueue"])
    fresh.drain()
    return fresh


@dataclass(frozen=True)
class Queues:
    """A queue and its dead-letter queue."""

    client: Any
    source: str
    dead: str

    def arn(self, url: str) -> str:
        return str(
            self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        )

    def receive(self, url: str) -> list[Any]:
        answer = self.client.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])
        return list(answer.get("Messages", []))

    def give_up(self, *groups: str) -> None:
        """Sends a message per group and receives it without success until it is dead."""
        for group in groups:
            body = f"{group} at {time.monotonic_ns()}"
            self.client.send_message(QueueUrl=self.source, MessageBody=body, MessageGroupId=group)
        wait_for(lambda: not self.receive(self.source))

    def drain(self) -> None:
        for url in (self.source, self.dead):
            self.client.purge_queue(QueueUrl=url)

    def last_move(self) -> Any:
        return self.client.list_message_move_tasks(SourceArn=self.arn(self.dead))["Results"][0]


def wait_for[T](found: Callable[[], T]) -> T:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.02)
    raise AssertionError("It did not happen within 15 s.")


# ------------------------------------------------------------------------------------------------ HTTP API
def test_a_route_of_the_template_answers_with_its_path_parameter(deployed: Deployed) -> None:
    status, event = deployed.call("POST", "/echo/a%20b?x=1&x=2")

    assert status == 200
    assert event["pathParameters"] == {"name": "a b"}
    assert event["rawQueryString"] == "x=1&x=2"


@pytest.mark.parametrize(("method", "path"), [("GET", "/echo/a"), ("POST", "/echo"), ("GET", "/_ministack/health")])
def test_what_is_no_route_is_not_found(deployed: Deployed, method: str, path: str) -> None:
    assert deployed.call(method, path) == (404, {"message": "Not Found"})


def test_text_arrives_as_sent(deployed: Deployed) -> None:
    body = '{"a" :  "ä"}\n'

    _, event = deployed.call("POST", "/echo/a", body.encode(), Content_Type="application/json", Webhook_Id="m")

    assert (event["body"], event["isBase64Encoded"], event["headers"]["webhook-id"]) == (body, False, "m")


def test_a_body_of_another_type_arrives_as_base64(deployed: Deployed) -> None:
    body = bytes(range(256))

    _, event = deployed.call("POST", "/echo/a", body, Content_Type="application/octet-stream")

    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == body


def test_a_body_over_10_megabytes_is_refused(deployed: Deployed) -> None:
    answer = deployed.call("POST", "/echo/a", b"x" * (10 * 1024 * 1024 + 1))

    assert answer == (413, {"message": "Request Entity Too Large"})


def test_cookies_arrive_in_a_list_of_their_own(deployed: Deployed) -> None:
    _, event = deployed.call("POST", "/echo/a", Cookie="a=1; b=2")

    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


def test_a_crashing_function_tells_the_caller_nothing(deployed: Deployed) -> None:
    assert deployed.call("GET", "/crash") == (500, {"message": "Internal Server Error"})


def test_an_alarm_over_an_expression_is_there(deployed: Deployed) -> None:
    names = [deployed.resources["MathAlarm"]]
    (alarm,) = deployed.emulator.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]

    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (3, "GreaterThanThreshold")


def test_who_invokes_a_crashing_function_directly_is_told(deployed: Deployed) -> None:
    answer = deployed.emulator.client("lambda").invoke(FunctionName=deployed.resources["TryingFunction"], Payload="{}")

    assert answer["FunctionError"]
    assert "errorMessage" in json.load(answer["Payload"])


def test_a_function_that_logs_nothing_is_not_slowed_by_it(deployed: Deployed) -> None:
    def seconds() -> float:
        began = time.monotonic()
        deployed.call("POST", "/echo/a")
        return time.monotonic() - began

    assert min(seconds() for _ in range(20)) < 0.04


# ------------------------------------------------------------------------------------------------ tables, secrets, IAM
def test_time_to_live_of_the_template_is_switched_on(deployed: Deployed) -> None:
    answer = deployed.emulator.client("dynamodb").describe_time_to_live(TableName=deployed.resources["Table"])

    assert answer["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_a_reference_to_a_secret_is_its_arn(deployed: Deployed) -> None:
    secret = deployed.emulator.client("secretsmanager").describe_secret(SecretId=deployed.resources["Secret"])

    assert secret["ARN"] == deployed.resources["Secret"]


@pytest.mark.parametrize(("context", "outcome"), [("tokens", "allowed"), ("other", "AccessDeniedException")])
def test_a_condition_on_the_encryption_context_counts(deployed: Deployed, context: str, outcome: str) -> None:
    key = deployed.resources["Key"]

    answer = deployed.attempt(
        "kms", "generate_data_key", KeyId=key, KeySpec="AES_256", EncryptionContext={"purpose": context}
    )

    assert answer == outcome


@pytest.mark.parametrize(("key", "outcome"), [("MINE#1", "allowed"), ("YOURS#1", "AccessDeniedException")])
def test_a_condition_on_the_leading_key_counts(deployed: Deployed, key: str, outcome: str) -> None:
    table, value = deployed.resources["Table"], {"S": key}
    query = {"KeyConditionExpression": "#i = :i", "ExpressionAttributeNames": {"#i": "id"}}

    assert deployed.attempt("dynamodb", "get_item", TableName=table, Key={"id": value}) == outcome
    assert deployed.attempt("dynamodb", "put_item", TableName=table, Item={"id": value}) == outcome
    assert (
        deployed.attempt("dynamodb", "query", TableName=table, ExpressionAttributeValues={":i": value}, **query)
        == outcome
    )


@pytest.mark.parametrize(("queue", "outcome"), [("Queue", "allowed"), ("DeadLetterQueue", "AccessDenied")])
def test_who_may_send_a_message_may_send_a_batch(deployed: Deployed, queue: str, outcome: str) -> None:
    entries = [{"Id": "1", "MessageBody": "body", "MessageGroupId": "batch", "MessageDeduplicationId": "batch"}]
    url = deployed.resources[queue]

    assert deployed.attempt("sqs", "send_message_batch", QueueUrl=url, Entries=entries) == outcome


# ------------------------------------------------------------------------------------------------ queues
def test_a_redriven_message_is_a_new_message_of_its_group(queues: Queues) -> None:
    queues.give_up("company")
    [dead] = queues.receive(queues.dead)

    queues.client.start_message_move_task(SourceArn=queues.arn(queues.dead))

    [message] = wait_for(lambda: queues.receive(queues.source))
    assert message["Body"] == dead["Body"]
    assert message["MessageId"] != dead["MessageId"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["MessageGroupId"] == "company"


def test_a_move_reports_what_it_did(queues: Queues) -> None:
    queues.give_up("one", "two")

    queues.client.start_message_move_task(SourceArn=queues.arn(queues.dead))

    wait_for(lambda: queues.last_move()["Status"] == "COMPLETED")
    move = queues.last_move()
    assert (move["ApproximateNumberOfMessagesToMove"], move["ApproximateNumberOfMessagesMoved"]) == (2, 2)


def test_a_slow_move_can_be_cancelled_and_forbids_a_second(queues: Queues) -> None:
    queues.give_up("one", "two", "three")
    source = {"SourceArn": queues.arn(queues.dead)}
    handle = queues.client.start_message_move_task(**source, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]

    with pytest.raises(queues.client.exceptions.ClientError, match="already a task running"):
        queues.client.start_message_move_task(**source)
    queues.client.cancel_message_move_task(TaskHandle=handle)

    wait_for(lambda: queues.last_move()["Status"] == "CANCELLED")
    assert queues.receive(queues.dead)
    with pytest.raises(queues.client.exceptions.ClientError, match="Only active tasks"):
        queues.client.cancel_message_move_task(TaskHandle=handle)


def test_only_a_dead_letter_queue_can_be_redriven(queues: Queues) -> None:
    with pytest.raises(queues.client.exceptions.ClientError, match="must be configured as a Dead Letter Queue"):
        queues.client.start_message_move_task(SourceArn=queues.arn(queues.source))


@pytest.mark.parametrize("rate", [0, 501])
def test_a_move_is_neither_without_pace_nor_faster_than_sqs_can(queues: Queues, rate: int) -> None:
    with pytest.raises(queues.client.exceptions.ClientError, match="between 1 and 500"):
        queues.client.start_message_move_task(SourceArn=queues.arn(queues.dead), MaxNumberOfMessagesPerSecond=rate)


def test_at_most_ten_moves_are_listed(queues: Queues) -> None:
    with pytest.raises(queues.client.exceptions.ClientError, match="between 1 and 10"):
        queues.client.list_message_move_tasks(SourceArn=queues.arn(queues.dead), MaxResults=11)


def test_a_fifo_queue_is_redriven_into_a_fifo_queue_only(queues: Queues) -> None:
    plain = queues.client.create_queue(QueueName=f"plain-{time.monotonic_ns()}")["QueueUrl"]

    with pytest.raises(queues.client.exceptions.ClientError, match="same type"):
        queues.client.start_message_move_task(SourceArn=queues.arn(queues.dead), DestinationArn=queues.arn(plain))


def test_where_a_message_came_from_that_was_sent_to_the_dead_letter_queue_itself_is_unknown(queues: Queues) -> None:
    queues.client.send_message(
        QueueUrl=queues.dead, MessageBody="x", MessageGroupId="x", MessageDeduplicationId=str(time.monotonic_ns())
    )

    queues.client.start_message_move_task(SourceArn=queues.arn(queues.dead))
    wait_for(lambda: queues.last_move()["Status"] == "FAILED")
    assert queues.last_move()["FailureReason"] == "CouldNotDetermineMessageSource"

    queues.client.start_message_move_task(SourceArn=queues.arn(queues.dead), DestinationArn=queues.arn(queues.source))
    assert wait_for(lambda: queues.receive(queues.source))


def test_a_message_that_somebody_has_received_is_not_moved(queues: Queues) -> None:
    queues.give_up("company")
    [held] = queues.client.receive_message(QueueUrl=queues.dead, VisibilityTimeout=60)["Messages"]

    queues.client.start_message_move_task(SourceArn=queues.arn(queues.dead))
    wait_for(lambda: queues.last_move()["Status"] == "COMPLETED")

    assert queues.last_move()["ApproximateNumberOfMessagesMoved"] == 0
    queues.client.change_message_visibility(
        QueueUrl=queues.dead, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0
    )
    assert queues.receive(queues.dead)


def test_who_may_not_touch_the_dead_letter_queue_may_neither_start_nor_cancel_a_move(
    deployed: Deployed, queues: Queues
) -> None:
    queues.give_up("one", "two")
    arn = queues.arn(queues.dead)
    handle = queues.client.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]

    assert deployed.attempt("sqs", "start_message_move_task", SourceArn=arn) == "AccessDenied"
    assert deployed.attempt("sqs", "cancel_message_move_task", TaskHandle=handle) == "AccessDenied"
    queues.client.cancel_message_move_task(TaskHandle=handle)
    wait_for(lambda: queues.last_move()["Status"] == "CANCELLED")


def test_two_groups_are_worked_on_at_the_same_time(deployed: Deployed) -> None:
    send_work(deployed, first="second1", second="first1")

    wait_for(lambda: worked(deployed, "first1 done") and worked(deployed, "second1 done"))


def test_the_work_of_a_killed_process_comes_back_when_its_visibility_expires(deployed: Deployed) -> None:
    send_work(deployed, crashing="crashing2")
    wait_for(lambda: worked(deployed, "crashing1"))

    killed = deployed.emulator.control(f"kill-workers?function={deployed.resources['WorkingFunction']}")["killed"]
    deployed.emulator.control(f"expire-visibility?queue={deployed.resources['WorkQueue'].rsplit('/', 1)[1]}")

    assert killed
    wait_for(lambda: worked(deployed, "crashing2 done"))


def send_work(deployed: Deployed, **waits: str) -> None:
    for group, wanted in waits.items():
        deployed.emulator.client("sqs").send_message(
            QueueUrl=deployed.resources["WorkQueue"],
            MessageBody=json.dumps({"wait_for": wanted}),
            MessageGroupId=group,
        )


def worked(deployed: Deployed, done: str) -> bool:
    item = deployed.emulator.client("dynamodb").get_item(TableName=deployed.resources["Table"], Key={"id": {"S": done}})
    return "Item" in item
