"""The checks before each API call: bearer token, rate limit, scope; and Pleo's answers to refused calls.

- Authentication: https://developers.pleo.io/docs/authentication
- Rate limit: 600 calls a minute per https://developers.pleo.io design pages. It is counted per OAuth client over all
  its companies by default (docs/assumptions.md#pleo-limits).
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from local.pleo.shape import checked
from local.pleo.wire import Json, PleoRefusal, not_found, object_of
from local.pleo.world import PleoWorld, world_of
from local.standin.oauth import bearer_token
from local.standin.shape import Field
from local.standin.tokens import Grant


@dataclass(frozen=True, slots=True)
class PleoCall:
    """An API call that passed the checks: the request, the state, and the grant of its token."""

    request: Request
    world: PleoWorld
    grant: Grant

    @property
    def company_id(self) -> str:
        """Return the only company that this token may access."""
        return self.grant.holder_id

    async def body(self, shape: Mapping[str, Field]) -> Json:
        """Return the checked JSON object of the request. Raise PleoRefusal (400) if it is invalid."""
        return self.checked(await object_of(self.request), shape)

    def checked(self, value: Json, shape: Mapping[str, Field]) -> Json:
        """Return an object's known fields; a switch decides whether unknown ones are refused.

        Raise PleoRefusal (400) if the object is invalid.
        """
        return checked(value, shape, ignores_unknown=self.world.switches.unknown_fields == "ignored")

    def own(self, company_id: object) -> str:
        """Return `company_id` if it is the token's own company. Raise PleoRefusal (404) otherwise."""
        if company_id == self.company_id:
            return self.company_id
        raise not_found("Company")

    def found(self, rows: Mapping[str, Json], parameter: str, what: str) -> Json:
        """Return the row of the token's own company that a path parameter names. Raise PleoRefusal (404) otherwise."""
        row = rows.get(self.request.path_params[parameter])
        if row is None or row["companyId"] != self.company_id:
            raise not_found(what)
        return row


type Handler = Callable[[PleoCall], Awaitable[Response]]
type Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(handler: Handler, *, area: str = "") -> Endpoint:
    """Return the endpoint for a handler. `area` names the required scope (switch `scopes`); empty: none documented."""

    async def endpoint(request: Request) -> Response:
        world = world_of(request)
        try:
            grant = _grant(request, world)
            _count(grant, world)
            _check_scope(grant, world, area)
            return await handler(PleoCall(request, world, grant))
        except PleoRefusal as refusal:
            return refusal.answer()

    return endpoint


def _grant(request: Request, world: PleoWorld) -> Grant:
    grant = world.tokens.by_access_token(bearer_token(request.headers.get("authorization", "")))
    if grant is None:
        raise PleoRefusal(
            401,
            "UNAUTHORIZED",
            "The access token is missing, malformed or expired.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return grant


def _count(grant: Grant, world: PleoWorld) -> None:
    key = world.settings.client_id if world.switches.rate_limit_scope == "client" else grant.holder_id
    recent = world.recent_calls.setdefault(key, deque())
    now = world.clock.now().timestamp()
    while recent and not now - 60 < recent[0] <= now:
        recent.popleft()
    if len(recent) >= world.switches.rate_limit_per_minute:
        wait = world.switches.retry_after_seconds
        raise PleoRefusal(
            429,
            "TOO_MANY_REQUESTS",
            "Too many requests.",
            headers={"Retry-After": str(wait)} if wait else None,
        )
    recent.append(now)


def _check_scope(grant: Grant, world: PleoWorld, area: str) -> None:
    needed = world.switches.scopes.get(area, "")
    if needed and needed not in grant.scopes:
        raise PleoRefusal(403, "FORBIDDEN", f"The scope {needed} is missing.")
