"""What ends a call: the truck at the barrier, its leaving, or the end of its time.

The barrier writes nothing for it: a reader of the feed answers calls behind it, and whoever ends a
call by its time looks first where the truck is.
"""

from datetime import datetime

from border.core.actor import PROGRAM
from border.core.event import Event
from border.core.store import AnyRow, Store, Unit
from border.platform.reader import Reader
from logistics.calling import storage
from logistics.calling.tables import CallRow

_ENDS = ("passage.admit", "passage.call_off")


async def end_calls(unit: Unit, events: list[Event]) -> None:
    """End the calls of trucks that were admitted or called off. writes: call; events call.*."""
    ended = {event.key: event for event in events if event.type in _ENDS}
    for row in await storage.open_calls(unit.connection, ended) if ended else ():
        event = ended[row.booking_reference]
        if event.type == "passage.admit":
            at = datetime.fromisoformat(event.payload["at"])
            if row.state == "called" or row.created_at <= at < row.until:
                await _end(unit, row, "answer", row.booking_reference, at)
        elif row.state == "called":
            await _end(unit, row, "withdraw", row.booking_reference, event.happened_at)


async def on_timeout(unit: Unit, row: CallRow, verb: str) -> None:
    """End a call whose time is over: missed, unless the truck is through by now.

    writes: call; events call.*.
    """
    there = await storage.passage_of(unit.connection, row.booking_id)
    assert there is not None
    verb = verb if there.admitted_at is None else "answer"
    await _end(unit, row, verb, there.reference, there.admitted_at or row.until)


async def _end(unit: Unit, row: CallRow | AnyRow, verb: str, key: str, at: datetime) -> None:
    await unit.move(CallRow, row.id, verb, key=key, actor=PROGRAM, happened_at=at)


READER = Reader("calls", end_calls)


async def catch_up(store: Store) -> int:
    """End the calls that the feed says are over; return how many events were read.

    writes: reader, postponed, call; events call.*.
    """
    return await READER.catch_up(store)
