"""`python -m ops` in a process of its own, forked from one that has imported everything: a second less per command."""

import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from cloud import ROOT

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["ops.__main__", "ops_process"])
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a command."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Running:
    """A command that somebody has typed."""

    arguments: tuple[str, ...]
    process: ForkServerProcess
    folder: tempfile.TemporaryDirectory[str]

    def interrupt(self) -> None:
        """Presses Ctrl-C."""
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGINT)

    def wait(self) -> Ended:
        """Waits until it has ended. Ends it if that takes too long."""
        with self.folder as folder:
            self.process.join(_SECONDS)
            if self.process.exitcode is None:
                self.process.kill()
                self.process.join()
                raise AssertionError(f"ops {' '.join(self.arguments)} runs for more than {_SECONDS} s")
            stdout, stderr = ((Path(folder) / name).read_text("utf-8") for name in ("stdout", "stderr"))
            return Ended(self.process.exitcode, stdout, stderr)


def start(*arguments: str, environment: Mapping[str, str]) -> Running:
    """Starts a command with these environment variables and no others."""
    folder = tempfile.TemporaryDirectory()
    process = _CONTEXT.Process(target=_run, args=(arguments, dict(environment), folder.name))
    process.start()
    return Running(arguments, process, folder)


def run(*arguments: str, environment: Mapping[str, str]) -> Ended:
    """Runs a command to its end."""
    return start(*arguments, environment=environment).wait()


def _run(arguments: tuple[str, ...], environment: dict[str, str], folder: str) -> None:
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    # A shell that runs the tests in the background has Ctrl-C ignored, and whatever they start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        os.dup2(os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    sys.argv = ["ops", *arguments]
    del sys.modules["ops.__main__"]  # imported in advance, not run
    runpy.run_module("ops", run_name="__main__", alter_sys=True)
