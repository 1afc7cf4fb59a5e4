"""A scan: read the code, gather the facts in one statement, decide by the table, move, answer.

The hot path of the gate. Nothing here needs Redis. A scan is stored whatever it answers, unique
on (device, scan_id): brought twice, it is answered the same and moves nothing again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from border.gates import all_gates
from border.identifiers import normalised
from border.identity.actor import PROGRAM, Role
from border.ids import WrongReference, parse_reference
from border.payments import charge_service
from border.refusal import INVALID, NOT_ALLOWED, FieldError, refuses
from border.store import AnyRow, Clash, Event, Unit
from border.words import N_
from customs.clearance import GIVEN, OTHER_AGENCIES
from customs.declaration import HELD, RELEASED
from customs.declaration_service import exit_and_close
from customs.dossier_service import GateView, gate_view
from logistics import scan_storage, storage
from logistics.booking import KEEPABLE
from logistics.gate_check import (
    MISREAD,
    SAYS,
    VERB,
    ScanCode,
    ScanFacts,
    ScanKind,
    decide,
)
from logistics.slip_service import SlipKeys
from logistics.slip_token import BadToken, looks_like_token, verify
from logistics.tables import BookingRow, PassageRow, ScanRow, SlipRow

SCAN_ID_REUSED = refuses(
    "scan_id_reused",
    422,
    N_("This scan number was used for another scan"),
    N_("The device has already brought another scan under this number. Count on and send again."),
)
CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of ours a device's clock may be."""
KEPT_BY_DEVICES = timedelta(days=30)
"""How long a device that was offline may keep a scan before it brings it."""


class ScanRequest(BaseModel):
    """What a device saw: the code read, where, when by its own clock, and its own scan number."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    code: str = Field(min_length=1, max_length=1024, pattern=KEEPABLE)
    gate: str = Field(max_length=24, pattern=KEEPABLE)
    lane: str = Field(max_length=16, pattern=KEEPABLE)
    kind: ScanKind
    scanned_at: AwareDatetime
    device: str = Field(min_length=1, max_length=64, pattern=KEEPABLE)
    scan_id: str = Field(min_length=1, max_length=64, pattern=KEEPABLE)
    plate_seen: str | None = Field(default=None, max_length=20, pattern=KEEPABLE)
    offline: bool = False


@dataclass(frozen=True)
class _Read:
    """What a code turned out to be: a slip's reference, or the code of a refusal."""

    reference: str | None
    code: ScanCode = ScanCode.OK
    says: str = ""


def read_code(text: str, keys: SlipKeys) -> _Read:
    """Return the slip a scanned or typed code names; a signed token is verified."""
    if looks_like_token(text):
        try:
            return _Read(verify(text, keys.verifying).reference)
        except BadToken:
            return _Read(None, ScanCode.BAD_SIGNATURE, SAYS[ScanCode.BAD_SIGNATURE])
    try:
        return _Read(parse_reference(text, SlipRow.prefix))
    except WrongReference as error:
        misread = "check character" in str(error)
        return _Read(None, ScanCode.UNKNOWN, MISREAD if misread else SAYS[ScanCode.UNKNOWN])


async def made_before(connection: AsyncConnection, device: str, scan_id: str) -> ScanRequest | None:
    """Return the scan that a device has already brought under a number, if it has.

    A page has no clock of its own to repeat: it asks for the hour of the first time.
    """
    before = await scan_storage.scan_made_before(connection, device, scan_id)
    return None if before is None else ScanRequest.model_validate(before.request)


async def scan(unit: Unit, request: ScanRequest, keys: SlipKeys) -> dict[str, Any]:
    """Decide one scan, move the passage when it may go on, and return the answer.

    refuses: not_allowed, invalid_fields (a clock far off, an unknown gate), scan_id_reused.
    writes: scan, passage, booking, slip, at the exit the declarations; events passage.*,
    scan.refuse.
    """
    if not unit.actor.has(Role.GATE_STAFF, Role.MANAGER, Role.BORDER_GUARD, Role.CUSTOMS_OFFICER):
        raise NOT_ALLOWED(needs=[Role.GATE_STAFF])
    if request.scanned_at > unit.at + CLOCK_SKEW:
        says = N_("The device's clock runs ahead of the gate's. Set it right and scan again.")
        raise INVALID(errors=[FieldError("scanned_at", "clock_ahead", says)])
    if request.scanned_at < unit.at - KEPT_BY_DEVICES:
        says = N_("The scan is older than 30 days. Set the device's clock right and scan again.")
        raise INVALID(errors=[FieldError("scanned_at", "clock_behind", says)])
    asked = request.model_dump(mode="json")
    before = await scan_storage.scan_made_before(unit.connection, request.device, request.scan_id)
    if before is not None:
        if before.request != asked:
            raise SCAN_ID_REUSED()
        return dict(before.answer)
    read = read_code(request.code, keys)
    found = read.reference and await scan_storage.scanned_slip(unit.connection, read.reference)
    if not found or found.gate != request.gate:
        await _refuse_unknown_gate(unit, request.gate)
    if not found:
        code = read.code if read.code is not ScanCode.OK else ScanCode.UNKNOWN
        says = read.says or SAYS[ScanCode.UNKNOWN]
        answer = _answer("refused", code, says, [{"code": code, "says": says}], None, None)
    else:
        answer = await _decide(unit, request, found)
    row = ScanRow(
        device=request.device,
        scan_id=request.scan_id,
        request=asked,
        gate=request.gate,
        lane=request.lane,
        kind=request.kind,
        scanned_at=request.scanned_at,
        received_at=unit.at,
        account=unit.actor.name_in_events,
        verdict=answer["verdict"],
        code=answer["code"],
        slip_id=found.slip_id if found else None,
        answer=answer,
    )
    try:
        await unit.add(row)
    except IntegrityError as error:
        # The same scan, brought twice at once: run again, it is answered as the first was.
        if "uq_scan_device_scan_id" in str(error.orig):
            raise Clash from error
        raise
    if answer["verdict"] == "refused":
        await _record_refusal(unit, request, answer, found or None)
    return answer


async def _refuse_unknown_gate(unit: Unit, code: str) -> None:
    """Refuse a device set to a gate that does not exist. refuses: invalid_fields."""
    codes = [gate.code for gate in await all_gates(unit.connection)]
    if code not in codes:
        says = N_("There is no gate {given}. Choose one of: {gates}.")
        facts = (("given", code), ("gates", ", ".join(sorted(codes))))
        raise INVALID(errors=[FieldError("gate", "unknown_gate", says, facts)])


async def _decide(unit: Unit, request: ScanRequest, found: AnyRow) -> dict[str, Any]:
    """Ask the table; when nothing fails, make the moves of this step."""
    loads = list((await gate_view(unit.connection, found.declaration_ids)).values())
    subjects = [found.booking_reference, *(load.reference for load in loads)]
    facts = ScanFacts(
        kind=request.kind,
        at=request.scanned_at,
        gate=request.gate,
        plate_seen=normalised(request.plate_seen) if request.plate_seen else None,
        slip_state=found.slip_state,
        slip_gate=found.gate,
        plates=frozenset(filter(None, (found.plate, found.trailer_plate))),
        slot_starts_at=found.slot_starts_at,
        slot_ends_at=found.slot_ends_at,
        valid_until=found.valid_until,
        early=timedelta(minutes=found.early_minutes),
        grace=timedelta(minutes=found.grace_minutes),
        passage_state=found.passage_state,
        arrived_at=found.arrived_at,
        owed=len(await charge_service.barred(unit.connection, subjects)),
        not_released=tuple(load.reference for load in loads if load.state not in RELEASED | HELD),
        held=tuple(load.reference for load in loads if load.state in HELD),
        waiting_for=tuple(
            agency
            for load in loads
            for agency in OTHER_AGENCIES
            if load.clearances.get(agency, "pending") not in GIVEN
        ),
    )
    failed = decide(facts)
    slip = {
        "reference": found.slip_reference,
        "plate": found.plate_typed,
        "vehicle_class": found.vehicle_class,
        "direction": found.direction,
        "slot_starts_at": found.slot_starts_at.isoformat(),
        "slot_ends_at": found.slot_ends_at.isoformat(),
    }
    passage = {"id": str(found.passage_id), "state": found.passage_state}
    if failed:
        reasons = [{"code": check.code, "says": check.says} for check in failed]
        return _answer("refused", failed[0].code, failed[0].says, reasons, passage, slip)
    passage["state"] = await _go_on(unit, request, found, loads)
    verdict = "admitted" if request.kind is ScanKind.ENTRY else "recorded"
    code = ScanCode.OK_OFFLINE if request.offline else ScanCode.OK
    return _answer(verdict, code, SAYS[code], [], passage, slip)


