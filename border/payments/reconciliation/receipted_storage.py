"""Which payments a sum of revenue is made of, and their receipts. No decisions.

The money is counted by the same statement as revenue, so the two agree to the đồng: a payment
whose receipt is still to be issued is there too, without one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, distinct, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.ids import code_as_printed
from border.core.money import Money
from border.core.reading import rows
from border.core.store import AnyRow, table_of
from border.identity.tables import OrganisationRow
from border.payments.charges.tables import ChargeRow
from border.payments.collection.tables import PaymentRow
from border.payments.ledger.tables import JournalRow, PostingRow
from border.payments.receipts.tables import ReceiptRow
from border.payments.reconciliation.revenue import Summed
from border.payments.reconciliation.revenue_storage import COLLECTED, REFUNDED, of_revenue

_journal, _posting, _charge = table_of(JournalRow), table_of(PostingRow), table_of(ChargeRow)
_payment, _receipt = table_of(PaymentRow), table_of(ReceiptRow)
_firm = table_of(OrganisationRow)


@dataclass(frozen=True)
class ReceiptsSought:
    """What is looked for: days, both included; where not empty, one gateway or kind of fee, part
    of a payer's name or the tax code, the number of a receipt, its code, or that of a payment."""

    first: date
    last: date
    gateway: str = ""
    kind: str = ""
    payer: str = ""
    number: str = ""


@dataclass(frozen=True)
class Receipted:
    """What came in and went back under one payment, and the receipts of it, the first one first."""

    id: UUID
    payment: str
    at: datetime
    gateways: list[str]
    payer: str
    tax_code: str
    collected: Money
    refunded: Money
    receipts: list[ReceiptRow] = field(default_factory=list)

    @property
    def net(self) -> Money:
        """What stays."""
        return Money(self.collected.minor - self.refunded.minor, self.collected.currency)


def _moved(wanted: ReceiptsSought) -> Subquery:
    """Return payments with what moved of each."""
    id = func.coalesce(_journal.c.payment_id, _posting.c.charge_id)
    statement = (
        select(
            id.label("id"),
            _posting.c.currency,
            func.max(_journal.c.effective_at).label("at"),
            func.array_agg(distinct(func.coalesce(_journal.c.gateway, ""))).label("gateways"),
            COLLECTED.label("collected"),
            REFUNDED.label("refunded"),
        )
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .join(_charge, _charge.c.id == _posting.c.charge_id)
        .where(of_revenue(wanted.first, wanted.last))
        .group_by(id, _posting.c.currency)
    )
    if wanted.gateway:
        statement = statement.where(_journal.c.gateway == wanted.gateway)
    if wanted.kind:
        statement = statement.where(_charge.c.kind == wanted.kind)
    return statement.subquery("moved")


def _looked_for(moved: Subquery, wanted: ReceiptsSought) -> list[ColumnElement[bool]]:
    """Return the conditions on payer and number."""
    conditions: list[ColumnElement[bool]] = []
    mine = _receipt.c.payment_id == moved.c.id
    if payer := wanted.payer.strip():
        named = or_(
            _receipt.c.payer_name.icontains(payer, autoescape=True),
            _receipt.c.payer_tax_code == payer,
        )
        firm = or_(_firm.c.name.icontains(payer, autoescape=True), _firm.c.tax_code == payer)
        conditions.append(or_(exists().where(mine, named), firm))
    if wanted.number.strip():
        code = code_as_printed(wanted.number).upper()
        plain = code.replace("-", "")
        same = [_receipt.c.lookup_code == plain, _receipt.c.reference == code]
        if plain.isascii() and plain.isdecimal() and len(plain) < 10:
            same.append(_receipt.c.number == int(plain))
        conditions.append(or_(exists().where(mine, or_(*same)), _payment.c.reference == code))
    return conditions


def _joined(moved: Subquery) -> Any:
    return moved.outerjoin(_payment, _payment.c.id == moved.c.id).outerjoin(
        _firm, _firm.c.id == _payment.c.payer_organisation_id
    )


async def totals(connection: AsyncConnection, wanted: ReceiptsSought) -> tuple[int, list[Summed]]:
    """Return how many payments there are, and their sums by currency."""
    moved = _moved(wanted)
    statement = (
        select(
            moved.c.currency,
            func.count(),
            func.sum(moved.c.collected),
            func.sum(moved.c.refunded),
        )
        .select_from(_joined(moved))
        .where(*_looked_for(moved, wanted))
        .group_by(moved.c.currency)
        .order_by(moved.c.currency)
    )
    found = (await connection.execute(statement)).all()
    return sum(count for _, count, _, _ in found), [
        Summed("", Money(int(collected), currency), Money(int(refunded), currency))
        for currency, _, collected, refunded in found
    ]


async def receipted(
    connection: AsyncConnection,
    wanted: ReceiptsSought,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Receipted]:
    """Return the payments with their receipts, those whose money moved last first."""
    moved = _moved(wanted)
    statement = (
        select(
            moved,
            func.coalesce(_payment.c.reference, "").label("payment"),
            func.coalesce(_firm.c.name, "").label("payer"),
            func.coalesce(_firm.c.tax_code, "").label("tax_code"),
        )
        .select_from(_joined(moved))
        .where(*_looked_for(moved, wanted))
        .order_by(moved.c.at.desc(), moved.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(tuple_(moved.c.at, moved.c.id) < tuple_(*before))
    found = (await connection.execute(statement)).all()
    of_each = await _receipts_of(connection, [one.id for one in found])
    return [
        Receipted(
            id=one.id,
            payment=one.payment,
            at=one.at,
            gateways=sorted(one.gateways),
            payer=named[0],
            tax_code=named[1],
            collected=Money(int(one.collected), one.currency),
            refunded=Money(int(one.refunded), one.currency),
            receipts=of_each.get(one.id, []),
        )
        for one in found
        for named in [_payer(of_each.get(one.id, []), one)]
    ]


def _payer(receipts: Sequence[ReceiptRow], moved: AnyRow) -> tuple[str, str]:
    """Return name and tax code of a payer: as the receipt in force has them, else the firm's."""
    if receipts:
        return receipts[0].payer_name, receipts[0].payer_tax_code or ""
    return moved.payer, moved.tax_code


async def _receipts_of(
    connection: AsyncConnection, payments: Collection[UUID]
) -> dict[UUID, list[ReceiptRow]]:
    """Return the receipts of payments: the one in force first, then what it came from."""
    found: dict[UUID, list[ReceiptRow]] = {}
    newest = (_receipt.c.issued_at, _receipt.c.id)
    listed = select(_receipt).where(_receipt.c.payment_id.in_(payments)).order_by(*newest)
    for row in await rows(connection, ReceiptRow, listed):
        found.setdefault(row.payment_id, []).append(row)
    return {
        id: sorted(each, key=lambda row: (row.state == "replaced", row.kind == "adjustment"))
        for id, each in found.items()
    }
