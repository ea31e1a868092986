"""The control surface's half about webhooks: how they are delivered, when, and a delivery that is wrong on purpose."""

import base64
import time

from starlette.requests import Request

from local.pleo.control import route
from local.pleo.courier import headers_for, manner_from
from local.pleo.shape import Field, checked, mapping, text
from local.pleo.wire import Json, not_found
from local.pleo.world import World, new_id

RAW = {
    "subscription_id": Field(text(), required=True),
    "body": Field(text(most=20_000_000)),
    "body_base64": Field(text(most=30_000_000)),
    "headers": Field(mapping),
    "timestamp": Field(text()),
    "webhook_id": Field(text()),
    "secret": Field(text()),
}


async def set_manner(world: World, _request: Request, body: Json) -> Json:
    """How webhooks are delivered from now on."""
    world.courier.manner_to(manner_from(world.courier.manner, body))
    return {"webhooks": world.courier.outstanding()}


async def flush(world: World, _request: Request, _body: Json) -> Json:
    """Send what was held."""
    return {"sent": world.courier.flush()}


async def idle(world: World, request: Request, _body: Json) -> Json:
    """Whether nothing is on its way; `?wait=5` waits up to five seconds for that."""
    return await world.courier.idle(seconds=float(request.query_params.get("wait", "0")))


async def send_raw(world: World, _request: Request, body: Json) -> Json:
    """One delivery with any body, timestamp, id, secret or header (null leaves a header out); its answer's status."""
    import httpx

    asked = checked(body, RAW)
    row = world.subscriptions.get(asked["subscription_id"])
    if row is None:
        raise not_found("Subscription")
    raw = base64.b64decode(asked["body_base64"]) if "body_base64" in asked else asked.get("body", "").encode()
    sent: dict[str, str | None] = dict(
        headers_for(
            row,
            asked.get("secret", world.secrets[row["id"]]),
            message_id=asked.get("webhook_id", f"msg_{new_id()}"),
            timestamp=asked.get("timestamp", str(int(time.time()))),
            body=raw,
        )
    )
    sent |= asked.get("headers", {})
    present = {name: value for name, value in sent.items() if value is not None}
    try:
        return {"status": await world.courier.post(row["endpointUrl"], raw, present)}
    except httpx.HTTPError as error:
        return {"status": None, "error": type(error).__name__}


ROUTES = [
    route("/webhooks", "POST", set_manner),
    route("/webhooks/flush", "POST", flush),
    route("/webhooks/idle", "GET", idle),
    route("/webhooks/send-raw", "POST", send_raw),
]
