"""What customs itself charges on a declaration, by dated rates. Pure.

Only goods in transit carry such a charge at this gate. The fee for using the gate's roads and
yards is charged on the crossing, not here.
"""

from datetime import date
from typing import Literal

from pydantic import Field

from border.core.money import Money
from border.core.request_body import KEEPABLE, Integer
from border.core.words import N_
from border.payments.face import Assessment, ExplanationLine
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind
from border.regulation.rulebook import RuleSet
from customs.selectivity_rules import CUSTOMS_APPROVERS, CUSTOMS_WRITERS

TRANSIT_FEE = "customs_transit_fee"
"""The kind of charge for goods in transit, one on each declaration."""
_SAYS = N_("Customs fee for goods in transit, one declaration ({legal_basis})")


class CustomsFeeRow(RuleRow):
    """What a declaration of one direction is charged, in whole đồng; `status` as confirmed."""

    code: str = Field(title=N_("Code"), min_length=1, max_length=48, pattern=r"^[a-z0-9_]+$")
    direction: Literal["transit"] = Field(title=N_("Direction"))
    amount_minor: Integer = Field(title=N_("Amount in whole đồng"), gt=0, le=10**12)
    currency: Literal["VND"] = Field(default="VND", title=N_("Currency"))
    legal_basis: str = Field(title=N_("Legal basis"), default="", max_length=160, pattern=KEEPABLE)
    status: Literal["confirmed", "unconfirmed"] = Field(default="unconfirmed", title=N_("Status"))


def _words(row: CustomsFeeRow) -> Words:
    amount = Money(row.amount_minor, row.currency)
    return N_("Goods in transit: {amount} for each declaration"), {"amount": amount}


CUSTOMS_FEE = rule_kind(
    RuleKind(
        name="customs_fee",
        label=N_("What customs charges on a declaration"),
        row=CustomsFeeRow,
        words=_words,
        key="direction",
        writers=CUSTOMS_WRITERS,
        approvers=CUSTOMS_APPROVERS,
    )
)
SEED = RuleSetDraft(
    code="customs-fee-2021",
    title=N_("Customs fee for goods in transit"),
    issued_by="Bộ Tài chính",
    legal_basis="Circular 14/2021/TT-BTC",
    effective_from=date(2021, 4, 5),
    note="Circular 86/2025/TT-BTC has replaced it; its rates were not found.",
    rows=(
        {
            "code": "transit_2021",
            "direction": "transit",
            "amount_minor": 200_000,
            "status": "unconfirmed",
        },
    ),
)
"""The rates the program begins with."""


def customs_fee(direction: str, found: RuleSet[CustomsFeeRow] | None) -> Assessment | None:
    """Return what customs charges on a declaration by the rates in force, or None."""
    row = next((row for row in found.rows if row.direction == direction), None) if found else None
    if row is None or found is None:
        return None
    amount = Money(row.amount_minor, row.currency)
    line = ExplanationLine(_SAYS, {"legal_basis": row.legal_basis or found.legal_basis}, amount)
    return Assessment(amount, (line,), (row.code,), versions={CUSTOMS_FEE.name: found.version})
