"""Gates and slots: where and when one can cross."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from api.http.shapes import GateList, GateShape, SlotList, SlotShape
from api.http.times import asked_day
from api.zone import Services
from border import gates
from border.core.clock import local_date
from border.vocabulary import Direction
from logistics import slot_service


@get("/gates", operation_id="list_gates", tags=["gates"], verb="gate.list")
async def list_gates(services: NamedDependency[Services]) -> GateList:
    """Return the gates of the zone with their lanes and usual hours (local)."""
    async with services.store.reading() as connection:
        rows, lanes = await gates.all_gates(connection), await gates.lanes(connection)
    return GateList(
        next=None,
        items=[
            GateShape(
                code=row.code,
                name={"vi": row.name_vi, "zh": row.name_zh, "en": row.name_en},
                locode=row.locode,
                lanes=[
                    {"code": lane.code, "direction": lane.direction}
                    for lane in lanes
                    if lane.gate == row.code
                ],
                hours={"opens": row.opens, "closes": row.closes},
            )
            for row in rows
        ],
    )


@get("/slots", operation_id="list_slots", tags=["slots"], verb="slot.list")
async def list_slots(
    services: NamedDependency[Services],
    gate: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    date: FromQuery[str | None] = None,
) -> SlotList:
    """Return the slots of one local day (`YYYY-MM-DD`, today if left out), in order of time.

    refuses: not_found, invalid_fields.
    """
    at = services.store.clock.now()
    day = asked_day("date", date) or local_date(at)
    async with services.store.reading() as connection:
        if gate is not None:
            await gates.gate(connection, gate)
        rows = await slot_service.slots_on(connection, gate, direction, day)
    return SlotList(next=None, items=[SlotShape.of(row, at) for row in rows])


ROUTES = (list_gates, list_slots)
