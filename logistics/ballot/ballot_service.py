"""Ballots as they are announced, entered, and looked at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM, Actor
from border.core.clock import local_date, local_midnight, local_time
from border.core.refusal import NOT_FOUND
from border.core.store import AnyRow, Store, Unit
from border.identity import policy
from border.plates import written
from border.regulation.rulebook import RuleSet, rules_on, sets_since
from customs.dossier_service import gate_view
from logistics import booking_service
from logistics.ballot import storage
from logistics.ballot.ballot import (
    ALREADY_ENTERED,
    BALLOT_CLOSED,
    EntryRequest,
    check_known,
    unfit,
)
from logistics.ballot.beacon import Beacons
from logistics.ballot.tables import BallotEntryRow, BallotRow
from logistics.ballot.terms import BALLOT_TERMS, BallotTermsRow
from logistics.beneficiary import beneficiary, may_ask
from logistics.booking import check
from logistics.entitlement import standing_by
from logistics.fairness.ladder import FAULT_LADDER, check_hour
from logistics.fairness.storage import counting
from logistics.share import class_of
from logistics.slot import BALLOT_MODE, FIRST_COME


@dataclass(frozen=True)
class Peak:
    """The peak of one day by the rules in force on it: the hours to be drawn."""

    gate: str
    held_on: date
    terms: BallotTermsRow
    version: str

    @property
    def direction(self) -> str:
        """Which way it goes."""
        return self.terms.direction

    @property
    def begins_at(self) -> datetime:
        """When its first hour begins."""
        return self.terms.window(self.held_on)[0]

    @property
    def ends_at(self) -> datetime:
        """When its last hour ends."""
        return self.terms.window(self.held_on)[1]


async def announce_due(store: Store, beacons: Beacons) -> int:
    """Announce the ballots of the peaks ahead whose hours nobody has touched; return how many.

    From then on none of these hours can be booked before the draw. writes: ballot, slot; event
    ballot.announce.
    """
    at = store.clock.now()
    async with store.reading() as connection:
        sets = await sets_since(connection, BALLOT_TERMS, local_date(at))
        if not sets:
            return 0
        days = await storage.days_with_hours(connection, at)
        days -= await storage.announced(connection, at)
    peaks = [peak for found in sets for peak in _peaks(found, days, at)]
    return sum(
        [
            await store.perform(PROGRAM, partial(announce, peak=peak, beacons=beacons))
            for peak in peaks
        ]
    )


def _peaks(
    found: RuleSet[BallotTermsRow], days: Collection[tuple[Any, ...]], at: datetime
) -> list[Peak]:
    """Return the peaks by a set of rules on days that have hours, whose entries can still open."""
    return [
        Peak(found.gate, on, row, found.version)
        for row in found.rows
        for where, way, on in sorted(days)
        if (where, way) == (found.gate, found.subject)
        and found.holds_on(on)
        and row.entries(on)[1] > at
    ]


async def announce(unit: Unit, peak: Peak, beacons: Beacons) -> int:
    """Announce one ballot and return 1; 0 where its hours are not there, or are begun to be booked.

    writes: as `announce_due`.
    """
    terms = peak.terms
    opens_at, closes_at = terms.entries(peak.held_on)
    drawn_at = closes_at + timedelta(minutes=terms.draw_minutes)
    rounds = [(one, one.round_at(drawn_at)) for one in beacons.every]
    if closes_at <= unit.at or not rounds:
        return 0
    hours = await storage.hours_of(unit.connection, peak, lock=True)
    if not hours or any(one.taken or one.waiting or one.mode != FIRST_COME for one in hours):
        return 0
    await unit.create(
        BallotRow,
        "announced",
        "announce",
        gate=peak.gate,
        overdue_at=opens_at,
        direction=peak.direction,
        held_on=peak.held_on,
        begins_at=peak.begins_at,
        ends_at=peak.ends_at,
        opens_at=opens_at,
        closes_at=closes_at,
        draw_at=max(one.appears_at(number) for one, number in rounds),
        offer_minutes=terms.offer_minutes,
        cooling_hours=terms.cooling_hours,
        beacons=[{"name": one.name, "round": number} for one, number in rounds],
        rule_versions={BALLOT_TERMS.name: peak.version},
    )
    await storage.set_mode(unit.connection, [one.id for one in hours], BALLOT_MODE)
    return 1


async def enter(unit: Unit, ballot_id: UUID, request: EntryRequest) -> BallotEntryRow:
    """Enter a truck in a ballot; when within its window does not matter.

    refuses: not_allowed, not_found, ballot_closed, invalid_fields, declaration_not_bookable,
    already_entered, cooling_off, barred_ahead, barred_peak, right_missing.
    writes: ballot_entry; event ballot_entry.enter.
    """
    may_ask(unit.actor, "ballot_entry.enter", request)
    ballot = await storage.ballot_held_open(unit.connection, ballot_id)
    if ballot is None:
        raise NOT_FOUND(what="ballot")
    if not ballot.opens_at <= unit.at < ballot.closes_at or ballot.entries_root is not None:
        raise BALLOT_CLOSED(
            opens_at=local_time(ballot.opens_at), closes_at=local_time(ballot.closes_at)
        )
    hours = {one.id: one for one in await storage.hours_of(unit.connection, ballot)}
    vehicle, errors = check(request)
    errors += unfit(request.preferences, hours)
    goods = await gate_view(unit.connection, request.declaration_ids)
    vehicle, loads = booking_service.fitting(unit, request, (vehicle, errors), ballot, goods)
    firm = beneficiary(unit.actor, "ballot_entry.enter", request, loads)
    known = await storage.known_since(unit.connection, vehicle.plate.normalised)
    check_known(ballot.cooling_hours, unit.actor.id, known, unit.at)
    faults = await counting(unit.connection, [firm])
    book = await rules_on(unit.connection, local_date(unit.at), [FAULT_LADDER])
    stands = standing_by(book, faults.get(firm, ()), unit.at)
    check_hour(stands, ballot.begins_at, unit.at, peak=True)
    if await storage.is_entered(unit.connection, ballot_id, vehicle.plate.normalised):
        raise ALREADY_ENTERED(plate=request.vehicle.plate)
    handling = [flag for load in loads for flag in load.handling]
    try:
        return await unit.create(
            BallotEntryRow,
            "entered",
            "enter",
            gate=ballot.gate,
            overdue_at=ballot.draw_at + timedelta(hours=1),
            owner_organisation_id=firm,
            ballot_id=ballot_id,
            plate=vehicle.plate.normalised,
            plate_typed=written(vehicle.plate.normalised),
            priority=booking_service.priority_of(handling, request.empty),
            share_class=class_of(handling, request.empty, request.vehicle.driverless),
            request=request.model_dump(mode="json", by_alias=True, exclude={"preferences"}),
            preferences=[str(id) for id in request.preferences],
        )
    except IntegrityError as error:
        if "uq_ballot_entry_ballot_id_plate" in str(error.orig):
            raise ALREADY_ENTERED(plate=request.vehicle.plate) from error
        raise


@dataclass(frozen=True)
class BallotView:
    """A ballot with its entries, as far as they are published, and its hours."""

    row: BallotRow
    entries: Sequence[BallotEntryRow]


async def get(connection: AsyncConnection, id: UUID) -> BallotView:
    """Return a ballot; its entries once they are published. refuses: not_found."""
    row = await storage.one_ballot(connection, id)
    if row is None:
        raise NOT_FOUND(what="ballot")
    published = row.entries_root is not None
    return BallotView(row, await storage.entries_of(connection, id) if published else ())


async def ballots_on(
    connection: AsyncConnection, gate: str | None, direction: str | None, on: date
) -> Sequence[BallotRow]:
    """Return the ballots of the peaks of one local day."""
    begin, end = local_midnight(on), local_midnight(on + timedelta(days=1))
    return await storage.ballots_of(connection, gate, direction, begin, end)


async def ballot_of_slot(connection: AsyncConnection, slot_id: UUID) -> AnyRow | None:
    """Return (id, state) of the ballot that a slot is drawn in, if it is."""
    return await storage.ballot_of_slot(connection, slot_id)


async def entries_seen(connection: AsyncConnection, actor: Actor, id: UUID) -> list[BallotEntryRow]:
    """Return the entries of a ballot that the actor may see: a firm's own."""
    found = await storage.entries_of(connection, id)
    return [row for row in found if policy.may(actor, "ballot_entry.read", row)]


async def hours_in(connection: AsyncConnection, ballot: BallotRow) -> list[AnyRow]:
    """Return the hours that are drawn in a ballot, in order."""
    return await storage.hours_of(connection, ballot)
