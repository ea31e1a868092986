"""From expense to voucher, one test per rule of docs/mapping.md."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from expenses import (
    ACQUISITION,
    HOSPITALITY,
    LICENCES_13B,
    OFFICE,
    SETTINGS,
    SINGLE_RATE,
    SOFTWARE,
    STAFF_MEALS,
    WALLET,
    columns,
    expense,
    part,
    refusal,
    tax,
    voucher,
)

from shared.domain.exporting.expense import Account, ExpenseLine, Invoice, Party
from shared.domain.exporting.item_rules import RULES, Treatment
from shared.domain.exporting.mapping import voucher_for
from shared.domain.exporting.matching import BankLine
from shared.domain.exporting.voucher import ENGLISH, GERMAN, ContactNeed, Reason, WithoutVoucher, invoice_key
from shared.domain.money import Money

DAY = date(2026, 1, 12)
INVOICE = Invoice(number="RE 2026/17", day=date(2025, 12, 20), due_date=date(2026, 1, 19))

PURCHASES = ["card_purchase", "card_invoice", "personal_spend", "atm_withdrawal", "fee", "invoice"]
CREDITS = ["refund", "chargeback", "cashback"]
WALLET_MOVEMENTS = ["wallet_topup", "wallet_unload", "withdrawal"]
PAID_PRIVATELY = ["out_of_pocket", "mileage", "per_diem", "external_reimbursement"]


@pytest.mark.parametrize("kind", PURCHASES)
def test_money_spent_becomes_a_purchase_invoice(kind: str) -> None:
    made = voucher(expense(type=kind))

    assert (made.type, made.total_gross, made.total_tax) == ("purchaseinvoice", 11900, 1900)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kind", CREDITS)
def test_money_that_came_back_becomes_a_credit_note_with_positive_amounts(kind: str, sign: int) -> None:
    made = voucher(expense(part(sign * 11900), type=kind))

    assert (made.type, made.total_gross, made.total_tax) == ("purchasecreditnote", 11900, 1900)


def test_a_fee_that_came_back_is_a_credit_note_by_its_sign_or_by_its_line() -> None:
    assert voucher(expense(part(-500), type="fee", sub_type="interest")).credit
    assert voucher(expense(part(500), type="fee"), line=BankLine(500, DAY)).credit
    assert not voucher(expense(part(500), type="fee"), line=BankLine(-500, DAY)).credit


@pytest.mark.parametrize("kind", WALLET_MOVEMENTS)
@pytest.mark.parametrize("sign", [1, -1])
def test_wallet_movements_succeed_without_voucher_whatever_else_is_missing(kind: str, sign: int) -> None:
    given = expense(part(sign * 100000, "", None), type=kind, contra_account=None)

    assert voucher_for(given, SETTINGS) == WithoutVoucher(Reason.WALLET_MOVEMENT)


def test_an_invoice_payment_points_at_the_invoice() -> None:
    paid = expense(type="invoice_payment", sub_type="invoice_payment_sent", invoice=INVOICE)

    assert voucher_for(paid, SETTINGS) == WithoutVoucher(Reason.INVOICE_PAYMENT)
    assert invoice_key(paid) == invoice_key(expense(type="invoice", invoice=INVOICE)) != ""


@pytest.mark.parametrize("number", ["re 2026/17", "RE-2026-17", " RE2026/17 "])
def test_an_invoice_number_may_be_spelt_in_several_ways(number: str) -> None:
    spelt = expense(invoice=replace(INVOICE, number=number))

    assert invoice_key(spelt) == invoice_key(expense(invoice=INVOICE))


def test_two_suppliers_with_the_same_number_are_told_apart_by_the_amount() -> None:
    assert invoice_key(expense(part(500), invoice=INVOICE)) != invoice_key(expense(part(501), invoice=INVOICE))
    assert invoice_key(expense()) == invoice_key(expense(invoice=replace(INVOICE, number="---"))) == ""


def test_an_invoice_keeps_its_own_date_and_looks_for_the_line_of_its_payment() -> None:
    paid_late = voucher(expense(type="invoice", invoice=INVOICE), line=BankLine(-11900, date(2026, 4, 1)))

    assert paid_late.day == INVOICE.day
    assert "Kein Zuordnungsvorschlag: Das Belegdatum liegt mehr als drei Monate vor dem Umsatz" in paid_late.remark


def test_a_voucher_that_will_be_suggested_says_nothing_of_it() -> None:
    assert "Zuordnungsvorschlag" not in voucher(expense(), line=BankLine(-11900, DAY)).remark
    assert "Zuordnungsvorschlag" not in voucher(expense()).remark


def test_a_voucher_too_far_from_its_line_says_that_it_must_be_matched_by_hand() -> None:
    assert "zwischen 95 und 105 %" in voucher(expense(), line=BankLine(-20000, DAY)).remark


@pytest.mark.parametrize("kind", PAID_PRIVATELY)
def test_what_was_not_paid_from_the_wallet_is_refused_with_the_way_out(kind: str) -> None:
    found = refusal(expense(type=kind))

    assert found.error.code == "EXP-PAID-PRIVATELY"
    assert "CSV-Export" in found.german
    assert "CSV export" in found.english


@pytest.mark.parametrize(
    "sub_type", ["reimbursement_to_employee", "reimbursement_to_employee_refund", "reimbursement_to_company"]
)
def test_a_reimbursement_from_the_wallet_is_refused_with_the_way_out(sub_type: str) -> None:
    found = refusal(expense(type="direct_reimbursement", sub_type=sub_type))

    assert found.error.code == "EXP-REIMBURSEMENT"
    assert "CSV-Export" in found.german


def test_an_unknown_type_is_refused_by_name() -> None:
    assert "balance_amendment" in refusal(expense(type="balance_amendment")).german


def test_every_type_of_the_table_is_decided_here() -> None:
    decided = {*PURCHASES, *CREDITS, *WALLET_MOVEMENTS, *PAID_PRIVATELY, "invoice_payment", "direct_reimbursement"}

    assert decided == {rule.type for rule in RULES}
    assert {rule.treatment for rule in RULES} == set(Treatment)


def test_a_success_without_voucher_explains_itself_in_both_languages() -> None:
    assert set(GERMAN) == set(ENGLISH) == set(Reason)


def test_parts_of_one_category_and_rate_are_one_column_taxed_on_its_sum() -> None:
    # 3 × 0.33 at 19 % would be 3 × 0.05 = 0.15 by line; the column of 0.99 holds 0.16.
    made = voucher(expense(part(33), part(33), part(33)))

    assert columns(made) == [(OFFICE, 19, 99, 16)]


def test_a_split_over_categories_and_rates_keeps_the_paid_amount() -> None:
    made = voucher(expense(part(11900), part(1070, OFFICE, tax("7")), part(999, SOFTWARE, tax("0")), part(101)))

    assert columns(made) == [(OFFICE, 19, 12001, 1916), (OFFICE, 7, 1070, 70), (SOFTWARE, 0, 999, 0)]
    assert made.total_gross == 14070


@pytest.mark.parametrize("percent", ["19", "7", "0", "16", "5"])
def test_every_rate_lexoffice_takes_is_taken(percent: str) -> None:
    assert voucher(expense(part(10000, OFFICE, tax(percent)))).columns[0].rate == int(percent)


@pytest.mark.parametrize("code", [tax("20"), tax("8.1"), tax("-19"), tax("19", "margin"), tax("19.5")])
def test_an_unknown_tax_code_is_refused_by_name(code: Any) -> None:
    found = refusal(expense(part(10000, OFFICE, code)))

    assert found.error.code == "EXP-TAX-UNKNOWN"
    assert code.code in found.german


def test_a_missing_tax_code_is_refused() -> None:
    assert refusal(expense(part(10000, OFFICE, None))).error.code == "EXP-TAX-MISSING"


@pytest.mark.parametrize("kind", ["personal_spend", "atm_withdrawal", "fee", "cashback"])
def test_what_rarely_carries_tax_needs_no_tax_code(kind: str) -> None:
    assert voucher(expense(part(10000, OFFICE, None), type=kind)).total_tax == 0


@pytest.mark.parametrize("lines", [(10000, 10000), (10000, 8403)])
def test_tax_on_top_is_added_only_if_nothing_else_adds_up(lines: tuple[int, int]) -> None:
    paid, minor = lines
    given = expense(part(minor, OFFICE, tax("19", "exclusive", 1597)), paid=Money(paid, "EUR"))

    assert columns(voucher(given)) == [(OFFICE, 19, 10000, 1597)]


def test_parts_that_do_not_add_up_are_refused_with_both_sums() -> None:
    found = refusal(expense(part(6000), part(5000), paid=Money(11001, "EUR")))

    assert found.error.code == "EXP-SPLIT-SUM"
    assert "110,00 EUR" in found.german
    assert "110,01 EUR" in found.german


def test_reverse_charge_enters_what_was_charged_without_taking_tax_out() -> None:
    made = voucher(expense(part(2677, LICENCES_13B, tax("19", "reverse")), vendor=Party(name="SaaS Inc", country="US")))

    assert columns(made) == [(LICENCES_13B, 0, 2677, 0)]
    assert "prüfen" not in made.remark


@pytest.mark.parametrize("category", [LICENCES_13B, ACQUISITION])
def test_in_a_category_that_computes_tax_by_itself_none_is_taken_out(category: str) -> None:
    assert columns(voucher(expense(part(11900, category, tax("19"))))) == [(category, 0, 11900, 0)]


def test_reverse_charge_on_an_ordinary_category_is_pointed_out() -> None:
    made = voucher(expense(part(2677, SOFTWARE, tax("19", "reverse"))))

    assert made.total_tax == 0
    assert "Kategorie prüfen" in made.remark


def test_reverse_charge_can_be_switched_off() -> None:
    off = replace(SETTINGS, reverse_charge=False)

    assert refusal(expense(part(2677, LICENCES_13B)), off).error.code == "EXP-REVERSE-CHARGE"
    assert refusal(expense(part(2677, SOFTWARE, tax("19", "reverse"))), off).error.code == "EXP-REVERSE-CHARGE"


@pytest.mark.parametrize("profile", [{"small_business": True}, {"tax_type": "vatfree"}])
@pytest.mark.parametrize("code", [tax("19"), tax("7"), tax("20"), None])
def test_without_input_tax_every_rate_is_zero(profile: dict[str, Any], code: Any) -> None:
    assert columns(voucher(expense(part(11900, OFFICE, code)), replace(SETTINGS, **profile))) == [(OFFICE, 0, 11900, 0)]


@pytest.mark.parametrize("line", [part(2677, SOFTWARE, tax("19", "reverse")), part(2677, LICENCES_13B)])
def test_a_small_business_is_told_that_reverse_charge_is_owed_all_the_same(line: ExpenseLine) -> None:
    company = replace(SETTINGS, small_business=True, reverse_charge=False)

    assert "Steuerberater" in voucher(expense(line), company).remark


@pytest.mark.parametrize(
    ("supplier", "vendor", "told"),
    [
        (Party(name="Ö", country="AT"), Party(), True),
        (Party(name="Ö", country="AT"), Party(name="Ö", country="DE"), False),
        (Party(name="A", country="LU", tax_id="DE814584193"), Party(), False),
        (Party(name="?", country=""), Party(), False),
    ],
)
def test_a_supplier_abroad_with_german_tax_is_pointed_out(supplier: Party, vendor: Party, told: bool) -> None:
    assert ("Anbieter im Ausland" in voucher(expense(supplier=supplier, vendor=vendor)).remark) is told


def test_foreign_tax_is_cost_when_coded_as_zero() -> None:
    made = voucher(expense(part(12000, OFFICE, tax("0")), supplier=Party(name="Wirt", country="AT")))

    assert columns(made) == [(OFFICE, 0, 12000, 0)]
    assert "Ausland" not in made.remark


def test_a_business_meal_is_never_split_and_its_tip_is_a_part_without_tax() -> None:
    made = voucher(expense(part(59500, HOSPITALITY), part(2000, HOSPITALITY, tax("0")), attendees=("A. Gast",)))

    assert columns(made) == [(HOSPITALITY, 19, 59500, 9500), (HOSPITALITY, 0, 2000, 0)]
    assert "Teilnehmer: A. Gast" in made.remark


def test_a_business_meal_without_participants_is_pointed_out() -> None:
    assert "Anlass und Teilnehmer" in voucher(expense(part(59500, HOSPITALITY))).remark
    assert "Anlass und Teilnehmer" not in voucher(expense(part(59500, STAFF_MEALS))).remark


@pytest.mark.parametrize(
    ("parts", "day", "told"),
    [
        ((part(5950, HOSPITALITY), part(500, HOSPITALITY, tax("0"))), date(2026, 1, 1), True),
        ((part(5950, HOSPITALITY), part(2140, HOSPITALITY, tax("7"))), date(2026, 1, 1), False),
        ((part(5950, HOSPITALITY),), date(2025, 12, 31), False),
        ((part(5950, OFFICE),), date(2026, 1, 1), False),
    ],
)
def test_a_business_meal_of_drinks_alone_is_pointed_out_since_2026(parts: Any, day: date, told: bool) -> None:
    assert ("seit 2026" in voucher(expense(*parts, service_to=day)).remark) is told


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(2020, 6, 30), True),
        (date(2020, 7, 1), False),
        (date(2020, 12, 31), False),
        (date(2021, 1, 1), True),
        (None, True),
    ],
)
@pytest.mark.parametrize("percent", ["16", "5"])
def test_the_rates_of_2020_are_taken_and_pointed_out_at_any_other_time(
    percent: str, day: date | None, told: bool
) -> None:
    made = voucher(expense(part(10000, OFFICE, tax(percent)), service_from=day))

    assert made.columns[0].rate == int(percent)
    assert ("Juli bis Dezember 2020" in made.remark) is told


def test_a_tax_on_top_of_fractions_of_a_cent_does_not_add_up() -> None:
    odd = replace(tax("19", "exclusive"), amount=Decimal("1597.4"))

    for code in (odd, tax("19", "exclusive"), tax("19", "inclusive", 1597)):
        given = expense(part(8403, OFFICE, code), paid=Money(10000, "EUR"))
        assert refusal(given).error.code == "EXP-SPLIT-SUM"


def test_without_receipt_no_input_tax_is_claimed() -> None:
    made = voucher(expense(files=()))

    assert (made.total_gross, made.total_tax) == (11900, 0)
    assert "Eigenbeleg" in made.remark


def test_the_tax_code_can_be_kept_without_receipt() -> None:
    made = voucher(expense(files=()), replace(SETTINGS, input_tax_without_receipt=True))

    assert made.total_tax == 1900
    assert "Ohne Beleg" in made.remark


@pytest.mark.parametrize("kind", [*CREDITS, "fee"])
def test_what_needs_no_receipt_keeps_its_tax(kind: str) -> None:
    assert voucher(expense(files=(), type=kind)).total_tax == 1900


def test_nothing_paid_is_nothing_to_book() -> None:
    assert voucher_for(expense(part(0)), SETTINGS) == WithoutVoucher(Reason.ZERO_AMOUNT)


def test_free_parts_fall_away() -> None:
    assert columns(voucher(expense(part(0, "gone", None), part(11900)))) == [(OFFICE, 19, 11900, 1900)]


def test_a_deduction_within_a_column_is_netted() -> None:
    assert columns(voucher(expense(part(12900), part(-1000)))) == [(OFFICE, 19, 11900, 1900)]


def test_a_column_that_comes_to_nothing_falls_away() -> None:
    made = voucher(expense(part(11900), part(500, SOFTWARE), part(-500, SOFTWARE)))

    assert columns(made) == [(OFFICE, 19, 11900, 1900)]


@pytest.mark.parametrize("parts", [(part(12900), part(-1000, SOFTWARE)), (part(1000), part(-1000))])
def test_a_negative_column_is_refused(parts: Any) -> None:
    assert refusal(expense(*parts)).error.code == "EXP-NEGATIVE-PART"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (expense(part(-11900)), None),
        (expense(part(-11900), paid=Money(11900, "EUR")), None),
        (expense(), BankLine(11900, DAY)),
        (expense(type="refund"), BankLine(-11900, DAY)),
        (expense(part(-11900)), BankLine(11900, DAY)),
    ],
)
def test_a_sign_that_contradicts_the_type_is_refused(given: Any, line: BankLine | None) -> None:
    assert refusal(given, line=line).error.code == "EXP-SIGN"


def test_a_negative_purchase_passes_if_its_line_left_the_wallet() -> None:
    made = voucher(expense(part(-11900)), line=BankLine(-11900, DAY))

    assert (made.type, made.total_gross) == ("purchaseinvoice", 11900)


def test_a_line_of_nothing_says_nothing_about_the_direction() -> None:
    assert voucher(expense(type="refund"), line=BankLine(0, DAY)).credit
    assert voucher(expense(part(-500), type="fee"), line=BankLine(0, DAY)).credit


def test_a_wallet_in_another_currency_is_refused() -> None:
    found = refusal(expense(paid=Money(100, "SEK")))

    assert found.error.code == "EXP-CURRENCY"
    assert "SEK" in found.german


@pytest.mark.parametrize(
    ("original", "text"),
    [(Money(4321, "JPY"), "4.321 JPY"), (Money(12345, "KWD"), "12,345 KWD"), (Money(-2900, "USD"), "29,00 USD")],
)
def test_the_original_currency_stands_in_the_remark(original: Money, text: str) -> None:
    made = voucher(expense(original=original))

    assert f"Beleg {text}" in made.remark
    assert made.total_gross == 11900


def test_a_missing_account_is_refused() -> None:
    assert refusal(expense(replace(part(11900), account=None))).error.code == "EXP-ACCOUNT-MISSING"


@pytest.mark.parametrize("identifier", ["", WALLET])
def test_an_account_that_is_no_category_is_refused_by_name(identifier: str) -> None:
    line = replace(part(11900), account=Account(name="4964 Software", identifier=identifier))

    assert refusal(expense(line)).error.code == "EXP-ACCOUNT-UNKNOWN"
    assert "4964 Software" in refusal(expense(line)).german


def test_a_vanished_category_is_refused_by_name() -> None:
    found = refusal(expense(part(11900, "00000000-0000-4000-8000-0000000000ff")))

    assert found.error.code == "EXP-CATEGORY-GONE"
    assert "Weggefallen" in found.german


def test_two_rates_in_a_category_of_one_rate_are_refused() -> None:
    found = refusal(expense(part(100, SINGLE_RATE), part(100, SINGLE_RATE, tax("0"))))

    assert found.error.code == "EXP-SPLIT-NOT-ALLOWED"
    assert voucher(expense(part(100, SINGLE_RATE), part(100, OFFICE, tax("0")))).total_gross == 200


def test_a_missing_contra_account_is_refused_unless_switched_off() -> None:
    given = expense(contra_account=None)

    assert refusal(given).error.code == "EXP-CONTRA-MISSING"
    assert voucher(given, replace(SETTINGS, contra_required=False)).total_gross == 11900
    assert voucher(replace(given, type="invoice")).total_gross == 11900


def test_a_contra_account_that_is_not_the_wallet_is_refused() -> None:
    found = refusal(expense(contra_account=Account(name="1800 Bank", identifier=OFFICE)))

    assert found.error.code == "EXP-CONTRA-WRONG"
    assert voucher(expense(contra_account=Account(name="Wallet", code="1370"))).total_gross == 11900


def test_a_category_that_wants_a_contact_gets_the_vendor_of_the_master_data() -> None:
    vendor = Party(name="SaaS Ltd", country="UK", tax_id="GB1234")
    made = voucher(expense(part(100, LICENCES_13B), vendor=vendor))

    assert made.contact == ContactNeed("SaaS Ltd", "GB", "GB1234")
    assert voucher(expense(part(100, LICENCES_13B))).contact == ContactNeed("Muster Bürobedarf", "DE", "")
    assert voucher(expense()).contact is None


def test_a_category_that_wants_a_contact_refuses_the_nameless() -> None:
    assert refusal(expense(part(100, LICENCES_13B), supplier=Party())).error.code == "EXP-CONTACT-MISSING"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "Muster Bürobedarf"),
        ({"supplier": Party(), "vendor": Party(name="Muster GmbH")}, "Muster GmbH"),
        ({"supplier": Party(name=" \n ")}, "Unbekannt"),
        ({"supplier": Party(), "type": "fee"}, "Pleo"),
        ({"supplier": Party(name="x" * 200)}, "x" * 69 + "…"),
    ],
)
def test_the_voucher_names_the_merchant(changes: dict[str, Any], name: str) -> None:
    assert voucher(expense(**changes)).contact_name == name


def test_the_date_is_that_of_the_bank_line() -> None:
    made = voucher(expense(), line=BankLine(-11900, date(2026, 1, 14)))

    assert made.day == made.due_date == date(2026, 1, 14)


def test_without_line_the_date_is_the_german_day_of_the_settlement() -> None:
    assert voucher(expense(booked_at=datetime(2026, 1, 12, 23, 30, tzinfo=UTC))).day == date(2026, 1, 13)


def test_an_invoice_keeps_its_own_dates() -> None:
    made = voucher(expense(type="invoice", invoice=INVOICE))

    assert (made.day, made.due_date) == (INVOICE.day, INVOICE.due_date)
    assert voucher(expense(type="card_invoice", invoice=INVOICE)).day == DAY


def test_an_invoice_due_before_its_date_is_due_on_its_date() -> None:
    odd = replace(INVOICE, due_date=date(2025, 1, 1))

    assert voucher(expense(type="invoice", invoice=odd)).due_date == INVOICE.day


def test_the_number_starts_with_the_book_id_and_belongs_to_the_entry_alone() -> None:
    one, again, other = expense(), expense(note="changed"), expense(entry_id="55555555-5555-4555-8555-555555555552")

    assert voucher(one).number.startswith("PLEO-4113617-")
    assert voucher(one).number == voucher(again).number != voucher(other).number


@pytest.mark.parametrize("kind", ["card_invoice", "invoice"])
def test_an_invoice_starts_with_its_own_number_and_stays_unique(kind: str) -> None:
    one = expense(type=kind, invoice=INVOICE)
    other = replace(one, entry_id="55555555-5555-4555-8555-555555555552")

    assert voucher(one).number.startswith("RE-2026/17 PLEO-4113617-")
    assert voucher(one).number != voucher(other).number


def test_a_card_payment_keeps_pleos_number_even_if_an_invoice_is_known() -> None:
    made = voucher(expense(invoice=INVOICE))

    assert made.number.startswith("PLEO-4113617-")


@pytest.mark.parametrize("number", ["<R&D>", "", " ", "x" * 300])
def test_a_number_survives_lexoffices_search(number: str) -> None:
    given = expense(type="invoice", invoice=replace(INVOICE, number=number), book_id=f"4113617{number}")
    made = voucher(given).number

    assert not set(made) & set("<>&\"'")
    assert made == made.strip()
    assert len(made) <= 60


def test_the_remark_says_who_what_and_when() -> None:
    made = voucher(
        expense(
            note="Für das\nKundengespräch",
            attendees=("A. Gast", "B. Gast"),
            service_from=date(2026, 1, 1),
            service_to=date(2026, 1, 31),
        )
    )

    assert made.remark == (
        "Pleo 4113617 · Kartenzahlung · Erika Muster · Teilnehmer: A. Gast, B. Gast · "
        "Leistungszeitraum 01.01.2026 bis 31.01.2026 · Für das Kundengespräch"
    )


def test_a_service_of_one_day_is_written_once() -> None:
    assert voucher(expense(service_to=DAY)).remark.endswith("Leistungszeitraum 12.01.2026")


def test_a_long_note_is_cut_and_hides_nothing_else() -> None:
    made = voucher(expense(note="x" * 5000, attendees=("y" * 5000,)))

    assert len(made.remark) <= 1000
    assert made.remark.startswith("Pleo 4113617 · Kartenzahlung · Erika Muster · Teilnehmer: y")
    assert "xxx" in made.remark
