"""The app's installation in a company and its states (https://developers.pleo.io/reference/marketplace-overview).

AUTHORIZED (consent given) → PENDING_INTEGRATION → ACTIVATED; INACTIVE and ERROR from anywhere and back. The answers are
bare objects without `data`.
"""

from starlette.responses import Response
from starlette.routing import Route

from local.pleo.gate import Call, guarded
from local.pleo.shape import Field, checked, mapping, one_of
from local.pleo.tokens import urn
from local.pleo.wire import Json, Refusal, answer, no_content, not_found, object_of
from local.pleo.world import World, new_id

APPLICATION_ID = "a0000000-0000-4000-8000-000000000001"
STATES = ("AUTHORIZED", "PENDING_INTEGRATION", "ACTIVATED", "INACTIVE", "ERROR")
ALLOWED = {
    "AUTHORIZED": {"PENDING_INTEGRATION", "ACTIVATED", "INACTIVE", "ERROR"},
    "PENDING_INTEGRATION": {"ACTIVATED", "INACTIVE", "ERROR"},
    "ACTIVATED": {"INACTIVE", "ERROR"},
    "INACTIVE": {"PENDING_INTEGRATION", "ACTIVATED", "ERROR"},
    "ERROR": {"PENDING_INTEGRATION", "ACTIVATED", "INACTIVE"},
}
CREATE = {"status": Field(one_of(*STATES)), "metadata": Field(mapping)}
UPDATE = {
    "status": Field(one_of(*STATES), required=True),
    "errorCode": Field(one_of("NOT_ENTITLED", "AUTH_ERROR"), nullable=True),
    "metadata": Field(mapping),
}


def authorized(world: World, company_id: str) -> None:
    """Consent was given: a new installation, or the old one back at its beginning (the harder reading)."""
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


async def read(call: Call) -> Response:
    """`GET /v1/installations/me?company_id=`."""
    if "company_id" in call.request.query_params:
        call.own(call.request.query_params["company_id"])
    return answer(_mine(call))


async def create(call: Call) -> Response:
    """`POST /v1/installations/me`: answers the installation that the consent made, changed as asked."""
    body = checked(await object_of(call.request), CREATE, unknown=call.world.switches.unknown_fields)
    return answer(_changed(call, body))


async def update(call: Call) -> Response:
    """`PUT /v1/installations/me`."""
    body = checked(await object_of(call.request), UPDATE, unknown=call.world.switches.unknown_fields)
    return answer(_changed(call, body))


async def activate(call: Call) -> Response:
    """`POST /v1/installations/me:activate`: repeating it changes nothing."""
    return answer(_changed(call, {"status": "ACTIVATED"}))


async def delete(call: Call) -> Response:
    """`DELETE /v1/installations/me`: ends it and every token of it."""
    _mine(call)
    call.world.disconnect(call.company_id)
    return no_content()


def _mine(call: Call) -> Json:
    row = call.world.installations.get(call.company_id)
    if row is None:
        raise not_found("Installation")
    return row


def _changed(call: Call, changes: Json) -> Json:
    row = _mine(call)
    status = changes.get("status", row["status"])
    if status != row["status"] and status not in ALLOWED[row["status"]]:
        raise Refusal(400, "INVALID_STATUS_TRANSITION", f"{row['status']} cannot become {status}.")
    row.update(changes, updatedAt=call.world.clock.stamp())
    return row


ROUTES = [
    Route("/v1/installations/me", guarded(read), methods=["GET"]),
    Route("/v1/installations/me", guarded(create), methods=["POST"]),
    Route("/v1/installations/me", guarded(update), methods=["PUT"]),
    Route("/v1/installations/me", guarded(delete), methods=["DELETE"]),
    Route("/v1/installations/me:activate", guarded(activate), methods=["POST"]),
]
