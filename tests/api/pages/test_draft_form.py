"""The form of a draft and the draft: one and the same, whichever way it is written."""

import pytest

from api.pages.kit.form import nested
from api.pages.trader.draft_form import (
    at_fields,
    count_lines,
    field_of,
    lines_shown,
    read_form,
    with_line,
    without_line,
    write_form,
)
from border.core.refusal import Refusal
from customs.draft import DraftDeclaration

DRAFT = DraftDeclaration.model_validate(
    {
        "direction": "export",
        "gate": "KIM_THANH_II",
        "regime": "B11",
        "customs_number": "301234567890",
        "exporter": {"name": "Công ty mẫu", "country": "VN", "tax_code": "0012345672"},
        "importer": {"name": "Hekou Fruit Trading", "country": "CN"},
        "handling": ["perishable"],
        "certificates": ["KD-1", "KD-2"],
        "containers": ["CSQU3054383"],
        "lines": [
            {
                "hs_code": "08106000",
                "description": "Sầu riêng",
                "origin": "VN",
                "quantity": "18000.125",
                "unit": "KGM",
                "gross_mass_g": 19_500_500,
                "net_mass_g": 12_345,
                "value": {"minor": 123_450, "currency": "CNY"},
            },
            {"hs_code": "08045020"},
        ],
    }
)


def test_a_draft_written_into_the_form_and_read_back_is_the_same() -> None:
    read, errors = read_form(write_form(DRAFT))
    assert errors == []
    assert DraftDeclaration.model_validate(read) == DRAFT


def test_what_was_left_empty_clears_the_field() -> None:
    form = write_form(DRAFT) | {"customs_number": "", "exporter.name": ""}
    read, _ = read_form(form)
    assert read["customs_number"] is None
    assert "name" not in read["exporter"]


def test_an_amount_is_read_in_the_minor_units_of_its_currency() -> None:
    typed = {"lines.0.description": "x", "lines.0.value_amount": "1.250,5"}
    minor = {
        currency: read_form(typed | {"lines.0.value_currency": currency})[0]["lines"][0]["value"]
        for currency in ("CNY", "USD")
    }
    assert {value["minor"] for value in minor.values()} == {125_050}
    _, [error] = read_form(typed | {"lines.0.value_currency": "VND"})
    assert (error.field, error.code) == ("lines.0.value_amount", "too_many_decimals")


def test_errors_stand_at_the_field_that_is_typed_in() -> None:
    assert field_of("lines.3.gross_mass_g") == "lines.3.gross_kg"
    assert field_of("lines.0.value.minor") == "lines.0.value_amount"
    assert field_of("lines.0.value") == "lines.0.value_amount"
    assert field_of("lines") == "lines.0.hs_code"
    assert field_of("importer") == "importer.name"
    assert field_of("containers.1") == "containers"
    assert field_of("certificates.0.number") == "certificates"
    assert field_of("customs_number") == "customs_number"


def test_blank_lines_are_passed_over_and_errors_still_find_their_line() -> None:
    form = {
        "lines.0.description": "",
        "lines.0.value_currency": "VND",
        "lines.1.description": "Xoài",
        "lines.1.gross_kg": "much",
    }
    read, [error] = read_form(form)
    assert [line["description"] for line in read["lines"]] == ["Xoài"]
    assert error.field == "lines.0.gross_kg"
    assert at_fields({error.field: "!"}, lines_shown(form)) == {"lines.1.gross_kg": "!"}


def test_lines_are_added_behind_and_removed_from_the_middle() -> None:
    form = write_form(DRAFT)
    three = with_line(form)
    assert count_lines(three) == 3
    assert three["lines.2.value_currency"] == "VND"
    left = without_line(three | {"lines.2.description": "Nhãn"}, 1)
    assert count_lines(left) == 2
    assert left["lines.0.hs_code"] == "08106000"
    assert left["lines.1.description"] == "Nhãn"


@pytest.mark.parametrize(
    "form",
    [
        {"lines.0": "x", "lines.0.hs_code": "08106000"},
        {"lines.0.hs_code": "08106000", "lines.0": "x"},
    ],
)
def test_a_name_that_is_a_text_and_a_level_at_once_is_refused_by_name(form: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        nested(form)
    assert refused.value.code == "invalid_fields"
    assert [(e.field, e.code) for e in refused.value.errors] == [("lines.0", "text_and_fields")]
