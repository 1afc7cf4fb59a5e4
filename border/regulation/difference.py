"""What a set of rules would change, row by row, for whoever is to answer for it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from border.regulation.rule_kind import RuleKind

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Difference(Generic[R]):
    """A row that is new (no `before`), dropped (no `after`), or says something else in `fields`."""

    before: R | None
    after: R | None
    fields: tuple[str, ...] = ()


def differences(
    kind: RuleKind[Any], before: Sequence[R], after: Sequence[R]
) -> tuple[Difference[R], ...]:
    """Return what `after` says otherwise than `before`, in its own order, what it drops last.

    Rows that say the same thing otherwise are told by the field no two rows share, where the kind
    has one; elsewhere a row changed is one dropped and one new.
    """
    return tuple(_each(kind, before, after))


def _each(kind: RuleKind[Any], before: Sequence[R], after: Sequence[R]) -> Iterator[Difference[R]]:
    left = list(before)
    for row in after:
        if row in left:
            left.remove(row)
            continue
        old = next((one for one in left if _about_the_same(kind, one, row)), None)
        if old is None or old in after:
            yield Difference(None, row)
            continue
        left.remove(old)
        names = type(row).model_fields
        changed = tuple(name for name in names if getattr(row, name) != getattr(old, name))
        yield Difference(old, row, changed)
    yield from (Difference(one, None) for one in left)


def _about_the_same(kind: RuleKind[Any], one: BaseModel, other: BaseModel) -> bool:
    if kind.only_one:
        return True
    return bool(kind.key) and getattr(one, kind.key) == getattr(other, kind.key)
