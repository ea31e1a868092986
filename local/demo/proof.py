"""The proof: what lexoffice shows, against what Pleo says happened. Computed from the vendors' side alone.

The rules stand here a second time on purpose: the demo must not ask the product whether the product is right.
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from local.demo.cast import Kind
from local.demo.world import Company, World

_MONEY_IN = {"CASHBACK"}


@dataclass(frozen=True, slots=True)
class Proof:
    """One company's end of the story. Amounts are cents."""

    company: Company
    states: dict[str, str]  # entry id → the ledger's state
    reasons: dict[str, str]  # entry id → why there is no line
    lines: Counter[tuple[str, int]]  # (entry id, amount) as lexoffice has them
    expected: Counter[tuple[str, int]]
    balance: int
    wallet: int
    refused_calls: int
    unreadable: int

    @classmethod
    def of(cls, world: World, company: Company) -> Self:
        """Look at both vendors and at the ledger."""
        rows = ledger_rows(world, company)
        organization = world.organization(company)
        lines = world.lines(company)
        return cls(
            company=company,
            states={entry_id: row["state"] for entry_id, row in rows.items()},
            reasons={entry_id: row["reason"] for entry_id, row in rows.items()},
            lines=Counter((_entry_of(line), _cents(line["amount"])) for line in lines),
            expected=_expected(world, company),
            balance=sum(_cents(account["balance"]) for account in organization["accounts"]),
            wallet=world.wallet(company),
            refused_calls=organization["calls"]["refused"],
            unreadable=sum(not _readable(line) for line in lines),
        )

    @property
    def failures(self) -> list[str]:
        """What is not as it must be."""
        wrong = [
            f"{kind.name} {entry_id} is {self.states.get(entry_id, 'unknown')}, not {kind.outcome}"
            for entry_id, kind in self.company.entries.items()
            if self.states.get(entry_id) != kind.outcome
        ]
        wrong += [f"missing: {item}" for item in self.expected - self.lines]
        wrong += [f"too many: {item}" for item in self.lines - self.expected]
        if self.balance != self.wallet:
            wrong.append(f"the account's balance {self.balance} is not the wallet's {self.wallet}")
        if self.refused_calls:
            wrong.append(f"lexoffice refused {self.refused_calls} calls for exceeding its limit")
        if self.unreadable:
            wrong.append(f"{self.unreadable} lines without readable text")
        return wrong


def ledger_rows(world: World, company: Company) -> dict[str, dict[str, str]]:
    """State and reason by entry id."""
    found = {}
    for item in world.ledger_items(company):
        key = item["row"]["S"]
        if key.startswith("ENTRY#"):
            found[key.removeprefix("ENTRY#")] = {name: item[name]["S"] for name in ("state", "reason")}
    return found


def settled(world: World, company: Company) -> bool:
    """Whether the product believes that it is done; the proof says whether that is right.

    Asked of the ledger, because lexoffice's stand-in must not be kept from answering in time: it is strict about pace.
    """
    rows = ledger_rows(world, company)
    done = all(rows.get(entry_id, {}).get("state") == kind.outcome for entry_id, kind in company.entries.items())
    return done and world.balance_told(company)


def lines_recorded(world: World, company: Company) -> int:
    """How many lines the ledger has recorded as sent."""
    return sum(row["state"] == "sent" for row in ledger_rows(world, company).values())


def show(console: Console, proofs: list[Proof]) -> bool:
    """Print the tables and what is wrong; True when nothing is."""
    for proof in proofs:
        console.print(_table(proof))
        sign = "=" if proof.balance == proof.wallet else "≠"
        console.print(
            f"balance in lexoffice {_euros(proof.balance)} {sign} wallet at Pleo {_euros(proof.wallet)}; "
            f"{proof.lines.total()} lines; calls refused for speed: {proof.refused_calls}\n",
            soft_wrap=True,
        )
        for failure in proof.failures[:20]:
            console.print(f"[red]{failure}[/]")
    return not any(proof.failures for proof in proofs)


def _table(proof: Proof) -> Table:
    table = Table(title=proof.company.name, title_justify="left")
    table.add_column("kind")
    for column in ("arrived", "fed", "by hand", "no line"):
        table.add_column(column, justify="right")
    table.add_column("reason")
    for kind in dict.fromkeys(proof.company.entries.values()):
        ids = [entry_id for entry_id, other in proof.company.entries.items() if other is kind]
        states = Counter(proof.states.get(entry_id, "unknown") for entry_id in ids)
        rest = states.total() - states["sent"] - states["listed"]
        counts = (len(ids), states["sent"], states["listed"], rest)
        table.add_row(kind.name, *(str(number or "·") for number in counts), _why(proof, ids, kind))
    return table


def _why(proof: Proof, ids: list[str], kind: Kind) -> str:
    if kind.outcome == "listed":
        return "entered in lexoffice by hand"
    found = {proof.reasons.get(entry_id, "") or proof.states.get(entry_id, "") for entry_id in ids}
    return "" if kind.outcome == "sent" else ", ".join(sorted(word.replace("_", " ") for word in found))


def _expected(world: World, company: Company) -> Counter[tuple[str, int]]:
    lines: Counter[tuple[str, int]] = Counter()
    for entry_id, kind in company.entries.items():
        if kind.outcome == "sent":
            entry = world.entry(entry_id)
            lines[entry_id, _effect(entry)] += 1
    return lines


def _effect(entry: dict[str, Any]) -> int:
    cents = int(entry["totalBillValue"]["minors"])
    if entry["family"] == "CARD_PURCHASE":
        return -cents
    return abs(cents) if entry["family"] in _MONEY_IN else -abs(cents)


def _entry_of(line: dict[str, Any]) -> str:
    return str(line["externalReference"]).removeprefix("pleo-")


def _cents(amount: float | str) -> int:
    return int((Decimal(str(amount)) * 100).to_integral_exact())


def _readable(line: dict[str, Any]) -> bool:
    purpose, name = line["purpose"], line["recipientOrSenderName"]
    return bool(purpose and name) and purpose.isprintable() and name.isprintable()


def _euros(cents: int) -> str:
    return f"{cents / 100:,.2f} EUR"
