"""Booking as a set: those who ask for an hour at the same time are decided in one transaction.

When an hour opens, all ask at once and for the same row. What `booking_service.book` does for one
is done here for all who wait, with as many statements as for one; each has an answer of its own,
kept under its own key (docs/decisions/0025).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.answers import answers_before
from border.core.clock import local_date
from border.core.coalescer import Coalescer
from border.core.refusal import Refusal
from border.core.store import Alone, AnyRow, Clash, Once, Store, StoredAnswer, Unit
from border.identity import policy
from border.payments.face import NewCharge, Rates, owe_many, rates
from border.regulation.rulebook import RuleBook, rules_on
from customs.dossier_service import GateView, gate_view
from logistics import booking_storage
from logistics.booking import DECLARATION_BOOKED, VEHICLE_BOOKED, BookingRequest, check
from logistics.booking_service import (
    FEE,
    BookingWithCharges,
    agreed,
    book,
    fee_on,
    hold_columns,
    price_of,
)
from logistics.booking_storage import BookedAlready
from logistics.slip_service import SlipKeys
from logistics.slot import SLOT_FULL
from logistics.slot_rules import CROSSING_TERMS
from logistics.tables import BookingDeclarationRow, BookingRow


@dataclass(frozen=True)
class AskedBooking:
    """A booking asked for: of which slot, how it is answered, and under which key, if any."""

    slot_id: UUID
    request: BookingRequest
    says: Callable[[BookingWithCharges], StoredAnswer]
    once: Once | None = None


@dataclass(frozen=True)
class _Known:
    """What one reading for all has found."""

    slots: Mapping[UUID, AnyRow]
    goods: Mapping[UUID, GateView]
    booked: BookedAlready
    terms: RuleBook
    rates: Rates


@dataclass(frozen=True)
class _Held:
    """One that is booked: in which unit, its row as it will be, and what is owed on it."""

    unit: Unit
    asked: AskedBooking
    row: BookingRow
    owed: NewCharge


def bookings(store: Store, slips: SlipKeys) -> Coalescer[AskedBooking, StoredAnswer]:
    """Return what takes bookings: those asked for at the same time in one transaction.

    One transaction runs at a time, since all of a release wait for the same slot.
    """
    return Coalescer(
        store, book_together, lambda unit, asked: book_alone(unit, asked, slips), at_once=1
    )


async def book_alone(unit: Unit, asked: AskedBooking, slips: SlipKeys) -> StoredAnswer:
    """Book one in a transaction of its own; a repeat under its key gets the answer kept.

    refuses, writes: as `book`; still_running, idempotency_key_reused.
    """
    if asked.once and (before := await unit.once(asked.once)):
        return before
    answer = asked.says(await book(unit, asked.slot_id, asked.request, slips))
    if asked.once:
        unit.keep(asked.once, answer)
    return answer


async def book_together(
    units: Sequence[Unit], asked: Sequence[AskedBooking]
) -> list[StoredAnswer | Refusal | Alone]:
    """Book what was asked for at the same time, in this order, as `book_alone` does one.

    Each has its own answer or refusal; who comes first gets the last place. Alone is to be booked
    what one reading for all cannot tell: a truck on which nothing is owed, which is confirmed at
    once, and whoever comes second with a key, a truck or goods.
    """
    answers: list[StoredAnswer | Refusal | Alone | None] = [
        Alone() if one.request.empty else None for one in asked
    ]
    if all(answers):
        return [answer for answer in answers if answer]
    connection = units[0].connection
    await _answer_again(units, asked, answers)
    places = [place for place, answer in enumerate(answers) if answer is None]
    if places:
        known = await _known(connection, units[0], [asked[place] for place in places])
        held = _decided(known, [(place, units[place], asked[place]) for place in places], answers)
        if held:
            await _write(connection, held, answers)
    return [answer for answer in answers if answer]


async def _answer_again(
    units: Sequence[Unit],
    asked: Sequence[AskedBooking],
    answers: list[StoredAnswer | Refusal | Alone | None],
) -> None:
    """Answer those whose key was answered before, and refuse those whose key is in use."""
    keyed = {}
    for place, (unit, one) in enumerate(zip(units, asked, strict=True)):
        if answers[place] is None and one.once is not None:
            key = (unit.actor.name_in_events, one.once.key)
            if key in keyed:
                answers[place] = Alone()  # It must see what the first was answered.
            else:
                keyed[key] = (place, (key[0], one.once))
    before = await answers_before(units[0].connection, [each for _, each in keyed.values()])
    for (place, _), answer in zip(keyed.values(), before, strict=True):
        answers[place] = answer


async def _known(connection: AsyncConnection, unit: Unit, asked: Sequence[AskedBooking]) -> _Known:
    """Read what is needed to decide, with one statement for each kind of thing; lock the slots."""
    vehicles = [vehicle for one in asked if (vehicle := check(one.request)[0])]
    ids = {id for one in asked for id in one.request.declaration_ids}
    slots = await booking_storage.locked_slots(connection, [one.slot_id for one in asked])
    return _Known(
        slots,
        await gate_view(connection, ids),
        await booking_storage.booked_already(
            connection,
            {vehicle.plate.normalised for vehicle in vehicles},
            {vehicle.trailer.normalised for vehicle in vehicles if vehicle.trailer},
            ids,
        ),
        await rules_on(connection, local_date(unit.at), [CROSSING_TERMS]),
        await rates(
            connection,
            FEE,
            {local_date(slot.starts_at) for slot in slots.values()} or {local_date(unit.at)},
        ),
    )


def _decided(
    known: _Known,
    asked: Sequence[tuple[int, Unit, AskedBooking]],
    answers: list[StoredAnswer | Refusal | Alone | None],
) -> dict[int, _Held]:
    """Return those that are booked, by their place in the order; answer all the others."""
    held: dict[int, _Held] = {}
    claimed: set[tuple[str, str | UUID]] = set()
    left = {id: slot.capacity - slot.taken for id, slot in known.slots.items()}
    for place, unit, one in asked:
        try:
            held[place] = _decide(known, unit, one, claimed, left)
        except (Refusal, Alone) as other:
            answers[place] = other
    return held


def _decide(
    known: _Known,
    unit: Unit,
    asked: AskedBooking,
    claimed: set[tuple[str, str | UUID]],
    left: dict[UUID, int],
) -> _Held:
    """Book one, if it can be, when the transaction ends.

    refuses: as `book`. Raises Alone. writes: booking, booking_declaration; event booking.hold.
    """
    policy.check(unit.actor, "booking.hold")
    request = asked.request
    slot, vehicle, loads = agreed(unit, request, known.slots.get(asked.slot_id), known.goods)
    columns = hold_columns(unit, request, vehicle, slot, loads, known.terms)
    trailer = columns["trailer_plate"]
    claims: set[tuple[str, str | UUID]] = {("plate", columns["plate"])}
    claims |= {("trailer", trailer)} if trailer else set()
    claims |= {("goods", load.id) for load in loads}
    if claims & claimed:
        raise Alone
    if columns["plate"] in known.booked.plates:
        raise VEHICLE_BOOKED(plate=request.vehicle.plate)
    if trailer in known.booked.trailers:
        raise VEHICLE_BOOKED(plate=request.vehicle.trailer_plate)
    if not known.booked.goods.isdisjoint(load.id for load in loads):
        raise DECLARATION_BOOKED()
    if left[slot.id] < 1:
        raise SLOT_FULL(capacity=slot.capacity)
    assessment = price_of(known.rates, request, loads, slot)
    if assessment is None or not assessment.amount.minor:
        raise Alone
    row = unit.begin(BookingRow, "held", "hold", **columns)
    for load in loads:
        link = {"booking_id": row.id, "declaration_id": load.id, "live": True}
        unit.put(BookingDeclarationRow, link)
    claimed |= claims
    left[slot.id] -= 1
    return _Held(unit, asked, row, fee_on(row, assessment))


async def _write(
    connection: AsyncConnection,
    held: Mapping[int, _Held],
    answers: list[StoredAnswer | Refusal | Alone | None],
) -> None:
    """Charge what is owed, take the places, and answer. Raises Clash.

    writes: charge, slot, answered; event charge.owe.
    """
    charges = await owe_many([(one.unit, one.owed) for one in held.values()])
    places = Counter(one.row.slot_id for one in held.values())
    if not await booking_storage.take_places(connection, places):
        raise Clash
    for (place, one), charge in zip(held.items(), charges, strict=True):
        booked = BookingWithCharges(booking_storage.just_held(one.row), [charge])
        answer = answers[place] = one.asked.says(booked)
        if one.asked.once:
            one.unit.keep(one.asked.once, answer)
