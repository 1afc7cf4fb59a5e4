"""A scan: read the code, judge it at its own time, store it as a fact, answer.

The hot path of the gate. Nothing here needs Redis. A scan is stored whatever it answers, unique
on (device, scan_id): brought twice, it moves nothing again and is answered with what is true of
it now. That can change once: a scan that waits for a step before it is judged again when the step
comes in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import PROGRAM
from border.core.ids import WrongReference, code_as_printed, parse_reference
from border.core.refusal import INVALID, FieldError, refuses
from border.core.request_body import KEEPABLE, Integer, RequestBody
from border.core.store import AnyRow, Clash, Unit
from border.core.words import N_
from border.gates import all_gates
from border.identity import policy
from logistics import clash_service, scan_storage
from logistics.gate_check import MISREAD, SAID, TORN, ScanCode, ScanKind
from logistics.judging_service import Asked, Judgement, judge
from logistics.passing_service import Seen
from logistics.scan_fact import Placed, ScanFlag, placed
from logistics.slip_service import SlipKeys
from logistics.slip_token import BadToken, looks_like_token, verify
from logistics.tables import PassageRow, ScanRow, SlipRow

SCAN_ID_REUSED = refuses(
    "scan_id_reused",
    422,
    N_("This scan number was used for another scan"),
    N_("The device has already brought another scan under this number. Count on and send again."),
)
_FIRST_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a clock that has lost its time begins to count; before it no device's clock stands."""


class ScanRequest(RequestBody):
    """What a device saw: the code read, where, when by its own clock, and its own scan number.

    Of a device that was offline also what it `decided` at the barrier, its own count of decisions
    and its signature over them.
    """

    code: str = Field(min_length=1, max_length=1024, pattern=KEEPABLE)
    gate: str = Field(max_length=24, pattern=KEEPABLE)
    lane: str = Field(max_length=16, pattern=KEEPABLE)
    kind: ScanKind
    scanned_at: AwareDatetime
    device: str = Field(min_length=1, max_length=64, pattern=KEEPABLE)
    scan_id: str = Field(min_length=1, max_length=64, pattern=KEEPABLE)
    plate_seen: str | None = Field(default=None, max_length=20, pattern=KEEPABLE)
    offline: bool = False
    decided: Literal["admitted", "refused"] | None = None
    number: Integer | None = Field(default=None, ge=0, lt=2**53)
    signature: str | None = Field(default=None, max_length=512, pattern=KEEPABLE)


@dataclass(frozen=True)
class _Read:
    """What a code turned out to be: a slip's reference, or the code of a refusal."""

    reference: str | None
    code: ScanCode = ScanCode.OK
    says: str = ""


def read_code(text: str, keys: SlipKeys) -> _Read:
    """Return the slip a scanned or typed code names; a signed token is verified.

    Only a whole token that we did not sign is a bad signature; a torn one is unknown.
    """
    code = code_as_printed(text)
    if looks_like_token(code):
        try:
            return _Read(verify(code, keys.verifying).reference)
        except BadToken as bad:
            if bad.reason == "not_a_token":
                return _Read(None, ScanCode.UNKNOWN, TORN)
            return _Read(None, ScanCode.BAD_SIGNATURE, SAID[ScanCode.BAD_SIGNATURE].label)
    try:
        return _Read(parse_reference(text, SlipRow.prefix))
    except WrongReference as error:
        misread = "check character" in str(error)
        return _Read(None, ScanCode.UNKNOWN, MISREAD if misread else SAID[ScanCode.UNKNOWN].label)


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
    policy.check(unit.actor, "scan.record")
    _refuse_impossible(request.scanned_at)
    before = await scan_storage.scan_made_before(unit.connection, request.device, request.scan_id)
    if before is not None:
        if ScanRequest.model_validate(before.request) != request:
            raise SCAN_ID_REUSED()
        return dict(before.answer)
    read = read_code(request.code, keys)
    found = None
    if read.reference:
        found = await scan_storage.scanned_slip(unit.connection, read.reference)
    if found is None or found.gate != request.gate:
        await _refuse_unknown_gate(unit, request.gate)
    when = placed(request.scanned_at, unit.at, found.issued_at if found else None)
    row = ScanRow(
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
        verdict="",
        code="",
        slip_id=found.slip_id if found else None,
        answer={},
    )
    past = brought or request.offline or ScanFlag.LATE in when.flags
    seen = _seen(row, past)
    asked = Asked(request.gate, request.plate_seen, brought or request.offline, request.decided)
    if found is not None:
        judgement = await judge(unit, seen, asked, found)
    else:
        judgement = _unknown(read, request.decided)
    _write_answer(row, when, judgement, found)
    try:
        await unit.add(row)
    except IntegrityError as error:
        # The same scan, brought twice at once: run again, it is answered as the first was.
        if "uq_scan_device_scan_id" in str(error.orig):
            raise Clash from error
        raise
    await _follow_up(unit, row, judgement, found)
    if judgement.moved and found is not None:
        await _look_again(unit, row, found)
    return row.answer


