"""The support operator: runs the real command line against the deployed stack, with an operator's rights."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.emulator.process import ROOT

from .world import World

_SECONDS = 120


class Operator:
    """Somebody at a keyboard, with `python -m ops … --local`."""

    def __init__(self, world: World, tmp_path: Path) -> None:
        self._stack = world.stack.write_stack_json(tmp_path / "stack.json")
        # A shell that runs the tests in the background has Ctrl-C ignored, and whatever they start would inherit that.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def run(self, *arguments: str, code: int = 0) -> Any:
        """Runs a command with --json; its data. It must end with this exit code."""
        return json.loads(self.says(*arguments, "--json", code=code))

    def says(self, *arguments: str, code: int = 0) -> str:
        """Runs a command; what it printed for people. It must end with this exit code."""
        return self.finished(self.started(*arguments), code=code)

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command and does not wait for it."""
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "ops", *arguments, "--local"],
            cwd=ROOT,
            env=os.environ | {"OPS_LOCAL_STACK": str(self._stack)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finished(self, process: subprocess.Popen[str], *, code: int = 0) -> str:
        """What a started command printed, once it has ended with this exit code."""
        printed, complaint = process.communicate(timeout=_SECONDS)
        assert process.returncode == code, f"{process.args!r}: {process.returncode}\n{printed}\n{complaint}"
        return printed
