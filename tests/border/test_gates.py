"""The gates and their lanes: seeded once, then the operator's."""

import pytest
from sqlalchemy import update

from border.core.refusal import Refusal
from border.core.store import Store, table_of
from border.core.tables import GateRow, LaneRow
from border.gates import SEED_GATES, SEED_LANES, all_gates, gate, lanes, load_seed, shown


@pytest.fixture
async def seeded(store: Store) -> Store:
    """A store with the seed gates."""
    async with store.engine.begin() as connection:
        await load_seed(connection)
    return store


def test_every_seeded_gate_says_where_its_facts_come_from_and_keeps_sound_hours() -> None:
    for row in SEED_GATES:
        assert row.source
        assert row.name_vi
        assert row.name_zh
        assert row.name_en
        for hour in (row.opens, row.closes):
            hours, _, minutes = hour.partition(":")
            assert 0 <= int(hours) < 24
            assert 0 <= int(minutes) < 60
            assert len(hour) == 5
        assert row.opens < row.closes


def test_every_seeded_gate_has_a_lane_in_each_direction() -> None:
    for row in SEED_GATES:
        ours = [lane for lane in SEED_LANES if lane.gate == row.code]
        assert {lane.direction for lane in ours} == {"export", "import"}
    assert {lane.gate for lane in SEED_LANES} == {row.code for row in SEED_GATES}


async def test_the_gates_come_busiest_first_with_their_lanes(seeded: Store) -> None:
    async with seeded.reading() as connection:
        assert await all_gates(connection) == list(SEED_GATES)
        found = await lanes(connection)
        assert (await gate(connection, "BAN_VUOC")).name_vi == "Bản Vược"
    assert [(lane.gate, lane.code) for lane in found] == sorted(
        (lane.gate, lane.code) for lane in SEED_LANES
    )


async def test_an_unknown_gate_is_not_found(seeded: Store) -> None:
    async with seeded.reading() as connection:
        with pytest.raises(Refusal) as caught:
            await gate(connection, "NOWHERE")
    assert caught.value.code == "not_found"


async def test_the_gate_asked_for_is_shown_else_the_first_of_those_in_use(seeded: Store) -> None:
    async with seeded.engine.begin() as connection:
        for code, first in (("BAN_VUOC", "BAN_VUOC"), ("NOWHERE", "KIM_THANH_II")):
            known, here = await shown(connection, code)
            assert (len(known), here.code) == (len(SEED_GATES), first)
        await connection.execute(update(table_of(GateRow)).values(active=False))
        with pytest.raises(Refusal, match="not_found"):
            await shown(connection, "BAN_VUOC")


async def test_seeding_again_leaves_what_the_operator_changed(seeded: Store) -> None:
    async with seeded.engine.begin() as connection:
        kim_thanh = table_of(GateRow).c.code == "KIM_THANH_II"
        await connection.execute(update(table_of(GateRow)).where(kim_thanh).values(closes="19:00"))
        await load_seed(connection)
        assert (await gate(connection, "KIM_THANH_II")).closes == "19:00"
        assert len(await all_gates(connection)) == len(SEED_GATES)


async def test_a_gate_or_lane_out_of_use_is_not_offered(seeded: Store) -> None:
    async with seeded.engine.begin() as connection:
        for model in (GateRow, LaneRow):
            table = table_of(model)
            where = table.c["code"].in_(["BAN_VUOC", "X2"])
            await connection.execute(update(table).where(where).values(active=False))
        assert "BAN_VUOC" not in [row.code for row in await all_gates(connection)]
        assert "X2" not in [row.code for row in await lanes(connection)]
