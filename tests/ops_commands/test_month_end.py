"""`ops month-end`: what it collects from the ledger, writes into two files, and says on the screen."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloud import Cloud
from expenses import wire_item

from shared.aws.connections import Connection, Connections, Status
from shared.aws.exports import ExportItem, Exports, Job, JobState
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches
from shared.aws.proofs import Proofs
from shared.aws.vouchers import VoucherRecord, Vouchers
from shared.domain.connecting.company_state import Hold
from shared.domain.exporting.match import MatchState
from shared.domain.exporting.voucher_facts import BookedVoucher
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, State
from shared.domain.syncing.proof import BalanceProof, Frozen, Sums
from shared.domain.times import booking_date, utc_text

from .conftest import Ops
from .month_end_samples import FILE, booked, row

CONNECTED_AT = "2026-08-01T08:00:00.000000Z"
CAUGHT_UP = "2026-11-20T08:00:00.000000Z"
AT = datetime(2026, 10, 20, 12, tzinfo=UTC)

type Month = Callable[..., dict[str, Any]]


class Books:
    """One company's ledger as the workers leave it."""

    def __init__(self, aws: Cloud, connection: Connection) -> None:
        self.connection = connection
        self.id = connection.connection_id
        self.ledger = Ledger(aws.ledger_table)
        self.vouchers = Vouchers(aws.ledger_table)
        self.matches = Matches(aws.ledger_table)
        self.exports = Exports(aws.ledger_table)
        self.proofs = Proofs(aws.ledger_table)

    def line(self, entry: str, amount: int = -11_900, **changes: Any) -> Row:
        """A row of the ledger; a line in lexoffice unless told otherwise."""
        written = row(entry, amount, **changes)
        return self.ledger.accept(self.id, written)

    def voucher(self, entry: str, how: BookedVoucher | None = None, **changes: Any) -> VoucherRecord:
        """A voucher with one receipt whose match nobody has looked at."""
        known = {"number": f"PLEO-{entry}", "voucher_id": f"v-{entry}", "files": (FILE,), "booked": how or booked()}
        record = VoucherRecord(entry_id=entry, **{**known, **changes})
        self.matches.register(self.id, record.voucher_id, entry)
        return self.vouchers.save(self.id, record, AT)

    def accepted(self, entry: str) -> None:
        """Somebody approved the suggestion."""
        self.matches.mark_for_review(self.id, f"v-{entry}", AT)
        for record in self.matches.waiting(self.id, 10):
            self.matches.save_result(self.id, record, MatchState.ACCEPTED, AT)

    def exported(self, entry: str, outcome: str, job: str = "j1", **changes: Any) -> None:
        """The entry was an item of a job."""
        self.exports.save_job(self.id, Job(job_id=job, state=JobState.RUNNING, created_at="2026-10-20"), AT)
        self.exports.snapshot(self.id, job, [wire_item(accountingEntryId=entry)], AT)
        if outcome:
            item = ExportItem(job_id=job, entry_id=entry, item={}, outcome=outcome, **changes)
            self.exports.save_outcome(self.id, item)


@pytest.fixture
def books(aws: Cloud, connected: Callable[..., Connection]) -> Books:
    """A company that has been connected since August and is caught up."""
    return Books(aws, connected(connected_at=CONNECTED_AT, caught_up_to=CAUGHT_UP, opening_minor=100_000))


@pytest.fixture
def october(ops_: Ops, books: Books, tmp_path: Path) -> Month:
    """Makes the sheet of October; the answer's data."""

    def made(month: str = "2026-10") -> dict[str, Any]:
        ran = ops_("month-end", "--company", books.id, "--month", month, "--out", str(tmp_path), "--json")
        assert ran.code == 0, ran.complaint
        data: dict[str, Any] = ran.data
        return data

    return made


def rows_of(answer: dict[str, Any], section: str) -> list[dict[str, str]]:
    """What the file says in a section."""
    with Path(answer["files"]["csv"]).open(encoding="utf-8-sig", newline="") as file:
        return [each for each in csv.DictReader(file, delimiter=";") if each["Abschnitt"] == section]


def counts(answer: dict[str, Any]) -> dict[str, int]:
    """The sections that are not empty."""
    return {name: each["count"] for name, each in answer["sections"].items() if each["count"]}


def test_a_month_in_which_everything_went_well_has_empty_sections(books: Books, october: Month) -> None:
    books.line("e1")
    books.voucher("e1")
    books.accepted("e1")

    answer = october()

    assert counts(answer) == {}
    assert answer["balance"]["end_cents"] == 100_000 - 11_900
    assert not answer["provisional"]


