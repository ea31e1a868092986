"""A connection as stored: its fields are the attributes of its item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Any

from shared.aws.table import Item, from_item
from shared.domain.connecting.company_state import CompanyState, Hold, Status
from shared.domain.feeding.start import Start
from shared.domain.syncing.requests import SyncRequest
from shared.domain.times import booking_date

_REQUESTED_AT = "_requested_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningSecret:
    """One webhook subscription's secret, encrypted; several while one is being rotated."""

    subscription_id: str
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One company, linked to at most one organisation. Times are UTC texts, "" for an event that has not happened.

    - `status`, `hold`, `paused_at`: the company's state (shared/domain/connecting/company_state.py); `resumed_at`: when
      support last lifted a hold.
    - `caught_up_to`: the settlement time up to which every entry is in the ledger; `seen_days`: a digest of each recent
      day's entries (day → digest).
    - `public_url`: our own address as both vendors know it; `retiring`: the webhook subscriptions that are being
      replaced, each with when that began (shared/flows/connecting/rotation.py).
    - `catalogue_synced_at`: the last successful sync of posting categories and tax codes; `catalogue_attempted_at`: the
      last one that was refused or incomplete. `requested_at`: when the admin or the operator last made each request
      (shared/domain/syncing/requests.py), stored as `<request>_requested_at`.
    - `steps`, `stepped_at`, `stopped`: the state of each step of the set-up, when it last changed and why it stopped
      (shared/domain/connecting/set_up.py).
    - `disconnected_at`; `access_revoked_at`: when the tokens were erased; `unconfirmed`: the vendors that did not
      confirm it; `delete_at`: when personal data is due to be deleted; `deleted_at`: when it was. Sessions that began
      up to `signed_out_at` have ended.
    - `start_day` (ISO day in Germany), `opening_minor` (cents): chosen when the company was first connected
      (shared/domain/feeding/start.py).
    - `sync_failures` syncs in a row have failed since `failing_since`, the last one with `sync_error`
      (shared/domain/syncing/schedule.py).
    - `access_checked_at`: when both sides' access and subscriptions were last maintained
      (shared/flows/connecting/keep_alive.py); `alerted_at`: when each cause of silence was last alerted
      (shared/domain/syncing/silence.py).
    """

    connection_id: str
    company_id: str
    company_name: str
    status: Status = Status.CONNECTING
    hold: Hold | None = None
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
    requested_at: Mapping[str, str] = field(default_factory=dict)
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
    def state(self) -> CompanyState:
        """Return the company's state, the input of the rules in shared/domain/connecting/company_state.py."""
        return CompanyState(self.status, self.hold, is_paused=bool(self.paused_at))

    @property
    def account_reference(self) -> str:
        """Return the external reference of the finance account that represents this company's wallet."""
        return f"pleo-wallet-{self.company_id}"

    def last_requested_at(self, *requests: SyncRequest) -> str:
        """Return when any of these requests was last made, or ""."""
        return max(self.requested_at.get(request, "") for request in requests)

    @property
    def start(self) -> Start:
        """Return from when entries become lines: the chosen start day, else the day of connecting."""
        connected_at = datetime.fromisoformat(self.connected_at) if self.connected_at else datetime.now(UTC)
        day = date.fromisoformat(self.start_day) if self.start_day else booking_date(connected_at)
        return Start(day, connected_at)


# Besides the fields: the key of the schedule's index, and the lease of the set-up.
_STORED = frozenset({each.name for each in fields(Connection)} | {"schedule", "setup_owner", "setup_until"})


def is_stored(name: str) -> bool:
    """Return whether a connection's item has an attribute of this name."""
    return name in _STORED or name.endswith(_REQUESTED_AT)


def attributes(connection: Connection) -> Item:
    """Return a connection as attributes of its item."""
    known = {each.name: storable(getattr(connection, each.name)) for each in fields(connection)}
    requested = {f"{request}{_REQUESTED_AT}": at for request, at in known.pop("requested_at").items()}
    return requested | {name: value for name, value in known.items() if name != "due_at" or value}


def storable(value: Any) -> Any:
    """Return a field's value in a type that an item can store."""
    if isinstance(value, Status | Hold):
        return value.value
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [{"subscription_id": secret.subscription_id, "sealed": secret.sealed} for secret in value]
    return value


def connection_of(item: Item) -> Connection:
    """Return the connection that an item stores."""
    secrets = tuple(SigningSecret(**secret) for secret in item.get("secrets", []))
    hold = Hold(item["hold"]) if item.get("hold") else None
    requested = {name.removesuffix(_REQUESTED_AT): at for name, at in item.items() if name.endswith(_REQUESTED_AT)}
    return from_item(
        Connection, item, status=Status(item["status"]), hold=hold, secrets=secrets, requested_at=requested
    )
