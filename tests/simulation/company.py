"""A connected company in virtual time: what its people do at Pleo, and what they see in lexoffice."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.export_harness import Latency
from bench.export_product import Product, at_work
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo import wallet
from local.pleo.world import DEFAULT_COMPANY_ID
from shared.aws.ledger import Ledger
from shared.domain.feeding.ledger import Row

type Json = dict[str, Any]

_LATENCY = Latency(vendor=0.1, aws=0.002)
_NEVER = 1e9  # seconds: a sync by the clock would heal what a test wants to see broken


@contextmanager
def connected() -> Iterator["Company"]:
    """A company with an empty wallet whose first calls are over."""
    with at_work(_LATENCY, turn_every=_NEVER) as product:
        product.clock.sleep(60)
        yield Company(product)


@dataclass(slots=True)
class Company:
    """One company and its organisation in lexoffice."""

    product: Product

    def now(self, seconds: int = 0) -> str:
        """A moment as Pleo writes it, so many seconds from now."""
        moment = datetime.fromtimestamp(self.product.clock.time(), UTC) + timedelta(seconds=seconds)
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

    def pleo(self, path: str, verb: str = "POST", /, **order: Any) -> Any:
        """A control command of Pleo's stand-in."""
        return _read(self.product.pleo.request(verb, f"/control{path}", json=order))

    def lexoffice(self, path: str, verb: str = "POST", /, **order: Any) -> Any:
        """A control command of lexoffice's stand-in; money comes back as Decimal."""
        return _read(self.product.lexoffice.request(verb, f"/control{path}", json=order))

    def pay(self, **entry: Any) -> str:
        """An entry at Pleo (a card purchase unless told otherwise); its id."""
        return str(self.pleo("/entries", company_id=DEFAULT_COMPANY_ID, **entry)["id"])

    def spend(self, amount: int = 1_000, **entry: Any) -> str:
        """A card payment of `amount` cents that is settled at once; its id."""
        return self.pay(amount=amount, settledAt=self.now(), **entry)

    def sync(self) -> None:
        """Syncs the company and waits until nothing is left to do."""
        self.product.reschedule()
        self.at_rest()

    def at_rest(self) -> None:
        """Brings Pleo's webhooks and lets two minutes pass: the workers have nothing left to do."""
        self.product.deliver()
        self.product.clock.sleep(120)
        assert all(queue.idle for queue in self.product.queues.values())

    @property
    def lines(self) -> list[Json]:
        """The lines in lexoffice, in the order in which they arrived."""
        return list(self.lexoffice(f"/transactions?organization_id={DEFAULT_ORGANIZATION_ID}", "GET"))

    @property
    def account(self) -> Json:
        """The organisation's only finance account."""
        (organisation,) = self.lexoffice(f"/state?organization_id={DEFAULT_ORGANIZATION_ID}", "GET")["organizations"]
        (account,) = organisation["accounts"]
        return dict(account)

    def row(self, entry_id: str) -> Row:
        """An entry's first row in the ledger."""
        row = Ledger("LedgerTable").first_row(self.product.connection_id, entry_id)
        assert row is not None, f"no row of entry {entry_id}"
        return row

    def is_fed(self, *entry_ids: str) -> None:
        """Waits until everything is at rest, then: each entry is exactly one line, nothing else is."""
        self.at_rest()
        expected = Counter(f"pleo-{entry_id}" for entry_id in entry_ids)
        assert Counter(line["externalReference"] for line in self.lines) == expected
        self.is_balanced()

    def is_balanced(self) -> None:
        """The account in lexoffice shows what the wallet holds by Pleo's own reckoning."""
        cents = wallet.balance(0, self.product.pleo_world.entries.values())
        assert self.account["balance"] == Decimal(cents).scaleb(-2)


def _read(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return json.loads(answer.text, parse_float=Decimal)
