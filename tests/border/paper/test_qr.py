"""The modules of a QR code: the very ones that segno draws, whatever the text and its size."""

import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from border.paper.qr import qr_modules


def drawn_by_segno(text: str) -> tuple[bytes, ...]:
    return tuple(bytes(row) for row in segno.make_qr(text, error="m", mask=3).matrix)


@settings(max_examples=80)
@given(
    st.one_of(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=300),
        st.text("0123456789", min_size=1, max_size=600),
        st.text("ABCDEF0123456789 :/.", min_size=1, max_size=400),
        st.text("漢字ア", min_size=1, max_size=80),
    )
)
def test_any_text_gives_the_code_that_segno_gives(text: str) -> None:
    assert qr_modules(text) == drawn_by_segno(text)


def test_sizes_up_to_the_largest_are_segnos() -> None:
    seen = set()
    for length in range(1, 2_300, 113):
        text = ("aB3-" * 600)[:length]
        modules = qr_modules(text)
        seen.add(len(modules))
        assert modules == drawn_by_segno(text), length

    assert {21, 177} <= seen
