"""The proof: compare what lexoffice shows with what happened at Pleo, from the vendors' data alone.

The rules are implemented a second time on purpose: the demo must not ask the product whether the product is right.
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from local.demo.cast import EntryKind
from local.demo.world import DemoCompany, DemoWorld

_MONEY_IN = {"CASHBACK"}
_SHOULD = {
    "sent": "have no line",
    "listed": "are not listed for entry by hand",
    "void": "are not recorded as reversed",
    "pending": "are not recorded as pending",
    "none": "are not recorded as leaving the wallet alone",
}
# A refused call was not executed and is repeated a second later: it costs only time. On a busy machine a call leaves
# late and collides with the next one: 2 of 91 were refused at a load of 70 on two cores. Without pacing, and with
# answers within 250 ms, at least every second call would be refused, because lexoffice takes two a second.
_CALLS_PER_HARMLESS_REFUSAL = 10
_ALWAYS_HARMLESS = 3


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls to lexoffice for a company. lexoffice refuses calls beyond two per second."""

    accepted: int
    refused: int

    @classmethod
    def of(cls, organization: dict[str, Any]) -> Self:
        """Read the counts of lexoffice's stand-in."""
        return cls(accepted=organization["calls"]["accepted"], refused=organization["calls"]["refused"])

    @property
    def sent(self) -> int:
        """Return the number of all calls, refused ones included."""
        return self.accepted + self.refused

    @property
    def most_refused(self) -> int:
        """Return the highest number of refused calls that is harmless."""
        return max(_ALWAYS_HARMLESS, self.sent // _CALLS_PER_HARMLESS_REFUSAL)

    @property
    def is_paced(self) -> bool:
        """Return whether the product keeps to lexoffice's rate limit."""
        return self.refused <= self.most_refused


@dataclass(frozen=True, slots=True)
class Proof:
    """The final state of one company. Amounts are cents."""

    company: DemoCompany
    states: dict[str, str]  # entry id → state in the ledger
    reasons: dict[str, str]  # entry id → reason why there is no line
    lines: Counter[tuple[str, int]]  # (entry id, amount) of each line at lexoffice
    expected: Counter[tuple[str, int]]
    balance: int
    wallet: int
    calls: Calls
    unreadable: int
    causes: dict[str, str]  # worker → reason why it was last postponed

    @classmethod
    def of(cls, world: DemoWorld, company: DemoCompany) -> Self:
        """Read both vendors and the ledger."""
        items = world.ledger_items(company)
        rows = _entry_rows(items)
        organization = world.organization(company)
        lines = world.lines(company)
        return cls(
            company=company,
            states={entry_id: row["state"] for entry_id, row in rows.items()},
            reasons={entry_id: row["reason"] for entry_id, row in rows.items()},
            lines=Counter((_entry_of(line), _cents(line["amount"])) for line in lines),
            expected=expected_lines({entry_id: world.pleo.entry(entry_id) for entry_id in company.entries}, company),
            balance=sum(_cents(account["balance"]) for account in organization["accounts"]),
            wallet=world.pleo.wallet(company.id),
            calls=Calls.of(organization),
            unreadable=sum(not _readable(line) for line in lines),
            causes={
                item["row"]["S"].removeprefix("FAILURE#"): item["cause"]["S"]
                for item in items
                if item["row"]["S"].startswith("FAILURE#")
            },
        )

    @property
    def untrue(self) -> list[str]:
        """Return the failed checks, one sentence each, with the reason where the product recorded one."""
        wrong = [*self._wrong_states(), *self._wrong_lines()]
        if self.balance != self.wallet:
            wrong.append(f"the account in lexoffice says {_euros(self.balance)}, the wallet {_euros(self.wallet)}")
        if self.unreadable:
            wrong.append(f"{self.unreadable} lines have no readable text")
        if wrong:
            wrong += [f"the last run of its {worker} worker that failed: {why}" for worker, why in self.causes.items()]
        if not self.calls.is_paced:
            wrong.append(
                f"lexoffice refused {self.calls.refused} of {self.calls.sent} calls for speed; "
                f"{self.calls.most_refused} would be harmless, more show that its pace is not kept"
            )
        return [f"{self.company.name}: {sentence}." for sentence in wrong]

    @property
    def harmless(self) -> list[str]:
        """Return the harmless effects of a slow machine, one sentence each."""
        calls = self.calls
        if not calls.refused or not calls.is_paced:
            return []
        cost = f"lexoffice refused {calls.refused} of {calls.sent} calls for speed, which costs only time"
        return [f"{self.company.name}: {cost}."]

    def _wrong_states(self) -> list[str]:
        wrong = []
        for kind in dict.fromkeys(self.company.entries.values()):
            ids = [entry_id for entry_id, other in self.company.entries.items() if other is kind]
            found = Counter(self._place(entry_id) for entry_id in ids if self.states.get(entry_id) != kind.outcome)
            if found:
                places = ", ".join(f"{count} {place}" for place, count in found.items())
                wrong.append(f"{found.total()} of {len(ids)} «{kind.name}» {_SHOULD[kind.outcome]}, but are {places}")
        return wrong

    def _place(self, entry_id: str) -> str:
        state, reason = self.states.get(entry_id, "unknown to the product"), self.reasons.get(entry_id, "")
        return f"{state} ({reason.replace('_', ' ')})" if reason else state

    def _wrong_lines(self) -> list[str]:
        missing, surplus = self.expected - self.lines, self.lines - self.expected
        return [
            f"{lines.total()} {what}, for example entry {next(iter(lines))[0]} with {_euros(next(iter(lines))[1])}"
            for lines, what in (
                (missing, "lines are missing in lexoffice"),
                (surplus, "lines in lexoffice are too many"),
            )
            if lines
        ]


def entry_rows(world: DemoWorld, company: DemoCompany) -> dict[str, dict[str, str]]:
    """Return state and reason by entry id."""
    return _entry_rows(world.ledger_items(company))


def is_settled(world: DemoWorld, company: DemoCompany) -> bool:
    """Return whether the ledger says that all work is done. The proof then checks whether it is right.

    This reads the ledger and not lexoffice: lexoffice's stand-in enforces the rate limit and must answer in time.
    """
    items = world.ledger_items(company)
    rows = _entry_rows(items)
    done = all(rows.get(entry_id, {}).get("state") == kind.outcome for entry_id, kind in company.entries.items())
    balances = (item for item in items if item["row"]["S"] == "BALANCE")
    return done and any(item.get("total") == item.get("pushed") for item in balances)


def recorded_lines(world: DemoWorld, company: DemoCompany) -> int:
    """Return the number of lines that the ledger has recorded as sent."""
    return sum(row["state"] == "sent" for row in entry_rows(world, company).values())


def show(console: Console, proof: Proof) -> None:
    """Print a company's table and sums."""
    console.print(_table(proof))
    sign = "=" if proof.balance == proof.wallet else "≠"
    console.print(
        f"balance in lexoffice {_euros(proof.balance)} {sign} wallet at Pleo {_euros(proof.wallet)}; "
        f"{proof.lines.total()} lines; calls refused for speed: {proof.calls.refused}\n",
        soft_wrap=True,
    )


def expected_lines(entries: dict[str, dict[str, Any]], company: DemoCompany) -> Counter[tuple[str, int]]:
    """Return the lines that must exist, computed from Pleo's entries (id → entry)."""
    return Counter(
        (entry_id, _effect(entries[entry_id])) for entry_id, kind in company.entries.items() if kind.outcome == "sent"
    )


def _entry_rows(items: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        item["row"]["S"].removeprefix("ENTRY#"): {name: item[name]["S"] for name in ("state", "reason")}
        for item in items
        if item["row"]["S"].startswith("ENTRY#")
    }


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


def _why(proof: Proof, ids: list[str], kind: EntryKind) -> str:
    if kind.outcome == "listed":
        return "entered in lexoffice by hand"
    found = {proof.reasons.get(entry_id, "") or proof.states.get(entry_id, "") for entry_id in ids}
    return "" if kind.outcome == "sent" else ", ".join(sorted(word.replace("_", " ") for word in found))


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
