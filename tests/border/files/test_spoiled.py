"""Identifiers as a spreadsheet leaves them."""

import pytest

from border.files.spoiled import is_shortened, without_leading_zeros


@pytest.mark.parametrize("text", ["1.51E+07", "1,51E+07", "1e+15", "1.5e15", " 2.63E+07 "])
def test_a_shortened_number_is_recognised(text: str) -> None:
    assert is_shortened(text)


@pytest.mark.parametrize("text", ["15100000", "7E12", "E+07", "24E12345", "1.51", "FT26E+07", ""])
def test_whole_numbers_and_words_are_left_alone(text: str) -> None:
    assert not is_shortened(text)


@pytest.mark.parametrize(("text", "kept"), [("0077", "77"), ("77", "77"), ("000", "0"), ("", "")])
def test_zeros_in_front_do_not_count(text: str, kept: str) -> None:
    assert without_leading_zeros(text) == kept
