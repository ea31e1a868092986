"""The emulator's process: MiniStack with our patches, on two loopback ports.

Usage: python -m local.emulator <emulator port> <API port>, started by `local.emulator.process` only.

The process leads a process group. It ends the whole group when its standard input closes, so no process outlives the
parent, however the parent ends.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import threading

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

from local.emulator import patches
from local.emulator.front import Front


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def main(port: int, api_port: int) -> None:
    """Serve until the parent closes standard input."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    patches.apply()
    config = Config()
    config.bind = [f"127.0.0.1:{port}", f"127.0.0.1:{api_port}"]
    config.keep_alive_timeout = 75
    asyncio.run(serve(Front(app, api_port=api_port), config))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
