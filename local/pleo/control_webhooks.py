"""Control of webhooks: how and when they are delivered, and single deliveries with deliberate errors."""

import base64
import time
from dataclasses import replace

from local.pleo.webhooks import headers_for
from local.pleo.wire import Json, not_found
from local.pleo.world import PleoWorld
from local.standin.control import Command, Order
from local.standin.shape import Field, flag, mapping, number, one_of, text, whole
from local.standin.wire import new_id

MANNER = {
    "mode": Field(one_of("live", "hold")),
    "copies": Field(whole(least=1, most=100)),
    "shuffle": Field(flag),
    "seed": Field(whole()),
    "body_shape": Field(one_of("A", "B")),
    "retry_scale": Field(number),
    "drop": Field(flag),
    "parallel": Field(whole(least=1, most=64)),
}
RAW = {
    "subscription_id": Field(text(), required=True),
    "body": Field(text(most=20_000_000)),
    "body_base64": Field(text(most=30_000_000)),
    "headers": Field(mapping),
    "timestamp": Field(text()),
    "webhook_id": Field(text()),
    "secret": Field(text()),
}


def set_manner(order: Order[PleoWorld]) -> Json:
    """Change how webhooks are delivered from now on. Only the named fields change."""
    rules = order.world.courier.rules
    rules.manner = replace(rules.manner, **order.body)
    return {"webhooks": order.world.courier.outstanding()}


async def flush(order: Order[PleoWorld]) -> Json:
    """Send the held webhooks."""
    return {"sent": order.world.courier.flush()}


async def idle(order: Order[PleoWorld]) -> Json:
    """Return whether no delivery is in progress. `?wait=5` waits up to five seconds for that."""
    return await order.world.courier.idle(seconds=float(order.query.get("wait", "0")))


async def send_raw(order: Order[PleoWorld]) -> Json:
    """Deliver any body with any timestamp, id, secret or header (null omits a header); return the answer's status."""
    import httpx

    world, asked = order.world, order.body
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


def switch_off(order: Order[PleoWorld]) -> Json:
    """Deactivate a subscription, as Pleo does after many failed deliveries."""
    row = order.world.subscriptions.get(order.body["subscription_id"])
    if row is None:
        raise not_found("Subscription")
    row["status"] = "INACTIVE"
    return {"status": row["status"]}


COMMANDS: tuple[Command[PleoWorld], ...] = (
    Command("POST", "/webhooks", set_manner, MANNER),
    Command("POST", "/webhooks/flush", flush),
    Command("GET", "/webhooks/idle", idle),
    Command("POST", "/webhooks/send-raw", send_raw, RAW),
    Command("POST", "/webhooks/switch-off", switch_off, {"subscription_id": Field(text(), required=True)}),
)