def test_only_the_months_german_days_count_and_the_balance_knows_those_before(books: Books, october: Month) -> None:
    for entry, day in (("e1", date(2026, 9, 30)), ("e2", date(2026, 10, 1)), ("e3", date(2026, 10, 31))):
        books.line(entry, -100, day=day)
    books.line("e4", -100, day=date(2026, 11, 1))

    answer = october()

    assert answer["sections"]["unmatched"] == {"count": 2, "cents": -200}
    balance = answer["balance"]
    assert (balance["before_cents"], balance["lines_cents"], balance["end_cents"]) == (99_900, -200, 99_700)
    assert balance["since"] == "2026-09-30"


def test_wallet_movements_are_summed_up_by_direction(books: Books, october: Month) -> None:
    hand = {"state": State.LISTED, "destination": Destination.HAND}
    books.line("e1", 50_000, kind="wallet_topup", **hand)
    books.line("e2", -1_000, kind="wallet_unload", **hand)

    answer = october()

    assert answer["by_hand"] == {"in_cents": 50_000, "out_cents": -1_000}
    assert answer["balance"]["by_hand_cents"] == 49_000


def test_a_failed_export_is_told_with_the_cause_of_the_catalogue(books: Books, october: Month) -> None:
    books.line("e1")
    books.exported("e1", "failed", code="EXP-CATEGORY-GONE", values={"account": "Porto"})

    (failed,) = rows_of(october(), "Ausgaben, deren Export gescheitert ist")

    assert (failed["Code"], failed["Nummer in Pleo"]) == ("EXP-CATEGORY-GONE", "4113617")
    assert failed["Hinweis"] == "Die Kategorie «Porto» gibt es in lexoffice nicht mehr."


def test_what_the_newest_job_left_undone_was_given_up_with_it(books: Books, october: Month) -> None:
    books.line("e1")
    books.exported("e1", "")
    running = october()
    over = Job(job_id="j1", state=JobState.FINISHED, created_at="2026-10-20", code="EXP-JOB-EXPIRED")
    books.exports.save_job(books.id, over, AT)

    assert counts(running) == {"unmatched": 1}
    assert [each["Code"] for each in rows_of(october(), "Ausgaben, deren Export gescheitert ist")] == [
        "EXP-JOB-EXPIRED"
    ]


def test_for_a_job_that_vanished_at_pleo_the_sheet_gives_the_stored_reason_as_the_admins_page_does(
    ops_: Ops, books: Books, october: Month
) -> None:
    books.line("entry-01")
    books.exported("entry-01", "")
    vanished = Job(
        job_id="j1",
        state=JobState.FINISHED,
        created_at="2026-10-20",
        code="EXP-JOB-ENDED",
        values={"reason": "job not found"},
    )
    books.exports.save_job(books.id, vanished, AT)

    (failed,) = rows_of(october(), "Ausgaben, deren Export gescheitert ist")
    (traced,) = ops_("trace", "entry-01", "--json").data["expenses"]

    assert failed["Hinweis"] == "Pleo hat den Export beendet (job not found)."
    assert (traced["branch"], "(job not found)" in traced["cause"]) == ("export_failed", True)


def test_after_ninety_days_sheet_and_trace_agree_that_the_export_failed(
    aws: Cloud, ops_: Ops, books: Books, october: Month
) -> None:
    books.line("entry-01")
    books.line("entry-02", 0, state=State.NONE, reason="zero_amount")
    for entry in ("entry-01", "entry-02"):
        books.exported(entry, "")
    for item in aws.items("LedgerTable", "EXPORT#", "row"):
        key = {name: item[name] for name in ("connection_id", "row")}
        aws.client("dynamodb").delete_item(TableName="LedgerTable", Key=key)

    (failed,) = rows_of(october(), "Ausgaben, deren Export gescheitert ist")
    branches = [ops_("trace", entry, "--json").data["expenses"][0]["branch"] for entry in ("entry-01", "entry-02")]

    assert failed["Kennung in Pleo"] == "entry-01"
    assert branches == ["export_failed", "complete"]


def test_the_expenses_of_a_month_are_read_many_at_a_time(aws: Cloud, books: Books, october: Month) -> None:
    for number in range(120):
        books.line(f"e{number:03}", -1)
        books.voucher(f"e{number:03}")
    books.exports.save_job(books.id, Job(job_id="j1", state=JobState.RUNNING, created_at="2026-10-20"), AT)
    items = [wire_item(accountingEntryId=f"e{number:03}") for number in range(120)]
    books.exports.snapshot(books.id, "j1", items, AT)
    with aws.watched("dynamodb") as reads:
        answer = october()

    assert answer["sections"]["unmatched"]["count"] == 120
    assert reads
    assert len(reads) < 40


