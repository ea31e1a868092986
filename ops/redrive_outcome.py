"""Outcome of a redrive per company. A queue does not report what became of a message, so compare before and after."""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from ops.answer import Fact
from ops.context import CommandContext
from ops.dead_letters import Letter
from ops.wait import blocking_reason, wait_for
from shared.aws.connections import Connection, Status
from shared.aws.exports import Job
from shared.aws.failures import EXPORT, FEED, SYNC, Failure
from shared.domain.syncing.proof import BalanceProof
from shared.domain.syncing.requests import DONE_AT, NEED_ACTIVE, SyncRequest

_COUNTED = 1000  # lines


class Outcome(StrEnum):
    """Outcome of a company's redrive. Final unless OPEN. WOKEN: what was requested leaves no trace."""

    DONE = "done"
    FAILING = "failing"
    HELD = "held"
    WOKEN = "woken"
    OPEN = "open"


class Work(NamedTuple):
    """A company's work for one worker at one moment.

    - `failure`: the worker's last failure
    - `waiting`: number of open export jobs, or of lines that wait, and 1 if the balance in lexoffice is not theirs
    - `to_check`: number of lines that lexoffice refused or that wait for manual entry
    - `last`: the newest export job, or a sync's last balance proof
    """

    company: Connection | None
    failure: Failure | None = None
    waiting: int = 0
    to_check: int = 0
    last: Job | BalanceProof | None = None


class RedriveWatch:
    """Watch the companies of dead letters that are moved."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context
        self._letters = defaultdict[tuple[str, str], list[Letter]](list)
        self._before: dict[tuple[str, str], Work] = {}

    def add(self, letter: Letter) -> None:
        """Watch a message's company, before the message is moved: read the company's work until then."""
        key = letter.queue, letter.connection_id
        if letter.wake and key not in self._before:
            self._before[key] = self._work(*key)
        if letter.wake:
            self._letters[key].append(letter)

    def wait(self, seconds: float) -> list[list[Fact]]:
        """Return one row per queue and company once all outcomes are final, after `seconds` at the latest."""
        rows: dict[tuple[str, str], tuple[Outcome, list[Fact]]] = {}

        def is_over() -> bool:
            for key in self._letters:
                if key not in rows or rows[key][0] is Outcome.OPEN:
                    rows[key] = self._row(*key)
            return all(outcome is not Outcome.OPEN for outcome, _ in rows.values())

        wait_for(self._context, "Waiting for the workers", is_over, seconds=seconds)
        return [row for _, row in rows.values()]

    def _work(self, queue: str, connection_id: str) -> Work:
        stores = self._context.stores
        company, failure = stores.connections.get(connection_id), stores.failures.last(connection_id, queue)
        if company is None:
            return Work(None)
        if queue == SYNC:
            return Work(company, failure, last=stores.proofs.get(connection_id).proof)
        if queue == EXPORT:
            newest = stores.exports.newest_job(connection_id)  # before the open ones: it may be claimed meanwhile
            return Work(company, failure, len(stores.exports.open_jobs(connection_id)), last=newest)
        lines = len(stores.ledger.open_rows(connection_id, _COUNTED))
        balance = stores.ledger.balance(connection_id, company.account_id)
        is_set = company.opening_minor + balance.total == (balance.pushed or 0)
        return Work(company, failure, lines + (not is_set), stores.view.to_check(connection_id, 0).count)

    def _row(self, queue: str, connection_id: str) -> tuple[Outcome, list[Fact]]:
        letters, now = self._letters[queue, connection_id], self._work(queue, connection_id)
        requests = sorted({request for letter in letters for request in letter.requests})
        outcome, result = outcome_of(queue, requests, self._before[queue, connection_id], now)
        return outcome, [
            Fact("queue", "queue", queue),
            Fact("company", "company", now.company.company_name if now.company else ""),
            Fact("connection_id", "connection", connection_id),
            Fact("messages", ">messages", len(letters)),
            Fact("outcome", "outcome", outcome),
            Fact("result", "result", result),
        ]


def _mark(work: Work, request: SyncRequest | None) -> object:
    """Return what a sync changes when it has done the request, None if nothing shows that."""
    if request is SyncRequest.PROVE_BALANCE:
        return work.last
    return getattr(work.company, DONE_AT.get(request, "") if request else "caught_up_to", None)


def _obstacle(queue: str, requests: Sequence[SyncRequest], company: Connection) -> str:
    """Return why a company's worker does nothing, or not all that was requested, or ""."""
    if company.status is Status.DISCONNECTED:
        return "disconnected: nothing is sent any more"
    if company.status is not Status.HELD:
        return ""
    if queue != SYNC:
        return f"held: {company.hold} — nothing is sent until that is lifted (`ops company`)"
    skipped = ", ".join(each for each in requests if each in NEED_ACTIVE)
    return f"held: {company.hold} — {skipped} is skipped: repeat it (`ops sync`) afterwards" if skipped else ""


def outcome_of(queue: str, requests: Sequence[SyncRequest], before: Work, now: Work) -> tuple[Outcome, str]:
    """Compare a company's work before the redrive and now. Return the outcome and its explanation."""
    company = now.company
    if before.company is None or company is None:
        return Outcome.HELD, "company unknown: its data was deleted"
    if obstacle := _obstacle(queue, requests, company):
        return Outcome.HELD, obstacle
    # Compared, not dated: the operator's clock may differ from AWS's.
    failure = now.failure.cause if now.failure and now.failure != before.failure else ""
    if queue == SYNC:
        failure = failure or blocking_reason(before.company, company) or company.stopped
        untraced = [each for each in requests if each not in DONE_AT]
        is_done = not failure and all(
            each in untraced or _mark(now, each) != _mark(before, each) for each in requests or (None,)
        )
        if is_done and untraced:
            return Outcome.WOKEN, f"{', '.join(untraced)}: woken; this leaves no trace"
        result = f"{', '.join(requests) or 'catch up'}: {'done' if is_done else 'not done yet'}"
    else:
        # Without any export job, Pleo may have one that no worker has claimed yet.
        is_done = not now.waiting and (queue == FEED or before.waiting > 0 or now.last != before.last)
        to_check = f", {now.to_check:,} to check" if now.to_check else ""
        result = f"{before.waiting:,} waited, {now.waiting:,} waiting now{to_check}"
    if is_done:
        return Outcome.DONE, result
    if failure:
        return Outcome.FAILING, f"{result}; still failing: {failure}; nothing is lost, it is retried every few minutes"
    return Outcome.OPEN, f"{result}; look again with `ops company`"
