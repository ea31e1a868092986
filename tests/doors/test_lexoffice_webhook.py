"""lexoffice's events: only what lexoffice signed for this organisation counts, and only as a hint to look."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from cloud import ENVIRONMENT, LEXOFFICE_KEY, ROOT, Cloud, Document
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from samples import COMPANY_ID, CONNECTION_ID, ENTRY_ID

from shared.aws.connections import Connection, Connections, Status
from shared.aws.matches import Matches, MatchRecord
from shared.domain.exporting.match import MatchState
from shared.errors import ConfigError
from shared.lexoffice import webhook

from .conftest import ORGANISATION_ID, Executioner, KilledError

VOUCHER = "66c0b1d2-0000-4000-8000-000000000001"
VOUCHER_EVENTS = ["payment.changed", "voucher.status.changed"]
WOKEN = [{"connection_id": CONNECTION_ID}]


@cache
def private_key(number: int = 1) -> rsa.RSAPrivateKey:
    """Lexware's key has 4096 bits; shorter ones are made faster. `number` tells keys apart."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(number: int = 1) -> str:
    public = private_key(number).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().strip()


def event_body(event_type: str = "payment.changed", **changes: object) -> bytes:
    fields = {
        "organizationId": ORGANISATION_ID,
        "eventType": event_type,
        "resourceId": VOUCHER,
        "eventDate": "2026-01-15T10:30:00.000+01:00",
    }
    return json.dumps(fields | changes, separators=(",", ":")).encode()


class Lexoffice:
    """Sends events to the handler, signed correctly unless told otherwise."""

    def __init__(self, app: ModuleType, sample: Document, cloud: Cloud) -> None:
        self.app, self.sample, self.cloud = app, sample, cloud
        self.matches = Matches(cloud.ledger_table)

    def event(
        self,
        body: bytes | None = None,
        *,
        key: int = 1,
        headers: dict[str, str | None] | None = None,
        connection_id: str = CONNECTION_ID,
    ) -> Document:
        body = event_body() if body is None else body
        signature = private_key(key).sign(body, padding.PKCS1v15(), SHA512())
        sent = {**self.sample["headers"], "x-lxo-signature": base64.b64encode(signature).decode(), **(headers or {})}
        return {
            **self.sample,
            "headers": {name: value for name, value in sent.items() if value is not None},
            "pathParameters": {"connection_id": connection_id},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }

    def tell(self, body: bytes | None = None, **how: Any) -> Document:
        answer: Document = self.app.handler(self.event(body, **how), None)
        return answer

    def status(self, body: bytes | None = None, **how: Any) -> int:
        return int(self.tell(body, **how)["statusCode"])

    def expect(self, voucher_id: str = VOUCHER) -> None:
        self.matches.register(CONNECTION_ID, voucher_id, ENTRY_ID)

    def look(self) -> None:
        """What the export worker does when it is woken."""
        for record in self.matches.waiting(CONNECTION_ID, 25):
            self.matches.save_result(CONNECTION_ID, record, MatchState.ACCEPTED, self.app._receiver()._now())

    @property
    def waiting(self) -> list[str]:
        return [record.voucher_id for record in self.matches.waiting(CONNECTION_ID, 25)]

    @property
    def woken(self) -> list[Document]:
        """Everybody's wake-ups; of a company in a FIFO queue one answer may hold but one message."""
        return [message for _ in range(3) for message in self.cloud.messages("ExportQueue")]

    @property
    def silent(self) -> bool:
        """Nothing was noted and nobody was woken."""
        return not (self.waiting or self.woken or self.cloud.messages("SyncQueue"))


