"""The receiver: nothing unsigned gets in, nothing signed is lost, and Pleo is told to come again when AWS fails."""

import base64
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from hashlib import sha256
from types import ModuleType
from typing import Any

import pytest
from cloud import ENVIRONMENT, ROOT, Cloud, Document
from samples import COMPANY_ID, CONNECTION_ID, ENTRY_ID, wire

from shared.aws import signing_secrets
from shared.aws.connections import Connection, Connections, SigningSecret, Status
from shared.aws.ledger import Ledger
from shared.domain.connecting.company_state import Hold
from shared.domain.feeding.ledger import Row, State
from shared.errors import StoreUnavailable
from shared.flows.feeding import pleo_events
from shared.pleo import webhook

from .conftest import Executioner, KilledError

SECRET = "whsec_" + base64.b64encode(b"obviously fake test secret").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the one that came before").decode()
SETTLED = "v1.card-transaction.settled"


def signature(body: bytes, *, message_id: str, timestamp: str, secret: str = SECRET) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return "v1," + base64.b64encode(digest).decode()


class Pleo:
    """Sends deliveries to the handler, signed correctly unless told otherwise."""

    def __init__(self, app: ModuleType, sample: Document, cloud: Cloud) -> None:
        self.app, self.sample, self.cloud = app, sample, cloud

    def event(
        self,
        body: bytes | None = None,
        *,
        secret: str = SECRET,
        message_id: str = "msg_1",
        timestamp: str | None = None,
        headers: dict[str, str | None] | None = None,
        connection_id: str = CONNECTION_ID,
        verbatim: str | None = None,
    ) -> Document:
        body = self.sample["body"].encode() if body is None else body
        timestamp = str(int(time.time())) if timestamp is None else timestamp
        sent: dict[str, str | None] = {
            **self.sample["headers"],
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(body, message_id=message_id, timestamp=timestamp, secret=secret),
            **(headers or {}),
        }
        return {
            **self.sample,
            "headers": {name: value for name, value in sent.items() if value is not None},
            "pathParameters": {"connection_id": connection_id},
            "body": base64.b64encode(body).decode() if verbatim is None else verbatim,
            "isBase64Encoded": verbatim is None,
        }

    def deliver(self, body: bytes | None = None, **how: Any) -> Document:
        answer: Document = self.app.handler(self.event(body, **how), None)
        assert set(json.loads(answer["body"])) == {"message"}
        return answer

    def status(self, body: bytes | None = None, **how: Any) -> int:
        return int(self.deliver(body, **how)["statusCode"])

    def rows(self) -> list[Row]:
        return Ledger(self.cloud.ledger_table).rows(CONNECTION_ID)

    def parked(self) -> list[Document]:
        return self.cloud.items(self.cloud.ledger_table, "PARKED#", "row")

    def written(self) -> int:
        """How many rows there are, but for the one that says that webhooks come."""
        return sum(item["row"] != {"S": "LAST_WEBHOOK"} for item in self.cloud.dump(self.cloud.ledger_table))


@pytest.fixture
def app(configured: Cloud) -> ModuleType:
    from functions.pleo_webhook import app

    app._receiver.cache_clear()
    return app


@pytest.fixture
def pleo(app: ModuleType, sample: Callable[[str], Document], configured: Cloud) -> Pleo:
    connections = Connections(configured.connection_table)
    connections.get_or_create(
        Connection(connection_id=CONNECTION_ID, company_id=COMPANY_ID, company_name="Muster GmbH")
    )
    connections.change(CONNECTION_ID, status=Status.ACTIVE, secrets=sealed(configured, SECRET))
    return Pleo(app, sample("pleo_webhook"), configured)


def sealed(cloud: Cloud, *secrets: str) -> tuple[SigningSecret, ...]:
    return tuple(
        SigningSecret(subscription_id=f"s{n}", sealed=signing_secrets.seal(cloud.key_arn, CONNECTION_ID, secret))
        for n, secret in enumerate(secrets)
    )


def rotate(pleo: Pleo, *secrets: str) -> None:
    Connections(pleo.cloud.connection_table).change(CONNECTION_ID, secrets=sealed(pleo.cloud, *secrets))


