"""Sets of rules as they are in force, for the tests of rules that ask no database."""

from typing import TypeVar

from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft
from border.regulation.rulebook import RuleSet

R = TypeVar("R", bound=RuleRow)


def in_force(kind: RuleKind[R], draft: RuleSetDraft) -> RuleSet[R]:
    """Return a set as decisions read it, without an end."""
    return RuleSet(
        chain=f"{kind.name}/zone/",
        code=draft.code,
        version=draft.code,
        legal_basis=draft.legal_basis,
        effective_from=draft.effective_from,
        effective_to=None,
        rows=tuple(kind.read(draft.rows)),
    )
