"""Connections in DynamoDB: one item per connected company, guards that keep it unique, running connect attempts.

Items by `id`: `CONNECTION#<connection id>`, `COMPANY#<Pleo company id>` and `ORGANISATION#<lexoffice organisation id>`
(each names the one connection it belongs to), `CATALOGUE#<connection id>` (what was synced,
shared/aws/catalogues.py), `ATTEMPT#<hash>` (a browser that is connecting, shared/aws/attempts.py), `SESSION#<hash>`
(shared/aws/sessions.py), `LIMITER#<key>` (shared/aws/limiter.py).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.aws.catalogues import Catalogues
from shared.aws.connection import Connection, SigningSecret, Status, attributes, connection_of, storable
from shared.aws.table import ConditionFailedError, Item, Table, TransactionRefusedError, Update, encode
from shared.domain.feeding.start import Choice
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable

__all__ = [
    "ACCESS_GONE",
    "AGENDA",
    "ASK_AGAIN",
    "DUE_INDEX",
    "PAUSED",
    "Connection",
    "Connections",
    "DisconnectedError",
    "OtherOrganisationError",
    "SigningSecret",
    "Status",
]

AGENDA = "sync"
DUE_INDEX = "due"
ACCESS_GONE = "access_gone"
PAUSED = "paused"
# A person may ask for the same thing so often.
ASK_AGAIN = timedelta(minutes=1)


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
                "#deleted_at = :now REMOVE #agenda, #due_at",
                names=["company_name", "organisation_name", "delete_at", "deleted_at", "agenda", "due_at"],
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

    def hold(self, connection_id: str, reason: str) -> bool:
        """Stop writing for a company; True when it was active until now (so that it is reported once).

        Access that is gone outweighs whatever it is held for already: only connecting again ends that.
        """
        condition = "#status = :active"
        values = {"held": Status.HELD.value, "reason": reason, "active": Status.ACTIVE.value}
        if reason.endswith(ACCESS_GONE):
            condition += " OR (#status = :held AND NOT contains(#hold, :gone))"
            values["gone"] = ACCESS_GONE
        return self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="SET #status = :held, #hold = :reason",
                names=["status", "hold"],
                values=values,
                condition=condition,
            )
        )

    def pause(self, connection_id: str, now: datetime) -> bool:
        """Let nothing be written for a company until it is resumed; False when that is so already.

        It outlasts every other hold, connecting again and disconnecting. A company that is held for something else goes
        on saying so: that is what its admin can do something about.
        """
        not_yet = "(attribute_not_exists(#paused_at) OR #paused_at = :none)"
        values = {"now": utc_text(now), "none": "", "active": Status.ACTIVE.value}
        held = Update(
            key={"id": f"CONNECTION#{connection_id}"},
            expression="SET #paused_at = :now, #status = :held, #hold = :paused",
            names=["paused_at", "status", "hold"],
            values={**values, "held": Status.HELD.value, "paused": PAUSED},
            condition=f"#status = :active AND {not_yet}",
        )
        noted = Update(
            key={"id": f"CONNECTION#{connection_id}"},
            expression="SET #paused_at = :now",
            names=["paused_at", "status"],
            values=values,
            condition=f"attribute_exists(#status) AND #status <> :active AND {not_yet}",
        )
        # The first once more, for a company that became active between the two.
        return any(self._attempt(each) for each in (held, noted, held))

    def resume(self, connection: Connection, now: datetime) -> bool:
        """Lift a company's pause and whatever else it is held for; False when that has changed since it was read.

        A held company is active and due at once; the next call holds it again if the cause is still there.
        """
        held = connection.status is Status.HELD
        lifted = {"status": Status.ACTIVE, "hold": "", "due_at": utc_text(now)} if held else {}
        try:
            self._update(
                connection.connection_id,
                {**lifted, "paused_at": "", "resumed_at": utc_text(now)},
                condition="#status = :was AND #hold = :seen AND (attribute_not_exists(#paused_at) OR #paused_at = :at)",
                names=["status", "hold", "paused_at"],
                values={"was": connection.status.value, "seen": connection.hold, "at": connection.paused_at},
            )
        except ConditionFailedError:
            return False
        return True

    def activate(self, connection_id: str, **changes: Any) -> Connection:
        """Set some fields of a company that is set up, and have it written for, unless it is paused.

        Raises DisconnectedError.
        """
        gone = {"gone": Status.DISCONNECTED.value, "none": ""}
        paused = "(attribute_exists(#paused_at) AND #paused_at <> :none)"
        names = ["status", "paused_at"]
        active = {**changes, "status": Status.ACTIVE, "hold": ""}
        held = {**changes, "status": Status.HELD, "hold": PAUSED}
        # The first once more, for a company that was resumed between the two.
        for fields, condition in ((active, f"NOT {paused}"), (held, paused), (active, f"NOT {paused}")):
            try:
                return self._update(
                    connection_id, fields, condition=f"#status <> :gone AND {condition}", names=names, values=gone
                )
            except ConditionFailedError:
                continue
        raise DisconnectedError

    def ask(self, connection_id: str, what: str, now: datetime) -> bool:
        """Note that a person asks for something (sync, accept, proof); False when somebody did within the last minute.

        Nobody can ask for a company that is not active.
        """
        asked_at = f"{what}_asked_at"
        return self._attempt(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression=f"SET #{asked_at} = :now",
                names=[asked_at, "status"],
                values={"now": utc_text(now), "before": utc_text(now - ASK_AGAIN), "active": Status.ACTIVE.value},
                condition=f"#status = :active AND (attribute_not_exists(#{asked_at}) OR #{asked_at} < :before)",
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
            condition="#agenda = :agenda AND #due_at <= :now",
            names=["agenda", "due_at"],
            values={"agenda": AGENDA, "now": utc_text(now)},
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
