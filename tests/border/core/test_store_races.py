"""Races on one record and on one key, each beside the same race without its fence."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from border.core.actor import Actor
from border.core.refusal import Refusal
from border.core.store import Once, StoredAnswer, Unit, table_of
from border.core.tables import AnsweredRow

T = TypeVar("T")
GATE = "KIM_THANH_II"
RIVALS = 8
ASKED, OTHERWISE = b"a" * 32, b"b" * 32


async def rush(yard: Any, act: Callable[[Unit], Awaitable[T]]) -> list[T | BaseException]:
    """Let rivals stand side by side, each in an open transaction, then let all act at once."""
    line = asyncio.Barrier(RIVALS)

    async def one() -> T:
        met = False

        async def work(unit: Unit) -> T:
            nonlocal met
            await unit.connection.execute(select(1))
            if not met:
                met = True
                await line.wait()
            return await act(unit)

        result: T = await yard.store.perform(yard.carrier, work)
        return result

    return await asyncio.gather(*(one() for _ in range(RIVALS)), return_exceptions=True)


async def test_of_many_who_make_one_move_at_once_exactly_one_wins(yard: Any) -> None:
    crate = await yard.pack()
    outcomes = await rush(yard, lambda unit: unit.move(yard.Row, crate.id, "seal"))
    won = [outcome for outcome in outcomes if isinstance(outcome, yard.Row)]
    lost = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(won) == 1
    assert lost == ["move_not_open"] * (RIVALS - 1)
    assert await yard.rows() == won
    assert await yard.events() == [("crate.pack", 1), ("crate.seal", 2)]


async def test_without_the_condition_on_the_state_everyone_wins(yard: Any) -> None:
    await yard.pack()
    table = table_of(yard.Row)

    async def seal(unit: Unit) -> Any:
        unfenced = update(table).values(state="sealed", version=table.c.version + 1)
        return (await unit.connection.execute(unfenced.returning(table.c.version))).scalar_one()

    assert sorted(await rush(yard, seal)) == list(range(2, RIVALS + 2))  # type: ignore[type-var]


async def test_of_many_who_worked_from_one_version_exactly_one_is_taken(yard: Any) -> None:
    crate = await yard.pack()
    outcomes = await rush(
        yard, lambda unit: unit.move(yard.Row, crate.id, "weigh", version=crate.version)
    )
    lost = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    assert lost == ["stale_version"] * (RIVALS - 1)
    assert [row.version for row in await yard.rows()] == [2]


async def test_without_a_version_all_of_them_are_taken_one_after_another(yard: Any) -> None:
    crate = await yard.pack()
    outcomes = await rush(yard, lambda unit: unit.move(yard.Row, crate.id, "weigh"))
    assert sorted(row.version for row in outcomes) == list(range(2, RIVALS + 2))  # type: ignore[union-attr]


async def pack(yard: Any, unit: Unit) -> StoredAnswer:
    """Create a crate and return the answer to be sent."""
    crate = await unit.create(yard.Row, "packed", "pack", gate=GATE)
    return StoredAnswer(201, f'{{"reference": "{crate.reference}"}}'.encode())


async def pack_once(yard: Any, unit: Unit, key: str, asked: bytes = ASKED) -> StoredAnswer:
    """Create a crate unless this key was answered before."""
    if before := await unit.once(Once(key, asked)):
        return before
    answer = await pack(yard, unit)
    unit.keep(Once(key, asked), answer)
    return answer


async def test_one_key_sent_by_many_at_once_has_its_effect_once(yard: Any) -> None:
    outcomes = await rush(yard, lambda unit: pack_once(yard, unit, "k"))
    assert len(await yard.rows()) == 1
    assert await yard.events() == [("crate.pack", 1)]
    answers = {outcome.body for outcome in outcomes if isinstance(outcome, StoredAnswer)}
    refused = {outcome.code for outcome in outcomes if isinstance(outcome, Refusal)}
    assert answers == {(await yard.rows(AnsweredRow))[0].body}
    assert refused <= {"still_running"}
    assert sum(isinstance(o, StoredAnswer) and not o.replayed for o in outcomes) == 1


async def test_without_the_key_the_effect_is_repeated(yard: Any) -> None:
    await rush(yard, lambda unit: pack(yard, unit))
    assert len(await yard.rows()) == RIVALS


async def test_while_a_request_runs_its_repeat_is_told_so_and_afterwards_gets_its_bytes(
    yard: Any,
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(unit: Unit) -> StoredAnswer:
        answer = await pack_once(yard, unit, "k")
        begun.set()
        await go_on.wait()
        return answer

    first = asyncio.create_task(yard.store.perform(yard.carrier, slowly))
    await begun.wait()
    with pytest.raises(Refusal) as caught:
        await yard.store.perform(yard.carrier, lambda unit: pack_once(yard, unit, "k"))
    assert (caught.value.code, caught.value.kind.retry) == ("still_running", True)
    go_on.set()
    answer = await first
    repeat = await yard.store.perform(yard.carrier, lambda unit: pack_once(yard, unit, "k"))
    assert (repeat.status, repeat.body, repeat.replayed) == (201, answer.body, True)
    assert len(await yard.rows()) == 1


async def test_a_key_used_for_another_request_is_refused(yard: Any) -> None:
    await yard.store.perform(yard.carrier, lambda unit: pack_once(yard, unit, "k"))
    with pytest.raises(Refusal) as caught:
        await yard.store.perform(yard.carrier, lambda unit: pack_once(yard, unit, "k", OTHERWISE))
    assert caught.value.kind.status == 422
    assert len(await yard.rows()) == 1


async def test_two_callers_may_use_one_key_and_one_caller_two_keys(yard: Any) -> None:
    other = Actor(UUID(int=9), "another carrier", frozenset({"carrier"}))
    for caller, key in ((yard.carrier, "k"), (other, "k"), (yard.carrier, "l")):
        answer = await yard.store.perform(caller, lambda unit, key=key: pack_once(yard, unit, key))
        assert not answer.replayed
    assert len(await yard.rows()) == 3


async def test_a_refused_request_leaves_its_key_free(yard: Any) -> None:
    async def refused(unit: Unit) -> None:
        crate = await unit.create(yard.Row, "packed", "pack", gate=GATE)
        assert await unit.once(Once("k", ASKED)) is None
        await unit.move(yard.Row, crate.id, "open")

    with pytest.raises(Refusal):
        await yard.store.perform(yard.carrier, refused)
    answer = await yard.store.perform(yard.carrier, lambda u: pack_once(yard, u, "k", OTHERWISE))
    assert not answer.replayed


async def test_a_transaction_killed_between_leaves_neither_effect_nor_key(yard: Any) -> None:
    async def killed(unit: Unit) -> None:
        await pack_once(yard, unit, "k")
        mine = await unit.connection.scalar(select(func.pg_backend_pid()))
        async with yard.store.engine.connect() as other:
            await other.execute(select(func.pg_terminate_backend(mine)))

    with pytest.raises(DBAPIError):
        await yard.store.perform(yard.carrier, killed)
    assert (await yard.rows(), await yard.events(), await yard.rows(AnsweredRow)) == ([], [], [])
    answer = await yard.store.perform(yard.carrier, lambda unit: pack_once(yard, unit, "k"))
    assert not answer.replayed
    assert len(await yard.rows()) == len(await yard.rows(AnsweredRow)) == 1
