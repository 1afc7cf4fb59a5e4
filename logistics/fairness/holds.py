"""How many unpaid places a firm may hold at a time, as dated rules. Pure.

Each unpaid hold of a firm has a number from 1 on, and no two have the same: with places counted
like this the database itself fences the limit, whatever comes at the same moment.
"""

from collections.abc import Sequence
from itertools import count

from pydantic import Field

from border.core.refusal import refuses
from border.core.request_body import Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, Words, rule_kind
from border.regulation.rulebook import RuleBook
from logistics.fairness.ladder import ANY_NUMBER, FirmStanding

TOO_MANY_UNPAID = refuses(
    "too_many_unpaid",
    409,
    N_("Enough places are held unpaid"),
    N_(
        "Your firm holds {held} places that are not paid, and may hold {most} at a time. Pay for "
        "one of them, or cancel one that you do not need."
    ),
    retry=True,
)


class HoldTermsRow(RuleRow):
    """How many places one firm may hold at a time without having paid for them."""

    most_unpaid: Integer = Field(
        title=N_("Unpaid places of one firm at a time"), ge=1, le=ANY_NUMBER
    )


def _words(row: HoldTermsRow) -> Words:
    says = N_("One firm holds at most {most_unpaid} unpaid places at a time.")
    return says, row.model_dump()


HOLD_TERMS = rule_kind(
    RuleKind(
        name="hold_terms",
        label=N_("Unpaid places of one firm"),
        row=HoldTermsRow,
        words=_words,
        only_one=True,
        seeded=False,
    )
)


def most_unpaid(book: RuleBook, stands: FirmStanding | None) -> int | None:
    """Return how many unpaid places a firm may hold, by the terms and its step; None: any."""
    terms = book.find(HOLD_TERMS)
    bounds = [terms.rows[0].most_unpaid] if terms else []
    if stands is not None and stands.step.most_unpaid != ANY_NUMBER:
        bounds.append(stands.step.most_unpaid)
    return min(bounds, default=None)


def next_number(most: int, held: Sequence[int | None]) -> int:
    """Return the number of one more unpaid hold beside those held. refuses: too_many_unpaid.

    One from before there was a limit has no number, and counts.
    """
    if len(held) >= most:
        raise TOO_MANY_UNPAID(held=len(held), most=most)
    return next(number for number in count(1) if number not in held)
