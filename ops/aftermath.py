"""What came of a redrive: whether each company's worker did what was left to do, fails again, or may not work.

A queue does not tell what became of a message. The ledger does: rows that waited became lines, jobs ended, the company
was caught up with; and a worker that fails again notes why.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ops.answer import plural
from ops.dead_letters import Letter
from ops.desk import Desk
from shared.aws.connections import Connection, Status
from shared.aws.exports import Job, JobState
from shared.aws.failures import EXPORT, FEED, Failure, Failures
from shared.domain.feeding.ledger import Row, State

_POLL_SECONDS = 0.3
_COUNTED = 1000


class Fate(StrEnum):
    """What became of a company's work; the last word as long as it is not OPEN."""

    DONE = "done"
    FAILING = "failing"
    HELD = "held"
    NOTHING = "nothing"  # there was nothing to do, and nothing was done
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One company's share of a redrive: so many messages of one queue, what became of the work, and that in words."""

    queue: str
    connection_id: str
    company: str
    messages: int
    fate: Fate
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a company's worker had to do when it was about to be woken: rows for the feed, jobs for the export."""

    rows: tuple[Row, ...] = ()
    jobs: tuple[str, ...] = ()
    sync_failures: int = 0


class Aftermath:
    """Watches companies whose messages are about to be moved; made before the move."""

    def __init__(self, desk: Desk, letters: Sequence[Letter]) -> None:
        self._desk = desk
        self._failures = Failures(desk.stack["LedgerTable"])
        self._began = datetime.now(UTC)
        self._messages = Counter((letter.queue, letter.connection_id) for letter in letters if letter.wake)
        self._final: dict[tuple[str, str, int], State] = {}
        self._before = {key: self._work(*key) for key in self._messages}

    def wait(self, seconds: float) -> list[Outcome]:
        """What became of each company's work, as soon as all is known, or after so many seconds."""
        deadline = time.monotonic() + seconds
        known: dict[tuple[str, str], Outcome] = {}
        try:
            while self._look(known) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:  # the operator has seen enough; what was moved was moved
            pass
        return list(known.values())

    def _look(self, known: dict[tuple[str, str], Outcome]) -> bool:
        """Look after those whose fate is open; whether it still is for some."""
        for key in self._messages:
            if key not in known or known[key].fate is Fate.OPEN:
                known[key] = self._outcome(*key)
        return any(outcome.fate is Fate.OPEN for outcome in known.values())

    def _work(self, queue: str, connection_id: str) -> Work:
        desk = self._desk
        if queue == FEED:
            return Work(rows=tuple(desk.ledger.open_rows(connection_id, _COUNTED)))
        if queue == EXPORT:
            return Work(jobs=tuple(job.job_id for job in desk.exports.open_jobs(connection_id)))
        connection = desk.connections.get(connection_id)
        return Work(sync_failures=connection.sync_failures if connection else 0)

    def _outcome(self, queue: str, connection_id: str) -> Outcome:
        connection = self._desk.connections.get(connection_id)
        failure = self._failures.last(connection_id, queue)
        if failure and failure.at < self._began:
            failure = None
        fate, says = barred(queue, connection) or self._became(queue, connection, failure)
        return Outcome(
            queue=queue,
            connection_id=connection_id,
            company=connection.company_name if connection else "",
            messages=self._messages[queue, connection_id],
            fate=fate,
            says=says,
        )

    def _became(self, queue: str, connection: Connection | None, failure: Failure | None) -> tuple[Fate, str]:
        if connection is None:
            raise ValueError("a company nobody knows is barred")
        before = self._before[queue, connection.connection_id]
        if queue == FEED:
            return self._fed(connection, before.rows, failure)
        if queue == EXPORT:
            return self._exported(connection.connection_id, before.jobs, failure)
        return turned(connection, before.sync_failures, self._began, failure)

    def _fed(self, connection: Connection, before: Sequence[Row], failure: Failure | None) -> tuple[Fate, str]:
        company = connection.connection_id
        waiting = {_mark(row) for row in self._desk.ledger.open_rows(company, _COUNTED)}
        gone = [row for row in before if _mark(row) not in waiting]
        for row in gone:
            if (company, *_mark(row)) not in self._final:
                found = self._desk.ledger.rows_of(company, row.entry_id)
                self._final |= {(company, *_mark(each)): each.state for each in found}
        states = Counter(self._final[company, *_mark(row)] for row in gone)
        balance = self._desk.ledger.balance(company, connection.account_id)
        told = connection.opening_minor + balance.total == (balance.pushed or 0)
        return fed(states, waiting=len(before) - len(gone), balance_told=told, failure=failure)

    def _exported(self, connection_id: str, before: Sequence[str], failure: Failure | None) -> tuple[Fate, str]:
        jobs = [job for job_id in before if (job := self._desk.exports.job(connection_id, job_id))]
        return exported(jobs, failure)


