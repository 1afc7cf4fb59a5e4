"""The shapes of a cashier's shift, for outside clients."""

from datetime import datetime
from typing import Any
from uuid import UUID

from api.http.shapes import MoneyShape, MoveShape, PageOf, Shape
from border.core.actor import Actor
from border.core.money import Money
from border.identity import policy
from border.payments.desk.report import Report
from border.payments.desk.shift import SHIFT
from border.payments.desk.storage import DrawerLine
from border.payments.desk.tables import DeskShiftRow


def _money(minor: int | None, currency: str) -> MoneyShape | None:
    return None if minor is None else MoneyShape(minor=minor, currency=currency)


class DepositShape(Shape):
    """When and under which number of the bank's the cash was paid in."""

    reference: str
    at: datetime


class DeskShiftShape(Shape):
    """A shift. What was expected, counted and different is told once it is counted.

    `opening_float` is what was put in at the start and stays in the drawer; `entries` how often
    money went in or out.
    """

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    cashier: str
    cashier_id: UUID
    opened_at: datetime
    opening_float: MoneyShape
    entries: int
    expected: MoneyShape | None
    counted: MoneyShape | None
    denominations: list[dict[str, Any]] | None
    variance: MoneyShape | None
    variance_reason: str | None
    counted_at: datetime | None
    counted_by: UUID | None
    approved_by: UUID | None
    closed_at: datetime | None
    deposit: DepositShape | None
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: DeskShiftRow, cashier: str, entries: int, actor: Actor) -> "DeskShiftShape":
        """Return the shape of a shift as the actor sees it."""
        return cls(**_fields(row, cashier, entries, actor))


def _fields(row: DeskShiftRow, cashier: str, entries: int, actor: Actor) -> dict[str, Any]:
    href = f"/api/v1/desk/shifts/{row.id}"
    deposited = row.deposited_at is not None and row.deposit_reference is not None
    return {
        "id": row.id,
        "reference": row.reference,
        "state": row.state,
        "version": row.version,
        "gate": row.gate,
        "cashier": cashier,
        "cashier_id": row.cashier_id,
        "opened_at": row.opened_at,
        "opening_float": _money(row.float_minor, row.currency),
        "entries": entries,
        "expected": _money(row.expected_minor, row.currency),
        "counted": _money(row.counted_minor, row.currency),
        "denominations": row.denominations,
        "variance": _money(row.variance_minor, row.currency),
        "variance_reason": row.variance_reason,
        "counted_at": row.counted_at,
        "counted_by": row.counted_by,
        "approved_by": row.approved_by,
        "closed_at": row.closed_at,
        "deposit": DepositShape(reference=row.deposit_reference or "", at=row.deposited_at)
        if deposited and row.deposited_at
        else None,
        "moves": [
            MoveShape.of(move, href)
            for move in policy.open_moves(actor, SHIFT, row)
            if move.verb != "approve" or actor.id not in (row.cashier_id, row.counted_by)
        ],
    }


class EntryShape(Shape):
    """Cash of a payment or a refund, and what it was for."""

    reference: str
    subjects: list[str]
    amount: MoneyShape
    at: datetime

    @classmethod
    def of(cls, line: DrawerLine) -> "EntryShape":
        """Return the shape of one line of a report."""
        return cls(
            reference=line.reference,
            subjects=list(line.subjects),
            amount=MoneyShape(minor=line.amount.minor, currency=line.amount.currency),
            at=line.at,
        )


class DeskShiftReport(DeskShiftShape):
    """A shift with everything that went through its drawer.

    While `blind`, its cashier has still to count it: takings and payouts are left out.
    """

    blind: bool
    taken: MoneyShape | None
    paid_out: MoneyShape | None
    takings: list[EntryShape] | None
    payouts: list[EntryShape] | None

    @classmethod
    def of_report(cls, found: Report, actor: Actor) -> "DeskShiftReport":
        """Return the shape of a report as the actor sees it."""
        shift, sums = found.shift, found.sums

        def shape(amount: Money) -> MoneyShape:
            return MoneyShape(minor=amount.minor, currency=amount.currency)

        return cls(
            **_fields(shift, found.name(shift.cashier_id), found.count, actor),
            blind=found.blind,
            taken=shape(sums.taken) if sums else None,
            paid_out=shape(sums.paid_out) if sums else None,
            takings=[EntryShape.of(line) for line in found.takings] if sums else None,
            payouts=[EntryShape.of(line) for line in found.payouts] if sums else None,
        )


class DeskShiftList(PageOf):
    """Shifts, newest first."""

    items: list[DeskShiftShape]
