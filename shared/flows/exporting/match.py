"""Learning from lexoffice which suggested matches were accepted, and seeing to it that the others are suggested at all.

Events only say that something happened to a voucher; what, is read here. What if the process dies? A match waits until
what was seen is stored. What if this runs twice? Reading changes nothing, and what is older than the newest event is
not stored.
"""

from datetime import UTC, datetime

from shared.aws.connections import Connection
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches, MatchRecord
from shared.domain.exporting import match
from shared.domain.exporting.match import MatchState, Settlement
from shared.errors import NotFound, OutOfTime, Rejected
from shared.flows.exporting.hints import MissingHints
from shared.flows.vendors import Remaining
from shared.lexoffice.client import LexofficeClient
from shared.telemetry import count, log_info

_AT_ONCE = 25


def review(
    connection: Connection,
    *,
    matches: Matches,
    ledger: Ledger,
    missing_hints: MissingHints,
    lexoffice: LexofficeClient,
    remaining: Remaining,
) -> bool:
    """Look at every match of a company that waits for it; True when some are left for another run.

    One that nobody has decided on gets the hint that its voucher may lack, without which nothing would be suggested.
    `remaining` seconds may pass before the last call begins. Nothing is read for a company that is not active: its
    matches wait until it is connected again. For an active one False means that nothing waits, so whoever adds a match
    while another one still waits need not wake anybody. Raises vendor errors (AccessGone and Forbidden among them) and
    StoreUnavailable; what was not looked at then waits.
    """
    if not connection.status.may_write:
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
    """One call when the match was accepted, a second one otherwise."""
    row = ledger.first_row(connection.connection_id, record.entry_id)
    line_id = row.transaction_id if row else ""
    if line_id and (state := match.by_line(record.voucher_id, _assignments(line_id, lexoffice))):
        return state
    try:
        payments = lexoffice.payments(record.voucher_id)
    except NotFound:
        return MatchState.GONE
    except Rejected:
        # Somebody set it back to be checked; until then lexoffice has no payments of it.
        return match.by_settlement(None, line_known=bool(line_id))
    settlement = Settlement(payments.voucher_status, payments.open_amount)
    return match.by_settlement(settlement, line_known=bool(line_id))


def _assignments(line_id: str, lexoffice: LexofficeClient) -> set[str]:
    try:
        return {assignment.id.lower() for assignment in lexoffice.assignments(line_id)}
    except NotFound:
        # Somebody deleted the line, so nothing is assigned to it.
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
