"""What stands in which section of a month-end sheet, and what the balance is made of."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ops.errors import CommandRefused
from ops.month_end.facts import MadeVoucher, MonthFacts, Payment, month_of
from ops.month_end.sheet import Item, Section, sheet_of
from shared.domain.exporting.match import MatchState
from shared.domain.exporting.voucher_facts import BookedColumn
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import RowSums, State
from shared.domain.lookup.expense_facts import ExportFacts, ExportOutcome
from shared.domain.money import Money
from shared.domain.syncing.proof import BalanceProof
from shared.domain.syncing.proof import Sums as ProofSums

from .month_end_samples import (
    ACQUISITION,
    EXPORTED,
    FORGOTTEN,
    LICENCES,
    MEAL,
    NOW,
    RUNNING,
    VOUCHER,
    booked,
    by_hand,
    facts,
    failed,
    made,
    payment,
    row,
)

TODAY = date(2026, 11, 22)


def listed(section: Section, found: MonthFacts) -> list[tuple[str, tuple[str, ...]]]:
    """The entries of a section, and why they are in it."""
    return [(item.entry_id, item.why) for item in sheet_of(found).sections[section]]


def one(section: Section, *payments: Payment, vouchers: tuple[MadeVoucher, ...] = ()) -> Item:
    """The only item of a section."""
    (item,) = sheet_of(facts(*payments, vouchers=vouchers)).sections[section]
    return item


# ------------------------------------------------------------------------------------------------ which month
@pytest.mark.parametrize("text", ["2026-13", "2026-1", "10/2026", "", "1999-10", "2026-10-01"])
def test_what_is_no_month_is_refused_with_one_that_is(text: str) -> None:
    with pytest.raises(CommandRefused, match="write it like 2026-11"):
        month_of(text, today=TODAY, company="Muster", start=date(2026, 8, 1))


def test_a_month_that_has_not_begun_has_no_sheet() -> None:
    with pytest.raises(CommandRefused, match="2026-12 has not begun"):
        month_of("2026-12", today=TODAY, company="Muster", start=date(2026, 8, 1))


def test_a_month_before_the_start_date_has_no_sheet_and_the_month_of_the_start_date_has() -> None:
    with pytest.raises(CommandRefused, match="Muster is fed from 2026-08-31 on, so there is no sheet of 2026-07"):
        month_of("2026-07", today=TODAY, company="Muster", start=date(2026, 8, 31))
    assert month_of("2026-08", today=TODAY, company="Muster", start=date(2026, 8, 31)).first == date(2026, 8, 1)


def test_a_month_ends_with_its_last_day() -> None:
    assert month_of("2024-02", today=TODAY, company="Muster", start=date(2024, 1, 1)).last == date(2024, 2, 29)


# ------------------------------------------------------------------------------------------------ by hand
def test_wallet_movements_are_listed_by_day_with_their_direction() -> None:
    sheet = sheet_of(facts(by_hand("out", "wallet_unload", -1_000, 9), by_hand("in", "wallet_topup", 50_000, 2)))

    assert [(item.entry_id, item.amount) for item in sheet.sections[Section.BY_HAND]] == [
        ("in", 50_000),
        ("out", -1_000),
    ]
    assert sheet.cents(Section.BY_HAND) == 49_000


# ------------------------------------------------------------------------------------------------ not in lexoffice
@pytest.mark.parametrize(
    ("state", "reason", "why"),
    [
        (State.READY, "", "waiting"),
        (State.INCOMPLETE, "", "waiting"),
        (State.FAILED, "refused_by_lexoffice", "refused_by_lexoffice"),
        (State.HELD, "unknown_kind", "unknown_kind"),
        (State.HELD, "", "other"),
    ],
)
def test_what_is_settled_and_no_line_yet_says_why(state: State, reason: str, why: str) -> None:
    assert one(Section.NOT_FED, payment(row(state=state, reason=reason))).why == (why,)


def test_what_is_in_lexoffice_or_listed_is_not_missing_there() -> None:
    found = facts(payment(), by_hand("e2", "wallet_topup", 1, 1), payment(row("e3", state=State.NONE)))

    assert listed(Section.NOT_FED, found) == []


def test_lexoffices_own_words_are_kept() -> None:
    refused = payment(row(state=State.FAILED, reason="refused_by_lexoffice", detail="amount not_valid"))

    assert one(Section.NOT_FED, refused).values == (("detail", "amount not_valid"),)


# ------------------------------------------------------------------------------------------------ not exported
@pytest.mark.parametrize("outcome", [ExportOutcome.FAILED, ExportOutcome.ABANDONED])
def test_a_failed_export_is_listed_with_its_code(outcome: ExportOutcome) -> None:
    export = ExportFacts(outcome=outcome, code="EXP-SPLIT-SUM", values=(("paid", "2,00 EUR"),))

    item = one(Section.NOT_EXPORTED, payment(export=export, voucher=None))

    assert (item.why, item.values, item.book_id) == (("EXP-SPLIT-SUM",), (("paid", "2,00 EUR"),), "4113617")


def test_an_export_that_failed_after_its_voucher_was_made_is_listed_all_the_same() -> None:
    assert one(Section.NOT_EXPORTED, payment(export=failed("EXP-RECEIPT-BROKEN"))).number


def test_after_ninety_days_a_missing_voucher_says_that_its_cause_is_not_known_any_more() -> None:
    forgotten = FORGOTTEN

    assert one(Section.NOT_EXPORTED, payment(export=forgotten, voucher=None)).why == ("forgotten",)
    assert listed(Section.NOT_EXPORTED, facts(payment(export=forgotten))) == []


def test_what_moves_no_wallet_but_could_not_be_exported_is_listed() -> None:
    mileage = row(state=State.NONE, kind="mileage", destination=Destination.NONE)

    item = one(Section.NOT_EXPORTED, payment(mileage, export=failed("EXP-PAID-PRIVATELY")))

    assert (item.kind, item.why) == ("mileage", ("EXP-PAID-PRIVATELY",))


@pytest.mark.parametrize("export", [None, RUNNING, EXPORTED])
def test_what_was_exported_or_never_was_has_not_failed(export: ExportFacts | None) -> None:
    assert listed(Section.NOT_EXPORTED, facts(payment(export=export))) == []


# ------------------------------------------------------------------------------------------------ receipts
def test_a_voucher_without_file_is_listed_with_what_follows_for_its_tax() -> None:
    without = made(files=(), booked=booked(notices=("NO_RECEIPT", "NO_ATTENDEES")))

    assert one(Section.NO_RECEIPT, vouchers=(without, made("e2"))).why == ("NO_RECEIPT",)


def test_a_voucher_that_was_cancelled_or_deleted_misses_nothing() -> None:
    lost = tuple(made(state.value, files=(), match=state) for state in (MatchState.VOIDED, MatchState.GONE))

    assert all(not items for items in sheet_of(facts(vouchers=lost)).sections.values())


# ------------------------------------------------------------------------------------------------ tax
def test_reverse_charge_and_intra_community_acquisition_are_told_apart() -> None:
    columns = (BookedColumn(LICENCES, 0, 5_000), BookedColumn(ACQUISITION, 0, 700), BookedColumn("Bürobedarf", 19, 11))
    found = facts(vouchers=(made(booked=booked(*columns)),))

    items = sheet_of(found).sections[Section.REVERSE_CHARGE]

    assert [(item.why, item.part) for item in items] == [(("section_13b",), 5_000), (("intra_community",), 700)]


def test_reverse_charge_in_a_category_that_adds_no_tax_is_to_be_checked() -> None:
    item = one(Section.REVERSE_CHARGE, vouchers=(made(booked=booked(reverse=4_000, notices=("REVERSE_CATEGORY",))),))

    assert (item.why, item.part) == (("REVERSE_CATEGORY",), 4_000)


def test_a_company_without_input_vat_is_told_that_it_owes_the_tax() -> None:
    item = one(Section.REVERSE_CHARGE, vouchers=(made(booked=booked(reverse=4_000, notices=("TAX_FREE_REVERSE",))),))

    assert item.why == ("TAX_FREE_REVERSE",)


def test_foreign_is_a_supplier_abroad_or_another_currency_but_not_reverse_charge() -> None:
    abroad = made("abroad", booked=booked(foreign=True, country="AT"))
    dollars = made("dollars", booked=booked(original=Money(13_000, "USD"), country=""))
    german_vat = made("german", booked=booked(foreign=False, country="LU"))
    reverse = made("reverse", booked=booked(BookedColumn(LICENCES, 0, 5_000), foreign=True, country="US"))

    found = facts(vouchers=(dollars, abroad, german_vat, reverse))

    assert [(item.entry_id, item.country) for item in sheet_of(found).sections[Section.FOREIGN]] == [
        ("abroad", "AT"),
        ("dollars", ""),
    ]


def test_a_supplier_abroad_with_a_german_rate_is_to_be_checked() -> None:
    german_rate = booked(foreign=True, country="IE", notices=("FOREIGN_SUPPLIER",))

    assert one(Section.FOREIGN, vouchers=(made(booked=german_rate),)).why == ("FOREIGN_SUPPLIER",)


def test_a_credit_note_is_money_that_came_back() -> None:
    assert (
        one(Section.FOREIGN, vouchers=(made(booked=booked(credit=True, foreign=True, country="AT")),)).amount == 11_900
    )


# ------------------------------------------------------------------------------------------------ meals
def test_a_tip_is_the_part_of_a_meal_without_tax() -> None:
    meal = booked(BookedColumn(MEAL, 7, 40_000), BookedColumn(MEAL, 19, 19_500), BookedColumn(MEAL, 0, 2_000))

    item = one(Section.MEALS, vouchers=(made(booked=meal),))

    assert (item.part, item.amount, item.rates, item.why) == (2_000, -61_500, (0, 7, 19), ())


def test_a_meal_without_any_tax_has_no_tip_that_could_be_told() -> None:
    assert listed(Section.MEALS, facts(vouchers=(made(booked=booked(BookedColumn(MEAL, 0, 2_000))),))) == []


def test_a_meal_without_attendees_is_listed_without_tip() -> None:
    meal = booked(BookedColumn(MEAL, 7, 5_000), notices=("NO_ATTENDEES",))

    item = one(Section.MEALS, vouchers=(made(booked=meal),))

    assert (item.part, item.why) == (0, ("NO_ATTENDEES",))


def test_a_voucher_of_which_nobody_remembers_how_it_was_booked_is_named() -> None:
    found = facts(vouchers=(made(booked=None), made("e2")))

    assert listed(Section.UNKNOWN, found) == [("e1", ())]


# ------------------------------------------------------------------------------------------------ matches
@pytest.mark.parametrize(
    ("match", "why"),
    [
        (MatchState.OPEN, "open"),
        (MatchState.ELSEWHERE, "settled_elsewhere"),
        (MatchState.VOIDED, "voucher_voided"),
        (MatchState.GONE, "voucher_gone"),
        (None, "open"),
    ],
)
def test_a_line_that_is_not_assigned_to_its_voucher_says_why(match: MatchState | None, why: str) -> None:
    assert one(Section.UNMATCHED, payment(match=match)).why == (why,)


@pytest.mark.parametrize("match", [MatchState.ACCEPTED, MatchState.SETTLED])
def test_a_line_whose_voucher_is_settled_by_it_or_by_what_nobody_can_tell_is_matched(match: MatchState) -> None:
    assert listed(Section.UNMATCHED, facts(payment(match=match))) == []


def test_an_unmet_criterion_explains_why_no_suggestion_appears_but_a_late_line_does_not() -> None:
    export = ExportFacts(outcome=ExportOutcome.SUCCESSFUL, unmet_criteria=("line_missing", "voucher_after_line"))

    assert one(Section.UNMATCHED, payment(match=MatchState.OPEN, export=export)).why == (
        "criterion_voucher_after_line",
    )
    late = replace(export, unmet_criteria=("line_missing",))
    assert one(Section.UNMATCHED, payment(match=MatchState.OPEN, export=late)).why == ("open",)


@pytest.mark.parametrize(
    ("kind", "export", "why"),
    [
        ("card_purchase", None, "never_exported"),
        ("card_purchase", failed("EXP-TAX-MISSING"), "export_failed"),
        ("card_purchase", FORGOTTEN, "export_failed"),
        ("card_purchase", RUNNING, "export_running"),
        ("card_purchase", EXPORTED, "no_voucher"),
        ("fee_refund", None, "never_exported"),
        ("invoice_payment", None, "invoice_missing"),
        ("invoice_payment_returned", None, "no_voucher"),
    ],
)
def test_a_line_without_voucher_says_why(kind: str, export: ExportFacts | None, why: str) -> None:
    assert one(Section.UNMATCHED, payment(row(kind=kind), export=export, voucher=None, match=None)).why == (why,)


def test_a_voucher_that_was_only_intended_is_none() -> None:
    intended = replace(VOUCHER, voucher_id="")

    assert one(Section.UNMATCHED, payment(voucher=intended, match=None, export=RUNNING)).why == ("export_running",)


def test_a_correction_belongs_to_the_line_it_corrects() -> None:
    assert one(Section.UNMATCHED, payment(row(revision=2), export=None, voucher=None, match=None)).why == (
        "correction",
    )


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENT}))
def test_what_is_no_line_cannot_be_matched(state: State) -> None:
    assert listed(Section.UNMATCHED, facts(payment(row(state=state), match=None))) == []


# ------------------------------------------------------------------------------------------------ balance
def test_the_balance_goes_on_from_the_month_before() -> None:
    sums = RowSums(lines=-4_000, by_hand=10_000)

    balance = sheet_of(facts(before=sums, within=RowSums(lines=-700, by_hand=50))).balance

    assert (balance.since, balance.opening, balance.before) == (date(2026, 9, 30), False, 106_000)
    assert balance.end == 106_000 - 700 + 50


def test_the_first_balance_begins_with_what_the_admin_stated() -> None:
    balance = sheet_of(facts(start=date(2026, 10, 15), opening=33_000, within=RowSums(lines=-700))).balance

    assert (balance.since, balance.opening, balance.before, balance.end) == (date(2026, 10, 15), True, 33_000, 32_300)


def test_what_is_missing_in_lexoffice_is_not_in_the_balance_but_told() -> None:
    before = RowSums(waiting=-100, unsent=1)

    balance = sheet_of(facts(before=before, within=RowSums(failed=-50, waiting=-7, unsent=2, held=1))).balance

    assert (balance.end, balance.missing, balance.open, balance.unclear) == (100_000, -157, 3, 1)


@pytest.mark.parametrize(
    ("proved_at", "proven"),
    [
        (datetime(2026, 10, 31, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 31, 23, 0, tzinfo=UTC), True),
    ],
)
def test_a_proof_counts_once_the_month_is_over_in_germany(proved_at: datetime, proven: bool) -> None:
    proof = BalanceProof(proved_at=proved_at, opening=0, sums=ProofSums(effect=900), total=800)

    balance = sheet_of(facts(proof=proof)).balance

    assert (balance.proved_at, balance.unexplained) == ((proved_at, 100) if proven else (None, 0))


# ------------------------------------------------------------------------------------------------ provisional
def test_a_month_is_provisional_until_it_is_over_in_germany() -> None:
    before, after = datetime(2026, 10, 31, 22, 59, tzinfo=UTC), datetime(2026, 10, 31, 23, 0, tzinfo=UTC)

    assert sheet_of(facts(now=before, caught_up_to=before)).provisional == ("not_over",)
    assert sheet_of(facts(now=after, caught_up_to=after)).provisional == ()


def test_a_month_is_provisional_until_pleo_was_read_to_its_end() -> None:
    assert sheet_of(facts(caught_up_to=datetime(2026, 10, 31, 22, 0, tzinfo=UTC))).provisional == ("not_caught_up",)
    assert sheet_of(facts(caught_up_to=None)).provisional == ("not_caught_up",)


def test_a_month_is_provisional_while_lines_of_it_wait() -> None:
    assert sheet_of(facts(payment(row(state=State.READY)))).provisional == ("waiting",)
    assert sheet_of(facts(payment(row(state=State.FAILED)))).provisional == ()


def test_every_section_is_there_even_when_nothing_is_in_it() -> None:
    sheet = sheet_of(facts())

    assert sheet.sections == dict.fromkeys(Section, ())
    assert sheet.facts.now == NOW


def test_items_come_by_day_and_those_without_a_day_last() -> None:
    rows = [row("c", day=None, state=State.HELD), row("b", day=date(2026, 10, 2), state=State.HELD)]

    assert [entry for entry, _ in listed(Section.NOT_FED, facts(*map(payment, rows)))] == ["b", "c"]
