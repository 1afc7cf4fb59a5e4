"""Statements on payments and their attempts. No decisions. On locks see `charges.storage`.

Attempts are locked `key_share`: a notice that names one is received meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import as_json, given_rows
from border.core.postponed import waits
from border.core.reading import as_row, row, rows
from border.core.statement import Statement, one_of
from border.core.store import table_of
from border.payments.charges.tables import PaymentChargeRow
from border.payments.collection.payment import MAY_WAIT_IN_PART
from border.payments.collection.tables import (
    REFERENCES,
    WAITING_SQL,
    AttemptRow,
    PaymentRow,
)

ASKING = "ask"
"""Under what an attempt that cannot be asked about is put off."""
_payment, _attempt, _link = table_of(PaymentRow), table_of(AttemptRow), table_of(PaymentChargeRow)


async def open_payment_for(
    connection: AsyncConnection,
    charge_ids: Sequence[UUID],
    gateway: str,
    amount_minor: int,
    at: datetime,
) -> PaymentRow | None:
    """Return the running payment of exactly these charges and amount by a gateway."""
    covered = (
        select(_link.c.payment_id)
        .group_by(_link.c.payment_id)
        .having(
            func.array_agg(aggregate_order_by(_link.c.charge_id, _link.c.charge_id))
            == sorted(charge_ids)
        )
        .where(
            _link.c.payment_id.in_(
                select(_link.c.payment_id).where(_link.c.charge_id == charge_ids[0])
            )
        )
    )
    return await row(
        connection,
        PaymentRow,
        select(_payment)
        .join(_attempt, _payment.c.id == _attempt.c.payment_id)
        .where(
            _payment.c.id.in_(covered),
            _payment.c.gateway == gateway,
            _payment.c.amount_minor == amount_minor,
            _payment.c.expires_at > at,
            or_(
                and_(_payment.c.state == "pending", _attempt.c.state == "pending"),
                _payment.c.state == "part_paid",
            ),
        )
        .order_by(_payment.c.created_at.desc())
        .limit(1),
    )


async def next_reference(connection: AsyncConnection) -> int:
    """Return a number that no other attempt was given; those of undone transactions are missing."""
    return int(await connection.scalar(select(REFERENCES.next_value())) or 0)


async def keep_checkout(connection: AsyncConnection, attempt_id: UUID, url: str) -> None:
    """Keep the page that a gateway made for an attempt."""
    await connection.execute(
        update(_attempt).where(_attempt.c.id == attempt_id).values(checkout_url=url)
    )


async def payment_by_id(connection: AsyncConnection, id: UUID) -> PaymentRow | None:
    """Return a payment."""
    return await row(connection, PaymentRow, select(_payment).where(_payment.c.id == id))


async def payment_by_reference(connection: AsyncConnection, reference: str) -> PaymentRow | None:
    """Return the payment of that reference."""
    return await row(
        connection, PaymentRow, select(_payment).where(_payment.c.reference == reference)
    )


async def lock_payment(connection: AsyncConnection, id: UUID) -> PaymentRow | None:
    """Return a payment, locked."""
    return await row(
        connection, PaymentRow, select(_payment).where(_payment.c.id == id).with_for_update()
    )


_WAITING_IN_PART = Statement(
    select(_payment)
    .where(
        _payment.c.id.in_(select(_link.c.payment_id).where(one_of(_link.c.charge_id, "ids"))),
        _payment.c.state.in_(MAY_WAIT_IN_PART),
    )
    .order_by(_payment.c.id)
)


async def waiting_in_part(
    connection: AsyncConnection, charge_ids: Collection[UUID]
) -> list[PaymentRow]:
    """Return the payments of any of these charges for which money may wait for its rest."""
    return await rows(connection, PaymentRow, _WAITING_IN_PART, ids=list(charge_ids))


async def attempts_of(connection: AsyncConnection, payment_id: UUID) -> list[AttemptRow]:
    """Return the attempts of a payment, the newest first."""
    return await rows(
        connection,
        AttemptRow,
        select(_attempt)
        .where(_attempt.c.payment_id == payment_id)
        .order_by(_attempt.c.created_at.desc(), _attempt.c.id.desc()),
    )


_WAITING = Statement(
    select(_payment.c.state, func.count(), func.min(_payment.c.changed_at))
    .where(WAITING_SQL)
    .group_by(_payment.c.state)
)


async def waiting_payments(connection: AsyncConnection) -> dict[str, tuple[int, datetime]]:
    """Return, for each state that waits and has any, how many payments are in it and since when."""
    found = await _WAITING.rows(connection)
    return {state: (count, since) for state, count, since in found}


async def attempt_by_ref(
    connection: AsyncConnection, gateway: str, txn_ref: str
) -> AttemptRow | None:
    """Return the attempt a gateway knows as `txn_ref`."""
    return await row(
        connection,
        AttemptRow,
        select(_attempt).where(_attempt.c.gateway == gateway, _attempt.c.txn_ref == txn_ref),
    )


async def lock_attempt(connection: AsyncConnection, id: UUID) -> AttemptRow | None:
    """Return an attempt, locked."""
    return await row(
        connection,
        AttemptRow,
        select(_attempt).where(_attempt.c.id == id).with_for_update(key_share=True),
    )


_asked = given_rows([_attempt.c.gateway, _attempt.c.txn_ref])
_NAMED = Statement(
    select(
        *(column.label(f"attempt_{column.name}") for column in _attempt.c),
        *(column.label(f"payment_{column.name}") for column in _payment.c),
    )
    .select_from(_asked)
    .join(
        _attempt,
        and_(_attempt.c.gateway == _asked.c.gateway, _attempt.c.txn_ref == _asked.c.txn_ref),
    )
    .join(_payment, _payment.c.id == _attempt.c.payment_id)
    .with_for_update(key_share=True, skip_locked=True, of=[_attempt, _payment])
)


async def lock_named(
    connection: AsyncConnection, references: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[AttemptRow, PaymentRow]]:
    """Return, locked, the attempts known by gateways and references, each with its payment.

    None is waited for: those that somebody else is at work on are left out.
    """
    asked = [{"gateway": gateway, "txn_ref": reference} for gateway, reference in references]
    found = await _NAMED.rows(connection, rows=as_json(asked))
    return {
        (one.attempt_gateway, one.attempt_txn_ref): (
            as_row(AttemptRow, _of(one._mapping, _attempt)),
            as_row(PaymentRow, _of(one._mapping, _payment)),
        )
        for one in found
    }


def _of(found: Mapping[Any, Any], table: Table) -> dict[str, Any]:
    return {column.name: found[f"{table.name}_{column.name}"] for column in table.c}


async def lock_open_attempts(connection: AsyncConnection, payment_id: UUID) -> list[AttemptRow]:
    """Return, locked, the attempts of a payment that have no outcome."""
    return await rows(
        connection,
        AttemptRow,
        select(_attempt)
        .where(_attempt.c.payment_id == payment_id, _attempt.c.state == "pending")
        .order_by(_attempt.c.id)
        .with_for_update(key_share=True),
    )


async def take_overdue_attempt(
    connection: AsyncConnection, gateway: str, at: datetime
) -> AttemptRow | None:
    """Return, locked, the attempt to be asked about that has waited longest; skip those taken."""
    return await row(
        connection,
        AttemptRow,
        select(_attempt)
        .where(
            _attempt.c.gateway == gateway,
            _attempt.c.next_ask_at <= at,
            ~waits(ASKING, _attempt.c.id, at),
        )
        .order_by(_attempt.c.next_ask_at, _attempt.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True),
    )


async def ask_at(connection: AsyncConnection, attempt_id: UUID, at: datetime | None) -> None:
    """Note when to ask about an attempt next, None being never; one with an outcome is let be."""
    await connection.execute(
        update(_attempt)
        .where(_attempt.c.id == attempt_id, _attempt.c.state.in_(("pending", "expired")))
        .values(next_ask_at=at)
    )


async def ask_none_before(connection: AsyncConnection, gateway: str, at: datetime) -> None:
    """Put off every question to a gateway until `at`."""
    early = (
        select(_attempt.c.id)
        .where(_attempt.c.gateway == gateway, _attempt.c.next_ask_at < at)
        .order_by(_attempt.c.id)
        .with_for_update(key_share=True)
    )
    await connection.execute(
        update(_attempt).where(_attempt.c.id.in_(early)).values(next_ask_at=at)
    )
