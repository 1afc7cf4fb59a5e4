"""Booking: those who ask for an hour at the same time are decided in one transaction.

When an hour opens, all ask at once and for the same row. What is asked is read for all who wait,
decided one by one, and written with as many statements as for one; each has an answer of its own,
kept under its own key (docs/decisions/0025). One alone is a set of one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.answers import answers_before
from border.core.clock import local_date
from border.core.coalescer import Coalescer
from border.core.refusal import FieldError, Refusal
from border.core.store import Alone, AnyRow, Clash, Later, Once, Store, StoredAnswer, Unit
from border.payments.face import RATES, Rates, owe_at_end, rates_in
from border.regulation.rule_kind import RuleKind
from border.regulation.rulebook import RuleBook, rules_on_days
from customs.dossier_service import GateView, gate_view
from logistics import booking_storage
from logistics.ballot.terms import BALLOT_TERMS, peak_in
from logistics.beneficiary import may_ask
from logistics.booking import (
    DECLARATION_BOOKED,
    VEHICLE_BOOKED,
    BookingRequest,
    CheckedVehicle,
    Vehicle,
    check,
)
from logistics.booking_service import (
    FEE,
    BookingWithCharges,
    agreed,
    fee_on,
    hold_columns,
    price_of,
)
from logistics.booking_storage import BookedAlready
from logistics.closed_hour import LOOKED_AHEAD, closed, why_closed
from logistics.confirming_service import confirm_at_end
from logistics.entitlement import check_entitled, standing_by
from logistics.fairness.holds import HOLD_TERMS, most_unpaid, next_number
from logistics.fairness.ladder import FAULT_LADDER
from logistics.share import NONE, added, counted, refused
from logistics.slip_service import SlipKeys
from logistics.slot_rules import CROSSING_TERMS
from logistics.tables import BookingDeclarationRow, BookingRow

_OF_FIRMS: tuple[RuleKind[Any], ...] = (FAULT_LADDER, HOLD_TERMS)
_RULES: tuple[RuleKind[Any], ...] = (CROSSING_TERMS, RATES, *_OF_FIRMS, BALLOT_TERMS)
_ROOM = 8000
"""How many may wait for a release: thousands, since whoever is sent away asks again."""


@dataclass(frozen=True)
class AskedBooking:
    """A booking asked for: of which slot, how it is answered, and under which key, if any.

    One that is `reserved` has its place already: it was counted as taken when it was offered. A
    truck that came without a booking says when: it is in the yard.
    """

    slot_id: UUID
    request: BookingRequest
    says: Callable[[BookingWithCharges], StoredAnswer]
    once: Once | None = None
    reserved: bool = False
    came_at: datetime | None = None

    @cached_property
    def checked(self) -> tuple[CheckedVehicle | None, list[FieldError]]:
        """The vehicle with its plates read, and every field in error."""
        return check(self.request)


@dataclass(frozen=True)
class _Known:
    """What one reading for all has found."""

    slots: Mapping[UUID, AnyRow]
    goods: Mapping[UUID, GateView]
    booked: BookedAlready
    books: Mapping[date, RuleBook]
    rates: Rates
    slips: SlipKeys
    ahead: Mapping[UUID, Sequence[AnyRow]]
    """The hours that follow those that are closed."""


def bookings(store: Store, slips: SlipKeys) -> Coalescer[AskedBooking, StoredAnswer]:
    """Return what takes bookings: those asked for at the same time in one transaction.

    One transaction runs at a time, since all of a release wait for the same slot.
    """
    return Coalescer(
        store,
        partial(book_together, slips=slips),
        partial(book_alone, slips=slips),
        at_once=1,
        room=_ROOM,
    )


async def book(
    unit: Unit,
    slot_id: UUID,
    request: BookingRequest,
    slips: SlipKeys,
    *,
    reserved: bool = False,
    came_at: datetime | None = None,
) -> BookingWithCharges:
    """Hold a place for a truck, or the one `reserved`; with nothing owed it is confirmed at once.

    One that `came_at` an instant without a booking has arrived when it is confirmed.

    refuses: right_missing, invalid_fields, not_found, slot_over, slot_not_open_yet, slot_closed,
    no_hour_open, slot_full, share_full, no_share, declaration_not_bookable,
    declaration_already_booked, vehicle_already_booked, no_tariff, barred_ahead, barred_peak,
    cooling_off, too_many_unpaid, no_rules_in_force.
    writes: booking, booking_declaration, slot, charge or slip and passage; events booking.hold,
    then charge.owe or booking.confirm, slip.issue and passage.expect.
    """
    booked: list[BookingWithCharges] = []

    def says(one: BookingWithCharges) -> StoredAnswer:
        booked.append(one)
        return StoredAnswer(201, b"")

    asked = AskedBooking(slot_id, request, says, reserved=reserved, came_at=came_at)
    await book_alone(unit, asked, slips)
    return booked[0]


async def book_alone(unit: Unit, asked: AskedBooking, slips: SlipKeys) -> StoredAnswer:
    """Book one in a transaction of its own; a repeat under its key gets the answer kept.

    refuses, writes: as `book`; still_running, idempotency_key_reused.
    """
    [answer] = await book_together([unit], [asked], slips)
    if isinstance(answer, Refusal):
        raise answer
    assert isinstance(answer, StoredAnswer)  # Nobody came before in the set.
    try:
        await unit.write_rows()
    except IntegrityError as error:
        raise already_booked(error, asked.request.vehicle) from error
    return answer


def already_booked(error: IntegrityError, vehicle: Vehicle) -> Exception:
    """Return the refusal behind a unique index that was hit, or the error itself.

    Where the firm took the same number for a hold elsewhere at this moment, it is a clash.
    """
    broken = str(error.orig)
    if "uq_booking_hold" in broken:
        return Clash()
    if "uq_booking_live_plate" in broken:
        return VEHICLE_BOOKED(plate=vehicle.plate)
    if "uq_booking_live_trailer" in broken:
        return VEHICLE_BOOKED(plate=vehicle.trailer_plate)
    if "uq_booking_declaration_live" in broken:
        return Clash()  # Looked at again, it is told on which booking they are.
    return error


async def book_together(
    units: Sequence[Unit], asked: Sequence[AskedBooking], slips: SlipKeys
) -> list[StoredAnswer | Refusal | Alone]:
    """Book what was asked for at the same time, in this order, as `book` does one.

    Each has its own answer or refusal; who comes first gets the last place. With the next set goes
    what one reading for all cannot tell: whoever comes second with a key, a truck or goods.
    Raises Clash where places went meanwhile.
    """
    answers: list[StoredAnswer | Refusal | Alone | None] = [None for _ in asked]
    connection = units[0].connection
    await _answer_again(units, asked, answers)
    places = [place for place, answer in enumerate(answers) if answer is None]
    if places:
        asking = [(units[place], asked[place]) for place in places]
        known = await _known(connection, asking, slips)
        taken = _decided(known, [(place, units[place], asked[place]) for place in places], answers)
        if taken and not await booking_storage.take_places(connection, taken):
            raise Clash
    return [answer for answer in answers if answer]


async def _answer_again(
    units: Sequence[Unit],
    asked: Sequence[AskedBooking],
    answers: list[StoredAnswer | Refusal | Alone | None],
) -> None:
    """Answer those whose key was answered before, and refuse those whose key is in use."""
    keyed = {}
    for place, (unit, one) in enumerate(zip(units, asked, strict=True)):
        if one.once is not None:
            key = (unit.actor.name_in_events, one.once.key)
            if key in keyed:
                answers[place] = Later()  # It must see what the first was answered.
            else:
                keyed[key] = (place, (key[0], one.once))
    before = await answers_before(units[0].connection, [each for _, each in keyed.values()])
    for (place, _), answer in zip(keyed.values(), before, strict=True):
        answers[place] = answer


async def _known(
    connection: AsyncConnection, asking: Sequence[tuple[Unit, AskedBooking]], slips: SlipKeys
) -> _Known:
    """Read what is needed to decide, with one statement for each kind of thing; lock the slots."""
    asked = [one for _, one in asking]
    vehicles = [vehicle for one in asked if (vehicle := one.checked[0])]
    plates = {vehicle.plate.normalised for vehicle in vehicles}
    ids = {id for one in asked for id in one.request.declaration_ids}
    slots = await booking_storage.locked_slots(connection, [one.slot_id for one in asked])
    today = local_date(asking[0][0].at)
    days = {local_date(slot.starts_at) for slot in slots.values()} | {today}
    books = await rules_on_days(connection, days, _RULES)
    at_peaks = any(peak_in(books[local_date(slot.starts_at)], slot) for slot in slots.values())
    goods = await gate_view(connection, ids)
    firms = {load.owner_organisation_id for load in goods.values()}
    for unit, one in asking:
        firms.update(filter(None, (unit.actor.organisation_id, one.request.on_behalf_of)))
    return _Known(
        slots,
        goods,
        await booking_storage.booked_already(
            connection,
            plates,
            {vehicle.trailer.normalised for vehicle in vehicles if vehicle.trailer},
            ids,
            at_peaks=plates if at_peaks else (),
            firms=firms if any(books[today].find(kind) for kind in _OF_FIRMS) else (),
        ),
        books,
        rates_in(books, FEE),
        slips,
        await booking_storage.hours_after(
            connection, filter(why_closed, slots.values()), LOOKED_AHEAD
        ),
    )


def _decided(
    known: _Known,
    asked: Sequence[tuple[int, Unit, AskedBooking]],
    answers: list[StoredAnswer | Refusal | Alone | None],
) -> dict[UUID, list[int]]:
    """Answer each, by its place in the order; return what each class takes of each slot."""
    claimed: set[tuple[str, str | UUID]] = set()
    holds = {firm: list(numbers) for firm, numbers in known.booked.holds.items()}
    taken: dict[UUID, list[int]] = {}
    for place, unit, one in asked:
        try:
            booked = _decide(known, unit, one, claimed, holds, taken)
        except (Refusal, Alone) as other:
            answers[place] = other
            continue
        answer = answers[place] = one.says(booked)
        if one.once:
            unit.keep(one.once, answer)
    return taken


def _decide(
    known: _Known,
    unit: Unit,
    asked: AskedBooking,
    claimed: set[tuple[str, str | UUID]],
    holds: dict[UUID, list[int | None]],
    taken: dict[UUID, list[int]],
) -> BookingWithCharges:
    """Book one, if it can be, when the transaction ends; its place is counted among `taken`, and
    among the unpaid `holds` of its firm.

    refuses: as `book`. Raises Later. writes: as `book`, but the slot.
    """
    may_ask(unit.actor, "booking.hold", asked.request)
    request, today = asked.request, known.books[local_date(unit.at)]
    slot = known.slots.get(asked.slot_id)
    slot, vehicle, loads = agreed(unit, request, asked.checked, slot, known.goods)
    columns = hold_columns(unit, request, vehicle, slot, loads, today)
    columns["came_at"] = asked.came_at
    faults = known.booked.faults.get(columns["owner_organisation_id"], ())
    since = known.booked.known_since.get(columns["plate"])
    stands = standing_by(today, faults, unit.at)
    if asked.came_at is None:  # Whoever stands at the gate books nothing ahead.
        check_entitled(slot, known.books, stands, unit.actor.id, since, unit.at)
    trailer = columns["trailer_plate"]
    claims: set[tuple[str, str | UUID]] = {("plate", columns["plate"])}
    claims |= {("trailer", trailer)} if trailer else set()
    claims |= {("goods", load.id) for load in loads}
    if claims & claimed:
        raise Later
    if columns["plate"] in known.booked.plates:
        raise VEHICLE_BOOKED(plate=request.vehicle.plate)
    if trailer in known.booked.trailers:
        raise VEHICLE_BOOKED(plate=request.vehicle.trailer_plate)
    for load in loads:
        if load.id in known.booked.goods:
            by = known.booked.goods[load.id]
            raise DECLARATION_BOOKED(reference=load.reference, booking=by)
    mine = counted([] if asked.reserved else [columns["share_class"]])
    if any(mine):
        if shut := closed(slot, known.ahead.get(slot.id, ()), columns["share_class"], unit.at):
            raise shut
        mine = added(mine, taken.get(slot.id, NONE))
        if full := refused(slot, mine):
            raise full
    assessment = price_of(known.rates, request.vehicle, loads, slot)
    owed = assessment is not None and assessment.amount.minor > 0
    if owed and (most := most_unpaid(today, stands)) is not None:
        numbers = holds.setdefault(columns["owner_organisation_id"], [])
        columns["hold_number"] = next_number(most, numbers)
        numbers.append(columns["hold_number"])
    row = unit.begin(BookingRow, "held", "hold", **columns)
    for load in loads:
        link = {"booking_id": row.id, "declaration_id": load.id, "live": True}
        unit.put(BookingDeclarationRow, link)
    claimed |= claims
    if any(mine):
        taken[slot.id] = mine
    if assessment is not None and owed:
        return BookingWithCharges(
            booking_storage.just_booked(row), [owe_at_end(unit, fee_on(row, assessment))]
        )
    slip, passage = confirm_at_end(unit, row, slot.grace_minutes, known.slips)
    return BookingWithCharges(booking_storage.just_booked(row, slip, passage), [])
