"""Pleo's rules for tokens (https://developers.pleo.io/docs/tokens), and how a company is named.

Access tokens live 15 minutes and refresh tokens 60 days; a refresh kills both older tokens at once; a code or refresh
token that is used again revokes everything its consent ever issued.
"""

import secrets

from local.pleo.switches import PleoSwitches
from local.standin.tokens import Lifetimes, TokenRules


def token_rules(switches: PleoSwitches) -> TokenRules:
    """Opaque texts, with lifetimes by switch."""
    return TokenRules(
        lifetimes=lambda: Lifetimes(switches.code_seconds, switches.access_seconds, switches.refresh_seconds),
        new_code=lambda: secrets.token_urlsafe(24),
        new_access_token=lambda _grant, _now: secrets.token_urlsafe(32),
        new_refresh_token=lambda: secrets.token_urlsafe(32),
        reuse_revokes=True,
    )


def urn(company_id: str) -> str:
    """A company as Pleo names it in `subjectURN` and `resource`."""
    return f"urn:pleo:company:{company_id}"
