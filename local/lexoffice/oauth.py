"""The token endpoints of the authorisation server: `POST /oauth2/token` and `POST /oauth2/revoke`.

https://developers.lexware.io/partner/docs/#security-and-authentication. The client authenticates with HTTP Basic only.
"""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from local.lexoffice import problems
from local.lexoffice.faults import run
from local.lexoffice.wire import LexofficeAnswer
from local.lexoffice.world import LexofficeWorld
from local.standin import oauth
from local.standin.tokens import Code, OAuthError, Pair


async def token(request: Request) -> Response:
    """Exchange a code, or a refresh token, for a new pair."""
    world: LexofficeWorld = request.app.state.world
    form = await request.form()
    if world.outage:
        return LexofficeAnswer(503).response()
    world.token_calls += 1
    if not world.guard.admits():
        world.token_calls_refused += 1
        return problems.gateway(429, "Rate limit exceeded").response()
    secret = oauth.text_of(form, "code") or oauth.text_of(form, "refresh_token")
    organization_id = world.grants.holder_behind(secret)
    if organization_id and world.organizations[organization_id].outage:
        return LexofficeAnswer(503).response()

    async def effect() -> Response:
        return _grant(world, request, form).response()

    return await run(world, request, organization_id, effect)


async def revoke(request: Request) -> Response:
    """End a connection. An unknown token gets the same answer (RFC 7009)."""
    world: LexofficeWorld = request.app.state.world
    form = await request.form()
    if world.outage:
        return LexofficeAnswer(503).response()

    async def effect() -> Response:
        try:
            _authenticate(world, request)
        except OAuthError as error:
            return problems.oauth(error).response()
        world.grants.revoke_token(oauth.text_of(form, "token"))
        return Response(status_code=200)

    organization_id = world.grants.holder_behind(oauth.text_of(form, "token"))
    return await run(world, request, organization_id, effect)


def _grant(world: LexofficeWorld, request: Request, form: FormData) -> LexofficeAnswer:
    # Every error consumes the code, including a failed authentication.
    code = world.grants.present_code(oauth.text_of(form, "code")) if "code" in form else None
    if code is not None:
        code.used = True
    try:
        _authenticate(world, request)
        pair = _pair(world, request, form, code)
    except OAuthError as error:
        return problems.oauth(error)
    return LexofficeAnswer(200, pair.as_json(), oauth.NO_STORE)


def _pair(world: LexofficeWorld, request: Request, form: FormData, code: Code | None) -> Pair:
    if request.headers.get("content-type", "").partition(";")[0] != oauth.FORM:
        raise OAuthError("invalid_request", "The body must be form encoded")
    if oauth.grant_type(form) == "authorization_code":
        return world.grants.redeem(
            code,
            redirect_uri=oauth.text_of(form, "redirect_uri"),
            verifier=oauth.text_of(form, "code_verifier"),
        )
    pair = world.grants.rotate(oauth.text_of(form, "refresh_token"))
    if pair is None:
        raise OAuthError("invalid_grant", "Invalid refresh token")
    world.organizations[pair.grant.holder_id].traffic.token_refreshes += 1
    return pair


def _authenticate(world: LexofficeWorld, request: Request) -> None:
    settings = world.settings
    presented = oauth.basic_credentials(request.headers.get("authorization", "")) or ("", "")
    if not oauth.is_client(presented, client_id=settings.client_id, client_secret=settings.client_secret):
        raise OAuthError("invalid_client", status=401)
    if world.switches.client_disabled:
        raise OAuthError("unauthorized_client")
