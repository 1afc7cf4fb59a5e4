"""The cash desk: shifts opened, counted, approved and banked; and the manager's waiver."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.http.desk_shapes import DeskShiftList, DeskShiftReport, DeskShiftShape
from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.shapes import ChargeShape
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.money import MINOR_UNITS, Money
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.payments.charges import charge_service
from border.payments.desk import count_service, drawer_service, report
from border.payments.desk.order import (
    ApproveOrder,
    CountOrder,
    DepositOrder,
    ShiftOrder,
    WaiveOrder,
)


@post(
    "/desk/shifts",
    operation_id="open_desk_shift",
    status_code=201,
    tags=["desk"],
    verb="desk_shift.open",
)
async def open_desk_shift(
    data: JSONBody[ShiftOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeskShiftReport]:
    """Begin a shift with the cash put into the drawer; one is open for each cashier and currency.

    The first payment taken at the desk opens one by itself, with nothing put in.

    refuses: not_allowed, invalid_fields, desk_shift_open.
    """

    async def work(unit: Unit) -> DeskShiftReport:
        shift = await drawer_service.open_shift(unit, data.gate, data.float_minor, data.currency)
        return await _reported(unit, shift.id)

    return await write(request, services, actor, work, 201)


@get("/desk/shifts", operation_id="list_desk_shifts", tags=["desk"], verb="desk_shift.list")
async def list_desk_shifts(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    states: Annotated[str | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> DeskShiftList:
    """Return the caller's shifts, newest first; managers and accountants see every one.

    refuses: not_allowed, invalid_fields.
    """
    async with services.store.reading() as connection:
        found = await report.list_shifts(
            connection,
            actor,
            states.split(",") if states else (),
            parse_cursor(cursor),
            checked_limit(limit),
        )
    last = found[-1].shift if len(found) == limit else None
    return DeskShiftList(
        items=[DeskShiftShape.of(one.shift, one.cashier, one.count, actor) for one in found],
        next=cursor_of(last.opened_at, last.id) if last is not None else None,
    )


@get(
    "/desk/shifts/{shift_id:uuid}",
    operation_id="get_desk_shift",
    tags=["desk"],
    verb="desk_shift.read",
)
async def get_desk_shift(
    shift_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> DeskShiftReport:
    """Return a shift with its takings and payouts; its cashier sees no amounts before counting.

    refuses: not_allowed, not_found.
    """
    async with services.store.reading() as connection:
        return DeskShiftReport.of_report(await report.report(connection, actor, shift_id), actor)


@post(
    "/desk/shifts/{shift_id:uuid}/count",
    operation_id="count_desk_shift",
    status_code=200,
    tags=["desk"],
    verb="desk_shift.read",
)
async def count_desk_shift(
    shift_id: FromPath[UUID],
    data: JSONBody[CountOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeskShiftReport]:
    """Close the drawer to money and say what is in it; without a difference it is closed at once.

    A counted shift is counted again by somebody else, a manager or an accountant.

    refuses: not_allowed, not_found, invalid_fields, own_count, move_not_open, stale_version.
    """
    pieces = [(one.value, one.pieces) for one in data.denominations]

    async def work(unit: Unit) -> DeskShiftReport:
        await count_service.count(
            unit, shift_id, pieces, data.counted_minor, expected_version(request)
        )
        return await _reported(unit, shift_id)

    return await write(request, services, actor, work)


@post(
    "/desk/shifts/{shift_id:uuid}/approve",
    operation_id="approve_desk_shift",
    status_code=200,
    tags=["desk"],
    verb="desk_shift.approve",
)
async def approve_desk_shift(
    shift_id: FromPath[UUID],
    data: JSONBody[ApproveOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeskShiftReport]:
    """Approve a difference with a reason, as another than who took and who counted the money.

    refuses: not_allowed, not_found, invalid_fields, own_count, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> DeskShiftReport:
        await count_service.approve(unit, shift_id, data.reason, expected_version(request))
        return await _reported(unit, shift_id)

    return await write(request, services, actor, work)


@post(
    "/desk/shifts/{shift_id:uuid}/deposit",
    operation_id="deposit_desk_shift",
    status_code=200,
    tags=["desk"],
    verb="desk_shift.deposit",
)
async def deposit_desk_shift(
    shift_id: FromPath[UUID],
    data: JSONBody[DepositOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[DeskShiftReport]:
    """Record that the cash of a closed shift, without its float, was paid in at the bank.

    refuses: not_allowed, not_found, invalid_fields, move_not_open, stale_version,
    deposited_already.
    """
    if data.currency not in MINOR_UNITS:
        says = N_("Give a currency of ISO 4217 that the zone keeps books in.")
        raise INVALID(errors=[FieldError("currency", "unknown", says)])
    amount = Money(data.amount_minor, data.currency)

    async def work(unit: Unit) -> DeskShiftReport:
        await count_service.deposit(unit, [shift_id], data.bank_reference, amount)
        return await _reported(unit, shift_id)

    return await write(request, services, actor, work)


@post(
    "/charges/{charge_id:uuid}/waive",
    operation_id="waive_charge",
    status_code=200,
    tags=["payments"],
    verb="charge.waive",
)
async def waive_charge(
    charge_id: FromPath[UUID],
    data: JSONBody[WaiveOrder],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[ChargeShape]:
    """Let the payer off a charge that is owed, for a reason that stays inside the zone.

    refuses: not_allowed, invalid_fields, not_found, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> ChargeShape:
        waived = await charge_service.waive(unit, charge_id, data.reason, expected_version(request))
        return ChargeShape.of(waived)

    return await write(request, services, actor, work)


async def _reported(unit: Unit, shift_id: UUID) -> DeskShiftReport:
    found = await report.report(unit.connection, unit.actor, shift_id)
    return DeskShiftReport.of_report(found, unit.actor)


ROUTES = (
    open_desk_shift,
    list_desk_shifts,
    get_desk_shift,
    count_desk_shift,
    approve_desk_shift,
    deposit_desk_shift,
    waive_charge,
)
