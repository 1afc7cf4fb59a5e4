"""Serving those who wait: a place that comes back is reserved for one of them at once.

Whoever gives places of an hour back, or gives it more of them, does so through here. In the same
transaction the places are drawn among those who wait and counted as taken, as a hold is: a rush
for them finds none.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from border.core.actor import PROGRAM
from border.core.clock import local_date
from border.core.postponed import all_or_each
from border.core.sets import Walk, WalkStep, walk_set
from border.core.store import AnyRow, Clash, Store, Unit
from border.regulation.rulebook import rules_on
from logistics.share import NONE, added, counted, places_for, tally
from logistics.waiting import storage
from logistics.waiting.draw import Waiter, draw
from logistics.waiting.tables import WaitingRow
from logistics.waiting.terms import WAITING_TERMS


class HadPlace(Protocol):
    """Whoever gives a place back: the class it is called in, and whose share it took."""

    priority: str
    share_class: str


async def give_back(
    unit: Unit,
    places: Mapping[UUID, Sequence[HadPlace]],
    waiters: Mapping[UUID, Sequence[int]] | None = None,
) -> None:
    """Give places of some slots back that somebody had, and offer them to those who wait first.

    Places that a slot has beside these are offered too. `waiters` are to be counted as waiting
    for a slot, of each class, or no longer. writes: slot, and where somebody waits waiting_entry,
    waiting_hour, waiting_draw; events waiting_entry.offer.
    """
    more = waiters or {}
    slots = await storage.locked_around(unit.connection, {*places, *more})
    given = {
        id: [-number for number in counted(one.share_class for one in rows)]
        for id, rows in places.items()
    }
    await storage.change_slots(unit.connection, given, more)
    free: dict[UUID, Sequence[str | None]] = {}
    for id, rows in places.items():
        slot = slots[id]
        number = slot.capacity - slot.taken + len(rows)
        waiting = added(slot.class_waiting, more.get(id, NONE))
        if not any(waiting) or number <= 0 or unit.at >= slot.closes_at:
            continue
        if slot.share is None:
            free[id] = [*(one.priority for one in rows), *[None] * number][:number]
        elif found := places_for(slot, waiting, number, [one.share_class for one in rows]):
            free[id] = found
    if free:
        await _offer(unit, slots, free)


async def serve(unit: Unit, slot_ids: Collection[UUID]) -> None:
    """Offer those who wait for some slots the places there are: more of them were made.

    writes: as `give_back`.
    """
    await give_back(unit, dict.fromkeys(slot_ids, ()))


async def serve_due(store: Store) -> int:
    """Serve the hours that got places in whatever other way; return how many there were.

    Nobody can book these places meanwhile. writes: as `give_back`; postponed.
    """
    async with store.reading() as connection:
        ids = await storage.unserved(connection, store.clock.now())

    async def work(unit: Unit, some: Sequence[UUID]) -> int:
        await serve(unit, some)
        return len(some)

    return await all_or_each(store, "waiting", ids, lambda id: id, work) if ids else 0


async def _offer(
    unit: Unit, slots: Mapping[UUID, AnyRow], free: Mapping[UUID, Sequence[str | None]]
) -> None:
    """Draw free places of some slots among those who wait, and reserve them. Raises Clash."""
    connection = unit.connection
    book = await rules_on(connection, local_date(unit.at), [WAITING_TERMS])
    terms = book.of(WAITING_TERMS).rows[0]
    pool = await storage.waiting_for(connection, free)
    entries = await storage.locked_free(connection, [one.id for one in pool])
    hours = await storage.live_hours(connection, list(entries))
    if any(id not in slots for of in hours.values() for id in of):
        raise Clash  # Somebody began to wait while the slots were being locked.
    draws = await storage.next_draws(connection, free)
    won: dict[UUID, UUID] = {}
    passed: list[tuple[UUID, UUID, int]] = []
    kept: list[dict[str, Any]] = []
    for id in sorted(free, key=lambda id: slots[id].starts_at):
        waiting = [one for one in pool if one.slot_id == id and one.id not in won]
        secret, number = draws[id]
        shared = slots[id].share is not None
        waiters = [
            Waiter(
                one.id,
                one.share_class if shared else one.priority,
                one.passed_over,
                one.id in entries,
                one.number,
            )
            for one in waiting
        ]
        places = _for_its_class(free[id], waiters) if shared else free[id]
        drawn = draw(waiters, places, terms.most_passed_over, seed_of(secret, number))
        won |= dict.fromkeys(drawn.winners, id)
        passed += [(entry_id, id, times) for entry_id, times in drawn.passed.items()]
        kept.append(
            {
                "slot_id": id,
                "number": number,
                "drawn_at": unit.at,
                "bound": terms.most_passed_over,
                "places": list(places),
                "waiting": [
                    {
                        "id": str(one.id),
                        "priority": one.priority,
                        "passed_over": one.passed_over,
                        "free": one.free,
                        "number": one.number,
                    }
                    for one in waiters
                ],
                "winners": [str(one) for one in drawn.winners],
            }
        )
    await storage.put_draws(connection, kept)
    await storage.pass_over(connection, passed)
    of = {id: entries[id].share_class for id in won}
    fewer = tally((id, of[one], -1) for one in won for id in hours[one])
    taken = tally((id, of[one], 1) for one, id in won.items())
    if not await storage.change_slots(connection, taken, fewer):
        raise Clash
    await walk_set(
        unit, [offered(unit.at, entries[one], slots[won[one]], terms.offer) for one in won]
    )


def _for_its_class(places: Sequence[str | None], waiters: Sequence[Waiter]) -> Sequence[str | None]:
    """Return the places that somebody of their class waits for: in an hour with shares no other
    class gets them."""
    waiting = Counter[str | None](one.priority for one in waiters)
    return [of for n, of in enumerate(places) if places[:n].count(of) < waiting[of]]


async def put_on_lists(unit: Unit, waiting: Sequence[tuple[WaitingRow, Sequence[UUID]]]) -> None:
    """Put some who wait on the lists of the hours that would do, the best first.

    writes: waiting_list, waiting_hour.
    """
    ids = sorted({id for _, wanted in waiting for id in wanted})
    await storage.open_lists(unit.connection, {id: secrets.token_bytes(32) for id in ids})
    await storage.put_hours(
        unit.connection,
        [
            {
                "entry_id": one.id,
                "slot_id": id,
                "plate": one.plate,
                "rank": rank,
                "passed_over": 0,
                "live": True,
            }
            for one, wanted in waiting
            for rank, id in enumerate(wanted)
        ],
    )


def offered(at: datetime, row: WaitingRow, slot: AnyRow, stands: timedelta) -> Walk[WaitingRow]:
    """Return how one who waits is offered a place that is reserved for it, for so long."""
    until = min(at + stands, slot.closes_at)
    said = {"slot_starts_at": slot.starts_at}
    changes = {"offered_slot_id": slot.id, "offer_until": until, "offers": row.offers + 1}
    return Walk(row, (WalkStep("offer", PROGRAM, said),), changes, overdue_at=until)


def seed_of(secret: bytes, number: int) -> bytes:
    """Return the seed of one draw of an hour, by the secret of its list."""
    return sha256(secret + number.to_bytes(8)).digest()
