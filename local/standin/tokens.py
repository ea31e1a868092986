"""Codes, access tokens and refresh tokens: issued, redeemed, rotated, expired, revoked (RFC 6749, RFC 7636)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from local.standin import pkce
from local.standin.clock import MovableClock
from local.standin.wire import new_id


class OAuthError(Exception):
    """An error of the authorisation server: RFC 6749's `error` and `error_description`."""

    def __init__(self, error: str, description: str = "", *, status: int = 400) -> None:
        super().__init__(description or error)
        self.error = error
        self.description = description
        self.status = status


@dataclass(slots=True, kw_only=True)
class Grant:
    """One consent. Its code and all its tokens belong to it. `holder_id` is a company or organisation."""

    holder_id: str
    scopes: tuple[str, ...]
    created: datetime
    name: str | None = None
    id: str = field(default_factory=new_id)
    revoked: bool = False


@dataclass(slots=True, kw_only=True)
class Code:
    """An authorisation code and the request it is bound to."""

    grant: Grant
    redirect_uri: str
    challenge: str
    expires: datetime
    used: bool = False


@dataclass(slots=True)
class Token:
    """An access or refresh token. `live` becomes False when the token is rotated or revoked."""

    grant: Grant
    expires: datetime
    live: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens that a client gets for a code or a refresh token. `expires_in` is in seconds."""

    grant: Grant
    access_token: str
    refresh_token: str
    expires_in: int

    def as_json(self) -> dict[str, object]:
        """Return the pair as in RFC 6749 §5.1."""
        return {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
            "scope": " ".join(self.grant.scopes),
        }


class Lifetimes(NamedTuple):
    """Lifetimes of codes and tokens in seconds."""

    code: int
    access: int
    refresh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """The format and lifetimes of a vendor's tokens. `lifetimes` is called each time a token is issued.

    `reuse_revokes` says whether reuse of a rotated refresh token revokes everything of its consent.
    """

    lifetimes: Callable[[], Lifetimes]
    new_code: Callable[[], str]
    new_access_token: Callable[[Grant, datetime], str]
    new_refresh_token: Callable[[], str]
    reuse_revokes: bool


class TokenBook:
    """Every code and token that a stand-in has issued, by its text. `on_end` is called once per revoked grant."""

    def __init__(
        self, clock: MovableClock, rules: TokenRules, on_end: Callable[[Grant], None] = lambda _: None
    ) -> None:
        self.grants: dict[str, Grant] = {}  # grants whose code has been redeemed
        self._clock = clock
        self._rules = rules
        self._on_end = on_end
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}

    def issue_code(self, grant: Grant, *, redirect_uri: str, challenge: str) -> str:
        """Issue a single-use code for a new consent."""
        text = self._rules.new_code()
        expires = self._clock.now() + timedelta(seconds=self._rules.lifetimes().code)
        self._codes[text] = Code(grant=grant, redirect_uri=redirect_uri, challenge=challenge, expires=expires)
        return text

    def present_code(self, text: str) -> Code | None:
        """Return an unused code. A used code revokes everything that its consent has issued."""
        code = self._codes.get(text)
        if code is not None and code.used:
            self.revoke(code.grant)
            return None
        return code

    def redeem(self, code: Code | None, *, redirect_uri: str, verifier: str) -> Pair:
        """Redeem a code for the first pair. Raise OAuthError `invalid_grant` if code, URI or verifier do not match."""
        if code is None:
            raise OAuthError("invalid_grant", "Invalid authorization code")
        if self._clock.now() >= code.expires or code.grant.revoked:
            raise OAuthError("invalid_grant", "Expired authorization code")
        if redirect_uri != code.redirect_uri:
            raise OAuthError("invalid_grant", "Redirect URI mismatch")
        if not pkce.proves(verifier, code.challenge):
            raise OAuthError("invalid_grant", "Invalid code verifier")
        code.used = True
        code.grant.created = self._clock.now()
        self.grants[code.grant.id] = code.grant
        return self._issue_pair(code.grant)

    def rotate(self, text: str) -> Pair | None:
        """Issue a new pair for a refresh token; the old pair ends immediately. Return None for an invalid token."""
        token = self._refresh.get(text)
        if token is None:
            return None
        if not self._is_usable(token):
            if self._rules.reuse_revokes:
                self.revoke(token.grant)
            return None
        for other in self._tokens():
            if other.grant is token.grant:
                other.live = False
        return self._issue_pair(token.grant)

    def by_access_token(self, text: str) -> Grant | None:
        """Return the consent of a valid access token."""
        token = self._access.get(text)
        return token.grant if token and self._is_usable(token) else None

    def by_refresh_token(self, text: str) -> Grant | None:
        """Return the consent of a valid refresh token."""
        token = self._refresh.get(text)
        return token.grant if token and self._is_usable(token) else None

    def holder_behind(self, secret: str) -> str:
        """Return the holder of a code or a refresh token without using it; "" if unknown."""
        code = self._codes.get(secret)
        grant = code.grant if code and not code.used else self.by_refresh_token(secret)
        return grant.holder_id if grant else ""

    def is_connected(self, holder_id: str) -> bool:
        """Return whether the holder has a valid refresh token."""
        return any(each.grant.holder_id == holder_id and self._is_usable(each) for each in self._refresh.values())

    def revoke(self, grant: Grant) -> None:
        """Revoke a grant and everything it has issued. Idempotent."""
        if not grant.revoked:
            grant.revoked = True
            self._on_end(grant)

    def revoke_all(self, holder_id: str) -> None:
        """Revoke every grant of a holder, including grants with an unused code."""
        issued: list[Code | Token] = [*self._codes.values(), *self._tokens()]
        for each in issued:
            if each.grant.holder_id == holder_id:
                self.revoke(each.grant)

    def revoke_token(self, text: str) -> None:
        """Revoke a grant by its refresh token. An access token ends only itself (RFC 7009)."""
        if (refresh := self._refresh.get(text)) is not None and refresh.live:
            self.revoke(refresh.grant)
        elif (token := self._access.get(text)) is not None:
            token.live = False

    def expire_access_tokens(self) -> None:
        """End all access tokens early; refresh tokens stay valid."""
        for token in self._access.values():
            token.live = False

    def _tokens(self) -> list[Token]:
        return [*self._access.values(), *self._refresh.values()]

    def _is_usable(self, token: Token) -> bool:
        return token.live and not token.grant.revoked and self._clock.now() < token.expires

    def _issue_pair(self, grant: Grant) -> Pair:
        now, lifetimes = self._clock.now(), self._rules.lifetimes()
        access, refresh = self._rules.new_access_token(grant, now), self._rules.new_refresh_token()
        self._access[access] = Token(grant, now + timedelta(seconds=lifetimes.access))
        self._refresh[refresh] = Token(grant, now + timedelta(seconds=lifetimes.refresh))
        return Pair(grant, access, refresh, lifetimes.access)
