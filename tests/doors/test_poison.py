"""What a worker's door does with a message nobody can work on, and with a mistake of ours: neither harms the others."""

import json
from collections.abc import Callable
from types import ModuleType

import pytest
from cloud import Cloud, Document

from shared.aws.failures import EXPORT, FEED, SYNC, Failures
from shared.aws.quarantine import Quarantine, Quarantined
from shared.aws.queues import PoisonError, SyncQueue, WakeUp
from shared.domain.syncing.requests import SyncRequest

from .conftest import Context, Linked

ALPHA, BETA = "a" * 32, "b" * 32
WORK = {
    "feed": "shared.flows.feeding.feed.Feeder.feed",
    "export": "shared.flows.exporting.export.Exporter.export",
    "sync": "shared.flows.syncing.sync.CompanySync._run",
}


@pytest.fixture
def doors(linked: Linked) -> dict[str, ModuleType]:
    from functions.export import app as export
    from functions.feed import app as feed
    from functions.sync import app as sync

    return {"feed": feed, "export": export, "sync": sync}


@pytest.fixture
def batch(linked: Linked) -> Callable[..., Document]:
    """An event of a queue with these bodies; the messages are called 0, 1, 2 …"""

    def make(queue: str, *bodies: str, attempt: int = 1) -> Document:
        (record,) = linked.sample(queue)["Records"]
        attributes = record["attributes"] | {"ApproximateReceiveCount": str(attempt)}
        return {
            "Records": [
                {**record, "messageId": str(number), "body": body, "attributes": attributes}
                for number, body in enumerate(bodies)
            ]
        }

    return make


def wake(connection_id: str) -> str:
    return json.dumps({"connection_id": connection_id})


def kept(linked: Linked) -> list[Quarantined]:
    return list(Quarantine(linked.cloud.ledger_table).content())


def handed_back(answer: Document) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.mark.parametrize("queue", WORK)
@pytest.mark.usefixtures("later")
def test_poison_is_kept_with_its_cause_and_the_rest_of_the_batch_is_worked_on(
    linked: Linked,
    doors: dict[str, ModuleType],
    batch: Callable[..., Document],
    queue: str,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], str],
) -> None:
    worked: list[str] = []

    def work(_self: object, company: str | WakeUp, *_: object, **__: object) -> object:
        worked.append(company.connection_id if isinstance(company, WakeUp) else company)
        return False

    monkeypatch.setattr(WORK[queue], work)

    answer = doors[queue].handler(batch(queue, "GEHEIM", wake(ALPHA), "{}", attempt=2), Context())

    assert answer == {"batchItemFailures": []}
    assert worked == [ALPHA]
    assert [(each.queue, each.message_id, each.body, each.cause, each.attempts) for each in kept(linked)] == [
        (queue, "0", "GEHEIM", "no JSON", 2),
        (queue, "2", "{}", "no connection_id", 2),
    ]
    assert "message quarantined" in logged()
    assert "GEHEIM" not in logged()


@pytest.mark.parametrize("queue", WORK)
@pytest.mark.usefixtures("later")
def test_poison_that_cannot_be_kept_is_not_acknowledged(
    linked: Linked, doors: dict[str, ModuleType], batch: Callable[..., Document], queue: str
) -> None:
    with linked.cloud.failing("dynamodb", "PutItem", "InternalServerError"):
        answer = doors[queue].handler(batch(queue, "{}", wake(ALPHA)), Context())

    assert handed_back(answer) == ["0"]
    assert kept(linked) == []
    assert handed_back(doors[queue].handler(batch(queue, "{}"), Context())) == []
    assert len(kept(linked)) == 1


