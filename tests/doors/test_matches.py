"""Learning from lexoffice's stand-in what became of a suggested match, and being told when to look."""

import os
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from cloud import LEXOFFICE_KEY, Document
from samples import ENTRY_ID

from shared.aws.connections import Connections, Status
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches
from shared.aws.vouchers import Vouchers
from shared.config import SyncSettings
from shared.domain.connecting.company_state import Hold
from shared.domain.exporting.match import MatchState
from shared.errors import AccessGone, Forbidden, Unavailable
from shared.flows.connecting.subscriptions import Subscriptions
from shared.flows.exporting import hints
from shared.flows.exporting.hints import Hints, MissingHints
from shared.flows.vendors import Vendors
from shared.http.client import Http
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import NewVoucher, NewVoucherItem

from .conftest import Context, Linked

OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"
EVENTS = ["payment.changed", "token.revoked", "voucher.status.changed"]


class Books:
    """One company's lines and vouchers in lexoffice, and the flow that looks what became of them."""

    def __init__(self, company: Linked) -> None:
        self.company = company
        self.matches = Matches(company.cloud.ledger_table)
        self.ledger = Ledger(company.cloud.ledger_table)
        self.vendors = Vendors(SyncSettings.from_env(os.environ))

    @property
    def connection_id(self) -> str:
        return self.company.connection().connection_id

    @property
    def lexoffice(self) -> LexofficeClient:
        return self.vendors.lexoffice(self.company.connection(), lambda: 60.0)

    def line(self) -> str:
        """A card payment of 10 EUR that is a line in lexoffice; its entry."""
        from functions.feed import app as feed
        from functions.sync import app as sync

        entry_id = str(self.company.control_pleo("/entries", {"status": "COMPLETED", "amount": 1000})["id"])
        sync.handler(self.company.message("sync"), Context())
        feed.handler(self.company.message("feed"), Context())
        return entry_id

    def voucher(self, entry_id: str = ENTRY_ID) -> str:
        """A voucher of 10 EUR that is ours and, if its entry is a line, hinted at it; its id."""
        row = self.ledger.first_row(self.connection_id, entry_id)
        item = NewVoucherItem(
            amount=Decimal("10.00"), tax_amount=Decimal("1.60"), tax_rate_percent=19, category_id=OFFICE_SUPPLIES
        )
        voucher_id = self.lexoffice.create_voucher(
            NewVoucher(
                type="purchaseinvoice",
                voucher_number=f"V-{entry_id}",
                voucher_date=(row and row.day) or datetime.now(UTC).date(),
                total_gross_amount=Decimal("10.00"),
                total_tax_amount=Decimal("1.60"),
                voucher_items=(item,),
            )
        )
        if row:
            self.lexoffice.hint(voucher_id, row.reference)
        self.matches.register(self.connection_id, voucher_id, entry_id)
        return voucher_id

    def approve(self, voucher_id: str) -> None:
        """Somebody approves the suggestion in lexoffice."""
        self.company.control_lexoffice("proposals/approve", voucher_id=voucher_id)

    def told(self, voucher_id: str) -> None:
        """lexoffice says that something happened to a voucher."""
        assert self.matches.mark_for_review(self.connection_id, voucher_id, datetime.now(UTC))

    def look(self, seconds: float = 60.0) -> bool:
        lexoffice = self.vendors.lexoffice(self.company.connection(), lambda: seconds)
        vouchers = Vouchers(self.company.cloud.ledger_table)
        return hints.review_matches(
            self.company.connection(),
            matches=self.matches,
            ledger=self.ledger,
            missing_hints=MissingHints(
                self.connection_id,
                hints=Hints(self.connection_id, vouchers=vouchers, lexoffice=lexoffice),
                ledger=self.ledger,
                exports=Exports(self.company.cloud.ledger_table),
                vouchers=vouchers,
            ),
            lexoffice=lexoffice,
            remaining=lambda: seconds,
        )

    def state(self, voucher_id: str) -> MatchState:
        found = self.matches.get(self.connection_id, voucher_id)
        assert found is not None
        return found.state

    @property
    def waiting(self) -> list[str]:
        return [record.voucher_id for record in self.matches.waiting(self.connection_id, 25)]


