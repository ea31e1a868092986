"""The authorisation server: consent page, token endpoint, introspection.

https://developers.pleo.io/docs/oauth: authorisation code with PKCE S256 (`plain` refused), redirect URI compared
character by character, client authentication by HTTP Basic or in the form, RFC 6749 error bodies. An unknown client or
redirect URI gets an error page and never a redirect.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from local.pleo import installations
from local.pleo.pages import page
from local.pleo.tokens import Grant, OAuthRefusal
from local.pleo.wire import Json, answer, not_found
from local.pleo.world import World, new_id, world_of

CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


async def authorize(request: Request) -> Response:
    """`GET /oauth/authorize`: the consent page, or a redirect with an error that the client caused."""
    world = world_of(request)
    query = request.query_params
    settings = world.settings
    if query.get("client_id") != settings.client_id:
        return page(world, "refused.html", status=400, reason="Diese Anwendung ist bei Pleo nicht registriert.")
    if query.get("redirect_uri") not in settings.redirect_uris:
        return page(world, "refused.html", status=400, reason="Die Rücksprungadresse ist nicht registriert.")
    if error := _request_error(query):
        return _back(query["redirect_uri"], query.get("state"), error=error[0], error_description=error[1])
    consent_id = new_id()
    world.consents[consent_id] = dict(query)
    if world.switches.auto_consent:
        return _decided(world, consent_id, company_id=world.switches.auto_consent)
    return page(
        world,
        "consent.html",
        consent_id=consent_id,
        companies=list(world.companies.values()),
        scopes=query["scope"].split(),
    )


async def decide(request: Request) -> Response:
    """`POST /oauth/authorize`: the person pressed «Zugriff erlauben» or «Ablehnen»."""
    world = world_of(request)
    form = await request.form()
    consent_id, company_id = str(form.get("consent", "")), str(form.get("company", ""))
    if consent_id not in world.consents:
        return page(world, "refused.html", status=400, reason="Diese Anfrage ist abgelaufen.")
    allowed = form.get("decision") == "allow"
    return _decided(world, consent_id, company_id=company_id if allowed else "deny")


async def token(request: Request) -> Response:
    """`POST /oauth/token`: a code or a refresh token becomes a pair."""
    world = world_of(request)
    try:
        form = await _form(request)
        client_id = _client(request, form, world)
        return _token_answer(_pair(form, world, client_id))
    except OAuthRefusal as refusal:
        return _refused(refusal)


async def introspect(request: Request) -> Response:
    """`POST /oauth/token/introspect`: RFC 7662, only for the client that got the token."""
    world = world_of(request)
    try:
        form = await _form(request)
        client_id = _client(request, form, world)
        text = _needed(form, "token")
    except OAuthRefusal as refusal:
        return _refused(refusal)
    audience = world.settings.public_url
    return answer(world.tokens.introspect(text, client_id=client_id, issuer_audience=audience))


def _request_error(query: Mapping[str, str]) -> tuple[str, str] | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code."
    if query.get("code_challenge_method") != "S256":
        return "invalid_request", "code_challenge_method must be S256."
    if not CHALLENGE.fullmatch(query.get("code_challenge", "")):
        return "invalid_request", "code_challenge must be a base64url SHA-256 without padding."
    if not query.get("scope", "").strip():
        return "invalid_scope", "scope is required."
    return None


def _decided(world: World, consent_id: str, *, company_id: str) -> Response:
    asked = world.consents[consent_id]
    if company_id == "deny":
        del world.consents[consent_id]
        description = "The user denied access."
        return _back(asked["redirect_uri"], asked.get("state"), error="access_denied", error_description=description)
    if company_id not in world.companies:
        return not_found("Company").answer()
    # Kept until a decision counts, taken away by it: a second click on an old page decides nothing.
    del world.consents[consent_id]
    grant = Grant(asked["client_id"], company_id, asked["scope"])
    installations.authorized(world, company_id)
    code = world.tokens.code(grant, redirect_uri=asked["redirect_uri"], challenge=asked["code_challenge"])
    return _back(asked["redirect_uri"], asked.get("state"), code=code)


def _back(redirect_uri: str, state: str | None, **answer_parameters: str) -> Response:
    parameters = answer_parameters | ({} if state is None else {"state": state})
    joint = "&" if "?" in redirect_uri else "?"
    return RedirectResponse(redirect_uri + joint + urlencode(parameters), 303)


async def _form(request: Request) -> FormData:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise OAuthRefusal("invalid_request", "The body must be application/x-www-form-urlencoded.")
    form = await request.form()
    if len(form.multi_items()) != len(form):
        raise OAuthRefusal("invalid_request", "A parameter is repeated.")
    return form


def _client(request: Request, form: FormData, world: World) -> str:
    in_header = _basic(request.headers.get("authorization", ""))
    in_form = (str(form.get("client_id", "")), str(form.get("client_secret", "")))
    if in_header and in_form[1]:
        raise OAuthRefusal("invalid_request", "Use one way of client authentication.")
    client_id, secret = in_header or in_form
    known = client_id == world.settings.client_id
    if not known or not hmac.compare_digest(secret.encode(), world.settings.client_secret.encode()):
        raise OAuthRefusal("invalid_client", "Client authentication failed.", status=401)
    return client_id


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _pair(form: FormData, world: World, client_id: str) -> Json:
    match form.get("grant_type"):
        case "authorization_code":
            return world.tokens.redeem(
                _needed(form, "code"),
                client_id=client_id,
                redirect_uri=_needed(form, "redirect_uri"),
                verifier=_needed(form, "code_verifier"),
            )
        case "refresh_token":
            return world.tokens.rotate(_needed(form, "refresh_token"), client_id=client_id)
        case None | "":
            raise OAuthRefusal("invalid_request", "grant_type is required.")
        case _:
            raise OAuthRefusal("unsupported_grant_type", "Use authorization_code or refresh_token.")


def _needed(form: FormData, name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or not value:
        raise OAuthRefusal("invalid_request", f"{name} is required.")
    return value


def _token_answer(pair: Json) -> Response:
    return answer(pair, headers={"Cache-Control": "no-store"})


def _refused(refusal: OAuthRefusal) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    challenge = {"WWW-Authenticate": 'Basic realm="pleo"'} if refusal.status == 401 else {}
    return answer(body, refusal.status, headers={"Cache-Control": "no-store"} | challenge)


ROUTES = [
    Route("/oauth/authorize", authorize, methods=["GET"]),
    Route("/oauth/authorize", decide, methods=["POST"]),
    Route("/oauth/token", token, methods=["POST"]),
    Route("/oauth/token/introspect", introspect, methods=["POST"]),
]
