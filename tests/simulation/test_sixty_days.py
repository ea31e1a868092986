"""Sixty days of one company in virtual time, with everything going wrong that may: at the end every cent is explained.

From 2 June to 1 August 2020, because in these days the German VAT rates changed by law. People pay, get refunds, load
the wallet, code, export and hand in receipts late; tokens live as long as in life; webhooks get lost; categories drift;
the access is withdrawn; lexoffice is away for longer than any queue keeps a message.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bench.export_harness import Latency
from bench.export_product import LEXOFFICE, PLEO, Product, at_work
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo import wallet
from local.pleo.wire import Json
from local.pleo.world import DEFAULT_COMPANY_ID
from shared.aws.proofs import Proofs

# One run for all tests, in one process.
pytestmark = pytest.mark.xdist_group("sixty-days")
START = datetime(2020, 6, 2, 6, tzinfo=UTC)
DAYS = 60
HOUR = 3600.0
LOWERED = date(2020, 7, 1)
OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"
INTERNET = "b3a1f841-fd90-11e1-a21f-0800200c9a66"
WITHOUT_VOUCHER = {"WALLET", "OUT_OF_POCKET", "REIMBURSEMENT"}


@dataclass(slots=True)
class Company:
    """What the company's people do; the same in every run."""

    product: Product
    chance: random.Random = field(default_factory=lambda: random.Random(60))  # noqa: S311 - a story, no secret
    pending: list[str] = field(default_factory=list)
    without_receipt: list[str] = field(default_factory=list)
    # What could be seen on the way, by name.
    seen: dict[str, Any] = field(default_factory=dict)
    webhooks: bool = True

    @property
    def today(self) -> date:
        """By the virtual clock."""
        return datetime.fromtimestamp(self.product.clock.time(), UTC).date()

    def spend_a_day(self) -> None:
        """Ten hours of payments and whatever else moves the wallet."""
        self._settle_what_is_pending()
        for _ in range(self.chance.randint(0, 3)):
            self.product.clock.sleep(HOUR * self.chance.uniform(0.5, 2.5))
            self._pay()
        if self.today.day % 7 == 0:
            self._enter(family="WALLET", subFamily="LOAD", amount=150_000)
            self._enter(family="PLEO_INVOICE", amount=4_900)
        if self.today.day % 9 == 0:
            self._enter(family="OUT_OF_POCKET", amount=1_200)
            self._enter(family="REIMBURSEMENT", subFamily="REIMBURSEMENT_TO_EMPLOYEE", amount=1_200)
        if self.today.day % 11 == 0:
            self._correct()

    def export(self, *, coded: bool = False) -> None:
        """The bookkeeper codes what is in the queue, unless it is, and clicks; missing receipts come, too."""
        for entry_id in self.without_receipt:
            if self._row(entry_id)["exportStatus"] != "EXPORTING":
                self._do(f"/entries/{entry_id}/bookkeeping", {"add_files": [{"kind": "pdf"}]})
        self.without_receipt.clear()
        ids = [row["id"] for row in self._queue()]
        for entry_id in ids if not coded else ():
            self._code(entry_id)
        if ids:
            self._do("/export", {"entry_ids": ids})

    def remove_a_category_in_use(self) -> None:
        """Expenses are coded with it, it disappears, the lists are synced, and only then somebody exports."""
        for number, row in enumerate(self._queue()):
            self._code(row["id"], INTERNET if number % 2 else OFFICE_SUPPLIES)
        self.product.control_lexoffice("/categories", {"action": "remove", "id": INTERNET})
        self.product.reschedule("sync_catalogue")
        self.export(coded=True)

    def offered(self) -> set[str]:
        """The tax codes that a bookkeeper can choose now."""
        return {row["code"] for row in self.product.pleo_world.tax_codes.values() if not row["archived"]}

    def _pay(self) -> None:
        amount = self.chance.randint(100, 60_000)
        if self.chance.random() < 0.1:
            self._enter(amount=min(amount, 3_000), refund=True)
        elif self.chance.random() < 0.2:
            self.pending.append(self._enter(settled=False, amount=amount))
        else:
            self._enter(amount=amount)

    def _settle_what_is_pending(self) -> None:
        for entry_id in self.pending:
            # Hotels and petrol stations settle another amount than they reserved.
            minors = self._row(entry_id)["totalBillValue"]["minors"] + self.chance.choice([0, 0, 150])
            self._do(f"/entries/{entry_id}/settle", {"billMinors": minors, "settledAt": self._now()})
        self.pending.clear()

    def _correct(self) -> None:
        """Pleo changes the amount of a payment of the last days that nobody has exported yet."""
        fit = [row for row in self._queue() if row["family"] == "CARD_PURCHASE" and row["totalBillValue"]["minors"] > 0]
        if fit:
            row = self.chance.choice(fit[-5:])
            bill = row["totalBillValue"] | {"minors": row["totalBillValue"]["minors"] + 99}
            self.product.pleo.patch(f"/control/entries/{row['id']}", json={"totalBillValue": bill}).raise_for_status()
            self._tell()

    def _enter(self, *, settled: bool = True, **order: object) -> str:
        when = {"settledAt": self._now()} if settled else {}
        return str(self._do("/entries", order | when)["id"])

    def _code(self, entry_id: str, category: str = "") -> None:
        """By the rates that hold on the day of settlement; what is not coded by its old category gets another one."""
        settled = date.fromisoformat(self._row(entry_id)["settledAt"][:10])
        rates = ("DE-19", "DE-7") if settled < LOWERED else ("DE-16", "DE-5")
        files = [{"kind": "pdf"}] if self.chance.random() < 0.8 else []
        order = {
            "account_external_id": category or self._category(),
            "tax_code": self.chance.choice(rates),
            "files": files,
        }
        self._do(f"/entries/{entry_id}/bookkeeping", order)
        if not files:
            self.without_receipt.append(entry_id)

    def _category(self) -> str:
        rows = self.product.pleo_world.accounts.values()
        open_ = {row["externalId"] for row in rows if not row["archived"]}
        return self.chance.choice(sorted({OFFICE_SUPPLIES, INTERNET} & open_))

    def _queue(self) -> list[Json]:
        rows = self.product.pleo_world.entries.values()
        waiting = {"NOT_EXPORTED", "QUEUED"}
        return [
            row
            for row in rows
            if row["exportStatus"] in waiting and wallet.effect(row) and row["family"] not in WITHOUT_VOUCHER
        ]

    def _row(self, entry_id: str) -> Json:
        row: Json = self.product.pleo_world.entries[entry_id]
        return row

    def _now(self) -> str:
        return self.product.pleo_world.clock.stamp()

    def _do(self, path: str, order: Json) -> Any:
        """Something in Pleo, and the webhooks it makes, which arrive or are lost."""
        answer = self.product.control_pleo(path, order)
        self._tell()
        return answer

    def _tell(self) -> None:
        if self.webhooks:
            self.product.deliver()
        else:
            self.product.vendors.outbox.clear()


