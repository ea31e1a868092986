"""Ten thousand companies that are due at once, in virtual time: the schedule's door as it is, its time limit as set.

Every call to AWS takes 5 ms. DynamoDB is the emulator's own, in this process; the queue only remembers.
"""

import importlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient

from bench import export_cloud
from bench.export_harness import Observed, fresh_processes
from bench.export_queues import Context
from bench.virtual_time import PerThread, VirtualClock, governing
from local.package import read_template
from shared import telemetry
from shared.aws import clients, limiter
from shared.aws.connection import Connection, attributes
from shared.aws.connections import SCHEDULED, Connections
from shared.aws.limiter import Limiter, organisation_key
from shared.aws.table import encode
from shared.domain.times import utc_text

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
COMPANIES = 10_000
AWS_SECONDS = 0.005
TEMPLATE = read_template()
TABLE = "ConnectionTable"
TIMEOUT = float(
    TEMPLATE["Resources"]["ScheduleFunction"]["Properties"].get("Timeout") or TEMPLATE["Globals"]["Function"]["Timeout"]
)


@dataclass
class Remembering:
    """SyncQueue: takes batches, but for the companies it refuses; `syncs` counts the messages of each company."""

    syncs: Counter[str] = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)

    async def handle_request(
        self, _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: object
    ) -> tuple[int, dict[str, str], bytes]:
        assert headers["x-amz-target"] == "AmazonSQS.SendMessageBatch"
        entries = json.loads(body)["Entries"]
        assert 1 <= len(entries) <= 10
        companies = {entry["Id"]: json.loads(entry["MessageBody"])["connection_id"] for entry in entries}
        taken = [key for key, company in companies.items() if company not in self.refused]
        self.syncs.update(companies[key] for key in taken)
        failed = [key for key in companies if key not in taken]
        answer = {
            "Successful": [{"Id": key, "MessageId": key, "MD5OfMessageBody": "0"} for key in taken],
            "Failed": [{"Id": key, "Code": "ServiceUnavailable", "SenderFault": False} for key in failed],
        }
        return 200, {"content-type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()


@dataclass
class Minutes:
    """The schedule, minute by minute."""

    clock: VirtualClock
    queue: Remembering
    handler: Callable[[dict[str, Any], Context], dict[str, int]]

    def run(self) -> tuple[int, float]:
        """One invocation and the wait for the next minute; syncs queued, and the seconds it took."""
        began = self.clock.time()
        given = self.handler({}, Context(self.clock, TIMEOUT))["syncs"]
        took = self.clock.time() - began
        self.clock.sleep(60 - took)
        return given, took


@contextmanager
def virtual(queue: Remembering) -> Iterator[VirtualClock]:
    """AWS in this process, empty but for the template's tables, and every call to it 5 ms of virtual time."""
    clock = VirtualClock(START)
    told = Observed()
    metrics = SimpleNamespace(add_metric=told.add_metric, provider=SimpleNamespace(metric_set={}))

    with export_cloud.stores_with(queue), fresh_processes():
        call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def slow(self: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            clock.sleep(AWS_SECONDS)
            return call(self, operation, arguments)

        export_cloud.create(TEMPLATE, {})
        importlib.import_module("shared.flows.syncing.enqueue")  # the clock governs what is loaded when it starts
        with (
            governing(clock, ["functions", "shared"]),
            patch.object(limiter, "_last_call", PerThread[float]()),
            patch.object(BaseClient, "_make_api_call", slow),
            patch.object(telemetry, "_logger", lambda: told),
            patch.object(telemetry, "_metrics", lambda: metrics),
        ):
            yield clock


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Minutes]:
    """The schedule, without companies."""
    monkeypatch.setenv("CONNECTION_TABLE", TABLE)
    monkeypatch.setenv("SYNC_QUEUE_URL", export_cloud.queue_url("SyncQueue"))
    queue = Remembering()
    with virtual(queue) as clock:
        app = importlib.import_module("functions.schedule.app")
        app._parts.cache_clear()
        yield Minutes(clock, queue, app.handler)
    app._parts.cache_clear()


def fill(count: int) -> None:
    """So many companies, a multiple of 25, that became due one after the other within the last hour."""
    store = clients.client("dynamodb")
    for first in range(0, count, 25):
        requests = []
        for number in range(first, first + 25):
            due = START - timedelta(hours=1) + timedelta(seconds=number * 0.36)
            company = Connection(connection_id=f"c{number:05}", company_id=f"k{number:05}", company_name="Muster")
            item = {**attributes(company), "id": f"CONNECTION#{company.connection_id}", "schedule": SCHEDULED}
            requests.append({"PutRequest": {"Item": encode({**item, "due_at": utc_text(due)})}})
        store.batch_write_item(RequestItems={TABLE: requests})


def test_ten_thousand_companies_are_synced_once_each_from_several_invocations_none_over_its_time(
    minutes: Minutes,
) -> None:
    fill(COMPANIES)
    runs: list[tuple[int, float]] = []
    began = minutes.clock.time()
    minutes.clock.sleep(60 - began % 60)
    while sum(given for given, _ in runs) < COMPANIES:
        runs.append(minutes.run())
        # Oldest first, and nobody twice: whoever had a sync is older than everybody still waiting.
        given = sum(each for each, _ in runs)
        assert set(minutes.queue.syncs) == {f"c{number:05}" for number in range(given)}

    assert set(minutes.queue.syncs.values()) == {1}
    assert len(minutes.queue.syncs) == COMPANIES
    assert 2 <= len(runs) <= 5  # minutes
    assert max(took for _, took in runs) < TIMEOUT - 2
    # The next round begins five minutes after the first, spread by the jitter; nobody is due before.
    assert all(minutes.run()[0] == 0 for _ in range(5 - len(runs)))
    assert next(Connections(TABLE).due(datetime.fromtimestamp(minutes.clock.time(), UTC)))


def test_messages_that_the_queue_did_not_take_are_sent_in_the_next_minute(minutes: Minutes) -> None:
    fill(1000)
    minutes.queue.refused = {"c00003", "c00777"}
    minutes.run()
    assert not minutes.queue.refused & set(minutes.queue.syncs)

    minutes.queue.refused = set()
    minutes.run()

    assert [minutes.queue.syncs[company] for company in ("c00003", "c00777")] == [1, 1]
    assert set(minutes.queue.syncs.values()) == {1}


def test_a_company_that_is_due_is_not_lost_with_the_run_that_died(minutes: Minutes) -> None:
    """It dies between the message and the due time: ten companies at most get two syncs, nobody none."""
    fill(1000)
    with (
        patch.object(Connections, "reschedule", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        minutes.handler({}, Context(minutes.clock, TIMEOUT))
    given = 0
    while given < 1000:
        given += minutes.run()[0]

    assert len(minutes.queue.syncs) == 1000
    assert sorted(minutes.queue.syncs.values(), reverse=True)[:11] == [2] * 10 + [1]


def test_lexoffices_limit_is_kept_per_company_however_many_have_their_sync_at_once() -> None:
    """Two workers each for three companies: nobody is faster than the limit, and nobody waits for another company."""
    calls: dict[str, list[float]] = {}
    seconds = 30.0
    with virtual(Remembering()) as clock:

        def work(company: Connection) -> None:
            pacer = Limiter(
                TABLE, [organisation_key(company)], remaining=lambda: 60.0, now=clock.time, sleep=clock.sleep
            )
            while clock.time() < START.timestamp() + seconds:
                pacer.wait()
                pacer.record_sent()
                calls.setdefault(company.organisation_id, []).append(clock.time())
                clock.sleep(0.15)

        for number in range(3):
            company = Connection(
                connection_id=f"c{number}", company_id=f"k{number}", company_name="Muster", organisation_id=f"o{number}"
            )
            for worker in ("catalogue", "feed"):
                clock.start(lambda company=company: work(company), f"{worker} {number}")  # type: ignore[misc]
        clock.sleep(seconds + 5)
        clock.stop()

    for made in calls.values():
        moments = sorted(made)
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert min(gaps) >= 0.5
        assert len(moments) >= seconds * 1.8
    assert len(calls) == 3
