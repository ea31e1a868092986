"""`make demo`: play the story on this machine and prove its end. The exit status is 0 only if every check passes."""

import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack

from rich.console import Console

from local.demo.story import NotConnectedError, Story
from local.demo.world import CommandFailedError, DemoWorld
from local.emulator.process import ROOT, StartError
from local.stack import LocalStack
from local.waiting import StalledError

_LOG = ROOT / "build" / "demo.log"
# On a busy machine a function may need more than the template's 10 s to start. The emulator would then kill it at every
# attempt, and no line would arrive. The queue's visibility timeout is six times FeedFunction's timeout.
SLOWNESS = 4


def main() -> int:
    """Start the stack, play the story, end the stack."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print("Starting the emulator, deploying template.yaml, starting the stand-ins for Pleo and lexoffice")
    try:
        untrue, harmless = _run(console)
    except KeyboardInterrupt:
        console.print("Interrupted. Everything has ended.")
        return 130
    return conclude(console, untrue, harmless)


def conclude(console: Console, untrue: Sequence[str], harmless: Sequence[str]) -> int:
    """Print the harmless findings and the failed checks, one sentence each; return the exit status."""
    for sentence in harmless:
        console.print(f"Harmless on a slow machine: {sentence}", soft_wrap=True, markup=False)
    if not untrue:
        console.print("[green]All of it is true.[/]")
        return 0
    console.print("[red]Not all of it is true:[/]")
    for sentence in untrue:
        console.print(f"- {sentence}", soft_wrap=True, markup=False)
    console.print(f"The logs are in {_LOG.relative_to(ROOT)}.")
    return 1


def _run(console: Console) -> tuple[list[str], list[str]]:
    """Play and prove; return the failed checks and the harmless findings.

    An exception becomes one sentence; its details go to a log.
    """
    log: list[str] = []
    try:
        with ExitStack() as ends:
            with console.status("starting"):
                stack = ends.enter_context(LocalStack(slowness=SLOWNESS))
            return _play_and_prove(stack, console, log)
    except Exception as error:
        log.append(traceback.format_exc())
        return [_sentence(error)], []
    finally:
        if log:
            _LOG.parent.mkdir(exist_ok=True)
            _LOG.write_text("\n".join(log))


def _play_and_prove(stack: LocalStack, console: Console, log: list[str]) -> tuple[list[str], list[str]]:
    story = Story(DemoWorld(stack), console)
    untrue: list[str] = []
    for act in (story.play, story.prove):
        try:
            untrue += act() or []
        except Exception as error:
            untrue.append(_sentence(error))
            log.append(traceback.format_exc())
    if untrue:
        log += _logs(stack)
    return untrue, story.harmless


def _sentence(error: Exception) -> str:
    first = str(error).partition("\n")[0]
    known = isinstance(error, StalledError | NotConnectedError | CommandFailedError | StartError)
    return first if known else f"The demo was stopped by {type(error).__name__}: {first}"


def _logs(stack: LocalStack) -> list[str]:
    """Return all log lines of the doors, the stand-ins and the emulator."""
    found = []
    for name in sorted(stack.resources):
        if name.endswith("Function"):
            try:
                found += [f"--- {name}", *stack.logs(name)]
            except Exception as error:  # the emulator itself may have failed
                found.append(f"--- {name}: {error}")
    for file in sorted(stack.emulator.directory.glob("*.log")):
        found += [f"--- {file.name}", file.read_text(errors="replace")]
    return found


if __name__ == "__main__":
    sys.exit(main())