def delivery(event_type: str = SETTLED, *, event_id: str = "e1", wrapped: bool = False, **entry: Any) -> bytes:
    document: Document = {"eventType": event_type, "eventId": event_id, "data": wire(**entry)}
    return json.dumps({"payload": document} if wrapped else document).encode()


def metrics(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    blocks = [block for line in lines if "_aws" in line for block in line["_aws"]["CloudWatchMetrics"]]
    return [metric["Name"] for block in blocks for metric in block["Metrics"]]


# --- what gets in ----------------------------------------------------------------------------------------------------


def test_the_sample_is_signed_for_its_own_moment(app: ModuleType, pleo: Pleo, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = float(pleo.sample["headers"]["webhook-timestamp"])
    monkeypatch.setattr(app._receiver(), "_now", lambda: moment)

    answer = app.handler(pleo.sample, None)

    assert (answer["statusCode"], len(pleo.rows())) == (200, 1)


def test_a_settled_payment_is_written_and_its_company_is_woken(pleo: Pleo) -> None:
    assert pleo.status() == 200

    (row,) = pleo.rows()
    assert (row.entry_id, row.state, row.amount) == (ENTRY_ID, State.READY, -2677)
    assert pleo.cloud.messages("FeedQueue") == [{"connection_id": CONNECTION_ID}]


def test_a_pending_payment_is_written_and_wakes_nobody(pleo: Pleo) -> None:
    body = delivery("v1.card-transaction.created", status="PENDING", settledAt=None)

    assert pleo.status(body) == 200

    assert [row.state for row in pleo.rows()] == [State.PENDING]
    assert pleo.cloud.messages("FeedQueue") == []


@pytest.mark.parametrize("wrapped", [True, False])
def test_both_body_shapes_are_accepted(pleo: Pleo, wrapped: bool) -> None:
    assert pleo.status(delivery(wrapped=wrapped)) == 200
    assert len(pleo.rows()) == 1


def test_a_body_that_is_not_base64_encoded_is_accepted_as_it_is(pleo: Pleo) -> None:
    body = delivery(merchant={"name": "Café Müller"})

    assert pleo.status(body, verbatim=body.decode()) == 200


def test_unknown_fields_new_values_and_null_are_accepted(pleo: Pleo) -> None:
    body = delivery(family="NEW_FAMILY", exportStatus="NEW", subFamily=None, note=None, brandNew=[{"x": None}])

    assert pleo.status(body) == 200
    assert [row.state for row in pleo.rows()] == [State.HELD]


def test_new_fields_and_new_words_of_a_payment_do_no_harm(pleo: Pleo) -> None:
    body = delivery(sustainability={"co2": 3}, subFamily="METAVERSE", teamId=None, tags=None)

    assert pleo.status(body) == 200
    assert [row.state for row in pleo.rows()] == [State.READY]
    assert pleo.cloud.messages("FeedQueue") == [{"connection_id": CONNECTION_ID}]


def test_a_kind_of_payment_that_nobody_knows_is_held_and_a_person_is_called(
    pleo: Pleo, caplog: pytest.LogCaptureFixture
) -> None:
    assert pleo.status(delivery(family="CRYPTO_PURCHASE")) == 200

    assert [row.state for row in pleo.rows()] == [State.HELD]
    assert pleo.cloud.messages("FeedQueue") == []
    (line,) = [vars(record) for record in caplog.records if vars(record).get("cause") == "unknown_kind"]
    assert (line["message"], line["entry_id"]) == ("needs attention", ENTRY_ID)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "nonsense"])
def test_the_content_type_does_not_matter(pleo: Pleo, content_type: str | None) -> None:
    assert pleo.status(headers={"content-type": content_type}) == 200


