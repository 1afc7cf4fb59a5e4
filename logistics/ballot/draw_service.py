"""What the program does about ballots by itself: opens them, closes them, and draws.

Each step is a row that changes, so the program may stop between any two and goes on from there. A
beacon is asked with no transaction open. The draw is one transaction: there is no half of it.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID

from border.core.actor import PROGRAM
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import AnyRow, Clash, Store, Unit
from logistics.ballot import ballot_service, storage
from logistics.ballot.beacon import Beacons, Spoken
from logistics.ballot.drawing import DrawnEntry, Entered, drawn, root_of
from logistics.ballot.tables import BallotEntryRow, BallotRow
from logistics.share import tally
from logistics.slot import FIRST_COME
from logistics.waiting import storage as waiting_storage
from logistics.waiting.serving_service import offered, put_on_lists
from logistics.waiting.tables import WaitingRow

_STANDS_IN = timedelta(minutes=10)
"""How long the beacon named first may keep silent before the next one named is heard."""
_log = logging.getLogger("border.ballots")


async def run(store: Store, beacons: Beacons) -> int:
    """Announce, open, close and draw what is due; return how many steps were made.

    writes: as each step.
    """
    made = await ballot_service.announce_due(store, beacons)
    async with store.reading() as connection:
        due = await storage.under_way(connection, store.clock.now())
    for ballot in due:
        try:
            made += await _advance(store, beacons, ballot)
        except Exception:  # One ballot stops no other; it is tried again at the next turn.
            _log.exception("the ballot %s could not be brought on", ballot.reference)
    return made


async def _advance(store: Store, beacons: Beacons, ballot: BallotRow) -> int:
    at, made = store.clock.now(), 0
    if ballot.state == "announced":
        await store.perform(PROGRAM, lambda unit: open_ballot(unit, ballot))
        made += 1
    if ballot.closes_at <= at and ballot.entries_root is None:
        await store.perform(PROGRAM, lambda unit: close(unit, ballot.id))
        made += 1
    if ballot.draw_at <= at:
        for late, named in enumerate(ballot.beacons):
            if at < ballot.draw_at + late * _STANDS_IN:
                break
            if said := await beacons.ask(named["name"], named["round"]):
                drawing = partial(draw, id=ballot.id, beacon=named["name"], said=said)
                await store.perform(PROGRAM, drawing)
                return made + 1
    return made


async def open_ballot(unit: Unit, ballot: BallotRow) -> None:
    """Let a ballot take entries. writes: ballot; event ballot.open."""
    await unit.move(BallotRow, ballot.id, "open", overdue_at=ballot.draw_at + timedelta(hours=1))


async def close(unit: Unit, id: UUID) -> None:
    """Close a ballot and publish its entries and their root, before the round exists.

    writes: ballot; event ballot.update.
    """
    ballot = await storage.locked_ballot(unit.connection, id)
    if ballot is None or ballot.entries_root is not None:
        return
    root = root_of([_entered(one) for one in await storage.entries_of(unit.connection, id)])
    await unit.change(BallotRow, id, None, ["open"], entries_root=root)


def _entered(row: BallotEntryRow) -> Entered:
    return Entered(row.reference, tuple(row.preferences))


async def draw(unit: Unit, id: UUID, beacon: str, said: Spoken) -> None:
    """Draw a ballot by what a beacon said: numbers to all, and offers to those who got a place.

    Whoever got none waits for its hours with its number. What is left is open to everybody. Raises
    ValueError where the entries are not those that were published. writes: ballot, ballot_entry,
    slot, waiting_entry, waiting_hour, waiting_list; events ballot.draw, ballot_entry.draw,
    waiting_entry.join, waiting_entry.offer.
    """
    ballot = await storage.locked_ballot(unit.connection, id)
    if ballot is None or ballot.state == "drawn":
        return
    rows = await storage.entries_of(unit.connection, id)
    entries = [_entered(one) for one in rows]
    if root_of(entries) != ballot.entries_root:
        raise ValueError(f"the entries of {ballot.reference} are not those that were published")
    slots = {one.id: one for one in await storage.hours_of(unit.connection, ballot, lock=True)}
    places = {str(slot.id): max(slot.capacity - slot.taken, 0) for slot in slots.values()}
    found = {one.code: one for one in drawn(entries, said.value, places)}
    waiting = await _join(unit, ballot, rows, found, slots)
    await walk_set(
        unit,
        [
            Walk(
                row,
                (WalkStep("draw", PROGRAM),),
                {
                    "number": found[row.reference].number,
                    "got": found[row.reference].got,
                    "waiting_id": waiting[row.reference].id,
                },
            )
            for row in rows
        ],
    )
    await storage.set_mode(unit.connection, list(slots), FIRST_COME)
    spoke = {"spoke": beacon, "beacon_value": said.value, "beacon_signature": said.signature}
    await unit.move(
        BallotRow, id, "draw", changes=spoke | {"places": places}, payload={"entered": len(rows)}
    )


async def _join(
    unit: Unit,
    ballot: BallotRow,
    rows: list[BallotEntryRow],
    found: Mapping[str, DrawnEntry],
    slots: Mapping[UUID, AnyRow],
) -> dict[str, WaitingRow]:
    """Put everybody on the lists of its hours with its number, and offer the places drawn."""
    waiting: dict[str, WaitingRow] = {}
    lists: list[tuple[WaitingRow, list[UUID]]] = []
    waiters, taken = list[tuple[UUID, str, int]](), list[tuple[UUID, str, int]]()
    for row in sorted(rows, key=lambda row: found[row.reference].number):
        wanted = [UUID(one) for one in row.preferences]
        waiting[row.reference] = one = unit.begin(
            WaitingRow,
            "waiting",
            "join",
            gate=ballot.gate,
            payload={"slot_starts_at": slots[wanted[0]].starts_at},
            overdue_at=max(slots[id].closes_at for id in wanted),
            owner_organisation_id=row.owner_organisation_id,
            direction=ballot.direction,
            plate=row.plate,
            plate_typed=row.plate_typed,
            priority=row.priority,
            share_class=row.share_class,
            request=row.request,
            number=found[row.reference].number,
            rule_versions=ballot.rule_versions,
        )
        lists.append((one, wanted))
        got = found[row.reference].got
        if got is None:
            waiters += [(id, row.share_class, 1) for id in wanted]
        else:
            taken.append((UUID(got), row.share_class, 1))
    await unit.write_rows()
    await put_on_lists(unit, lists)
    if not await waiting_storage.change_slots(unit.connection, tally(taken), tally(waiters)):
        raise Clash
    offer = timedelta(minutes=ballot.offer_minutes)
    await walk_set(
        unit,
        [
            offered(unit.at, one, slots[UUID(got)], offer)
            for code, one in waiting.items()
            if (got := found[code].got) is not None
        ],
    )
    return waiting
