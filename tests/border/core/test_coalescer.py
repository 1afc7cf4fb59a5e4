"""What is asked at once is done in one transaction, and each has an answer of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import IntegrityError

from border.core.actor import Actor
from border.core.coalescer import Coalescer
from border.core.event import current_request
from border.core.refusal import NOT_FOUND, Refusal
from border.core.store import Alone, Held, Later, Once, Store, StoredAnswer, Unit, table_of
from border.core.tables import AnsweredRow, EventRow
from border.core.writing import Clash, Writes, write_out

GATE = "KIM_THANH_II"


class Sealing:
    """Seals crates, those asked for at once together; a turn waits until it is `open`."""

    def __init__(self, yard: Any, **bounds: int) -> None:
        self.yard = yard
        self.turns: list[list[str]] = []
        self.alone: list[str] = []
        self.open, self.begun = asyncio.Event(), asyncio.Event()
        self.open.set()
        self.line: Coalescer[Any, int] = Coalescer(
            yard.store, self.together, self.by_itself, **bounds
        )

    def held(self, crate: Any) -> Held:
        return Held(type(crate), crate.id, crate.reference, crate.state, crate.version, crate.gate)

    async def together(
        self, units: Sequence[Unit], crates: Sequence[Any]
    ) -> Sequence[int | Refusal | Alone]:
        self.turns.append([crate.reference for crate in crates])
        self.begun.set()
        await self.open.wait()
        answers: list[int | Refusal | Alone] = []
        for unit, crate in zip(units, crates, strict=True):
            held = self.held(crate)
            unit.advance(held, "seal", payload={"who": crate.reference})
            if crate.weight_g == 404:
                answers.append(NOT_FOUND(what="crate"))
            elif crate.weight_g == 1:
                answers.append(Alone())
            else:
                answers.append(held.version)
        return answers

    async def by_itself(self, unit: Unit, crate: Any) -> int:
        self.alone.append(crate.reference)
        row = await unit.move(type(crate), crate.id, "seal", payload={"who": crate.reference})
        return row.version

    async def ask(self, crate: Any, actor: Actor | None = None) -> int:
        return await self.line.ask(actor or self.yard.carrier, crate)

    async def states(self, crates: Sequence[Any]) -> list[str]:
        found = {crate.id: crate.state for crate in await self.yard.rows()}
        return [found[crate.id] for crate in crates]


@asynccontextmanager
async def counted(store: Store) -> AsyncIterator[list[str]]:
    """Give the statements that the store sends meanwhile."""
    sent: list[str] = []

    def heard(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(store.engine.sync_engine, "before_cursor_execute", heard)
    try:
        yield sent
    finally:
        event.remove(store.engine.sync_engine, "before_cursor_execute", heard)


async def test_who_comes_while_a_transaction_runs_goes_together_into_the_next(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(6)]
    line = Sealing(yard, at_once=1)
    async with counted(yard.store) as sent:
        assert await asyncio.gather(*(line.ask(crate) for crate in crates)) == [2] * 6
    assert line.turns == [[crates[0].reference], [crate.reference for crate in crates[1:]]] or (
        line.turns == [[crate.reference for crate in crates]]
    )
    assert line.alone == []
    assert len(sent) == len(line.turns)  # everything of a transaction is one statement
    assert [crate.state for crate in await yard.rows()] == ["sealed"] * 6
    sealed = [e for e in await yard.rows(EventRow) if e.type == "crate.seal"]
    assert [e.subject for e in sealed] == [crate.reference for crate in crates]
    assert len({e.xid for e in sealed}) == len(line.turns)


async def test_one_refused_leaves_nothing_and_spoils_no_other(yard: Any) -> None:
    crates = [await yard.pack(weight_g=weight) for weight in (7, 404, 7)]
    line = Sealing(yard)
    answers = await asyncio.gather(*map(line.ask, crates), return_exceptions=True)
    assert [str(getattr(answer, "code", answer)) for answer in answers] == ["2", "not_found", "2"]
    assert await line.states(crates) == ["sealed", "packed", "sealed"]
    assert [e.type for e in await yard.rows(EventRow)].count("crate.seal") == 2


async def test_what_needs_a_transaction_of_its_own_gets_one(yard: Any) -> None:
    crates = [await yard.pack(weight_g=weight) for weight in (7, 1, 7)]
    line = Sealing(yard)
    assert await asyncio.gather(*map(line.ask, crates)) == [2, 2, 2]
    assert line.alone == [crates[1].reference]
    assert len({e.xid for e in await yard.rows(EventRow) if e.type == "crate.seal"}) == 2


async def test_each_acts_under_its_own_name_and_number(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(2)]
    line = Sealing(yard)

    async def ask(crate: Any, actor: Actor, number: str) -> None:
        current_request.set(number)
        await line.ask(crate, actor)

    await asyncio.gather(ask(crates[0], yard.carrier, "a"), ask(crates[1], yard.officer, "b"))
    sealed = [e for e in await yard.rows(EventRow) if e.type == "crate.seal"]
    wanted = [(str(yard.carrier.id), "a"), (str(yard.officer.id), "b")]
    assert [(e.actor, e.request_id) for e in sealed] == wanted


async def test_a_rival_who_was_quicker_is_met_by_the_one_concerned_alone(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(3)]
    await yard.move(crates[1], "seal", yard.carrier)  # The line still thinks it packed.
    line = Sealing(yard)
    answers = await asyncio.gather(*map(line.ask, crates), return_exceptions=True)
    assert [str(getattr(each, "code", each)) for each in answers] == ["2", "move_not_open", "2"]
    assert sorted(line.alone) == sorted(crate.reference for crate in crates)
    assert [crate.version for crate in await yard.rows()] == [2, 2, 2]


async def test_control_without_the_condition_the_rival_is_overwritten(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crate = await yard.pack()
    await yard.move(crate, "seal", yard.carrier)
    blind = Writes()
    held = Held(yard.Row, crate.id, crate.reference, "packed", 1, crate.gate)
    blind.move(held, "sealed", crate.created_at, {})
    async with yard.store.engine.begin() as connection:
        with pytest.raises(Clash):
            await write_out(connection, [blind])
        table = table_of(yard.Row)
        written = update(table).where(table.c.id == crate.id).values(version=held.version)
        assert (await connection.execute(written)).rowcount == 1  # What the condition prevented.


async def test_who_has_stopped_waiting_before_his_turn_is_not_done(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(3)]
    line = Sealing(yard, at_once=1)
    line.open.clear()
    first = asyncio.create_task(line.ask(crates[0]))
    await line.begun.wait()
    second, third = (asyncio.create_task(line.ask(crate)) for crate in crates[1:])
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    await asyncio.sleep(0)
    line.open.set()
    assert await third == 2
    # The one at work when he left is done all the same: his answer is what got lost.
    assert line.turns == [[crates[0].reference], [crates[2].reference]]
    assert await line.states(crates) == ["sealed", "packed", "sealed"]


async def test_a_full_line_says_so_at_once_and_takes_the_next_when_there_is_room(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(4)]
    line = Sealing(yard, at_once=1, size=1, room=2)
    line.open.clear()
    asked = [asyncio.create_task(line.ask(crates[0]))]
    await line.begun.wait()
    asked += [asyncio.create_task(line.ask(crate)) for crate in crates[1:3]]
    await asyncio.sleep(0)
    with pytest.raises(Refusal) as refused:
        await line.ask(crates[3])
    assert (refused.value.code, refused.value.kind.status) == ("overloaded", 503)
    assert 1 <= refused.value.facts["seconds"] <= 60
    line.open.set()
    assert await asyncio.gather(*asked) == [2, 2, 2]
    assert await line.ask(crates[3]) == 2


async def test_what_must_see_what_was_done_before_it_stands_first_in_the_next_turn(
    yard: Any,
) -> None:
    crates = [await yard.pack() for _ in range(3)]
    line = Sealing(yard, at_once=1, size=3)
    whole, put_off = line.together, list[str]()

    async def once_later(units: Sequence[Unit], asked: Sequence[Any]) -> Any:
        answers = list(await whole(units, asked))
        for place, crate in enumerate(asked):
            if place and crate.reference not in put_off:
                put_off.append(crate.reference)
                answers[place] = Later()
        return answers

    line.line = Coalescer(yard.store, once_later, line.by_itself, at_once=1, size=3)
    names = [crate.reference for crate in crates]
    assert await asyncio.gather(*map(line.ask, crates)) == [2, 2, 2]
    assert (line.turns, line.alone) == ([names, names[1:]], [])
    assert await line.states(crates) == ["sealed"] * 3


async def test_a_fault_is_told_to_everybody_and_the_line_goes_on(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(2)]
    line = Sealing(yard)
    whole = line.together

    async def broken(units: Sequence[Unit], asked: Sequence[Any]) -> Any:
        raise KeyError("a bug")

    line.line._together = broken
    answers = await asyncio.gather(*map(line.ask, crates), return_exceptions=True)
    assert [type(answer) for answer in answers] == [KeyError, KeyError]
    line.line._together = whole
    assert await line.ask(crates[0]) == 2


async def test_who_waits_for_a_turn_that_is_cut_off_is_told_so(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(2)]
    line = Sealing(yard)
    line.open.clear()
    asked = [asyncio.create_task(line.ask(crate)) for crate in crates]
    await line.begun.wait()
    for work in tuple(line.line._running):
        work.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 2
    line.open.set()
    assert await line.ask(crates[0]) == 2


async def test_a_row_that_breaks_a_rule_is_found_by_going_alone(yard: Any) -> None:
    crates = [await yard.pack() for _ in range(2)]
    line = Sealing(yard)

    async def doubled(units: Sequence[Unit], asked: Sequence[Any]) -> Any:
        for unit, crate in zip(units, asked, strict=True):
            unit.put(yard.Row, {**crate.model_dump(), "id": crate.id})
        return [0 for _ in units]

    async def alone(unit: Unit, crate: Any) -> int:
        unit.put(yard.Row, crate.model_dump())
        await unit.write_rows()
        return 0

    line.line._together, line.line._alone = doubled, alone
    answers = await asyncio.gather(*map(line.ask, crates), return_exceptions=True)
    assert [type(answer) for answer in answers] == [IntegrityError, IntegrityError]
    assert [crate.version for crate in await yard.rows()] == [1, 1]


async def test_rows_of_several_kinds_are_put_with_one_statement(yard: Any) -> None:
    line = Sealing(yard)

    async def begun(units: Sequence[Unit], asked: Sequence[Any]) -> Any:
        for unit in units:
            unit.begin(yard.Row, "packed", "pack", gate=GATE)
            unit.keep(Once(str(id(unit)), bytes(32)), StoredAnswer(201, b"{}"))
        return [0 for _ in units]

    line.line._together = begun
    async with counted(yard.store) as sent:
        assert await asyncio.gather(line.ask(None), line.ask(None)) == [0, 0]
    assert (len(sent), line.alone) == (1, [])
    assert [crate.state for crate in await yard.rows()] == ["packed"] * 2
    assert await yard.events() == [("crate.pack", 1)] * 2
    assert [kept.body for kept in await yard.rows(AnsweredRow)] == [b"{}"] * 2


async def test_a_held_record_takes_only_the_moves_of_its_life(yard: Any) -> None:
    crate = await yard.pack()

    async def work(unit: Unit) -> None:
        held = Held(yard.Row, crate.id, crate.reference, "packed", 1, crate.gate)
        with pytest.raises(ValueError, match="cannot open"):
            unit.advance(held, "open")
        unit.advance(held, "weigh", changes={"weight_g": 5})
        unit.advance(held, "seal", changes={"weight_g": 9})
        assert (held.state, held.version) == ("sealed", 3)

    await yard.store.perform(yard.carrier, work)
    (row,) = await yard.rows()
    assert (row.state, row.version, row.weight_g) == ("sealed", 3, 9)
    assert await yard.events() == [("crate.pack", 1), ("crate.weigh", 2), ("crate.seal", 3)]


async def test_an_event_that_somebody_listens_to_is_not_left_to_the_end(yard: Any) -> None:
    async def heard(unit: Unit, event: Any, row: Any) -> None:
        raise AssertionError("never asked")

    crate = await yard.pack()
    listened = yard.heard_by({"crate.seal": (heard,)})

    async def work(unit: Unit) -> None:
        held = Held(yard.Row, crate.id, crate.reference, "packed", 1, crate.gate)
        unit.advance(held, "seal")

    with pytest.raises(ValueError, match=r"crate\.seal is listened to"):
        await listened.store.perform(yard.carrier, work)