def test_after_ninety_days_the_sheet_still_knows_how_vouchers_were_booked(
    aws: Cloud, books: Books, october: Month
) -> None:
    books.line("e1")
    books.voucher("e1", replace(booked(), foreign=True, country="AT"))
    books.accepted("e1")
    books.exported("e1", "successful", voucher_id="v-e1")
    books.line("e2")
    books.exported("e2", "failed", code="EXP-TAX-MISSING")
    for item in aws.items("LedgerTable", "EXPORT#", "row"):
        key = {name: item[name] for name in ("connection_id", "row")}
        aws.client("dynamodb").delete_item(TableName="LedgerTable", Key=key)

    answer = october()

    assert counts(answer) == {"not_exported": 1, "foreign": 1, "unmatched": 1}
    assert "nach 90 Tagen nicht mehr bekannt" in rows_of(answer, "Ausgaben, deren Export gescheitert ist")[0]["Hinweis"]


def test_a_voucher_from_before_its_booking_was_kept_is_named_as_unknown(books: Books, october: Month) -> None:
    books.line("e1")
    books.voucher("e1")
    books.vouchers.save(books.id, replace(books.voucher("e2"), booked=None), AT)
    books.line("e2")
    for entry in ("e1", "e2"):
        books.accepted(entry)

    answer = october()

    assert counts(answer) == {"unknown": 1}
    assert rows_of(answer, "Belege, deren Steuerdaten nicht bekannt sind")[0]["Belegnummer"] == "PLEO-e2"


def test_a_voucher_belongs_to_the_month_of_its_date_and_its_line_to_that_of_the_payment(
    books: Books, october: Month
) -> None:
    invoice = {"kind": "invoice", "state": State.NONE, "destination": Destination.NONE, "reason": "wallet_not_moved"}
    books.line("invoice", 0, day=date(2026, 11, 3), counterparty="Lieferant", **invoice)
    books.voucher("invoice", replace(booked(), day=date(2026, 10, 28)), files=())
    books.line("payment", kind="invoice_payment", day=date(2026, 11, 5))
    books.vouchers.link_invoice(books.id, "k", invoice_entry="invoice", payment_entry="payment")

    assert counts(october()) == {"no_receipt": 1}
    november = october("2026-11")
    assert counts(november) == {"unmatched": 1}
    assert rows_of(november, "Umsätze ohne Zuordnung")[0]["Belegnummer"] == "PLEO-invoice"
    books.accepted("invoice")
    assert counts(october("2026-11")) == {}


def test_what_moved_no_wallet_has_its_amount_from_the_export(books: Books, october: Month) -> None:
    none = {"state": State.NONE, "destination": Destination.NONE, "reason": "wallet_not_moved"}
    books.line("e1-mileage", 0, kind="mileage", **none)
    books.exported("e1-mileage", "failed", code="EXP-PAID-PRIVATELY")
    books.line("before-start", 0, state=State.NONE, reason="before_start")

    (failed,) = rows_of(october(), "Ausgaben, deren Export gescheitert ist")

    assert (failed["Betrag in EUR"], failed["Art"]) == ("-119,00", "Kilometergeld")


def test_what_waits_without_a_day_is_on_every_sheet_because_it_may_be_of_that_month(
    books: Books, october: Month
) -> None:
    books.line("e1", 0, state=State.INCOMPLETE, day=None)

    answer = october()

    assert counts(answer) == {"not_fed": 1}
    assert answer["balance"]["unclear"] == 1
    assert answer["provisional_because"] == ["waiting"]


def test_a_correction_is_a_line_of_the_day_on_which_it_was_made(books: Books, october: Month) -> None:
    books.line("e1", day=date(2026, 9, 29))
    books.voucher("e1", replace(booked(), day=date(2026, 9, 29)))
    books.accepted("e1")
    books.ledger.accept(books.id, row("e1", 1_900, revision=2, reason="correction"))

    answer = october()

    assert counts(answer) == {"unmatched": 1}
    assert answer["balance"]["end_cents"] == 100_000 - 11_900 + 1_900


