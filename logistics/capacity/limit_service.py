"""Deciding on limits: what they would change is shown first, then written with all it follows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.actor import Actor
from border.core.ids import new_id
from border.core.refusal import INVALID, NOT_FOUND
from border.core.store import AnyRow, Unit
from border.identity import policy
from logistics import booking_storage, storage
from logistics.capacity import displacing_service, limit_storage
from logistics.capacity.displacing_service import DisplacedBooking
from logistics.capacity.limit import (
    OFFICE,
    RULES,
    AskedLimit,
    Bound,
    Limit,
    LimitDecision,
    binding,
    bounds,
    faults,
)
from logistics.share import share_of
from logistics.slip_service import SlipKeys
from logistics.waiting.serving_service import serve


@dataclass(frozen=True)
class HourChange:
    """What limits make of an hour: the places it offered, and those it would."""

    slot: AnyRow
    before: int
    bound: Bound

    @property
    def after(self) -> int:
        """How many places it offers then."""
        return self.bound.value


@dataclass(frozen=True)
class Foreseen:
    """What limits make of the hours they name, and of the trucks that were booked in them."""

    hours: Sequence[HourChange]
    displaced: Sequence[DisplacedBooking]


@dataclass(frozen=True)
class SlotLimits:
    """An hour, and all that is said of how many trucks it takes."""

    slot: AnyRow
    bounds: Sequence[Bound]


async def slot_with_limits(connection: AsyncConnection, id: UUID) -> SlotLimits:
    """Return a slot with what limits it. refuses: not_found."""
    slot = await storage.one_slot(connection, id)
    if slot is None:
        raise NOT_FOUND(what="slot")
    found = await limit_storage.limits_between(
        connection, [slot.gate], slot.starts_at, slot.ends_at
    )
    return SlotLimits(slot, _bounds_of(slot, found.get((slot.gate, slot.direction), ())))


def _bounds_of(slot: AnyRow, limits: Sequence[Limit]) -> list[Bound]:
    return bounds(slot.planned, limits, slot.starts_at, slot.ends_at)


async def foresee(
    connection: AsyncConnection, actor: Actor, asked: LimitDecision, at: datetime
) -> Foreseen:
    """Return what limits would make of the hours they name, and of whom; nothing is written.

    refuses: not_allowed, invalid_fields.
    """
    policy.check(actor, "slot_limit.put")
    limits = await _agreed(connection, asked, at)
    return await _foreseen(connection, limits, at, OFFICE, lock=False)


async def put_limits(unit: Unit, asked: LimitDecision, slips: SlipKeys) -> tuple[UUID, Foreseen]:
    """Put limits, all of one decision; return its number and what they made of the hours.

    refuses: not_allowed, invalid_fields, no_rules_in_force. writes: slot_limit, slot, and of those
    displaced as `displace`, of those served as `serve`; event slot_limit.put of each.
    """
    policy.check(unit.actor, "slot_limit.put")
    await limit_storage.lock_cutting(unit.connection)
    return await decide(unit, await _agreed(unit.connection, asked, unit.at), OFFICE, slips)


async def decide(
    unit: Unit, limits: Sequence[AskedLimit], source: str, slips: SlipKeys
) -> tuple[UUID, Foreseen]:
    """Write limits that were found right, let the hours offer what is left, and displace the rest.

    Those who wait are served the places that came about. Whoever calls it has locked the
    cutting of hours. writes: as `put_limits`.
    """
    foreseen = await _foreseen(unit.connection, limits, unit.at, source, lock=True)
    decision = new_id()
    await limit_storage.put_limits(
        unit.connection,
        [
            {
                "decision_id": decision,
                "gate": one.gate,
                "direction": one.direction.value,
                "kind": one.kind.value,
                "source": source,
                "begins_at": one.begins,
                "ends_at": one.until,
                "value": one.value,
                "reason": one.reason,
                "decided_by": unit.actor.name_in_events,
                "decided_at": unit.at,
            }
            for one in limits
        ],
    )
    await _offer(unit.connection, [(one.slot, one.bound) for one in foreseen.hours])
    for one in limits:
        await _tell(unit, one, source, decision)
    await displacing_service.displace(unit, foreseen.displaced, slips)
    await serve(unit, [one.slot.id for one in foreseen.hours if one.after > one.before])
    return decision, foreseen


async def _tell(unit: Unit, one: AskedLimit, source: str, decision: UUID) -> None:
    said = {
        "direction": one.direction.value,
        "limit_kind": one.kind.value,
        "limit_source": source,
        "limit_begins": one.begins,
        "limit_ends": one.until,
        "places": one.value,
        "decision": decision,
        "reason": one.reason,
    }
    subject = f"{one.gate}/{one.direction}"
    await unit.record(unit.event("slot_limit.put", gate=one.gate, subject=subject, payload=said))


async def apply_limits(connection: AsyncConnection, ids: Collection[UUID]) -> None:
    """Let hours that were made or renewed by the rules alone offer what the limits leave of them.

    Whoever calls it has locked the cutting of hours. writes: slot.
    """
    if not ids:
        return
    hours = (await booking_storage.locked_slots(connection, ids)).values()
    begin, end = min(one.starts_at for one in hours), max(one.ends_at for one in hours)
    limits = await limit_storage.limits_between(connection, [h.gate for h in hours], begin, end)
    if limits:
        found = [
            (hour, binding(_bounds_of(hour, limits.get((hour.gate, hour.direction), ()))))
            for hour in hours
        ]
        await _offer(connection, [one for one in found if one[1].source != RULES])


async def _agreed(
    connection: AsyncConnection, asked: LimitDecision, at: datetime
) -> list[AskedLimit]:
    """Return the limits of a decision, if nothing is wrong with them. refuses: invalid_fields."""
    known = [gate.code for gate in await gates.all_gates(connection)]
    if errors := faults(asked.every(), known, at):
        raise INVALID(errors=errors)
    return [one for _, one in asked.every()]


async def _foreseen(
    connection: AsyncConnection,
    asked: Sequence[AskedLimit],
    at: datetime,
    source: str,
    *,
    lock: bool,
) -> Foreseen:
    """Return what limits make of each hour they touch that is not over, and who is displaced."""
    changes: list[HourChange] = []
    out: list[DisplacedBooking] = []
    for gate, direction in sorted({(one.gate, one.direction.value) for one in asked}):
        new = [
            _as_limit(one, source, at)
            for one in asked
            if (one.gate, one.direction.value) == (gate, direction)
        ]
        begin = max(min(one.begins for one in new), at)
        if lock:  # Bookings before hours, as whoever ends one locks them.
            seen = await limit_storage.hours_from(connection, gate, direction, begin)
            await limit_storage.lock_bookings_in(connection, _touched(seen, new))
        ahead = await limit_storage.hours_from(connection, gate, direction, begin, lock=lock)
        touched = _touched(ahead, new)
        if not touched:
            continue
        window = touched[0].starts_at, touched[-1].ends_at
        known = (await limit_storage.limits_between(connection, [gate], *window)).get(
            (gate, direction), []
        )
        cut = {hour.id: binding(_bounds_of(hour, [*known, *new])) for hour in touched}
        changes += [HourChange(hour, hour.capacity, cut[hour.id]) for hour in touched]
        out += await displacing_service.foresee(connection, ahead, cut, at)
    return Foreseen(changes, out)


def _touched(hours: Sequence[AnyRow], limits: Sequence[Limit]) -> list[AnyRow]:
    return [h for h in hours if any(one.touches(h.starts_at, h.ends_at) for one in limits)]


def _as_limit(one: AskedLimit, source: str, at: datetime) -> Limit:
    return Limit(one.kind.value, source, one.begins, one.until, one.value, one.reason, at)


async def _offer(connection: AsyncConnection, found: Sequence[tuple[AnyRow, Bound]]) -> None:
    """Let hours offer what binds them; the rules are named as the reason of none."""
    await limit_storage.offer(
        connection,
        [
            (
                hour.id,
                None if bound.source == RULES else bound,
                bound.value,
                share_of(hour.percents, bound.value),
            )
            for hour, bound in found
        ],
    )
