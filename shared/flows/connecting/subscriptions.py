"""Who tells us what: our webhooks at Pleo and our event subscriptions at lexoffice, made and made anew.

Both only make us look sooner (shared/flows/syncing/sync.py is the guarantee). Every step looks before it creates.
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
    """Subscriptions of all companies; their addresses are `public_url` of the connection."""

    def __init__(self, connections: Connections, *, key_arn: str, events_verifiable: bool) -> None:
        """`events_verifiable`: lexoffice's public key is configured, so its events are worth subscribing to."""
        self._connections = connections
        self._key_arn = key_arn
        self._events_verifiable = events_verifiable

    def at_pleo(self, connection: Connection, pleo: PleoClient) -> Connection:
        """One active subscription on our endpoint for all events, and its secret in the first place.

        Raises vendor errors and DisconnectedError. A subscription that Pleo has switched off, or whose secret is being
        exchanged, is replaced by a new one; the secrets of those that are still there stay known, because deliveries
        may be under way. One worker at a time may do this (shared/flows/connecting/rotation.py), with the connection as
        it is now.
        """
        endpoint, wanted = endpoint_of(connection), set(events.SUBSCRIBED_EVENTS)
        mine = on_our_endpoint(connection, pleo)
        staying = [row for row in mine if row.id not in connection.retiring]
        fitting = [row for row in staying if row.status == "ACTIVE" and set(row.event_types) >= wanted]
        if not fitting:
            log_info("webhooks subscribed", connection_id=connection.connection_id, before=len(mine))
        subscription = fitting[0] if fitting else pleo.create_subscription(endpoint, events.SUBSCRIBED_EVENTS)
        # Read each time: a secret that was exchanged at Pleo is learnt this way, too.
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
        """Have lexoffice tell us what happens to vouchers and to our access.

        A refusal (an address lexoffice cannot reach) stops nobody from connecting. Subscriptions end with the access
        they were made with; connecting again makes them anew. Raises the other vendor errors.
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
            told = {row.event_type for row in mine if row.callback_url == address}
            for event_type in webhook.SUBSCRIBED_EVENTS:
                if event_type not in told:
                    _subscribe(lexoffice, event_type, address)
            # The old address last, so that no event falls between the two.
            for row in mine:
                if row.callback_url != address:
                    lexoffice.unsubscribe(row.id)
        except (Forbidden, NotFound, Rejected) as error:
            alert("events not subscribed", connection_id=connection.connection_id, detail=str(error))


def endpoint_of(connection: Connection) -> str:
    """The address to which Pleo sends a company's webhooks."""
    return f"{connection.public_url}/webhooks/pleo/{connection.connection_id}"


def on_our_endpoint(connection: Connection, pleo: PleoClient) -> list[Subscription]:
    """The company's living subscriptions on its endpoint, whatever they are subscribed to. Raises vendor errors."""
    endpoint = endpoint_of(connection)
    return [row for row in pleo.subscriptions() if row.endpoint_url == endpoint and row.deleted_at is None]


def _subscribe(lexoffice: LexofficeClient, event_type: str, address: str) -> None:
    try:
        lexoffice.subscribe(event_type, address)
    except Conflict:
        # Somebody else was faster, or the answer to an earlier attempt got lost.
        return
