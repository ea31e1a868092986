"""Connections in DynamoDB: one item per connected company, and guards that keep it unique.

Items by `id`: `CONNECTION#<connection id>`, `COMPANY#<Pleo company id>` and `ORGANISATION#<lexoffice organisation id>`
(each names the one connection it belongs to). The same table has `CATALOGUE#<connection id>`
(shared/aws/catalogues.py), `ATTEMPT#<hash>` (shared/aws/attempts.py), `SESSION#<hash>` (shared/aws/sessions.py) and
`LIMITER#<key>` (shared/aws/limiter.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.aws.connection import Connection, SigningSecret, attributes, connection_of, is_stored, storable
from shared.aws.table import ConditionFailedError, Insert, Item, Table, TransactionRefusedError, Update
from shared.domain.connecting import company_state
from shared.domain.connecting.company_state import CompanyState, Hold, Status
from shared.domain.feeding.start import Choice
from shared.domain.syncing.requests import SyncRequest
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable

__all__ = [
    "DUE_INDEX",
    "REQUEST_INTERVAL",
    "SCHEDULED",
    "Connection",
    "Connections",
    "DisconnectedError",
    "Hold",
    "OtherOrganisationError",
    "SigningSecret",
    "Status",
]

DUE_INDEX = "due"
SCHEDULED = "sync"  # the partition key of the index: every company that has a next sync
# The admin or the operator may repeat a request after this time.
REQUEST_INTERVAL = timedelta(minutes=1)
_TRIES = 5

type Rule = Callable[[CompanyState], CompanyState | None]


class DisconnectedError(Exception):
    """The company has been disconnected since it was read. Nothing was changed."""


class OtherOrganisationError(Exception):
    """The organisation is linked to another company, or the company to another organisation. Nothing was changed."""


class Connections:
    """All connections."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, connection_id: str) -> Connection | None:
        """Return one connection. Strongly consistent read."""
        item = self._table.get(_key(connection_id))
        return connection_of(item) if item else None

    def by_company(self, company_id: str) -> Connection | None:
        """Return the connection of a Pleo company."""
        guard = self._table.get({"id": f"COMPANY#{company_id}"})
        return self.get(guard["connection_id"]) if guard else None

    def all(self) -> Iterator[Connection]:
        """Return every connection, unordered. Reads the whole table: for the operator's command line only."""
        found = self._table.scan("begins_with(#id, :connection)", {"connection": "CONNECTION#"})
        return (connection_of(item) for item in found)

    def get_or_create(self, connection: Connection) -> Connection:
        """Create a company's connection, or return the one it already has."""
        item = _key(connection.connection_id) | attributes(connection)
        guard = {"id": f"COMPANY#{connection.company_id}", "connection_id": connection.connection_id}
        try:
            self._table.transact([Insert(guard, "id"), Insert(item, "id")])
        except TransactionRefusedError as refused:
            existing = self.by_company(connection.company_id)
            if existing is None:
                raise StoreUnavailable("another process is creating this connection") from refused
            return existing
        return connection

    def claim_organisation(self, connection: Connection, organisation_id: str, name: str) -> Connection:
        """Link a connection permanently to its organisation. Raises OtherOrganisationError."""
        if connection.organisation_id:
            if connection.organisation_id != organisation_id:
                raise OtherOrganisationError
            return connection
        guard = {"id": f"ORGANISATION#{organisation_id}", "connection_id": connection.connection_id}
        link = Update.setting(
            _key(connection.connection_id),
            {"organisation_id": organisation_id, "organisation_name": name},
            condition="#organisation_id = :none",
            values={"none": ""},
        )
        try:
            self._table.transact([Insert(guard, "id"), link])
        except TransactionRefusedError as error:
            current = self.get(connection.connection_id)
            if current is None or current.organisation_id != organisation_id:
                raise OtherOrganisationError from error
            return current
        return replace(connection, organisation_id=organisation_id, organisation_name=name)

    def change(self, connection_id: str, **changes: Any) -> Connection:
        """Set some fields of a connection and return it as it is now."""
        return self._update(connection_id, changes, condition="attribute_exists(#id)")

    def change_if_connected(self, connection_id: str, **changes: Any) -> Connection:
        """Set some fields unless the company is disconnected. Raises DisconnectedError."""
        gone = {"gone": Status.DISCONNECTED}
        try:
            return self._update(connection_id, changes, condition="#status <> :gone", values=gone)
        except ConditionFailedError as error:
            raise DisconnectedError from error

    def change_if_disconnected(self, connection: Connection, **changes: Any) -> bool:
        """Set some fields of a disconnected company; return False if it was connected since it was read."""
        condition = "#status = :gone AND #disconnected_at = :when"
        seen = {"gone": Status.DISCONNECTED, "when": connection.disconnected_at}
        return self._attempt(connection.connection_id, changes, condition=condition, values=seen)

    def postpone(self, connection: Connection, **changes: Any) -> bool:
        """Set some fields and the due time; return False if another process has set the due time since the read."""
        seen = {"seen": connection.due_at}
        return self._attempt(connection.connection_id, changes, condition="#due_at = :seen", values=seen)

    def erase_names(self, connection_id: str, delete_at: str, now: str) -> None:
        """Erase the names and stop scheduling the company, unless its deletion was cancelled or postponed."""
        self._table.attempt(
            Update.setting(
                _key(connection_id),
                {"company_name": "", "organisation_name": "", "delete_at": "", "deleted_at": now},
                remove=["schedule", "due_at"],
                condition="#delete_at = :seen",
                values={"seen": delete_at},
            )
        )

    def fix_start(self, connection_id: str, choice: Choice) -> bool:
        """Fix the start date and opening balance at the first set-up; return False if they are fixed already."""
        return self._attempt(
            connection_id,
            {"start_day": choice.day.isoformat(), "opening_minor": choice.opening},
            condition="#connected_at = :none AND (attribute_not_exists(#start_day) OR #start_day = :none)",
            values={"none": ""},
        )

    def transition(
        self, connection_id: str, rule: Rule, *, seen: Connection | None = None, **changes: Any
    ) -> Connection | None:
        """Apply a rule of shared/domain/connecting/company_state.py to a company and set fields with the same write.

        Return the connection as it is now, or None if the rule changes nothing or the company does not exist. With
        `seen`, also None if the state has changed since that read; without it, read again after another worker's write.
        """
        for _ in range(_TRIES):
            before = seen or self.get(connection_id)
            after = rule(before.state) if before else None
            if before is None or after is None:
                return None
            try:
                return self._update(
                    connection_id,
                    {**changes, "status": after.status, "hold": after.hold},
                    condition="#status = :was AND #hold = :held "
                    "AND (attribute_not_exists(#paused_at) OR #paused_at = :at)",
                    values={"was": before.status, "held": storable(before.hold), "at": before.paused_at},
                )
            except ConditionFailedError:
                if seen:
                    return None
        raise StoreUnavailable("the state of a company kept changing")

    def hold(self, connection_id: str, reason: Hold) -> bool:
        """Stop writing for a company; True if that changed its state, so that it is reported once."""
        return self.transition(connection_id, lambda state: company_state.hold(state, reason)) is not None

    def pause(self, connection_id: str, now: datetime) -> bool:
        """Stop writing for a company until support resumes it; False if it is paused already."""
        return self.transition(connection_id, company_state.pause, paused_at=utc_text(now)) is not None

    def resume(self, connection: Connection, now: datetime) -> bool:
        """Lift a company's pause and its hold; False if its state has changed since it was read.

        A company that becomes active is due at once.
        """
        due = {"due_at": utc_text(now)} if connection.status is Status.HELD else {}
        changes = {**due, "paused_at": "", "resumed_at": utc_text(now)}
        return self.transition(connection.connection_id, company_state.resume, seen=connection, **changes) is not None

    def activate(self, connection_id: str, **changes: Any) -> Connection:
        """Start writing for a company that is set up, unless it is paused. Raises DisconnectedError."""
        connection = self.transition(connection_id, company_state.activate, **changes)
        if connection is None:
            raise DisconnectedError
        return connection

    def record_request(self, connection_id: str, request: SyncRequest, now: datetime) -> bool:
        """Record a request; return False if the same was made within a minute or the company is not active."""
        requested_at = f"{request}_requested_at"
        return self._attempt(
            connection_id,
            {requested_at: utc_text(now)},
            condition=f"#status = :active AND (attribute_not_exists(#{requested_at}) OR #{requested_at} < :before)",
            values={"before": utc_text(now - REQUEST_INTERVAL), "active": Status.ACTIVE},
        )

    def lease_setup(self, connection_id: str, owner: str, until: datetime, now: datetime) -> bool:
        """Let one worker at a time set up a company or maintain its webhooks; return False while another one does."""
        return self._table.attempt(
            Update.setting(
                _key(connection_id),
                {"setup_owner": owner, "setup_until": utc_text(until)},
                condition="attribute_not_exists(#setup_until) OR #setup_until < :now OR #setup_owner = :setup_owner",
                values={"now": utc_text(now)},
            )
        )

    def release_setup(self, connection_id: str, owner: str) -> None:
        """Release the lease if `owner` holds it."""
        self._table.attempt(
            Update.setting(
                _key(connection_id),
                {},
                remove=["setup_owner", "setup_until"],
                condition="#setup_owner = :owner",
                values={"owner": owner},
            )
        )

    def due(self, now: datetime, *, page: int = 500) -> Iterator[tuple[str, str]]:
        """Return due companies as (connection id, due time), the most overdue first.

        Pages are read while the result is consumed. A company whose due time moves past `now` is not returned again.
        """
        found = self._table.query(
            "#schedule = :scheduled AND #due_at <= :now",
            {"scheduled": SCHEDULED, "now": utc_text(now)},
            IndexName=DUE_INDEX,
            Limit=page,
        )
        for item in found:
            yield item["id"].removeprefix("CONNECTION#"), item["due_at"]

    def reschedule(self, connection_id: str, seen: str, next_due: str) -> bool:
        """Set a company's due time; return False if another run has set it since `seen`."""
        return self._attempt(connection_id, {"due_at": next_due}, condition="#due_at = :seen", values={"seen": seen})

    def _update(self, connection_id: str, changes: Item, *, condition: str, values: Item | None = None) -> Connection:
        if unknown := [name for name in changes if not is_stored(name)]:
            raise TypeError(f"a connection has no {', '.join(unknown)}")  # DynamoDB would store it, and nobody read it
        stored = {name: storable(value) for name, value in changes.items()}
        update = Update.setting(_key(connection_id), stored, condition=condition, values=values)
        return connection_of(self._table.update(update))

    def _attempt(self, connection_id: str, changes: Item, *, condition: str, values: Item) -> bool:
        try:
            self._update(connection_id, changes, condition=condition, values=values)
        except ConditionFailedError:
            return False
        return True


def _key(connection_id: str) -> dict[str, str]:
    return {"id": f"CONNECTION#{connection_id}"}
