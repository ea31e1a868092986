"""The app's installation in a company and its states (https://developers.pleo.io/reference/marketplace-overview).

AUTHORIZED (consent given) → ACTIVATED. The states in which an app reports its own errors (PENDING_INTEGRATION,
INACTIVE, ERROR) cannot be reached: the product never sets them. The answers are bare objects without `data`.
"""

from starlette.responses import Response
from starlette.routing import Route

from local.pleo.gate import PleoCall, guarded
from local.pleo.tokens import urn
from local.pleo.wire import Json, answer, no_content, not_found
from local.pleo.world import PleoWorld
from local.standin.wire import new_id

APPLICATION_ID = "a0000000-0000-4000-8000-000000000001"


def record_consent(world: PleoWorld, company_id: str) -> None:
    """Start a new installation, or reset the existing one to its first status (the harder reading)."""
    status = "AUTHORIZED" if world.switches.requires_configuration else "ACTIVATED"
    now = world.clock.stamp()
    row = world.installations.get(company_id) or {
        "id": new_id(),
        "applicationId": APPLICATION_ID,
        "resource": urn(company_id),
        "metadata": {},
        "createdAt": now,
    }
    world.installations[company_id] = row | {"status": status, "updatedAt": now}


async def read(call: PleoCall) -> Response:
    """`GET /v1/installations/me?company_id=`."""
    if "company_id" in call.request.query_params:
        call.own(call.request.query_params["company_id"])
    return answer(_mine(call))


async def activate(call: PleoCall) -> Response:
    """`POST /v1/installations/me:activate`: idempotent."""
    row = _mine(call)
    row.update(status="ACTIVATED", updatedAt=call.world.clock.stamp())
    return answer(row)


async def delete(call: PleoCall) -> Response:
    """`DELETE /v1/installations/me`: end the installation and all its tokens."""
    _mine(call)
    call.world.disconnect(call.company_id)
    return no_content()


def _mine(call: PleoCall) -> Json:
    row = call.world.installations.get(call.company_id)
    if row is None:
        raise not_found("Installation")
    return row


ROUTES = [
    Route("/v1/installations/me", guarded(read), methods=["GET"]),
    Route("/v1/installations/me", guarded(delete), methods=["DELETE"]),
    Route("/v1/installations/me:activate", guarded(activate), methods=["POST"]),
]
