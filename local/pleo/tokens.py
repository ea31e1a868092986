"""Pleo's rules for tokens (https://developers.pleo.io/docs/tokens), and how a company is named.

Access tokens live 15 minutes and refresh tokens 60 days; a refresh kills both older tokens at once; a code or refresh
token that is used again revokes everything its consent ever issued.
"""

import secrets
from datetime import datetime

from local.pleo.switches import Switches
from local.standin.tokens import Grant


class PleoTokens:
    """Opaque texts, with lifetimes by switch."""

    reuse_revokes = True

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def code_seconds(self) -> int:
        """Return how long a code lives."""
        return self._switches.code_seconds

    def access_seconds(self) -> int:
        """Return how long an access token lives."""
        return self._switches.access_seconds

    def refresh_seconds(self) -> int:
        """Return how long a refresh token lives."""
        return self._switches.refresh_seconds

    def new_code(self) -> str:
        """Make a code."""
        return secrets.token_urlsafe(24)

    def new_access_token(self, _grant: Grant, _now: datetime) -> str:
        """Make an access token."""
        return secrets.token_urlsafe(32)

    def new_refresh_token(self) -> str:
        """Make a refresh token."""
        return secrets.token_urlsafe(32)


def urn(company_id: str) -> str:
    """A company as Pleo names it in `subjectURN` and `resource`."""
    return f"urn:pleo:company:{company_id}"
