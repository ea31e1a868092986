"""The receiver behind the gateway: what is accepted and what refused, bytes as they came, many at once, no rights."""

import base64
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from .company import Company, event, now

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


def test_fifty_identical_deliveries_at_once_make_one_line(company: Company, body: bytes) -> None:
    """A dozen at a time: each concurrent delivery starts a process of its own here."""
    secret = company.secrets[0]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: company.deliver(body, secret=secret, message_id="msg_1"), range(50)))

    assert Counter(answer.status_code for answer in answers) == {200: 50}
    company.world.at_rest()
    assert company.states == {"sent": 1}
    assert len(company.lines) == 1


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


def test_without_the_right_to_wake_nothing_is_acknowledged_and_nothing_is_lost(company: Company, body: bytes) -> None:
    with company.world.denied("PleoWebhookFunction", "sqs:SendMessage"):
        answer = company.deliver(body)
    again = company.deliver(body)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert again.status_code == 200
    company.world.at_rest()
    assert company.states == {"sent": 1}
    assert len(company.lines) == 1
