"""What a scan that is in order does: the passage moves, and with it booking, slip and goods.

A step of long ago may meet records that have gone on without it. What its own life still allows is
done; what it does not stays as it is and is named, for a supervisor (`logistics.scan_clash`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from border.core.actor import PROGRAM
from border.core.refusal import MOVE_NOT_OPEN, Refusal
from border.core.store import AnyRow, Clash, Held, Unit
from border.core.tables import Record
from customs.barrier_storage import GoodsAtBarrier
from customs.declaration_service import exit_and_close, exit_and_close_plainly
from customs.dossier_service import GateView
from customs.tables import DeclarationRow
from logistics import booking_storage, scan_storage, storage
from logistics.gate_check import VERB, ScanKind
from logistics.passage import PASSAGE
from logistics.scan_fact import AGAINST, INSTANT, ScanFlag, out_of_order
from logistics.tables import BookingDeclarationRow, BookingRow, PassageRow, SlipRow

FOLLOWS: Mapping[ScanKind, Sequence[tuple[type[Record], str]]] = {
    ScanKind.ARRIVAL: ((BookingRow, "check_in"),),
    ScanKind.ENTRY: ((BookingRow, "use"), (SlipRow, "use")),
    ScanKind.EXIT: ((SlipRow, "close"),),
}
"""The moves that go with a step of the passage."""


@dataclass(frozen=True)
class Seen:
    """A scan at its own time. `past` says that whatever it saw is over: no barrier waits for us."""

    id: UUID
    kind: ScanKind
    lane: str
    device: str
    happened_at: datetime
    past: bool


@dataclass
class Passed:
    """Where the passage stands now, and what the step does not go together with, by flag."""

    state: str
    against: dict[ScanFlag, dict[str, Any]] = field(default_factory=dict)


async def go_on(
    unit: Unit, seen: Seen, found: AnyRow, loads: Sequence[GateView], *, made: bool
) -> Passed:
    """Make the step of a scan in order. `made`: the passage is past it, only its instant is new.

    writes: passage, booking, slip, booking_declaration, slot, at the exit the declarations;
    events passage.*, booking.*, slip.*, declaration.exit, declaration.close.
    """
    against = await _backwards(unit, seen, found)
    if found.passage_state == "called_off":
        against[ScanFlag.BOOKING] = _ended_booking(found)
        made = not await _reinstate(unit, seen, found)
    if made:
        return Passed(await _tell_step(unit, seen, found), against)
    row = await unit.move(
        PassageRow,
        found.passage_id,
        VERB[seen.kind],
        key=found.booking_reference,
        actor=PROGRAM,
        changes=_instants(seen),
        payload=_said(unit, seen, found),
        happened_at=seen.happened_at,
    )
    slip_id = found.slip_id
    if found.slip_state == "revoked" and found.passage_state != "called_off":
        # Replaced by another since: what was done with it counts for the one that holds now.
        (holding,) = await booking_storage.live_slips(unit.connection, [found.booking_id])
        slip_id = holding.id
    for model, verb in FOLLOWS.get(seen.kind, ()):
        await unit.move(
            model,
            found.booking_id if model is BookingRow else slip_id,
            verb,
            key=found.booking_reference,
            actor=PROGRAM,
            happened_at=seen.happened_at,
        )
    if seen.kind is ScanKind.EXIT:
        await storage.free_declarations(unit.connection, [found.booking_id])
        against |= await _let_goods_out(unit, seen, loads)
    return Passed(row.state, against)


def go_on_plainly(unit: Unit, seen: Seen, found: AnyRow, goods: Sequence[GoodsAtBarrier]) -> None:
    """Make a step that is in order on records that are held, when the transaction ends.

    writes: passage, booking, slip, at the exit booking_declaration and the declarations; events
    passage.*, booking.*, slip.*, declaration.exit, declaration.close.
    """
    at: dict[str, Any] = {
        "key": found.booking_reference,
        "actor": PROGRAM,
        "happened_at": seen.happened_at,
    }
    passage = _held(PassageRow, "passage", found)
    said = _said(unit, seen, found)
    unit.advance(passage, VERB[seen.kind], changes=_instants(seen), payload=said, **at)
    for model, verb in FOLLOWS.get(seen.kind, ()):
        kind = "booking" if model is BookingRow else "slip"
        unit.advance(_held(model, kind, found), verb, **at)
    for load in goods:
        if seen.kind is ScanKind.EXIT:
            freed = {"booking_id": found.booking_id, "declaration_id": load.id, "live": False}
            unit.writes.change(BookingDeclarationRow, freed)
            exit_and_close_plainly(unit, load, seen.happened_at)
        else:
            # Read before the passage was held: what waits for it then goes first, as papers lapse.
            unit.writes.rely_on(DeclarationRow, load.id, load.version)


def _held(model: type[Record], kind: str, found: AnyRow) -> Held:
    """Return one of the records that a scan found, as it was locked."""
    id, reference, state, version = (
        getattr(found, f"{kind}_{name}") for name in ("id", "reference", "state", "version")
    )
    return Held(model, id, reference, state, version, found.gate)


def _instants(seen: Seen) -> dict[str, datetime]:
    name = INSTANT.get(seen.kind)
    return {name: seen.happened_at} if name else {}


def _said(unit: Unit, seen: Seen, found: AnyRow) -> dict[str, Any]:
    return {
        "gate_lane": seen.lane,
        "direction": found.direction,
        "vehicle_class": found.vehicle_class,
        "priority": found.priority,
        "at": seen.happened_at,
        "account": unit.actor.name_in_events,
        "device": seen.device,
    }


async def _backwards(unit: Unit, seen: Seen, found: AnyRow) -> dict[ScanFlag, dict[str, Any]]:
    """Return the steps that run backwards with this one, each with the scan it was made by."""
    wrong = out_of_order(seen.kind, seen.happened_at, found)
    if not wrong:
        return {}
    made = await scan_storage.made_steps(unit.connection, found.booking_id, wrong)
    return {
        AGAINST[step]: {
            "type": "scan",
            "id": str(made[step].id) if step in made else None,
            "kind": step.value,
            "at": found._mapping[INSTANT[step]].isoformat(),
        }
        for step in wrong
    }


def _ended_booking(found: AnyRow) -> dict[str, Any]:
    return {
        "type": "booking",
        "reference": found.booking_reference,
        "state": found.booking_state,
        "at": found.booking_changed_at.isoformat(),
    }


async def _reinstate(unit: Unit, seen: Seen, found: AnyRow) -> bool:
    """Bring an ended visit back, since the truck had come before it ended; say whether it could be.

    To the yard it comes back only with a place, and while neither truck nor goods are booked anew.
    One that passed the barrier has passed it, whoever has its place now.
    """
    if seen.kind is ScanKind.ARRIVAL:
        plates = [plate for plate in (found.plate, found.trailer_plate) if plate]
        if await scan_storage.is_booked_anew(
            unit.connection, found.booking_id, plates, found.declaration_ids
        ):
            return False
    has_place = await scan_storage.take_place_back(
        unit.connection, found.slot_id, found.share_class
    )
    if seen.kind is ScanKind.ARRIVAL:
        if not has_place:
            return False
        await scan_storage.bind_declarations(unit.connection, found.booking_id)
    again: dict[str, Any] = {
        "key": found.booking_reference,
        "actor": PROGRAM,
        "happened_at": seen.happened_at,
    }
    truck = {"direction": found.direction, "vehicle_class": found.vehicle_class}
    await unit.move(PassageRow, found.passage_id, "reinstate", payload=truck, **again)
    await unit.move(SlipRow, found.slip_id, "reinstate", **again)
    return True


async def _tell_step(unit: Unit, seen: Seen, found: AnyRow) -> str:
    """Record a step that the passage is past: its instant, and its event, without a move."""
    row = await scan_storage.tell_step(unit.connection, found.passage_id, _instants(seen), unit.at)
    if row is None:
        raise Clash
    passage = PassageRow(**row._mapping)
    event = unit.event(
        PASSAGE.event(VERB[seen.kind]),
        record=passage,
        key=found.booking_reference,
        actor=PROGRAM,
        happened_at=seen.happened_at,
        payload=_said(unit, seen, found),
    )
    await unit.record(event, passage)
    return passage.state


async def _let_goods_out(
    unit: Unit, seen: Seen, loads: Sequence[GateView]
) -> dict[ScanFlag, dict[str, Any]]:
    """Close what left with the truck; what customs has stopped since then stays, and is named."""
    stopped: dict[ScanFlag, dict[str, Any]] = {}
    for load in loads:
        try:
            await exit_and_close(unit, load.id, seen.happened_at)
        except Refusal as refusal:
            if refusal.kind is not MOVE_NOT_OPEN:
                raise
            if not seen.past:
                raise Clash from refusal
            stopped[ScanFlag.GOODS] = {
                "type": "declaration",
                "reference": load.reference,
                "state": refusal.facts["state"],
            }
    return stopped
