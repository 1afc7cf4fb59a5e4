"""Which part of an hour's places each class of trucks has, as dated rules. Pure."""

from datetime import datetime, timedelta

from pydantic import Field

from border.core.refusal import FieldError
from border.core.request_body import Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, Words, by_direction, directed, rule_kind
from border.vocabulary import SHARE_CLASSES, Direction, ShareClass
from logistics.share import CLASSES


class SlotSharesRow(RuleRow):
    """The shares of one direction, in per cent of the places of an hour; together they are 100.

    `opens_minutes` before an hour begins what is not taken is open to all; 0 keeps it to the end.
    """

    direction: Direction = Field(title=N_("Direction"))
    perishable: Integer = Field(title=SHARE_CLASSES[ShareClass.PERISHABLE], ge=0, le=100)
    ordinary: Integer = Field(title=SHARE_CLASSES[ShareClass.ORDINARY], ge=0, le=100)
    empty: Integer = Field(title=SHARE_CLASSES[ShareClass.EMPTY], ge=0, le=100)
    dangerous_goods: Integer = Field(title=SHARE_CLASSES[ShareClass.DANGEROUS_GOODS], ge=0, le=100)
    driverless: Integer = Field(default=0, title=SHARE_CLASSES[ShareClass.DRIVERLESS], ge=0, le=100)
    opens_minutes: Integer = Field(
        title=N_("Open to all so many minutes before the hour"), ge=0, le=14 * 1440
    )

    @property
    def percents(self) -> list[int]:
        """The shares in the order of the classes."""
        return [getattr(self, name) for name in CLASSES]

    def opens_at(self, starts_at: datetime) -> datetime | None:
        """Return when what is not taken of an hour is open to all, if ever."""
        before = timedelta(minutes=self.opens_minutes)
        return starts_at - before if self.opens_minutes else None


def _words(row: SlotSharesRow) -> Words:
    says = N_(
        "{direction}: of an hour's places {perishable} % for perishable goods, {ordinary} % for "
        "ordinary goods, {empty} % for empty vehicles, {dangerous_goods} % for dangerous goods, "
        "{driverless} % for driverless vehicles; open to all {opens_minutes} minutes before the "
        "hour"
    )
    if not row.opens_minutes:
        says = N_(
            "{direction}: of an hour's places {perishable} % for perishable goods, {ordinary} % "
            "for ordinary goods, {empty} % for empty vehicles, {dangerous_goods} % for dangerous "
            "goods, {driverless} % for driverless vehicles, until the end of the hour"
        )
    return says, directed(row)


def _fault(row: SlotSharesRow) -> FieldError | None:
    total = sum(row.percents)
    says = N_("The shares make {total} per cent together; they must make 100.")
    wrong = FieldError("ordinary", "not_a_hundred", says, (("total", str(total)),))
    return None if total == 100 else wrong


SLOT_SHARES = rule_kind(
    RuleKind(
        name="slot_shares",
        label=N_("Shares of the classes in an hour"),
        row=SlotSharesRow,
        words=_words,
        per_gate=True,
        key="direction",
        subjects=by_direction,
        fault=_fault,
        seeded=False,
    )
)
