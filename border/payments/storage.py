"""Statements on charges, payments, attempts, the inbox and the tariff. No decisions.

Whoever locks more than one kind of row does so in the order payment, attempt, charges (by id),
so that two never wait for each other.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, select, true, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from border.money import Money
from border.payments.evidence import Evidence
from border.payments.settlement import Outcome
from border.payments.tables import (
    AttemptRow,
    ChargeRow,
    NoticeRow,
    PaymentChargeRow,
    PaymentRow,
    TariffRuleRow,
)
from border.payments.tariff import TariffRule
from border.store import table_of

M = TypeVar("M", bound=SQLModel)

_charge = table_of(ChargeRow)
_payment = table_of(PaymentRow)
_link = table_of(PaymentChargeRow)
_attempt = table_of(AttemptRow)
_notice = table_of(NoticeRow)
_rule = table_of(TariffRuleRow)


async def _rows(connection: AsyncConnection, model: type[M], statement: Select[Any]) -> list[M]:
    return [model(**row._mapping) for row in await connection.execute(statement)]


async def _row(connection: AsyncConnection, model: type[M], statement: Select[Any]) -> M | None:
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else model(**found._mapping)


# The tariff


async def add_tariff_rules(connection: AsyncConnection, rows: Iterable[TariffRuleRow]) -> int:
    """Insert the rules whose code is new and return how many were; the others stay as they are."""
    statement = insert(_rule).on_conflict_do_nothing(index_elements=[_rule.c.code])
    added = await connection.execute(
        statement.values([row.model_dump() for row in rows]).returning(_rule.c.code)
    )
    return len(added.all())


async def tariff_rules(connection: AsyncConnection, kind: str) -> tuple[TariffRule, ...]:
    """Return every rule of a kind, of whatever date."""
    found = await _rows(
        connection, TariffRuleRow, select(_rule).where(_rule.c.kind == kind).order_by(_rule.c.code)
    )
    return tuple(
        TariffRule(
            rate=Money(row.amount_minor, row.currency),
            **row.model_dump(exclude={"amount_minor", "currency"}),
        )
        for row in found
    )


# Charges


async def lock_subject(connection: AsyncConnection, subject: str) -> None:
    """Let nobody else charge `subject` until this transaction ends."""
    number = int.from_bytes(sha256(f"charge\0{subject}".encode()).digest()[:8], signed=True)
    await connection.execute(select(func.pg_advisory_xact_lock(number)))


async def live_charge(connection: AsyncConnection, subject: str, kind: str) -> ChargeRow | None:
    """Return the charge of a kind on `subject` that was not voided."""
    return await _row(
        connection,
        ChargeRow,
        select(_charge).where(
            _charge.c.subject == subject, _charge.c.kind == kind, _charge.c.state != "voided"
        ),
    )


async def charges_on(connection: AsyncConnection, subjects: Collection[str]) -> list[ChargeRow]:
    """Return the charges on any of `subjects`, oldest first."""
    return await _rows(
        connection,
        ChargeRow,
        select(_charge)
        .where(_charge.c.subject.in_(subjects))
        .order_by(_charge.c.created_at, _charge.c.id),
    )


async def lock_owed(connection: AsyncConnection, subject: str) -> list[ChargeRow]:
    """Return, locked, the charges on `subject` that are owed."""
    return await _rows(
        connection,
        ChargeRow,
        select(_charge)
        .where(_charge.c.subject == subject, _charge.c.state == "owed")
        .order_by(_charge.c.id)
        .with_for_update(),
    )


async def lock_charges(connection: AsyncConnection, ids: Collection[UUID]) -> list[ChargeRow]:
    """Return, locked, the charges with these ids."""
    return await _rows(
        connection,
        ChargeRow,
        select(_charge).where(_charge.c.id.in_(ids)).order_by(_charge.c.id).with_for_update(),
    )


async def owes_nothing(connection: AsyncConnection, subject: str) -> bool:
    """Say whether no charge on `subject` is owed."""
    owed = select(true()).where(_charge.c.subject == subject, _charge.c.state == "owed").limit(1)
    return await connection.scalar(owed) is None


# Payments


async def open_payment_for(
    connection: AsyncConnection, charge_ids: Sequence[UUID], gateway: str, at: datetime
) -> tuple[PaymentRow, AttemptRow] | None:
    """Return the running payment of exactly these charges by a gateway, and its open attempt."""
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
    attempt = await _row(
        connection,
        AttemptRow,
        select(_attempt)
        .join(_payment, _payment.c.id == _attempt.c.payment_id)
        .where(
            _payment.c.id.in_(covered),
            _payment.c.gateway == gateway,
            _payment.c.state == "pending",
            _payment.c.expires_at > at,
            _attempt.c.state == "pending",
        )
        .order_by(_payment.c.created_at.desc(), _attempt.c.created_at.desc())
        .limit(1),
    )
    if attempt is None:
        return None
    payment = await payment_by_id(connection, attempt.payment_id)
    return None if payment is None else (payment, attempt)


async def payment_by_id(connection: AsyncConnection, id: UUID) -> PaymentRow | None:
    """Return a payment."""
    return await _row(connection, PaymentRow, select(_payment).where(_payment.c.id == id))


async def lock_payment(connection: AsyncConnection, id: UUID) -> PaymentRow | None:
    """Return a payment, locked."""
    return await _row(
        connection, PaymentRow, select(_payment).where(_payment.c.id == id).with_for_update()
    )


async def lock_due_payments(
    connection: AsyncConnection, at: datetime, limit: int
) -> list[PaymentRow]:
    """Return, locked, the payments whose time is up and that nobody is working on."""
    return await _rows(
        connection,
        PaymentRow,
        select(_payment)
        .where(_payment.c.state == "pending", _payment.c.due_at <= at)
        .order_by(_payment.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True),
    )


async def attempts_of(connection: AsyncConnection, payment_id: UUID) -> list[AttemptRow]:
    """Return the attempts of a payment, the newest first."""
    return await _rows(
        connection,
        AttemptRow,
        select(_attempt)
        .where(_attempt.c.payment_id == payment_id)
        .order_by(_attempt.c.created_at.desc(), _attempt.c.id.desc()),
    )


async def charges_of(connection: AsyncConnection, payment_id: UUID) -> list[ChargeRow]:
    """Return the charges a payment is to settle."""
    return await _rows(
        connection,
        ChargeRow,
        select(_charge)
        .join(_link, _link.c.charge_id == _charge.c.id)
        .where(_link.c.payment_id == payment_id)
        .order_by(_charge.c.id),
    )


async def payments_in(
    connection: AsyncConnection, states: Collection[str]
) -> dict[str, tuple[int, datetime]]:
    """Return, for each of `states` that has any, how many payments are in it and since when."""
    found = await connection.execute(
        select(_payment.c.state, func.count(), func.min(_payment.c.changed_at))
        .where(_payment.c.state.in_(states))
        .group_by(_payment.c.state)
    )
    return {state: (count, since) for state, count, since in found}


async def settled_between(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> list[tuple[str, Money]]:
    """Return what was settled on charges in a window, by gate and currency."""
    found = await connection.execute(
        select(_charge.c.gate, _charge.c.currency, func.sum(_charge.c.amount_minor))
        .where(_charge.c.settled_at >= begin, _charge.c.settled_at < end)
        .group_by(_charge.c.gate, _charge.c.currency)
        .order_by(_charge.c.gate, _charge.c.currency)
    )
    return [(gate, Money(int(amount), currency)) for gate, currency, amount in found]


# Attempts


async def attempt_by_ref(
    connection: AsyncConnection, gateway: str, txn_ref: str
) -> AttemptRow | None:
    """Return the attempt a gateway knows as `txn_ref`."""
    return await _row(
        connection,
        AttemptRow,
        select(_attempt).where(_attempt.c.gateway == gateway, _attempt.c.txn_ref == txn_ref),
    )


async def lock_attempt(connection: AsyncConnection, id: UUID) -> AttemptRow | None:
    """Return an attempt, locked."""
    return await _row(
        connection, AttemptRow, select(_attempt).where(_attempt.c.id == id).with_for_update()
    )


async def lock_open_attempts(connection: AsyncConnection, payment_id: UUID) -> list[AttemptRow]:
    """Return, locked, the attempts of a payment that have no outcome."""
    return await _rows(
        connection,
        AttemptRow,
        select(_attempt)
        .where(_attempt.c.payment_id == payment_id, _attempt.c.state == "pending")
        .order_by(_attempt.c.id)
        .with_for_update(),
    )


async def transaction_used(
    connection: AsyncConnection, gateway: str, provider_txn: str, but: UUID
) -> bool:
    """Say whether another attempt than `but` was proved by this transaction."""
    other = select(true()).where(
        _attempt.c.gateway == gateway,
        _attempt.c.provider_txn == provider_txn,
        _attempt.c.id != but,
    )
    return await connection.scalar(other) is not None


async def take_overdue_attempt(
    connection: AsyncConnection, gateway: str, at: datetime
) -> AttemptRow | None:
    """Return, locked, the attempt to be asked about that has waited longest; skip those taken."""
    return await _row(
        connection,
        AttemptRow,
        select(_attempt)
        .where(_attempt.c.gateway == gateway, _attempt.c.next_ask_at <= at)
        .order_by(_attempt.c.next_ask_at, _attempt.c.id)
        .limit(1)
        .with_for_update(skip_locked=True),
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
        .with_for_update()
    )
    await connection.execute(
        update(_attempt).where(_attempt.c.id.in_(early)).values(next_ask_at=at)
    )


# The inbox


async def put_notice(
    connection: AsyncConnection,
    evidence: Evidence,
    raw: bytes,
    attempt_id: UUID,
    at: datetime,
    outcome: Outcome | None = None,
) -> bool:
    """Insert a gateway's word, worked already if `outcome` is given; False if it is there."""
    row = NoticeRow(
        gateway=evidence.gateway,
        source=evidence.source,
        dedupe_key=sha256(raw).digest(),
        raw=raw,
        attempt_id=attempt_id,
        evidence=evidence.stored(),
        verified=True,
        received_at=at,
        taken_at=at if outcome else None,
        outcome=outcome,
    )
    statement = insert(_notice).values(**row.model_dump()).on_conflict_do_nothing()
    return (await connection.execute(statement.returning(_notice.c.id))).one_or_none() is not None


async def take_waiting_notice(
    connection: AsyncConnection, but: Collection[UUID]
) -> NoticeRow | None:
    """Return, locked, the notice that has waited longest, `but` for these and those taken."""
    return await _row(
        connection,
        NoticeRow,
        select(_notice)
        .where(_notice.c.taken_at.is_(None), _notice.c.id.not_in(but))
        .order_by(_notice.c.received_at, _notice.c.id)
        .limit(1)
        .with_for_update(skip_locked=True),
    )


async def mark_taken(
    connection: AsyncConnection, notice_id: UUID, at: datetime, outcome: Outcome
) -> None:
    """Note what became of a notice."""
    await connection.execute(
        update(_notice).where(_notice.c.id == notice_id).values(taken_at=at, outcome=outcome)
    )
