"""Which deliveries prove that lexoffice sent them, and what they tell."""

import base64
import json
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.errors import ConfigError
from shared.lexoffice.webhook import (
    LexofficeEvent,
    LexofficeSignatureRefusedError,
    MalformedLexofficeEventError,
    check_key,
    parse,
    verify,
)

DOCUMENT = {
    "organizationId": "org-1",
    "eventType": "payment.changed",
    "resourceId": "v-1",
    "eventDate": "2026-03-02T08:20:00.000+01:00",
}
REQUIRED = ["organizationId", "eventType", "resourceId"]
BODY = json.dumps(DOCUMENT, separators=(",", ":")).encode()
# Made by openssl, so that both halves of the scheme are not ours:
#   openssl dgst -sha512 -sign key.pem body.json | base64
OPENSSL_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuJGaMCmp434lW59uIfM1
Q4jWGMqaZN2z+4CwtaxgCeXh8C4k63VJRhnwzBcxnjjD1Reh35uJy9QZyYVY8lFH
kxLaq8lTQx9kjD0NfECm6i7QApFNbv3MEn/1wrEop4c5SeGDLoLafYltFOXx6uAP
U2NwHSZg9oehepB/QvLW8KyFJTXOp5W797JiBT/SmhgH01y69DuRhLZKUO6OVhjM
ShJqEQKIcZZkCi1TK3TDm7BzyFP7xMHODQ4tvDSHsggq3HWk1tslSE/WNDkoPOaf
TJ+0JyCQlS5exZuETxZdMmIWoGz07NjKM5HiE6sL4c1g4B5zcdihZbuG/YywnKjg
nQIDAQAB
-----END PUBLIC KEY-----
"""
OPENSSL_SIGNATURE = (
    "Yh6uNOUNaYCi1oJSsta5QjOidhdXdSyRie/1YRtskf+jyzXqJCIYoRcmW6YTDrrnfOdbzYlBujivhat3KTSe3/IYjiwdVUgF58Wv"
    "VZYRwL5IyXttp3kI+Ejgr5EO57wNdui1arviq1QWsAOiqo+qwWnE4Tc1KdgoRv6zDBJ5QfsGNcfd+HNJB1Mn8MwrAjzenx3stbAj"
    "iFf+phF4oEd1d+LLg+z5v1fpfqKM9MGgIGfI1IweIDyhDfgpFWqq4bF9dnmM/hJjGPH8nOgWwTvjkHhqr7XJhNuqTeJtisMwP9Z0"
    "I9lwto+D006GwGHuLbb+0YvyB/4UC+blM8djoSBVmg=="
)


@cache
def private_key(number: int = 1) -> rsa.RSAPrivateKey:
    """Lexware's key has 4096 bits; shorter ones are made faster. `number` tells keys apart."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | None = None, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return (key or private_key()).public_key().public_bytes(Encoding.PEM, form).decode()


def signed(
    body: bytes = BODY,
    *,
    key: rsa.RSAPrivateKey | None = None,
    scheme: padding.AsymmetricPadding | None = None,
    digest: HashAlgorithm | None = None,
) -> dict[str, str]:
    signature = (key or private_key()).sign(body, scheme or padding.PKCS1v15(), digest or SHA512())
    return {"x-lxo-signature": base64.b64encode(signature).decode()}


# Verifying


