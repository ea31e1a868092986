"""Processes of functions, forked from one that has already imported their packages.

Importing the packages is most of a cold start. The code of a function is imported again by each process, from the
function's own archive, as on AWS. `apply` is the emulator's side; run as a script, this file is the forking process.
"""

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# What the doors import, also on demand. A missing entry costs time, nothing else.
_PACKAGES = (
    *("aws_lambda_powertools", "aws_lambda_powertools.metrics", "base64", "csv", "email.message", "hmac", "html"),
    *("botocore.client", "botocore.httpsession", "botocore.parsers", "botocore.session", "botocore.signers"),
    *("cryptography.hazmat.primitives.asymmetric.padding", "cryptography.hazmat.primitives.ciphers.aead"),
    *("cryptography.hazmat.primitives.serialization", "decimal", "httpx", "jinja2", "pydantic", "zoneinfo"),
)
_LARGEST_REQUEST = 1 << 17
type _Descriptors = tuple[int, int, int]


def apply(lambda_runtime: Any) -> None:
    """Make the emulator start its workers here. Where the system has no pidfd, it starts them as it always does."""
    if hasattr(os, "pidfd_open"):
        forks = _Forks()
        lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": forks.start})


class _Forks:
    """The forking process, as the emulator's threads see it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen([sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()])

    def start(self, arguments: list[str], *, cwd: str, env: dict[str, str], **_options: object) -> "_Process":
        """Start a script with pipes for its standard streams, as subprocess.Popen does."""
        pipes = [os.pipe() for _ in range(3)]
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = pipes
        request = json.dumps({"script": arguments[-1], "cwd": cwd, "env": env}).encode()
        with self._lock:
            socket.send_fds(self._channel, [request], [stdin, stdout, stderr])
            answer, (pidfd, *_), _, _ = socket.recv_fds(self._channel, 64, 1)
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        return _Process(int(answer), pidfd, (to_stdin, from_stdout, from_stderr))


class _Process:
    """What the emulator uses of subprocess.Popen. The exit status is not known: it belongs to the forking process."""

    def __init__(self, pid: int, pidfd: int, streams: _Descriptors) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._pidfd = pidfd
        self._ended = select.poll()
        self._ended.register(pidfd, select.POLLIN)
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(descriptor, mode, buffering=1, encoding="utf-8")
            for descriptor, mode in zip(streams, ("w", "r", "r"), strict=True)
        )

    def poll(self) -> int | None:
        """Return None while the process runs."""
        return self.returncode if self.returncode is not None else self._after(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return once the process has ended. Raise subprocess.TimeoutExpired after `timeout` seconds."""
        status = self._after(None if timeout is None else timeout * 1000)
        if status is None:
            raise subprocess.TimeoutExpired("worker", timeout or 0)
        return status

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def _after(self, milliseconds: float | None) -> int | None:
        if self._ended.poll(milliseconds):
            self.returncode = -1
        return self.returncode

    def __del__(self) -> None:
        os.close(self._pidfd)


def _fork_on_request(channel: socket.socket) -> None:
    for package in _PACKAGES:
        __import__(package)
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, _LARGEST_REQUEST, 3)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become(json.loads(request), (descriptors[0], descriptors[1], descriptors[2]))
        for descriptor in descriptors:
            os.close(descriptor)
        pidfd = os.pidfd_open(pid)
        socket.send_fds(channel, [str(pid).encode()], [pidfd])
        os.close(pidfd)
        _reap()


def _become(request: dict[str, Any], descriptors: _Descriptors) -> None:
    """Run the script as `python <script>` would, and end."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = [request["script"]]
    sys.path[0] = str(Path(request["script"]).parent)
    runpy.run_path(request["script"], run_name="__main__")
    sys.exit()


def _reap() -> None:
    """Forget the processes that have ended, as their parent must."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    _fork_on_request(socket.socket(fileno=int(sys.argv[1])))
