"""Which handling is suggested from a code."""

import pytest

from border.reference.catalogue import HS
from customs.usual_handling import USUAL, not_said, usual_handling


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("081060", ["perishable"]),
        ("08106000", ["perishable"]),
        ("030617", []),
        ("080620", []),
        ("010229", ["live_animals"]),
        ("280470", ["dangerous_goods"]),
        ("850760", ["dangerous_goods"]),
        ("851713", []),
        ("", []),
    ],
)
def test_the_code_tells_the_usual_handling(code: str, kinds: list[str]) -> None:
    assert list(usual_handling(code)) == kinds


def test_every_beginning_is_one_of_a_code() -> None:
    assert all(any(code.startswith(beginning) for code in HS) for beginning in USUAL)


def test_what_is_ticked_is_not_suggested_and_each_kind_once() -> None:
    assert list(not_said(["081060", "070490", "280470"], ["dangerous_goods"])) == ["perishable"]
    assert not_said(["081060"], ["perishable"]) == ()
