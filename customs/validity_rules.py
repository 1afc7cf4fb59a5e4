"""How long a declaration is valid from its registration, as a dated rule. Pure."""

from datetime import date

from pydantic import Field

from border.core.request_body import Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind
from customs.declaration import VALIDITY
from customs.selectivity_rules import CUSTOMS_APPROVERS, CUSTOMS_WRITERS


class ValidityRow(RuleRow):
    """The days of validity, counted from the instant of registration."""

    valid_days: Integer = Field(title=N_("Days of validity"), ge=1, le=365)


def _words(row: ValidityRow) -> Words:
    says = N_("A declaration is valid for {days} days from its registration.")
    return says, {"days": row.valid_days}


VALIDITY_RULES = rule_kind(
    RuleKind(
        name="declaration_validity",
        label=N_("How long a declaration is valid"),
        row=ValidityRow,
        words=_words,
        only_one=True,
        writers=CUSTOMS_WRITERS,
        approvers=CUSTOMS_APPROVERS,
    )
)
SEED = RuleSetDraft(
    code="validity-2018",
    title=N_("Fifteen days from registration"),
    issued_by="Bộ Tài chính",
    legal_basis="Circular 39/2018/TT-BTC",
    effective_from=date(2018, 6, 5),
    rows=({"valid_days": VALIDITY.days},),
)
"""The validity the program begins with."""
