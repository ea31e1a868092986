"""Create and maintain the webhook subscriptions at Pleo and the event subscriptions at lexoffice.

Both only reduce latency; scheduled syncs guarantee completeness (shared/flows/syncing/sync.py). Every step checks what
exists before it creates.
"""

from shared.aws import signing_secrets
from shared.aws.connections import Connection, Connections, SigningSecret
from shared.errors import Conflict, Forbidden, NotFound, Rejected
from shared.lexoffice import webhook
from shared.lexoffice.client import LexofficeClient
from shared.pleo import events
from shared.pleo.client import PleoClient
from shared.pleo.models import Subscription
from shared.telemetry import alert, log_info


class Subscriptions:
    """Maintains the subscriptions of any company; their addresses begin with the connection's `public_url`."""

    def __init__(self, connections: Connections, *, key_arn: str, events_verifiable: bool) -> None:
        """`events_verifiable`: lexoffice's public key is configured. Without it, events are not subscribed to."""
        self._connections = connections
        self._key_arn = key_arn
        self._events_verifiable = events_verifiable

    def at_pleo(self, connection: Connection, pleo: PleoClient) -> Connection:
        """Ensure one active subscription for all events on our endpoint; store its secret first in the list.

        - A subscription that Pleo deactivated, or whose secret is being rotated, is replaced by a new one.
        - The secrets of all existing subscriptions are kept, because deliveries may be in progress.
        - Only one worker at a time may call this, with the current connection (shared/flows/connecting/rotation.py).

        Return the changed connection. Raises vendor errors and DisconnectedError.
        """
        endpoint, wanted = endpoint_of(connection), set(events.SUBSCRIBED_EVENTS)
        mine = on_our_endpoint(connection, pleo)
        staying = [row for row in mine if row.id not in connection.retiring]
        fitting = [row for row in staying if row.status == "ACTIVE" and set(row.event_types) >= wanted]
        if not fitting:
            log_info("webhooks subscribed", connection_id=connection.connection_id, before=len(mine))
        subscription = fitting[0] if fitting else pleo.create_subscription(endpoint, events.SUBSCRIBED_EVENTS)
        # Read the secret each time, because it may have been changed at Pleo.
        secret = pleo.subscription_secret(subscription.id)
        sealed = signing_secrets.seal(self._key_arn, connection.connection_id, secret)
        kept = {row.id for row in mine} - {subscription.id}
        fresh = SigningSecret(subscription_id=subscription.id, sealed=sealed)
        others = tuple(row for row in connection.secrets if row.subscription_id in kept)
        retiring = {name: since for name, since in connection.retiring.items() if name in kept}
        return self._connections.change_if_connected(
            connection.connection_id, secrets=(fresh, *others), retiring=retiring
        )

    def at_lexoffice(self, connection: Connection, lexoffice: LexofficeClient) -> None:
        """Ensure the subscriptions to lexoffice's events about vouchers and about our access.

        - A refusal, such as for an address that lexoffice cannot reach, raises an alert and does not stop the set-up.
        - Subscriptions end with the access they were created with; reconnecting creates them again.

        Raises the other vendor errors.
        """
        if not self._events_verifiable:
            log_info(
                "events not subscribed", connection_id=connection.connection_id, cause="no public key is configured"
            )
            return
        path = webhook.callback_path(connection.connection_id)
        address = f"{connection.public_url}{path}"
        try:
            mine = [row for row in lexoffice.event_subscriptions() if row.callback_url.endswith(path)]
            subscribed = {row.event_type for row in mine if row.callback_url == address}
            for event_type in webhook.SUBSCRIBED_EVENTS:
                if event_type not in subscribed:
                    _subscribe(lexoffice, event_type, address)
            # Remove the old address last, so that no event is lost in between.
            for row in mine:
                if row.callback_url != address:
                    lexoffice.unsubscribe(row.id)
        except (Forbidden, NotFound, Rejected) as error:
            alert("events not subscribed", connection_id=connection.connection_id, detail=str(error))


def endpoint_of(connection: Connection) -> str:
    """Return the address to which Pleo sends the company's webhooks."""
    return f"{connection.public_url}/webhooks/pleo/{connection.connection_id}"


def on_our_endpoint(connection: Connection, pleo: PleoClient) -> list[Subscription]:
    """Return the company's existing subscriptions on its endpoint, for any events. Raises vendor errors."""
    endpoint = endpoint_of(connection)
    return [row for row in pleo.subscriptions() if row.endpoint_url == endpoint and row.deleted_at is None]


def _subscribe(lexoffice: LexofficeClient, event_type: str, address: str) -> None:
    try:
        lexoffice.subscribe(event_type, address)
    except Conflict:
        # Another worker was faster, or the answer to an earlier attempt was lost.
        return