def _refuse_impossible(scanned_at: datetime) -> None:
    """Refuse what is no instant of any clock. refuses: invalid_fields."""
    if scanned_at < _FIRST_CLOCK:
        says = N_("No clock stands there. Set the device's clock right and scan again.")
        raise INVALID(errors=[FieldError("scanned_at", "clock_behind", says)])
    try:
        scanned_at.astimezone(UTC)
    except OverflowError:
        says = N_("No clock stands there. Set the device's clock right and scan again.")
        raise INVALID(errors=[FieldError("scanned_at", "clock_ahead", says)]) from None


async def _refuse_unknown_gate(unit: Unit, code: str) -> None:
    """Refuse a device set to a gate that does not exist. refuses: invalid_fields."""
    codes = [gate.code for gate in await all_gates(unit.connection)]
    if code not in codes:
        says = N_("There is no gate {given}. Choose one of: {gates}.")
        facts = (("given", code), ("gates", ", ".join(sorted(codes))))
        raise INVALID(errors=[FieldError("gate", "unknown_gate", says, facts)])


def _seen(row: ScanRow, past: bool) -> Seen:
    return Seen(row.id, ScanKind(row.kind), row.lane, row.device, row.happened_at, past)


def _unknown(read: _Read, decided: str | None) -> Judgement:
    """Return the judgement on a code that names no slip of ours."""
    code = read.code if read.code is not ScanCode.OK else ScanCode.UNKNOWN
    return Judgement(
        "refused",
        code,
        read.says or SAID[code].label,
        "",
        against={ScanFlag.DECISION: None} if decided == "admitted" else {},
    )


def _write_answer(row: ScanRow, when: Placed, judged: Judgement, found: AnyRow | None) -> None:
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
    return {
        "reference": found.slip_reference,
        "plate": found.plate_typed,
        "vehicle_class": found.vehicle_class,
        "direction": found.direction,
        "slot_starts_at": found.slot_starts_at.isoformat(),
        "slot_ends_at": found.slot_ends_at.isoformat(),
    }


async def _follow_up(unit: Unit, row: ScanRow, judged: Judgement, found: AnyRow | None) -> None:
    """Record a refusal, and open a clash for whatever the scan does not go together with."""
    if judged.verdict == "refused":
        await _record_refusal(unit, row, found)
    for flag, other in judged.against.items():
        await clash_service.open_clash(unit, row, flag, other, found)


async def _look_again(unit: Unit, row: ScanRow, found: AnyRow) -> None:
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
            asked = Asked(waiting.gate, request.plate_seen, True, request.decided)
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


async def _record_refusal(unit: Unit, row: ScanRow, found: AnyRow | None) -> None:
    """Record that a scan was refused and why; the code itself may be anything and is private."""
    await unit.record(
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
