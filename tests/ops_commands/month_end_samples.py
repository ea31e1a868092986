"""Facts for month-end sheets: payments, vouchers, and one October with a little of everything."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from ops.month_end.facts import MadeVoucher, Month, MonthFacts, Payment
from shared.aws.vouchers import Attachment, VoucherRecord
from shared.domain.exporting.match import MatchState
from shared.domain.exporting.voucher_facts import BookedColumn, BookedVoucher
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, RowSums, State
from shared.domain.lookup.expense_facts import ExpenseFacts, ExportFacts, ExportOutcome, VoucherFacts
from shared.domain.lookup.expense_state import decide
from shared.domain.money import Money
from shared.domain.syncing.proof import BalanceProof
from shared.domain.syncing.proof import Sums as ProofSums

OCTOBER = Month(date(2026, 10, 1), date(2026, 10, 31))
DAY = date(2026, 10, 14)
NOW = datetime(2026, 11, 2, 8, 15, tzinfo=UTC)
FILE = Attachment("f1", "ab" * 32)
OFFICE, LICENCES, ACQUISITION = "Bürobedarf", "Lizenzen §13b Drittland", "Innergemeinschaftlicher Erwerb"
MEAL = "Bewirtung Geschäftspartner"
EXPORTED = ExportFacts(outcome=ExportOutcome.SUCCESSFUL)
RUNNING = ExportFacts(outcome=ExportOutcome.RUNNING)
FORGOTTEN = ExportFacts(outcome=ExportOutcome.FORGOTTEN)
VOUCHER = VoucherFacts(
    number="PLEO-4113617-00000000e1", voucher_id="v-e1", made_at=None, receipts=1, uploading=False, hinted=True
)


def row(entry: str = "e1", amount: int = -11_900, **changes: Any) -> Row:
    """A card payment of 119 euros that is a line in lexoffice."""
    known = {
        "entry_id": entry,
        "revision": 1,
        "state": State.SENT,
        "kind": "card_purchase",
        "destination": Destination.LINE,
        "amount": amount,
        "total": amount,
        "day": DAY,
        "counterparty": "Muster Bürobedarf",
        "purpose": "Kartenzahlung Muster Bürobedarf",
        "version": "1",
    }
    return Row(**{**known, **changes})


def payment(found: Row | None = None, **changes: Any) -> Payment:
    """A payment with its voucher, whose match was accepted; changes are those of its facts."""
    found = found or row()
    known = {
        "book_id": "4113617",
        "export": EXPORTED,
        "voucher": VOUCHER,
        "match": MatchState.ACCEPTED,
    }
    return Payment(found, decide(ExpenseFacts(entry_id=found.entry_id, rows=[found], **{**known, **changes})))


def failed(code: str, **values: str) -> ExportFacts:
    """An export that was refused with a code."""
    return ExportFacts(outcome=ExportOutcome.FAILED, code=code, values=tuple(values.items()))


def booked(*columns: BookedColumn, **changes: Any) -> BookedVoucher:
    """119 euros of office supplies at 19 %, from a German supplier."""
    columns = columns or (BookedColumn(OFFICE, 19, 11_900),)
    gross = sum(column.gross for column in columns)
    known = {
        "day": DAY,
        "credit": False,
        "columns": columns,
        "notices": (),
        "reverse": 0,
        "foreign": False,
        "country": "DE",
        "original": Money(gross, "EUR"),
    }
    return BookedVoucher(**{**known, **changes})


def record(entry: str = "e1", **changes: Any) -> VoucherRecord:
    """A voucher with one receipt."""
    known = VoucherRecord(
        entry_id=entry,
        number=f"PLEO-4113617-{entry:0>10}",
        voucher_id=f"v-{entry}",
        files=(FILE,),
        booked=booked(),
    )
    return replace(known, **changes)


def made(
    entry: str = "e1", *, found: Row | None = None, match: MatchState | None = None, **changes: Any
) -> MadeVoucher:
    """A voucher of the month; changes are those of its record."""
    return MadeVoucher(record=record(entry, **changes), row=found or row(entry), match=match)


def facts(*payments: Payment, vouchers: tuple[MadeVoucher, ...] = (), **changes: Any) -> MonthFacts:
    """October of a company that has been connected since August."""
    known = {
        "company": "Musterfirma GmbH",
        "organisation": "Musterfirma Handelsgesellschaft mbH & Co. KG",
        "hold": "",
        "month": OCTOBER,
        "now": NOW,
        "start": date(2026, 8, 1),
        "opening": 100_000,
        "caught_up_to": NOW,
        "before": RowSums(),
        "within": RowSums(),
        "payments": payments,
        "vouchers": vouchers,
        "has_matches": True,
        "is_nameless": False,
        "proof": None,
    }
    return MonthFacts(**{**known, **changes})


def by_hand(entry: str, kind: str, amount: int, day: int) -> Payment:
    """A wallet movement."""
    moved = row(entry, amount, state=State.LISTED, kind=kind, destination=Destination.HAND, day=date(2026, 10, day))
    return payment(moved, export=None, voucher=None, match=None, book_id="")


def october() -> MonthFacts:
    """A little of everything, for whoever looks at the page."""
    tax_missing = failed("EXP-TAX-MISSING")
    too_large = failed("EXP-RECEIPT-TOO-LARGE", size="6,0 MB")
    software = row("e3", -29_900, counterparty="Beispiel Software Inc.", day=date(2026, 10, 5))
    hotel = row("e4", -46_000, counterparty="Hotel zur Schönen Aussicht am Wörthersee Betriebsges.m.b.H.")
    dollars = row("e5", -4_630, counterparty="Example Cloud Services Ltd.", day=date(2026, 10, 20))
    dinner = row("e6", -61_500, counterparty="Restaurant Zum Goldenen Hirschen", day=date(2026, 10, 21))
    machine = row("e7", -120_000, counterparty="Voorbeeld Machines B.V.", day=date(2026, 10, 8))
    slip = row("e8", -2_450, counterparty="Bäckerei Muster", day=date(2026, 10, 9))
    tax_free_dinner = booked(
        BookedColumn(MEAL, 7, 40_000),
        BookedColumn(MEAL, 19, 19_500),
        BookedColumn(MEAL, 0, 2_000),
        day=date(2026, 10, 21),
        notices=("NO_ATTENDEES",),
    )
    cloud = booked(BookedColumn("Software", 19, 4_630), foreign=True, country="IE", original=Money(5_000, "USD"))
    vouchers = (
        made("e3", found=software, booked=booked(BookedColumn(LICENCES, 0, 29_900), foreign=True, country="US")),
        made("e7", found=machine, booked=booked(BookedColumn(ACQUISITION, 0, 120_000), foreign=True, country="NL")),
        made("e4", found=hotel, booked=booked(BookedColumn("Reisekosten", 0, 46_000), foreign=True, country="AT")),
        made("e5", found=dollars, booked=replace(cloud, notices=("FOREIGN_SUPPLIER",), day=date(2026, 10, 20))),
        made("e6", found=dinner, booked=tax_free_dinner),
        made(
            "e8",
            found=slip,
            files=(),
            booked=booked(BookedColumn("Bewirtung Mitarbeiter", 0, 2_450), notices=("NO_RECEIPT",)),
        ),
    )
    nothing: dict[str, Any] = {"export": None, "voucher": None, "match": None}
    refused = row("e9", -1_999, state=State.FAILED, reason="refused_by_lexoffice", detail="amount not_valid")
    held = row("e10", 0, state=State.HELD, kind="LOYALTY/POINTS", reason="unknown_kind", day=date(2026, 10, 30))
    late = row("e11", -8_900, counterparty="Tankstelle Nord", day=date(2026, 10, 12))
    huge = row("e12", -17_850, counterparty="Messebau Beispiel GmbH & Co. KG", day=date(2026, 10, 15))
    mileage = row("e13", 0, state=State.NONE, kind="mileage", destination=Destination.NONE, counterparty="Pleo")
    new = row("e14", -3_570, counterparty="Papeterie Muster", day=date(2026, 10, 31))
    return facts(
        by_hand("e20", "wallet_topup", 500_000, 2),
        by_hand("e21", "direct_reimbursement", -4_280, 19),
        by_hand("e22", "wallet_unload", -120_000, 28),
        payment(),
        payment(software),
        payment(machine),
        payment(hotel, match=MatchState.OPEN, book_id="4113620"),
        payment(dollars, match=MatchState.ELSEWHERE, book_id="4113631"),
        payment(dinner),
        payment(slip),
        payment(refused, **nothing, book_id=""),
        payment(held, **nothing, book_id=""),
        payment(late, **nothing | {"export": tax_missing}, book_id="4113622"),
        payment(huge, **nothing | {"export": too_large}, book_id="4113623"),
        payment(
            mileage,
            **nothing
            | {
                "export": failed("EXP-PAID-PRIVATELY", kind="Kilometergeld"),
                "amount": 4_500,
            },
        ),
        payment(new, **nothing, book_id=""),
        vouchers=vouchers,
        before=RowSums(lines=-812_345, by_hand=1_000_000),
        within=RowSums(lines=-318_650, by_hand=375_720, failed=-1_999, unsent=1, held=1),
        proof=BalanceProof(
            proved_at=NOW,
            opening=100_000,
            sums=ProofSums(effect=344_725, lines=-1_130_995, by_hand=1_375_720, failed=0),
            total=344_725,
        ),
    )
