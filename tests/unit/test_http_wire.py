"""How values are written into a request, and what a Retry-After header asks for."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.wire import encode, retry_after, segment

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("119.00000000000001"), "119.00000000000001"),
        ({"a": None, "b": [True, 'Grüße "x"']}, '{"a":null,"b":[true,"Grüße \\"x\\""]}'),
    ],
)
def test_json_is_written_without_exponents_or_noise(value: object, text: str) -> None:
    assert encode(value) == text


def test_a_float_is_never_sent() -> None:
    with pytest.raises(TypeError):
        encode({"amount": 0.1})


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_what_json_cannot_say_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        encode(Decimal(value))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_every_amount_survives_the_round_trip(amount: Decimal) -> None:
    assert json.loads(encode(amount), parse_float=Decimal, parse_int=Decimal) == amount


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_an_id_cannot_name_another_path(value: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        segment(value)


def test_an_id_is_quoted_into_one_segment() -> None:
    assert segment("a/../b?c=d#e") == "a%2F..%2Fb%3Fc%3Dd%23e"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("3", 3),
        ("2.5", 2.5),
        ("0", 0),
        ("-5", 0),
        ("1e9", 60),
        ("inf", 60),
        ("NaN", None),
        ("soon", None),
        ("", None),
        ("Mon, 02 Mar 2026 09:00:12 GMT", 12),
        ("Mon, 02 Mar 2026 09:00:12 -0000", 12),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("Mon, 02 Mar 2099 08:00:00 GMT", 60),
        ("Mon, 02 Mar 99999 08:00:00 GMT", None),
    ],
)
def test_a_request_to_wait_is_read_and_bounded(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=NOW) == seconds


@given(st.text(alphabet=" +-.,:_0123456789aefinEGJMNT", max_size=40))
def test_no_retry_after_header_breaks_the_reader(value: str) -> None:
    found = retry_after(value, now=NOW)

    assert found is None or 0 <= found <= 60
