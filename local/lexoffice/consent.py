"""The page where an admin gives an app access to an organisation: `/oauth2/authorize`.

RFC 6749, section 4.1, with PKCE: https://developers.lexware.io/partner/docs/#security-and-authentication
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from local.lexoffice import problems
from local.lexoffice.rendering import page
from local.lexoffice.world import LexofficeWorld
from local.standin import pkce
from local.standin.oauth import redirect_back
from local.standin.tokens import Grant, OAuthError

# https://developers.lexware.io/partner/docs/#security-and-authentication names exactly these characters.
_CONNECTION_NAME = re.compile(r"[A-Za-zäöüÄÖÜß0-9\s/?.\-{}\"_\\:=,()]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The app's checked request."""

    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str
    connection_name: str | None


class NoRedirectError(Exception):
    """Client or redirect URI is not trusted. The error is shown, and never sent to that address."""


async def show(request: Request) -> Response:
    """Show the consent page, or the error."""
    world: LexofficeWorld = request.app.state.world
    asked = _check(world, request)
    if isinstance(asked, Response):
        return asked
    return page(
        request,
        "consent.html",
        asked=asked,
        client_name=asked.connection_name or "Eine Partner-App",
        target=urlsplit(asked.redirect_uri).netloc,
        organizations=list(world.organizations.values()),
    )


async def decide(request: Request) -> Response:
    """Apply the decision (form: `decision` allow or deny, `organization_id`) and redirect the browser to the app."""
    world: LexofficeWorld = request.app.state.world
    asked = _check(world, request)
    if isinstance(asked, Response):
        return asked
    form = await request.form()
    if form.get("decision") != "allow":
        return _back(asked.redirect_uri, asked.state, error="access_denied")
    organization = world.organizations.get(str(form.get("organization_id")))
    if organization is None:
        return page(request, "error.html", status=400, error="invalid_request", text="Organisation unbekannt")
    grant = Grant(holder_id=organization.id, scopes=asked.scopes, created=world.clock.now(), name=asked.connection_name)
    code = world.grants.issue_code(grant, redirect_uri=asked.redirect_uri, challenge=asked.challenge)
    return _back(asked.redirect_uri, asked.state, code=code)


def _check(world: LexofficeWorld, request: Request) -> Asked | Response:
    query = request.query_params
    try:
        redirect_uri = _trusted_redirect_uri(world, request)
    except NoRedirectError as error:
        if "text/html" in request.headers.get("accept", ""):
            return page(request, "error.html", status=400, error="invalid_request", text=str(error))
        return problems.oauth(OAuthError("invalid_request", str(error))).response()
    state = query.get("state")
    try:
        return _read(world, request, redirect_uri)
    except OAuthError as error:
        return _back(redirect_uri, state, error=error.error, error_description=error.description)


def _trusted_redirect_uri(world: LexofficeWorld, request: Request) -> str:
    query = request.query_params
    if query.get("client_id") != world.settings.client_id:
        raise NoRedirectError("Unknown client")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in world.settings.redirect_uris:
        raise NoRedirectError("Redirect URI mismatch")
    return redirect_uri


def _read(world: LexofficeWorld, request: Request, redirect_uri: str) -> Asked:
    query = request.query_params
    if len(query.multi_items()) != len(query):
        raise OAuthError("invalid_request", "A parameter is given twice")
    if query.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "Only code is supported")
    if world.switches.client_disabled:
        raise OAuthError("unauthorized_client", "The client is disabled")
    scopes = tuple(query.get("scope", "").split()) or world.settings.scopes
    if not set(scopes) <= set(world.settings.scopes):
        raise OAuthError("invalid_scope", "A scope is not configured for this client")
    name = query.get("connection_name")
    if name is not None and not _CONNECTION_NAME.fullmatch(name):
        raise OAuthError("invalid_request", "connection_name has a character that is not allowed")
    return Asked(
        redirect_uri=redirect_uri,
        state=query.get("state"),
        scopes=scopes,
        challenge=_challenge(request),
        connection_name=name,
    )


def _challenge(request: Request) -> str:
    challenge = request.query_params.get("code_challenge")
    if request.query_params.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "code_challenge_method must be S256")
    if challenge is None or not pkce.is_challenge(challenge):
        raise OAuthError("invalid_request", "code_challenge is missing or malformed")
    return challenge


def _back(redirect_uri: str, state: str | None, **answer: str) -> Response:
    return redirect_back(redirect_uri, state, status=302, **answer)