# --- what does not get in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {"secret": OLD_SECRET},
        {"headers": {"webhook-signature": None}},
        {"headers": {"webhook-id": None}},
        {"headers": {"webhook-timestamp": None}},
        {"headers": {"webhook-signature": "v1,AAAA"}},
        {"headers": {"webhook-id": "msg_2"}},
        {"timestamp": "nan"},
        {"timestamp": "1768469400.5"},
        {"timestamp": "inf"},
        {"timestamp": "-5"},
        {"timestamp": "١٧٦٨٤٦٩٤٠٠"},
        {"timestamp": "17684694000000000000"},
    ],
    ids=str,
)
def test_a_delivery_that_pleo_did_not_sign_is_refused_and_leaves_no_trace(
    pleo: Pleo, capsys: pytest.CaptureFixture[str], logged: Callable[[], str], how: Document
) -> None:
    body = delivery(merchant={"name": "UNSIGNED-CONTENT"})

    answer = pleo.deliver(body, **how)

    assert answer["statusCode"] == 401
    assert json.loads(answer["body"]) == {"message": "signature refused"}
    assert pleo.written() == 0
    assert metrics(capsys) == ["WebhookRefused"]
    assert "webhook refused" in logged()
    assert "UNSIGNED-CONTENT" not in logged()


def test_a_body_that_was_changed_on_the_way_is_refused(pleo: Pleo) -> None:
    event = pleo.event(delivery())
    changed = base64.b64decode(event["body"]).replace(b"2677", b"9999")
    assert changed != delivery()
    event["body"] = base64.b64encode(changed).decode()

    assert pleo.app.handler(event, None)["statusCode"] == 401
    assert pleo.written() == 0


@pytest.mark.parametrize(
    "spelling",
    ["{0}.0", "NaN", "inf", "{arabic}", "-{0}", "+{0}", "{0:0>20}", "now"],
)
def test_a_timestamp_that_is_no_plain_number_is_refused_though_it_may_mean_now(pleo: Pleo, spelling: str) -> None:
    seconds = str(int(time.time()))
    arabic = seconds.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})

    assert pleo.status(timestamp=spelling.format(seconds, arabic=arabic)) == 401
    assert pleo.written() == 0


@pytest.mark.parametrize(("offset", "status"), [(-299, 200), (299, 200), (-302, 401), (302, 401)])
def test_a_delivery_is_good_for_five_minutes(pleo: Pleo, offset: int, status: int) -> None:
    assert pleo.status(timestamp=str(int(time.time()) + offset)) == status


def test_an_unknown_connection_is_refused_with_the_same_words_as_a_wrong_signature(pleo: Pleo) -> None:
    unknown = pleo.deliver(connection_id="ffffffffffffffffffffffffffffffff")
    wrong = pleo.deliver(secret=OLD_SECRET)

    assert unknown == wrong


def test_one_companys_secret_opens_no_other_companys_door(pleo: Pleo) -> None:
    other = "f" * 32
    connections = Connections(pleo.cloud.connection_table)
    connections.get_or_create(Connection(connection_id=other, company_id="other", company_name="Other"))
    secret = signing_secrets.seal(pleo.cloud.key_arn, other, OLD_SECRET)
    connections.change(other, secrets=(SigningSecret(subscription_id="s", sealed=secret),))

    assert pleo.status(connection_id=other) == 401
    assert pleo.status(connection_id=other, secret=OLD_SECRET) == 202  # the body names the first company


@pytest.mark.parametrize(("size", "status"), [(256 * 1024 + 1, 413), (9 * 1024 * 1024, 413), (256 * 1024, 202)])
@pytest.mark.parametrize("encoded", [True, False])
def test_too_large_a_body_is_refused_before_its_signature_is_looked_at(
    pleo: Pleo, monkeypatch: pytest.MonkeyPatch, *, size: int, status: int, encoded: bool
) -> None:
    body = b"x" * size
    verbatim = None if encoded else body.decode()
    looked: list[bytes] = []
    verify = webhook.verify

    def noted(headers: dict[str, str], raw: bytes, secrets: list[str], *, now: float) -> int:
        looked.append(raw)
        return verify(headers, raw, secrets, now=now)

    monkeypatch.setattr(webhook, "verify", noted)

    assert pleo.status(body, verbatim=verbatim) == status
    assert len(looked) == (status == 202)


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "gzip, identity"])
def test_a_compressed_body_is_not_supported(pleo: Pleo, encoding: str) -> None:
    assert pleo.status(headers={"content-encoding": encoding}) == 415
    assert pleo.written() == 0


