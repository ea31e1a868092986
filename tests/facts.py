"""Facts for pages: a company as it is on an ordinary afternoon, and what may be different with it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from shared.domain.lookup.expense_halves import Step
from shared.domain.lookup.expense_state import Branch, ExpenseState
from shared.domain.lookup.overview import (
    AccountBalance,
    Day,
    FailedItem,
    LastExport,
    LastSync,
    Movement,
    Overview,
    Waiting,
)
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.proof import BalanceProof, Pending, Sums
from shared.domain.syncing.requests import SyncRequest

NOW = datetime(2026, 3, 16, 13, 5, tzinfo=UTC)  # a Monday, five past two in Germany
ENTRY = "5f0c2f6e-8d7b-4c53-9a1e-2f6d1b7c9a01"
VOUCHER = "7f3f1c52-1b0e-4b6f-9a75-0d6c6f1e2b11"


def _days() -> tuple[Day, ...]:
    lines = [0, 0, 3, 7, 5, 9, 4, 0, 0, 6, 8, 12, 7, 5, 0, 0, 9, 11, 25, 8, 6, 0, 0, 7, 10, 6, 9, 5, 0, 4]
    first = NOW.date() - timedelta(days=len(lines) - 1)
    return tuple(
        Day(
            day=first + timedelta(days=index),
            lines=count,
            mean_delay=(2.4 + index % 5 if index != 18 else 310.0) if count else None,
            longest_delay=(6.0 + 3 * (index % 7) if index != 18 else 2900.0) if count else None,
        )
        for index, count in enumerate(lines)
    )


def _movement(day: date, kind: str, amount: int) -> Movement:
    return Movement(entry_id=f"{ENTRY[:-4]}{abs(amount) % 10000:04d}", kind=kind, amount=amount, day=day)


MOVEMENTS = (
    _movement(date(2026, 3, 12), "wallet_topup", 500_000),
    _movement(date(2026, 3, 9), "direct_reimbursement", -4_280),
    _movement(date(2026, 2, 27), "wallet_unload", -120_000),
    _movement(date(2026, 2, 2), "wallet_topup", 1_000_000),
)
_EXPORT = LastExport(
    job_id="0b7c5a43-9f0a-4a35-8a4d-8c1a3f6e7d90",
    created_at=NOW - timedelta(days=1, hours=2),
    state="finished",
    event="completed",
    code="",
    items=28,
    successful=28,
    failed_count=0,
    failed=(),
    done_by=None,
)
_TOTAL = 562_983


def proof(
    proved_at: datetime = NOW, *, opening: int = 0, unexplained: int = 0, held: int = 0, pending: Pending | None = None
) -> BalanceProof:
    """A proof of the ordinary afternoon's balance."""
    sums = Sums(effect=_TOTAL + unexplained, held=held)
    return BalanceProof(proved_at=proved_at, opening=opening, sums=sums, total=_TOTAL, pending=pending)


