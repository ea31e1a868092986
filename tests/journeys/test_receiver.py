"""The receiver as the internet sees it: exact answers to wrong, strange, repeated and untimely deliveries."""

import base64
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from .company import Company, event, now
from .signing import signature
from .world import Json

pytestmark = pytest.mark.journey

OTHER_SECRET = "whsec_" + base64.b64encode(b"not the one that was agreed").decode()


@pytest.fixture
def body(company: Company) -> bytes:
    """The event of a settled payment."""
    return event(company.snapshot(amount=1_234, settledAt=now()))


def nothing_happened(company: Company) -> None:
    company.world.at_rest()
    assert company.rows == []
    assert company.parked == []
    assert company.lines == []


def test_a_correct_delivery_is_accepted(company: Company, body: bytes) -> None:
    assert company.deliver(body).status_code == 200

    company.world.at_rest()
    assert company.states == {"sent": 1}


def test_a_wrong_signature_is_refused_counted_and_not_logged(company: Company, body: bytes) -> None:
    before = company.world.counted("PleoWebhookFunction", "WebhookRefused")

    answer = company.deliver(body, secret=OTHER_SECRET)

    assert answer.status_code == 401
    assert answer.json() == {"message": "signature refused"}
    nothing_happened(company)
    assert company.world.counted("PleoWebhookFunction", "WebhookRefused") == before + 1
    assert "1234" not in "".join(map(str, company.world.logged("PleoWebhookFunction", message="webhook refused")))


def test_a_body_that_was_changed_on_the_way_is_refused(company: Company, body: bytes) -> None:
    secret, stamp = company.secrets[0], str(int(time.time()))
    signed = signature(secret, message_id="msg_1", timestamp=stamp, body=body)

    headers: dict[str, str | None] = {"webhook-signature": signed}
    answer = company.deliver(body.replace(b"1234", b"9999"), message_id="msg_1", timestamp=stamp, headers=headers)

    assert answer.status_code == 401
    nothing_happened(company)


def test_a_delivery_without_one_of_the_three_headers_is_refused(company: Company, body: bytes) -> None:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")

    answers = {name: company.deliver(body, headers={name: None}).status_code for name in names}

    assert answers == dict.fromkeys(names, 401)
    nothing_happened(company)


def test_an_unknown_connection_is_refused_in_the_same_words(company: Company, body: bytes) -> None:
    url = f"{company.world.stack.api_url}/webhooks/pleo/{'0' * 32}"

    unknown = company.world.http.post(url, content=body)
    wrong = company.deliver(body, secret=OTHER_SECRET)

    assert (unknown.status_code, unknown.content) == (wrong.status_code, wrong.content) == (401, wrong.content)


def test_the_second_of_several_signatures_may_be_the_right_one(company: Company, body: bytes) -> None:
    stamp = str(int(time.time()))
    signatures = [
        signature(secret, message_id="msg_1", timestamp=stamp, body=body)
        for secret in (OTHER_SECRET, company.secrets[0])
    ]

    answer = company.deliver(
        body, message_id="msg_1", timestamp=stamp, headers={"webhook-signature": " ".join(signatures)}
    )

    assert answer.status_code == 200


def test_the_old_secret_is_accepted_until_it_is_retired(company: Company, body: bytes) -> None:
    connection, old = company.connection, company.secrets[0]
    context = {"purpose": "webhook-secret", "connection_id": company.connection_id}
    sealed = company.world.stack.client("kms").encrypt(
        KeyId=company.world.stack.resources["Key"], Plaintext=OTHER_SECRET.encode(), EncryptionContext=context
    )["CiphertextBlob"]
    fresh = {"subscription_id": "fresh", "sealed": sealed}

    company.world.put("ConnectionTable", connection | {"secrets": [fresh, *connection["secrets"]]})
    company.world.stack.kill_worker("PleoWebhookFunction")  # a warm one believes what it knows for a minute
    before = company.world.counted("PleoWebhookFunction", "WebhookOldSecret")
    both = [company.deliver(body, secret=secret).status_code for secret in (old, OTHER_SECRET)]
    counted = company.world.counted("PleoWebhookFunction", "WebhookOldSecret") - before

    company.world.put("ConnectionTable", connection | {"secrets": [fresh]})
    company.world.stack.kill_worker("PleoWebhookFunction")
    retired = company.deliver(body, secret=old).status_code

    assert (both, counted, retired) == ([200, 200], 1, 401)


def test_a_delivery_is_good_for_five_minutes(company: Company, body: bytes) -> None:
    """The exact second is a matter for the unit tests: here the delivery itself takes time."""
    expected = {-301: 401, -290: 200, 290: 200, 310: 401}

    answers = {age: company.deliver(body, timestamp=str(int(time.time()) + age)).status_code for age in expected}

    assert answers == expected


def test_a_timestamp_that_is_no_plain_number_is_refused(company: Company, body: bytes) -> None:
    seconds = str(int(time.time()))
    arabic = seconds.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    spellings = [f"{seconds}.0", "NaN", "inf", arabic, f"-{seconds}", f"+{seconds}", seconds.zfill(20), "now"]

    answers = {spelt: company.deliver(body, timestamp=spelt).status_code for spelt in spellings}

    assert answers == dict.fromkeys(spellings, 401)
    nothing_happened(company)


