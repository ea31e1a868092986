"""The authorisation server: consent page and token endpoint (https://developers.pleo.io/docs/oauth).

- Authorisation code with PKCE S256; `plain` is refused.
- The redirect URI is compared character by character.
- Client authentication by HTTP Basic or in the form.
- RFC 6749 error bodies.
- An unknown client or redirect URI gets an error page and never a redirect.
"""

from collections.abc import Mapping
from urllib.parse import unquote_plus

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.pleo import installations
from local.pleo.pages import page
from local.pleo.wire import Json, answer, not_found
from local.pleo.world import PleoWorld, world_of
from local.standin import oauth, pkce
from local.standin.tokens import Grant, OAuthError
from local.standin.wire import new_id


async def authorize(request: Request) -> Response:
    """`GET /oauth/authorize`: show the consent page, or redirect with an error that the client caused."""
    world = world_of(request)
    query = request.query_params
    settings = world.settings
    if query.get("client_id") != settings.client_id:
        return page(world, "refused.html", status=400, reason="Diese Anwendung ist bei Pleo nicht registriert.")
    if query.get("redirect_uri") not in settings.redirect_uris:
        return page(world, "refused.html", status=400, reason="Die Rücksprungadresse ist nicht registriert.")
    if error := _request_error(query):
        return _back(query, error=error[0], error_description=error[1])
    consent_id = new_id()
    world.consents[consent_id] = dict(query)
    if world.switches.auto_consent:
        return _finish_consent(world, consent_id, company_id=world.switches.auto_consent)
    return page(
        world,
        "consent.html",
        consent_id=consent_id,
        companies=list(world.companies.values()),
        scopes=query["scope"].split(),
    )


async def decide(request: Request) -> Response:
    """`POST /oauth/authorize`: the admin clicked «Zugriff erlauben» or «Ablehnen»."""
    world = world_of(request)
    form = await request.form()
    consent_id, company_id = str(form.get("consent", "")), str(form.get("company", ""))
    if consent_id not in world.consents:
        return page(world, "refused.html", status=400, reason="Diese Anfrage ist abgelaufen.")
    allowed = form.get("decision") == "allow"
    return _finish_consent(world, consent_id, company_id=company_id if allowed else "deny")


async def token(request: Request) -> Response:
    """`POST /oauth/token`: exchange a code or a refresh token for a pair."""
    world = world_of(request)
    try:
        form = await _form(request)
        _check_client(request, form, world)
        return answer(_pair(form, world), headers=oauth.NO_STORE)
    except OAuthError as error:
        return answer(oauth.error_body(error), error.status, headers=oauth.error_headers(error, realm="pleo"))


def _request_error(query: Mapping[str, str]) -> tuple[str, str] | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code."
    if query.get("code_challenge_method") != "S256":
        return "invalid_request", "code_challenge_method must be S256."
    if not pkce.is_challenge(query.get("code_challenge", "")):
        return "invalid_request", "code_challenge must be a base64url SHA-256 without padding."
    if not query.get("scope", "").strip():
        return "invalid_scope", "scope is required."
    return None


def _finish_consent(world: PleoWorld, consent_id: str, *, company_id: str) -> Response:
    asked = world.consents[consent_id]
    if company_id == "deny":
        del world.consents[consent_id]
        return _back(asked, error="access_denied", error_description="The user denied access.")
    if company_id not in world.companies:
        return not_found("Company").answer()
    # Deleted by a valid decision: a second click on an old page has no effect.
    del world.consents[consent_id]
    grant = Grant(holder_id=company_id, scopes=tuple(asked["scope"].split()), created=world.clock.now())
    installations.record_consent(world, company_id)
    code = world.tokens.issue_code(grant, redirect_uri=asked["redirect_uri"], challenge=asked["code_challenge"])
    return _back(asked, code=code)


def _back(asked: Mapping[str, str], **parameters: str) -> Response:
    return oauth.redirect_back(asked["redirect_uri"], asked.get("state"), status=303, **parameters)


async def _form(request: Request) -> FormData:
    if not request.headers.get("content-type", "").startswith(oauth.FORM):
        raise OAuthError("invalid_request", f"The body must be {oauth.FORM}.")
    form = await request.form()
    if len(form.multi_items()) != len(form):
        raise OAuthError("invalid_request", "A parameter is repeated.")
    return form


def _check_client(request: Request, form: FormData, world: PleoWorld) -> None:
    in_header = oauth.basic_credentials(request.headers.get("authorization", ""))
    in_form = (oauth.text_of(form, "client_id"), oauth.text_of(form, "client_secret"))
    if in_header and in_form[1]:
        raise OAuthError("invalid_request", "Use one way of client authentication.")
    presented = (unquote_plus(in_header[0]), unquote_plus(in_header[1])) if in_header else in_form
    settings = world.settings
    if not oauth.is_client(presented, client_id=settings.client_id, client_secret=settings.client_secret):
        raise OAuthError("invalid_client", "Client authentication failed.", status=401)


def _pair(form: FormData, world: PleoWorld) -> Json:
    if oauth.grant_type(form) == "refresh_token":
        pair = world.tokens.rotate(_needed(form, "refresh_token"))
        if pair is None:
            raise OAuthError(world.switches.bad_refresh, "invalid_refresh_token")
        return pair.as_json()
    code = world.tokens.present_code(_needed(form, "code"))
    redirect_uri, verifier = _needed(form, "redirect_uri"), _needed(form, "code_verifier")
    pair = world.tokens.redeem(code, redirect_uri=redirect_uri, verifier=verifier)
    if world.switches.consent_ends_older:
        _end_older(world, pair.grant)
    return pair.as_json()


def _end_older(world: PleoWorld, new: Grant) -> None:
    """End what older consents of the company have issued, because it gave a newer one."""
    for grant in list(world.tokens.grants.values()):
        if grant is not new and grant.holder_id == new.holder_id:
            world.tokens.revoke(grant)


def _needed(form: FormData, name: str) -> str:
    value = oauth.text_of(form, name)
    if not value:
        raise OAuthError("invalid_request", f"{name} is required.")
    return value


ROUTES = [
    Route("/oauth/authorize", authorize, methods=["GET"]),
    Route("/oauth/authorize", decide, methods=["POST"]),
    Route("/oauth/token", token, methods=["POST"]),
]