FINE = Overview(
    company="Musterfirma GmbH",
    organisation="Musterfirma Handelsgesellschaft mbH & Co. KG",
    status="active",
    hold="",
    pleo="ok",
    lexoffice="ok",
    connected_at=datetime(2026, 1, 15, 9, 30, tzinfo=UTC),
    caught_up_at=NOW - timedelta(minutes=4),
    last_line_at=NOW - timedelta(minutes=11),
    waiting=(),
    waiting_count=0,
    done_by=None,
    movements=MOVEMENTS,
    export=_EXPORT,
    sync=LastSync(
        at=NOW - timedelta(hours=3),
        changed_at=NOW - timedelta(days=6),
        changes=(
            CatalogueChange(what="created", name="Fortbildung"),
            CatalogueChange(what="renamed", name="Reisekosten Inland", before="Reisekosten"),
            CatalogueChange(what="archived", name="Sonstige Ausgaben"),
            CatalogueChange(what="tax_code", name="7 % Vorsteuer", before="5 % Vorsteuer"),
        ),
    ),
    days=_days(),
    balance=AccountBalance(lines=-812_737, by_hand=1_375_720, total=_TOTAL, pushed=_TOTAL, waiting=0, failed=0),
)
_READY = Waiting(
    entry_id=ENTRY,
    state="ready",
    reason="",
    detail="",
    kind="card_purchase",
    amount=-2_677,
    day=date(2026, 3, 16),
    counterparty="Muster Bürobedarf",
)
_REFUSED = replace(
    _READY,
    state="failed",
    reason="refused_by_lexoffice",
    detail="purpose: too_long",
    amount=-129_950,
    day=date(2026, 3, 13),
)
_UNKNOWN = replace(
    _READY, state="held", reason="unknown_kind", kind="LOYALTY/POINTS", amount=0, day=None, counterparty=""
)
BUSY = replace(
    FINE,
    waiting=(_READY,),
    waiting_count=1240,
    done_by=NOW + timedelta(minutes=15),
    balance=replace(FINE.balance, waiting=-98_400),
)
ATTENTION = replace(
    FINE,
    waiting=(_REFUSED, _UNKNOWN),
    waiting_count=2,
    export=replace(
        _EXPORT,
        event="completed_with_errors",
        items=30,
        successful=27,
        failed_count=3,
        failed=(
            FailedItem(
                entry_id=ENTRY,
                book_id="1043",
                code="EXP-ACCOUNT-MISSING",
                values=(),
                amount=-4_990,
                merchant="Muster Bahn",
            ),
            FailedItem(
                entry_id=ENTRY,
                book_id="",
                code="EXP-RECEIPT-TOO-LARGE",
                values=(("size", "7 MB"),),
                amount=None,
                merchant="",
            ),
            FailedItem(entry_id=ENTRY, book_id="1051", code="EXP-NEW", values=(), amount=1_200, merchant="Muster Café"),
        ),
    ),
    balance=replace(FINE.balance, pushed=500_000, failed=-129_950),
)
HELD = replace(
    FINE, status="held", hold="lexoffice_access_gone", lexoffice="gone", waiting=(_READY,) * 3, waiting_count=37
)
FRESH = replace(
    FINE,
    caught_up_at=None,
    last_line_at=None,
    movements=(),
    export=None,
    sync=LastSync(at=NOW, changed_at=None, changes=()),
    days=tuple(replace(day, lines=0, mean_delay=None, longest_delay=None) for day in FINE.days),
    balance=AccountBalance(lines=0, by_hand=0, total=0, pushed=None, waiting=0, failed=0),
)
PROVEN = replace(
    FINE,
    balance=replace(
        FINE.balance,
        opening=100_000,
        first_day=date(2026, 1, 1),
        total=662_983,
        pushed=662_983,
        proof=proof(
            NOW - timedelta(hours=7),
            opening=100_000,
            held=1,
            pending=Pending(cents=-12_345, count=3, unknown=1),
        ),
        tried_at=NOW - timedelta(minutes=20),
    ),
)
REFUSED = replace(
    PROVEN,
    sync=replace(FINE.sync, refused=CatalogueRefusal(reason="removed", count=30, known=95)),
    open_requests=frozenset({SyncRequest.PROVE_BALANCE}),
)
GONE = replace(FRESH, status="disconnected", pleo="gone", lexoffice="gone")
EXPORTING = replace(
    FINE,
    export=replace(_EXPORT, state="running", event="", successful=9, done_by=NOW + timedelta(minutes=9)),
)

_AT = NOW - timedelta(days=2)
COMPLETE = ExpenseState(
    entry_id=ENTRY,
    book_id="1042",
    branch=Branch.COMPLETE,
    steps=(
        Step(what="accepted", state="done", at=_AT),
        Step(what="settled", state="done", at=_AT),
        Step(what="line", state="done", at=_AT + timedelta(seconds=4)),
        Step(what="exported", state="done", at=NOW - timedelta(hours=2)),
        Step(what="voucher", state="done", at=NOW - timedelta(hours=2)),
        Step(what="receipts", state="done", detail="2"),
        Step(what="hint", state="done"),
        Step(what="match", state="waiting", detail="open"),
    ),
    voucher_id=VOUCHER,
    voucher_number="PLEO-1042-5f0c2f",
    pleo_url="https://app.pleo.io/expenses",
    kind="card_purchase",
    amount=-2_677,
    counterparty="Muster Bürobedarf",
    day=date(2026, 3, 14),
)
FAILED = replace(
    COMPLETE,
    branch=Branch.EXPORT_FAILED,
    code="EXP-SPLIT-SUM",
    values=(("parts", "20,00 EUR"), ("paid", "26,77 EUR")),
    voucher_id="",
    voucher_number="",
    pleo_url="",
    steps=(
        *COMPLETE.steps[:3],
        Step(what="exported", state="failed", at=NOW - timedelta(hours=2), detail="EXP-SPLIT-SUM"),
        *(Step(what=what, state="missing") for what in ("voucher", "receipts", "hint", "match")),
    ),
)
NO_SUGGESTION = replace(
    COMPLETE, branch=Branch.NO_SUGGESTION, unmet_criteria=("voucher_after_line", "amount_outside_range")
)
LINE_HELD = replace(
    COMPLETE,
    branch=Branch.LINE_HELD,
    kind="LOYALTY/POINTS",
    amount=None,
    steps=(*COMPLETE.steps[:2], Step(what="line", state="failed", detail="unknown_kind"), *FAILED.steps[3:]),
)
