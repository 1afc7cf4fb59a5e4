"""A scan: read the code, judge it at its own time, store it as a fact, answer.

The hot path of the gate. Nothing here needs Redis. A scan is stored whatever it answers, unique
on (device, scan_id): brought twice, it moves nothing again and is answered with what is true of
it now. That can change once: a scan that waits for a step before it is judged again when the step
comes in.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.coalescer import Coalescer
from border.core.refusal import Refusal, refuses
from border.core.store import Alone, AnyRow, Clash, Store, Unit
from border.core.words import N_
from border.gates import all_gates
from border.identity import policy
from border.plates import written
from customs.barrier_storage import goods_read
from logistics import clash_service, scan_storage
from logistics.gate_check import SAID, ScanCode, ScanKind
from logistics.judging_service import Judgement, ScanQuestion, judge, judge_plainly
from logistics.passing_service import Seen, go_on_plainly
from logistics.scan_fact import Placed, ScanFlag, TakenScan, placed
from logistics.scan_request import (
    CodeMeaning,
    ScanRequest,
    named_slip,
    read_code,
    refuse_impossible,
    refuse_unknown_gate,
)
from logistics.slip_service import SlipKeys
from logistics.slip_token import opens_for
from logistics.tables import PassageRow, ScanRow

SCAN_ID_REUSED = refuses(
    "scan_id_reused",
    422,
    N_("This scan number was used for another scan"),
    N_("The device has already brought another scan under this number. Count on and send again."),
)


async def made_before(connection: AsyncConnection, device: str, scan_id: str) -> ScanRequest | None:
    """Return the scan that a device has already brought under a number, if it has.

    A page has no clock of its own to repeat: it asks for the hour of the first time.
    """
    before = await scan_storage.scan_made_before(connection, device, scan_id)
    return None if before is None else ScanRequest.model_validate(before.request)


async def scan(
    unit: Unit, request: ScanRequest, keys: SlipKeys, *, brought: bool = False
) -> dict[str, Any]:
    """Take one scan: judge it, move the passage when it may go on, and return the answer.

    `brought` says that a device that was offline brings it, whatever the scan itself says. Stored
    in any case; a clock that is off and a step that contradicts are flagged, never refused.
    refuses: not_allowed, invalid_fields (an instant that is none, an unknown gate), scan_id_reused.
    writes: scan, scan_clash, passage, booking, slip, at the exit the declarations; events
    passage.*, scan.refuse, scan_clash.open.
    """
    _refuse_before_looking(unit, request)
    before = await scan_storage.scan_made_before(unit.connection, request.device, request.scan_id)
    if before is not None:
        return _answered_before(before, request)
    read = read_code(request.code, keys)
    found = None
    if read.reference:
        found = await scan_storage.scanned_slip(unit.connection, read.reference)
    if found is None or found.gate != request.gate:
        refuse_unknown_gate(request.gate, await all_gates(unit.connection))
    row, seen, asked, when = _begun(unit, request, found, brought=brought)
    if found is not None:
        judgement = await judge(unit, seen, asked, found)
    else:
        judgement = _unknown(read, request.decided)
    _write_answer(row, when, judgement, found)
    unit.put(ScanRow, vars(row))
    try:
        await unit.write_rows()
    except IntegrityError as error:
        # The same scan, brought twice at once: run again, it is answered as the first was.
        if "uq_scan_device_scan_id" in str(error.orig):
            raise Clash from error
        raise
    await _follow_up(unit, row, judgement, found)
    if judgement.moved and found is not None:
        await _look_again(unit, row, found)
    return row.answer


async def scan_together(
    units: Sequence[Unit],
    requests: Sequence[ScanRequest],
    keys: SlipKeys,
    *,
    brought: bool = False,
) -> list[dict[str, Any] | Refusal | Alone]:
    """Take scans that came at the same time, as `scan` does one, in one transaction.

    Each has its own answer or refusal. Alone is to be taken what one reading for all cannot tell:
    a slip that another transaction or another scan of these is at work on, and whatever
    `judge_plainly` leaves.
    """
    connection = units[0].connection
    asked = [_asked_for(request) for request in requests]
    facts = await scan_storage.scanned(connection, asked, past=brought)
    gates = await all_gates(connection) if _asks_for_gates(requests, facts) else []
    seen_already: set[UUID] = set()

    def take(unit: Unit, request: ScanRequest, reference: str, found: AnyRow) -> dict[str, Any]:
        _refuse_before_looking(unit, request)
        if found.request is not None:
            return _answered_before(found, request)
        # A token that is the one issued needs no other proof.
        genuine = found.slip_id is not None and found.token == request.code
        read = CodeMeaning(reference) if genuine else read_code(request.code, keys)
        slip = found if read.reference else None
        # Whoever comes second to a slip must see what the first has done.
        if slip is not None and (found.slip_id is None or found.slip_id in seen_already):
            raise Alone
        if found.gate != request.gate:
            refuse_unknown_gate(request.gate, gates)
        row, seen, question, when = _begun(unit, request, slip, brought=brought)
        goods = goods_read(found.goods) if slip is not None else []
        if slip is None:
            judgement = _unknown(read, request.decided)
            if judgement.against:
                raise Alone  # What it does not go together with is opened for a supervisor.
        else:
            seen_already.add(slip.slip_id)
            plain = judge_plainly(seen, question, slip, goods)
            if plain is None:
                raise Alone
            judgement = plain
        _write_answer(row, when, judgement, slip)
        unit.put(ScanRow, vars(row))
        if judgement.verdict == "refused":
            _record_refusal(unit, row, slip)
        elif slip is not None:
            go_on_plainly(unit, seen, slip, goods)
        return row.answer

    answers: list[dict[str, Any] | Refusal | Alone] = []
    for unit, request, one, found in zip(units, requests, asked, facts, strict=True):
        try:
            answers.append(take(unit, request, one["reference"], found))
        except (Refusal, Alone) as other:
            answers.append(other)
    return answers


def scans(
    store: Store, keys: SlipKeys, *, brought: bool = False
) -> Coalescer[ScanRequest, dict[str, Any]]:
    """Return what takes scans: those that come at the same time in one transaction.

    With `brought` they are those of devices that were offline, which nobody stands waiting for.
    """
    at_once = 1 if brought else 2
    return Coalescer(
        store,
        lambda units, requests: scan_together(units, requests, keys, brought=brought),
        lambda unit, request: scan(unit, request, keys, brought=brought),
        at_once=at_once,
    )


def _asked_for(request: ScanRequest) -> dict[str, Any]:
    """Return what the facts of a scan are looked up by."""
    return {
        "reference": named_slip(request.code),
        "device": request.device,
        "scan_id": request.scan_id,
        "kind": request.kind,
        "scanned_at": request.scanned_at,
    }


def _asks_for_gates(requests: Sequence[ScanRequest], facts: Sequence[AnyRow]) -> bool:
    """Say whether a device may be set to a gate that there is not."""
    return any(found.gate != request.gate for found, request in zip(facts, requests, strict=True))


def _refuse_before_looking(unit: Unit, request: ScanRequest) -> None:
    """Refuse what needs no look at any record. refuses: not_allowed, invalid_fields."""
    policy.check(unit.actor, "scan.record")
    refuse_impossible(request.scanned_at)


def _answered_before(before: AnyRow, request: ScanRequest) -> dict[str, Any]:
    """Return what is true of a scan that was brought before. refuses: scan_id_reused."""
    if ScanRequest.model_validate(before.request) != request:
        raise SCAN_ID_REUSED()
    return dict(before.answer)


def _begun(
    unit: Unit, request: ScanRequest, found: AnyRow | None, *, brought: bool = False
) -> tuple[TakenScan, Seen, ScanQuestion, Placed]:
    """Return a scan placed in time: what is kept of it, and what it asks of the table."""
    when = placed(request.scanned_at, unit.at, found.issued_at if found else None)
    row = TakenScan(
        device=request.device,
        scan_id=request.scan_id,
        request=request.model_dump(mode="json"),
        gate=request.gate,
        lane=request.lane,
        kind=request.kind,
        scanned_at=request.scanned_at,
        received_at=unit.at,
        happened_at=when.happened_at,
        account=unit.actor.name_in_events,
        slip_id=found.slip_id if found else None,
    )
    past = brought or request.offline or ScanFlag.LATE in when.flags
    asked = ScanQuestion(
        request.gate, request.plate_seen, brought or request.offline, request.decided
    )
    return row, _seen(row, past), asked, when


def _seen(row: TakenScan | ScanRow, past: bool) -> Seen:
    return Seen(row.id, ScanKind(row.kind), row.lane, row.device, row.happened_at, past)


def _unknown(read: CodeMeaning, decided: str | None) -> Judgement:
    """Return the judgement on a code that names no slip of ours."""
    code = read.code if read.code is not ScanCode.OK else ScanCode.UNKNOWN
    return Judgement(
        "refused",
        code,
        read.says or SAID[code].label,
        "",
        against={ScanFlag.DECISION: None} if decided == "admitted" else {},
    )


def _write_answer(
    row: TakenScan | ScanRow, when: Placed, judged: Judgement, found: AnyRow | None
) -> None:
    """Write on the row what is true of the scan, and the answer that says so."""
    row.verdict, row.code, row.waits = judged.verdict, str(judged.code), judged.waits
    row.flags = [str(flag) for flag in (*when.flags, *judged.against)]
    reasons = [
        _reason(check.code, check.label, check.driver, check.override_by) for check in judged.failed
    ]
    if found is None:
        reasons = [_reason(judged.code, judged.label, SAID[ScanCode(judged.code)].driver)]
    row.answer = {
        "id": str(row.id),
        "verdict": judged.verdict,
        "code": row.code,
        "says": judged.label,
        "failed": reasons,
        "flags": row.flags,
        "clock_off_seconds": when.clock_off_seconds,
        "happened_at": row.happened_at.isoformat(),
        "received_at": row.received_at.isoformat(),
        "passage": {"id": str(found.passage_id), "state": judged.passage_state} if found else None,
        "slip": _slip_shown(found) if found else None,
    }


def _reason(code: str, label: str, driver: str, override_by: Sequence[str] = ()) -> dict[str, Any]:
    """Return one reason of a refusal, as it is stored and answered."""
    return {"code": code, "says": label, "driver": driver, "override_by": list(override_by)}


def _slip_shown(found: AnyRow) -> dict[str, str]:
    plate, starts_at, ends_at = opens_for(found.slip_state, found.token, found)
    return {
        "reference": found.slip_reference,
        "plate": written(plate),
        "vehicle_class": found.vehicle_class,
        "direction": found.direction,
        "slot_starts_at": starts_at.isoformat(),
        "slot_ends_at": ends_at.isoformat(),
    }


async def _follow_up(
    unit: Unit, row: TakenScan | ScanRow, judged: Judgement, found: AnyRow | None
) -> None:
    """Record a refusal, and open a clash for whatever the scan does not go together with."""
    if judged.verdict == "refused":
        _record_refusal(unit, row, found)
    for flag, other in judged.against.items():
        await clash_service.open_clash(unit, row, flag, other, found)


async def _look_again(unit: Unit, row: TakenScan, found: AnyRow) -> None:
    """Judge again the scans that waited for the step just made, and what waits for theirs.

    writes: scan, scan_clash, and what their steps write.
    """
    moved = True
    while moved:
        moved = False
        for waiting in await scan_storage.waiting_scans(unit.connection, found.booking_id):
            slip = waiting.answer["slip"]["reference"]
            again = await scan_storage.scanned_slip(unit.connection, slip)
            assert again is not None
            request = ScanRequest.model_validate(waiting.request)
            asked = ScanQuestion(waiting.gate, request.plate_seen, True, request.decided)
            judged = await judge(unit, _seen(waiting, True), asked, again)
            if judged.waits:
                continue
            when = placed(waiting.scanned_at, waiting.received_at, again.issued_at)
            _write_answer(waiting, when, judged, again)
            await scan_storage.judged(unit.connection, waiting)
            await clash_service.settle(unit, waiting.id)
            await _follow_up(unit, waiting, judged, again)
            if judged.moved:
                row.answer["passage"]["state"] = judged.passage_state
                await scan_storage.judged(unit.connection, row)
                moved = True
                break


def _record_refusal(unit: Unit, row: TakenScan | ScanRow, found: AnyRow | None) -> None:
    """Record that a scan was refused and why; the code itself may be anything and is private."""
    unit.note(
        unit.event(
            "scan.refuse",
            gate=row.gate,
            subject=found.slip_reference if found else "unknown",
            key=found.booking_reference if found else f"scan:{row.device[:30]}",
            happened_at=row.happened_at,
            payload={
                "gate_lane": row.lane,
                "direction": found.direction if found else None,
                "scan_kind": row.kind,
                "codes": [reason["code"] for reason in row.answer["failed"]],
                "device": row.device,
                "scanned_code": row.request["code"][:200],
            },
        )
    )


async def on_timeout(unit: Unit, row: PassageRow, verb: str) -> None:
    """Close a passage whose truck left and did not come back in time.

    writes: passage, `passage.close` under the key of its booking.
    """
    reference = await scan_storage.booking_reference_of(unit.connection, row.id)
    await unit.move(PassageRow, row.id, verb, key=reference, actor=PROGRAM)
