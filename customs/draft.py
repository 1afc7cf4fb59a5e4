"""What a trader sends: the shapes of a draft, of a change to it, and of the bodies of verbs.

Shapes only: types, lengths and unknown fields. Whether a code exists or a number can be right is
`customs.checking`'s; what may be missing in a draft may still be required when it is lodged.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from border.core.request_body import KEEPABLE, Integer, RequestBody
from border.vocabulary import Direction, Handling

MOST_LINES = 500
_MILLI = Decimal(1000)

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=KEEPABLE)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=KEEPABLE)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=KEEPABLE)]
Mass = Annotated[Integer, Field(le=10**12, description="grams")]
Quantity = Annotated[Decimal, Field(max_digits=15, decimal_places=3)]


class Party(RequestBody):
    """A firm on one side of the trade; `tax_code` is checked by the rules of its `country`."""

    name: Text | None = None
    tax_code: Code | None = None
    country: Code | None = None


class Value(RequestBody):
    """An amount in minor units of a currency."""

    minor: Annotated[Integer, Field(le=10**15)]
    currency: Code


class GoodsLine(RequestBody):
    """One kind of goods. `quantity` has at most three decimals, in the unit of Rec 20 `unit`."""

    hs_code: Code | None = None
    description: LongText | None = None
    origin: Code | None = None
    quantity: Quantity | None = None
    unit: Code | None = None
    gross_mass_g: Mass | None = None
    net_mass_g: Mass | None = None
    value: Value | None = None


class Certificate(RequestBody):
    """A paper of an agency, by its number and, where known, its kind."""

    number: Text
    kind: Code | None = None


class _Fields(RequestBody):
    """What a draft and a change to it have in common."""

    customs_number: Code | None = None
    regime: Code | None = None
    declarant: Text | Party | None = None
    exporter: Party | None = None
    importer: Party | None = None
    carrier_tax_code: Code | None = None
    lines: list[GoodsLine] = Field(default_factory=list, max_length=MOST_LINES)
    handling: list[Handling] = Field(default_factory=list, max_length=8)
    certificates: list[Certificate | Text] = Field(default_factory=list, max_length=100)
    containers: list[Code] = Field(default_factory=list, max_length=20)


class DraftDeclaration(_Fields):
    """A declaration being written. Only where and in which direction must be known."""

    direction: Direction
    gate: Code


class DraftChange(_Fields):
    """A change to a draft: a field that is not sent stays, a list is replaced as a whole."""

    direction: Direction = Direction.EXPORT
    gate: Code = ""

    def applied_to(self, draft: DraftDeclaration) -> DraftDeclaration:
        """Return `draft` with the fields that were sent."""
        return draft.model_copy(
            update={name: getattr(self, name) for name in self.model_fields_set}
        )


class MoveBody(RequestBody):
    """What a verb may bring: a reason, and the outcome of an inspection."""

    reason: LongText | None = None
    outcome: Literal["conforming", "discrepant"] | None = None


class ClearanceDecision(RequestBody):
    """An agency's decision; a refusal and a waiver need their reason."""

    decision: Literal["passed", "failed", "waived"]
    reason: LongText | None = None


def milli(quantity: Decimal) -> int:
    """Return a quantity in whole thousandths of its unit."""
    return int(quantity * _MILLI)


def quantity_of(thousandths: int) -> Decimal:
    """Return the quantity behind whole thousandths, without idle zeros: 1500 is 1.5."""
    whole, rest = divmod(thousandths, 1000)
    return Decimal(whole) if not rest else (Decimal(thousandths) / _MILLI).normalize()
