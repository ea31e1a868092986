"""Connections in DynamoDB: one item per connected company, guards that keep it unique, running connect attempts.

Items by `id`: `CONNECTION#<connection id>`, `COMPANY#<Pleo company id>` and `ORGANISATION#<lexoffice organisation id>`
(each names the one connection it belongs to), `CATALOGUE#<connection id>` (what was synced,
shared/aws/catalogues.py), `ATTEMPT#<hash>` (a browser that is connecting, shared/aws/attempts.py), `SESSION#<hash>`
(shared/aws/sessions.py), `LIMITER#<key>` (shared/aws/limiter.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.aws.catalogues import Catalogues
from shared.aws.connection import Connection, SigningSecret, attributes, connection_of, storable
from shared.aws.table import ConditionFailedError, Item, Table, TransactionRefusedError, Update, encode
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
# A person may repeat a request after this time.
REQUEST_INTERVAL = timedelta(minutes=1)
_TRIES = 5

type Rule = Callable[[CompanyState], CompanyState | None]


class DisconnectedError(Exception):
    """Somebody has disconnected the company meanwhile; nothing was changed."""


class OtherOrganisationError(Exception):
    """The organisation, or the company, is already linked to somebody else; nothing was changed."""


class Connections:
    """All connections."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)
        self.catalogues = Catalogues(self._table)

    def get(self, connection_id: str) -> Connection | None:
        """Read one connection consistently."""
        item = self._table.get({"id": f"CONNECTION#{connection_id}"})
        return connection_of(item) if item else None

    def by_company(self, company_id: str) -> Connection | None:
        """The connection of a Pleo company."""
        guard = self._table.get({"id": f"COMPANY#{company_id}"})
        return self.get(guard["connection_id"]) if guard else None

    def all(self) -> Iterator[Connection]:
        """Every connection, in no order: reads the whole table, for the operator's command line only."""
        found = self._table.scan("begins_with(#id, :connection)", names=["id"], values={"connection": "CONNECTION#"})
        return (connection_of(item) for item in found)

    def get_or_create(self, connection: Connection) -> Connection:
        """Create a company's connection, or return the one it already has."""
        item = {"id": f"CONNECTION#{connection.connection_id}", **attributes(connection)}
        guard = {"id": f"COMPANY#{connection.company_id}", "connection_id": connection.connection_id}
        try:
            self._table.transact([self._new(guard), self._new(item)])
        except TransactionRefusedError as refused:
            existing = self.by_company(connection.company_id)
            if existing is None:
                raise StoreUnavailable("somebody else is opening this connection") from refused
            return existing
        return connection

    def claim_organisation(self, connection: Connection, organisation_id: str, name: str) -> Connection:
        """Link a connection to its organisation, once and for good. Raises OtherOrganisationError."""
        if connection.organisation_id:
            if connection.organisation_id != organisation_id:
                raise OtherOrganisationError
            return connection
        guard = {"id": f"ORGANISATION#{organisation_id}", "connection_id": connection.connection_id}
        link = Update(
            key={"id": f"CONNECTION#{connection.connection_id}"},
            expression="SET #organisation_id = :organisation, #organisation_name = :name",
            names=["organisation_id", "organisation_name"],
            values={"organisation": organisation_id, "name": name, "nobody": ""},
            condition="#organisation_id = :nobody",
        )
        try:
            self._table.transact([self._new(guard), {"Update": link.request(self._table.name)}])
        except TransactionRefusedError as error:
            current = self.get(connection.connection_id)
            if current is None or current.organisation_id != organisation_id:
                raise OtherOrganisationError from error
            return current
        return replace(connection, organisation_id=organisation_id, organisation_name=name)

    def change(self, connection_id: str, **changes: Any) -> Connection:
        """Set some fields of a connection and return it as it is now."""
        return self._update(connection_id, changes, condition="attribute_exists(#id)", names=["id"], values={})

    def change_if_connected(self, connection_id: str, **changes: Any) -> Connection:
        """The same, unless the company is disconnected. Raises DisconnectedError."""
        gone = {"gone": Status.DISCONNECTED.value}
        try:
            return self._update(connection_id, changes, condition="#status <> :gone", names=["status"], values=gone)
        except ConditionFailedError as error:
            raise DisconnectedError from error

    def change_if_disconnected(self, connection: Connection, **changes: Any) -> bool:
        """The same for a disconnected company; False when it is coming back, or has left again, since it was read."""
        seen = {"gone": Status.DISCONNECTED.value, "when": connection.disconnected_at}
        try:
            self._update(
                connection.connection_id,
                changes,
                condition="#status = :gone AND #disconnected_at = :when",
                names=["status", "disconnected_at"],
                values=seen,
            )
        except ConditionFailedError:
            return False
        return True

    def postpone(self, connection: Connection, **changes: Any) -> bool:
        """The same for a company on the agenda; False when somebody else has set its due time since it was read."""
        try:
            self._update(
                connection.connection_id,
                changes,
                condition="#due_at = :seen",
                names=["due_at"],
                values={"seen": connection.due_at},
            )
        except ConditionFailedError:
            return False
        return True

    def _update(
        self, connection_id: str, changes: Item, *, condition: str, names: list[str], values: Item
    ) -> Connection:
        stored = {name: storable(value) for name, value in changes.items()}
        update = Update(
            key={"id": f"CONNECTION#{connection_id}"},
            expression="SET " + ", ".join(f"#{name} = :{name}" for name in stored),
            names=list({*stored, *names}),
            values={**stored, **values},
            condition=condition,
        )
        return connection_of(self._table.update(update))

    def erase_names(self, connection_id: str, delete_at: str, now: str) -> None:
        """Erase the names and leave the agenda, unless another deletion is due or none is (any more)."""
        self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="SET #company_name = :none, #organisation_name = :none, #delete_at = :none, "
                "#deleted_at = :now REMOVE #schedule, #due_at",
                names=["company_name", "organisation_name", "delete_at", "deleted_at", "schedule", "due_at"],
                values={"none": "", "now": now, "seen": delete_at},
                condition="#delete_at = :seen",
            )
        )

    def fix_start(self, connection_id: str, choice: Choice) -> bool:
        """Fix from when on entries become lines, at the first set-up; False when that is fixed already."""
        return self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="SET #start_day = :day, #opening_minor = :opening",
                names=["start_day", "opening_minor", "connected_at"],
                values={"day": choice.day.isoformat(), "opening": choice.opening, "none": ""},
                condition="#connected_at = :none AND (attribute_not_exists(#start_day) OR #start_day = :none)",
            )
        )

    def transition(
        self, connection_id: str, rule: Rule, *, seen: Connection | None = None, **changes: Any
    ) -> Connection | None:
        """Apply a rule of shared/domain/connecting/company_state.py to a company and set fields with the same write.

        Return the connection as it is now, or None if the rule changes nothing or the company does not exist. With
        `seen`, also None if the state has changed since that read. Another worker's write in between is read again.
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
                    names=["status", "hold", "paused_at"],
                    values={"was": before.status.value, "held": storable(before.hold), "at": before.paused_at},
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
        """Record a person's request; False if the same was requested within a minute or the company is not active."""
        requested_at = f"{request}_requested_at"
        return self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression=f"SET #{requested_at} = :now",
                names=[requested_at, "status"],
                values={
                    "now": utc_text(now),
                    "before": utc_text(now - REQUEST_INTERVAL),
                    "active": Status.ACTIVE.value,
                },
                condition=f"#status = :active AND (attribute_not_exists(#{requested_at}) OR #{requested_at} < :before)",
            )
        )

    def lease_setup(self, connection_id: str, owner: str, until: datetime, now: datetime) -> bool:
        """Let one worker at a time set a company up or see to its webhooks; False while another one does."""
        return self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="SET #setup_owner = :owner, #setup_until = :until",
                names=["setup_owner", "setup_until"],
                values={"owner": owner, "until": utc_text(until), "now": utc_text(now)},
                condition="attribute_not_exists(#setup_until) OR #setup_until < :now OR #setup_owner = :owner",
            )
        )

    def release_setup(self, connection_id: str, owner: str) -> None:
        """Give the lease back; somebody else's is left alone."""
        self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="REMOVE #setup_owner, #setup_until",
                names=["setup_owner", "setup_until"],
                values={"owner": owner},
                condition="#setup_owner = :owner",
            )
        )

    def due(self, now: datetime, *, page: int = 500) -> Iterator[tuple[str, str]]:
        """Companies whose turn has come, as (connection id, when it was due), oldest first.

        Read page by page while it is consumed. A company whose due time moves behind `now` meanwhile is not met again.
        """
        found = self._table.query(
            condition="#schedule = :scheduled AND #due_at <= :now",
            names=["schedule", "due_at"],
            values={"scheduled": SCHEDULED, "now": utc_text(now)},
            IndexName=DUE_INDEX,
            Limit=page,
        )
        for item in found:
            yield item["id"].removeprefix("CONNECTION#"), item["due_at"]

    def reschedule(self, connection_id: str, seen: str, next_due: str) -> bool:
        """Move a company's due time; False when another run was faster."""
        return self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="SET #due_at = :next",
                names=["due_at"],
                values={"next": next_due, "seen": seen},
                condition="#due_at = :seen",
            )
        )

    def _attempt(self, update: Update) -> bool:
        try:
            self._table.update(update)
        except ConditionFailedError:
            return False
        return True

    def _new(self, item: Item) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table.name,
                "Item": encode(item),
                "ConditionExpression": "attribute_not_exists(#id)",
                "ExpressionAttributeNames": {"#id": "id"},
            }
        }
