"""The token side of the authorization server: `POST /oauth2/token` and `POST /oauth2/revoke`.

https://developers.lexware.io/partner/docs/#security-and-authentication. The client proves itself with HTTP Basic only.
"""

import base64
import binascii
import hashlib
import hmac
import re

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from local.lexoffice import faults, problems
from local.lexoffice.records import Connection
from local.lexoffice.tokens import Code
from local.lexoffice.wire import Answer
from local.lexoffice.world import World

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


class GrantRefusedError(Exception):
    """The token endpoint refuses: `error` is RFC 6749's code, the text its description."""

    def __init__(self, error: str, description: str | None = None, status: int = 400) -> None:
        super().__init__(description or error)
        self.answer = problems.oauth(status, error, description)


async def token(request: Request) -> Response:
    """Exchange a code, or a refresh token, for a new pair."""
    world: World = request.app.state.world
    form = await _form(request)
    if world.outage:
        return Answer(503).response()
    world.token_calls += 1
    if not world.guard.admits():
        world.token_calls_refused += 1
        return problems.gateway(429, "Rate limit exceeded").response()
    secret = _field(form, "code") or _field(form, "refresh_token")
    organization_id = world.grants.organization_behind(secret)
    if organization_id and world.organizations[organization_id].outage:
        return Answer(503).response()

    async def effect() -> Response:
        return _grant(world, request, form).response()

    return await faults.run(world.faults.take(request.method, request.url.path, organization_id), effect)


async def revoke(request: Request) -> Response:
    """End a connection; a token nobody knows is answered alike (RFC 7009)."""
    world: World = request.app.state.world
    form = await _form(request)
    if world.outage:
        return Answer(503).response()
    organization_id = world.grants.organization_behind(_field(form, "token"))

    async def effect() -> Response:
        try:
            _authenticate(world, request)
        except GrantRefusedError as refusal:
            return refusal.answer.response()
        world.grants.revoke_token(_field(form, "token"))
        return Response(status_code=200)

    return await faults.run(world.faults.take(request.method, request.url.path, organization_id), effect)


def _grant(world: World, request: Request, form: FormData) -> Answer:
    # Any error consumes the code, a failed authentication too.
    code = world.grants.consume_code(_field(form, "code")) if "code" in form else None
    try:
        _authenticate(world, request)
        connection = _connection(world, request, form, code)
    except GrantRefusedError as refusal:
        return refusal.answer
    return Answer(
        200,
        {
            "access_token": connection.access_token,
            "token_type": "Bearer",
            "expires_in": world.switches.access_token_seconds,
            "refresh_token": connection.refresh_token,
            "scope": " ".join(connection.scopes),
        },
        {"Cache-Control": "no-store"},
    )


def _connection(world: World, request: Request, form: FormData, code: Code | None) -> Connection:
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise GrantRefusedError("invalid_request", "The body must be form encoded")
    match _field(form, "grant_type"):
        case "authorization_code":
            return _exchange(world, form, code)
        case "refresh_token":
            return _refresh(world, form)
        case "":
            raise GrantRefusedError("invalid_request", "Missing grant_type")
        case _:
            raise GrantRefusedError("unsupported_grant_type")


def _exchange(world: World, form: FormData, code: Code | None) -> Connection:
    if code is None:
        raise GrantRefusedError("invalid_grant", "Invalid authorization code")
    if world.clock.now() >= code.expires:
        raise GrantRefusedError("invalid_grant", "Expired authorization code")
    if _field(form, "redirect_uri") != code.redirect_uri:
        raise GrantRefusedError("invalid_grant", "Redirect URI mismatch")
    if not _proves(_field(form, "code_verifier"), code.challenge):
        raise GrantRefusedError("invalid_grant", "Invalid code verifier")
    return world.grants.connect(_field(form, "code"), code)


def _refresh(world: World, form: FormData) -> Connection:
    connection = world.grants.by_refresh_token(_field(form, "refresh_token"))
    if connection is None:
        raise GrantRefusedError("invalid_grant", "Invalid refresh token")
    world.organizations[connection.organization_id].traffic.token_refreshes += 1
    world.grants.rotate(connection)
    return connection


def _proves(verifier: str, challenge: str) -> bool:
    """Check PKCE, S256 without padding (RFC 7636)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)


def _authenticate(world: World, request: Request) -> None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        presented = base64.b64decode(encoded, validate=True) if scheme == "Basic" else b""
    except binascii.Error:
        presented = b""
    expected = f"{world.settings.client_id}:{world.settings.client_secret}".encode()
    if not hmac.compare_digest(presented, expected):
        raise GrantRefusedError("invalid_client", status=401)
    if world.switches.client_disabled:
        raise GrantRefusedError("unauthorized_client")


async def _form(request: Request) -> FormData:
    """Read the form; a body of another type is an empty form."""
    return await request.form()


def _field(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
