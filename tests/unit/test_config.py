"""A door without its settings does not open, and says in one sentence which one is missing."""

import os
import subprocess
import sys
from dataclasses import fields

import pytest
from cloud import ENVIRONMENT, ROOT, Cloud

from shared.config import (
    AdminSettings,
    EventSettings,
    ExportSettings,
    FeedSettings,
    OauthSettings,
    ReceiverSettings,
    ScheduleSettings,
    SyncSettings,
    origin,
)
from shared.errors import ConfigError

DOORS = {
    "pleo_webhook": ReceiverSettings,
    "export": ExportSettings,
    "feed": FeedSettings,
    "lexoffice_webhook": EventSettings,
    "oauth": OauthSettings,
    "schedule": ScheduleSettings,
    "sync": SyncSettings,
    "admin": AdminSettings,
}
_QUEUES = {
    "FeedQueue": "https://sqs.test/1/feed.fifo",
    "ExportQueue": "https://sqs.test/1/export.fifo",
    "SyncQueue": "https://sqs.test/1/sync",
}
VALID = Cloud(queues=_QUEUES, secret_arn="arn:aws:secretsmanager:eu-central-1:1:secret:x").environment()
VARIABLES = [(settings, field.name.upper()) for settings in dict.fromkeys(DOORS.values()) for field in fields(settings)]
MAY_BE_EMPTY = ("PUBLIC_URL", "LEXOFFICE_WEBHOOK_KEY")
MALFORMED = {
    "FEED_QUEUE_URL": ["FeedQueue", "sqs.test/feed", "ftp://sqs.test/feed"],
    "EXPORT_QUEUE_URL": ["ExportQueue", "sqs.test/export"],
    "SYNC_QUEUE_URL": ["SyncQueue"],
    "KEY_ARN": ["alias/key", "1234"],
    "VENDOR_SECRET_ARN": ["vendors"],
    "FEED_RETRY_SECONDS": ["0", "901", "-1", "1.5", "ten", "٣", "1e2"],
    "EXPORT_RETRY_SECONDS": ["0", "901", "-1", "1.5", "ten", "٣", "1e2"],
    "DELETION_DELAY_DAYS": ["-1", "366", "1.5", "ten", "٣"],
    "REVERSE_CHARGE": ["yes", "True", "1"],
    "CONTRA_REQUIRED": ["on", "FALSE"],
    "INPUT_TAX_WITHOUT_RECEIPT": ["no", "0"],
    "LEXOFFICE_LIMIT": ["client", "Organisation"],
    "PUBLIC_URL": ["http://example.com", "https://example.com/path", "example.com", "https://"],
    "PLEO_API_URL": ["http://external.pleo.io", "https://user:x@pleo.io", "https://pleo.io/v1", "https://pleo.io?x=1"],
    "PLEO_APP_URL": ["http://app.pleo.io"],
    "PLEO_AUTH_URL": ["javascript:alert(1)", "https://pleo.io#x"],
    "LEXOFFICE_API_URL": ["//api.lexware.io", "http://localhost.evil.test"],
    "LEXOFFICE_APP_URL": ["file:///etc/passwd"],
    "LEXOFFICE_WEBHOOK_KEY": [
        "MIICIjANBg",
        "-----BEGIN PUBLIC KEY----- ??? -----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----- -----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----- abc -----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----",
    ],
}


@pytest.mark.parametrize("settings", DOORS.values())
def test_a_complete_environment_is_read(settings: type[OauthSettings]) -> None:
    read = settings.from_env(VALID)

    for field in fields(read):
        assert str(getattr(read, field.name)).casefold() == VALID[field.name.upper()].casefold()


def test_what_the_environment_says_besides_is_ignored() -> None:
    assert ScheduleSettings.from_env(VALID) == ScheduleSettings.from_env({**VALID, "OTHER": "x"})


@pytest.mark.parametrize(("settings", "name"), VARIABLES)
def test_a_missing_variable_is_named_in_one_sentence(settings: type[OauthSettings], name: str) -> None:
    without = {key: value for key, value in VALID.items() if key != name}

    with pytest.raises(ConfigError) as caught:
        settings.from_env(without)

    assert str(caught.value) == f"The environment variable {name} is missing: set it in template.yaml."


@pytest.mark.parametrize(("settings", "name"), [pair for pair in VARIABLES if pair[1] not in MAY_BE_EMPTY])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_as_good_as_missing(settings: type[OauthSettings], name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is missing"):
        settings.from_env({**VALID, name: value})


@pytest.mark.parametrize(("settings", "name"), [pair for pair in VARIABLES if pair[1] in MAY_BE_EMPTY])
def test_what_a_deployment_can_do_without_may_be_empty(settings: type[OauthSettings], name: str) -> None:
    assert getattr(settings.from_env({**VALID, name: ""}), name.lower()) == ""


@pytest.mark.parametrize("breaks", ["\n", "\r\n", " ", ""], ids=["lines", "windows", "one line", "nothing"])
def test_a_public_key_may_have_lost_its_line_breaks(breaks: str) -> None:
    raw = VALID["LEXOFFICE_WEBHOOK_KEY"].replace("\n", breaks) + breaks

    settings = EventSettings.from_env({**VALID, "LEXOFFICE_WEBHOOK_KEY": raw})

    assert settings.lexoffice_webhook_key == VALID["LEXOFFICE_WEBHOOK_KEY"]


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [(settings, name, value) for settings, name in VARIABLES for value in MALFORMED.get(name, [])],
)
def test_a_malformed_variable_is_named_in_one_sentence(settings: type[OauthSettings], name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.from_env({**VALID, name: value})

    sentence = str(caught.value)
    assert sentence.startswith(f"The environment variable {name} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("https://external.pleo.io", "https://external.pleo.io"),
        ("https://external.pleo.io/", "https://external.pleo.io"),
        ("http://127.0.0.1:4702", "http://127.0.0.1:4702"),
        ("http://localhost:4702/", "http://localhost:4702"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(raw: str, kept: str) -> None:
    assert origin(raw) == kept


@pytest.mark.parametrize("door", DOORS)
def test_a_door_whose_variable_is_missing_stops_at_start_up_with_that_sentence(door: str) -> None:
    name = fields(DOORS[door])[-1].name.upper()
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT, **VALID}
    del environment[name]

    started = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", f"import functions.{door}.app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert started.returncode == 1
    assert started.stderr.strip().endswith(f"The environment variable {name} is missing: set it in template.yaml.")
