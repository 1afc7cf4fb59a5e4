"""Files of inspected declarations: what is read of them, and which line is at fault."""

import pytest

from border.files.fault import Unreadable
from customs.risk.case import Case, cases_in

HEAD = "Date,Importer ID,HS6 Code,Net Mass,Item Price,Fraud\n"


def test_what_is_empty_is_unknown_and_codes_get_their_zeros_back() -> None:
    [case] = cases_in([HEAD, "2021-01-01,,30487,12.5,100,1\n"])
    assert case == Case(
        {"HS6 Code": "030487", "Net Mass": "12.5", "Item Price": "100"}, True, "2021-01-01"
    )


def test_columns_may_be_missing_but_for_the_outcome_and_the_goods() -> None:
    [case] = cases_in(["Fraud;HS6 Code\n", "0;850440\n"])
    assert case.found is False
    with pytest.raises(Unreadable) as refused:
        list(cases_in(["HS6 Code\n", "850440\n"]))
    assert refused.value.problem.error.field.endswith("Fraud")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("2021-01-01,A,850440,12,1,2\n", "Fraud"),
        ("2021-01-01,A,850440,12,1,\n", "Fraud"),
        ("2021-01-01,A,850440,heavy,1,0\n", "Net Mass"),
        ("2021-01-01,A,850440,nan,1,0\n", "Net Mass"),
        ("2021-01-01,A,850440,12,inf,0\n", "Item Price"),
        ("2021-01-01,A,850440,12\n", "line"),
    ],
)
def test_a_wrong_row_is_named_with_its_line_and_column(row: str, field: str) -> None:
    with pytest.raises(Unreadable) as refused:
        list(cases_in([HEAD, "2021-01-01,A,850440,12,1,0\n", row]))
    assert refused.value.problem.line == 3
    assert refused.value.problem.error.field == f"lines.3.{field}"
