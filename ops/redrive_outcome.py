"""Outcome of a redrive per company: compares the tables before and after.

A queue does not report what became of a message. The tables do:

- lines and export jobs that no longer wait
- the time up to which the company is synced
- the failure that a worker recorded
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ops.answer import Fact, plural
from ops.context import CommandContext
from ops.dead_letters import Letter
from ops.wait import blocking_reason, wait_for
from shared.aws.connections import Connection, Status
from shared.aws.failures import EXPORT, FEED, SYNC, Failure

_COUNTED = 1000  # lines
_LOOK_AGAIN = "look again with `ops company`"


class Outcome(StrEnum):
    """Outcome of a company's redrive. Final unless OPEN."""

    DONE = "done"
    FAILING = "failing"
    HELD = "held"
    NOTHING = "nothing"  # nothing was waiting
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A company's work at one moment.

    - `waiting`: number of waiting lines or open export jobs
    - `to_check`: number of lines that lexoffice refused or that wait for manual entry
    - `pushed`: lexoffice shows the balance that the recorded lines add up to
    - `failure`: the worker's last failure
    """

    connection: Connection | None
    waiting: int = 0
    to_check: int = 0
    pushed: bool = True
    failure: Failure | None = None


class RedriveWatch:
    """Watch the companies of the given dead letters.

    Create it before the redrive: it reads the state to compare with.
    """

    def __init__(self, context: CommandContext, letters: Iterable[Letter]) -> None:
        self._context = context
        self._messages = Counter((letter.queue, letter.connection_id) for letter in letters if letter.wake)
        self._before = {key: self._standing(*key) for key in self._messages}

    def wait(self, seconds: float) -> list[list[Fact]]:
        """Return one row per queue and company once all outcomes are final, after `seconds` at the latest."""
        known: dict[tuple[str, str], tuple[Outcome, list[Fact]]] = {}

        def all_final() -> bool:
            for key in self._messages:
                if key not in known or known[key][0] is Outcome.OPEN:
                    known[key] = self._row(*key)
            return all(outcome is not Outcome.OPEN for outcome, _ in known.values())

        wait_for(self._context, "Waiting for the workers", all_final, seconds=seconds)
        return [row for _, row in known.values()]

    def _standing(self, queue: str, connection_id: str) -> Standing:
        stores = self._context.stores
        connection, failure = stores.connections.get(connection_id), stores.failures.last(connection_id, queue)
        if queue == EXPORT:
            waiting = len(stores.exports.open_jobs(connection_id))
            return Standing(connection=connection, waiting=waiting, failure=failure)
        if queue == SYNC or connection is None:
            return Standing(connection=connection, failure=failure)
        balance = stores.ledger.balance(connection_id, connection.account_id)
        return Standing(
            connection=connection,
            waiting=len(stores.ledger.open_rows(connection_id, _COUNTED)),
            to_check=stores.view.to_check(connection_id, 0).count,
            pushed=connection.opening_minor + balance.total == (balance.pushed or 0),
            failure=failure,
        )

    def _row(self, queue: str, connection_id: str) -> tuple[Outcome, list[Fact]]:
        before, now = self._before[queue, connection_id], self._standing(queue, connection_id)
        outcome, result = outcome_of(queue, before, now)
        return outcome, [
            Fact("queue", "queue", queue),
            Fact("company", "company", now.connection.company_name if now.connection else ""),
            Fact("connection_id", "connection", connection_id),
            Fact("messages", ">messages", self._messages[queue, connection_id]),
            Fact("outcome", "outcome", outcome),
            Fact("result", "result", result),
        ]


def outcome_of(queue: str, before: Standing, now: Standing) -> tuple[Outcome, str]:
    """Compare a company's work before the redrive and now. Return the outcome and its explanation."""
    company = now.connection
    if company is None or company.status is Status.DISCONNECTED:
        return Outcome.NOTHING, "deleted" if company is None else "disconnected: nothing is sent any more"
    if company.status is Status.HELD and queue != SYNC:
        return Outcome.HELD, f"held: {company.hold} — nothing is sent until that is lifted (`ops company`)"
    failure = now.failure.cause if now.failure and now.failure != before.failure else ""
    if queue == SYNC:
        return _synced(before.connection or company, company, failure)
    waiting = plural(now.waiting, "line" if queue == FEED else "job")
    result = f"{before.waiting:,} waited, {waiting} waiting now"
    if (to_check := now.to_check - before.to_check) > 0:
        result += f", {to_check:,} more to check"
    if not now.waiting and now.pushed and (before.waiting or queue == FEED):
        return Outcome.DONE if before.waiting else Outcome.NOTHING, result
    if failure:
        return Outcome.FAILING, f"{result}; {_still_failing(failure)}"
    # Export: Pleo may have a job that no worker has claimed yet.
    return Outcome.OPEN, f"{result}; {_LOOK_AGAIN}"


def _synced(before: Connection, now: Connection, failure: str) -> tuple[Outcome, str]:
    if cause := failure or blocking_reason(before, now):
        return Outcome.FAILING, _still_failing(cause)
    if now.stopped:
        return Outcome.FAILING, f"set-up stopped: {now.stopped}"
    if now.caught_up_to != before.caught_up_to:
        return Outcome.DONE, "caught up with Pleo"
    return Outcome.OPEN, f"not synced yet; {_LOOK_AGAIN}"


def _still_failing(cause: str) -> str:
    return f"still failing: {cause}; nothing is lost, it is retried every few minutes"
