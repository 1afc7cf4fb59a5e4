"""Waiting for a full hour: joining, accepting and declining a place, leaving, and looking.

How places come to those who wait is `serving_service`. Whoever has a record of this list in hand
locks it before the slots; a draw has the slots first, and passes by records that others hold.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.clock import local_date, local_time
from border.core.lifecycle import check_open
from border.core.refusal import FieldError
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import AnyRow, Unit
from border.core.words import N_, Sentence
from border.identity import policy
from border.plates import written
from border.regulation.rulebook import rules_on
from customs.dossier_service import gate_view
from logistics import booking_service, booking_storage
from logistics.beneficiary import beneficiary, may_ask
from logistics.booking import BookingRequest, check
from logistics.booking_set_service import book
from logistics.closed_hour import LOOKED_AHEAD, closed, why_closed
from logistics.entitlement_service import check_hours
from logistics.share import class_of, no_share, open_to, tally
from logistics.slip_service import SlipKeys
from logistics.waiting import storage
from logistics.waiting.serving_service import give_back, put_on_lists
from logistics.waiting.tables import WaitingRow
from logistics.waiting.terms import WAITING_TERMS, WaitingTermsRow
from logistics.waiting.waiting import (
    ALREADY_WAITING,
    OFFER_OVER,
    SLOT_HAS_PLACES,
    TOO_MANY_WAITING,
    WAITING,
    WaitedHour,
    WaitingRequest,
    explanation,
)


@dataclass(frozen=True)
class WaitingView:
    """One who waits, as it is shown: its hours best first, where it stands in words.

    `seal` is the SHA-256 of the secret that each hour's places are drawn by.
    """

    row: AnyRow
    hours: Sequence[WaitedHour]
    explanation: Sequence[Sentence]
    seals: Mapping[UUID, str]


async def join(unit: Unit, slot_id: UUID, request: WaitingRequest) -> WaitingView:
    """Wait for a full hour, and for others that would do.

    refuses: not_allowed, invalid_fields, not_found, slot_over, slot_not_open_yet,
    right_missing, declaration_not_bookable, slot_has_places, slot_closed, no_hour_open,
    no_share, already_waiting, too_many_waiting, barred_ahead, barred_peak, cooling_off,
    no_rules_in_force.
    writes: waiting_entry, waiting_hour, waiting_list, slot; event waiting_entry.join.
    """
    may_ask(unit.actor, "waiting_entry.join", request)
    connection, wanted = unit.connection, (slot_id, *request.also)
    slots = await booking_storage.locked_slots(connection, wanted)
    goods = await gate_view(connection, request.declaration_ids)
    vehicle, errors = check(request)
    handling = [flag for load in goods.values() for flag in load.handling]
    share_class = class_of(handling, request.empty, request.vehicle.driverless)
    errors += _unfit(request.also, slot_id, slots, unit.at, share_class)
    slot, vehicle, loads = booking_service.agreed(
        unit, request, (vehicle, errors), slots.get(slot_id), goods
    )
    if remaining := open_to(slot, share_class):
        raise SLOT_HAS_PLACES(remaining=remaining)
    ahead = await booking_storage.hours_after(connection, filter(why_closed, [slot]), LOOKED_AHEAD)
    if shut := closed(slot, ahead.get(slot.id, ()), share_class, unit.at):
        raise shut
    if without := no_share(slot, share_class):
        raise without
    book = await rules_on(connection, local_date(unit.at), [WAITING_TERMS])
    terms = book.of(WAITING_TERMS).rows[0]
    firm = beneficiary(unit.actor, "waiting_entry.join", request, loads)
    await check_hours(unit, firm, vehicle.plate.normalised, slots.values())
    listed = await storage.on_list(connection, wanted, vehicle.plate.normalised, firm)
    if any(one.plate == vehicle.plate.normalised for one in listed):
        raise ALREADY_WAITING(plate=request.vehicle.plate)
    ours = Counter(one.slot_id for one in listed)
    if any(ours[id] >= terms.most_waiting for id in wanted):
        raise TOO_MANY_WAITING(most=terms.most_waiting)
    row = await unit.create(
        WaitingRow,
        "waiting",
        "join",
        gate=slot.gate,
        payload={"slot_starts_at": slot.starts_at},
        overdue_at=max(slots[id].closes_at for id in wanted),
        owner_organisation_id=firm,
        direction=slot.direction,
        plate=vehicle.plate.normalised,
        plate_typed=written(vehicle.plate.normalised),
        priority=booking_service.priority_of(handling, request.empty),
        share_class=share_class,
        request=request.model_dump(mode="json", by_alias=True, exclude={"also"}),
        rule_versions=book.versions(WAITING_TERMS),
    )
    await put_on_lists(unit, [(row, wanted)])
    await storage.change_slots(connection, {}, tally((id, share_class, 1) for id in wanted))
    return await get(connection, unit.actor, row.id)


def _unfit(
    also: Sequence[UUID],
    slot_id: UUID,
    slots: Mapping[UUID, AnyRow],
    at: datetime,
    share_class: str,
) -> list[FieldError]:
    """Return what is wrong with the further hours one would wait for."""
    errors, first = list[FieldError](), slots.get(slot_id)
    for place, id in enumerate(also):
        slot, field = slots.get(id), f"also.{place}"
        if id == slot_id or id in also[:place]:
            errors.append(FieldError(field, "repeated", N_("This hour is named twice.")))
        elif slot is None or at >= slot.closes_at or at < slot.opens_at:
            says = N_("This hour cannot be booked now. Leave it out.")
            errors.append(FieldError(field, "not_bookable", says))
        elif first and (slot.gate, slot.direction) != (first.gate, first.direction):
            says = N_("This hour is at another gate, or goes another way. Leave it out.")
            errors.append(FieldError(field, "another_gate", says))
        elif why_closed(slot):
            says = N_("This hour is closed. Leave it out.")
            errors.append(FieldError(field, "closed", says))
        elif open_to(slot, share_class):
            errors.append(FieldError(field, "has_places", N_("This hour has places. Book it.")))
        elif no_share(slot, share_class):
            says = N_("This hour has no places for this class of trucks. Leave it out.")
            errors.append(FieldError(field, "no_share", says))
    return errors


async def accept(unit: Unit, id: UUID, version: int | None, slips: SlipKeys) -> WaitingView:
    """Accept the place that is reserved: it becomes a booking, held until it is paid.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version, offer_over, and
    what booking the hour refuses but that it is full. writes: waiting_entry, waiting_hour, and as
    `booking_set_service.book`, but the slot; event waiting_entry.accept.
    """
    row = await _in_hand(unit, id, "accept", version)
    assert row.offered_slot_id is not None
    assert row.offer_until is not None
    if unit.at >= row.offer_until:
        raise OFFER_OVER(until=local_time(row.offer_until))
    request = BookingRequest.model_validate(row.request)
    booked = await book(unit, row.offered_slot_id, request, slips, reserved=True)
    hours = await storage.live_hours(unit.connection, [id])
    await storage.end_hours(unit.connection, [(id, hour) for hour in hours[id]])
    await unit.move(WaitingRow, id, "accept", changes={"booking_id": booked.booking.id})
    return await get(unit.connection, unit.actor, id)


async def decline(unit: Unit, id: UUID, version: int | None) -> WaitingView:
    """Decline the place that is reserved: it goes to the next, and this hour will not do any more.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version. writes: as
    `leave`.
    """
    await leave(unit, [await _in_hand(unit, id, "decline", version)], "decline")
    return await get(unit.connection, unit.actor, id)


async def withdraw(unit: Unit, id: UUID, version: int | None) -> WaitingView:
    """Leave the waiting list; a place that is reserved goes to the next.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version. writes: as
    `leave`.
    """
    await leave(unit, [await _in_hand(unit, id, "withdraw", version)], "withdraw")
    return await get(unit.connection, unit.actor, id)


async def on_timeout(unit: Unit, rows: Sequence[WaitingRow], verb: str) -> None:
    """End offers that nobody took, or the waiting for hours that are over. writes: as `leave`."""
    await leave(unit, rows, verb, PROGRAM)


async def leave(
    unit: Unit, rows: Sequence[WaitingRow], verb: str, actor: Actor | None = None
) -> None:
    """Make a move by which some, whose records are locked, give up a place or their waiting.

    Whoever gives up a place goes on waiting for its other hours, unless it has had its offers.
    writes: waiting_entry, waiting_hour, slot; events waiting_entry.<verb>, then lapse of whoever
    has nothing left to wait for; what `give_back` writes for whoever is next.
    """
    book = await rules_on(unit.connection, local_date(unit.at), [WAITING_TERMS])
    terms = book.of(WAITING_TERMS).rows[0]
    hours = await storage.live_hours(unit.connection, [row.id for row in rows])
    # Before the hours are written: a draw has the slots, and counts there who is passed over.
    await storage.locked_around(unit.connection, {id for of in hours.values() for id in of})
    walks, ended = list[Walk[WaitingRow]](), list[tuple[UUID, UUID]]()
    freed: dict[UUID, list[WaitingRow]] = {}
    waiters: list[tuple[UUID, str, int]] = []
    for row in rows:
        steps, rest = [WalkStep(verb, actor)], dict[UUID, datetime]()
        if row.state == "offered":
            assert row.offered_slot_id is not None
            freed.setdefault(row.offered_slot_id, []).append(row)
            if verb != "withdraw":
                rest = _still_fit(row, hours[row.id], terms, unit.at)
                steps += [] if rest else [WalkStep("lapse", PROGRAM)]
            waiters += [(id, row.share_class, 1) for id in rest]
        else:
            waiters += [(id, row.share_class, -1) for id in hours[row.id]]
            # A place that came back meanwhile was not drawn for whoever is in hand here.
            for id in hours[row.id]:
                freed.setdefault(id, [])
        ended += [(row.id, id) for id in hours[row.id] if id not in rest]
        none = {"offered_slot_id": None, "offer_until": None}
        walks.append(Walk(row, steps, none, overdue_at=max(rest.values(), default=None)))
    await storage.end_hours(unit.connection, ended)
    await walk_set(unit, walks)
    await give_back(unit, freed, tally(waiters))


def _still_fit(
    row: WaitingRow, hours: Mapping[UUID, datetime], terms: WaitingTermsRow, at: datetime
) -> dict[UUID, datetime]:
    """Return the hours that one goes on waiting for when it gives up the place it was offered."""
    if row.number is None and row.offers >= terms.most_offers:
        return {}
    return {id: closes for id, closes in hours.items() if id != row.offered_slot_id and at < closes}


async def _in_hand(unit: Unit, id: UUID, verb: str, version: int | None) -> WaitingRow:
    """Return one who waits, locked, for somebody who may make a move that its state allows.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version.
    """
    policy.check(unit.actor, WAITING.event(verb))
    found = await storage.locked_entry(unit.connection, id)
    row = policy.found(unit.actor, WAITING.event(verb), found)
    check_open(WAITING, row, verb, version, unit.actor.roles)
    return row


async def get(connection: AsyncConnection, actor: Actor, id: UUID) -> WaitingView:
    """Return one who waits. refuses: not_found."""
    found = await storage.one_entry(connection, id)
    row = policy.found(actor, "waiting_entry.read", found)
    return (await _views(connection, [row]))[0]


async def list_waiting(
    connection: AsyncConnection,
    actor: Actor,
    states: Sequence[str] = (),
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[WaitingView]:
    """Return who waits or waited, of those the actor may see, the newest first."""
    ours = policy.reach(actor, "waiting_entry.list")
    return await _views(
        connection, await storage.entries_of(connection, ours, states, before, limit)
    )


async def _views(connection: AsyncConnection, rows: Sequence[AnyRow]) -> list[WaitingView]:
    if not rows:
        return []
    found = await storage.hours_of(connection, [row.id for row in rows])
    days = {local_date(row.created_at) for row in rows}
    book = await rules_on(connection, max(days), [WAITING_TERMS])
    terms: WaitingTermsRow = book.of(WAITING_TERMS).rows[0]
    views = []
    for row in rows:
        lists = [one for one in found if one.entry_id == row.id]
        hours = [_hour(one) for one in lists]
        said = explanation(
            row.state,
            hours,
            row.offered_slot_id,
            row.offer_until,
            terms.most_passed_over,
            terms.offer_minutes,
            row.number,
        )
        seals = {one.slot_id: sha256(one.secret).hexdigest() for one in lists}
        views.append(WaitingView(row, hours, list(said), seals))
    return views


def _hour(row: Any) -> WaitedHour:
    names = ("slot_id", "starts_at", "ends_at", "closes_at", "waiting", "passed_over", "live")
    return WaitedHour(**{name: getattr(row, name) for name in names})
