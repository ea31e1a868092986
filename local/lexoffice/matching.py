"""«Zuordnungsvorschläge»: which hinted vouchers fit a line, and the effect of an approval.

A hint books nothing (https://developers.lexware.io/partner/docs/#transaction-assignment-hint-endpoint). The criteria
are the app's own:
- The voucher is open.
- Its amount is 95 to 105 % of the line's and flows in the same direction.
- It is not dated after the line, and at most three months before it.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from local.lexoffice.column_tax import cents
from local.lexoffice.records import Transaction
from local.lexoffice.voucher_records import Hint, StoredVoucher, VoucherPayment
from local.lexoffice.world import LexofficeWorld
from local.standin.clock import BERLIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A hint, its voucher and line where they exist, and the criterion that is not met (None: it is proposed)."""

    hint: Hint
    voucher: StoredVoucher | None
    line: Transaction | None
    missed: str | None


def candidates(world: LexofficeWorld, organization_id: str) -> list[Candidate]:
    """Check every hint of an organisation against the current state."""
    return [_judge(world, hint) for hint in world.hints.values() if hint.organization_id == organization_id]


def proposals(world: LexofficeWorld, organization_id: str) -> list[tuple[StoredVoucher, Transaction]]:
    """Return the proposals that can be approved, in the order in which the hints arrived."""
    return [
        (found.voucher, found.line)
        for found in candidates(world, organization_id)
        if found.missed is None and found.voucher is not None and found.line is not None
    ]


def approve(world: LexofficeWorld, organization_id: str, voucher_id: str | None = None) -> list[str]:
    """Approve one proposal, or all of them; return the vouchers' ids."""
    # A line may be proposed for two vouchers. The first one takes it; the second must be checked again.
    approved = []
    for voucher, _ in proposals(world, organization_id):
        if voucher_id not in {None, voucher.id}:
            continue
        found = _judge(world, world.hints[voucher.id])
        if found.missed is None and found.line is not None:
            assign(world, voucher, found.line)
            approved.append(voucher.id)
    return approved


def apply_hints(world: LexofficeWorld, organization_id: str) -> None:
    """Approve every proposal automatically if the switch says so."""
    if world.switches.hint_effect == "auto":
        approve(world, organization_id)


def assign(world: LexofficeWorld, voucher: StoredVoucher, line: Transaction) -> None:
    """Settle a voucher with a line, up to the smaller of the two open amounts."""
    left = _left(line)
    used = min(abs(left), voucher.open_amount)
    voucher.payments.append(VoucherPayment(amount=used, posted=line.transaction_date, transaction_id=line.id))
    line.assignments.append((voucher.id, "voucher"))
    line.open_amount = left + used if left < 0 else left - used
    _touch_line(world, line)
    touch_voucher(world, voucher, voucher.settled_status if not voucher.open_amount else voucher.status)
    world.events.emit(voucher.organization_id, "payment.changed", voucher.id)


def unassign(world: LexofficeWorld, line: Transaction) -> None:
    """Remove a line from all vouchers that it settled."""
    for voucher_id, _ in line.assignments:
        voucher = world.vouchers.get(voucher_id)
        if voucher is None:
            continue
        voucher.payments = [payment for payment in voucher.payments if payment.transaction_id != line.id]
        touch_voucher(world, voucher, "open")
        world.events.emit(voucher.organization_id, "payment.changed", voucher.id)
    line.assignments.clear()
    line.open_amount = None
    _touch_line(world, line)


def touch_voucher(world: LexofficeWorld, voucher: StoredVoucher, status: str) -> None:
    """Increment a voucher's version and set its status. Subscribers get an event if the status has changed."""
    changed = voucher.status != status
    voucher.status = status
    voucher.version += 1
    voucher.modified = world.clock.now()
    if changed:
        world.events.emit(voucher.organization_id, "voucher.status.changed", voucher.id)


def _judge(world: LexofficeWorld, hint: Hint) -> Candidate:
    voucher = world.vouchers.get(hint.voucher_id)
    line = next(_lines(world, hint), None)
    missed = "line missing"
    if voucher is None:
        missed = "voucher missing"
    elif line is not None:
        return Candidate(hint=hint, voucher=voucher, line=line, missed=unmet_criterion(voucher, line))
    return Candidate(hint=hint, voucher=voucher, line=line, missed=missed)


def _lines(world: LexofficeWorld, hint: Hint) -> Iterator[Transaction]:
    if hint.external_reference is not None:
        yield from world.lines_with_reference(hint.organization_id, hint.external_reference)
    else:
        yield from (
            line for line in world.transactions_of(hint.organization_id) if line.end_to_end_id == hint.end_to_end_id
        )


def unmet_criterion(voucher: StoredVoucher, line: Transaction) -> str | None:
    """Return the first criterion that a voucher and a line do not meet; None if they can be proposed."""
    if voucher.status != "open":
        return "voucher not open"
    if line.state in {"completely_assigned", "invisible"}:
        return "line not open"
    left, wanted = _left(line), voucher.open_amount
    if (left < 0) != voucher.moves_money_out:
        return "direction"
    # 95 to 105 per cent, both included.
    if not 95 * abs(cents(left)) <= 100 * cents(wanted) <= 105 * abs(cents(left)):
        return "amount"
    day = line.transaction_date.astimezone(BERLIN).date()
    if voucher.voucher_date > day:
        return "voucher dated after line"
    return "voucher too old" if voucher.voucher_date < _three_months_before(day) else None


def _left(line: Transaction) -> Decimal:
    return line.amount if line.open_amount is None else line.open_amount


def _three_months_before(day: date) -> date:
    months = day.year * 12 + day.month - 1 - 3
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _touch_line(world: LexofficeWorld, line: Transaction) -> None:
    line.lock_version += 1
    line.modified = world.clock.now()
