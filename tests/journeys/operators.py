"""The support operator: runs the real command line against the deployed stack, with an operator's rights."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import ops_process
from cloud import ROOT
from ops_process import Ended, Running

from .world import World

_OPS = ["python", "-m", "ops"]


class Operator:
    """Somebody at a keyboard, with `python -m ops … --local`."""

    def __init__(self, world: World, tmp_path: Path) -> None:
        self._environment = os.environ | {"OPS_LOCAL_STACK": str(world.stack.write_stack_json(tmp_path / "stack.json"))}

    def run(self, *arguments: str, code: int = 0) -> Any:
        """Runs a command with --json; its data. It must end with this exit code."""
        return json.loads(self.says(*arguments, "--json", code=code))

    def says(self, *arguments: str, code: int = 0) -> str:
        """Runs a command; what it printed for people. It must end with this exit code."""
        return self.finished(self.started(*arguments), code=code)

    def started(self, *arguments: str) -> Running:
        """Starts a command and does not wait for it."""
        return ops_process.start(*arguments, "--local", environment=self._environment)

    def finished(self, running: Running, *, code: int = 0) -> str:
        """What a started command printed, once it has ended with this exit code."""
        return _printed(running.wait(), " ".join(running.arguments), code)

    def types(self, line: str, variables: Mapping[str, str] | None = None, *, code: int = 0) -> str:
        """Types a line of a shell; what it printed. `python -m ops` is told by variables which stack is meant."""
        environment = self._environment | {"OPS_STACK": "local"} | dict(variables or {})
        words = shlex.split(Template(line).substitute(environment))
        if words[:3] == _OPS:
            return _printed(ops_process.run(*words[3:], environment=environment), line, code)
        ran = subprocess.run(  # noqa: S603 - the line is ours
            ["bash", "-uc", line],  # noqa: S607
            cwd=ROOT,
            env=environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return _printed(Ended(ran.returncode, ran.stdout, ran.stderr), line, code)


def _printed(ended: Ended, line: str, code: int) -> str:
    assert ended.code == code, f"{line}: {ended.code}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout
