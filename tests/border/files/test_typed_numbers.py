"""Numbers as people type them, in any of the three countries' habits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.files.typed_numbers import WrongNumber, read_units, write_units


@pytest.mark.parametrize(
    ("typed", "places", "units"),
    [
        ("12500", 3, 12_500_000),
        ("12.500,5", 3, 12_500_500),
        ("12,500.5", 3, 12_500_500),
        ("12 500", 3, 12_500_000),
        ("1,5", 3, 1_500),
        ("0.125", 3, 125),
        ("1250.125", 3, 1_250_125),
        ("1.250.000.000", 0, 1_250_000_000),
        ("800.000", 0, 800_000),
        ("1,234", 2, 123_400),
        ("1,234.50", 2, 123_450),
        ("99,90", 2, 9_990),
        ("-5", 3, -5_000),
    ],
)
def test_a_number_is_read_exactly(typed: str, places: int, units: int) -> None:
    assert read_units(typed, places) == units


@pytest.mark.parametrize("typed", ["1.500", "12,345", "999.999"])
def test_a_mass_that_could_be_thousands_or_grams_is_asked_about(typed: str) -> None:
    with pytest.raises(WrongNumber) as caught:
        read_units(typed, 3)
    assert caught.value.code == "ambiguous"
    large, small = (value for _, value in caught.value.facts)
    assert read_units(large, 3) == 1000 * read_units(f"{small}0", 3)


@pytest.mark.parametrize(
    ("typed", "places", "code"),
    [
        ("", 3, "not_a_number"),
        ("about 5", 3, "not_a_number"),
        ("1e5", 3, "not_a_number"),
        ("٣", 3, "not_a_number"),
        ("12.34.567", 3, "not_a_number"),
        ("1,23,456.7", 3, "not_a_number"),
        ("1.2345", 3, "too_many_decimals"),
        ("10,5", 0, "too_many_decimals"),
        ("1234567890123456", 0, "too_large"),
        ("9" * 40, 0, "not_a_number"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_reason(
    typed: str, places: int, code: str
) -> None:
    with pytest.raises(WrongNumber) as caught:
        read_units(typed, places)
    assert caught.value.code == code


@given(st.integers(-(10**14), 10**14), st.sampled_from([0, 2, 3, 6]))
def test_what_is_written_is_read_back(units: int, places: int) -> None:
    assert read_units(write_units(units, places), places) == units
