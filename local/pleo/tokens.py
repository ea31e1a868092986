"""Pleo's rules for tokens (https://developers.pleo.io/docs/tokens), and the URN of a company.

- Access tokens are valid for 15 minutes, refresh tokens for 60 days.
- A refresh ends both older tokens immediately.
- Reuse of a code or refresh token revokes everything that its consent has issued.
"""

import secrets

from local.pleo.switches import PleoSwitches
from local.standin.tokens import Lifetimes, TokenRules


def token_rules(switches: PleoSwitches) -> TokenRules:
    """Return the rules: opaque tokens, with lifetimes by switch."""
    return TokenRules(
        lifetimes=lambda: Lifetimes(switches.code_seconds, switches.access_seconds, switches.refresh_seconds),
        new_code=lambda: secrets.token_urlsafe(24),
        new_access_token=lambda _grant, _now: secrets.token_urlsafe(32),
        new_refresh_token=lambda: secrets.token_urlsafe(32),
        reuse_revokes=True,
    )


def urn(company_id: str) -> str:
    """Return a company's URN as in `subjectURN` and `resource`."""
    return f"urn:pleo:company:{company_id}"