@pytest.mark.parametrize("body", ["***", "abc", "ümlaut", "\ud800"])
def test_a_body_that_only_claims_to_be_base64_is_refused(pleo: Pleo, body: str) -> None:
    event = {**pleo.event(), "body": body}

    assert pleo.app.handler(event, None)["statusCode"] == 400


@pytest.mark.parametrize("changes", [{"body": None}, {"body": ""}, {"headers": None}, {"headers": {}}])
def test_an_empty_request_is_refused(pleo: Pleo, changes: Document) -> None:
    event = {**pleo.event(), **changes}

    assert pleo.app.handler(event, None)["statusCode"] == 401


def test_text_that_is_no_unicode_is_refused(pleo: Pleo) -> None:
    assert pleo.status(verbatim="\ud800") == 400


# --- what support finds it by ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event_type", "entry", "message"),
    [
        (SETTLED, {}, "entry accepted"),
        ("v1.export-job.created", {}, "export wanted"),
        ("v1.nobody.knows", {}, "webhook parked"),
        (SETTLED, {"status": 7}, "needs attention"),
    ],
)
def test_every_line_about_a_verified_webhook_names_its_id(
    pleo: Pleo, caplog: pytest.LogCaptureFixture, event_type: str, entry: Document, message: str
) -> None:
    pleo.deliver(delivery(event_type, **entry), message_id="msg_2KWPBgLlAfxdpx2AI54pPJ85f4W")

    (line,) = [record for record in caplog.records if record.message == message]
    assert vars(line)["webhook_id"] == "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"


@pytest.mark.parametrize("message_id", ["x" * 101, "a b", 'a"b', "<b>", "a\nb"])
def test_an_id_of_another_shape_is_accepted_and_not_logged(
    pleo: Pleo, logged: Callable[[], str], caplog: pytest.LogCaptureFixture, message_id: str
) -> None:
    assert pleo.status(message_id=message_id) == 200

    (line,) = [record for record in caplog.records if record.message == "entry accepted"]
    assert vars(line)["webhook_id"] == ""
    assert message_id not in logged()


# --- rotation --------------------------------------------------------------------------------------------------------


def test_of_several_signatures_one_valid_is_enough(pleo: Pleo) -> None:
    event = pleo.event()
    signed = {name.removeprefix("webhook-"): value for name, value in event["headers"].items()}
    body = base64.b64decode(event["body"])
    other = signature(body, message_id=signed["id"], timestamp=signed["timestamp"], secret=OLD_SECRET)
    event["headers"]["webhook-signature"] = f"{other} {signed['signature']}"

    assert pleo.app.handler(event, None)["statusCode"] == 200


def test_while_a_secret_is_rotated_the_old_one_is_good_and_counted(
    pleo: Pleo, capsys: pytest.CaptureFixture[str]
) -> None:
    rotate(pleo, SECRET, OLD_SECRET)

    assert pleo.status(secret=OLD_SECRET) == 200
    assert metrics(capsys).count("WebhookOldSecret") == 1

    assert pleo.status() == 200
    assert "WebhookOldSecret" not in metrics(capsys)