def test_the_last_proof_says_whether_the_balance_is_proven(books: Books, october: Month) -> None:
    proof = BalanceProof(proved_at=datetime(2026, 11, 2, tzinfo=UTC), opening=100_000, sums=Sums(effect=5), total=0)
    books.proofs.save(books.id, proof, Frozen())

    assert october()["balance"]["unexplained_cents"] == 5


def test_the_current_month_is_provisional(ops_: Ops, books: Books, tmp_path: Path) -> None:
    today = booking_date(datetime.now(UTC))  # Berlin's month, which begins before UTC's

    ran = ops_("month-end", "--company", books.id, "--month", f"{today:%Y-%m}", "--out", str(tmp_path))

    assert ran.code == 0
    assert "provisional: the month is not over" in ran.text


def test_two_files_are_written_that_only_their_owner_can_read_and_again_over_them(
    books: Books, october: Month, tmp_path: Path
) -> None:
    books.line("e1")
    first, second = october(), october()

    assert first["files"] == second["files"]
    assert sorted(map(str, tmp_path.iterdir())) == sorted(first["files"].values())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert {path.name for path in tmp_path.iterdir()} == {
        f"pleo-monatsabschluss-muster-gmbh-{books.id[:8]}-2026-10.{kind}" for kind in ("csv", "html")
    }


def test_a_folder_is_made_and_one_that_cannot_be_is_said_in_one_sentence(
    ops_: Ops, books: Books, tmp_path: Path
) -> None:
    arguments = ("month-end", "--company", books.id, "--month", "2026-10", "--out")
    assert ops_(*arguments, str(tmp_path / "new" / "folder")).code == 0
    (tmp_path / "file").touch()

    for folder, why in ("file", "File exists"), ("x" * 5_000, "File name too long"):
        ran = ops_(*arguments, str(tmp_path / folder))

        assert ran.code == 1
        assert ran.complaint.startswith(f"{why}: name another folder with --out for {tmp_path}/{folder[:100]}")


@pytest.mark.parametrize("month", ["2999-01", "2026-07", "Oktober"])
def test_a_month_without_a_sheet_is_refused_in_one_sentence_and_nothing_is_written(
    ops_: Ops, books: Books, tmp_path: Path, month: str
) -> None:
    ran = ops_("month-end", "--company", books.id, "--month", month, "--out", str(tmp_path))

    assert ran.code == 1
    assert ran.complaint.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_company_that_was_never_connected_to_the_end_has_no_sheet(
    ops_: Ops, connected: Callable[..., Connection]
) -> None:
    connected("Halb GmbH", status=Status.CONNECTING, connected_at="")

    assert "never been connected" in ops_("month-end", "--company", "Halb GmbH", "--month", "2026-10").complaint


def test_a_held_and_a_deleted_company_still_have_their_sheets(
    books: Books, october: Month, connections: Connections
) -> None:
    books.line("e1")
    connections.change(books.id, status=Status.HELD, hold=Hold.PLAN)
    held = Path(october()["files"]["page"]).read_text("utf-8")
    connections.change(
        books.id, status=Status.DISCONNECTED, company_name="", deleted_at=utc_text(AT), organisation_name=""
    )
    deleted = Path(october()["files"]["page"]).read_text("utf-8")

    assert "Zurzeit wird nichts übertragen: lexoffice-Tarif ohne Buchhaltung." in held
    assert "Namen sind gelöscht" in deleted


def test_it_changes_nothing(aws: Cloud, books: Books, october: Month) -> None:
    books.line("e1")
    books.voucher("e1")
    books.exported("e1", "failed", code="EXP-TAX-MISSING")
    tables = ("LedgerTable", "ConnectionTable")
    before = [aws.dump(table) for table in tables]

    october()

    assert [aws.dump(table) for table in tables] == before
    assert not any(aws.messages(queue) for queue in ("FeedQueue", "ExportQueue", "SyncQueue"))


def test_only_the_company_that_was_asked_for_is_in_it(
    aws: Cloud, books: Books, october: Month, connected: Callable[..., Connection]
) -> None:
    other = Books(aws, connected("Andere GmbH", connected_at=CONNECTED_AT))
    other.line("e9")
    other.voucher("e9", files=())

    assert counts(october()) == {}


def test_a_month_of_several_pages_is_read_whole(books: Books, october: Month) -> None:
    first = date(2026, 10, 1)
    for number in range(300):
        books.line(f"e{number:03}", -1, day=first + timedelta(days=number % 31), purpose="x" * 4_000)

    answer = october()

    assert answer["sections"]["unmatched"] == {"count": 300, "cents": -300}
    assert answer["balance"]["lines_cents"] == -300
