"""The reference in a memo: found in whatever banks make of it, and never mistaken."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.payments.gateways.transfer_reference import (
    LENGTH,
    is_transfer_reference,
    reference_in,
    transfer_reference,
)

NUMBERS = st.integers(1, 999_999_999)
OURS = transfer_reference(123)
OTHER = transfer_reference(999_999_999)


@given(NUMBERS)
def test_a_reference_has_the_number_in_it_and_proves_itself(number: int) -> None:
    reference = transfer_reference(number)

    assert len(reference) == LENGTH
    assert reference.startswith("LC")
    assert int(reference[2:11]) == number
    assert int(reference[2:]) % 97 == 1
    assert is_transfer_reference(reference)
    assert reference_in(reference) == reference


def test_it_is_the_same_as_it_was_when_the_first_were_printed() -> None:
    assert [transfer_reference(number) for number in (1, 123, 97, 999_999_999)] == [
        "LC00000000195",
        "LC00000012320",
        "LC00000009798",
        "LC99999999996",
    ]


@pytest.mark.parametrize("number", [0, -1, 1_000_000_000])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="nine digits"):
        transfer_reference(number)


@given(NUMBERS, st.integers(2, LENGTH - 1), st.sampled_from("0123456789"))
def test_one_wrong_digit_never_passes(number: int, place: int, digit: str) -> None:
    reference = transfer_reference(number)
    changed = reference[:place] + digit + reference[place + 1 :]

    assert is_transfer_reference(changed) is (changed == reference)
    assert reference_in(changed) == (reference if changed == reference else "")


@given(NUMBERS)
def test_two_digits_changed_about_never_pass(number: int) -> None:
    reference = transfer_reference(number)
    for place, (one, next_one) in enumerate(pairwise(reference[2:]), start=2):
        changed = reference[:place] + next_one + one + reference[place + 2 :]
        assert is_transfer_reference(changed) is (one == next_one)


@pytest.mark.parametrize(
    "text", ["", "LC", OURS.lower(), f" {OURS}", f"{OURS}\n", OURS[2:], OURS + "0", "LC" + "١" * 11]
)
def test_only_the_exact_form_is_a_reference(text: str) -> None:
    assert not is_transfer_reference(text)


@pytest.mark.parametrize(
    "memo",
    [
        f"NOP PHI {OURS}",
        f"nop phi {OURS.lower()}",
        f"MBVCB.3278907687.{OURS}.CT tu 0123456789 NGUYEN VAN A toi 1017595600",
        f"IBFT {OURS} GD 789604-112326 12:02:12",
        f"Z Ngan hang_NOPPHI{OURS}FT26327000001",
        f"QR - {OURS}-CHUYEN TIEN-OQCH0008",
        f"{OURS[:2]} {OURS[2:5]} {OURS[5:8]} {OURS[8:11]} {OURS[11:]}",
        f"{OURS[0]}.{OURS[1]} - {'.'.join(OURS[2:])}",
        f"NOP PHI {OURS[:9]}\r\n{OURS[9:]} CHUYEN KHOAN",
        f"缴费 {OURS}。",
        "缴费ＬＣ００００００１２３２０",
        f"{OURS} {OURS}",
        f"{OURS}; LC00000012321 khong dung",
        f"LC{OURS}",
    ],
)
def test_it_is_found_in_what_banks_and_people_make_of_a_memo(memo: str) -> None:
    assert reference_in(memo) == OURS


@pytest.mark.parametrize(
    "memo",
    [
        "",
        "nop phi xe 24C-123.45",
        OURS[2:],
        OURS[:-1],
        "LC00000012321",
        OURS.replace("0", "O"),
        f"{OURS[:6]}x{OURS[6:]}",
        f"{OURS}7",
        f"{OURS}20261123",
        f"{OURS[:6]}     {OURS[6:]}",
        f"{OURS} va {OTHER}",
        f"{OURS}{OTHER}",
        "LC 23.11.2026 800000 va 1017595600",
    ],
)
def test_what_is_absent_damaged_or_said_twice_otherwise_is_nobodys(memo: str) -> None:
    assert reference_in(memo) == ""


@given(
    NUMBERS,
    st.text(st.sampled_from("abkxyz .,-/:;ĐÁ中"), max_size=40),
    st.text(st.sampled_from("abkxyz .,-/:;ĐÁ中"), max_size=40),
    st.lists(st.sampled_from(["", "", " ", ".", "-", "  "]), min_size=12, max_size=12),
    st.booleans(),
)
def test_any_text_around_and_any_marks_within_leave_it_found(
    number: int, before: str, after: str, marks: list[str], small: bool
) -> None:
    reference = transfer_reference(number)
    mangled = reference[0] + "".join(mark + c for mark, c in zip(marks, reference[1:], strict=True))

    found = reference_in(f"{before}{mangled.lower() if small else mangled}{after}")

    assert found == reference


@given(st.text(max_size=1_200))
def test_any_memo_is_read_without_harm(memo: str) -> None:
    found = reference_in(memo)

    assert found == "" or is_transfer_reference(found)


def test_a_long_memo_made_to_be_slow_is_read_at_once() -> None:
    assert reference_in("LC" * 100_000) == ""
    assert reference_in("LC0 " * 100_000) == ""
