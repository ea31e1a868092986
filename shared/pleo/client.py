"""Pleo's external API, one method per call this product makes. https://developers.pleo.io

- The Export API is in `shared.pleo.exports`.
- Every method raises subclasses of `shared.errors.VendorError`. An iterator fetches its pages while it is consumed, so
  it raises them during the iteration.
- Accounting entries are returned as raw JSON objects; `shared.pleo.entries` parses them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from shared.errors import NotFound
from shared.http.call import Params
from shared.http.wire import segment
from shared.pleo.exports import ExportCalls
from shared.pleo.models import (
    AccountBatch,
    AccountFailure,
    CodedEntry,
    Company,
    Enveloped,
    Installation,
    NewAccount,
    NewTaxCode,
    PleoAccountRow,
    ResultPage,
    Secret,
    Subject,
    Subscription,
    TaxCode,
    timestamp,
)
from shared.pleo.paging import BY_ID, paginate

# https://developers.pleo.io/reference/accounts: a batch holds 1 to 1000 accounts.
_BATCH_SIZE = 1000
# https://developers.pleo.io/reference/accounting-entries: at most 100 values per filter; the states before `EXPORTED`.
_MOST_FILTERED = 100
_ENTRY_SEARCH = "/v1/accounting-entries:search"
_UNEXPORTED = ("NOT_EXPORTED", "QUEUED", "EXPORTING")


class PleoClient(ExportCalls):
    """Call Pleo for one company. `http` carries that company's access token and its share of the rate limit."""

    def introspect(self) -> Subject:
        """Return the subject of the access token: a company or an organisation."""
        return self._http.request("GET", "/v1/introspect").read(Enveloped[Subject].model_validate).data

    def company(self, company_id: str) -> Company:
        """Return one company."""
        answer = self._http.request("GET", f"/v1/companies/{segment(company_id)}")
        return answer.read(Enveloped[Company].model_validate).data

    def installation(self) -> Installation:
        """Return this product's installation at the company. Raises NotFound if it was deleted."""
        return self._http.request("GET", "/v1/installations/me").read(Installation.model_validate)

    def activate_installation(self) -> None:
        """Report to Pleo that the set-up is complete."""
        self._http.request("POST", "/v1/installations/me:activate")

    def delete_installation(self) -> None:
        """Delete the installation, which invalidates all of its tokens. Succeed if it is already deleted."""
        try:
            self._http.request("DELETE", "/v1/installations/me")
        except NotFound:
            return

    def search_accounts(self, company_id: str) -> Iterator[PleoAccountRow]:
        """Iterate over the chart of accounts, including archived accounts.

        Send one search per value of `archived`: Pleo does not document what a missing filter means
        (docs/assumptions.md#pleo-archived-filter).
        """
        seen: set[str] = set()
        for archived in (False, True):
            wanted = {
                "companyId": company_id,
                "archived": archived,
                "excludeIfAssignedToCategory": False,
                "excludeIfAssignedToContraAccount": False,
            }
            for account in paginate(
                self._http,
                ResultPage[PleoAccountRow],
                "POST",
                "/v1/chart-of-accounts:search",
                params=BY_ID,
                json=wanted,
            ):
                if account.id not in seen:
                    seen.add(account.id)
                    yield account

    def create_accounts(self, company_id: str, accounts: Sequence[NewAccount]) -> list[AccountFailure]:
        """Create accounts in batches of at most 1000. Return the accounts that Pleo did not create."""
        failures: list[AccountFailure] = []
        for some in batched(accounts, _BATCH_SIZE):
            answer = self._http.request(
                "POST",
                "/v1/chart-of-accounts/batch",
                json={"companyId": company_id, "items": [account.body() for account in some]},
            )
            failures += answer.read(Enveloped[AccountBatch].model_validate).data.failed
        return failures

    def update_account(
        self,
        account_id: str,
        *,
        name: str,
        archived: bool,
        code: str | None = None,
        tax_code_external_id: str | None = None,
    ) -> None:
        """Replace the changeable fields of an account. A field that is None is cleared; the external id is kept."""
        self._http.request(
            "PUT",
            f"/v1/chart-of-accounts/{segment(account_id)}",
            json={
                "name": name,
                "archived": archived,
                "code": code,
                "taxCodeExternalId": tax_code_external_id,
            },
            idempotent=True,
        )

    def search_tax_codes(self, company_id: str) -> Iterator[TaxCode]:
        """Iterate over all tax codes, including archived ones: Pleo documents that no filter means both."""
        params = {**BY_ID, "company_id": company_id}
        return paginate(self._http, ResultPage[TaxCode], "POST", "/v0/tax-codes:search", params=params, json={})

    def create_tax_code(self, tax_code: NewTaxCode) -> None:
        """Create a tax code. Search first: Pleo accepts duplicates."""
        self._http.request("POST", "/v0/tax-codes", json=tax_code.body())

    def update_tax_code(self, tax_code_id: str, tax_code: NewTaxCode) -> None:
        """Replace a tax code."""
        path = f"/v0/tax-codes/{segment(tax_code_id)}"
        self._http.request("PUT", path, json=tax_code.body(), idempotent=True)

    def subscriptions(self) -> Iterator[Subscription]:
        """Iterate over the company's webhook subscriptions."""
        return paginate(self._http, ResultPage[Subscription], "GET", "/v1/subscriptions", params=BY_ID)

    def create_subscription(self, endpoint_url: str, event_types: Sequence[str]) -> Subscription:
        """Create a webhook subscription that delivers these events to this address."""
        wanted = {"endpointUrl": endpoint_url, "eventTypes": list(event_types)}
        answer = self._http.request("POST", "/v1/subscriptions", json=wanted)
        return answer.read(Enveloped[Subscription].model_validate).data

    def delete_subscription(self, subscription_id: str) -> None:
        """Delete a subscription. Succeed if it is already deleted."""
        try:
            self._http.request("DELETE", f"/v1/subscriptions/{segment(subscription_id)}", idempotent=True)
        except NotFound:
            return

    def subscription_secret(self, subscription_id: str) -> str:
        """Return the secret that signs a subscription's deliveries: `whsec_` followed by base64."""
        answer = self._http.request("GET", f"/v1/subscriptions/{segment(subscription_id)}/secret")
        return answer.read(Enveloped[Secret].model_validate).data.secret_key

    def entry(self, entry_id: str) -> dict[str, Any]:
        """Return one accounting entry, even if it is deleted, as raw JSON with decimal fractions as Decimal."""
        path = f"/v1/accounting-entries/{segment(entry_id)}"
        answer = self._http.request("GET", path, params={"include_deleted": True})
        return answer.read(Enveloped[dict[str, Any]].model_validate).data

    def search_entries(
        self, company_id: str, *, settled_from: datetime, settled_to: datetime
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the entries settled in a period, oldest first, as raw JSON. Deleted entries are included.

        - Times must be timezone-aware. Raises ValueError otherwise.
        - Pleo takes whole seconds, so the period is widened to them.
        - Pleo does not document whether the ends are included (docs/assumptions.md#pleo-settled-period).
        """
        wanted = {"settled": True, "includeDeleted": True}
        return self._entries_between(company_id, "settledAt", settled_from, settled_to, wanted)

    def unsettled_entries(
        self, company_id: str, *, performed_from: datetime, performed_to: datetime
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the unsettled entries performed in a period, oldest first, as raw JSON.

        Times as in `search_entries`. The result may contain entries that never settle
        (docs/assumptions.md#pleo-pending-settlement).
        """
        wanted = {"settled": False, "includeDeleted": False}
        return self._entries_between(company_id, "performedAt", performed_from, performed_to, wanted)

    def _entries_between(
        self, company_id: str, date: str, start: datetime, end: datetime, wanted: dict[str, bool]
    ) -> Iterator[dict[str, Any]]:
        """Search for entries by one of their dates. `date` is the field's name; the result is sorted by it."""
        period = {f"{date}Start": timestamp(start), f"{date}End": timestamp(end + timedelta(microseconds=999_999))}
        params: Params = {"sorting_keys": [date, "id"], "sorting_order": ["ASC", "ASC"], "company_id": company_id}
        return paginate(
            self._http, ResultPage[dict[str, Any]], "POST", _ENTRY_SEARCH, params=params, json=wanted | period
        )

    def unexported_entries(self, company_id: str, account_ids: Sequence[str]) -> Iterator[CodedEntry]:
        """Iterate over the entries coded with any of these accounts (Pleo's ids) that are not exported yet.

        Pleo does not document whether the search finds parts of a split entry
        (docs/assumptions.md#pleo-expenses-of-account).
        """
        params: Params = {**BY_ID, "company_id": company_id}
        for some in batched(account_ids, _MOST_FILTERED):
            wanted = {"includeDeleted": False, "accountIds": list(some), "exportStatus": list(_UNEXPORTED)}
            yield from paginate(self._http, ResultPage[CodedEntry], "POST", _ENTRY_SEARCH, params=params, json=wanted)