def _mark(row: Row) -> tuple[str, int]:
    return row.entry_id, row.revision


def barred(queue: str, connection: Connection | None) -> tuple[Fate, str] | None:
    """What keeps a worker from doing anything at all; None if nothing does."""
    if connection is None:
        return Fate.NOTHING, "company unknown: its data was deleted, so there is nothing to do"
    if connection.status is Status.DISCONNECTED:
        return Fate.NOTHING, "disconnected: nothing is sent any more"
    if connection.status is Status.HELD and queue in {FEED, EXPORT}:
        return Fate.HELD, f"held: {connection.hold} — nothing is sent until that is lifted (`ops company` says more)"
    return None


def fed(states: Counter[State], *, waiting: int, balance_told: bool, failure: Failure | None) -> tuple[Fate, str]:
    """What the feed did: `states` counts the rows that waited before and do no more, `waiting` those that still do."""
    told = [f"{plural(states[State.SENT], 'line')} sent"]
    told += [f"{states[State.LISTED]} listed for entry by hand"] if states[State.LISTED] else []
    told += [f"{states[State.FAILED]} refused by lexoffice"] if states[State.FAILED] else []
    told += [f"{waiting} waiting"] if waiting else []
    if not waiting and balance_told:
        if not states:
            return Fate.NOTHING, "0 lines sent: nothing was missing"
        return Fate.DONE, ", ".join(told)
    if failure:
        return Fate.FAILING, f"{', '.join(told)}; {still_failing(failure)}"
    return Fate.OPEN, f"{', '.join(told)}; not finished yet: look again with `ops company`"


def exported(jobs: Sequence[Job], failure: Failure | None) -> tuple[Fate, str]:
    """What became of the jobs that were open before; one that Pleo alone knows is claimed when the worker is woken."""
    still_open = sum(job.state is not JobState.FINISHED for job in jobs)
    if jobs and not still_open:
        successful, failed = sum(job.successful for job in jobs), sum(job.failed for job in jobs)
        return Fate.DONE, f"{plural(len(jobs), 'job')} finished: {successful} exported, {failed} failed"
    if failure:
        return Fate.FAILING, still_failing(failure)
    if jobs:
        return Fate.OPEN, f"{plural(still_open, 'job')} not finished yet: look again with `ops company`"
    return Fate.OPEN, "no open job was known; if Pleo has one, it is worked on now"


def turned(connection: Connection, failures_before: int, began: datetime, failure: Failure | None) -> tuple[Fate, str]:
    """What the company's turn did, or how far its set-up has come."""
    if failure:
        return Fate.FAILING, still_failing(failure)
    if connection.sync_failures > failures_before:
        return Fate.FAILING, f"still failing: {connection.sync_error}; the next turn comes by itself"
    if connection.stopped:
        return Fate.FAILING, f"set-up stopped: {connection.stopped}"
    if connection.caught_up_to and datetime.fromisoformat(connection.caught_up_to) >= began:
        return Fate.DONE, "turn taken: caught up with Pleo"
    return Fate.OPEN, "turn not over yet: look again with `ops company`"


def still_failing(failure: Failure) -> str:
    """What is said while the cause lasts."""
    return (
        f"still failing: {failure.cause}; nothing is lost, it is tried again by itself every few minutes, "
        "and the message comes back here when its tries are used up"
    )
