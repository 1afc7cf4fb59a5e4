"""The gates of the zone."""

from litestar import get
from litestar.di import NamedDependency

from api.http.shapes import GateList, GateShape
from api.zone import Services
from border import gates


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
                name=row.names,
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


ROUTES = (list_gates,)