def live(company: Company) -> None:
    """The sixty days, one after another; what happens in the morning of a day stands in `EVENTS`."""
    product = company.product
    account_id = next(iter(product.lexoffice_world.accounts))
    product.control_pleo("/contra-account", {"account_external_id": account_id})
    company.seen["codes at first"] = company.offered()
    for day in range(DAYS):
        midnight = START.timestamp() + (day + 1) * 24 * HOUR
        if happens := EVENTS.get(day):
            happens(company)
        company.spend_a_day()
        if day % 5 == 4:
            company.export()
        product.clock.sleep(midnight - product.clock.time())
    company.seen["codes at last"] = company.offered()
    for _ in range(3):
        company.export()
        product.clock.sleep(24 * HOUR)


def lose_webhooks(company: Company) -> None:
    """Nothing that Pleo tells arrives from now on."""
    company.webhooks = False


def hear_webhooks(company: Company) -> None:
    """Webhooks arrive again."""
    company.webhooks = True


def rename(company: Company) -> None:
    """A category gets another name in lexoffice."""
    order = {"action": "rename", "id": OFFICE_SUPPLIES, "name": "Papier"}
    company.product.control_lexoffice("/categories", order)


def bring_back(company: Company) -> None:
    """The category that was removed exists again."""
    order = {"action": "add", "id": INTERNET, "name": "Internet", "type": "outgo"}
    company.product.control_lexoffice("/categories", order)


def revoke(company: Company) -> None:
    """The admin withdraws our access to lexoffice."""
    company.product.control_lexoffice("/revoke", {})


def reconnect(company: Company) -> None:
    """The admin connects again."""
    company.seen["held"] = company.product.connection().hold
    company.product.connect()


def leave(company: Company) -> None:
    """lexoffice is away."""
    company.product.control_lexoffice("/outage", {"on": True})


def come_back(company: Company) -> None:
    """lexoffice is there again."""
    company.seen["waited"] = len(unfed(company.product))
    company.product.control_lexoffice("/outage", {"on": False})


def leave_for_hours(company: Company) -> None:
    """A short outage, and payments while it lasts."""
    leave(company)
    company.product.clock.sleep(3 * HOUR)
    company.product.control_lexoffice("/outage", {"on": False})


def pleo_leaves(company: Company) -> None:
    """Pleo's API is away and tells nothing."""
    lose_webhooks(company)
    company.product.control_pleo("/faults", {"route": "^/v", "status": 503, "times": None})


def pleo_returns(company: Company) -> None:
    """Pleo is there again."""
    hear_webhooks(company)
    company.product.pleo.delete("/control/faults").raise_for_status()


# By day, counted from the first. The long outage lasts longer than a queue keeps a message.
EVENTS: dict[int, Callable[[Company], None]] = {
    5: rename,
    14: lose_webhooks,
    18: hear_webhooks,
    22: Company.remove_a_category_in_use,
    24: bring_back,
    26: revoke,
    29: reconnect,
    33: leave_for_hours,
    38: leave,
    44: come_back,
    50: pleo_leaves,
    51: pleo_returns,
}