_INSTANT = {
    ScanKind.ARRIVAL: "arrived_at",
    ScanKind.ENTRY: "admitted_at",
    ScanKind.EXIT: "exited_at",
    ScanKind.RETURN: "returned_at",
}


async def _go_on(
    unit: Unit,
    request: ScanRequest,
    found: AnyRow,
    loads: Sequence[GateView],
) -> str:
    """Move the passage and what goes with it; the exit closes the declarations."""
    happened: dict[str, datetime] = {}
    if name := _INSTANT.get(request.kind):
        happened[name] = request.scanned_at
    facts = {
        "lane": request.lane,
        "direction": found.direction,
        "vehicle_class": found.vehicle_class,
        "priority": found.priority,
        "at": request.scanned_at.isoformat(),
    }
    key = found.booking_reference
    row = await unit.move(
        PassageRow,
        found.passage_id,
        VERB[request.kind],
        key=key,
        actor=PROGRAM,
        changes=happened,
        facts=facts,
        inside={"account": unit.actor.name_in_events, "device": request.device},
    )
    if request.kind is ScanKind.ARRIVAL:
        await unit.move(BookingRow, found.booking_id, "check_in", actor=PROGRAM)
    elif request.kind is ScanKind.ENTRY:
        await unit.move(BookingRow, found.booking_id, "use", actor=PROGRAM)
        await unit.move(SlipRow, found.slip_id, "use", key=key, actor=PROGRAM)
    elif request.kind is ScanKind.EXIT:
        await unit.move(SlipRow, found.slip_id, "close", key=key, actor=PROGRAM)
        await storage.free_declarations(unit.connection, found.booking_id)
        for load in loads:
            await exit_and_close(unit, load.id)
    return row.state


async def _record_refusal(
    unit: Unit, request: ScanRequest, answer: dict[str, Any], found: AnyRow | None
) -> None:
    """Record that a scan was refused and why; the code itself may be anything and stays inside."""
    subject = found.slip_reference if found else "unknown"
    await unit.record(
        Event(
            type="scan.refuse",
            gate=request.gate,
            subject=subject,
            key=found.booking_reference if found else f"scan:{request.device[:30]}",
            version=1,
            happened_at=request.scanned_at,
            actor=unit.actor.name_in_events,
            facts={
                "lane": request.lane,
                "direction": found.direction if found else None,
                "kind": request.kind,
                "codes": [reason["code"] for reason in answer["failed"]],
            },
            inside={"device": request.device, "code": request.code[:200]},
        )
    )


def _answer(
    verdict: str,
    code: str,
    says: str,
    failed: list[dict[str, Any]],
    passage: dict[str, Any] | None,
    slip: dict[str, Any] | None,
) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "code": code,
        "says": says,
        "failed": failed,
        "passage": passage,
        "slip": slip,
    }


async def close_overdue(unit: Unit, limit: int = 100) -> int:
    """Close the passages that left and did not come back in time."""
    ids = await storage.overdue(unit.connection, storage.passage, ["exited"], unit.at, limit)
    for id in ids:
        reference = await scan_storage.booking_reference_of(unit.connection, id)
        await unit.move(PassageRow, id, "close", key=reference, actor=PROGRAM)
    return len(ids)
