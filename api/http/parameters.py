"""What is wrong with the parameters of an address, told by their names and in plain words."""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import NoneType
from typing import Any, get_args

from litestar import Request
from litestar.exceptions import ValidationException
from litestar.params import QueryParameter

from border.core.refusal import FieldError
from border.core.words import N_

_SAYS = {
    "`int`": N_("A whole number is needed."),
    "`bool`": N_("Write true or false."),
    "date": N_("A day written as 2027-01-01 is needed."),
    "UUID": N_("This is not an identifier."),
}
"""What to say by a word of the decoder's sentence, which is for programmers."""

ANOTHER_FORM = N_("What is sent here is not what is asked for.")
"""What is said of a value that is wrong in a way we have no words for."""


def parameter_errors(
    error: ValidationException, request: Request[Any, Any, Any]
) -> list[FieldError]:
    """Return what is wrong: each parameter that is missing, else each that cannot be read."""
    parameters = request.route_handler.parsed_fn_signature.parameters
    extra = [item for item in error.extra or () if isinstance(item, dict)]
    if not extra:
        return list(_missing(parameters, request))
    return [_unread(item, parameters) for item in extra]


def _missing(
    parameters: Mapping[str, Any], request: Request[Any, Any, Any]
) -> Iterator[FieldError]:
    for name, one in parameters.items():
        if isinstance(one.kwarg_definition, QueryParameter) and one.is_required:
            asked = one.kwarg_definition.name or name
            if asked not in request.query_params:
                yield FieldError(asked, "required", N_("This field is missing."))


def _unread(item: Mapping[str, Any], parameters: Mapping[str, Any]) -> FieldError:
    name, says = str(item.get("key", "")), str(item.get("message", ""))
    one = parameters.get(name)
    kinds = (get_args(one.annotation) or (one.annotation,)) if one else ()
    for kind in kinds:
        if kind is not NoneType and isinstance(kind, type) and issubclass(kind, Enum):
            facts = (("expected", ", ".join(str(member.value) for member in kind)),)
            return FieldError(name, "invalid", N_("Choose one of: {expected}."), facts)
    for word, plain in _SAYS.items():
        if word in says:
            return FieldError(name, "invalid", plain)
    return FieldError("" if name == "data" else name, "invalid", ANOTHER_FORM)
