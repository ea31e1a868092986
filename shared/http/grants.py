"""Exchange an authorisation code or a refresh token for a token pair: the part that both vendors have in common.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3, sections 5 and 6. The proof key is RFC 7636.
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
    # Seconds. RFC 6749 §5.1 only recommends the field. Refusing a new pair without it would lose the connection.
    expires_in: int = Field(300, gt=0)


def code_grant(*, code: str, verifier: str, redirect_uri: str) -> Form:
    """Return the grant for the first pair. `redirect_uri` is the one of the consent request."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }


def refresh_grant(refresh_token: str) -> Form:
    """Return the grant for the next pair."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def request_tokens(ask: Callable[[], HttpAnswer], *, is_final: Callable[[Issue], bool]) -> TokenPair:
    """Send a grant with `ask` and return the token pair. Raises AccessGone if `is_final` accepts an issue of a refusal.

    Every other error of the call is raised unchanged.
    """
    try:
        answer = ask()
    except Rejected as error:
        if any(map(is_final, error.issues)):
            raise AccessGone(error.vendor, error.operation, status=error.status, issues=error.issues) from error
        raise
    tokens = answer.read(_Tokens.model_validate)
    return TokenPair(tokens.access_token, tokens.refresh_token, tokens.expires_in)
