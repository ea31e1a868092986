"""Pleo's accounting entries on the wire, as webhooks and the API carry them.

Shape: `AccountingEntryV1` (https://developers.pleo.io, Accounting Entries API), plus `merchant.name`, which clients see
but the schema lacks (docs/assumptions.md#pleo-merchant). Written without pydantic because the receiver reads it.
Unknown fields and enum values are accepted, null counts as absent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.domain.entry import Entry
from shared.domain.money import Money

_FIRST_YEAR, _LAST_YEAR = 1970, 9000


class MalformedEntryError(ValueError):
    """A field that the schema requires is missing or of the wrong type; the message names it."""


def parse(data: object) -> Entry:
    """Read one entry. Raises MalformedEntryError naming the field."""
    if not isinstance(data, Mapping):
        raise MalformedEntryError("data is not an object")
    return Entry(
        id=_identifier(data, "id"),
        company_id=_identifier(data, "companyId"),
        family=_text(data, "family"),
        sub_family=_optional_text(data, "subFamily"),
        status=_text(data, "status"),
        performed_at=_moment(data, "performedAt"),
        settled_at=_optional_moment(data, "settledAt"),
        updated_at=_moment(data, "updatedAt"),
        deleted=_optional_moment(data, "deletedAt") is not None,
        value=_money(data, "transactionValue"),
        bill=_money(data, "totalBillValue") if data.get("totalBillValue") is not None else None,
        merchant=_merchant(data),
    )


def _identifier(data: Mapping[str, Any], name: str) -> str:
    text = _text(data, name)
    # Ids become keys and references: nothing but what a UUID is made of may pass.
    if len(text) > 64 or not all(ch.isascii() and (ch.isalnum() or ch == "-") for ch in text):
        raise MalformedEntryError(f"{name} is not an id")
    return text.lower()


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEntryError(f"{name} is missing or not a text")
    # JSON can spell halves of characters ("\\ud800") that no database takes.
    if not value.isprintable():
        raise MalformedEntryError(f"{name} is not readable text")
    return value


def _optional_text(data: Mapping[str, Any], name: str) -> str | None:
    return _text(data, name) if data.get(name) is not None else None


def _moment(data: Mapping[str, Any], name: str) -> datetime:
    text = _text(data, name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedEntryError(f"{name} is not a date-time") from error
    if moment.tzinfo is None:
        raise MalformedEntryError(f"{name} has no time zone")
    # Beyond these years no time zone can be applied and text order is not time order; no payment is from there.
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise MalformedEntryError(f"{name} is not a plausible date-time")
    return moment.astimezone(UTC)


def _optional_moment(data: Mapping[str, Any], name: str) -> datetime | None:
    return _moment(data, name) if data.get(name) is not None else None


def _money(data: Mapping[str, Any], name: str) -> Money:
    value = data.get(name)
    if not isinstance(value, Mapping):
        raise MalformedEntryError(f"{name} is missing")
    minors = value.get("minors")
    if not isinstance(minors, int) or isinstance(minors, bool) or abs(minors) >= 10**15:
        raise MalformedEntryError(f"{name}.minors is not a whole number of minor units")
    try:
        return Money(minors, _text(value, "currency"))
    except MalformedEntryError as error:
        raise MalformedEntryError(f"{name}.{error}") from error


def _merchant(data: Mapping[str, Any]) -> str:
    merchant = data.get("merchant")
    name = merchant.get("name") if isinstance(merchant, Mapping) else None
    return name if isinstance(name, str) else ""
