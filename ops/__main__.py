"""`python -m ops`: every module named here brings its commands."""

import os

from ops import (  # noqa: F401
    audit,
    companies,
    disconnect,
    dlq,
    pause,
    proof,
    redrive,
    resend,
    rotate_secret,
    sync,
    trace,
)
from ops.app import app
from ops.month_end import command  # noqa: F401

if __name__ == "__main__":
    # What the adapters log for a door's log group would stand in the middle of an answer.
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
    app(prog_name="ops")
