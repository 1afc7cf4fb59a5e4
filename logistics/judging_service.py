"""Judging a scan: what was true when it happened, what the table says, and what follows.

A scan that somebody stands waiting for is judged by what is true now. One of the past is judged by
what was true then: slip and booking, money, goods and clearances are taken as of its instant, so a
cancellation, a payment or a hold of later changes nothing about it. The order of the steps is not a
matter of then and now but of which are known: while one is missing a scan waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from border.core.store import AnyRow, Unit
from border.identifiers import normalised
from border.payments.face import payment_blocked
from customs.barrier_storage import GoodsAtBarrier
from customs.clearance import GIVEN, OTHER_AGENCIES
from customs.declaration import HELD, RELEASED
from customs.declaration_service import may_exit
from customs.dossier_service import GateView, gate_view
from logistics import scan_storage
from logistics.check import Check
from logistics.gate_check import (
    SAID,
    STEP_MADE,
    STEP_MISSING,
    VERB,
    ScanCode,
    ScanFacts,
    ScanKind,
    decide,
)
from logistics.passage import PASSAGE
from logistics.passing_service import Seen, go_on
from logistics.scan_fact import AGAINST, BELIEVED, ScanFlag, out_of_order
from logistics.slip_token import opens_for
from logistics.tables import ScanRow

Against = dict[ScanFlag, dict[str, Any] | None]


@dataclass(frozen=True)
class ScanQuestion:
    """What a scan asks of the table beside its place in time. `decided` is what the device did."""

    gate: str
    plate_seen: str | None
    offline: bool
    decided: str | None


@dataclass
class Judgement:
    """What is true of a scan: its answer, whether it moved the passage or waits, and its clashes.

    `against` holds what it does not go together with, by flag: the other record, if there is one.
    """

    verdict: str
    code: str
    label: str
    passage_state: str
    failed: Sequence[Check] = ()
    moved: bool = False
    waits: bool = False
    against: Against = field(default_factory=dict)


async def judge(unit: Unit, seen: Seen, asked: ScanQuestion, found: AnyRow) -> Judgement:
    """Judge one scan of a known slip, and make its step where it is in order.

    writes: what `passing_service.go_on` writes.
    """
    failed, loads = await _failed(unit, seen, asked, found)
    made_before = False
    if seen.past and set(failed) & set(STEP_MADE):
        made = await scan_storage.made_steps(unit.connection, found.booking_id, [seen.kind])
        if not made:
            # The passage went on without it: what comes in late is the step itself, not its repeat.
            failed, made_before = [c for c in failed if c not in STEP_MADE], True
        elif asked.decided != "refused" and not _one_pull(made[seen.kind], seen):
            return _refused(failed, found, {AGAINST[seen.kind]: _other(made[seen.kind])})
    if failed:
        return _not_in_order(seen, asked, found, failed)
    if asked.decided == "refused":
        against: Against = {ScanFlag.DECISION: None}
        return _in_order(seen, asked, found.passage_state, against, moved=False)
    passed = await go_on(unit, seen, found, loads, made=made_before)
    return _in_order(seen, asked, passed.state, dict(passed.against), moved=True)


def _in_order(
    seen: Seen, asked: ScanQuestion, state: str, against: Against, *, moved: bool
) -> Judgement:
    admitted = moved and seen.kind is ScanKind.ENTRY
    code = ScanCode.OK_OFFLINE if asked.offline else ScanCode.OK
    verdict = "admitted" if admitted else "recorded"
    return Judgement(verdict, code, SAID[code].label, state, moved=moved, against=against)


def _refused(failed: Sequence[Check], found: AnyRow, against: Against) -> Judgement:
    first = failed[0]
    return Judgement(
        "refused", first.code, first.label, found.passage_state, failed=failed, against=against
    )


def _not_in_order(
    seen: Seen, asked: ScanQuestion, found: AnyRow, failed: Sequence[Check]
) -> Judgement:
    """Refuse, unless a step before this one may still come in; say where the device did not."""
    missing = [check for check in failed if check in STEP_MISSING]
    came_through = asked.decided != "refused"
    if missing and seen.past and came_through and _may_still_come(found, seen):
        return Judgement(
            "recorded",
            missing[0].code,
            missing[0].label,
            found.passage_state,
            failed=failed,
            waits=True,
            against={ScanFlag.WAITS: None},
        )
    decided_otherwise = asked.decided == "admitted"
    return _refused(failed, found, {ScanFlag.DECISION: None} if decided_otherwise else {})


def _may_still_come(found: AnyRow, seen: Seen) -> bool:
    """False where the visit had ended before the scan: then nothing is on its way."""
    return found.passage_state != "called_off" or bool(found.passage_changed_at > seen.happened_at)


def _one_pull(row: ScanRow, seen: Seen) -> bool:
    """Say whether two scans of a step are one truck in front of one scanner, pulled twice."""
    return row.device == seen.device and abs(row.happened_at - seen.happened_at) < BELIEVED


def _other(row: ScanRow) -> dict[str, Any]:
    return {"type": "scan", "id": str(row.id), "kind": row.kind, "at": row.happened_at.isoformat()}


async def _failed(
    unit: Unit, seen: Seen, asked: ScanQuestion, found: AnyRow
) -> tuple[list[Check], list[GateView]]:
    """Return the checks that fail, and the goods on the truck."""
    then = seen.happened_at if seen.past else None
    loads = list((await gate_view(unit.connection, found.declaration_ids, then)).values())
    subjects = [found.booking_reference, *(load.reference for load in loads)]
    blocked = await payment_blocked(unit.connection, subjects, then)
    return list(decide(_facts(seen, asked, found, loads, len(blocked)))), loads


def _facts(
    seen: Seen,
    asked: ScanQuestion,
    found: AnyRow,
    loads: Sequence[GateView | GoodsAtBarrier],
    owed: int,
) -> ScanFacts:
    """Return what the checks look at. `owed` counts what lets nobody pass for its money."""
    plate, starts_at, ends_at = opens_for(found.slip_state, found.token, found)
    return ScanFacts(
        kind=seen.kind,
        at=seen.happened_at,
        gate=asked.gate,
        plate_seen=normalised(asked.plate_seen) if asked.plate_seen else None,
        slip_state=_slip_state(found, seen),
        slip_gate=found.gate,
        plates=frozenset(filter(None, (plate, found.trailer_plate))),
        slot_starts_at=starts_at,
        slot_ends_at=ends_at,
        valid_until=found.valid_until,
        early=timedelta(minutes=found.early_minutes),
        entry_early=timedelta(minutes=found.entry_early_minutes),
        grace=timedelta(minutes=found.grace_minutes),
        passage_state=_passage_state(found, seen),
        arrived_at=found.arrived_at,
        owed=owed,
        not_released=tuple(load.reference for load in loads if load.state not in RELEASED | HELD),
        held=tuple(load.reference for load in loads if load.state in HELD),
        waiting_for=tuple(
            agency
            for load in loads
            for agency in OTHER_AGENCIES
            if load.clearances.get(agency, "pending") not in GIVEN
        ),
    )


def judge_plainly(
    seen: Seen, asked: ScanQuestion, found: AnyRow, goods: Sequence[GoodsAtBarrier]
) -> Judgement | None:
    """Judge a scan by what `scan_storage.scanned` found for it; None if that is not enough.

    Not enough where something must be looked up for this one alone: a step that contradicts, one
    that others wait for, a visit called off, a slip replaced since, goods that another holds, and
    of the past whatever is not in order or may have been otherwise then.
    """
    if asked.decided == "refused" or (asked.decided and not seen.past):
        return None
    failed = decide(_facts(seen, asked, found, goods, found.owed))
    if failed:
        return None if seen.past else _refused(failed, found, {})
    if (
        found.slip_state == "revoked"
        or found.passage_state == "called_off"
        or found.has_waiting_scans
        or (seen.kind is ScanKind.EXIT and not all(map(may_exit, goods)))
        or (seen.past and _otherwise_then(seen, found, goods))
        or out_of_order(seen.kind, seen.happened_at, found)
    ):
        return None
    (state,) = PASSAGE.through(found.passage_state, [VERB[seen.kind]])
    return _in_order(seen, asked, state, {}, moved=True)


def _otherwise_then(seen: Seen, found: AnyRow, goods: Sequence[GoodsAtBarrier]) -> bool:
    """Say whether goods or money may have stood otherwise when a scan happened."""
    moved = any(load.changed_at > seen.happened_at for load in goods)
    return moved or bool(found.money_moved_since)


def _slip_state(found: AnyRow, seen: Seen) -> str:
    """Return the slip's state: one withdrawn after the scan was still good."""
    if found.slip_state == "revoked" and seen.past and found.slip_changed_at > seen.happened_at:
        return "active"
    state: str = found.slip_state
    return state


def _passage_state(found: AnyRow, seen: Seen) -> str:
    """Return how far the truck had come, as known now: a visit called off later was still on."""
    ended_later = seen.past and found.passage_changed_at > seen.happened_at
    if found.passage_state == "called_off" and ended_later:
        return "arrived" if found.arrived_at else "expected"
    state: str = found.passage_state
    return state
