"""Webhook subscriptions (https://developers.pleo.io/reference/overview-webhooks); creation answers 200, not 201.

A subscription belongs to the company of the token that created it. Deletion is soft. Two subscriptions may have the
same endpoint; each event is then delivered twice.
"""

from starlette.responses import Response
from starlette.routing import Route

from local.pleo import signing
from local.pleo.gate import PleoCall, guarded
from local.pleo.paging import Listing, paged
from local.pleo.shape import endpoint
from local.pleo.tokens import urn
from local.pleo.wire import Json, answer, bad_parameter, invalid, no_content, not_found
from local.standin.shape import Field, headers, list_of, mapping, one_of, text
from local.standin.wire import new_id

CARD_EVENTS = tuple(f"v1.card-transaction.{what}" for what in ("created", "updated", "settled"))
EVENT_TYPES = ("v1.export-job.created", "v1.vendor.created", *CARD_EVENTS)
STATUSES = ("ACTIVE", "INACTIVE")
SHAPE = {
    "endpointUrl": Field(endpoint, required=True),
    "eventTypes": Field(list_of(one_of(*EVENT_TYPES), least=1, unique=True), required=True),
    "status": Field(one_of(*STATUSES)),
    "customHeaders": Field(headers, nullable=True),
    "endpointAuth": Field(mapping, nullable=True),
}
AUTH = {"type": Field(one_of("NONE", "BASIC")), "credentials": Field(mapping, nullable=True)}
CREDENTIALS = {name: Field(text(), nullable=True) for name in ("username", "password", "token")}
LISTING = Listing(sortable=("id", "createdAt", "updatedAt", "status", "endpointUrl"))


async def create(call: PleoCall) -> Response:
    """`POST /v1/subscriptions`."""
    now = call.world.clock.stamp()
    row = {"id": new_id(), "_company": call.company_id, "createdAt": now} | await _body(call)
    call.world.subscriptions[row["id"]] = row
    call.world.secrets[row["id"]] = signing.new_secret()
    return answer({"data": shown(row)})


async def listed(call: PleoCall) -> Response:
    """`GET /v1/subscriptions`, filtered by `status` and `event_types`."""
    query = call.request.query_params
    if query.get("status", "ACTIVE") not in STATUSES:
        raise bad_parameter("status must be ACTIVE or INACTIVE.")
    wanted = set(query.getlist("event_types"))
    rows = [
        shown(row)
        for row in call.world.subscriptions.values()
        if row["_company"] == call.company_id
        and "deletedAt" not in row
        and query.get("status") in (None, row["status"])
        and (not wanted or wanted & set(row["eventTypes"]))
    ]
    return paged(call.request, call.world.switches, rows, LISTING)


async def delete(call: PleoCall) -> Response:
    """`DELETE /v1/subscriptions/{id}`: no further deliveries."""
    row = _own(call)
    row.update(deletedAt=call.world.clock.stamp(), deletedBy=urn(call.company_id))
    return no_content()


async def secret(call: PleoCall) -> Response:
    """`GET /v1/subscriptions/{id}/secret`."""
    return answer({"data": {"secretKey": call.world.secrets[_own(call)["id"]]}})


def shown(row: Json) -> Json:
    """Return a subscription as the API shows it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


async def _body(call: PleoCall) -> Json:
    body = await call.body(SHAPE)
    auth = call.checked(body.get("endpointAuth") or {}, AUTH)
    credentials = call.checked(auth.get("credentials") or {}, CREDENTIALS)
    kind = auth.get("type", "NONE")
    if kind == "BASIC" and not (credentials.get("username") and credentials.get("password")):
        raise invalid("endpointAuth of type BASIC needs a username and a password.")
    return {
        "endpointUrl": body["endpointUrl"],
        "eventTypes": body["eventTypes"],
        "status": body.get("status", "ACTIVE"),
        "customHeaders": body.get("customHeaders") or {},
        "endpointAuth": {"type": kind} | ({"credentials": credentials} if credentials else {}),
        "updatedAt": call.world.clock.stamp(),
    }


def _own(call: PleoCall) -> Json:
    row = call.world.subscriptions.get(call.request.path_params["subscription_id"])
    if row is None or row["_company"] != call.company_id or "deletedAt" in row:
        raise not_found("Subscription")
    return row


_ONE = "/v1/subscriptions/{subscription_id}"
ROUTES = [
    Route("/v1/subscriptions", guarded(create, area="subscriptions"), methods=["POST"]),
    Route("/v1/subscriptions", guarded(listed, area="subscriptions"), methods=["GET"]),
    Route(_ONE, guarded(delete, area="subscriptions"), methods=["DELETE"]),
    Route(f"{_ONE}/secret", guarded(secret, area="subscriptions"), methods=["GET"]),
]
