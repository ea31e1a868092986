"""Start and end the emulator, and build the environment that its processes see."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError, URLError

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"

# The emulator treats this key pair as the account's root user, which has all permissions.
ADMIN = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

# Timeout in seconds for a call to the emulator or a stand-in, on a machine under load.
ANSWER_SECONDS = 60.0
# Timeout in seconds for a start: three seconds of processor time have taken up to a minute. A process that ends is
# noticed immediately; the timeout concerns only a process that hangs.
_START_SECONDS = 300.0

# Connects to loopback directly, whatever proxy the machine uses.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StartError(RuntimeError):
    """A child process ended or did not answer during its start. The text contains the end of its log."""


class Emulator:
    """MiniStack as a child process on loopback. IAM is enforced: a door without a permission is refused, as on AWS.

    Other children may join its process group (`group`). They end with it, also if this process is killed.
    """

    def __init__(self, *, port: int, api_port: int) -> None:
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self._ports = (port, api_port)
        runs = ROOT / ".local"
        runs.mkdir(exist_ok=True)
        _sweep(runs)
        # Its temporary files (unpacked functions) belong to this run and are deleted with it.
        self.directory = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=runs))
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    @property
    def group(self) -> int:
        """Return the process group that ends as a whole."""
        if self._process is None:
            raise RuntimeError("The emulator has not been started.")
        return self._process.pid

    @property
    def log(self) -> Path:
        """Return the path of the emulator's log."""
        return self.directory / "emulator.log"

    def start(self) -> None:
        """Start the process; `wait` waits until it answers."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.emulator", *map(str, self._ports)],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def wait(self) -> None:
        """Return once the emulator answers. Raise StartError if it has ended or hangs."""
        if self._process is None:
            raise RuntimeError("The emulator has not been started.")
        wait_until_answers(f"{self.endpoint_url}/_ministack/health", self._process, self.log)

    def client(self, service: str) -> Any:
        """Return a boto3 client with all permissions."""
        if service not in self._clients:
            import boto3

            self._clients[service] = boto3.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.endpoint_url,
                region_name=REGION,
                **ADMIN,
            )
        return self._clients[service]

    def wait_for_end(self) -> None:
        """Block until the emulator ends, then raise StartError."""
        if self._process is not None:
            self._process.wait()
            raise StartError(f"The emulator has ended:\n{_last_words(self.log)}")

    def control(self, path_and_query: str) -> dict[str, object]:
        """Send a POST to the control surface (`local.emulator.front`) and return its JSON answer."""
        request = urllib.request.Request(f"{self.endpoint_url}/_local/{path_and_query}", method="POST")  # noqa: S310
        with DIRECT.open(request, timeout=ANSWER_SECONDS) as answer:
            body: dict[str, object] = json.load(answer)
        return body

    def stop(self) -> None:
        """End the whole process group and remove its files. Idempotent."""
        while self._clients:
            self._clients.popitem()[1].close()
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            if self._process.stdin:
                self._process.stdin.close()
            self._process.wait()
            self._process = None
        shutil.rmtree(self.directory, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        # The emulator and its functions must not reach the AWS account that the caller is logged in to.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return inherited | {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._ports[0]),
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": "INFO",
            "TMPDIR": str(self.directory),
            "STATE_DIR": str(self.directory),
            "S3_DATA_DIR": str(self.directory),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
        }

    def __enter__(self) -> Self:
        """Start the emulator and wait until it answers."""
        try:
            self.start()
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all its processes."""
        self.stop()


def free_ports(*wanted: int) -> list[int]:
    """Return a free loopback port for each wanted one: that port if it is free, otherwise (and for 0) any."""
    with ExitStack() as held:  # all at once, so that no port is chosen twice
        return [_bind(held.enter_context(socket.socket()), port) for port in wanted]


def _sweep(runs: Path) -> None:
    """Remove the files of earlier runs whose process was killed."""
    for directory in runs.glob("run-*-*"):
        try:
            os.kill(int(directory.name.split("-")[1]), 0)
        except ProcessLookupError:
            shutil.rmtree(directory, ignore_errors=True)


def _bind(held: socket.socket, wanted: int) -> int:
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", wanted))
    except OSError:
        held.bind(("127.0.0.1", 0))
    port: int = held.getsockname()[1]
    return port


def wait_until_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once `url` answers with any HTTP status. Raise StartError if the process ends or hangs."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(f"{_name(process)} ended with {process.returncode} while it started.\n{_last_words(log)}")
        try:
            DIRECT.open(url, timeout=ANSWER_SECONDS).close()
        except HTTPError:
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
        else:
            return
    raise StartError(f"{_name(process)} did not answer within {_START_SECONDS:.0f} s.\n{_last_words(log)}")


def _name(process: subprocess.Popen[bytes]) -> str:
    """Return the module that a child process runs: `python -m <module> …`."""
    arguments = process.args if isinstance(process.args, list) else [str(process.args)]
    return str(arguments[arguments.index("-m") + 1]) if "-m" in arguments else str(arguments[0])


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]