@pytest.fixture
def books(company: Linked) -> Books:
    return Books(company)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls made from here on, without the last part of the path."""
    made: list[str] = []
    request = Http.request

    def noted(self: Http, method: str, path: str, **how: object) -> object:
        made.append(f"{method} {path}")
        return request(self, method, path, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Http, "request", noted)
    return made


# --- what is seen ----------------------------------------------------------------------------------------------------


def test_an_approved_suggestion_is_learnt_with_one_call(books: Books, calls: list[str]) -> None:
    voucher_id = books.voucher(books.line())
    books.approve(voucher_id)
    books.told(voucher_id)
    calls.clear()

    assert books.look() is False

    assert books.state(voucher_id) is MatchState.ACCEPTED
    assert books.waiting == []
    assert [call.rpartition("/")[2] for call in calls] == ["assignments"]


def test_an_accepted_match_is_counted_once_however_often_one_looks(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    monkeypatch.setattr(hints, "count", counted.append)
    voucher_id = books.voucher(books.line())
    books.told(voucher_id)
    books.look()
    assert counted == []
    books.approve(voucher_id)

    for _ in range(3):
        books.told(voucher_id)
        books.look()

    assert counted == ["MatchAccepted"]


def test_a_match_nobody_has_decided_on_stays_open(books: Books, calls: list[str]) -> None:
    voucher_id = books.voucher(books.line())
    books.told(voucher_id)
    calls.clear()

    books.look()

    assert (books.state(voucher_id), books.waiting) == (MatchState.OPEN, [])
    assert len(calls) == 2


def test_an_approval_that_is_undone_makes_the_match_open_again(books: Books) -> None:
    entry_id = books.line()
    voucher_id = books.voucher(entry_id)
    books.approve(voucher_id)
    books.told(voucher_id)
    books.look()
    row = books.ledger.first_row(books.connection_id, entry_id)
    assert row is not None
    books.company.control_lexoffice(f"transactions/{row.transaction_id}", unassign=True)
    books.told(voucher_id)

    books.look()

    assert books.state(voucher_id) is MatchState.OPEN


def test_a_voucher_that_was_paid_by_hand_is_settled_elsewhere(books: Books) -> None:
    voucher_id = books.voucher(books.line())
    books.company.control_lexoffice(f"vouchers/{voucher_id}", status="paid")
    books.told(voucher_id)

    books.look()

    assert books.state(voucher_id) is MatchState.ELSEWHERE


def test_without_our_lines_id_nobody_can_say_what_settled_a_voucher(books: Books) -> None:
    """lexoffice may answer to a repeated line with nothing, so some lines' ids are not known."""
    voucher_id = books.voucher()
    books.company.control_lexoffice(f"vouchers/{voucher_id}", status="paid")
    books.told(voucher_id)

    books.look()

    assert books.state(voucher_id) is MatchState.SETTLED


@pytest.mark.parametrize(
    ("order", "state"),
    [
        ({"status": "voided"}, MatchState.VOIDED),
        ({"status": "unchecked"}, MatchState.OPEN),
        ({"delete": True}, MatchState.GONE),
    ],
)
def test_a_voucher_that_is_no_longer_what_it_was(books: Books, order: Document, state: MatchState) -> None:
    voucher_id = books.voucher(books.line())
    books.company.control_lexoffice(f"vouchers/{voucher_id}", **order)
    books.told(voucher_id)

    books.look()

    assert (books.state(voucher_id), books.waiting) == (state, [])


