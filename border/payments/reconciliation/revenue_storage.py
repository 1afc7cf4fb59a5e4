"""Revenue read from the ledger, and the charges that money may be applied to. No decisions."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, Date, and_, case, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.clock import ZONE, local_midnight
from border.core.ids import WrongReference, code_as_printed, parse_reference
from border.core.reading import rows
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow
from border.payments.ledger.book import PAYER, REFUND_PAYABLE
from border.payments.ledger.tables import JournalRow, PostingRow
from border.payments.reconciliation.revenue import Taking

_journal, _posting, _charge = table_of(JournalRow), table_of(PostingRow), table_of(ChargeRow)
_PAID = ("capture", "apply")
_BACK = ("refund_pay", "refund_bounce")

_paid = and_(_posting.c.account == PAYER, _journal.c.kind.in_(_PAID))
_taken_back = and_(_posting.c.account == PAYER, _journal.c.kind == "external_refund")
_given_back = and_(_posting.c.account == REFUND_PAYABLE, _journal.c.kind.in_(_BACK))
COLLECTED = func.coalesce(func.sum(case((_paid, -_posting.c.amount_minor))), 0)
"""What was paid for charges, of postings `of_revenue`."""
REFUNDED = func.coalesce(
    func.sum(case((or_(_given_back, _taken_back), _posting.c.amount_minor))), 0
)
"""What was given back, or taken back by a gateway without us."""


def of_revenue(first: date, last: date) -> ColumnElement[bool]:
    """Return the condition on postings that are revenue of the days, both included."""
    return and_(
        _journal.c.effective_at >= local_midnight(first),
        _journal.c.effective_at < local_midnight(last + timedelta(days=1)),
        or_(_paid, _given_back, _taken_back),
    )


async def takings(connection: AsyncConnection, first: date, last: date) -> list[Taking]:
    """Return what was paid for charges and given back from one day to another, both included.

    What a gateway took back without us counts as given back.
    """
    day = cast(func.timezone(ZONE.key, _journal.c.effective_at), Date)
    statement = (
        select(
            day.label("day"),
            func.coalesce(_journal.c.gateway, "").label("gateway"),
            _charge.c.kind,
            _posting.c.currency,
            COLLECTED.label("collected"),
            REFUNDED.label("refunded"),
        )
        .join(_journal, _journal.c.id == _posting.c.journal_id)
        .join(_charge, _charge.c.id == _posting.c.charge_id)
        .where(of_revenue(first, last))
        .group_by("day", _journal.c.gateway, _charge.c.kind, _posting.c.currency)
        .order_by("day", "gateway", _charge.c.kind, _posting.c.currency)
    )
    return [
        Taking(one.day, one.gateway, one.kind, one.currency, int(one.collected), int(one.refunded))
        for one in await connection.execute(statement)
    ]


async def owed_under(connection: AsyncConnection, reference: str) -> list[ChargeRow]:
    """Return the charges still owed on what `reference` names, or the charge it is itself."""
    try:
        wanted = parse_reference(reference)
    except WrongReference:
        wanted = code_as_printed(reference).upper()
    return await rows(
        connection,
        ChargeRow,
        select(_charge)
        .where(
            or_(_charge.c.subject == wanted, _charge.c.reference == wanted),
            _charge.c.state == "owed",
        )
        .order_by(_charge.c.created_at, _charge.c.id),
    )
