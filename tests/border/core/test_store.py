"""Records are created, moved and changed in one place, and a refusal leaves nothing behind."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from border.core.actor import PROGRAM, Actor
from border.core.clock import FixedClock
from border.core.event import Event
from border.core.ids import new_id, parse_reference
from border.core.refusal import Refusal
from border.core.store import (
    ATTEMPTS,
    Clash,
    Once,
    Store,
    StoredAnswer,
    Unit,
    open_engine,
    table_of,
)
from border.core.tables import AnsweredRow, EventRow, Record

GATE = "KIM_THANH_II"


async def refusal_of(asked: Awaitable[Any]) -> Refusal:
    """Return the refusal with which something asked is answered."""
    with pytest.raises(Refusal) as caught:
        await asked
    return caught.value


async def state_before(yard: Any) -> tuple[list[Any], list[tuple[str, int]], list[Any]]:
    """Return everything a refusal could have changed."""
    return await yard.rows(), await yard.events(), await yard.rows(AnsweredRow)


async def test_a_created_record_carries_its_state_its_hour_and_its_reference(
    yard: Any, clock: FixedClock
) -> None:
    crate = await yard.pack(weight_g=900)
    assert [crate] == await yard.rows()
    assert (crate.state, crate.version, crate.gate, crate.weight_g) == ("packed", 1, GATE, 900)
    assert crate.created_at == crate.changed_at == clock.now()
    assert crate.overdue_at == clock.now() + timedelta(hours=2)
    assert parse_reference(crate.reference, "CRT") == crate.reference


async def test_creating_records_an_event_in_the_same_transaction(
    yard: Any, clock: FixedClock
) -> None:
    crate = await yard.pack(payload={"weight_g": 900, "crate_plate": "24C-123.45"})
    (event,) = await yard.rows(EventRow)
    assert (event.type, event.version, event.gate) == ("crate.pack", 1, GATE)
    assert (event.subject, event.key) == (crate.reference, crate.reference)
    assert event.payload == {"state": "packed", "weight_g": 900}
    assert event.private == {"crate_plate": "24C-123.45"}
    assert event.actor == str(yard.carrier.id)
    assert event.happened_at == clock.now()
    async with yard.store.reading() as connection:
        written = "SELECT crate.xmin = event.xid::xid FROM crate, event"
        assert (await connection.execute(text(written))).scalar_one()


async def test_a_record_begins_only_as_its_life_begins(yard: Any) -> None:
    async def work(unit: Unit) -> Record:
        return await unit.create(yard.Row, "sealed", "pack", gate=GATE)

    with pytest.raises(ValueError, match="crate does not begin as sealed"):
        await yard.store.perform(yard.carrier, work)
    assert await state_before(yard) == ([], [], [])


async def test_the_database_itself_knows_the_states(yard: Any) -> None:
    crate = await yard.pack()
    table = table_of(yard.Row)
    for wrong in ({"state": "lost"}, {"version": 0}):
        with pytest.raises(IntegrityError, match="ck_crate"):
            async with yard.store.engine.begin() as connection:
                await connection.execute(update(table).values(**wrong))
    assert await yard.rows() == [crate]


async def test_a_move_changes_state_version_hour_and_columns_at_once(
    yard: Any, clock: FixedClock
) -> None:
    crate = await yard.pack()
    clock.advance(timedelta(minutes=5))
    sealed = await yard.move(
        crate, "seal", yard.carrier, version=1, changes={"weight_g": 7}, payload={"seal": "A1"}
    )
    assert await yard.rows() == [sealed]
    assert (sealed.state, sealed.version, sealed.weight_g) == ("sealed", 2, 7)
    assert (sealed.created_at, sealed.changed_at) == (crate.created_at, clock.now())
    assert sealed.overdue_at == clock.now() + timedelta(days=1)
    last = (await yard.rows(EventRow))[-1]
    assert (last.type, last.version, last.payload) == (
        "crate.seal",
        2,
        {"state": "sealed", "seal": "A1"},
    )


async def test_a_final_state_is_never_overdue(yard: Any) -> None:
    sealed = await yard.move(await yard.pack(), "seal", yard.carrier)
    opened = await yard.move(sealed, "open", yard.officer)
    assert opened.overdue_at is None


async def test_a_record_may_be_due_earlier_than_its_state_says(
    yard: Any, clock: FixedClock
) -> None:
    soon = clock.now() + timedelta(minutes=1)
    crate = await yard.pack(overdue_at=soon)
    assert crate.overdue_at == soon
    assert (await yard.move(crate, "seal", yard.carrier, overdue_at=soon)).overdue_at == soon


async def test_the_program_moves_by_itself_while_somebody_else_is_at_work(yard: Any) -> None:
    crate = await yard.pack()
    expired = await yard.move(crate, "expire", yard.carrier, actor=PROGRAM)
    assert expired.state == "expired"
    assert [event.actor for event in await yard.rows(EventRow)] == [str(UUID(int=1)), "system"]


async def test_who_may_not_is_told_before_what_is_missing_and_that_before_the_state(
    yard: Any,
) -> None:
    opened = await yard.move(
        await yard.move(await yard.pack(), "seal", yard.carrier), "open", yard.officer
    )
    nowhere = opened.model_copy(update={"id": new_id()})
    before = await state_before(yard)
    for crate in (nowhere, opened):
        refused = await refusal_of(yard.move(crate, "open", yard.carrier, version=1))
        assert (refused.kind.status, refused.facts["needs"]) == (403, ["officer"])
    refused = await refusal_of(yard.move(nowhere, "open", yard.officer, version=1))
    assert (refused.kind.status, refused.facts) == (404, {"what": "crate"})
    refused = await refusal_of(yard.move(opened, "open", yard.officer, version=1))
    assert refused.kind.status == 412
    assert refused.facts == {"subject": crate.reference, "given": 1, "current": 3}
    refused = await refusal_of(yard.move(opened, "open", yard.officer, version=3))
    assert (refused.kind.status, refused.facts["allowed"]) == (409, ["—"])
    assert await state_before(yard) == before


async def test_a_conflict_names_what_is_open_to_the_one_who_asked(yard: Any) -> None:
    sealed = await yard.move(await yard.pack(), "seal", yard.carrier)
    both = Actor(UUID(int=3), "both", frozenset({"carrier", "officer"}))
    refused = await refusal_of(yard.move(sealed, "weigh", both))
    assert refused.facts == {
        "subject": sealed.reference,
        "state": "sealed",
        "verb": "weigh",
        "allowed": ["open"],
    }
    assert refused.detail().endswith("Open to you now: open.")


@pytest.mark.parametrize("verb", ["burn", "expire"])
async def test_a_verb_nobody_has_is_open_to_nobody(yard: Any, verb: str) -> None:
    refused = await refusal_of(yard.move(await yard.pack(), verb, yard.carrier))
    assert (refused.code, refused.facts["needs"]) == ("not_allowed", ["—"])


async def test_a_further_condition_that_fails_refuses_the_move(yard: Any) -> None:
    crate = await yard.pack(weight_g=0)
    heavy = table_of(yard.Row).c.weight_g > 0
    refused = await refusal_of(yard.move(crate, "seal", yard.carrier, where=heavy))
    assert refused.code == "move_not_open"
    assert await yard.rows() == [crate]


async def test_a_change_keeps_the_state_and_counts_the_version(
    yard: Any, clock: FixedClock
) -> None:
    crate = await yard.pack()
    clock.advance(timedelta(minutes=1))

    async def change(version: int | None, *states: str) -> Any:
        return await yard.store.perform(
            yard.carrier,
            lambda unit: unit.change(yard.Row, crate.id, version, states, weight_g=5),
        )

    changed = await change(1, "packed")
    assert (changed.state, changed.version, changed.weight_g) == ("packed", 2, 5)
    assert (changed.overdue_at, changed.changed_at) == (crate.overdue_at, clock.now())
    assert (await yard.events())[-1] == ("crate.update", 2)
    before = await state_before(yard)
    assert (await refusal_of(change(1, "packed"))).code == "stale_version"
    assert (await refusal_of(change(2, "sealed"))).code == "move_not_open"
    crate.id = new_id()
    assert (await refusal_of(change(None, "packed"))).code == "not_found"
    assert await state_before(yard) == before


async def test_a_refusal_takes_back_everything_done_before_it(yard: Any) -> None:
    crate = await yard.pack()
    before = await state_before(yard)

    async def work(unit: Unit) -> None:
        await unit.create(yard.Row, "packed", "pack", gate=GATE)
        await unit.move(yard.Row, crate.id, "seal")
        unit.keep(Once("k", b"f" * 32), StoredAnswer(201, b"{}"))
        await unit.move(yard.Row, crate.id, "seal")

    assert (await refusal_of(yard.store.perform(yard.carrier, work))).code == "move_not_open"
    assert await state_before(yard) == before


async def test_one_transaction_may_move_one_record_several_times(yard: Any) -> None:
    async def work(unit: Unit) -> None:
        crate = await unit.create(yard.Row, "packed", "pack", gate=GATE)
        await unit.move(yard.Row, crate.id, "weigh")
        await unit.move(yard.Row, crate.id, "seal")

    await yard.store.perform(yard.carrier, work)
    assert await yard.events() == [("crate.pack", 1), ("crate.weigh", 2), ("crate.seal", 3)]


async def test_those_who_listen_run_in_the_same_transaction_and_may_cause_more(yard: Any) -> None:
    heard: list[tuple[str, int]] = []

    async def seal(unit: Unit, event: Event, row: Record | None) -> None:
        assert row is not None
        heard.append((event.type, row.version))
        await unit.move(yard.Row, row.id, "seal")

    async def listen(_: Unit, event: Event, row: Record | None) -> None:
        assert row is not None
        heard.append((event.type, row.version))

    listened = yard.heard_by({"crate.pack": [seal], "crate.seal": [listen]})
    await listened.pack()
    assert heard == [("crate.pack", 1), ("crate.seal", 2)]
    assert await yard.events() == [("crate.pack", 1), ("crate.seal", 2)]
    async with yard.store.reading() as connection:
        numbers = await connection.execute(text("SELECT count(DISTINCT xid::text) FROM event"))
        assert numbers.scalar_one() == 1


async def test_a_listener_that_fails_takes_back_what_it_listened_to(yard: Any) -> None:
    crate = await yard.pack()
    before = await state_before(yard)

    async def fail(unit: Unit, event: Event, row: Record | None) -> None:
        await unit.create(yard.Row, "packed", "pack", gate=GATE)
        raise RuntimeError("the listener fell over")

    with pytest.raises(RuntimeError, match="fell over"):
        await yard.heard_by({"crate.seal": [fail]}).move(crate, "seal", yard.carrier)
    assert await state_before(yard) == before


async def test_who_waits_is_woken_when_the_event_can_be_seen(yard: Any) -> None:
    async def look() -> list[tuple[str, int]]:
        assert await yard.store.committed.wait(5)
        seen: list[tuple[str, int]] = await yard.events()
        return seen

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    await yard.pack()
    assert await looking == [("crate.pack", 1)]


async def test_nobody_is_woken_when_nothing_was_recorded(yard: Any) -> None:
    async def look(unit: Unit) -> None:
        assert await unit.fetch(yard.Row, table_of(yard.Row).c.version == 99) is None

    async def give_up(unit: Unit) -> None:
        await unit.create(yard.Row, "packed", "pack", gate=GATE)
        raise RuntimeError

    waiting = asyncio.create_task(yard.store.committed.wait(0.1))
    await asyncio.sleep(0)
    await yard.store.perform(yard.carrier, look)
    with pytest.raises(RuntimeError):
        await yard.store.perform(yard.carrier, give_up)
    assert not await waiting


async def test_fetching_finds_one_row_or_none(yard: Any) -> None:
    crate = await yard.pack()
    table = table_of(yard.Row)

    async def work(unit: Unit) -> None:
        assert await unit.fetch(yard.Row, table.c.id == crate.id, lock=True) == crate
        assert await unit.fetch(yard.Row, table.c.id == new_id()) is None

    await yard.store.perform(yard.carrier, work)


async def test_work_that_clashes_is_run_again_from_the_start(yard: Any) -> None:
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.create(yard.Row, "packed", "pack", gate=GATE)
        if attempts < 3:
            raise Clash

    await yard.store.perform(yard.carrier, work)
    assert attempts == 3
    assert await yard.events() == [("crate.pack", 1)]


async def test_work_that_always_clashes_ends_as_busy_with_nothing_changed(yard: Any) -> None:
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.create(yard.Row, "packed", "pack", gate=GATE)
        raise Clash

    refused = await refusal_of(yard.store.perform(yard.carrier, work))
    assert (refused.code, refused.kind.retry, attempts) == ("busy", True, ATTEMPTS)
    assert await state_before(yard) == ([], [], [])


async def test_a_serialization_failure_is_run_again(yard: Any) -> None:
    crate = await yard.pack()
    table = table_of(yard.Row)
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        await unit.connection.execute(select(table.c.id))
        if attempts == 1:
            await yard.move(crate, "weigh", yard.carrier)
        await unit.connection.execute(update(table).values(weight_g=table.c.weight_g + 1))

    await yard.store.perform(yard.carrier, work)
    (now,) = await yard.rows()
    assert (attempts, now.weight_g, now.version) == (2, 1, 2)


async def test_of_two_who_wait_for_each_other_one_is_run_again_and_both_are_done(
    yard: Any,
) -> None:
    first, second = await yard.pack(), await yard.pack()
    line = asyncio.Barrier(2)
    attempts = 0

    async def weigh(one: Any, other: Any) -> None:
        met = False

        async def work(unit: Unit) -> None:
            nonlocal attempts, met
            attempts += 1
            await unit.connection.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
            await unit.move(yard.Row, one.id, "weigh")
            if not met:
                met = True
                await line.wait()
            await unit.move(yard.Row, other.id, "weigh")

        await yard.store.perform(yard.carrier, work)

    await asyncio.gather(weigh(first, second), weigh(second, first))
    assert attempts > 2
    assert [crate.version for crate in await yard.rows()] == [3, 3]


async def test_a_record_held_for_too_long_is_busy(yard: Any) -> None:
    crate = await yard.pack()

    async def work(unit: Unit) -> None:
        await unit.connection.execute(text("SET LOCAL lock_timeout = '30ms'"))
        await unit.move(yard.Row, crate.id, "seal")

    async with yard.store.engine.connect() as holder:
        await holder.execute(update(table_of(yard.Row)).values(weight_g=1))
        refused = await refusal_of(yard.store.perform(yard.carrier, work))
        await holder.rollback()
    assert refused.code == "busy"
    assert await yard.rows() == [crate]


async def test_no_statement_waits_for_ever(yard: Any) -> None:
    waits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    async with yard.store.reading() as connection:
        for setting in waits:
            told = (await connection.execute(text(f"SHOW {setting}"))).scalar_one()
            assert told not in ("0", ""), setting
        assert (await connection.execute(text("SHOW timezone"))).scalar_one() == "UTC"


async def test_no_connection_to_be_had_in_time_is_busy(yard: Any, servers: Any) -> None:
    crowded = open_engine(servers.database_url, pool_size=1)
    crowded.pool._timeout = 0.05  # type: ignore[attr-defined]  (ten seconds otherwise)
    store = Store(crowded, yard.store.clock)
    try:
        async with crowded.connect():
            refused = await refusal_of(
                store.perform(yard.carrier, lambda unit: unit.once(Once("k", b"")))
            )
    finally:
        await crowded.dispose()
    assert refused.code == "busy"


async def test_a_fault_of_the_database_is_no_refusal(yard: Any) -> None:
    with pytest.raises(DBAPIError):
        await yard.store.perform(
            yard.carrier, lambda unit: unit.connection.execute(text("SELECT 1 / 0"))
        )
    copy = (await yard.pack()).model_dump()
    with pytest.raises(IntegrityError):
        await yard.store.perform(
            yard.carrier,
            lambda unit: unit.connection.execute(insert(table_of(yard.Row)).values(**copy)),
        )