def unfed(product: Product) -> list[str]:
    """Entries that moved the wallet and are no line yet."""
    return [key for key, cents in wanted_lines(product).items() if not lines(product)[key] and cents]


def wanted_lines(product: Product) -> dict[str, int]:
    """What the lines of each entry must add up to, in cents, by what Pleo's stand-in says moved the wallet."""
    rows = product.pleo_world.entries.values()
    return {row["id"]: wallet.effect(row) for row in rows if row["family"] in {"CARD_PURCHASE", "PLEO_INVOICE"}}


def lines(product: Product) -> Counter[str]:
    """The cents of each entry's lines in lexoffice."""
    found: Counter[str] = Counter()
    for line in product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID):
        entry_id = (line.external_reference or "").removeprefix("pleo-")[:36]
        found[entry_id] += round(line.amount * 100)
    return found


@pytest.fixture(scope="module")
def sixty_days() -> Iterator[Company]:
    with at_work(Latency(vendor=0.1, aws=0.002), start=START, turn_every=12 * HOUR) as product:
        company = Company(product)
        live(company)
        product.reschedule("prove_balance")
        yield company


def test_every_payment_is_its_lines_to_the_cent_and_every_line_is_there_once(sixty_days: Company) -> None:
    product = sixty_days.product
    wanted = {key: cents for key, cents in wanted_lines(product).items() if cents}
    references = [line.external_reference for line in product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID)]

    assert len(wanted) > 80
    assert lines(product) == wanted
    assert len(references) == len(set(references))
    # Corrections are lines of their own.
    assert len(references) > len(wanted)


def test_the_balance_in_lexoffice_is_the_wallets_and_the_product_proves_it(sixty_days: Company) -> None:
    product = sixty_days.product
    (account,) = product.lexoffice_world.accounts.values()
    opening = product.pleo_world.company(DEFAULT_COMPANY_ID).opening_minors
    moved = wallet.balance(0, product.pleo_world.entries.values())

    assert round(account.balance * 100) == moved
    proof = Proofs("LedgerTable").get(product.connection_id).proof
    assert proof is not None
    assert (proof.unexplained, proof.sums.effect, proof.sums.waiting, proof.sums.failed) == (0, moved, 0, 0)
    assert opening
    assert product.observed.lines["error", "needs attention: balance not explained"] == 0


def test_every_expense_is_one_voucher_of_its_amount_and_rate(sixty_days: Company) -> None:
    product = sixty_days.product
    exported = [row for row in product.pleo_world.entries.values() if row["exportStatus"] == "EXPORTED"]
    due = {key for key, cents in wanted_lines(product).items() if cents}
    vouchers = product.lexoffice_world.vouchers_of(DEFAULT_ORGANIZATION_ID)

    assert {row["id"] for row in exported} == due
    assert len({voucher.number for voucher in vouchers}) == len(vouchers) == len(due)
    assert sum(round(voucher.total * 100) for voucher in vouchers) == sum(abs(wallet.effect(row)) for row in exported)


def test_the_rates_of_the_law_were_offered_in_time_and_the_old_ones_stayed(sixty_days: Company) -> None:
    before, after = sixty_days.seen["codes at first"], sixty_days.seen["codes at last"]

    assert before == {"DE-19", "DE-7", "DE-0", "DE-RC-19"}
    assert after == {"DE-19", "DE-7", "DE-0", "DE-RC-19", "DE-16", "DE-5", "DE-RC-16"}
    rates = Counter(
        item.tax_rate
        for voucher in sixty_days.product.lexoffice_world.vouchers_of(DEFAULT_ORGANIZATION_ID)
        for item in voucher.items
    )
    assert {0, 5, 7, 16, 19} <= set(rates)


def test_what_broke_on_the_way_was_noticed(sixty_days: Company) -> None:
    told = sixty_days.product.observed.lines

    assert sixty_days.seen["held"] == "lexoffice_access_gone"
    assert sixty_days.seen["waited"] > 0
    assert told["error", "needs attention: no webhooks"] >= 1
    assert told["error", "needs attention: rows not fed"] >= 1
    assert told["error", "needs attention: no successful sync"] >= 1
    assert told["warning", "category in use removed"] == 1


def test_the_removed_category_was_named_and_its_expenses_went_nowhere_else(sixty_days: Company) -> None:
    items = [item for rows in sixty_days.product.pleo_world.job_items.values() for item in rows.values()]
    gone = [item for item in items if "EXP-CATEGORY-GONE" in (item.get("failureReason") or "")]

    assert gone
    assert {item["status"] for item in gone} == {"failed"}


def test_tokens_were_renewed_all_the_time_and_nobody_was_called_too_fast(sixty_days: Company) -> None:
    calls = sixty_days.product.vendors.calls
    renew = Counter(call.host for call in calls if call.path.endswith("/token"))

    assert renew[PLEO] > DAYS
    assert renew[LEXOFFICE] > DAYS
    assert not [call for call in calls if call.status == 429]