def test_a_new_secret_is_noticed_within_seconds_and_a_retired_one_within_a_minute(
    app: ModuleType, pleo: Pleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate(pleo, OLD_SECRET)
    assert pleo.status(secret=OLD_SECRET) == 200
    rotate(pleo, SECRET)
    begun = time.time()

    monkeypatch.setattr(app._receiver(), "_now", lambda: begun + 6)
    assert pleo.status(secret=SECRET) == 200

    assert pleo.status(secret=OLD_SECRET) == 401


# --- again and again -------------------------------------------------------------------------------------------------


def test_a_replay_writes_one_row_and_wakes_once(pleo: Pleo) -> None:
    event = pleo.event()

    statuses = [pleo.app.handler(event, None)["statusCode"] for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert pleo.written() == 1
    assert len(pleo.cloud.messages("FeedQueue")) == 1


def test_the_same_event_under_another_message_id_changes_nothing(pleo: Pleo) -> None:
    assert [pleo.status(message_id=f"msg_{number}") for number in range(3)] == [200, 200, 200]
    assert pleo.written() == 1


def test_fifty_identical_deliveries_at_once_make_one_row(pleo: Pleo, monkeypatch: pytest.MonkeyPatch) -> None:
    # A Lambda process handles one delivery at a time, so its metrics need not stand several threads.
    monkeypatch.setattr(pleo_events, "count", lambda _: None)
    event = pleo.event()

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(lambda _: pleo.app.handler(event, None)["statusCode"], range(50)))

    assert statuses == [200] * 50
    assert pleo.written() == 1
    assert len(pleo.cloud.messages("FeedQueue")) == 1


def test_events_in_the_wrong_order_lead_to_the_newest_state(pleo: Pleo) -> None:
    pleo.status(delivery())
    pleo.status(
        delivery("v1.card-transaction.created", status="PENDING", settledAt=None, updatedAt="2026-01-10T12:00:00Z")
    )

    assert [(row.state, row.amount) for row in pleo.rows()] == [(State.READY, -2677)]


def test_a_changed_amount_becomes_a_second_row_and_wakes_the_company(pleo: Pleo) -> None:
    pleo.status(delivery())
    changed = delivery(updatedAt="2026-01-13T09:00:00Z", totalBillValue={"currency": "EUR", "minors": 2777})

    assert pleo.status(changed) == 200
    assert len(pleo.cloud.messages("FeedQueue")) == 2

    assert pleo.status(changed) == 200
    assert [row.amount for row in pleo.rows()] == [-2677, -100]


# --- signed, but of no use -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (delivery("v3.card-transaction.settled"), "unknown event type"),
        (delivery("v1.vendor.created"), "unknown event type"),
        (delivery("v1.card-transaction.exploded"), "unknown event type"),
        (delivery("nonsense"), "unknown event type"),
        (delivery(companyId="99999999-9999-4999-8999-999999999999"), "unknown company"),
        (delivery(companyId=None), "malformed: companyId is missing"),
        (delivery(updatedAt=None), "malformed: updatedAt is missing or not a text"),
        (delivery(settledAt="0001-01-01T00:00:00+14:00"), "malformed: settledAt is not a plausible date-time"),
        (delivery(transactionValue={"currency": "EUR", "minors": 26.77}), "malformed: transactionValue.minors"),
        (b"not json", "malformed: the body is not JSON"),
        (b"[" * 100_000, "malformed: the body is nested too deeply"),
        (b"", "malformed: the body is not JSON"),
    ],
    ids="version type event nonsense company no-company no-time year-one float text nested empty".split(),
)
def test_a_signed_delivery_nobody_can_use_is_kept_and_not_asked_for_again(
    pleo: Pleo, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, body: bytes, reason: str
) -> None:
    assert pleo.status(body) == 202

    (parked,) = pleo.parked()
    assert parked["body"] == {"B": body}
    assert parked["reason"]["S"].startswith(reason)
    assert float(parked["expires_at"]["N"]) > time.time()
    assert pleo.rows() == []
    assert "WebhookParked" in metrics(capsys)
    told = {"needs attention" if reason.startswith("malformed") else "webhook parked"}
    (line,) = [vars(record) for record in caplog.records if record.message in told]
    assert line["connection_id"] == CONNECTION_ID


