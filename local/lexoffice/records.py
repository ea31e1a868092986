"""lexoffice's records: organisations, finance accounts and their transactions."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from local.standin.wire import new_id

type TaxType = Literal["net", "gross", "vatfree"]


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One API call of an organisation, at real time `at` (seconds since the epoch)."""

    at: float
    method: str
    path: str
    status: int | None = None


@dataclass(slots=True)
class Traffic:
    """The calls of one organisation since the last reset."""

    accepted: int = 0
    too_many: int = 0
    by_route: Counter[str] = field(default_factory=Counter)
    token_refreshes: int = 0
    silent_duplicates: int = 0
    arrivals: deque[Arrival] = field(default_factory=lambda: deque(maxlen=50_000))


@dataclass(slots=True, kw_only=True)
class RefusalRule:
    """A rule that refuses matching transactions or vouchers with this reason (for example a closed period)."""

    message: str
    violation: str
    purpose_contains: str | None = None
    external_reference: str | None = None
    voucher_number: str | None = None


@dataclass(slots=True, kw_only=True)
class Organization:
    """An organisation at lexoffice. The plan decides `business_features`.

    - `denied_status` is set while the plan is downgraded.
    - `bucket_rate` and `bucket_capacity` override the switches.
    """

    company_name: str
    created: datetime
    id: str = field(default_factory=new_id)
    user_id: str = field(default_factory=new_id)
    user_name: str = "Buchhaltung"
    user_email: str = "buchhaltung@muster.example"
    tax_type: TaxType = "net"
    small_business: bool = False
    business_features: list[str] = field(default_factory=lambda: ["INVOICING", "BOOKKEEPING"])
    denied_status: int | None = None
    outage: bool = False
    bucket_rate: float | None = None
    bucket_capacity: float | None = None
    refusal_rules: list[RefusalRule] = field(default_factory=list)
    traffic: Traffic = field(default_factory=Traffic)


@dataclass(slots=True, kw_only=True)
class LexofficeAccount:
    """A finance account (https://developers.lexware.io/partner/docs/#finance-endpoint); `balance` is in EUR."""

    organization_id: str
    type: str
    account_system: str
    name: str
    bank_name: str | None
    balance: Decimal
    created: datetime
    modified: datetime
    account_holder: str | None = None
    iban: str | None = None
    bic: str | None = None
    provider: str | None = None
    external_reference: str | None = None
    deactivated: bool = False
    # A new account is read with lock version 1, although the answer to its creation says 0.
    lock_version: int = 1
    id: str = field(default_factory=new_id)
    virtual_account_id: str = field(default_factory=new_id)


@dataclass(slots=True, kw_only=True)
class Fee:
    """The fee part of a payment provider's transaction; EUR and per cent."""

    amount: Decimal
    tax_rate_percentage: int
    posting_category_id: str


@dataclass(slots=True, kw_only=True)
class Transaction:
    """A line in a finance account; `amount` in EUR, negative for an expense."""

    organization_id: str
    account_id: str
    virtual_account_id: str
    value_date: datetime | None
    booking_date: datetime | None
    purpose: str
    amount: Decimal
    created: datetime
    modified: datetime
    additional_info: str | None = None
    recipient_or_sender_name: str | None = None
    recipient_or_sender_email: str | None = None
    recipient_or_sender_iban: str | None = None
    recipient_or_sender_bic: str | None = None
    external_reference: str | None = None
    end_to_end_id: str | None = None
    fee: Fee | None = None
    lock_version: int = 0
    id: str = field(default_factory=new_id)
    # The documents that settle it: (voucher id, kind). openAmount stays null until the first one.
    assignments: list[tuple[str, Literal["invoice", "voucher"]]] = field(default_factory=list)
    open_amount: Decimal | None = None
    invisible: bool = False

    @property
    def transaction_date(self) -> datetime:
        """The value date if it is known, else the booking date."""
        found = self.value_date or self.booking_date
        assert found is not None  # noqa: S101 - checked on arrival
        return found

    @property
    def state(self) -> str | None:
        """The degree of assignment; None while nothing is assigned."""
        if self.invisible:
            return "invisible"
        if not self.assignments:
            return None
        return "partly_assigned" if self.open_amount else "completely_assigned"
