"""Frame of the command line: common options, answers as text or JSON, errors as one sentence."""

import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from ops.answer import Answer
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.stack import find
from shared.domain.text import one_line
from shared.errors import IntegrationError, StoreUnavailable

type Command = Callable[..., Answer]

_LONGEST_SENTENCE = 2_000
_USAGE_ERROR = 2


class _Frame(TyperGroup):
    """All commands. With --json, a usage error is answered as JSON like any other error."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **more: Any) -> Any:
        try:
            return super().main(args, *others, **more)
        except SystemExit as ended:
            if ended.code == _USAGE_ERROR and "--json" in (sys.argv if args is None else args):
                _write_error(getattr(ended.__context__, "format_message", lambda: "")())
            raise


app = typer.Typer(
    name="ops",
    cls=_Frame,
    help="What the support operator needs: from a call to its cause, and to the remedy (docs/runbook.md).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Options that several commands share.
Company = Annotated[str, typer.Option(help="Connection id, Pleo company id, or name.")]
Wait = Annotated[int, typer.Option(min=0, max=600, help="Seconds to wait for the outcome.")]


def _option(name: str, flag: str, default: str | bool, description: str) -> Parameter:
    option = typer.Option(default, flag, help=description)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=option, annotation=type(default))


_REASON = _option("reason", "--reason", "", "Why you do this, for the audit log; asked for if missing.")
# Options of all commands. They may stand before or behind the command.
_COMMON = (
    _option("local", "--local", False, "The stack that `make up` runs on this machine."),
    _option("stack", "--stack", "", "The name of a deployed stack, or `local`; by default the variable OPS_STACK."),
    _option("profile", "--profile", "", "The AWS profile to use."),
    _option("region", "--region", "", "The AWS region of the stack."),
    _option("as_json", "--json", False, "Answer as JSON, for programs."),
    Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context),
)


def _with_options(function: Callable[..., None], options: Sequence[Parameter]) -> Callable[..., None]:
    """Have typer read a function's options from a list."""
    function.__signature__ = Signature(options)  # type: ignore[attr-defined]
    function.__annotations__ = {option.name: option.annotation for option in options}
    return function


def _common(**given: Any) -> None:
    given.pop("context").obj = given


app.callback()(_with_options(_common, _COMMON))


def command(*, changes: bool = False, name: str | None = None) -> Callable[[Command], Command]:
    """Register a function as a command. It takes the CommandContext and its options and returns an Answer.

    - `changes`: the command changes something, so it takes --reason
    - `name`: the command's name; by default the function's
    """

    def decorate(function: Command) -> Command:
        @wraps(function)
        def run(**given: Any) -> None:
            before = given.pop("context").obj
            target = {key: given.pop(key) or before[key] for key in ("local", "stack", "profile", "region")}
            as_json = given.pop("as_json") or before["as_json"]
            reason = given.pop("reason") if changes else ""
            _print(as_json, lambda: function(_context(target, as_json=as_json, reason=reason), **given))

        own = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in signature(function).parameters.values()][1:]
        app.command(name)(_with_options(run, [*own, *([_REASON] if changes else []), *_COMMON]))
        return function

    return decorate


def _context(target: dict[str, Any], *, as_json: bool, reason: str) -> CommandContext:
    stack = find(local=target["local"], name=target["stack"], profile=target["profile"], region=target["region"])
    return CommandContext(stack, as_json=as_json, reason=reason, target=_options(target))


def _options(target: dict[str, Any]) -> list[str]:
    """Return the options that select the same stack, for commands that the operator copies."""
    options = ["--local"] if target["local"] else []
    for name in ("stack", "profile", "region"):
        options += [f"--{name}", target[name]] if target[name] else []
    return options


def _print(as_json: bool, answering: Callable[[], Answer]) -> None:
    """Print the answer. Exit with 0, or with 1 if the command failed or was refused."""
    try:
        answer = answering()
    except CommandRefused as refusal:
        _refuse(str(refusal), as_json=as_json)
    except StoreUnavailable as error:
        _refuse(_unavailable(error), as_json=as_json)
    except IntegrationError as error:
        _refuse(f"It did not work: {error}.", as_json=as_json)
    except KeyboardInterrupt:
        _refuse("Interrupted; what was begun is in the audit log (`ops audit`).", as_json=as_json)
    else:
        if as_json:
            sys.stdout.write(answer.as_json() + "\n")
        else:
            _show(answer)
        raise typer.Exit(int(answer.failed))


def _show(answer: Answer) -> None:
    # Without a terminal (file, pipe) use 200 columns.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    for part in answer.shown:
        # Not cropped: a command to copy may be longer than a line.
        console.print(part, crop=False)


def _refuse(sentence: str, *, as_json: bool) -> None:
    # The sentence may contain a company's name, which comes from outside.
    sentence = one_line(sentence, _LONGEST_SENTENCE)
    if as_json:
        _write_error(sentence)
    sys.stderr.write(f"{sentence}\n")
    raise typer.Exit(1)


def _write_error(sentence: str) -> None:
    sys.stdout.write(json.dumps({"error": one_line(sentence, _LONGEST_SENTENCE)}, ensure_ascii=False) + "\n")


def _unavailable(error: StoreUnavailable) -> str:
    if "AccessDenied" in str(error) or "AuthorizationError" in str(error):
        operation = str(error).split()[0]
        return f"You lack the right to {operation}: have the stack's OperatorPolicy attached to your AWS identity."
    return f"AWS did not do what was asked ({error}); nothing was lost, try again."