def test_a_replay_changes_nothing(company: Company, body: bytes) -> None:
    stamp = str(int(time.time()))

    statuses = [company.deliver(body, message_id="msg_1", timestamp=stamp).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    company.world.at_rest()
    assert company.states == {"sent": 1}
    assert len(company.lines) == 1


def test_the_same_event_under_another_message_id_changes_nothing(company: Company, body: bytes) -> None:
    statuses = [company.deliver(body).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    company.world.at_rest()
    assert company.states == {"sent": 1}
    assert len(company.lines) == 1


def test_fifty_identical_deliveries_at_once_make_one_line(company: Company, body: bytes) -> None:
    """A dozen at a time: each concurrent delivery starts a process of its own here."""
    secret = company.secrets[0]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: company.deliver(body, secret=secret, message_id="msg_1"), range(50)))

    assert Counter(answer.status_code for answer in answers) == {200: 50}
    company.world.at_rest()
    assert company.states == {"sent": 1}
    assert len(company.lines) == 1


def test_an_event_nobody_here_understands_is_kept_for_a_while_and_not_asked_for_again(company: Company) -> None:
    types = ["v1.vendor.created", "v3.card-transaction.settled", "v1.card-transaction.exploded", "nonsense"]
    data = {"id": "e0000000-0000-4000-8000-00000000abcd", "companyId": company.id}
    bodies = [event(data, each) for each in types]

    answers = [company.deliver(body).status_code for body in bodies]

    assert answers == [202] * len(types)
    assert {bytes(kept["body"].value) for kept in company.parked} == set(bodies)
    assert all(kept["expires_at"] > time.time() for kept in company.parked)
    assert company.rows == []
    logged = company.world.logged("PleoWebhookFunction", message="webhook parked", connection_id=company.connection_id)
    assert len(logged) == len(types)


@pytest.mark.parametrize("event_type", ["v1.export-job.created", "v1.export.job-created", "v2.export-job.created"])
def test_every_spelling_of_a_new_export_job_is_accepted(company: Company, event_type: str) -> None:
    body = event({"id": "e0000000-0000-4000-8000-00000000abcd", "companyId": company.id}, event_type)

    assert 200 <= company.deliver(body).status_code < 300


def test_another_companys_payment_is_kept_and_not_fed(company: Company, body: bytes) -> None:
    foreign = body.replace(company.id.encode(), b"c0000000-0000-4000-8000-00000000ffff")

    assert company.deliver(foreign).status_code == 202

    (kept,) = company.parked
    assert kept["reason"] == "unknown company"
    company.is_empty_in_lexoffice()


def test_a_signed_body_that_is_no_event_is_kept_and_a_person_is_called(company: Company) -> None:
    damaged = [b"not json", b"[]", b'{"eventType": "v1.card-transaction.settled"}', b'{"data": {}}']

    answers = [company.deliver(body).status_code for body in damaged]

    assert answers == [202] * len(damaged)
    assert len(company.parked) == len(damaged)
    calls = company.world.logged("PleoWebhookFunction", cause="webhook malformed", connection_id=company.connection_id)
    assert [line["message"] for line in calls] == ["needs attention"] * len(damaged)


def test_new_fields_and_new_words_do_no_harm(company: Company) -> None:
    data = company.snapshot(amount=500, settledAt=now())
    strange = data | {"sustainability": {"co2": 3}, "subFamily": "METAVERSE", "teamId": None, "tags": None}

    assert company.deliver(event(strange)).status_code == 200

    company.world.at_rest()
    assert company.states == {"sent": 1}


def test_a_body_that_is_too_large_is_refused(company: Company) -> None:
    limit = 256 * 1024

    assert [company.deliver(b" " * size).status_code for size in (limit, limit + 1)] == [202, 413]

    assert company.rows == []


def test_a_body_of_more_than_ten_megabytes_stops_at_the_gateway(company: Company) -> None:
    before = len(company.world.stack.logs("PleoWebhookFunction"))

    assert company.deliver(b" " * (10 * 1024 * 1024 + 1)).status_code == 413

    assert len(company.world.stack.logs("PleoWebhookFunction")) == before


def test_the_bytes_decide_and_not_the_content_type(company: Company) -> None:
    """What is not known to be text arrives base64-encoded: the decoded bytes are verified."""
    types = ["text/plain", "application/octet-stream", "application/xml", "nonsense", None]
    payments = [company.snapshot(amount=100, settledAt=now()) for _ in types]

    answers = [
        company.deliver(event(payment), headers={"content-type": content_type}).status_code
        for payment, content_type in zip(payments, types, strict=True)
    ]

    assert answers == [200] * len(types)
    company.is_fed(*(payment["id"] for payment in payments))


def test_a_compressed_body_is_refused(company: Company, body: bytes) -> None:
    assert company.deliver(body, headers={"content-encoding": "gzip"}).status_code == 415

    nothing_happened(company)


def test_a_body_that_is_no_base64_is_refused(company: Company) -> None:
    """Only a gateway gone wrong can send this, so the door is asked directly."""
    request: Json = {
        "version": "2.0",
        "routeKey": "POST /webhooks/pleo/{connection_id}",
        "pathParameters": {"connection_id": company.connection_id},
        "headers": {"content-type": "application/json"},
        "requestContext": {"domainName": "127.0.0.1"},
        "body": "this is no base64!",
        "isBase64Encoded": True,
    }

    assert company.world.invoke("PleoWebhookFunction", request)["statusCode"] == 400


@pytest.mark.parametrize("missing", ["dynamodb:UpdateItem", "dynamodb:GetItem", "kms:Decrypt", "sqs:SendMessage"])
def test_without_aws_nothing_is_acknowledged_and_nothing_is_lost(company: Company, body: bytes, missing: str) -> None:
    company.world.stack.kill_worker("PleoWebhookFunction")  # a warm one remembers secrets

    with company.world.denied("PleoWebhookFunction", missing):
        answer = company.deliver(body)
    again = company.deliver(body)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert again.status_code == 200
    company.world.at_rest()
    assert company.states == {"sent": 1}
    assert len(company.lines) == 1
