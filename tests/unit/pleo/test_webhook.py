"""Nothing passes that Pleo did not sign within the last five minutes."""

import base64
import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pleo.webhook import PleoSignatureRefusedError, verify

SECRET = "whsec_c2ltdWxhdG9yLXNlY3JldC0wMTIzNDU2Nzg5"
OTHER = "whsec_" + base64.b64encode(b"another test secret 0000").decode()
NOW = 1768469400
ID = "msg_sim0000000000000000000001"
BODY = (
    b'{"data":{"companyId":"11111111-1111-4111-8111-111111111111","createdAt":"2026-01-15T09:30:00Z",'
    b'"createdBy":"22222222-2222-4222-8222-222222222222","expiresIn":3600,'
    b'"id":"33333333-3333-4333-8333-333333333333","numberOfItems":2,"status":"pending"},'
    b'"eventId":"44444444-4444-4444-8444-444444444444","eventType":"v1.export-job.created"}'
)
SIGNATURE = "v1,SPO4idxHUPyS1nqf1naoAyEPTBJtX6ogSnhIj0wMNEo="


def signature(body: bytes = BODY, *, secret: str = SECRET, timestamp: str = str(NOW), message_id: str = ID) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, sha256)).decode()


def headers(**changes: str) -> dict[str, str]:
    sent = {"webhook-id": ID, "webhook-timestamp": str(NOW), "webhook-signature": SIGNATURE}
    return sent | {name.replace("_", "-"): value for name, value in changes.items()}


def refused(sent: dict[str, str], body: bytes = BODY, *, secrets: tuple[str, ...] = (SECRET,), now: float = NOW) -> str:
    with pytest.raises(PleoSignatureRefusedError) as caught:
        verify(sent, body, secrets, now=now)
    return str(caught.value)


def test_the_vector_of_the_scheme_is_accepted() -> None:
    """The public sample of Standard Webhooks, which Pleo's documentation shows as well."""
    sent = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    assert verify(sent, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now=1614265330) == 0


def test_a_delivery_with_pleos_body_is_accepted() -> None:
    assert signature() == SIGNATURE
    assert verify(headers(), BODY, [SECRET], now=NOW) == 0


@pytest.mark.parametrize("offset", [-300, -299, 0, 299, 300])
def test_a_timestamp_within_five_minutes_is_accepted(offset: int) -> None:
    assert verify(headers(), BODY, [SECRET], now=NOW + offset) == 0


@pytest.mark.parametrize("offset", [-86400, -301, -300.5, 300.5, 301, 86400])
def test_a_timestamp_further_away_is_refused_in_both_directions(offset: float) -> None:
    assert "too old or in the future" in refused(headers(), now=NOW + offset)


@pytest.mark.parametrize(
    "timestamp",
    [
        f"{NOW}.0",
        "1.7684694e9",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        f"-{NOW}",
        f"+{NOW}",
        f" {NOW}",
        f"{NOW}\n",
        "1_768_469_400",
        "0x6968b3d8",
        "١٧٦٨٤٦٩٤٠٠",
        "１７６８４６９４００",
        "¹",
        "17684694000000000000",
        "9" * 5000,
        "2026-01-15T09:30:00Z",
    ],
)
def test_a_timestamp_that_is_not_plain_seconds_is_refused_though_signed(timestamp: str) -> None:
    sent = headers(webhook_timestamp=timestamp, webhook_signature=signature(timestamp=timestamp))

    assert "timestamp" in refused(sent)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_empty_header_is_refused(name: str) -> None:
    sent = headers()

    assert "missing" in refused({key: value for key, value in sent.items() if key != name})
    assert "missing" in refused({**sent, name: ""})


def test_of_several_signatures_one_valid_is_enough() -> None:
    many = f"v1,{base64.b64encode(b'x' * 32).decode()} v1a,something {SIGNATURE}"

    assert verify(headers(webhook_signature=many), BODY, [SECRET], now=NOW) == 0


def test_while_a_secret_is_rotated_both_are_good_and_the_answer_says_which_it_was() -> None:
    assert verify(headers(), BODY, [OTHER, SECRET], now=NOW) == 1
    assert verify(headers(webhook_signature=signature(secret=OTHER)), BODY, [OTHER, SECRET], now=NOW) == 0


def test_a_retired_secret_is_refused() -> None:
    assert refused(headers(), secrets=(OTHER,)) == "no signature matches"


def test_without_any_secret_nothing_is_accepted() -> None:
    refused(headers(), secrets=())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!!", "whsec_A"])
def test_a_stored_secret_that_is_none_matches_nothing_not_even_an_empty_key(secret: str) -> None:
    content = f"{ID}.{NOW}.".encode() + BODY
    empty = "v1," + base64.b64encode(hmac.digest(b"", content, sha256)).decode()

    refused(headers(webhook_signature=empty), secrets=(secret,))


def test_a_broken_secret_does_not_keep_the_good_one_from_being_tried() -> None:
    assert verify(headers(), BODY, ["whsec_A", SECRET], now=NOW) == 1


def test_a_secret_without_padding_is_the_same_secret() -> None:
    secret = "whsec_" + base64.b64encode(b"twenty-two bytes long!").decode()
    sent = headers(webhook_signature=signature(secret=secret))

    assert verify(sent, BODY, [secret.rstrip("=")], now=NOW) == 0


@pytest.mark.parametrize(
    "value",
    [
        SIGNATURE.removeprefix("v1,"),
        SIGNATURE.replace("v1,", "v2,"),
        SIGNATURE.replace("v1,", "v1a,"),
        SIGNATURE.replace("v1,", "V1,"),
        SIGNATURE.rstrip("="),
        SIGNATURE.replace("v1,", "v1 ,"),
        "v1,",
        "v1,****",
        "v1,ümlaut",
        "v1,\ud800",
        " ".join(["v1,AAAA"] * 40 + [SIGNATURE]),
        SIGNATURE[:-5] + "AAAA=",
    ],
)
def test_a_header_without_a_well_formed_signature_is_refused(value: str) -> None:
    assert refused(headers(webhook_signature=value)) == "no signature matches"


@pytest.mark.parametrize("message_id", ["msg_ü", "\ud800", "msg_\u0660"])
def test_an_id_that_is_not_plain_text_is_refused(message_id: str) -> None:
    assert "message id" in refused(headers(webhook_id=message_id))


def test_a_signature_for_another_message_is_refused() -> None:
    refused(headers(webhook_id="msg_other"))
    refused(headers(webhook_timestamp=str(NOW + 1)))


@given(position=st.integers(0, len(BODY) - 1), flip=st.integers(1, 255))
def test_any_changed_byte_of_the_body_is_refused(position: int, flip: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= flip

    refused(headers(), bytes(changed))


@given(body=st.binary(max_size=200), secret=st.binary(min_size=1, max_size=64))
def test_every_body_signed_with_the_secret_is_accepted_and_with_another_refused(body: bytes, secret: bytes) -> None:
    ours = "whsec_" + base64.b64encode(secret).decode()
    sent = headers(webhook_signature=signature(body, secret=ours))

    assert verify(sent, body, [ours], now=NOW) == 0
    refused(sent, body, secrets=("whsec_" + base64.b64encode(secret + b"x").decode(),))


@given(
    sent=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(st.characters(codec=None), max_size=60),
    ),
    body=st.binary(max_size=50),
)
def test_nonsense_is_refused_and_never_breaks_anything(sent: dict[str, str], body: bytes) -> None:
    refused({**headers(), **sent} if len(sent) == 1 else sent, body + b"x")
