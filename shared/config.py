"""Settings of the doors: one frozen class each, read from the environment once, wrong ones named in one sentence.

Plain dataclasses: pydantic would more than double the receiver's start-up (docs/decisions/0003).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self
from urllib.parse import urlsplit

from shared.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class _FromEnvironment:
    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read every field from the variable of the same name in capitals.

        Raises ConfigError naming the first variable that is missing or malformed.
        """
        values: dict[str, object] = {}
        for field in fields(cls):
            name = field.name.upper()
            raw = env.get(name)
            if raw is None or (not raw.strip() and name not in _MAY_BE_EMPTY):
                raise ConfigError(f"The environment variable {name} is missing: set it in template.yaml.")
            values[field.name] = _CHECKS[name](name, raw.strip()) if name in _CHECKS else raw.strip()
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings(_FromEnvironment):
    """What `pleo_webhook` needs."""

    connection_table: str
    ledger_table: str
    feed_queue_url: str
    export_queue_url: str
    key_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings(_FromEnvironment):
    """What `lexoffice_webhook` needs. `lexoffice_webhook_key` is in PEM format; empty: no event can be verified."""

    connection_table: str
    ledger_table: str
    export_queue_url: str
    sync_queue_url: str
    lexoffice_webhook_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSettings(_FromEnvironment):
    """What every door needs that calls Pleo or lexoffice."""

    connection_table: str
    token_table: str
    key_arn: str
    vendor_secret_arn: str
    pleo_api_url: str
    pleo_auth_url: str
    lexoffice_api_url: str
    lexoffice_app_url: str
    lexoffice_limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings(VendorSettings):
    """What `feed` needs."""

    ledger_table: str
    feed_queue_url: str
    feed_retry_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings(VendorSettings):
    """What `export` needs."""

    ledger_table: str
    export_queue_url: str
    export_retry_seconds: int
    reverse_charge: bool
    contra_required: bool
    input_tax_without_receipt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings(VendorSettings):
    """What `sync` needs.

    Without `lexoffice_webhook_key` nobody subscribes to lexoffice's events, because they could not be verified.
    """

    ledger_table: str
    feed_queue_url: str
    export_queue_url: str
    lexoffice_account_system: str
    lexoffice_webhook_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthSettings(VendorSettings):
    """What `oauth` needs. `public_url` may be empty: then the address the browser used counts."""

    sync_queue_url: str
    public_url: str
    pleo_app_url: str
    pleo_scopes: str
    deletion_delay_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings(_FromEnvironment):
    """What `admin` needs. `public_url` may be empty, as for `oauth`; the addresses are only linked to, never called."""

    connection_table: str
    ledger_table: str
    public_url: str
    pleo_auth_url: str
    pleo_app_url: str
    lexoffice_app_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings(_FromEnvironment):
    """What `schedule` needs."""

    connection_table: str
    sync_queue_url: str


def origin(name: str, raw: str) -> str:
    """An address without path: https, or http on this machine only."""
    parts = urlsplit(raw)
    local = parts.hostname in {"localhost", "127.0.0.1"}
    if not parts.hostname or parts.scheme not in ({"https", "http"} if local else {"https"}):
        raise ConfigError(f"The environment variable {name} is not an https address: {raw!r}.")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ConfigError(f"The environment variable {name} must be an address without path: {raw!r}.")
    return raw.rstrip("/")


def _optional_origin(name: str, raw: str) -> str:
    return origin(name, raw) if raw else ""


def _queue_url(name: str, raw: str) -> str:
    if not raw.startswith(("https://", "http://")):
        raise ConfigError(f"The environment variable {name} is not the address of a queue: {raw!r}.")
    return raw


def _arn(name: str, raw: str) -> str:
    if not raw.startswith("arn:"):
        raise ConfigError(f"The environment variable {name} is not an ARN: {raw!r}.")
    return raw


def _seconds(name: str, raw: str) -> int:
    if not raw.isascii() or not raw.isdecimal() or not 1 <= int(raw) <= 900:
        raise ConfigError(f"The environment variable {name} must be whole seconds from 1 to 900, not {raw!r}.")
    return int(raw)


def _days(name: str, raw: str) -> int:
    if not raw.isascii() or not raw.isdecimal() or int(raw) > 365:
        raise ConfigError(f"The environment variable {name} must be whole days from 0 to 365, not {raw!r}.")
    return int(raw)


def _limit(name: str, raw: str) -> str:
    if raw not in {"organisation", "organisation+client"}:
        raise ConfigError(f"The environment variable {name} must be organisation or organisation+client, not {raw!r}.")
    return raw


def _public_key(name: str, raw: str) -> str:
    """A public key in PEM format, whose line breaks may have got lost on a command line, as PEM writes it."""
    found = _PEM.fullmatch(raw)
    body = "".join(found["body"].split()) if found else ""
    try:
        known = bool(base64.b64decode(body, validate=True))
    except binascii.Error:
        known = False
    if raw and not known:
        raise ConfigError(f"The environment variable {name} is not a public key in PEM format.")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----"]) if raw else ""


def _flag(name: str, raw: str) -> bool:
    if raw not in {"true", "false"}:
        raise ConfigError(f"The environment variable {name} must be true or false, not {raw!r}.")
    return raw == "true"


# https://www.rfc-editor.org/rfc/rfc7468#section-13
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(?P<body>[^-]+)-----END PUBLIC KEY-----")
_MAY_BE_EMPTY = {"PUBLIC_URL", "LEXOFFICE_WEBHOOK_KEY"}
_CHECKS = {
    "PUBLIC_URL": _optional_origin,
    "PLEO_API_URL": origin,
    "PLEO_AUTH_URL": origin,
    "PLEO_APP_URL": origin,
    "LEXOFFICE_API_URL": origin,
    "LEXOFFICE_APP_URL": origin,
    "FEED_QUEUE_URL": _queue_url,
    "EXPORT_QUEUE_URL": _queue_url,
    "SYNC_QUEUE_URL": _queue_url,
    "KEY_ARN": _arn,
    "VENDOR_SECRET_ARN": _arn,
    "FEED_RETRY_SECONDS": _seconds,
    "EXPORT_RETRY_SECONDS": _seconds,
    "DELETION_DELAY_DAYS": _days,
    "LEXOFFICE_LIMIT": _limit,
    "REVERSE_CHARGE": _flag,
    "CONTRA_REQUIRED": _flag,
    "INPUT_TAX_WITHOUT_RECEIPT": _flag,
    "LEXOFFICE_WEBHOOK_KEY": _public_key,
}
