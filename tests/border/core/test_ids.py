"""References: one wrong character, or two changed about, never passes."""

import os
import string
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from border.core.ids import (
    ALPHABET,
    WrongReference,
    code_as_printed,
    new_id,
    new_reference,
    parse_reference,
)

TYPED = string.ascii_uppercase + string.digits
PREFIXES = ("DEC", "SLP", "BKG", "PAY", "CHG", "AMD", "VIO", "Z")
prefixes = st.text(string.ascii_uppercase, min_size=1, max_size=6)


def accepted(text: str, prefix: str | None = None) -> bool:
    """Say whether `text` passes for a reference."""
    try:
        parse_reference(text, prefix)
    except WrongReference:
        return False
    return True


def written(reference: str) -> list[int]:
    """Return the places of a reference that carry a character, not a hyphen."""
    return [place for place, letter in enumerate(reference) if letter != "-"]


def test_the_alphabet_leaves_out_what_the_eye_confuses_and_its_size_is_prime() -> None:
    assert set(ALPHABET).isdisjoint("01OIL")
    assert len(set(ALPHABET)) == len(ALPHABET) == 31


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_single_wrong_character_is_refused(prefix: str) -> None:
    for reference in (new_reference(prefix) for _ in range(20)):
        assert accepted(reference, prefix)
        for place in written(reference):
            for letter in set(TYPED) - {reference[place]}:
                misread = reference[:place] + letter + reference[place + 1 :]
                assert not accepted(misread), f"{misread} passes for {reference}"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_any_two_different_characters_changed_about_are_refused(prefix: str) -> None:
    for reference in (new_reference(prefix) for _ in range(200)):
        for one, other in combinations(written(reference), 2):
            letters = list(reference)
            letters[one], letters[other] = letters[other], letters[one]
            swapped = "".join(letters)
            assert swapped == reference or not accepted(swapped), f"{swapped} for {reference}"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_reference_of_another_kind_is_refused(prefix: str) -> None:
    reference = new_reference(prefix)
    for other in set(PREFIXES) - {prefix}:
        assert not accepted(reference, other)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_missing_or_an_added_character_is_no_reference_of_its_kind(prefix: str) -> None:
    reference = new_reference(prefix)
    for place in written(reference):
        assert not accepted(reference[:place] + reference[place + 1 :], prefix)
    for letter in TYPED:
        assert not accepted(reference + letter, prefix)


@pytest.mark.parametrize(
    "text", ["", "-", "DEC", "DEC-", "7K3M2Q2XA9", "DEC-7K3M2", "ĐEC-7K3M2-Q2XA9", "ßC-22222-22222"]
)
def test_what_has_not_the_form_of_a_reference_is_refused(text: str) -> None:
    assert not accepted(text)


@given(prefixes, st.data())
def test_case_spaces_and_hyphens_are_forgiven(prefix: str, data: st.DataObject) -> None:
    reference = new_reference(prefix)
    sloppy = ""
    for letter in reference.replace("-", ""):
        between = data.draw(st.sampled_from(["", "", " ", "-", "\t", " - "]))
        sloppy += between + data.draw(st.sampled_from([letter, letter.lower()]))
    assert parse_reference(f"  {sloppy}\n", prefix) == reference
    assert parse_reference(sloppy) == reference


WIDE = {ord(letter): ord(letter) + 0xFEE0 for letter in string.ascii_letters + string.digits}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_code_is_read_as_scanners_and_keyboards_deliver_it(prefix: str) -> None:
    reference = new_reference(prefix)
    for delivered in (
        f"]C0{reference}",
        f"]C1{reference}",
        f"\x02]Q3{reference}\x1d\x03",
        f"］C0{reference}",
        *(reference.replace("-", dash) for dash in "‐‑‒–—―−－﹣﹘⁃˗"),
        reference.translate(WIDE),
        reference.lower().translate(WIDE).replace("-", "　"),
        f"\ufeff{reference}\u200b",
        "\u2066" + reference + "\u2069",
    ):
        assert parse_reference(delivered, prefix) == reference, delivered


def test_a_code_keeps_its_capitals_and_loses_only_the_first_symbology_mark() -> None:
    assert code_as_printed("]Q3LC1.aB-_9.zZ\r") == "LC1.aB-_9.zZ"
    assert code_as_printed("]C0]C0X") == "]C0X"
    assert code_as_printed("24C–123.45") == "24C-123.45"
    assert code_as_printed(" \t\x1d") == ""


@given(st.text())
@example("C\u200b\u0327")  # a mark and its letter, with nothing between them once it is put right
def test_a_code_put_right_once_stays_as_it_is(text: str) -> None:
    once = code_as_printed(text)
    assert once.startswith("]") or code_as_printed(once) == once


@given(prefixes, st.data())
def test_whatever_the_prefix_one_wrong_character_is_refused(
    prefix: str, data: st.DataObject
) -> None:
    reference = new_reference(prefix)
    place = data.draw(st.sampled_from(written(reference)))
    letter = data.draw(st.sampled_from(sorted(set(TYPED) - {reference[place]})))
    assert not accepted(reference[:place] + letter + reference[place + 1 :])


@given(st.text())
def test_no_text_at_all_upsets_the_reading(text: str) -> None:
    if accepted(text):
        assert parse_reference(parse_reference(text)) == parse_reference(text)


def test_references_differ_and_inner_identifiers_sort_by_time() -> None:
    assert len({new_reference("DEC") for _ in range(1000)}) == 1000
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert {identifier.version for identifier in made} == {7}


def test_processes_that_begin_as_one_make_different_ids() -> None:
    """Several workers are forks of one process, which may have made ids before."""
    new_id()
    told, tell = os.pipe()
    for _ in range(3):
        if (child := os.fork()) == 0:
            os.write(tell, b"".join(new_id().bytes[8:] for _ in range(4)))
            os._exit(0)
        os.waitpid(child, 0)
    random_parts = os.read(told, 8 * 12)
    os.close(told)
    os.close(tell)

    assert len({random_parts[at : at + 8] for at in range(0, 96, 8)}) == 12
