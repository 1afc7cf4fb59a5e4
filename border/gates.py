"""The gates of the zone and their lanes: where something happens."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.reading import row, rows
from border.core.refusal import NOT_FOUND
from border.core.statement import Statement
from border.core.store import table_of
from border.core.tables import GateRow, LaneRow
from border.vocabulary import Direction

_gate = table_of(GateRow)
_lane = table_of(LaneRow)
_IN_USE = Statement(select(_gate).where(_gate.c.active))
_BY_CODE = Statement(select(_gate).where(_gate.c.code == bindparam("code")))
_LANES = Statement(select(_lane).where(_lane.c.active).order_by(_lane.c.gate, _lane.c.code))

SEED_GATES = (
    GateRow(
        code="KIM_THANH_II",
        name_vi="Kim Thành II",
        name_zh="金城二号",
        name_en="Kim Thanh II",
        locode="VNLCA",
        opens="07:00",
        closes="22:00",
        source="hours to 19:00, to 22:00 at peaks; lanes of barrier No. 1 since 1 November 2024",
    ),
    GateRow(
        code="BAN_VUOC",
        name_vi="Bản Vược",
        name_zh="板伏",
        name_en="Ban Vuoc",
        locode="VNLCA",
        opens="07:00",
        closes="19:00",
        source="named in Decision 453/QĐ-TTg of 18 March 2026; hours unconfirmed",
    ),
    GateRow(
        code="MUONG_KHUONG",
        name_vi="Mường Khương",
        name_zh="芒康",
        name_en="Muong Khuong",
        locode="VNLCA",
        opens="07:00",
        closes="17:00",
        source="main gate of the zone; hours unconfirmed",
    ),
)
"""The gates as public sources name them; an operator changes them as data."""

SEED_LANES = tuple(
    LaneRow(gate=gate, code=code, direction="export" if code[0] == "X" else "import")
    for gate, lanes in {
        "KIM_THANH_II": [
            ("X1", "export"),
            ("X2", "export"),
            ("N1", "import"),
            ("N2", "import"),
            ("N3", "import"),
        ],
        "BAN_VUOC": [("X1", "export"), ("N1", "import")],
        "MUONG_KHUONG": [("X1", "export"), ("N1", "import")],
    }.items()
    for code, direction in lanes
)


async def load_seed(connection: AsyncConnection) -> None:
    """Put the seed gates and lanes where they are missing; what an operator changed stays."""
    for model, seed in ((GateRow, SEED_GATES), (LaneRow, SEED_LANES)):
        statement = insert(table_of(model)).values([one.model_dump() for one in seed])
        await connection.execute(statement.on_conflict_do_nothing())


async def set_hours(connection: AsyncConnection, code: str, opens: str, closes: str) -> None:
    """Set a gate's usual hours, local `HH:MM`. writes: gate."""
    await connection.execute(
        update(_gate).where(_gate.c.code == code).values(opens=opens, closes=closes)
    )


async def all_gates(connection: AsyncConnection) -> list[GateRow]:
    """Return the gates in use, the busiest first as seeded."""
    order = {gate.code: place for place, gate in enumerate(SEED_GATES)}
    found = await rows(connection, GateRow, _IN_USE)
    return sorted(found, key=lambda row: (order.get(row.code, len(order)), row.code))


async def shown(connection: AsyncConnection, code: str) -> tuple[list[GateRow], GateRow]:
    """Return the gates in use, and of these the one of a code, else the first. refuses: not_found.

    For a page on which one is chosen.
    """
    known = await all_gates(connection)
    if not known:
        raise NOT_FOUND(what="gate")
    return known, next((one for one in known if one.code == code), known[0])


async def gate(connection: AsyncConnection, code: str) -> GateRow:
    """Return one gate. refuses: not_found."""
    found = await row(connection, GateRow, _BY_CODE, code=code)
    if found is None:
        raise NOT_FOUND(what="gate")
    return found


async def lanes(connection: AsyncConnection) -> Sequence[LaneRow]:
    """Return every lane in use."""
    return await rows(connection, LaneRow, _LANES)


async def lanes_of(connection: AsyncConnection, gate: str, direction: str) -> list[str]:
    """Return the codes of the lanes in use that a direction of a gate passes; transit any."""
    return [
        one.code
        for one in await lanes(connection)
        if one.gate == gate and direction in (one.direction, Direction.TRANSIT)
    ]
