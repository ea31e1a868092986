"""`python -m ops`: every module named here brings its commands."""

import os

from ops import (  # noqa: F401
    companies,
    control,
    dlq,
    leaving,
    lists,
    month_end,
    proofs,
    redrive,
    resend,
    trace,
    trail,
    webhook_secret,
)
from ops.app import app

if __name__ == "__main__":
    # What the adapters log for a door's log group would stand in the middle of an answer.
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
    app(prog_name="ops")
