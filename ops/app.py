"""Frame of the command line: common options, answers as text or JSON, errors as one sentence."""

import inspect
import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
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

_Local = Annotated[bool, typer.Option("--local", help="The stack that `make up` runs on this machine.")]
_Stack = Annotated[
    str,
    typer.Option("--stack", help="The name of a deployed stack, or `local`. Without it the variable OPS_STACK counts."),
]
_Profile = Annotated[str, typer.Option("--profile", help="The AWS profile to use.")]
_Region = Annotated[str, typer.Option("--region", help="The AWS region of the stack.")]
_Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]
# Options that several commands share.
Company = Annotated[str, typer.Option(help="Connection id, Pleo company id, or name.")]
Wait = Annotated[int, typer.Option(min=0, max=600, help="Seconds to wait for the outcome.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why you do this, for the audit log; asked for if missing.")]


@app.callback()
def common(
    context: typer.Context,
    local: _Local = False,
    stack: _Stack = "",
    profile: _Profile = "",
    region: _Region = "",
    as_json: _Json = False,
) -> None:
    """Options may stand before or behind the command."""
    context.obj = {"local": local, "stack": stack, "profile": profile, "region": region, "as_json": as_json}


def command(*, changes: bool = False, name: str | None = None) -> Callable[[Command], Command]:
    """Register a function as a command. It takes the CommandContext and its options and returns an Answer.

    - `changes`: the command changes something, so it takes --reason
    - `name`: the command's name; by default the function's
    """

    def decorate(function: Command) -> Command:
        own = list(inspect.signature(function).parameters.values())[1:]

        @wraps(function)
        def run(**given: Any) -> None:
            context: typer.Context = given.pop("context")
            target = {key: given.pop(key) or context.obj[key] for key in ("local", "stack", "profile", "region")}
            as_json = given.pop("as_json") or context.obj["as_json"]
            reason = given.pop("reason") if changes else ""
            _print(as_json, lambda: function(_context(target, as_json=as_json, reason=reason), **given))

        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [parameter.replace(kind=keyword) for parameter in own]
        parameters += [inspect.Parameter("reason", keyword, default="", annotation=_Reason)] if changes else []
        parameters += [
            inspect.Parameter("local", keyword, default=False, annotation=_Local),
            inspect.Parameter("stack", keyword, default="", annotation=_Stack),
            inspect.Parameter("profile", keyword, default="", annotation=_Profile),
            inspect.Parameter("region", keyword, default="", annotation=_Region),
            inspect.Parameter("as_json", keyword, default=False, annotation=_Json),
            inspect.Parameter("context", keyword, annotation=typer.Context),
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command(name)(run)
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