def test_a_deleted_line_settles_nothing(books: Books) -> None:
    entry_id = books.line()
    voucher_id = books.voucher(entry_id)
    row = books.ledger.first_row(books.connection_id, entry_id)
    assert row is not None
    books.company.control_lexoffice(f"transactions/{row.transaction_id}", delete=True)
    books.told(voucher_id)

    books.look()

    assert books.state(voucher_id) is MatchState.OPEN


# --- nothing is forgotten --------------------------------------------------------------------------------------------


def test_more_matches_than_fit_into_one_query_are_all_looked_at(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_AT_ONCE", 2)
    for number in range(5):
        books.told(books.voucher(f"{ENTRY_ID[:-1]}{number}"))

    assert books.look() is False
    assert books.waiting == []


def test_an_event_that_comes_while_one_looks_is_looked_at_before_one_ends(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an event need not wake anybody as long as another match waits."""
    first, second = (books.voucher(f"{ENTRY_ID[:-1]}{number}") for number in range(2))
    books.told(first)
    read = LexofficeClient.payments

    def meanwhile(self: LexofficeClient, voucher_id: str) -> object:
        if voucher_id == first:
            books.told(second)
        return read(self, voucher_id)

    monkeypatch.setattr(LexofficeClient, "payments", meanwhile)

    assert books.look() is False
    assert books.waiting == []


def test_what_happens_to_a_match_while_one_looks_at_it_makes_one_look_again(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher_id = books.voucher(books.line())
    books.told(voucher_id)
    read = LexofficeClient.payments

    def overtaken(self: LexofficeClient, asked: str) -> object:
        answer = read(self, asked)
        monkeypatch.setattr(LexofficeClient, "payments", read)
        books.approve(voucher_id)
        books.told(voucher_id)
        return answer

    monkeypatch.setattr(LexofficeClient, "payments", overtaken)

    books.look()

    assert (books.state(voucher_id), books.waiting) == (MatchState.ACCEPTED, [])


def test_without_time_nothing_is_begun_and_nothing_is_forgotten(books: Books, calls: list[str]) -> None:
    voucher_id = books.voucher()
    books.told(voucher_id)
    calls.clear()

    assert books.look(seconds=0.0) is True

    assert (books.waiting, calls) == ([voucher_id], [])


@pytest.mark.parametrize(
    ("order", "error"), [({"outage": {"on": True}}, Unavailable), ({"downgrade": {"status": 402}}, Forbidden)]
)
def test_what_cannot_be_read_waits(books: Books, order: Document, error: type[Exception]) -> None:
    voucher_id = books.voucher()
    books.told(voucher_id)
    for name, body in order.items():
        books.company.control_lexoffice(name, **body)

    with pytest.raises(error):
        books.look()

    assert books.waiting == [voucher_id]


def test_without_access_matches_wait_and_after_connecting_again_a_sync_has_them_looked_at(books: Books) -> None:
    voucher_id = books.voucher()
    books.told(voucher_id)
    books.company.control_lexoffice("revoke")
    with pytest.raises(AccessGone):
        books.look()
    Connections(books.company.cloud.connection_table).hold(books.connection_id, Hold.LEXOFFICE_ACCESS_GONE)
    assert books.look() is False
    assert books.waiting == [voucher_id]

    books.company.connect()  # its last step is the company's sync

    assert books.company.cloud.messages("ExportQueue") == [{"connection_id": books.connection_id}]
    assert books.look() is False
    assert books.waiting == []


# --- withdrawn access ------------------------------------------------------------------------------------------------


def run_sync(company: Linked, *requests: str) -> None:
    from functions.sync import app

    assert app.handler(company.message("sync", *requests), Context()) == {"batchItemFailures": []}


def test_a_sync_that_is_asked_to_check_the_access_holds_a_company_whose_access_is_gone(company: Linked) -> None:
    company.control_lexoffice("revoke")

    run_sync(company, "check_access")

    assert (company.connection().status, company.connection().hold) == (Status.HELD, "lexoffice_access_gone")


def test_the_same_sync_does_no_harm_to_a_company_whose_access_stands(company: Linked, calls: list[str]) -> None:
    run_sync(company)
    usual = len(calls)
    calls.clear()

    run_sync(company, "check_access")

    assert company.connection().status is Status.ACTIVE
    assert len(calls) == usual + 1


def test_a_sync_that_holds_a_company_goes_on_collecting(company: Linked) -> None:
    company.control_pleo("/entries/batch", [{"status": "COMPLETED", "amount": 1000}])
    company.control_lexoffice("revoke")

    run_sync(company, "check_access")

    assert len(company.rows()) == 1


# --- subscriptions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def telling(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """The oauth door knows the key, so it subscribes."""
    monkeypatch.setenv("LEXOFFICE_WEBHOOK_KEY", LEXOFFICE_KEY)
    from functions.sync.app import _worker

    _worker.cache_clear()
    return linked


def set_up(linked: Linked, public_url: str) -> None:
    """The step of the set-up that subscribes at lexoffice, for a product that answers at this address."""
    connections = Connections(linked.cloud.connection_table)
    connection = connections.change(linked.connection().connection_id, public_url=public_url)
    vendors = Vendors(SyncSettings.from_env(os.environ))
    subscriptions_ = Subscriptions(connections=connections, key_arn=linked.cloud.key_arn, events_verifiable=True)
    subscriptions_.at_lexoffice(connection, vendors.lexoffice(connection, lambda: 60.0))


def subscriptions(linked: Linked) -> list[tuple[str, str]]:
    return sorted((row["eventType"], row["callbackUrl"]) for row in linked.organisation()["subscriptions"])


def test_a_new_company_is_subscribed_to_what_tells_of_matches_and_access(telling: Linked) -> None:
    telling.connect()

    set_up(telling, here := str(telling.lexoffice.base_url).rstrip("/"))
    set_up(telling, here)

    address = f"{here}/webhooks/lexoffice/{telling.connection().connection_id}"
    assert subscriptions(telling) == [(event, address) for event in EVENTS]


def test_when_the_product_moves_the_old_address_is_told_nothing_any_more(telling: Linked) -> None:
    telling.connect()
    set_up(telling, here := str(telling.lexoffice.base_url).rstrip("/"))

    set_up(telling, there := here.replace("127.0.0.1", "localhost"))

    address = f"{there}/webhooks/lexoffice/{telling.connection().connection_id}"
    assert subscriptions(telling) == [(event, address) for event in EVENTS]


def test_connecting_again_subscribes_again_because_subscriptions_end_with_the_access(telling: Linked) -> None:
    telling.connect()
    set_up(telling, here := str(telling.lexoffice.base_url).rstrip("/"))
    telling.control_lexoffice("revoke")
    assert subscriptions(telling) == []

    telling.connect()
    set_up(telling, here)

    assert len(subscriptions(telling)) == len(EVENTS)


def test_an_address_that_lexoffice_cannot_reach_stops_nobody_from_connecting(
    telling: Linked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert telling.connect()["statusCode"] == 303

    assert telling.connection().status is Status.ACTIVE
    assert subscriptions(telling) == []
    assert "NeedsAttention" in capsys.readouterr().out


def test_without_a_key_nothing_is_subscribed_because_nothing_could_be_believed(
    linked: Linked, calls: list[str]
) -> None:
    linked.connect()

    assert linked.connection().status is Status.ACTIVE
    assert not [call for call in calls if "event-subscriptions" in call]


def test_a_subscription_whose_answer_got_lost_is_found_when_connecting_again(telling: Linked) -> None:
    telling.connect()
    here = str(telling.lexoffice.base_url).rstrip("/")
    telling.control_lexoffice("faults", route="event-subscriptions", method="POST", kind="reset", when="after", times=9)
    with pytest.raises(Exception, match="event-subscriptions"):
        set_up(telling, here)
    telling.lexoffice.delete("/control/faults").raise_for_status()

    set_up(telling, here)

    assert len(subscriptions(telling)) == len(EVENTS)
