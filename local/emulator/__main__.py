"""The emulator's process: MiniStack with our patches, on two loopback ports.

Usage: python -m local.emulator <emulator port> <API port>, started by `local.emulator.process` only.

The process leads a process group. It ends the whole group when its standard input closes, so no process outlives the
parent, however the parent ends.
"""

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading

import uvicorn
from ministack.app import app
from ministack.core import lambda_runtime

from local.emulator import patches, workers
from local.emulator.front import Front


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def main(port: int, api_port: int) -> None:
    """Serve until the parent closes standard input."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    workers.apply(lambda_runtime)
    patches.apply()
    config = uvicorn.Config(
        Front(app, api_port=api_port),
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
        server_header=False,
    )
    uvicorn.Server(config).run([_listen(port), _listen(api_port)])


def _listen(port: int) -> socket.socket:
    # With the protocol named: asyncio disables Nagle's algorithm, which delays each answer by 40 ms, only then.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
