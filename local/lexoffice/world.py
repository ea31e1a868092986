"""The state of the stand-in, in memory; a reset replaces all of it."""

import time
from datetime import timedelta

from local.lexoffice.bucket import TokenBucket, TokenEndpointGuard
from local.lexoffice.category_list import StoredCategory, initial_categories
from local.lexoffice.event_sender import Events, LexofficeSubscription
from local.lexoffice.records import LexofficeAccount, Organization, Transaction
from local.lexoffice.settings import LexofficeSettings, LexofficeSwitches
from local.lexoffice.tokens import token_rules
from local.lexoffice.voucher_records import Hint, StoredContact, StoredFile, StoredVoucher
from local.standin.clock import MovableClock
from local.standin.courier import Courier
from local.standin.faults import FaultBook
from local.standin.tokens import Grant, TokenBook

DEFAULT_ORGANIZATION_ID = "5f1c7c8e-2f5b-4f0c-8f5e-0d0a6b7f3a11"


class LexofficeWorld:
    """lexoffice's state. One event loop changes it, and never across an await, so it needs no locks."""

    def __init__(self, settings: LexofficeSettings) -> None:
        self.settings = settings
        self.switches = LexofficeSwitches()
        self.clock = MovableClock()
        self.faults = FaultBook()
        self.outage = False
        self.events = Events(self.clock, self.switches)
        self.grants = TokenBook(self.clock, token_rules(self.switches), self.events.end_connection)
        self.guard = TokenEndpointGuard(self.switches)
        self.token_calls = 0
        self.token_calls_refused = 0
        self.categories: list[StoredCategory] = initial_categories()
        self.organizations: dict[str, Organization] = {}
        self.accounts: dict[str, LexofficeAccount] = {}
        self.transactions: dict[str, Transaction] = {}
        self.vouchers: dict[str, StoredVoucher] = {}
        self.files: dict[str, StoredFile] = {}
        self.contacts: dict[str, StoredContact] = {}
        self.hints: dict[str, Hint] = {}  # by voucher: each has one for good
        self._references: dict[tuple[str, str], list[str]] = {}
        self._buckets: dict[tuple[str, str], TokenBucket] = {}
        self.add_organization(
            Organization(id=DEFAULT_ORGANIZATION_ID, company_name="Muster Handwerk GmbH", created=self.clock.now())
        )

    @property
    def courier(self) -> Courier[LexofficeSubscription]:
        """The courier of its events."""
        return self.events.courier

    def connections_of(self, organization_id: str) -> list[Grant]:
        """List an organisation's connections, including revoked ones, oldest first."""
        return [item for item in self.grants.grants.values() if item.holder_id == organization_id]

    def add_organization(self, organization: Organization) -> None:
        """Register an organisation that has existed for a month."""
        organization.created -= timedelta(days=30)
        self.organizations[organization.id] = organization

    def accounts_of(self, organization_id: str) -> list[LexofficeAccount]:
        """List an organisation's finance accounts, oldest first."""
        return [item for item in self.accounts.values() if item.organization_id == organization_id]

    def transactions_of(self, organization_id: str) -> list[Transaction]:
        """List an organisation's transactions in the order they arrived."""
        return [item for item in self.transactions.values() if item.organization_id == organization_id]

    def lines_of(self, account_id: str) -> list[Transaction]:
        """List an account's transactions in the order they arrived."""
        return [item for item in self.transactions.values() if item.account_id == account_id]

    def add_transaction(self, line: Transaction) -> None:
        """Store a new line."""
        self.transactions[line.id] = line
        if line.external_reference is not None:
            self._references.setdefault((line.organization_id, line.external_reference), []).append(line.id)

    def lines_with_reference(self, organization_id: str, reference: str) -> list[Transaction]:
        """List the existing lines with a reference."""
        ids = self._references.get((organization_id, reference), ())
        return [self.transactions[id_] for id_ in ids if id_ in self.transactions]

    def delete_account(self, account: LexofficeAccount) -> None:
        """Remove an account together with its transactions."""
        for line in self.lines_of(account.id):
            del self.transactions[line.id]
        del self.accounts[account.id]

    def vouchers_of(self, organization_id: str) -> list[StoredVoucher]:
        """List an organisation's vouchers in the order they arrived."""
        return [item for item in self.vouchers.values() if item.organization_id == organization_id]

    def contacts_of(self, organization_id: str) -> list[StoredContact]:
        """List an organisation's contacts in the order they arrived."""
        return [item for item in self.contacts.values() if item.organization_id == organization_id]

    def delete_voucher(self, voucher: StoredVoucher) -> None:
        """Remove a voucher together with its files."""
        for id_ in voucher.files:
            del self.files[id_]
        del self.vouchers[voucher.id]

    def bucket(self, organization: Organization, connection: Grant, endpoint: str) -> TokenBucket:
        """Return the bucket of a call by the switch `bucket_key`, at its current size."""
        keys = {
            "organization": (organization.id, ""),
            "connection": (organization.id, connection.id),
            "endpoint": (organization.id, f"{connection.id} {endpoint}"),
            "client": ("", self.settings.client_id),
        }
        rate, capacity = self._bucket_size(organization)
        bucket = self._buckets.setdefault(
            keys[self.switches.bucket_key], TokenBucket(rate, capacity, now=self._bucket_time)
        )
        bucket.resize(rate=rate, capacity=capacity)
        return bucket

    def drain_buckets(self, organization: Organization, tokens: float) -> None:
        """Take tokens from all buckets of the organisation, as another app of the customer would."""
        rate, capacity = self._bucket_size(organization)
        self._buckets.setdefault((organization.id, ""), TokenBucket(rate, capacity, now=self._bucket_time))
        for (owner, _), bucket in self._buckets.items():
            if owner in {organization.id, ""}:
                bucket.drain(tokens)

    def _bucket_size(self, organization: Organization) -> tuple[float, float]:
        rate, capacity = organization.bucket_rate, organization.bucket_capacity
        return (
            self.switches.bucket_rate if rate is None else rate,
            self.switches.bucket_capacity if capacity is None else capacity,
        )

    def _bucket_time(self) -> float:
        return time.monotonic()
