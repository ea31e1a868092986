"""Parse Pleo's accounting entries, as webhooks and the API carry them.

- Shape: `AccountingEntryV1` (https://developers.pleo.io, Accounting Entries API). `merchant.name` is missing from the
  schema but present in answers (docs/assumptions.md#pleo-merchant).
- The receiver imports this module, so it does not use pydantic.
- Unknown fields and enum values are accepted. null counts as missing.
"""

from collections.abc import Mapping
from typing import Any

from shared.domain.feeding.entry import Entry
from shared.domain.money import Money
from shared.pleo import fields
from shared.pleo.fields import MalformedFieldError


class MalformedEntryError(ValueError):
    """A field that the schema requires is missing or has the wrong type. The message names the field."""


def parse(data: object) -> Entry:
    """Parse one entry. Raises MalformedEntryError, which names the field."""
    if not isinstance(data, Mapping):
        raise MalformedEntryError("data is not an object")
    try:
        return _entry(data)
    except MalformedFieldError as error:
        raise MalformedEntryError(str(error)) from error


def _entry(data: Mapping[str, Any]) -> Entry:
    return Entry(
        id=fields.identifier(data, "id"),
        family=fields.required(data, "family"),
        sub_family=fields.optional(data, "subFamily"),
        status=fields.required(data, "status"),
        performed_at=fields.moment(data, "performedAt"),
        settled_at=fields.optional_moment(data, "settledAt"),
        updated_at=fields.moment(data, "updatedAt"),
        deleted=fields.optional_moment(data, "deletedAt") is not None,
        value=_money(data, "transactionValue"),
        bill=_money(data, "totalBillValue") if data.get("totalBillValue") is not None else None,
        merchant=_merchant(data),
    )


def _money(data: Mapping[str, Any], name: str) -> Money:
    value = data.get(name)
    if not isinstance(value, Mapping):
        raise MalformedFieldError(name, "is missing")
    minors = value.get("minors")
    if not isinstance(minors, int):
        raise MalformedFieldError(f"{name}.minors", "is not a whole number of minor units")
    try:
        currency = fields.required(value, "currency")
    except MalformedFieldError as error:
        raise MalformedFieldError(f"{name}.{error.field}", error.problem) from error
    return Money(int(fields.number(minors, f"{name}.minors")), currency)


def _merchant(data: Mapping[str, Any]) -> str:
    merchant = data.get("merchant")
    name = merchant.get("name") if isinstance(merchant, Mapping) else None
    return name if isinstance(name, str) else ""
