"""lexoffice's partner API, one method per call this product makes. https://developers.lexware.io/partner/docs

- Vouchers, receipts, hints, payments and contacts are in `shared.lexoffice.vouchers`.
- Every method raises subclasses of `shared.errors.VendorError`.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from shared.errors import Conflict, NotFound
from shared.http.answer import HttpAnswer
from shared.http.wire import segment
from shared.lexoffice.models import (
    Assignment,
    Created,
    EventSubscription,
    FinanceAccount,
    FinanceTransaction,
    Listed,
    NewFinanceAccount,
    NewFinanceTransaction,
    PostingCategory,
    Profile,
    money,
)
from shared.lexoffice.vouchers import VoucherCalls

# https://developers.lexware.io/partner/docs/#finance-endpoint: lexoffice accepts or refuses a batch as a whole.
MOST_TRANSACTIONS = 25

# A PUT clears missing fields. Send these fields unchanged; besides balance and lockVersion, a PUT can change no others.
_KEPT_ON_UPDATE = (
    "type",
    "name",
    "bankName",
    "accountHolder",
    "externalReference",
    "iban",
    "bic",
    "provider",
    "creditCardNumber",
)

_ACCOUNTS = TypeAdapter(list[FinanceAccount])
_TRANSACTIONS = TypeAdapter(list[FinanceTransaction])
_CATEGORIES = TypeAdapter(list[PostingCategory])
_ASSIGNMENTS = TypeAdapter(list[Assignment])


class LexofficeClient(VoucherCalls):
    """Call lexoffice for one connection. `http` carries its access token and its share of the rate limit."""

    def profile(self) -> Profile:
        """Return the connection's organisation."""
        return self._http.request("GET", "/v1/profile").read(Profile.model_validate)

    def finance_accounts(self, external_reference: str) -> list[FinanceAccount]:
        """Return the finance accounts with this external reference.

        The reference is compared here as well: lexoffice ignores unknown query parameters and would then return every
        account of the customer.
        """
        params = {"externalReference": external_reference}
        found = self._http.request("GET", "/v1/finance/accounts", params=params).read(_ACCOUNTS.validate_python)
        return [account for account in found if account.external_reference == external_reference]

    def finance_account(self, account_id: str) -> FinanceAccount:
        """Return one finance account."""
        return self._account(account_id).read(FinanceAccount.model_validate)

    def create_finance_account(self, account: NewFinanceAccount) -> str:
        """Create a finance account and return its id. Search first: lexoffice accepts duplicates."""
        answer = self._http.request("POST", "/v1/finance/accounts", json=account.body())
        return answer.read(Created.model_validate).id

    def set_balance(self, account_id: str, balance: Decimal) -> None:
        """Set an account's balance in euros and change nothing else. lexoffice does not compute the balance.

        Retry once if the account was changed between reading and writing. Raises Conflict after the second failure.
        """
        try:
            self._write_balance(account_id, balance)
        except Conflict:
            self._write_balance(account_id, balance)

    def post_transactions(self, transactions: Sequence[NewFinanceTransaction]) -> list[FinanceTransaction]:
        """Create 1 to 25 lines in one call and return them as lexoffice stored them, in any order.

        - A line whose external reference exists is not changed. lexoffice returns the existing line, or omits it
          (docs/assumptions.md#lexoffice-duplicates).
        - Raises Rejected if lexoffice refuses the batch. No line is created then.
        - Raises ValueError for another number of lines, or for two lines with the same reference.
        """
        sent = [transaction.external_reference for transaction in transactions]
        if not 1 <= len(sent) <= MOST_TRANSACTIONS or len(set(sent)) < len(sent):
            raise ValueError(f"a batch holds 1 to {MOST_TRANSACTIONS} lines with different references")
        lines = [transaction.body() for transaction in transactions]
        return self._http.request("POST", "/v1/finance/transactions", json=lines).read(_TRANSACTIONS.validate_python)

    def assignments(self, transaction_id: str) -> list[Assignment]:
        """Return the documents that a line is assigned to; empty until the customer accepts a suggestion."""
        answer = self._http.request("GET", f"/v1/finance/transactions/{segment(transaction_id)}/assignments")
        return answer.read(_ASSIGNMENTS.validate_python)

    def posting_categories(self) -> list[PostingCategory]:
        """Return all posting categories, income and outgo. The endpoint has no pagination."""
        return self._http.request("GET", "/v1/posting-categories").read(_CATEGORIES.validate_python)

    def event_subscriptions(self) -> list[EventSubscription]:
        """Return the event subscriptions of the connection. They end when its token is revoked."""
        answer = self._http.request("GET", "/v1/event-subscriptions")
        return answer.read(Listed[EventSubscription].model_validate).content

    def subscribe(self, event_type: str, callback_url: str) -> None:
        """Subscribe an https address to an event. lexoffice calls the address at once to test it.

        - Raises Conflict if the event is already subscribed.
        - Raises Rejected if the address does not answer the test as expected.
        """
        wanted = {"eventType": event_type, "callbackUrl": callback_url}
        self._http.request("POST", "/v1/event-subscriptions", json=wanted)

    def unsubscribe(self, subscription_id: str) -> None:
        """Delete a subscription. Succeed if it is already deleted."""
        try:
            self._http.request("DELETE", f"/v1/event-subscriptions/{segment(subscription_id)}", idempotent=True)
        except NotFound:
            return

    def _account(self, account_id: str) -> HttpAnswer:
        return self._http.request("GET", f"/v1/finance/accounts/{segment(account_id)}")

    def _write_balance(self, account_id: str, balance: Decimal) -> None:
        answer = self._account(account_id)
        account = answer.read(FinanceAccount.model_validate)
        if account.balance == balance:
            return
        current: dict[str, Any] = answer.json()
        update = {name: current[name] for name in _KEPT_ON_UPDATE if current.get(name) is not None}
        update |= {"balance": money(balance), "lockVersion": account.lock_version}
        self._http.request("PUT", f"/v1/finance/accounts/{segment(account_id)}", json=update)
