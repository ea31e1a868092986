"""Codes, access tokens and refresh tokens: issued, rotated, expired, revoked.

https://developers.pleo.io/docs/tokens: access tokens live 15 minutes and refresh tokens 60 days; a refresh kills both
older tokens at once; a code or refresh token that is used again revokes everything its consent ever issued.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.pleo.clock import Clock
from local.pleo.switches import Switches
from local.pleo.wire import Json

VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class OAuthRefusal(Exception):
    """A refusal of the authorisation server in the form of RFC 6749 §5.2: `error`, `error_description`."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(slots=True)
class Grant:
    """One consent of one company: the family that all its codes and tokens belong to."""

    client_id: str
    company_id: str
    scope: str
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """An authorisation code with what it is bound to."""

    grant: Grant
    redirect_uri: str
    challenge: str
    expires_at: datetime
    used: bool = False


@dataclass(slots=True)
class Token:
    """An access or refresh token; `live` turns False when it was rotated out."""

    grant: Grant
    issued_at: datetime
    expires_at: datetime
    identifier: str = field(default_factory=lambda: secrets.token_hex(8))
    live: bool = True


class TokenBook:
    """Every code and token the stand-in ever issued, by its opaque text."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}

    def code(self, grant: Grant, *, redirect_uri: str, challenge: str) -> str:
        """A new single-use code for a consent."""
        text = secrets.token_urlsafe(24)
        expires_at = self._clock.now() + timedelta(seconds=self._switches.code_seconds)
        self._codes[text] = Code(grant, redirect_uri, challenge, expires_at)
        return text

    def redeem(self, text: str, *, client_id: str, redirect_uri: str, verifier: str) -> Json:
        """The token pair for a code. Raises OAuthRefusal `invalid_grant` for anything that does not fit."""
        code = self._codes.get(text)
        if code is None or code.grant.client_id != client_id:
            raise OAuthRefusal("invalid_grant", "The authorization code is not valid.")
        if code.used:
            code.grant.revoked = True
            raise OAuthRefusal("invalid_grant", "The authorization code was already used.")
        if self._clock.now() >= code.expires_at or code.grant.revoked:
            raise OAuthRefusal("invalid_grant", "The authorization code has expired.")
        if redirect_uri != code.redirect_uri:
            raise OAuthRefusal("invalid_grant", "redirect_uri differs from the authorization request.")
        if not VERIFIER.fullmatch(verifier) or challenge_of(verifier) != code.challenge:
            raise OAuthRefusal("invalid_grant", "code_verifier does not match the code_challenge.")
        code.used = True
        if self._switches.consent_ends_older:
            self._end_older(code.grant)
        return self._pair(code.grant)

    def rotate(self, text: str, *, client_id: str) -> Json:
        """A new pair for a refresh token; the old pair dies. Reuse or expiry revokes the whole family."""
        token = self._refresh.get(text)
        if token is None or token.grant.client_id != client_id:
            raise self._bad_refresh()
        if not token.live or self._clock.now() >= token.expires_at:
            token.grant.revoked = True
        if token.grant.revoked:
            raise self._bad_refresh()
        for other in (*self._access.values(), *self._refresh.values()):
            if other.grant is token.grant:
                other.live = False
        return self._pair(token.grant)

    def bearer(self, text: str) -> Grant | None:
        """The consent behind an access token, or None when the token is unknown, expired or revoked."""
        token = self._access.get(text)
        return token.grant if token and self._usable(token) else None

    def introspect(self, text: str, *, client_id: str, issuer_audience: str) -> Json:
        """RFC 7662 view of a token with Pleo's subject claim; anything unusable is only `active: false`."""
        token = self._access.get(text) or self._refresh.get(text)
        if token is None or not self._usable(token) or token.grant.client_id != client_id:
            return {"active": False}
        subject = token.grant.company_id
        return {
            "active": True,
            "sub": subject,
            "exp": int(token.expires_at.timestamp()),
            "iat": int(token.issued_at.timestamp()),
            "client_id": client_id,
            "aud": issuer_audience,
            "iss": "pleo.stand-in",
            "jti": token.identifier,
            "urn:pleo:params:oauth:subject_urn": urn(subject),
        }

    def revoke(self, company_id: str) -> None:
        """Kill every token and pending code of a company, as a disconnect by the user does."""
        issued: list[Code | Token] = [*self._codes.values(), *self._access.values(), *self._refresh.values()]
        for each in issued:
            if each.grant.company_id == company_id:
                each.grant.revoked = True

    def connected(self, company_id: str) -> bool:
        """Whether a refresh token of the company still works."""
        return any(t.grant.company_id == company_id and self._usable(t) for t in self._refresh.values())

    def _end_older(self, new: Grant) -> None:
        """A newer consent of the same company ends what an older one has issued."""
        for token in (*self._access.values(), *self._refresh.values()):
            if token.grant is not new and token.grant.company_id == new.company_id:
                token.grant.revoked = True

    def _usable(self, token: Token) -> bool:
        return token.live and not token.grant.revoked and self._clock.now() < token.expires_at

    def _pair(self, grant: Grant) -> Json:
        now = self._clock.now()
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access[access] = Token(grant, now, now + timedelta(seconds=self._switches.access_seconds))
        self._refresh[refresh] = Token(grant, now, now + timedelta(seconds=self._switches.refresh_seconds))
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self._switches.access_seconds,
            "refresh_token": refresh,
            "scope": grant.scope,
        }

    def _bad_refresh(self) -> OAuthRefusal:
        return OAuthRefusal(self._switches.bad_refresh, "invalid_refresh_token")


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def urn(company_id: str) -> str:
    """A company as Pleo names it in `subjectURN` and `resource`."""
    return f"urn:pleo:company:{company_id}"


def bearer(authorization: str) -> str:
    """The token in an `Authorization` header, or an empty text."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