@pytest.mark.parametrize("queue", WORK)
@pytest.mark.usefixtures("later")
def test_a_mistake_of_ours_at_one_company_is_noted_and_the_others_are_worked_on(
    linked: Linked,
    doors: dict[str, ModuleType],
    batch: Callable[..., Document],
    queue: str,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], str],
) -> None:
    """Its message ends in the dead-letter queue after its attempts; that of another company in the batch does not."""
    worked: list[str] = []

    def work(_self: object, company: str | WakeUp, *_: object, **__: object) -> object:
        connection_id = company.connection_id if isinstance(company, WakeUp) else company
        if connection_id == ALPHA:
            raise KeyError("GEHEIMER HÄNDLER")
        worked.append(connection_id)
        return False

    monkeypatch.setattr(WORK[queue], work)

    answer = doors[queue].handler(batch(queue, wake(ALPHA), wake(BETA), attempt=3), Context())

    assert handed_back(answer) == ["0"]
    assert worked == [BETA]
    failures = Failures(linked.cloud.ledger_table)
    noted = failures.last(ALPHA, queue)
    assert noted is not None
    assert noted.cause.startswith("crashed: KeyError at ")
    assert noted.attempt == 3
    assert failures.last(BETA, queue) is None
    assert "worker crashed" in logged()
    assert "GEHEIM" not in logged()


@pytest.mark.usefixtures("later")
def test_why_a_run_was_postponed_is_remembered(
    company: Linked, doors: dict[str, ModuleType], export: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.flows.feeding.feed._PAUSES", ())
    entry_id = company.control_pleo("/entries", {"status": "COMPLETED", "amount": 1000})["id"]
    company.control_pleo("/export", {"entry_ids": [entry_id]})
    doors["sync"].handler(company.message("sync"), Context())
    company.control_lexoffice("outage", on=True)
    requested = company.message("sync", "sync_catalogue")

    for name, message in (("feed", None), ("export", None), ("sync", requested)):
        assert handed_back(doors[name].handler(message or company.message(name), Context()))

    failures = Failures(company.cloud.ledger_table)
    for worker in (FEED, EXPORT, SYNC):
        noted = failures.last(company.connection().connection_id, worker)
        assert noted is not None
        assert noted.cause.startswith("lexoffice answered 503 to ")
        assert noted.attempt == 1


@pytest.mark.parametrize("name", WORK)
def test_whether_a_failure_can_be_remembered_changes_nothing(
    company: Linked, doors: dict[str, ModuleType], name: str, later: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise ValueError

    monkeypatch.setattr(WORK[name], broken)
    with company.cloud.failing("dynamodb", "UpdateItem"):
        assert len(handed_back(doors[name].handler(company.message(name), Context()))) == 1


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("9" * 5_000, "no JSON"),
        ("[]", "no object"),
        ("null", "no object"),
        ("{}", "no connection_id"),
        ('{"connection_id": null}', "no connection_id"),
        ('{"connection_id": 7}', "connection_id is not one of ours"),
        (f'{{"connection_id": "{ALPHA.upper()}"}}', "connection_id is not one of ours"),
        (f'{{"connection_id": "{ALPHA}\\n"}}', "connection_id is not one of ours"),
        (f'{{"connection_id": "{ALPHA}", "erase": true}}', "unknown field"),
        (f'{{"connection_id": "{ALPHA}", "requests": 1}}', "requests is no list"),
        (f'{{"connection_id": "{ALPHA}", "requests": ["erase"]}}', "unknown request"),
        (f'{{"connection_id": "{ALPHA}", "requests": [["set_up"]]}}', "unknown request"),
    ],
)
def test_poison_is_told_by_its_cause(body: str, cause: str) -> None:
    with pytest.raises(PoisonError, match=f"^{cause}$"):
        WakeUp.of(body)


def test_every_request_that_can_be_sent_can_be_read(aws: Cloud) -> None:
    SyncQueue(aws.queues["SyncQueue"]).request_sync(ALPHA, *SyncRequest)
    (message,) = aws.messages("SyncQueue")

    assert WakeUp.of(json.dumps(message)) == WakeUp(ALPHA, frozenset(SyncRequest))
    assert WakeUp.of(f'{{"connection_id": "{ALPHA}", "requests": []}}') == WakeUp(ALPHA)


def test_a_long_message_is_cut_and_keeping_twice_is_once(aws: Cloud) -> None:
    quarantine = Quarantine(aws.ledger_table)

    for _ in range(2):
        quarantine.store("feed", "1", "x" * 100_000, "no JSON", 1)

    (found,) = quarantine.content()
    assert len(found.body) == 4_000
    (item,) = aws.items(aws.ledger_table, "feed#", "row")
    assert int(item["expires_at"]["N"]) - found.at.timestamp() == pytest.approx(90 * 86_400, abs=2)
