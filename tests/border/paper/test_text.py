"""Text as it is set: every character in a face that has it, lines that fit, nothing lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from border.paper.fonts import FontSet
from border.paper.text import Faces


@pytest.fixture(scope="module")
def faces(fonts: FontSet) -> Faces:
    return Faces(fonts, "latin_regular", "chinese_regular")


@pytest.mark.parametrize(
    "name", ["陳國華", "香港貿易有限公司", "Nguyễn Thị Hồng Đào", "喆堃", "張 Văn 龘", "㐂"]
)
def test_a_name_is_set_as_its_owner_writes_it(faces: Faces, name: str) -> None:
    assert faces.clean(name) == name
    assert "".join(run for _, run in faces.runs(name)) == name
    assert all(ord(c) in face.sets for face, run in faces.runs(name) for c in run)


def test_what_no_face_has_is_shown_as_missing(faces: Faces) -> None:
    assert faces.clean("Ana \U0001f69a\u202eวัน") == "Ana □□□□"


@settings(max_examples=150)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))), st.integers(40, 300))
def test_wrapping_loses_nothing_and_no_line_is_too_wide(
    faces: Faces, text: str, width: int
) -> None:
    clean = faces.clean(text)

    lines = faces.wrapped(clean, 10, width)

    assert "".join(lines).replace(" ", "") == clean.replace(" ", "")
    assert all(faces.width(line, 10) <= width + 0.02 for line in lines)
    assert len(faces.wrapped(clean, 10, width, 2)) <= 2


def test_a_closing_mark_never_begins_a_line(faces: Faces) -> None:
    text = "货物放行，车辆入境。" * 6

    for width in range(30, 200, 7):
        assert not any(line[0] in "，。" for line in faces.wrapped(text, 10, width))