@pytest.mark.parametrize(
    "body",
    [
        delivery(updatedAt=None),
        b"not json",
        b"[]",
        b'{"eventType": "v1.card-transaction.settled"}',
        b'{"data": {}}',
    ],
    ids="no-time text list no-data no-type".split(),
)
def test_what_is_malformed_is_kept_and_calls_for_a_person(
    pleo: Pleo, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    assert pleo.status(body) == 202

    assert len(pleo.parked()) == 1
    assert "NeedsAttention" in metrics(capsys)
    (line,) = [vars(record) for record in caplog.records if vars(record).get("cause") == "webhook malformed"]
    assert (line["message"], line["connection_id"]) == ("needs attention", CONNECTION_ID)


# --- an export -------------------------------------------------------------------------------------------------------

EXPORT_EVENTS = ["v1.export-job.created", "v1.export.job-created", "v2.export-job.created"]
JOB = "33333333-3333-4333-8333-333333333333"


def export_wanted(name: str = EXPORT_EVENTS[0], **job: Any) -> bytes:
    data = {"id": JOB, "companyId": COMPANY_ID, "status": "pending", **job}
    return json.dumps({"eventType": name, "eventId": "e1", "data": data}).encode()


@pytest.mark.parametrize("name", EXPORT_EVENTS)
def test_a_wanted_export_wakes_its_company_however_the_event_is_spelt(pleo: Pleo, name: str) -> None:
    assert pleo.status(export_wanted(name)) == 200

    assert pleo.cloud.messages("ExportQueue") == [{"connection_id": CONNECTION_ID}]
    assert pleo.cloud.messages("FeedQueue") == []
    assert pleo.written() == 0


def test_a_job_wakes_once_however_often_and_under_however_many_names_it_is_told(pleo: Pleo) -> None:
    for number in range(3):
        for name in EXPORT_EVENTS:
            assert pleo.status(export_wanted(name), message_id=f"msg_{name}_{number}") == 200

    assert len(pleo.cloud.messages("ExportQueue")) == 1


def test_every_job_wakes_its_company(pleo: Pleo) -> None:
    for number in range(3):
        pleo.status(export_wanted(id=f"33333333-3333-4333-8333-33333333333{number}"))

    woken = [
        message
        for _ in range(3)  # of a company in a FIFO queue one answer may hold but one message
        for message in pleo.cloud.messages("ExportQueue")
    ]
    assert woken == [{"connection_id": CONNECTION_ID}] * 3


@pytest.mark.parametrize(
    "job_id", ["x" * 5000, "ü/#\ud800", 7, None, {"a": 1}], ids="long strange number null object".split()
)
def test_a_job_with_a_strange_id_wakes_its_company_too(pleo: Pleo, job_id: object) -> None:
    """The job is read from Pleo, so its id needs no checking here."""
    assert pleo.status(export_wanted(id=job_id)) == 200
    assert len(pleo.cloud.messages("ExportQueue")) == 1


def test_an_export_of_a_foreign_company_wakes_nobody(pleo: Pleo) -> None:
    assert pleo.status(export_wanted(companyId="99999999-9999-4999-8999-999999999999")) == 202

    assert pleo.cloud.messages("ExportQueue") == []
    assert len(pleo.parked()) == 1


def test_an_export_that_pleo_did_not_sign_wakes_nobody(pleo: Pleo) -> None:
    assert pleo.status(export_wanted(), secret=OLD_SECRET) == 401
    assert pleo.cloud.messages("ExportQueue") == []


def test_when_the_wake_up_cannot_be_sent_the_export_is_not_acknowledged(pleo: Pleo) -> None:
    with pleo.cloud.failing("sqs", "SendMessage"):
        assert pleo.status(export_wanted()) == 503
    assert pleo.status(export_wanted()) == 200

    assert len(pleo.cloud.messages("ExportQueue")) == 1


# --- when AWS fails --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("dynamodb", "GetItem"),
        ("dynamodb", "UpdateItem"),
        ("kms", "Decrypt"),
        ("sqs", "SendMessage"),
    ],
)
@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_when_aws_fails_nothing_is_acknowledged_and_the_redelivery_makes_it_good(
    pleo: Pleo, *, service: str, operation: str, code: str
) -> None:
    event = pleo.event()

    with pleo.cloud.failing(service, operation, code):
        answer = pleo.app.handler(event, None)
    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) > 0
    assert pleo.cloud.messages("FeedQueue") == []

    assert pleo.app.handler(event, None)["statusCode"] == 200
    assert len(pleo.rows()) == 1
    assert pleo.cloud.messages("FeedQueue") == [{"connection_id": CONNECTION_ID}]


def test_when_an_unusable_delivery_cannot_be_kept_it_is_not_acknowledged(pleo: Pleo) -> None:
    with pleo.cloud.failing("dynamodb", "PutItem"):
        assert pleo.status(b"not json") == 503


