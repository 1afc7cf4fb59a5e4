"""Scan clashes: what contradicts at a gate, with both records, and how it was explained."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from pydantic import Field

from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.problems import locale_of
from api.http.shapes import MoveShape, PageOf, Shape
from api.http.writes import expected_version, write
from api.language import translator
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.request_body import KEEPABLE, RequestBody
from border.core.store import AnyRow, Unit
from border.core.words import N_
from border.identity import policy
from logistics import clash_service
from logistics.scan_clash import SCAN_CLASH, UNRESOLVED
from logistics.scan_fact import FLAG_LABELS, ScanFlag


class ClashedScanShape(Shape):
    """The scan that opened a clash, with what is true of it now."""

    id: UUID
    device: str
    scan_id: str
    lane: str
    kind: str
    scanned_at: datetime
    happened_at: datetime
    received_at: datetime
    verdict: str
    code: str
    decided: str | None
    flags: list[str]
    clock_off_seconds: int | None
    slip: str | None


class ScanClashShape(Shape):
    """A clash: the scan, and the `other` record it does not go together with, where there is one.

    `other` names its `type` (`scan`, `booking`, `declaration`), what it is known by, and its state.
    """

    id: UUID
    reference: str
    state: str
    version: int
    gate: str
    kind: str
    says: str
    booking: str | None
    scan: ClashedScanShape
    other: dict[str, Any] | None
    opened_at: datetime
    due_at: datetime | None
    reason: str | None
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: AnyRow, actor: Actor, locale: str) -> "ScanClashShape":
        """Return the shape of a clash as the actor sees it."""
        moves = policy.open_moves(actor, SCAN_CLASH, row)
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            gate=row.gate,
            kind=row.kind,
            says=translator(locale).gettext(FLAG_LABELS[ScanFlag(row.kind)]),
            booking=row.booking_reference,
            scan=ClashedScanShape(
                id=row.scan_row_id,
                device=row.device,
                scan_id=row.device_scan_id,
                lane=row.lane,
                kind=row.scan_kind,
                scanned_at=row.scanned_at,
                happened_at=row.happened_at,
                received_at=row.received_at,
                verdict=row.verdict,
                code=row.code,
                decided=row.decided,
                flags=row.flags,
                clock_off_seconds=row.clock_off_seconds,
                slip=row.slip_reference,
            ),
            other=row.other,
            opened_at=row.created_at,
            due_at=row.overdue_at,
            reason=row.reason,
            moves=[MoveShape.of(move, f"/api/v1/scan-clashes/{row.id}") for move in moves],
        )


class ScanClashList(PageOf):
    """The clashes, the newest first."""

    items: list[ScanClashShape]


@get("/scan-clashes", operation_id="list_clashes", tags=["scans"], verb="scan_clash.list")
async def list_clashes(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    gate: FromQuery[str | None] = None,
    in_state: Annotated[str | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> ScanClashList:
    """Return what contradicts at a gate and is not yet looked into, or what is in a `state`.

    refuses: not_allowed, not_found, invalid_fields.
    """
    if in_state is not None and in_state not in {one.name for one in SCAN_CLASH.states}:
        says = N_("Choose one of: {expected}.")
        facts = (("expected", ", ".join(one.name for one in SCAN_CLASH.states)),)
        raise INVALID(errors=[FieldError("state", "enum", says, facts)])
    before, most = parse_cursor(cursor), checked_limit(limit)
    async with services.store.reading() as connection:
        if gate is not None:
            await gates.gate(connection, gate)
        rows = await clash_service.clashes(
            connection,
            actor,
            gate=gate,
            states=(in_state,) if in_state else UNRESOLVED,
            before=before,
            limit=most + 1,
        )
    locale = locale_of(request)
    items = rows[:most]
    return ScanClashList(
        items=[ScanClashShape.of(row, actor, locale) for row in items],
        next=cursor_of(items[-1].created_at, items[-1].id) if len(rows) > most else None,
    )


class ClashExplanation(RequestBody):
    """How a clash is explained."""

    reason: str = Field(min_length=1, max_length=1000, pattern=KEEPABLE)


@post(
    "/scan-clashes/{clash_id:uuid}/resolve",
    operation_id="resolve_clash",
    status_code=200,
    tags=["scans"],
    verb="scan_clash.resolve",
)
async def resolve_clash(
    clash_id: FromPath[UUID],
    data: JSONBody[ClashExplanation],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[ScanClashShape]:
    """Say how a clash is explained; both records stay as they are.

    refuses: not_allowed, invalid_fields, not_found, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> ScanClashShape:
        await clash_service.resolve(unit, clash_id, data.reason, expected_version(request))
        row = await clash_service.get(unit.connection, actor, clash_id)
        return ScanClashShape.of(row, actor, locale_of(request))

    return await write(request, services, actor, work)


ROUTES = (list_clashes, resolve_clash)
