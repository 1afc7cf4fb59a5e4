"""What is old is forgotten, a few rows at a time; what is not, and what somebody holds, stays."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text

from border.core import forgetting
from border.core.actor import PROGRAM
from border.core.clock import FixedClock
from border.core.database import table_of
from border.core.forgetting import AT_ONCE, forget
from border.core.store import Once, Store, StoredAnswer, Unit
from border.core.tables import AnsweredRow
from border.identity.jobs import jobs
from border.identity.tables import AccountRow, OrganisationRow, TokenRow
from border.settings import Settings

answered, tokens = table_of(AnsweredRow), table_of(TokenRow)
DAY = timedelta(days=1)


def an_answer(number: int, kept_at: datetime) -> dict[str, Any]:
    return {
        "caller": "account:1",
        "key": f"key-{number:05d}",
        "fingerprint": bytes(32),
        "status": 201,
        "body": b"{}",
        "kept_at": kept_at,
    }


async def answers(store: Store, rows: Sequence[dict[str, Any]]) -> None:
    async with store.engine.begin() as connection:
        await connection.execute(insert(answered), rows)


async def keys(store: Store) -> list[str]:
    async with store.reading() as connection:
        return list(await connection.scalars(select(answered.c.key).order_by(answered.c.key)))


async def test_only_what_is_older_is_forgotten(store: Store, clock: FixedClock) -> None:
    now = clock.now()
    ages = [timedelta(days=4), DAY, DAY - timedelta(seconds=1), timedelta(hours=1), timedelta(0)]
    await answers(store, [an_answer(n, now - age) for n, age in enumerate(ages)])

    assert await forget(store, AnsweredRow, "kept_at", DAY) == 2

    assert await keys(store) == ["key-00002", "key-00003", "key-00004"]


async def test_as_many_as_there_are_go_in_transactions_of_a_few(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = clock.now() - 2 * DAY
    await answers(store, [an_answer(n, old) for n in range(2 * AT_ONCE + 3)])
    perform, removed = store.perform, []

    async def counted(actor: Any, work: Any) -> Any:
        removed.append(await perform(actor, work))
        return removed[-1]

    monkeypatch.setattr(store, "perform", counted)

    assert await forget(store, AnsweredRow, "kept_at", DAY) == 2 * AT_ONCE + 3
    assert removed == [AT_ONCE, AT_ONCE, 3]
    assert await keys(store) == []


async def test_what_somebody_holds_is_passed_by_and_two_may_forget_at_once(
    store: Store, clock: FixedClock
) -> None:
    old = clock.now() - 2 * DAY
    await answers(store, [an_answer(n, old) for n in range(40)])

    async def holding(unit: Unit) -> None:
        await unit.connection.execute(
            select(answered).where(answered.c.key == "key-00007").with_for_update()
        )
        async with asyncio.timeout(20):
            both = [forget(store, AnsweredRow, "kept_at", DAY) for _ in range(2)]
            assert sum(await asyncio.gather(*both)) == 39

    await store.perform(PROGRAM, holding)

    assert await keys(store) == ["key-00007"]
    assert await forget(store, AnsweredRow, "kept_at", DAY) == 1


async def test_an_answer_is_repeated_for_as_long_as_it_is_kept(
    store: Store, clock: FixedClock
) -> None:
    kept = timedelta(hours=Settings().answers_kept_hours)
    (job,) = forgetting.jobs(store, kept)

    async def keep(unit: Unit) -> None:
        unit.keep(Once("once", bytes(32)), StoredAnswer(201, b"{}"))

    async def again(unit: Unit) -> StoredAnswer | None:
        return await unit.once(Once("once", bytes(32)))

    await store.perform(PROGRAM, keep)
    clock.advance(kept - timedelta(seconds=1))
    await job.run()
    assert await store.perform(PROGRAM, again) == StoredAnswer(201, b"{}", replayed=True)

    clock.advance(timedelta(seconds=1))
    await job.run()
    assert await store.perform(PROGRAM, again) is None


@pytest.mark.parametrize("hours", [0, 23])
def test_an_answer_cannot_be_kept_for_less_than_a_day(hours: int) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 24"):
        Settings(answers_kept_hours=hours)
    assert Settings(answers_kept_hours=24).answers_kept_hours == 24


@pytest.mark.parametrize(("kind", "age"), [(AnsweredRow, "kept_at"), (TokenRow, "expires_at")])
async def test_the_oldest_are_found_by_an_index_and_removed_by_their_key(
    kind: Any, age: str, store: Store
) -> None:
    statement = forgetting._oldest(kind, age).sql.replace("$1", "now()").replace("$2", "500")
    async with store.reading() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        plan = "\n".join(await connection.scalars(text(f"EXPLAIN {statement}")))
        await connection.execute(text("RESET enable_seqscan"))

    assert f"ix_{kind.__tablename__}_{age}" in plan
    assert f"pk_{kind.__tablename__}" in plan
    assert "Seq Scan" not in plan


async def test_a_token_is_forgotten_some_days_after_its_end(
    store: Store, clock: FixedClock
) -> None:
    now, week = clock.now(), timedelta(days=7)
    firm = OrganisationRow(id=UUID(int=1), name="A firm", kind="trader", tax_code="5300000001")
    account = AccountRow(
        id=UUID(int=2),
        email="a@example.vn",
        name="A",
        password_hash="x",
        roles=["trader"],
        organisation_id=firm.id,
    )
    ends = {b"a" * 32: now - week - DAY, b"b" * 32: now - DAY, b"c" * 32: now + DAY}
    async with store.engine.begin() as connection:
        await connection.execute(insert(table_of(OrganisationRow)).values(**firm.model_dump()))
        await connection.execute(insert(table_of(AccountRow)).values(**account.model_dump()))
        for digest, end in ends.items():
            row = TokenRow(
                digest=digest,
                account_id=account.id,
                purpose="page",
                made_at=end - DAY,
                expires_at=end,
                revoked_at=now if digest == b"c" * 32 else None,
            )
            await connection.execute(insert(tokens).values(**row.model_dump()))

    (job,) = jobs(store, week)
    await job.run()

    async with store.reading() as connection:
        left = await connection.scalars(select(tokens.c.digest).order_by(tokens.c.digest))
        assert list(left) == [b"b" * 32, b"c" * 32]
