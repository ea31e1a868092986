"""`make up`: start the product on this machine and run until Ctrl-C, which ends every process it started."""

import json
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

from local.emulator.process import ROOT, StartError
from local.stack import FIXED_PORTS, STACK_JSON, LocalStack


def main() -> int:
    """Return the exit status: 0 after Ctrl-C or a termination signal, 1 if a part did not start or died."""
    # SIGINT too: a shell script that starts this in the background sets SIGINT to be ignored.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    try:
        _stay()
    except KeyboardInterrupt:
        print("\nEverything has ended.")
        return 0
    except (StartError, ValueError) as error:
        print(error, file=sys.stderr)
    return 1


def _stay() -> None:
    began = time.monotonic()
    stack = LocalStack(fixed_ports=True)
    if not stack.api_url.endswith(f":{FIXED_PORTS['api']}"):
        print(f"Port {FIXED_PORTS['api']} is taken, by another `make up` perhaps; this one uses other ports.")
    print("Starting the emulator and both vendors, deploying template.yaml …", flush=True)
    with stack:
        stack.write_stack_json()
        try:
            print(f"Ready after {time.monotonic() - began:.1f} s.\n")
            print(f"  Open in a browser: {stack.start_url}\n")
            print("Everything is found from there by clicking; the page says what to do next.")
            print(f"Programs read {STACK_JSON.relative_to(ROOT)}. Ctrl-C ends it.", flush=True)
            stack.emulator.wait_for_end()
        finally:
            _forget(stack)


def _forget(stack: LocalStack) -> None:
    """Remove the stack description, unless another `make up` has since written its own."""
    with suppress(FileNotFoundError):
        if json.loads(STACK_JSON.read_text())["api_url"] == stack.api_url:
            STACK_JSON.unlink()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