def test_when_a_correction_cannot_be_written_it_is_not_acknowledged(pleo: Pleo) -> None:
    pleo.status(delivery())
    changed = delivery(updatedAt="2026-01-13T09:00:00Z", totalBillValue={"currency": "EUR", "minors": 2777})

    with pleo.cloud.failing("dynamodb", "TransactWriteItems", "InternalServerError"):
        assert pleo.status(changed) == 503
    assert pleo.status(changed) == 200
    assert sum(row.amount for row in pleo.rows()) == -2777


def test_a_receiver_killed_at_any_moment_is_made_good_by_the_redelivery(pleo: Pleo, executioner: Executioner) -> None:
    deliveries = moment = 0
    while True:
        moment += 1
        entry_id = f"entry-{moment:04}"
        event = pleo.event(delivery(id=entry_id), message_id=f"msg_{moment}")
        try:
            with executioner.at(moment):
                pleo.app.handler(event, None)
            break
        except KilledError:
            assert pleo.app.handler(event, None)["statusCode"] == 200
        deliveries += 1
        assert [row.state for row in pleo.rows() if row.entry_id == entry_id] == [State.READY]
        assert {"connection_id": CONNECTION_ID} in pleo.cloud.messages("FeedQueue")

    assert deliveries == 4  # before and after the write, before and after the wake-up


def test_a_correction_killed_at_any_moment_is_written_once(pleo: Pleo, executioner: Executioner) -> None:
    moment = 0
    while True:
        moment += 1
        entry_id = f"entry-{moment:04}"
        pleo.status(delivery(id=entry_id))
        changed = delivery(
            id=entry_id, updatedAt="2026-01-13T09:00:00Z", totalBillValue={"currency": "EUR", "minors": 2777}
        )
        try:
            with executioner.at(moment):
                pleo.status(changed)
            break
        except KilledError:
            assert pleo.status(changed) == 200
        assert [row.amount for row in pleo.rows() if row.entry_id == entry_id] == [-2677, -100]

    assert moment == 6  # offered and not taken, correction before and after, wake-up before and after, nothing left


def test_that_webhooks_come_is_noted_once_in_a_quarter_of_an_hour(
    app: ModuleType, pleo: Pleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, noted = time.time(), []
    for minutes in (0, 1, 14, 16, 17):
        now = begun + minutes * 60
        monkeypatch.setattr(app._receiver(), "_now", lambda now=now: now)
        assert pleo.status(timestamp=str(int(now))) == 200
        noted.append(datetime.fromisoformat(Ledger(pleo.cloud.ledger_table).last_webhook_at(CONNECTION_ID)).timestamp())

    assert noted == pytest.approx([begun] * 3 + [begun + 16 * 60] * 2, abs=0.01)


def test_a_delivery_that_pleo_did_not_sign_is_not_taken_for_a_webhook_that_comes(pleo: Pleo) -> None:
    assert pleo.status(secret=OLD_SECRET) == 401
    assert Ledger(pleo.cloud.ledger_table).last_webhook_at(CONNECTION_ID) == ""


def test_when_it_cannot_be_noted_that_webhooks_come_they_are_taken_all_the_same(
    pleo: Pleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise StoreUnavailable("by order of the test")

    monkeypatch.setattr(Ledger, "record_webhook", refused)

    assert pleo.status() == 200
    assert len(pleo.rows()) == 1


def test_a_held_company_goes_on_collecting(pleo: Pleo) -> None:
    Connections(pleo.cloud.connection_table).change(CONNECTION_ID, status=Status.HELD, hold=Hold.PLAN)

    assert pleo.status() == 200
    assert len(pleo.rows()) == 1


# --- the process -----------------------------------------------------------------------------------------------------


def test_the_receiver_starts_without_http_client_and_without_pydantic(configured: Cloud) -> None:
    probe = (
        "import sys, functions.pleo_webhook.app\n"
        "print(sorted({'httpx', 'pydantic', 'jinja2', 'cryptography'} & set(sys.modules)))"
    )

    started = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", probe],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **ENVIRONMENT, **configured.environment()},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert started.stdout.strip() == "[]"
