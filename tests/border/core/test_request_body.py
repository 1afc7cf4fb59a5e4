"""A whole number means the same in every field of every request."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import api.tables  # noqa: F401  (so that every package that takes a request is read)
from api.app import create_app
from border.core.request_body import Integer, RequestBody
from border.payments.reconciliation.column_map import ColumnMap, FeeTerms

assert create_app


def requests(kind: type[BaseModel] = RequestBody) -> Iterator[type[BaseModel]]:
    """Give every shape of a request."""
    for one in kind.__subclasses__():
        yield one
        yield from requests(one)


def is_whole(annotation: Any) -> bool:
    """Say whether a field holds a whole number."""
    return annotation is int or any(map(is_whole, get_args(annotation)))


def is_list(annotation: Any) -> bool:
    """Say whether a field holds several."""
    return get_origin(annotation) is list or any(map(is_list, get_args(annotation)))


@pytest.mark.parametrize("given", [18_000_000, 18_000_000.0, 0, -3.0])
def test_a_float_without_a_fraction_is_a_whole_number(given: float) -> None:
    taken = TypeAdapter(Integer).validate_python(given)
    assert taken == given
    assert type(taken) is int


@pytest.mark.parametrize("given", [1.5, float("nan"), float("inf"), True, "5", "5.0", None, [5]])
def test_nothing_else_is_a_whole_number(given: Any) -> None:
    with pytest.raises(ValidationError, match="int_type"):
        TypeAdapter(Integer).validate_python(given)


def test_every_whole_number_of_every_request_is_read_the_same_way() -> None:
    read = 0
    for shape in (*requests(), FeeTerms, ColumnMap):
        for name, field in shape.model_fields.items():
            if not is_whole(field.annotation):
                continue
            several = is_list(field.annotation)
            for wrong in ("5", True, 5.5):
                sent = [wrong] if several else wrong
                with pytest.raises(ValidationError) as refused:
                    shape.model_validate({name: sent, field.alias or name: sent})
                assert "int_type" in {e["type"] for e in refused.value.errors()}, (shape, name)
            right = [5.0] if several else 5.0
            with pytest.raises(ValidationError) as taken:
                shape.model_validate({"no such field": 1, name: right, field.alias or name: right})
            assert not [e for e in taken.value.errors() if e["type"].startswith("int_")]
            read += 1
    assert read > 25
