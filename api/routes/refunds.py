"""Refunds, and the exceptions of payments that an accountant works through."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncConnection

from api.http.paging import checked_limit
from api.http.shapes import MoneyShape, MoveShape, PageOf, Shape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import NOT_FOUND, Refusal
from border.core.store import Unit
from border.identity import policy
from border.payments.collection import payment_service
from border.payments.exceptions import exception_service
from border.payments.exceptions.tables import ExceptionRow
from border.payments.gateways.evidence import RefundMethod
from border.payments.refunds import (
    outcome_service,
    refund_service,
    request_service,
    suspense,
    suspense_service,
)
from border.payments.refunds.asking import ExceptionMove, RefundAsked, RefundMove
from border.payments.refunds.refund import open_moves
from border.payments.refunds.tables import RefundRow
from logistics import booking_service
from logistics.tables import BookingRow


class PartShape(Shape):
    """What of a refund comes from one charge."""

    charge_id: UUID
    amount: MoneyShape


class RefundShape(Shape):
    """A refund; what the gateway said and who decided is for the zone's people."""

    id: UUID
    reference: str
    state: str
    version: int
    payment_id: UUID | None
    gateway: str
    way: str
    amount: MoneyShape
    full: bool
    parts: list[PartShape]
    reason: str
    note: str | None
    automatic: bool
    rule: str
    needs_two: bool
    requested_by: UUID | None
    approved_by: UUID | None
    approved_too_by: UUID | None
    provider_txn: str | None
    provider_code: str | None
    paid_out_reference: str | None
    created_at: datetime
    due_at: datetime | None
    succeeded_at: datetime | None
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: RefundRow, actor: Actor) -> "RefundShape":
        """Return the shape of a refund as the actor sees it."""
        staff = policy.may(actor, "refund.list")
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            payment_id=row.payment_id,
            gateway=row.gateway,
            way=row.refund_method,
            amount=MoneyShape(minor=row.amount_minor, currency=row.currency),
            full=row.full,
            parts=[
                PartShape(
                    charge_id=UUID(part["charge_id"]),
                    amount=MoneyShape(minor=part["amount_minor"], currency=row.currency),
                )
                for part in row.allocations
            ],
            reason=row.reason,
            note=row.note if staff or row.state == "declined" else None,
            automatic=row.automatic,
            rule=row.rule,
            needs_two=row.needs_two,
            requested_by=row.requested_by if staff else None,
            approved_by=row.approved_by if staff else None,
            approved_too_by=row.approved_too_by if staff else None,
            provider_txn=row.provider_txn,
            provider_code=row.provider_code if staff else None,
            paid_out_reference=row.paid_out_reference,
            created_at=row.created_at,
            due_at=row.overdue_at,
            succeeded_at=row.succeeded_at,
            moves=[
                MoveShape.of(move, f"/api/v1/refunds/{row.id}") for move in open_moves(row, actor)
            ],
        )


class RefundList(PageOf):
    """The refunds of a payment, the oldest first."""

    items: list[RefundShape]


class PaymentExceptionShape(Shape):
    """Something about money to look into."""

    id: UUID
    reference: str
    state: str
    version: int
    kind: str
    gateway: str
    provider_txn: str | None
    payment_id: UUID | None
    amount: MoneyShape | None
    told: dict[str, Any]
    taken_by: UUID | None
    resolution: str | None
    note: str
    created_at: datetime
    due_at: datetime | None
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: ExceptionRow, actor: Actor) -> "PaymentExceptionShape":
        """Return the shape of an exception as the actor sees it."""
        money = None
        if row.amount_minor is not None and row.currency is not None:
            money = MoneyShape(minor=row.amount_minor, currency=row.currency)
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            kind=row.kind,
            gateway=row.gateway,
            provider_txn=row.provider_txn,
            payment_id=row.payment_id,
            amount=money,
            told=row.reported,
            taken_by=row.taken_by,
            resolution=row.resolution,
            note=row.note,
            created_at=row.created_at,
            due_at=row.overdue_at,
            moves=[
                MoveShape.of(move, f"/api/v1/payment-exceptions/{row.id}")
                for move in suspense.open_moves(row, actor)
            ],
        )


class PaymentExceptionList(PageOf):
    """The queue, the longest waiting first."""

    items: list[PaymentExceptionShape]


async def crossed(connection: AsyncConnection, actor: Actor, payment_id: UUID) -> bool:
    """Say whether a truck has passed on what a payment paid, as far as the actor can see."""
    seen = await payment_service.get_payment(connection, actor, payment_id)
    for charge in seen.charges:
        if charge.subject.startswith(f"{BookingRow.prefix}-"):
            try:
                booking = await booking_service.find(connection, actor, charge.subject)
            except Refusal:
                continue  # another firm's: whoever approves sees it
            if booking.admitted_at is not None:
                return True
    return False


