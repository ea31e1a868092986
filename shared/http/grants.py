"""How an authorisation code or a refresh token becomes a pair of tokens, as far as all authorisation servers agree.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3, sections 5 and 6; the proof key is RFC 7636.
"""

from collections.abc import Callable

from pydantic import BaseModel, Field

from shared.domain.connecting.tokens import TokenPair
from shared.errors import AccessGone, Issue, Rejected
from shared.http.answer import HttpAnswer

type Form = dict[str, str]


class _Tokens(BaseModel):
    access_token: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)
    # RFC 6749 §5.1 only recommends it, and losing a fresh pair over it would lose the connection.
    expires_in: int = Field(300, gt=0)


def code_grant(*, code: str, verifier: str, redirect_uri: str) -> Form:
    """Ask for the first pair; `redirect_uri` is the one that the consent was asked with."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }


def refresh_grant(refresh_token: str) -> Form:
    """Ask for the next pair."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def request_tokens(ask: Callable[[], HttpAnswer], *, is_final: Callable[[Issue], bool]) -> TokenPair:
    """Send a grant by `ask` and read the pair; AccessGone for a refusal with an issue that `is_final`.

    Every other outcome is that of the call.
    """
    try:
        answer = ask()
    except Rejected as error:
        if any(map(is_final, error.issues)):
            raise AccessGone(error.vendor, error.operation, status=error.status, issues=error.issues) from error
        raise
    tokens = answer.read(_Tokens.model_validate)
    return TokenPair(tokens.access_token, tokens.refresh_token, tokens.expires_in)
