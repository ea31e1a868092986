"""Connections in DynamoDB: one item per connected company, guards that keep it unique, running connect attempts.

Items by `id`: `CONNECTION#<connection id>`, `COMPANY#<Pleo company id>` and `ORGANISATION#<lexoffice organisation id>`
(each names the one connection it belongs to), `CATALOGUE#<connection id>` (what was synced), `ATTEMPT#<hash>` (a
browser that is connecting, shared/aws/attempts.py), `LIMITER#<key>` (shared/aws/limiter.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.aws.table import ConditionFailedError, Item, Table, TransactionRefusedError, Update, encode
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable

AGENDA = "sync"
DUE_INDEX = "due"


class Status(StrEnum):
    """Where a connection stands. Only an active one writes to lexoffice; every one goes on collecting."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"


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
    `lexoffice_access_gone`, `plan`, `account_missing`).
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
    connected_at: str = ""
    caught_up_to: str = ""
    seen_days: Mapping[str, str] = field(default_factory=dict)
    catalogue_at: str = ""
    receipts_at: str = ""
    due_at: str = ""

    @property
    def account_reference(self) -> str:
        """Our own reference of the finance account that represents this company's wallet."""
        return f"pleo-wallet-{self.company_id}"


class OtherOrganisationError(Exception):
    """The organisation, or the company, is already linked to somebody else; nothing was changed."""


class Connections:
    """All connections."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, connection_id: str) -> Connection | None:
        """Read one connection consistently."""
        item = self._table.get({"id": f"CONNECTION#{connection_id}"})
        return _connection(item) if item else None

    def of_company(self, company_id: str) -> Connection | None:
        """The connection of a Pleo company."""
        guard = self._table.get({"id": f"COMPANY#{company_id}"})
        return self.get(guard["connection_id"]) if guard else None

    def open(self, connection: Connection) -> Connection:
        """Create a company's connection, or return the one it already has."""
        item = {"id": f"CONNECTION#{connection.connection_id}", **_attributes(connection)}
        guard = {"id": f"COMPANY#{connection.company_id}", "connection_id": connection.connection_id}
        try:
            self._table.transact([self._new(guard), self._new(item)])
        except TransactionRefusedError as refused:
            existing = self.of_company(connection.company_id)
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
        stored = {name: _stored(value) for name, value in changes.items()}
        return _connection(
            self._table.update(
                Update(
                    key={"id": f"CONNECTION#{connection_id}"},
                    expression="SET " + ", ".join(f"#{name} = :{name}" for name in stored),
                    names=[*stored, "id"],
                    values=stored,
                    condition="attribute_exists(#id)",
                )
            )
        )

    def hold(self, connection_id: str, reason: str) -> bool:
        """Stop writing for a company; True when it was active until now (so that it is reported once)."""
        try:
            self._table.update(
                Update(
                    key={"id": f"CONNECTION#{connection_id}"},
                    expression="SET #status = :held, #hold = :reason",
                    names=["status", "hold"],
                    values={"held": Status.HELD.value, "reason": reason, "active": Status.ACTIVE.value},
                    condition="#status = :active",
                )
            )
        except ConditionFailedError:
            return False
        return True

    def catalogue(self, connection_id: str) -> dict[str, str]:
        """The accounts this product synced into Pleo last time, as external id → name."""
        item = self._table.get({"id": f"CATALOGUE#{connection_id}"}) or {}
        return dict(item.get("accounts", {}))

    def remember_catalogue(self, connection_id: str, accounts: Mapping[str, str]) -> None:
        """Remember what was synced."""
        self._table.put({"id": f"CATALOGUE#{connection_id}", "accounts": dict(accounts)})

    def lease_setup(self, connection_id: str, owner: str, until: datetime, now: datetime) -> bool:
        """Let one browser at a time set a company up; False while another one does."""
        return self._try(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="SET #setup_owner = :owner, #setup_until = :until",
                names=["setup_owner", "setup_until"],
                values={"owner": owner, "until": utc_text(until), "now": utc_text(now)},
                condition="attribute_not_exists(#setup_until) OR #setup_until < :now OR #setup_owner = :owner",
            )
        )

    def end_setup(self, connection_id: str, owner: str) -> None:
        """Give the lease back; somebody else's is left alone."""
        self._try(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="REMOVE #setup_owner, #setup_until",
                names=["setup_owner", "setup_until"],
                values={"owner": owner},
                condition="#setup_owner = :owner",
            )
        )

    def due(self, now: datetime, limit: int) -> list[tuple[str, str]]:
        """Companies whose turn has come, as (connection id, when it was due), oldest first."""
        found = self._table.query(
            condition="#agenda = :agenda AND #due_at <= :now",
            names=["agenda", "due_at"],
            values={"agenda": AGENDA, "now": utc_text(now)},
            IndexName=DUE_INDEX,
            Limit=limit,
        )
        return [
            (item["id"].removeprefix("CONNECTION#"), item["due_at"])
            for _, item in zip(range(limit), found, strict=False)
        ]

    def take_turn(self, connection_id: str, seen: str, next_due: str) -> bool:
        """Move a company's due time; False when another run was faster."""
        return self._try(
            Update(
                key={"id": f"CONNECTION#{connection_id}"},
                expression="SET #due_at = :next",
                names=["due_at"],
                values={"next": next_due, "seen": seen},
                condition="#due_at = :seen",
            )
        )

    def _try(self, update: Update) -> bool:
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


def _attributes(connection: Connection) -> Item:
    attributes = {each.name: _stored(getattr(connection, each.name)) for each in fields(connection)}
    return {name: value for name, value in attributes.items() if name != "due_at" or value}


def _stored(value: Any) -> Any:
    if isinstance(value, Status):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [{"subscription_id": secret.subscription_id, "sealed": secret.sealed} for secret in value]
    return value


def _connection(item: Item) -> Connection:
    known = {each.name: item[each.name] for each in fields(Connection) if each.name in item}
    secrets = tuple(SigningSecret(**secret) for secret in known.get("secrets", []))
    return Connection(**{**known, "status": Status(known["status"]), "secrets": secrets})
