"""`/v1/event-subscriptions` (https://developers.lexware.io/docs/#event-subscriptions-endpoint); requires no scope."""

from urllib.parse import urlsplit

from local.lexoffice import clock, problems
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.event_sender import LexofficeSubscription
from local.lexoffice.problems import RefusedError, Violation
from local.lexoffice.reading import Reader
from local.lexoffice.resources import find
from local.lexoffice.wire import LexofficeAnswer

_CHANGES = ("created", "changed", "deleted")
EVENT_TYPES = (
    *(f"{what}.{change}" for what in ("article", "contact", "dunning", "recurring-template") for change in _CHANGES),
    *(
        f"{what}.{change}"
        for what in (
            "credit-note",
            "delivery-note",
            "down-payment-invoice",
            "invoice",
            "order-confirmation",
            "quotation",
            "voucher",
        )
        for change in (*_CHANGES, "status.changed")
    ),
    "payment.changed",
    "token.revoked",
)
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


async def create(call: LexofficeCall) -> LexofficeAnswer:
    """Subscribe to an event type, after a test call (HEAD) to the address."""
    reader = Reader(call.json_object())
    event_type = reader.choice("eventType", EVENT_TYPES) or ""
    url = reader.text("callbackUrl", required=True) or ""
    if url and not _is_secure(url):
        reader.refuse("callbackUrl", "INVALID", "muss eine HTTPS-Adresse sein")
    if reader.violations:
        raise problems.invalid(*reader.violations)
    _refuse_duplicate(call, event_type, url)
    status = await call.world.courier.probe(url)
    if status is None or (call.world.switches.callback_test == "success" and not 200 <= status < 300):
        raise problems.invalid(Violation("INVALID", "callbackUrl", "ist nicht erreichbar"))
    # The same subscription may have been created during the test call.
    _refuse_duplicate(call, event_type, url)
    subscription = LexofficeSubscription(
        organization_id=call.organization.id,
        connection_id=call.connection.id,
        event_type=event_type,
        callback_url=url,
        created=call.world.clock.now(),
    )
    call.world.events.subscriptions[subscription.id] = subscription
    address = call.location(f"event-subscriptions/{subscription.id}")
    moment = clock.berlin_text(subscription.created)
    body = {
        "id": subscription.id,
        "resourceUri": address,
        "createdDate": moment,
        "updatedDate": moment,
        "version": 0,
    }
    return LexofficeAnswer(201, body, {"Location": address})


def list_all(call: LexofficeCall) -> LexofficeAnswer:
    """List the connection's subscriptions, in `content` but without pages."""
    own = [item for item in call.world.events.subscriptions.values() if item.connection_id == call.connection.id]
    return LexofficeAnswer(200, {"content": [as_json(item) for item in own]})


def read(call: LexofficeCall) -> LexofficeAnswer:
    """Return one subscription."""
    return LexofficeAnswer(200, as_json(_find(call)))


def delete(call: LexofficeCall) -> LexofficeAnswer:
    """End a subscription."""
    del call.world.events.subscriptions[_find(call).id]
    return LexofficeAnswer(204)


def _find(call: LexofficeCall) -> LexofficeSubscription:
    subscription = find(call, call.world.events.subscriptions, "Event subscription")
    if subscription.connection_id != call.connection.id:
        raise problems.not_found("Event subscription")
    return subscription


def _is_secure(url: str) -> bool:
    """Accept HTTPS; plain HTTP only for this machine, where there is no HTTPS."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:  # no address, or a port out of range
        return False
    at_home = host in _THIS_MACHINE or host.endswith(".localhost")
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and at_home))


def _refuse_duplicate(call: LexofficeCall, event_type: str, url: str) -> None:
    wanted = (call.connection.id, event_type, url)
    for item in call.world.events.subscriptions.values():
        if (item.connection_id, item.event_type, item.callback_url) == wanted:
            raise RefusedError(409, "An identical event subscription exists already")


def as_json(subscription: LexofficeSubscription) -> dict[str, object]:
    """Return a subscription. Its id has another name than in the answer to its creation."""
    return {
        "subscriptionId": subscription.id,
        "organizationId": subscription.organization_id,
        "createdDate": clock.berlin_text(subscription.created),
        "eventType": subscription.event_type,
        "callbackUrl": subscription.callback_url,
    }


_ONE = "/v1/event-subscriptions/{id}"
ENDPOINTS = (
    Endpoint(method="POST", path="/v1/event-subscriptions", scope=None, serve=create),
    Endpoint(method="GET", path="/v1/event-subscriptions", scope=None, serve=list_all),
    Endpoint(method="GET", path=_ONE, scope=None, serve=read),
    Endpoint(method="DELETE", path=_ONE, scope=None, serve=delete),
)
