"""`python -m ops`: every module named here brings its commands."""

from ops import companies, trail  # noqa: F401
from ops.app import app

if __name__ == "__main__":
    app(prog_name="ops")
