"""What is stored of a connection, and how: its fields are the attributes of its item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from shared.aws.table import Item
from shared.domain.feeding.start import Start
from shared.domain.times import booking_date


class Status(StrEnum):
    """Where a connection stands. Only an active one writes to lexoffice; a held one goes on collecting."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningSecret:
    """One webhook subscription's secret, encrypted; several while one is being rotated."""

    subscription_id: str
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One company, linked to at most one organisation. Times are UTC texts, empty where it has not happened yet.

    `caught_up_to` is the settlement time up to which everything is in the ledger, `seen_days` has a digest of each
    recent day's entries (day → digest). `hold` says in a stable word why a held connection waits (`pleo_access_gone`,
    `lexoffice_access_gone`, `plan`, `account_missing`, `paused`). `public_url` is our own address as both vendors know
    it. `retiring` has the webhook subscriptions that are being replaced, each since when
    (shared/flows/connecting/rotation.py).

    `paused_at` says since when support lets nothing be written, whatever else it is held for and whoever connects it
    again, "" if it does not; `resumed_at` when a hold was last lifted by support.

    `catalogue_at` is the last sync of categories and tax codes that got through, `catalogue_tried_at` the last one that
    was refused or incomplete. `sync_asked_at`, `accept_asked_at` and `proof_asked_at` are when a person last asked for
    a sync, confirmed a refused list, and asked for a proof (shared/flows/lookup/wishes.py).

    While it is set up, `steps` says how far it has come (shared/domain/connecting/set_up.py), `stepped_at` when it last
    moved and `stopped` why it stopped. After it was disconnected, `released_at` says when its tokens were gone,
    `unconfirmed` which vendors did not confirm that, `delete_at` when personal data is due to be deleted, `deleted_at`
    when it was. Sessions that began up to `signed_out_at` have ended.

    `start_day` (ISO day in Germany) and `opening_minor` (cents) are what the admin chose when connecting for the first
    time (shared/domain/feeding/start.py); "" for a company that was connected before one could choose.

    `turn_failures` turns in a row have failed since `failing_since`, the last one for `turn_error` (stable words,
    shared/domain/syncing/schedule.py). `kept_alive_at` is when both sides' access and subscriptions were last looked
    after (shared/flows/connecting/keep_alive.py), `alarmed` when a person was last told of each cause
    (shared/domain/syncing/silence.py).
    """

    connection_id: str
    company_id: str
    company_name: str
    status: Status = Status.CONNECTING
    hold: str = ""
    organisation_id: str = ""
    organisation_name: str = ""
    account_id: str = ""
    secrets: tuple[SigningSecret, ...] = ()
    retiring: Mapping[str, str] = field(default_factory=dict)
    paused_at: str = ""
    resumed_at: str = ""
    connected_at: str = ""
    caught_up_to: str = ""
    seen_days: Mapping[str, str] = field(default_factory=dict)
    catalogue_synced_at: str = ""
    catalogue_attempted_at: str = ""
    sync_asked_at: str = ""
    accept_asked_at: str = ""
    proof_asked_at: str = ""
    receipts_checked_at: str = ""
    due_at: str = ""
    public_url: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)
    stepped_at: str = ""
    stopped: str = ""
    disconnected_at: str = ""
    signed_out_at: str = ""
    access_revoked_at: str = ""
    unconfirmed: str = ""
    delete_at: str = ""
    deleted_at: str = ""
    sync_failures: int = 0
    sync_error: str = ""
    failing_since: str = ""
    access_checked_at: str = ""
    alerted_at: Mapping[str, str] = field(default_factory=dict)
    start_day: str = ""
    opening_minor: int = 0

    @property
    def account_reference(self) -> str:
        """Our own reference of the finance account that represents this company's wallet."""
        return f"pleo-wallet-{self.company_id}"

    @property
    def start(self) -> Start:
        """From when on its entries become lines: from the day of connecting if nothing else was chosen."""
        connected_at = datetime.fromisoformat(self.connected_at) if self.connected_at else datetime.now(UTC)
        day = date.fromisoformat(self.start_day) if self.start_day else booking_date(connected_at)
        return Start(day, connected_at)


def attributes(connection: Connection) -> Item:
    """A connection as attributes."""
    known = {each.name: storable(getattr(connection, each.name)) for each in fields(connection)}
    return {name: value for name, value in known.items() if name != "due_at" or value}


def storable(value: Any) -> Any:
    """A field's value as DynamoDB takes it."""
    if isinstance(value, Status):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [{"subscription_id": secret.subscription_id, "sealed": secret.sealed} for secret in value]
    return value


def connection_of(item: Item) -> Connection:
    """The connection that was stored."""
    known = {each.name: item[each.name] for each in fields(Connection) if each.name in item}
    secrets = tuple(SigningSecret(**secret) for secret in known.get("secrets", []))
    return Connection(**{**known, "status": Status(known["status"]), "secrets": secrets})
