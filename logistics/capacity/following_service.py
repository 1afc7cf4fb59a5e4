"""Limits that follow what somebody else says: of each hour ahead what differs, and no more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.store import AnyRow, Store, Unit
from border.vocabulary import Direction
from logistics.capacity import limit_service, limit_storage
from logistics.capacity.limit import AskedLimit, Limit, LimitKind
from logistics.slip_service import SlipKeys

SaidOfHour = tuple[int | None, str]
"""How many trucks an hour takes and why; none: nothing is said of it."""
NOTHING_SAID: SaidOfHour = (None, "")


@dataclass(frozen=True)
class Voice:
    """Whose word limits follow, of which kind they are, and what is said when it is taken back."""

    source: str
    kind: LimitKind
    no_more: str


async def follow(
    store: Store, voice: Voice, says: Callable[[AnyRow], SaidOfHour], slips: SlipKeys
) -> int:
    """Limit the hours ahead by what is said of each; return how many limits that took.

    writes: as `limit_service.decide`, where anything differs from what holds.
    """
    async with store.reading() as connection:
        if not await _asked(connection, voice, says, store.clock.now()):
            return 0

    async def work(unit: Unit) -> int:
        await limit_storage.lock_cutting(unit.connection)
        if asked := await _asked(unit.connection, voice, says, unit.at):
            await limit_service.decide(unit, asked, voice.source, slips)
        return len(asked)

    return await store.perform(PROGRAM, work)


async def _asked(
    connection: AsyncConnection, voice: Voice, says: Callable[[AnyRow], SaidOfHour], at: datetime
) -> list[AskedLimit]:
    """Return the limits that make what holds now what is said."""
    hours = await limit_storage.hours_ahead(connection, at)
    if not hours:
        return []
    window = min(h.starts_at for h in hours), max(h.ends_at for h in hours)
    limits = await limit_storage.limits_between(connection, [h.gate for h in hours], *window)
    return [
        _asked_of(hour, voice, said)
        for hour in hours
        if (said := says(hour)) != _holds(limits.get((hour.gate, hour.direction), ()), voice, hour)
    ]


def _holds(limits: Sequence[Limit], voice: Voice, hour: AnyRow) -> SaidOfHour:
    """Return what the youngest limit of a voice says of an hour."""
    ours = [
        one
        for one in limits
        if (one.source, one.kind) == (voice.source, voice.kind)
        and one.touches(hour.starts_at, hour.ends_at)
    ]
    if not ours or ours[-1].value is None:
        return NOTHING_SAID
    return ours[-1].value, ours[-1].reason


def _asked_of(hour: AnyRow, voice: Voice, said: SaidOfHour) -> AskedLimit:
    value, reason = said
    return AskedLimit(
        gate=hour.gate,
        direction=Direction(hour.direction),
        **{"from": hour.starts_at},
        until=hour.ends_at,
        kind=voice.kind,
        value=value,
        reason=reason or voice.no_more,
    )
