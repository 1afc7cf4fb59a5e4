"""Gates and slots: where and when one can cross."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from api.shapes import GateList, GateShape, SlotList, SlotShape
from api.times import asked_day
from api.zone import Zone
from border import gates
from border.clock import local_date
from logistics import slot_service
from logistics.slot import Direction


@get("/gates", operation_id="list_gates", tags=["gates"])
async def list_gates(zone: NamedDependency[Zone]) -> GateList:
    """Return the gates of the zone with their lanes and usual hours (local)."""
    async with zone.store.reading() as connection:
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


@get("/slots", operation_id="list_slots", tags=["slots"])
async def list_slots(
    zone: NamedDependency[Zone],
    gate: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    date: FromQuery[str | None] = None,
) -> SlotList:
    """Return the slots of one local day (`YYYY-MM-DD`, today if left out), in order of time."""
    day = asked_day("date", date) or local_date(zone.store.clock.now())
    async with zone.store.reading() as connection:
        if gate is not None:
            await gates.gate(connection, gate)
        rows = await slot_service.slots_on(connection, gate, direction, day)
    return SlotList(next=None, items=[SlotShape.of(row) for row in rows])


ROUTES = (list_gates, list_slots)