@post(
    "/payments/{payment_id:uuid}/refunds",
    operation_id="refund_payment",
    status_code=201,
    tags=["payments"],
    verb="refund.ask",
)
async def refund_payment(
    payment_id: FromPath[UUID],
    data: JSONBody[RefundAsked],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[RefundShape]:
    """Ask that money of a payment goes back: all that is left, or an amount of it.

    refuses: invalid_fields, not_allowed, not_found, not_refundable, refund_waits.
    """

    async def work(unit: Unit) -> RefundShape:
        refund = await request_service.ask_refund(
            unit,
            payment_id,
            data.amount.money() if data.amount else None,
            data.reason,
            crossed=await crossed(unit.connection, actor, payment_id),
            refund_method=RefundMethod(data.way) if data.way else None,
        )
        return RefundShape.of(refund, actor)

    return await write(request, services, actor, work, 201)


@get(
    "/payments/{payment_id:uuid}/refunds",
    operation_id="list_refunds",
    tags=["payments"],
    verb="refund.read",
)
async def list_refunds(
    payment_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> RefundList:
    """Return the refunds of a payment, the oldest first. refuses: not_found."""
    async with services.store.reading() as connection:
        found = await refund_service.refunds_of(connection, actor, payment_id)
    return RefundList(items=[RefundShape.of(row, actor) for row in found], next=None)


@get("/refunds/{refund_id:uuid}", operation_id="get_refund", tags=["payments"], verb="refund.read")
async def get_refund(
    refund_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> RefundShape:
    """Return one refund. refuses: not_found."""
    async with services.store.reading() as connection:
        return RefundShape.of(await refund_service.get_refund(connection, actor, refund_id), actor)


async def _approve(unit: Unit, id: UUID, body: RefundMove, version: int | None) -> RefundRow:
    refund = await refund_service.get_refund(unit.connection, unit.actor, id)
    passed = refund.payment_id is not None and await crossed(
        unit.connection, unit.actor, refund.payment_id
    )
    return await refund_service.approve(unit, id, version, crossed=passed)


REFUND_MOVES: dict[str, Callable[[Unit, UUID, RefundMove, int | None], Awaitable[RefundRow]]] = {
    "approve": _approve,
    "decline": lambda u, id, b, v: refund_service.decline(u, id, b.reason, v),
    "withdraw": lambda u, id, b, v: refund_service.withdraw(u, id, v),
    "pay_out": lambda u, id, b, v: refund_service.pay_out(u, id, b.reference, v),
    "resubmit": lambda u, id, b, v: outcome_service.resubmit(u, id, v),
    "record": lambda u, id, b, v: outcome_service.record(u, id, b.outcome, b.note, v),
}


@post(
    "/refunds/{refund_id:uuid}/{verb:str}",
    operation_id="move_refund",
    status_code=200,
    tags=["payments"],
    verb="refund.{verb}",
)
async def move_refund(
    refund_id: FromPath[UUID],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    data: JSONBody[RefundMove] = RefundMove(),
) -> Response[RefundShape]:
    """Decide on a refund: approve, decline, withdraw, pay_out, resubmit, record.

    refuses: invalid_fields, not_allowed, not_found, not_the_owner, another_approver_needed,
    desk_shift_missing, drawer_short, drawer_paid_out, not_your_refund, paid_out_already,
    ask_first, move_not_open, stale_version.
    """
    if verb not in REFUND_MOVES:
        raise NOT_FOUND(what="verb")

    async def work(unit: Unit) -> RefundShape:
        moved = await REFUND_MOVES[verb](unit, refund_id, data, expected_version(request))
        return RefundShape.of(moved, actor)

    return await write(request, services, actor, work)


@get(
    "/payment-exceptions",
    operation_id="list_payment_exceptions",
    tags=["payments"],
    verb="payment_exception.list",
)
async def list_payment_exceptions(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    resolved: FromQuery[bool] = False,
    limit: FromQuery[int] = 50,
) -> PaymentExceptionList:
    """Return what waits for the accountant, or what was resolved.

    refuses: not_allowed, invalid_fields.
    """
    async with services.store.reading() as connection:
        found = await exception_service.queue(
            connection, actor, resolved=resolved, limit=checked_limit(limit)
        )
    shapes = [PaymentExceptionShape.of(row, actor) for row in found]
    return PaymentExceptionList(items=shapes, next=None)


@post(
    "/payment-exceptions/{exception_id:uuid}/{verb:str}",
    operation_id="move_payment_exception",
    status_code=200,
    tags=["payments"],
    verb="payment_exception.{verb}",
)
async def move_payment_exception(
    exception_id: FromPath[UUID],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    data: JSONBody[ExceptionMove] = ExceptionMove(),
) -> Response[PaymentExceptionShape]:
    """Work on an exception: take, put_back, resolve, apply its money, or ask to refund it.

    refuses: invalid_fields, not_allowed, not_found, no_money_waits, money_waits, not_owed_here,
    not_enough_money, refund_waits, not_refundable, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> PaymentExceptionShape:
        version = expected_version(request)
        if verb == "apply":
            await suspense_service.apply_suspense(unit, exception_id, data.charge_ids, version)
        elif verb == "refund":
            await suspense_service.give_back(unit, exception_id, data.reason)
        else:
            await exception_service.act_on(unit, exception_id, verb, data.reason, version)
        row = await exception_service.get_exception(unit.connection, actor, exception_id)
        return PaymentExceptionShape.of(row, actor)

    return await write(request, services, actor, work)


ROUTES = (
    refund_payment,
    list_refunds,
    get_refund,
    move_refund,
    list_payment_exceptions,
    move_payment_exception,
)
