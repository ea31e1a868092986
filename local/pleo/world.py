"""The state of the stand-in, in memory of one process."""

import secrets
from collections import Counter, deque
from dataclasses import dataclass, field

from starlette.requests import Request

from local.pleo.clock import PleoClock
from local.pleo.settings import PleoSettings
from local.pleo.switches import PleoSwitches
from local.pleo.tokens import token_rules
from local.pleo.webhooks import Webhooks
from local.pleo.wire import Json, not_found
from local.standin.faults import FaultBook
from local.standin.oauth import bearer_token
from local.standin.tokens import TokenBook

DEFAULT_COMPANY_ID = "c0000000-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class PleoCompany:
    """A legal entity with its wallet. `opening_minors` is the wallet's balance before the first entry."""

    id: str
    name: str
    currency: str = "EUR"
    opening_minors: int = 500_000


@dataclass(slots=True)
class Tally:
    """Counts of calls by `METHOD /route`, and of answers by the same plus the status."""

    calls: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class PleoWorld:
    """The state behind every route. Rows are the JSON objects that Pleo shows, keyed by their id."""

    settings: PleoSettings
    switches: PleoSwitches = field(init=False)
    clock: PleoClock = field(init=False)
    tokens: TokenBook = field(init=False)
    courier: Webhooks = field(init=False)
    tally: Tally = field(init=False)
    faults: FaultBook = field(init=False)
    companies: dict[str, PleoCompany] = field(init=False)
    installations: dict[str, Json] = field(init=False)
    subscriptions: dict[str, Json] = field(init=False)
    secrets: dict[str, str] = field(init=False)
    accounts: dict[str, Json] = field(init=False)
    tax_codes: dict[str, Json] = field(init=False)
    entries: dict[str, Json] = field(init=False)
    categories: dict[str, Json] = field(init=False)
    contra_accounts: dict[str, str] = field(init=False)  # company id → account id
    files: dict[str, Json] = field(init=False)
    file_key: bytes = field(init=False, repr=False)
    book_ids: int = field(init=False)
    jobs: dict[str, Json] = field(init=False)
    job_items: dict[str, dict[str, Json]] = field(init=False)  # job id → entry id → item
    consents: dict[str, Json] = field(init=False)
    recent_calls: dict[str, deque[float]] = field(init=False)

    def __post_init__(self) -> None:
        self.courier = Webhooks()
        self.reset()

    def reset(self) -> None:
        """Restore the initial state: one company, no connection, all switches at their defaults."""
        self.courier.reset()
        self.switches = PleoSwitches()
        self.clock = PleoClock()
        self.tokens = TokenBook(self.clock, token_rules(self.switches))
        self.tally = Tally()
        self.faults = FaultBook()
        self.companies = {DEFAULT_COMPANY_ID: PleoCompany(DEFAULT_COMPANY_ID, "Muster Handwerk GmbH")}
        self.installations, self.subscriptions, self.secrets = {}, {}, {}
        self.accounts, self.tax_codes, self.entries = {}, {}, {}
        self.categories, self.contra_accounts, self.files = {}, {}, {}
        self.jobs, self.job_items = {}, {}
        self.file_key, self.book_ids = secrets.token_bytes(32), 0
        self.consents, self.recent_calls = {}, {}

    def company(self, company_id: str) -> PleoCompany:
        """Return a company by id. Raise PleoRefusal (404) if there is none."""
        if company_id not in self.companies:
            raise not_found("Company")
        return self.companies[company_id]

    def company_behind(self, authorization: str) -> str:
        """Return the company of an `Authorization` header; "" for none."""
        grant = self.tokens.by_access_token(bearer_token(authorization))
        return grant.holder_id if grant else ""

    def disconnect(self, company_id: str) -> None:
        """End the installation and its tokens; a switch decides whether subscriptions stay."""
        self.tokens.revoke_all(company_id)
        self.installations.pop(company_id, None)
        if not self.switches.subscriptions_outlive_installation:
            for row in self.subscriptions.values():
                if row["_company"] == company_id:
                    row["deletedAt"] = self.clock.stamp()


def world_of(request: Request) -> PleoWorld:
    """Return the state of the app that serves this request."""
    world = request.app.state.world
    if not isinstance(world, PleoWorld):
        raise TypeError("create_app puts the PleoWorld here")
    return world
