"""Entry point of `python -m ops`. Importing a module registers its commands."""

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
    # The adapters' log lines are meant for a door's log group; here they would interrupt the answer.
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
    app(prog_name="ops")
