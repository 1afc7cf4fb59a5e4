"""What is typed to find a booking, however it is spelt."""

import re

import pytest

from logistics.finding import part_of_name, part_of_plate


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("nguyen van", "Nguyễn Văn Mẫu"),
        ("NGUYỄN", "Nguyễn Văn Mẫu"),
        ("đỏ", "Bà Do Hồng"),
        ("a.b", "A.B."),
        ("李", "李明"),
    ],
)
def test_a_name_is_found_by_a_part_marks_and_case_aside(typed: str, name: str) -> None:
    assert re.search(part_of_name(typed), name)


@pytest.mark.parametrize(("typed", "name"), [("a.b", "Aab"), ("van", "Vũ"), ("(", "Mẫu")])
def test_what_stands_not_in_a_name_is_not_found(typed: str, name: str) -> None:
    assert not re.search(part_of_name(typed), name)


@pytest.mark.parametrize("typed", ["24c 123.45", "24C-12345", " 24c12345", "c123"])
def test_a_plate_is_found_by_a_part_in_any_spelling(typed: str) -> None:
    assert part_of_plate(typed) in "24C12345"
