"""A voucher number leads back to its entry."""

import pytest
from expenses import expense
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.exporting.voucher import book_mark, book_mark_of, is_number_of, voucher_number


@given(book_id=st.text(alphabet="0123456789ABCabcÄß/-_. #", min_size=1), upper=st.booleans())
def test_the_number_of_an_expense_leads_to_its_book_id_and_to_no_other_entry(book_id: str, *, upper: bool) -> None:
    one, other = expense(book_id=book_id), expense(entry_id="55555555-5555-4555-8555-555555555559")
    mark, number = book_mark(book_id), voucher_number(one)
    spelt = number.upper() if upper else number

    assert book_mark_of(spelt).casefold() == mark.casefold()
    assert is_number_of(spelt, one.entry_id) == bool(mark)
    assert not is_number_of(spelt, other.entry_id)


@pytest.mark.parametrize(
    "number", ["RE-2026/17 PLEO-4113617-0123456789", "  pleo-4113617-0123456789 ", "PLEO-4113617-0123456789"]
)
def test_a_number_is_understood_as_people_copy_it(number: str) -> None:
    assert book_mark_of(number) == "4113617"


@pytest.mark.parametrize(
    "number", ["", "4113617", "PLEO-4113617", "PLEO--0123456789", "PLEO-4113617-01234567xx", "XPLEO-1-0123456789"]
)
def test_what_is_no_number_of_ours_has_no_book_id(number: str) -> None:
    assert book_mark_of(number) == ""
    assert not is_number_of(number, "55555555-5555-4555-8555-555555555551")
