"""Look-up codes: typed by people, so they say which character is wrong."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from border.core.ids import ALPHABET
from border.payments.receipts.lookup_code import (
    LENGTH,
    Misread,
    coded,
    field_error,
    new_lookup_code,
    read_lookup_code,
)

BODIES = st.lists(st.integers(0, 30), min_size=10, max_size=10)
PLACES = st.integers(0, LENGTH - 1)


def plain(code: str) -> str:
    return code.replace("-", "")


def test_a_fresh_code_reads_back_however_it_is_typed() -> None:
    code = new_lookup_code()
    assert len(plain(code)) == LENGTH
    for typed in (code, code.lower(), plain(code), f"  {code.replace('-', ' ')} "):
        assert read_lookup_code(typed) == code


def test_codes_differ() -> None:
    assert len({new_lookup_code() for _ in range(1_000)}) == 1_000


@given(BODIES)
def test_every_body_has_its_code(body: list[int]) -> None:
    code = coded(body)
    assert read_lookup_code(code) == code
    assert [ALPHABET.index(letter) for letter in plain(code)[:10]] == body


@given(BODIES, PLACES, st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found_and_put_right(body: list[int], at: int, wrong: str) -> None:
    right = plain(coded(body))
    assume(wrong != right[at])
    typed = right[:at] + wrong + right[at + 1 :]
    assert read_lookup_code(typed) == Misread("one_wrong", at + 1, wrong, right[at])


@given(BODIES, st.integers(0, LENGTH - 2))
def test_two_neighbours_changed_about_are_found(body: list[int], at: int) -> None:
    right = plain(coded(body))
    assume(right[at] != right[at + 1])
    typed = right[:at] + right[at + 1] + right[at] + right[at + 2 :]
    found = read_lookup_code(typed)
    there = Misread("changed_about", at + 1, typed[at : at + 2], right[at : at + 2])
    assert found in (there, Misread("check"))


def test_of_neighbours_changed_about_most_are_named() -> None:
    named = 0
    for _ in range(200):
        right = plain(new_lookup_code())
        typed = right[1] + right[0] + right[2:]
        found = read_lookup_code(typed)
        named += isinstance(found, Misread) and found.code == "changed_about"
    assert named > 100


@given(BODIES, PLACES, PLACES, st.integers(1, 30), st.integers(1, 30))
def test_two_wrong_characters_never_pass(
    body: list[int], one: int, other: int, by: int, more: int
) -> None:
    assume(one != other)
    values = [ALPHABET.index(letter) for letter in plain(coded(body))]
    values[one], values[other] = (values[one] + by) % 31, (values[other] + more) % 31
    typed = "".join(ALPHABET[value] for value in values)
    assert isinstance(read_lookup_code(typed), Misread)


@pytest.mark.parametrize("letter", "01ILO?é")
def test_a_letter_that_no_code_has_is_named(letter: str) -> None:
    typed = "7K3M2" + letter + "QX2A9T"
    found = read_lookup_code(typed)
    assert found == Misread("letter", 6, letter.upper())


@pytest.mark.parametrize("typed", ["", "7K3M", "7" * 13, "-" * 12])
def test_a_wrong_length_says_so(typed: str) -> None:
    found = read_lookup_code(typed)
    assert isinstance(found, Misread)
    assert found.code == "length"


def test_what_is_wrong_is_said_in_a_sentence() -> None:
    right = plain(coded([1] * 10))
    found = read_lookup_code("9" + right[1:])
    assert isinstance(found, Misread)
    assert field_error(found).detail() == (
        "Character 1, “9”, does not fit the others. Should it be “3”?"
    )
    swapped = read_lookup_code("".join(ALPHABET[v] for v in range(12)))
    assert isinstance(swapped, Misread)
    assert "{" not in field_error(swapped).detail()
