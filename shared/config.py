"""Settings of the doors: one frozen class per door, read from the environment once.

A wrong setting is reported in one sentence that names it. The classes are plain dataclasses, because pydantic would
more than double the receiver's start-up time (docs/decisions/0003-runtime-dependencies.md).
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from shared.errors import ConfigError

_MAY_BE_EMPTY: Final = object()
# https://www.rfc-editor.org/rfc/rfc7468#section-13
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(?P<body>[^-]+)-----END PUBLIC KEY-----")


def origin(raw: str) -> str:
    """Check an address without path and return it without a trailing slash. Raise ValueError with what is wrong.

    The scheme must be https; http is allowed for localhost only.
    """
    parts = urlsplit(raw)
    local = parts.hostname in {"localhost", "127.0.0.1"}
    if not parts.hostname or parts.scheme not in ({"https", "http"} if local else {"https"}):
        raise ValueError(f"is not an https address: {raw!r}.")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError(f"must be an address without path: {raw!r}.")
    return raw.rstrip("/")


def _public_key(raw: str) -> str:
    """Restore the line breaks of a public key in PEM format: a command line may have removed them."""
    found = _PEM.fullmatch(raw)
    body = "".join(found["body"].split()) if found else ""
    try:
        known = bool(base64.b64decode(body, validate=True))
    except binascii.Error:
        known = False
    if not known:
        raise ValueError("is not a public key in PEM format.")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----"])


def _starting(kind: str, *starts: str) -> Callable[[str], str]:
    def check(raw: str) -> str:
        if not raw.startswith(starts):
            raise ValueError(f"is not {kind}: {raw!r}.")
        return raw

    return check


def _whole(unit: str, least: int, most: int) -> Callable[[str], int]:
    def check(raw: str) -> int:
        if not raw.isascii() or not raw.isdecimal() or not least <= int(raw) <= most:
            raise ValueError(f"must be whole {unit} from {least} to {most}, not {raw!r}.")
        return int(raw)

    return check


def _either(one: str, other: str) -> Callable[[str], str]:
    def check(raw: str) -> str:
        if raw not in {one, other}:
            raise ValueError(f"must be {one} or {other}, not {raw!r}.")
        return raw

    return check


def _flag(raw: str) -> bool:
    return _either("true", "false")(raw) == "true"


Arn = Annotated[str, _starting("an ARN", "arn:")]
Days = Annotated[int, _whole("days", 0, 365)]
Flag = Annotated[bool, _flag]
Limit = Annotated[str, _either("organisation", "organisation+client")]
OptionalOrigin = Annotated[str, origin, _MAY_BE_EMPTY]
OptionalPublicKey = Annotated[str, _public_key, _MAY_BE_EMPTY]
Origin = Annotated[str, origin]
QueueUrl = Annotated[str, _starting("the address of a queue", "https://", "http://")]
Seconds = Annotated[int, _whole("seconds", 1, 900)]


# Every door creates all of these classes when it starts. Slots and repr would double the time for that.
@dataclass(frozen=True, kw_only=True, repr=False)
class _FromEnvironment:
    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read every field from the environment variable of the same name in capitals.

        The field's type gives the check. Raise ConfigError for the first variable that is missing or malformed.
        """
        values: dict[str, object] = {}
        for field in fields(cls):
            name = field.name.upper()
            raw = env.get(name, "").strip()
            check, *marks = getattr(field.type, "__metadata__", [str])
            if name not in env or (not raw and _MAY_BE_EMPTY not in marks):
                raise ConfigError(f"The environment variable {name} is missing: set it in template.yaml.")
            try:
                values[field.name] = check(raw) if raw else ""
            except ValueError as error:
                raise ConfigError(f"The environment variable {name} {error}") from error
        return cls(**values)


@dataclass(frozen=True, kw_only=True, repr=False)
class ReceiverSettings(_FromEnvironment):
    """Settings of `pleo_webhook`."""

    connection_table: str
    ledger_table: str
    feed_queue_url: QueueUrl
    export_queue_url: QueueUrl
    key_arn: Arn


@dataclass(frozen=True, kw_only=True, repr=False)
class EventSettings(_FromEnvironment):
    """Settings of `lexoffice_webhook`.

    `lexoffice_webhook_key` is in PEM format. If it is empty, no event can be verified.
    """

    connection_table: str
    ledger_table: str
    export_queue_url: QueueUrl
    sync_queue_url: QueueUrl
    lexoffice_webhook_key: OptionalPublicKey


@dataclass(frozen=True, kw_only=True, repr=False)
class VendorSettings(_FromEnvironment):
    """Settings of every door that calls Pleo or lexoffice."""

    connection_table: str
    token_table: str
    key_arn: Arn
    vendor_secret_arn: Arn
    pleo_api_url: Origin
    pleo_auth_url: Origin
    lexoffice_api_url: Origin
    lexoffice_app_url: Origin
    lexoffice_limit: Limit


@dataclass(frozen=True, kw_only=True, repr=False)
class FeedSettings(VendorSettings):
    """Settings of `feed`."""

    ledger_table: str
    feed_queue_url: QueueUrl
    feed_retry_seconds: Seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class ExportSettings(VendorSettings):
    """Settings of `export`."""

    ledger_table: str
    export_queue_url: QueueUrl
    export_retry_seconds: Seconds
    reverse_charge: Flag
    contra_required: Flag
    input_tax_without_receipt: Flag


@dataclass(frozen=True, kw_only=True, repr=False)
class SyncSettings(VendorSettings):
    """Settings of `sync`.

    Without `lexoffice_webhook_key` the worker does not subscribe to lexoffice's events: they could not be verified.
    """

    ledger_table: str
    feed_queue_url: QueueUrl
    export_queue_url: QueueUrl
    lexoffice_account_system: str
    lexoffice_webhook_key: OptionalPublicKey


@dataclass(frozen=True, kw_only=True, repr=False)
class OauthSettings(VendorSettings):
    """Settings of `oauth`. If `public_url` is empty, the address that the browser used is taken instead."""

    sync_queue_url: QueueUrl
    public_url: OptionalOrigin
    pleo_app_url: Origin
    pleo_scopes: str
    deletion_delay_days: Days


@dataclass(frozen=True, kw_only=True, repr=False)
class AdminSettings(_FromEnvironment):
    """Settings of `admin`.

    `public_url` may be empty, as for `oauth`. Pages link to the vendors' addresses; the door never calls them.
    """

    connection_table: str
    ledger_table: str
    public_url: OptionalOrigin
    pleo_auth_url: Origin
    pleo_app_url: Origin
    lexoffice_app_url: Origin


@dataclass(frozen=True, kw_only=True, repr=False)
class ScheduleSettings(_FromEnvironment):
    """Settings of `schedule`."""

    connection_table: str
    sync_queue_url: QueueUrl
