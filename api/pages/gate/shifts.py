"""The shifts of the cash desk: counting one's own blind, the report, the office's second look."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.http.paging import cursor_of, parse_cursor
from api.language import localise_money
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, refused_of, show
from api.pages.kit.printed import place_in, rows_to_show
from api.zone import Services
from border.core.actor import Actor
from border.core.money import Money
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.gates import gate
from border.identity import policy
from border.payments.desk import count_service, report
from border.payments.desk.report import ListedShift
from border.payments.desk.shift import NOTES, SHIFT, is_second
from border.payments.desk.tables import DeskShiftRow

_LISTED = 30
_DONE = {
    "counted": N_("The cash is counted. A second person looks at the difference."),
    "closed": N_("The drawer holds what it should; the shift is closed."),
    "approved": N_("The difference is booked and the shift is closed."),
    "banked": N_("The deposit is booked."),
}


@dataclass(frozen=True)
class Note:
    """One kind of note on the form: its place, its value, and the pieces typed."""

    field: str
    value: Money
    pieces: str


@dataclass(frozen=True)
class Drawer:
    """A shift in the office's list, with what of it goes to the bank."""

    listed: ListedShift
    to_bank: Money


@get("/gate/desk/shifts", include_in_schema=False, verb="desk_shift.list")
async def show_shifts(
    request: AnyRequest,
    services: NamedDependency[Services],
    after: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Template:
    """Show what waits for a second person or for the bank, and the shifts, the newest first."""
    return await _list(request, services, after, message=_DONE.get(done))


@get("/gate/desk/shifts/{shift_id:uuid}", include_in_schema=False, verb="desk_shift.read")
async def show_shift(
    shift_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    done: FromQuery[str] = "",
) -> Template:
    """Show a shift: to its cashier the form to count it, once counted the report."""
    return await _shift(request, services, shift_id, message=_DONE.get(done))


@post("/gate/desk/shifts/{shift_id:uuid}/count", status_code=303, verb="desk_shift.read")
async def count(shift_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Take down what is in the drawer."""

    async def work(unit: Unit) -> str:
        shift = await report.get_shift(unit.connection, unit.actor, shift_id)
        pieces = _pieces(sent.form, shift.currency)
        if sent.text("sure") != "yes":
            says = N_("Say that everything in the drawer is counted.")
            raise INVALID(errors=[FieldError("sure", "missing", says)])
        counted = await count_service.count(unit, shift_id, pieces, version=sent.version)
        return f"/gate/desk/shifts/{shift_id}?done={counted.state}"

    return await sent.act(work, partial(_shift, sent.request, sent.services, shift_id))


@post("/gate/desk/shifts/{shift_id:uuid}/approve", status_code=303, verb="desk_shift.approve")
async def approve(shift_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Book a difference that a second person looked at."""

    async def work(unit: Unit) -> str:
        await count_service.approve(unit, shift_id, sent.text("reason"), sent.version)
        return "/gate/desk/shifts?done=approved"

    return await sent.act(work, partial(_shift, sent.request, sent.services, shift_id))


@post("/gate/desk/shifts/deposit", status_code=303, verb="desk_shift.deposit")
async def deposit(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Book that the cash of the shifts ticked was paid in at the bank."""

    async def work(unit: Unit) -> str:
        shifts = _ticked(sent)
        await count_service.deposit(unit, shifts, sent.text("bank_reference"), _amount(sent))
        return "/gate/desk/shifts?done=banked"

    return await sent.act(work, partial(_list, sent.request, sent.services))


async def _list(
    request: AnyRequest, services: Services, after: str = "", message: str | None = None
) -> Template:
    actor: Actor = request.scope["user"]
    office = policy.may(actor, "desk_shift.list_waiting")
    most = rows_to_show(request, _LISTED)
    async with services.store.reading() as connection:
        waiting = await report.waiting_shifts(connection, actor) if office else []
        shifts = await report.list_shifts(
            connection, actor, after=parse_cursor(place_in(request, after)), limit=most + 1
        )
    last = shifts[most - 1].shift if len(shifts) > most else None
    to_bank: dict[str, list[Drawer]] = {}
    for one in waiting:
        if one.shift.state == "closed":
            to_bank.setdefault(one.shift.currency, []).append(Drawer(one, _to_bank(one.shift)))
    return show(
        request,
        services,
        "gate/shifts.html",
        office=office,
        to_approve=[one for one in waiting if one.shift.state == "counted"],
        to_bank=to_bank,
        may_bank=policy.may(actor, "desk_shift.deposit"),
        at_desk=policy.may(actor, "desk_shift.take"),
        shifts=shifts[:most],
        next=cursor_of(last.opened_at, last.id) if last is not None else None,
        shift_says={state.name: state.label for state in SHIFT.states},
        money_of=Money,
        message=message,
    )


async def _shift(
    request: AnyRequest, services: Services, shift_id: UUID, message: str | None = None
) -> Template:
    actor: Actor = request.scope["user"]
    async with services.store.reading() as connection:
        found = await report.report(connection, actor, shift_id)
        at = await gate(connection, found.shift.gate)
    shift = found.shift
    notes = _notes(shift.currency, refused_of(request).typed)
    at_desk = policy.may(actor, "desk_shift.take")
    approver = policy.may(actor, "desk_shift.approve", shift)
    second = approver and is_second(actor.id, shift.cashier_id, None)
    return show(
        request,
        services,
        "gate/shift.html",
        found=found,
        shift=shift,
        says=SHIFT.state(shift.state).label,
        notes=notes,
        called={note.field: localise_money(note.value, language(request)) for note in notes},
        may_count=shift.state == "open" and policy.may(actor, "desk_shift.count", shift),
        may_recount=shift.state == "counted" and second,
        may_approve=shift.state == "counted"
        and second
        and is_second(actor.id, shift.cashier_id, shift.counted_by),
        own=shift.cashier_id == actor.id,
        money_of=Money,
        gate=at.names,
        back="/gate/desk" if at_desk and not second else "/gate/desk/shifts",
        message=message,
    )


def _notes(currency: str, typed: Mapping[str, Any]) -> list[Note]:
    fields = [f"denominations.{n}.pieces" for n in range(len(NOTES[currency]))]
    return [
        Note(field, Money(value, currency), str(typed.get(field, "")))
        for field, value in zip(fields, NOTES[currency], strict=True)
    ]


def _pieces(form: Mapping[str, Any], currency: str) -> list[tuple[int, int]]:
    """Return the notes a form counts, each kind in its place. refuses: invalid_fields."""
    pieces, errors = [], []
    for note in _notes(currency, form):
        text = note.pieces.strip()
        if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
            says = N_("Type how many there are, a whole number.")
            errors.append(FieldError(note.field, "not_a_number", says))
        else:
            pieces.append((note.value.minor, int(text or 0)))
    if errors:
        raise INVALID(errors=errors)
    return pieces


def _ticked(sent: SentForm) -> list[UUID]:
    """Return the shifts a form names. refuses: invalid_fields."""
    if not (ids := sent.ids("shift_ids")):
        says = N_("Tick the shifts whose cash was brought to the bank.")
        raise INVALID(errors=[FieldError("shift_ids", "missing", says)])
    return ids


def _amount(sent: SentForm) -> Money:
    """Return what was paid in. refuses: invalid_fields."""
    if (currency := sent.text("currency")) not in NOTES:
        says = N_("The desk takes cash in: {known}.")
        error = FieldError("currency", "unknown", says, (("known", ", ".join(NOTES)),))
        raise INVALID(errors=[error])
    return Money(sent.minor("amount_minor", currency), currency)


def _to_bank(shift: DeskShiftRow) -> Money:
    return Money((shift.counted_minor or 0) - shift.float_minor, shift.currency)


ROUTES = (show_shifts, show_shift, count, approve, deposit)
