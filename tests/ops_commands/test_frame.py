"""What every command has in common: where its options stand, how it answers, how it refuses."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ops_process
import pytest
from cloud import ROOT
from ops_process import Ended
from typer.main import get_command

import ops.app
from ops.stack import Stack
from shared.aws.connections import Connection

from .conftest import Ops

COMMANDS = sorted(get_command(ops.app.app).commands)  # type: ignore[attr-defined]


def run(*arguments: str, **environment: str) -> Ended:
    """The command line as its users start it."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    return ops_process.run(*arguments, environment=clean | environment)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json_and_a_target_and_says_what_it_does(ops_: Ops, command: str) -> None:
    text = ops_(command, "--help").text

    for option in ("--json", "--local", "--stack", "--profile", "--region"):
        assert option in text
    assert text.splitlines()[2].strip()


def test_the_options_may_stand_before_or_behind_the_command(ops_: Ops, connected: Callable[..., Connection]) -> None:
    connected()
    assert ops_("--json", "companies").data == ops_("companies", "--json", "--local").data


def test_without_a_stack_it_says_how_to_name_one() -> None:
    ran = run("companies")
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr.startswith("Say which stack: --local ")


def test_local_and_a_stack_at_once_are_refused() -> None:
    assert run("companies", "--local", "--stack", "production").stderr == "Either --local or --stack, not both.\n"


def test_the_variable_names_the_stack_where_no_option_does(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "stack.json")
    assert run("companies", OPS_STACK="local", OPS_LOCAL_STACK=nowhere).stderr.startswith(
        "Nothing runs on this machine"
    )
    assert run("companies", "--local", OPS_STACK="production", OPS_LOCAL_STACK=nowhere).stderr.startswith(
        "Nothing runs"
    )


def test_where_nothing_runs_it_says_how_to_start_it(tmp_path: Path) -> None:
    for content in (
        None,
        "{",
        json.dumps(
            {
                "aws_endpoint_url": "http://127.0.0.1:9",
                "region": "eu-central-1",
                "resources": {},
                "aws_access_key_id": "a",
                "aws_secret_access_key": "b",
            }
        ),
    ):
        file = tmp_path / "stack.json"
        if content is not None:
            file.write_text(content)
        ran = run("companies", "--local", OPS_LOCAL_STACK=str(file))
        assert ran.code == 1
        assert ran.stderr == "Nothing runs on this machine: start it with `make up` and leave it running.\n"


def test_without_credentials_it_says_to_log_in() -> None:
    ran = run("companies", "--stack", "production", "--region", "eu-central-1")
    assert ran.code == 1
    assert ran.stderr == "There are no valid AWS credentials here: log in (`aws sso login`), or name a --profile.\n"


def test_a_profile_that_does_not_exist_is_named() -> None:
    ran = run("companies", "--stack", "production", "--profile", "nobody", AWS_CONFIG_FILE="/dev/null")
    assert (ran.code, ran.stdout) == (1, "")
    assert "nobody" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_resource_that_an_older_stack_lacks_is_named(ops_: Ops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.app, "find", lambda **_: Stack(name="old", resources={}, who="somebody"))
    assert ops_("audit").complaint == (
        "The stack old has no AuditLogs: it is older than this command line; deploy it.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("companies", "--nonsense"), "No such option: --nonsense"),
        (("nonsense",), "No such command 'nonsense'"),
        (("redrive", "--max-rate", "0"), "Invalid value for '--max-rate': "),
        (("--nonsense",), "No such option: --nonsense"),
        (("company",), "Missing argument 'named'."),
    ],
)
def test_a_usage_error_ends_with_2_and_a_script_gets_it_as_json_like_every_other_error(
    ops_: Ops, arguments: tuple[str, ...], said: str
) -> None:
    ran, scripted = ops_(*arguments), ops_("--json", *arguments)

    assert (ran.code, ran.text, scripted.code, scripted.complaint) == (2, "", 2, ran.complaint)
    assert scripted.data["error"] in ran.complaint
    assert said in scripted.data["error"]


def test_a_fresh_process_helps_and_refuses_an_unknown_command() -> None:
    """All other tests run commands in a process that has imported everything."""

    def typed(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "ops", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    helped, unknown = typed("--help"), typed("nonsense", "--json")

    assert (helped.returncode, helped.stderr) == (0, "")
    assert all(command in helped.stdout for command in COMMANDS)
    assert (unknown.returncode, json.loads(unknown.stdout)) == (2, {"error": "No such command 'nonsense'."})
    assert "No such command 'nonsense'." in unknown.stderr


def test_a_command_that_hangs_fails_its_test_and_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops_process, "_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": address}
        running = ops_process.start(
            "companies", "--stack", "production", "--region", "eu-central-1", environment={"PATH": "/usr/bin"} | keys
        )
        with pytest.raises(AssertionError, match="runs for more than 1 s"):
            running.wait()
    assert not running.process.is_alive()


@pytest.mark.parametrize("text", ["", " ", "x" * 5_000])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_company_that_is_an_unset_variable_or_a_pasted_page_is_refused_with_what_to_write(
    ops_: Ops, connected: Callable[..., Connection], command: str, text: str
) -> None:
    """An unset `$COMPANY` moved every company's messages; a long one was answered with AWS's ValidationException."""
    if command == "companies":
        return
    connected()
    needed = {"trace": ("4711",), "resend": ("--entry", "e"), "month-end": ("--month", "2026-10")}
    reason = ("--reason", "x") if "--reason" in ops_(command, "--help").text else ()
    named = (text,) if command == "company" else ("--company", text)

    ran = ops_(command, *needed.get(command, ()), *reason, *named)

    assert (ran.code, ran.text) == (1, "")
    assert ran.complaint == (
        "Name the company: its connection id, its id at Pleo, or up to 200 characters of its name (`ops companies` "
        "lists them).\n"
    )


@pytest.mark.parametrize("text", ["", "x" * 5_000])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trace",), "Say what to trace: Pleo's book id or entry id, "),
        (
            ("resend", "--company", "Muster", "--reason", "x", "--entry"),
            "Say what to send|is too long for an entry's id",
        ),
        (("resend", "--company", "Muster", "--reason", "x", "--from"), "Say what to send|is no day: write it as 2026-"),
        (("month-end", "--company", "Muster", "--month"), "is no month: write it like "),
        (("disconnect", "--company", "Muster", "--reason", "x", "--yes-really"), "say the company's name again"),
        (("redrive", "--cause", " ", "--reason", "x", "--company"), "Name the company"),
        (("redrive", "--reason", "x", "--wait", "0", "--cause"), "--cause is empty|no message matches your choice"),
    ],
)
def test_a_value_that_is_empty_or_far_too_long_is_answered_with_what_to_write(
    ops_: Ops, connected: Callable[..., Connection], arguments: tuple[str, ...], said: str, text: str
) -> None:
    connected()

    ran = ops_(*arguments, text)

    assert re.search(said, ran.text + ran.complaint)
    assert len(ran.text + ran.complaint) < 300
