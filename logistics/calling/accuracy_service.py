"""Ranges are kept as they are told, and held against the calls when their day is over."""

from collections import defaultdict
from datetime import timedelta

from border.core.actor import PROGRAM
from border.core.clock import local_date, local_midnight
from border.core.store import Store, Unit
from logistics.calling import accuracy_storage, place_service
from logistics.calling.accuracy import ToldRange, accuracy_of
from logistics.calling.line_service import Way

SETTLES = timedelta(hours=3)
"""How long after midnight the trucks of the day before are waited for."""


async def note_ranges(store: Store) -> int:
    """Keep what every truck in line is told now; return how many ranges those are.

    refuses: no_rules_in_force. writes: told_range.
    """
    at = store.clock.now()
    async with store.reading() as connection:
        found = await place_service.places(connection, at)
    told = [
        {
            "slip": place.slip,
            "gate": place.gate,
            "direction": place.direction,
            "told_at": at,
            "begins_at": place.expected.begin,
            "ends_at": place.expected.end,
        }
        for place in found.by_slip.values()
        if place.expected is not None
    ]

    async def work(unit: Unit) -> int:
        await accuracy_storage.keep_told(unit.connection, told)
        return len(told)

    return await store.perform(PROGRAM, work) if told else 0


async def measure_yesterday(store: Store) -> int:
    """Hold the ranges of yesterday against the calls, once; return of how many lines.

    writes: range_accuracy.
    """
    at = store.clock.now()
    yesterday = local_date(at) - timedelta(days=1)
    begin, end = local_midnight(yesterday), local_midnight(local_date(at))
    if at < end + SETTLES:
        return 0

    async def work(unit: Unit) -> int:
        if await accuracy_storage.measured_on(unit.connection, yesterday):
            return 0
        by_way: dict[Way, list[ToldRange]] = defaultdict(list)
        for one in await accuracy_storage.told_between(unit.connection, begin, end):
            by_way[one.gate, one.direction].append(
                ToldRange(one.told_at, one.begins_at, one.ends_at, one.called_at)
            )
        measured = {way: accuracy_of(told) for way, told in by_way.items()}
        await accuracy_storage.keep_measured(unit.connection, yesterday, measured)
        return len(measured)

    return await store.perform(PROGRAM, work)


async def run(store: Store) -> int:
    """Do both; return how much was done."""
    return await note_ranges(store) + await measure_yesterday(store)
