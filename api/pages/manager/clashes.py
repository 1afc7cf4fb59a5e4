"""What contradicts at the gates: the supervisor's list, and one clash with both of its records."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.gate.scanner import KIND_NAMES
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, show
from api.pages.kit.printed import rows_to_show
from api.pages.kit.timeline import CODE_NAMES
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from border.core.words import N_
from border.identity import policy
from logistics import clash_service
from logistics.booking import BOOKING
from logistics.gate_check import ScanKind
from logistics.scan_clash import SCAN_CLASH, UNRESOLVED
from logistics.scan_fact import FLAG_LABELS, ScanFlag

HERE = "/manager/clashes"
_MOST = 100
_LONGEST_REASON = 1000
STATE_LABELS = {state.name: state.label for state in SCAN_CLASH.states}
_DECIDED = {
    "admitted": N_("The device let the truck pass"),
    "refused": N_("The device turned the truck away"),
}


@get(HERE, include_in_schema=False, verb="page.manager")
async def show_clashes(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    resolved: FromQuery[bool] = False,
) -> Template:
    """Show what is not yet looked into, or what was."""
    most = rows_to_show(request, _MOST)
    states = ("resolved",) if resolved else UNRESOLVED
    async with services.store.reading() as connection:
        rows = await clash_service.clashes(connection, actor, states=states, limit=most + 1)
    return show(
        request,
        services,
        "manager/clashes.html",
        clashes=rows[:most],
        more=len(rows) > most,
        resolved=resolved,
        flag_labels={flag.value: label for flag, label in FLAG_LABELS.items()},
        state_labels=STATE_LABELS,
        kind_names={kind.value: name for kind, name in KIND_NAMES.items()},
    )


@get(f"{HERE}/{{clash_id:uuid}}", include_in_schema=False, verb="page.manager")
async def show_clash(
    clash_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Template:
    """Show one clash with both records, and the form to say how they go together."""
    return await _sheet(request, services, actor, clash_id)


@post(f"{HERE}/{{clash_id:uuid}}/resolve", status_code=303, verb="scan_clash.resolve")
async def resolve(clash_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Say how a clash is explained."""

    async def work(unit: Unit) -> str:
        reason = sent.text("reason")[:_LONGEST_REASON]
        await clash_service.resolve(unit, clash_id, reason, sent.version)
        return f"{HERE}/{clash_id}"

    return await sent.act(work, partial(_sheet, sent.request, sent.services, sent.actor, clash_id))


async def _sheet(request: AnyRequest, services: Services, actor: Actor, id: UUID) -> Template:
    async with services.store.reading() as connection:
        row = await clash_service.get(connection, actor, id)
    other = row.other or {}
    return show(
        request,
        services,
        "manager/clash.html",
        clash=row,
        says=FLAG_LABELS[ScanFlag(row.kind)],
        flags=[FLAG_LABELS[ScanFlag(flag)] for flag in row.flags],
        state_says=STATE_LABELS[row.state],
        scan_kind=KIND_NAMES[ScanKind(row.scan_kind)],
        code_says=CODE_NAMES[row.code],
        decided=_DECIDED.get(row.decided or ""),
        other=other,
        other_kind=KIND_NAMES[ScanKind(other["kind"])] if "kind" in other else None,
        other_state=BOOKING.state(other["state"]).label if other.get("type") == "booking" else None,
        other_at=datetime.fromisoformat(other["at"]) if "at" in other else None,
        moves=policy.open_moves(actor, SCAN_CLASH, row),
    )


ROUTES = (show_clashes, show_clash, resolve)
