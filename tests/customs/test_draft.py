"""The shapes of what a trader sends."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from customs.draft import (
    ClearanceDecision,
    DraftChange,
    DraftDeclaration,
    GoodsLine,
    MoveBody,
    milli,
    quantity_of,
)

LEAST = {"direction": "export", "gate": "KIM_THANH_II"}


def test_a_draft_may_hold_next_to_nothing() -> None:
    draft = DraftDeclaration.model_validate(LEAST)
    assert draft.lines == []
    assert draft.customs_number is None


@pytest.mark.parametrize("missing", ["direction", "gate"])
def test_but_where_and_in_which_direction_must_be_known(missing: str) -> None:
    with pytest.raises(ValidationError):
        DraftDeclaration.model_validate({k: v for k, v in LEAST.items() if k != missing})


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "released"},
        {"direction": "sideways"},
        {"handling": ["fragile"]},
        {"lines": [{"hs": "850440"}]},
        {"lines": [{"gross_mass_g": "12"}]},
        {"lines": [{"gross_mass_g": 1.5}]},
        {"lines": [{"gross_mass_g": True}]},
        {"lines": [{"quantity": "1.2345"}]},
        {"lines": [{"quantity": "NaN"}]},
        {"lines": [{"value": {"minor": 1.5, "currency": "USD"}}]},
        {"lines": [{"description": "a\x00b"}]},
        {"exporter": {"name": ""}},
        {"lines": [{}] * 501},
        {"containers": ["X" * 41]},
    ],
)
def test_what_has_another_shape_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DraftDeclaration.model_validate(LEAST | wrong)


def test_five_hundred_lines_are_not_too_many() -> None:
    assert len(DraftDeclaration.model_validate(LEAST | {"lines": [{}] * 500}).lines) == 500


def test_a_declarant_and_a_certificate_are_a_name_or_a_record() -> None:
    both = DraftDeclaration.model_validate(
        LEAST | {"declarant": "An", "certificates": ["KD-1", {"number": "KD-2", "kind": "plant"}]}
    )
    assert both.declarant == "An"
    assert both.certificates[0] == "KD-1"
    record = DraftDeclaration.model_validate(LEAST | {"declarant": {"name": "An"}}).declarant
    assert record is not None
    assert not isinstance(record, str)


def test_a_change_leaves_alone_what_it_does_not_send() -> None:
    draft = DraftDeclaration.model_validate(LEAST | {"regime": "B11", "lines": [{"unit": "KGM"}]})
    changed = DraftChange.model_validate({"regime": None}).applied_to(draft)
    assert changed == draft.model_copy(update={"regime": None})
    assert DraftChange.model_validate({"lines": []}).applied_to(draft).lines == []


def test_a_change_cannot_take_away_the_gate_or_the_direction() -> None:
    for name in LEAST:
        with pytest.raises(ValidationError):
            DraftChange.model_validate({name: None})


def test_the_bodies_of_verbs_know_their_words() -> None:
    assert MoveBody(reason="x", outcome="conforming").outcome == "conforming"
    for wrong in ({"outcome": "fine"}, {"reason": ""}, {"other": 1}):
        with pytest.raises(ValidationError):
            MoveBody.model_validate(wrong)
    with pytest.raises(ValidationError):
        ClearanceDecision.model_validate({"decision": "not_required"})


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_thousandths_come_back_as_the_quantity_they_were(thousandths: int) -> None:
    assert milli(quantity_of(thousandths)) == thousandths


def test_a_quantity_reads_as_people_write_it() -> None:
    assert [str(quantity_of(n)) for n in (1500, 12_000, 1, 0)] == ["1.5", "12", "0.001", "0"]
    assert GoodsLine.model_validate({"quantity": 0.1}).quantity == Decimal("0.1")
