"""Feed one company: send its ready rows to the finance account as lines, 25 per call, then set the balance.

- Crash before a call: nothing has happened.
- Crash after a call: the rows are still ready, so the next run sends identical lines. lexoffice recognises each line by
  its reference and keeps the existing one.
- Crash after recording: the row is no longer work.
- Running twice: the queue gives a company one worker at a time. If two workers run nevertheless, lexoffice recognises
  the second worker's lines, and the ledger refuses its records.
"""

import html
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from shared.aws.connections import Connection
from shared.aws.ledger import Ledger
from shared.aws.stores import Stores
from shared.domain.connecting.company_state import Hold
from shared.domain.feeding import ledger as rules
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, State
from shared.domain.money import Money
from shared.domain.times import midnight
from shared.errors import (
    AccessGone,
    Forbidden,
    NoProgress,
    NotFound,
    OutcomeUnknown,
    OutOfTime,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from shared.flows.hold import hold
from shared.flows.vendors import SECONDS_FOR_A_CALL, Remaining, Vendors
from shared.lexoffice.client import MOST_TRANSACTIONS, LexofficeClient
from shared.lexoffice.models import FinanceTransaction, NewFinanceTransaction
from shared.pleo import entries
from shared.telemetry import alert, count, log_info, log_warning, record_durations

# Seconds before each retry within one run. After the last one, the queue retries with longer delays.
_PAUSES = (1.0,)


@dataclass(slots=True)
class FeedOutcome:
    """Result of a run: number of rows sent, listed and failed; `unfinished` if work remains for another run."""

    sent: int = 0
    listed: int = 0
    failed: int = 0
    unfinished: bool = False

    @property
    def any(self) -> bool:
        """Return whether the run recorded any row."""
        return bool(self.sent or self.listed or self.failed)


class Feeder:
    """Feeds companies, one after another, for the lifetime of a Lambda execution environment."""

    def __init__(
        self,
        stores: Stores,
        vendors: Vendors,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = stores.connections
        self._ledger = stores.ledger
        self._vendors = vendors
        self._sleep = sleep

    def feed(self, connection_id: str, remaining: Remaining) -> bool:
        """Send the company's ready rows within `remaining` seconds; return True if work remains.

        A company whose access is gone, or whose finance account is unusable, is held. The caller must retry later after
        any of these errors, which lose nothing:

        - Unavailable, OutcomeUnknown, RateLimited, UnexpectedAnswer: the vendor's call failed.
        - NoProgress: the ledger refused every record.
        - StoreUnavailable: AWS does not answer.
        - OutOfTime: no call fitted into this run.
        """
        if remaining() <= SECONDS_FOR_A_CALL:
            return True
        connection = self._connections.get(connection_id)
        if connection is None or not connection.status.may_write:
            log_info("feed held", connection_id=connection_id, hold=connection.hold if connection else "unknown")
            return False
        outcome = self._feed(connection, remaining)
        log_info("company fed", connection_id=connection_id, **asdict(outcome))
        if outcome.unfinished and not outcome.any:
            # All slots of the near future are taken, so an immediate retry would send nothing either.
            raise OutOfTime("no call fitted into this run")
        return outcome.unfinished

    def _feed(self, connection: Connection, remaining: Remaining) -> FeedOutcome:
        outcome = FeedOutcome()
        lexoffice = self._vendors.lexoffice(connection, lambda: remaining() - SECONDS_FOR_A_CALL)
        run = _Run(connection, self._ledger, self._vendors, lexoffice, remaining, self._sleep, outcome)
        try:
            run.drain()
        except OutOfTime:
            outcome.unfinished = True
        except (AccessGone, Forbidden) as error:
            hold(self._connections, connection.connection_id, Hold.of(error))
        except _AccountUnusableError:
            hold(self._connections, connection.connection_id, Hold.ACCOUNT_MISSING)
        return outcome


class _AccountUnusableError(Exception):
    """The finance account was deleted or deactivated in lexoffice."""


@dataclass(slots=True)
class _Run:
    """One run of the worker for one company."""

    connection: Connection
    ledger: Ledger
    vendors: Vendors
    lexoffice: LexofficeClient
    remaining: Remaining
    sleep: Callable[[float], None]
    outcome: FeedOutcome
    account_checked: bool = False

    def drain(self) -> None:
        """Process rows until none is left: send ready rows, set the balance, then complete incomplete rows.

        Neither lines nor the balance wait for rows that Pleo must complete.
        """
        while True:
            rows = self.ledger.open_rows(self.connection.connection_id, MOST_TRANSACTIONS)
            # Sort order: new payments, rows that Pleo must complete, history (shared/aws/work.py).
            if rows and rows[0].state is State.READY:
                ready = [row for row in rows if row.state is State.READY]
                self._record_listed([row for row in ready if row.destination is Destination.HAND])
                self._send([row for row in ready if row.destination is Destination.LINE])
                continue
            self._push_balance()
            if not rows:
                return
            for row in rows:
                if row.state is State.INCOMPLETE:
                    self._complete(row)

    def _push_balance(self) -> None:
        """Set the wallet's balance in lexoffice if it has changed: lexoffice does not compute it from the lines."""
        balance = self.ledger.balance(self.connection.connection_id, self.connection.account_id)
        cents = self.connection.opening_minor + balance.total
        if cents == balance.pushed or (balance.pushed is None and cents == 0):
            return
        amount = Money(cents, rules.WALLET_CURRENCY).decimal
        try:
            self._retry(lambda: self.lexoffice.set_balance(self.connection.account_id, amount))
        except NotFound as error:
            raise _AccountUnusableError from error
        self.ledger.record_pushed_balance(self.connection.connection_id, self.connection.account_id, cents)

    def _record_listed(self, rows: Sequence[Row]) -> None:
        if rows:
            self._record([replace(row, state=State.LISTED) for row in rows])
            self.outcome.listed += len(rows)

    def _send(self, rows: Sequence[Row]) -> None:
        """Send lines; if lexoffice refuses a batch, halve it until the refused line is isolated."""
        batches = [list(rows)] if rows else []
        while batches:
            batch = batches.pop()
            try:
                held = self._retry(lambda lines=batch: self._post(lines))  # type: ignore[misc]
            except Rejected as refusal:
                self._check_account()
                if len(batch) > 1:
                    half = len(batch) // 2
                    batches += [batch[half:], batch[:half]]
                    continue
                self._record_refused(batch[0], refusal)
            else:
                self._record_sent(batch, held, self.lexoffice.request_id)

    def _post(self, rows: Sequence[Row]) -> list[FinanceTransaction]:
        lines = [_line(self.connection.account_id, row) for row in rows]
        held = self.lexoffice.post_transactions(lines)
        if len({line.external_reference for line in held} & {row.reference for row in rows}) == len(rows):
            return held
        # lexoffice accepts a batch as a whole, so a line missing from the answer existed before. Send it once more,
        # because a garbled answer looks the same (docs/assumptions.md#lexoffice-duplicates).
        return self.lexoffice.post_transactions(lines)

    def _retry[T](self, call: Callable[[], T]) -> T:
        """Make a call; retry it after failures with an unknown outcome. Sending the same content twice is safe."""
        failures = 0
        while True:
            if self.remaining() < SECONDS_FOR_A_CALL:
                raise OutOfTime("no time for another call")
            try:
                return call()
            except (OutcomeUnknown, Unavailable, UnexpectedAnswer) as error:
                if failures == len(_PAUSES):
                    raise
                log_warning("lexoffice failed", connection_id=self.connection.connection_id, cause=str(error))
                self.sleep(_PAUSES[failures])
                failures += 1

    def _record_sent(self, rows: Sequence[Row], held: Sequence[FinanceTransaction], request_id: str) -> None:
        by_reference = {line.external_reference: line for line in held}
        done = []
        for row in rows:
            line = by_reference.get(row.reference)
            differs = _difference(row, line) if line else ""
            if differs:
                alert(
                    "line differs",
                    connection_id=self.connection.connection_id,
                    entry_id=row.entry_id,
                    detail=differs.partition(" ")[0],  # the field only: amounts must not reach the logs
                )
            done.append(replace(row, state=State.SENT, transaction_id=line.id if line else "", detail=differs))
        self._record(done)
        self.outcome.sent += len(done)
        log_info(
            "lines recorded",
            connection_id=self.connection.connection_id,
            entry_ids=[row.entry_id for row in done],
            vendor_request_id=request_id,
        )
        count("LinesFed", len(done))
        record_durations("FeedDelay", rules.delays(done, datetime.now(UTC)))

    def _record_refused(self, row: Row, refusal: Rejected) -> None:
        words = "; ".join(" ".join(filter(None, (issue.field, issue.kind, issue.message))) for issue in refusal.issues)
        detail = words[:500] or f"status {refusal.status}"
        self._record([replace(row, state=State.FAILED, reason="refused_by_lexoffice", detail=detail)])
        self.outcome.failed += 1
        alert(
            "line refused",
            connection_id=self.connection.connection_id,
            entry_id=row.entry_id,
            vendor_request_id=refusal.request_id or "",
        )

    def _record(self, rows: Sequence[Row]) -> None:
        if not self.ledger.record(self.connection.connection_id, rows, datetime.now(UTC)):
            raise NoProgress("none of the rows could be recorded")

    def _check_account(self) -> None:
        """Check that the finance account still accepts lines, before a line is recorded as refused."""
        if self.account_checked:
            return
        try:
            account = self._retry(lambda: self.lexoffice.finance_account(self.connection.account_id))
        except NotFound as error:
            raise _AccountUnusableError from error
        if account.deactivated:
            raise _AccountUnusableError
        self.account_checked = True

    def _complete(self, row: Row) -> None:
        """Complete a row from Pleo's API: the entry's snapshot was incomplete."""
        try:
            entry = entries.parse(self.vendors.pleo(self.connection).entry(row.entry_id))
        except NotFound:
            complete = rules.unreadable(row, "entry_not_found")
        except Rejected:
            complete = rules.unreadable(row, "entry_refused")
        except entries.MalformedEntryError as error:
            complete = replace(rules.unreadable(row, "entry_malformed"), detail=str(error))
        else:
            complete = rules.completed_row(entry, start=self.connection.start)
        if complete.state is State.HELD:
            alert(complete.reason, connection_id=self.connection.connection_id, entry_id=row.entry_id)
        self.ledger.complete(self.connection.connection_id, row, complete)


def _line(account_id: str, row: Row) -> NewFinanceTransaction:
    if row.day is None:
        raise ValueError("a row without a day is no line")
    day = midnight(row.day)
    return NewFinanceTransaction(
        financial_account_id=account_id,
        value_date=day,
        booking_date=day,
        purpose=row.purpose,
        amount=Money(row.amount, rules.WALLET_CURRENCY).decimal,
        recipient_or_sender_name=row.counterparty,
        additional_info=f"Pleo {row.entry_id}",
        external_reference=row.reference,
    )


def _difference(row: Row, line: FinanceTransaction) -> str:
    """Return how the line in lexoffice differs from the row, or "".

    A difference means that an older line has the same reference, or that the line was changed in lexoffice.
    """
    if Decimal(line.amount) != Money(row.amount, rules.WALLET_CURRENCY).decimal:
        return f"amount in lexoffice: {line.amount}"
    if line.purpose is not None and html.unescape(line.purpose) != row.purpose:
        return "purpose differs in lexoffice"
    return ""
