"""An accounting entry as the product and as Pleo write it; each test changes what it is about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shared.domain.feeding.entry import Entry
from shared.domain.money import Money

ENTRY_ID = "55555555-5555-4555-8555-555555555551"
COMPANY_ID = "11111111-1111-4111-8111-111111111111"
CONNECTION_ID = "0123456789abcdef0123456789abcdef"

_ENTRY = Entry(
    id=ENTRY_ID,
    family="CARD_PURCHASE",
    sub_family="ONLINE",
    status="COMPLETED",
    performed_at=datetime(2026, 1, 10, 12, tzinfo=UTC),
    settled_at=datetime(2026, 1, 12, 9, tzinfo=UTC),
    updated_at=datetime(2026, 1, 12, 9, tzinfo=UTC),
    deleted=False,
    value=Money(2677, "EUR"),
    bill=Money(2677, "EUR"),
    merchant="Muster Bürobedarf",
)


def entry(**changes: Any) -> Entry:
    """A settled card purchase of 26.77 EUR."""
    return replace(_ENTRY, **changes)


def pending(**changes: Any) -> Entry:
    """The same purchase before it settles."""
    return entry(
        **{"status": "PENDING", "settled_at": None, "updated_at": datetime(2026, 1, 10, 12, tzinfo=UTC)} | changes
    )


def wire(**changes: Any) -> dict[str, Any]:
    """The settled purchase as Pleo's JSON."""
    return {
        "id": ENTRY_ID,
        "companyId": COMPANY_ID,
        "family": "CARD_PURCHASE",
        "subFamily": "ONLINE",
        "status": "COMPLETED",
        "exportStatus": "NOT_EXPORTED",
        "reviewStatus": "OK",
        "performedAt": "2026-01-10T12:00:00Z",
        "settledAt": "2026-01-12T09:00:00Z",
        "bookkeepingDate": "2026-01-12T09:00:00Z",
        "createdAt": "2026-01-10T12:00:02Z",
        "updatedAt": "2026-01-12T09:00:00Z",
        "deletedAt": None,
        "transactionValue": {"currency": "EUR", "minors": 2677},
        "totalBillValue": {"currency": "EUR", "minors": 2677},
        "merchant": {"name": "Muster Bürobedarf", "merchantCategoryCode": "5943"},
        "receiptIds": [],
        "splitItems": [],
        "tags": [],
        "attendees": [],
        **changes,
    }
