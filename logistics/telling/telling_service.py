"""Telling people what the feed tells: a reader that puts messages into the outbox.

Nothing that happens at the gate waits for it. What it writes is in the transaction that moves its
place in the feed, so an event is told once.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from border import gates
from border.core.event import Event
from border.core.store import AnyRow, Unit
from border.messages import queue_service
from border.messages.occasion import Occasion
from border.messages.queue_service import Recipient, Telling
from border.platform.reader import Reader
from logistics.telling import storage
from logistics.telling.driver_service import driver_of
from logistics.telling.occasions import (
    SLIP_TO_DRIVER,
    TOLD,
    About,
    Told,
    driver_facts,
    named_by,
)

WOKEN_BY = tuple(dict.fromkeys(one.event for one in TOLD))
NAME = "telling"


def reader(channels: Collection[str]) -> Reader:
    """Return the reader that tells by some channels."""
    return Reader(NAME, partial(tell, channels=channels))


async def tell(unit: Unit, events: Sequence[Event], channels: Collection[str] = ()) -> None:
    """Put into the outbox what is to be told of some events. writes: as `queue_service.queue`."""
    found: list[tuple[Told, Event]] = [
        (one, event) for event in events for one in TOLD if one.event == event.type
    ]
    if not found or not channels:
        return
    asked: defaultdict[About, set[str]] = defaultdict(set)
    for one, event in found:
        asked[one.about].add(named_by(one, event))
    records = {
        about: await storage.records(unit.connection, about, references)
        for about, references in asked.items()
    }
    names = {gate.code: gate.names for gate in await gates.all_gates(unit.connection)}
    on = {row.booking_id for rows in records.values() for row in rows.values() if _drives(row)}
    drivers = await storage.drivers_of(unit.connection, on)
    tellings: list[Telling] = []
    besides: defaultdict[UUID, list[tuple[Telling, Recipient]]] = defaultdict(list)
    for one, event in found:
        row = records[one.about].get(named_by(one, event))
        facts = one.facts(event, row) if row else None
        if row is None or facts is None:
            continue
        gate = names[event.gate]
        tellings += [
            _telling(one.occasion, event, row.reference, firm, facts, gate)
            for firm in sorted(storage.firms_of(row))
        ]
        if one.driver is None or not _drives(row):
            continue
        firm = row.owner_organisation_id
        told = driver_facts(row) if one.driver is SLIP_TO_DRIVER else facts
        telling = _telling(one.driver, event, row.reference, firm, told, gate)
        for driver in drivers.get(row.booking_id, ()):
            person = driver_of(driver.phone, driver.locale, firm, channels)
            if person.ways:
                besides[event.id].append((telling, person))
    await queue_service.queue(unit, tellings, channels, besides)


def _drives(row: AnyRow) -> bool:
    return "booking_id" in row._mapping


def _telling(
    occasion: Occasion,
    event: Event,
    about: str,
    firm: UUID,
    facts: Mapping[str, Any],
    gate: Mapping[str, str],
) -> Telling:
    named = {**facts, "gate": gate} if "gate" in occasion.facts else facts
    return Telling(occasion, event.id, event.recorded_at, event.gate, about, firm, named)
