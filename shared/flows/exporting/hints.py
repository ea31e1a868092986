"""Send assignment hints, and review the matches that follow from them.

A hint names the bank line that a voucher belongs to. lexoffice accepts one hint per voucher, before or after the line,
and refuses a second one, which changes nothing (docs/assumptions.md#lexoffice-hint).

- Crash between hint and record: the next run sends the hint again, and lexoffice refuses it.

A match is reviewed after lexoffice sends an event about its voucher. Events do not say what changed, so the worker
reads the match.

- Crash: a match waits until its result is stored.
- Running twice: reading changes nothing, and a result that is older than the newest event is not stored.
"""

from dataclasses import replace
from datetime import UTC, datetime

from shared.aws.connections import Connection, Status
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches, MatchRecord
from shared.aws.vouchers import VoucherRecord, Vouchers
from shared.domain.exporting.expense import Expense
from shared.domain.exporting.match import MatchState, Settlement, by_line, by_settlement
from shared.domain.exporting.voucher import invoice_key
from shared.domain.feeding import line
from shared.domain.feeding.entry_rules import Destination
from shared.errors import NotFound, OutOfTime, Rejected
from shared.flows.vendors import Remaining
from shared.lexoffice.client import LexofficeClient
from shared.pleo import export_items
from shared.telemetry import count, log_info, log_warning

_AT_ONCE = 25


class Hints:
    """Sends the hints of one company's vouchers."""

    def __init__(self, connection_id: str, *, vouchers: Vouchers, lexoffice: LexofficeClient) -> None:
        self._connection_id = connection_id
        self._vouchers = vouchers
        self._lexoffice = lexoffice

    def counterpart(self, expense: Expense) -> str:
        """Return the id of the entry whose bank line belongs to the voucher, or "" if unknown.

        For an invoice, it is the entry of its payment; otherwise the expense's own entry.
        """
        if expense.type != "invoice":
            return expense.entry_id
        key = invoice_key(expense)
        return self._vouchers.link_invoice(self._connection_id, key).payment_entry if key else ""

    def send(self, record: VoucherRecord, counterpart: str) -> VoucherRecord:
        """Send the voucher's only hint if it is not sent yet and the counterpart is known."""
        if record.hinted or not counterpart:
            return record
        try:
            self._lexoffice.hint(record.voucher_id, line.external_reference(counterpart))
        except Rejected as error:
            # Usually a second hint: a run crashed after lexoffice accepted the first one. Otherwise lexoffice suggests
            # no match, and the bookkeeper matches by hand.
            kinds = sorted({f"{issue.field} {issue.kind}" for issue in error.issues})
            details = {"issues": kinds, "vendor_request_id": error.request_id or ""}
            log_warning("hint refused", connection_id=self._connection_id, entry_id=record.entry_id, **details)
            count("HintRefused")
        else:
            log_info(
                "hint sent",
                connection_id=self._connection_id,
                entry_id=record.entry_id,
                voucher_id=record.voucher_id,
                vendor_request_id=self._lexoffice.request_id,
            )
        return self._vouchers.save(self._connection_id, replace(record, hinted=True), datetime.now(UTC))


class MissingHints:
    """Sends hints that no export sent: the job ended before the hint, and the entry was not exported again."""

    def __init__(
        self, connection_id: str, *, hints: Hints, ledger: Ledger, exports: Exports, vouchers: Vouchers
    ) -> None:
        self._connection_id = connection_id
        self._hints = hints
        self._ledger = ledger
        self._exports = exports
        self._vouchers = vouchers

    def send(self, entry_id: str) -> None:
        """Send the hint of an entry's voucher if it is missing and its line is known.

        A hint that is not missing costs one read. Raises Overtaken and vendor errors except NotFound: a deleted voucher
        needs no hint.
        """
        record = self._vouchers.get(self._connection_id, entry_id)
        if record is None or not record.voucher_id or record.hinted:
            return
        try:
            sent = self._hints.send(record, self._counterpart(entry_id))
        except NotFound:
            return
        if sent.hinted:
            log_info("missing hint sent", connection_id=self._connection_id, entry_id=entry_id)

    def _counterpart(self, entry_id: str) -> str:
        """Return the counterpart from the export item or, after the item has expired, from the ledger.

        The ledger's answer is the entry itself if it has a line, otherwise "".
        """
        last = self._exports.last_item(self._connection_id, entry_id)
        item = self._exports.item(self._connection_id, last.job_id, entry_id) if last else None
        if item is not None:
            try:
                return self._hints.counterpart(export_items.parse(item.item))
            except export_items.MalformedExportItemError:
                pass
        row = self._ledger.first_row(self._connection_id, entry_id)
        return entry_id if row is not None and row.destination is Destination.LINE else ""


def review_matches(
    connection: Connection,
    *,
    matches: Matches,
    ledger: Ledger,
    missing_hints: MissingHints,
    lexoffice: LexofficeClient,
    remaining: Remaining,
) -> bool:
    """Review the company's waiting matches; return True if some are left for another run.

    - An open match gets its voucher's missing hint, because lexoffice suggests nothing without a hint.
    - `remaining`: seconds until the last vendor call must start.
    - A company that is not active is skipped: its matches wait until it is active again.
    - For an active company, False means that no match waits. A receiver that adds a match while another one waits
      therefore need not wake the worker.

    Raises vendor errors, including AccessGone and Forbidden, and StoreUnavailable; matches not reviewed by then wait.
    """
    if connection.status is not Status.ACTIVE:
        return False
    try:
        while waiting := matches.waiting(connection.connection_id, _AT_ONCE):
            for record in waiting:
                if remaining() <= 0:
                    return True
                state = _read_state(connection, record, ledger, lexoffice)
                if state is MatchState.OPEN:
                    missing_hints.send(record.entry_id)
                if matches.save_result(connection.connection_id, record, state, datetime.now(UTC)):
                    _log(connection, record, state)
    except OutOfTime:
        return True
    return False


def _read_state(connection: Connection, record: MatchRecord, ledger: Ledger, lexoffice: LexofficeClient) -> MatchState:
    """Read a match's state from lexoffice: one call for an accepted match, two for any other."""
    row = ledger.first_row(connection.connection_id, record.entry_id)
    line_id = row.transaction_id if row else ""
    if line_id and (state := by_line(record.voucher_id, _assignments(line_id, lexoffice))):
        return state
    try:
        payments = lexoffice.payments(record.voucher_id)
    except NotFound:
        return MatchState.GONE
    except Rejected:
        # A bookkeeper set the voucher back to unchecked; lexoffice returns no payments for it until it is checked.
        return by_settlement(None, line_known=bool(line_id))
    settlement = Settlement(payments.voucher_status, payments.open_amount)
    return by_settlement(settlement, line_known=bool(line_id))


def _assignments(line_id: str, lexoffice: LexofficeClient) -> set[str]:
    try:
        return {assignment.id.lower() for assignment in lexoffice.assignments(line_id)}
    except NotFound:
        # The line was deleted in lexoffice, so nothing is assigned to it.
        return set()


def _log(connection: Connection, record: MatchRecord, state: MatchState) -> None:
    if state is record.state and record.looked_at:
        return
    if state is MatchState.ACCEPTED:
        count("MatchAccepted")
    log_info(
        "match looked at",
        connection_id=connection.connection_id,
        voucher_id=record.voucher_id,
        entry_id=record.entry_id,
        state=state.value,
    )
