"""A draft out of what a reader found, with everything whose shape does not fit named. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from border.core.refusal import FieldError
from border.core.words import N_
from customs.draft import DraftDeclaration

_NAME = re.compile("[a-z][a-z_]*")


def drafted(tree: dict[str, Any]) -> tuple[DraftDeclaration | None, tuple[FieldError, ...]]:
    """Return the draft in a tree of fields without what does not fit, and what that is.

    None where not even the gate and the direction are there.
    """
    try:
        return DraftDeclaration.model_validate(tree), ()
    except ValidationError as wrong:
        errors = tuple(shape_errors(wrong))
        for found in wrong.errors(include_url=False, include_input=False):
            _drop(tree, _place(found["loc"]))
    for name in ("handling", "containers", "certificates"):
        tree[name] = [one for one in tree.get(name) or () if one is not None]
    try:
        return DraftDeclaration.model_validate(tree), errors
    except ValidationError:
        return None, tuple(error for error in errors if error.code != "missing")


def shape_errors(error: ValidationError) -> Iterator[FieldError]:
    """Yield what does not even have the shape of a declaration's field."""
    for found in error.errors(include_url=False, include_input=False):
        path = ".".join(map(str, _place(found["loc"])))
        code = "missing" if found["type"] == "missing" else "wrong_shape"
        says = N_("This does not fit here: {why}.")
        yield FieldError(path, code, says, (("why", found["msg"]),))


def _place(steps: Sequence[int | str]) -> list[int | str]:
    """Return the steps to a field, without the names of the shapes it was held against."""
    return [step for step in steps if isinstance(step, int) or _NAME.fullmatch(step)]


def _drop(tree: Any, place: list[int | str]) -> None:
    """Leave out what stands at a place."""
    *way, last = place
    for step in way:
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
    if isinstance(tree, dict):
        tree.pop(last, None)
    elif isinstance(tree, list) and isinstance(last, int) and last < len(tree):
        tree[last] = None