def test_a_signature_made_by_openssl_is_accepted() -> None:
    verify({"x-lxo-signature": OPENSSL_SIGNATURE}, BODY, OPENSSL_KEY)


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
def test_a_signed_delivery_is_accepted(form: PublicFormat) -> None:
    verify(signed(), BODY, pem(form=form))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY + b"\n", id="line break"),
        pytest.param(json.dumps(DOCUMENT).encode(), id="with spaces"),
        pytest.param(BODY.replace(b"v-1", b"v-2"), id="changed"),
        pytest.param(b"", id="empty"),
    ],
)
def test_only_the_very_bytes_that_were_signed_are_accepted(body: bytes) -> None:
    with pytest.raises(LexofficeSignatureRefusedError, match="does not match"):
        verify(signed(), body, pem())


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({"x-lxo-signature": ""}, id="empty"),
        pytest.param({"x-lxo-signature": "!!"}, id="not base64"),
        pytest.param({"x-lxo-signature": "ä"}, id="not ASCII"),
        pytest.param({"x-lxo-signature": "AAAA"}, id="too short"),
        pytest.param({"x-other": "x"}, id="another header"),
    ],
)
def test_a_delivery_without_a_usable_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(LexofficeSignatureRefusedError):
        verify(headers, BODY, pem())


def test_a_delivery_signed_by_somebody_else_is_refused() -> None:
    with pytest.raises(LexofficeSignatureRefusedError):
        verify(signed(key=private_key(2)), BODY, pem())


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"digest": SHA256()}, id="SHA-256"),
        pytest.param({"scheme": padding.PSS(padding.MGF1(SHA512()), padding.PSS.MAX_LENGTH)}, id="PSS"),
    ],
)
def test_another_scheme_is_refused(headers: dict[str, Any]) -> None:
    with pytest.raises(LexofficeSignatureRefusedError):
        verify(signed(**headers), BODY, pem())


def test_a_refusal_quotes_nothing_of_the_delivery() -> None:
    headers = signed()

    with pytest.raises(LexofficeSignatureRefusedError) as caught:
        verify(headers, b"secret", pem())

    assert "secret" not in str(caught.value)
    assert headers["x-lxo-signature"] not in str(caught.value)


def test_a_key_that_is_none_is_a_setting_to_be_mended() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    for text in ("", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"):
        with pytest.raises(ConfigError, match="PEM"):
            verify(signed(), BODY, text)
    with pytest.raises(ConfigError, match="RSA"):
        verify(signed(), BODY, elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


@pytest.mark.parametrize("text", ["", "key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
def test_a_key_that_is_none_is_noticed_before_the_first_delivery(text: str) -> None:
    check_key(pem())

    with pytest.raises(ConfigError, match="PEM"):
        check_key(text)


# Reading


def test_an_event_tells_what_happened_to_what() -> None:
    event = parse(BODY)

    assert event == LexofficeEvent(organization_id="org-1", event_type="payment.changed", resource_id="v-1")
    assert parse(BODY.replace(b'"org-1"', b'"org-1","new":[1]')) == event


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"\xff", "not JSON", id="not text"),
        pytest.param(b"[" * 100_000, "not JSON", id="too deep"),
        pytest.param(b"[]", "not an object", id="list"),
        pytest.param(b"null", "not an object", id="null"),
    ],
)
def test_a_body_that_is_no_object_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedLexofficeEventError, match=reason):
        parse(body)


@pytest.mark.parametrize("value", ["missing", None, "", 7, "yesterday", "2026-03-02T08:20:00", "x" * 101, "\ud800"])
def test_an_event_is_read_whatever_its_date(value: object) -> None:
    """The product acts on what it reads from lexoffice, never on when an event happened."""
    document: dict[str, object] = DOCUMENT | {"eventDate": value}
    if value == "missing":
        del document["eventDate"]

    assert parse(json.dumps(document).encode()) == parse(BODY)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", 7])
def test_every_field_that_the_product_uses_must_be_there(name: str, value: object) -> None:
    with pytest.raises(MalformedLexofficeEventError, match=f"{name} is missing"):
        parse(json.dumps(DOCUMENT | {name: value}).encode())


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["x" * 101, "\ud800", "Ä"])
def test_a_text_that_cannot_be_an_id_or_a_type_is_malformed(name: str, value: str) -> None:
    """Ids become part of a key in the ledger, which takes neither everything nor any length."""
    with pytest.raises(MalformedLexofficeEventError, match=f"{name} is not plausible"):
        parse(json.dumps(DOCUMENT | {name: value}).encode())