@pytest.fixture
def app(configured: Cloud, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("LEXOFFICE_WEBHOOK_KEY", pem())
    from functions.lexoffice_webhook import app

    app._receiver.cache_clear()
    return app


@pytest.fixture
def lexoffice(app: ModuleType, sample: Callable[[str], Document], configured: Cloud) -> Lexoffice:
    connections = Connections(configured.connection_table)
    connections.get_or_create(
        Connection(connection_id=CONNECTION_ID, company_id=COMPANY_ID, company_name="Muster GmbH")
    )
    connections.change(CONNECTION_ID, status=Status.ACTIVE, organisation_id=ORGANISATION_ID)
    return Lexoffice(app, sample("lexoffice_webhook"), configured)


def metrics(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    blocks = [block for line in lines if "_aws" in line for block in line["_aws"]["CloudWatchMetrics"]]
    return [metric["Name"] for block in blocks for metric in block["Metrics"]]


# --- what is heeded --------------------------------------------------------------------------------------------------


def test_the_sample_is_signed_with_the_key_next_to_it(lexoffice: Lexoffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEXOFFICE_WEBHOOK_KEY", LEXOFFICE_KEY)
    lexoffice.app._receiver.cache_clear()
    lexoffice.expect()

    assert lexoffice.app.handler(lexoffice.sample, None)["statusCode"] == 200
    assert lexoffice.waiting == [VOUCHER]


@pytest.mark.parametrize("event_type", VOUCHER_EVENTS)
def test_something_happened_to_a_voucher_of_ours_so_it_is_looked_at(lexoffice: Lexoffice, event_type: str) -> None:
    lexoffice.expect()

    assert lexoffice.status(event_body(event_type)) == 200

    assert lexoffice.waiting == [VOUCHER]
    assert lexoffice.woken == WOKEN


def test_an_event_does_not_say_what_is_true(lexoffice: Lexoffice) -> None:
    lexoffice.expect()

    lexoffice.status()

    record = lexoffice.matches.get(CONNECTION_ID, VOUCHER)
    assert record is not None
    assert (record.state, record.looked_at) == (MatchState.OPEN, "")


@pytest.mark.parametrize("event_type", VOUCHER_EVENTS)
def test_somebody_elses_voucher_costs_a_refused_write_and_wakes_nobody(
    lexoffice: Lexoffice, capsys: pytest.CaptureFixture[str], event_type: str
) -> None:
    assert lexoffice.status(event_body(event_type)) == 200

    assert lexoffice.cloud.dump(lexoffice.cloud.ledger_table) == []
    assert lexoffice.silent
    assert metrics(capsys) == ["WebhookAccepted", "EventOfOthers"]


@pytest.mark.parametrize("event_type", ["invoice.created", "voucher.changed", "contact.deleted", "new.kind"])
def test_other_events_are_taken_and_forgotten(
    lexoffice: Lexoffice, capsys: pytest.CaptureFixture[str], event_type: str
) -> None:
    lexoffice.expect()

    assert lexoffice.status(event_body(event_type)) == 200

    assert lexoffice.silent
    assert metrics(capsys) == ["WebhookAccepted", "EventOfOthers"]


def test_a_withdrawn_access_is_checked_by_the_companys_sync(lexoffice: Lexoffice) -> None:
    assert lexoffice.status(event_body("token.revoked", resourceId="any-connection")) == 200

    assert lexoffice.cloud.messages("SyncQueue") == [{"connection_id": CONNECTION_ID, "requests": ["check_access"]}]
    assert Connections(lexoffice.cloud.connection_table).get(CONNECTION_ID).status is Status.ACTIVE  # type: ignore[union-attr]


def test_a_thousand_approvals_at_once_are_few_wake_ups(lexoffice: Lexoffice) -> None:
    """As long as the longest waiting match waits, the worker that was woken for it has not ended."""
    vouchers = [f"{VOUCHER[:-4]}{number:04}" for number in range(20)]
    for voucher_id in vouchers:
        lexoffice.expect(voucher_id)

    for voucher_id in vouchers:
        assert lexoffice.status(event_body(resourceId=voucher_id)) == 200

    assert lexoffice.waiting == vouchers
    assert lexoffice.woken == WOKEN


def test_what_happens_after_the_worker_has_looked_wakes_it_again(lexoffice: Lexoffice) -> None:
    for voucher_id in (VOUCHER, VOUCHER[:-1] + "2"):
        lexoffice.expect(voucher_id)
        lexoffice.status(event_body(resourceId=voucher_id))
        lexoffice.look()

    assert lexoffice.woken == WOKEN * 2


def test_the_same_event_again_makes_us_look_again_and_nothing_else(lexoffice: Lexoffice) -> None:
    lexoffice.expect()
    event = lexoffice.event()
    for _ in range(2):
        assert lexoffice.app.handler(event, None)["statusCode"] == 200
        lexoffice.look()

    assert lexoffice.matches.get(CONNECTION_ID, VOUCHER) == MatchRecord(
        voucher_id=VOUCHER,
        entry_id=ENTRY_ID,
        state=MatchState.ACCEPTED,
        looked_at=lexoffice.matches.get(CONNECTION_ID, VOUCHER).looked_at,  # type: ignore[union-attr]
    )


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {"headers": {"x-lxo-signature": None}},
        {"headers": {"x-lxo-signature": ""}},
        {"headers": {"x-lxo-signature": "AAAA"}},
        {"headers": {"x-lxo-signature": "not base64"}},
        {"key": 2},
        {"connection_id": "f" * 32},
        {"body": event_body(organizationId="99999999-9999-4999-8999-999999999999")},
    ],
    ids="missing empty short text other-key unknown-connection other-organisation".split(),
)
def test_what_lexoffice_did_not_sign_for_this_connection_is_refused_in_the_same_words(
    lexoffice: Lexoffice, capsys: pytest.CaptureFixture[str], how: Document
) -> None:
    """With 401, which lexoffice repeats for two days: time to pin a new key. 404 and 410 would end the subscription."""
    lexoffice.expect()

    answer = lexoffice.tell(**how)

    assert (answer["statusCode"], json.loads(answer["body"])) == (401, {"message": "signature refused"})
    assert lexoffice.silent
    assert metrics(capsys) == ["WebhookRefused"]


def test_a_changed_body_is_refused(lexoffice: Lexoffice) -> None:
    lexoffice.expect()
    event = lexoffice.event(event_body("invoice.created"))
    event["body"] = base64.b64encode(event_body()).decode()

    assert lexoffice.app.handler(event, None)["statusCode"] == 401
    assert lexoffice.silent


def test_a_company_without_organisation_is_told_nothing(lexoffice: Lexoffice) -> None:
    Connections(lexoffice.cloud.connection_table).change(CONNECTION_ID, organisation_id="")

    assert lexoffice.status() == 401
    assert lexoffice.status(event_body(organizationId="0")) == 401


def test_without_a_pinned_key_every_event_is_refused(lexoffice: Lexoffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEXOFFICE_WEBHOOK_KEY", "")
    lexoffice.app._receiver.cache_clear()
    lexoffice.expect()

    assert lexoffice.status() == 401
    assert lexoffice.silent


def test_a_key_that_is_none_keeps_the_door_shut(lexoffice: Lexoffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEXOFFICE_WEBHOOK_KEY", "-----BEGIN PUBLIC KEY----- AAAA -----END PUBLIC KEY-----")
    lexoffice.app._receiver.cache_clear()

    with pytest.raises(ConfigError):
        lexoffice.app._receiver()


@pytest.mark.parametrize(("size", "status"), [(webhook.MAX_BODY_BYTES + 1, 413), (9 * 1024 * 1024, 413)])
def test_too_large_a_body_is_refused(lexoffice: Lexoffice, size: int, status: int) -> None:
    assert lexoffice.status(b"x" * size) == status


def test_a_body_that_only_claims_to_be_base64_is_refused(lexoffice: Lexoffice) -> None:
    assert lexoffice.app.handler({**lexoffice.event(), "body": "***"}, None)["statusCode"] == 400


def test_a_compressed_body_is_not_supported(lexoffice: Lexoffice) -> None:
    assert lexoffice.status(headers={"content-encoding": "gzip"}) == 415


@pytest.mark.parametrize("body", [b"", b"null", b"[" * 60_000, event_body(resourceId="x" * 2_000)])
def test_a_signed_delivery_nobody_understands_is_not_asked_for_again_and_calls_for_a_person(
    lexoffice: Lexoffice, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    assert lexoffice.status(body) == 202

    assert lexoffice.silent
    assert metrics(capsys) == ["NeedsAttention"]


def test_the_log_tells_why_and_quotes_nothing(lexoffice: Lexoffice, logged: Callable[[], str]) -> None:
    lexoffice.status(event_body(resourceId="FORGED-CONTENT"), key=2)

    assert "the signature does not match" in logged()
    assert "FORGED-CONTENT" not in logged()


# --- the address -----------------------------------------------------------------------------------------------------


def test_lexoffice_may_try_the_address_before_it_takes_a_subscription(lexoffice: Lexoffice) -> None:
    event = lexoffice.event(connection_id="f" * 32)
    event["requestContext"] = {"http": {"method": "HEAD"}}

    with lexoffice.cloud.failing("dynamodb", "*"):
        assert lexoffice.app.handler(event, None) == {"statusCode": 204}
    assert lexoffice.silent


# --- when something fails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "GetItem"), ("dynamodb", "UpdateItem"), ("dynamodb", "Query"), ("sqs", "SendMessage")],
)
def test_when_aws_fails_nothing_is_acknowledged_and_the_redelivery_makes_it_good(
    lexoffice: Lexoffice, service: str, operation: str
) -> None:
    lexoffice.expect()
    with lexoffice.cloud.failing(service, operation):
        assert lexoffice.status() == 503
    assert lexoffice.woken == []

    assert lexoffice.status() == 200
    assert lexoffice.waiting == [VOUCHER]
    assert lexoffice.woken == WOKEN


def test_when_a_sync_cannot_be_asked_for_the_event_is_not_acknowledged(lexoffice: Lexoffice) -> None:
    with lexoffice.cloud.failing("sqs", "SendMessage"):
        assert lexoffice.status(event_body("token.revoked")) == 503


def test_a_receiver_killed_at_any_moment_is_made_good_by_the_redelivery(
    lexoffice: Lexoffice, executioner: Executioner
) -> None:
    moment = 0
    while True:
        moment += 1
        voucher_id = f"{VOUCHER[:-2]}{moment:02}"
        lexoffice.expect(voucher_id)
        try:
            with executioner.at(moment):
                lexoffice.status(event_body(resourceId=voucher_id))
            break
        except KilledError:
            assert lexoffice.status(event_body(resourceId=voucher_id)) == 200
        assert lexoffice.waiting == [voucher_id]
        assert lexoffice.woken
        lexoffice.look()

    assert moment == 5  # before and after the note, before and after the wake-up, nothing left


def test_the_door_starts_without_http_client_and_without_pydantic(configured: Cloud) -> None:
    probe = (
        "import sys, functions.lexoffice_webhook.app\nprint(sorted({'httpx', 'pydantic', 'jinja2'} & set(sys.modules)))"
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
