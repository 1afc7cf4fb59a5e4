"""A statement made once does what SQLAlchemy does with the same words, and stays in its place."""

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Any

import asyncpg
import pytest
from sqlalchemy import (
    ARRAY,
    Enum,
    Float,
    Integer,
    Select,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

import api
import border
import customs
import logistics
from border.core.actor import PROGRAM
from border.core.database import open_engine
from border.core.ids import new_id
from border.core.refusal import Refusal
from border.core.statement import Statement, none_of, one_of
from border.core.store import Store, Unit, table_of
from border.core.tables import GateRow
from border.embedded import Servers

GATE = {
    "code": "G1",
    "name_vi": "một",
    "name_zh": "一",
    "name_en": "one",
    "locode": "VNLCA",
    "opens": "07:00",
    "closes": "19:00",
    "source": "a test",
    "active": True,
}
_gate = table_of(GateRow)
ADD = Statement(insert(_gate).values({name: bindparam(name) for name in GATE}))
BY_CODES = Statement(
    select(_gate.c.code, _gate.c.active).where(one_of(_gate.c.code, "codes")).order_by(_gate.c.code)
)
CLOSE = Statement(update(_gate).where(_gate.c.code == bindparam("code")).values(active=False))


class Colour(StrEnum):
    """What no column of the product is."""

    RED = "red"


VALUES: dict[str, Any] = {
    "AutoString": "kẻ lạ 陳國華",
    "Text": "a\nb",
    "LargeBinary": b"\x00\xff",
    "Integer": 7,
    "BigInteger": 2**40,
    "Boolean": True,
    "Float": 0.3,
    "Time": time(21, 30),
    "Date": date(2026, 11, 27),
    "JSONB": {"a": [1, None, {"ß": 1.5}], "empty": {}},
    "Uuid": new_id(),
    "UTCDateTime": datetime(2026, 11, 27, 12, 0, 0, 7, timezone(timedelta(hours=7))),
    "ARRAY": ["x", "y"],
}


def column_types() -> dict[str, TypeEngine[Any]]:
    """Return one of each kind of type that the product's tables have."""
    tables = SQLModel.metadata.sorted_tables
    return {type(c.type).__name__: c.type for table in tables for c in table.columns}


async def raised(asked: Awaitable[Any]) -> BaseException:
    """Return what something asked raises."""
    with pytest.raises(BaseException) as caught:
        await asked
    return caught.value


@pytest.mark.parametrize("name", sorted(column_types().keys() - {"Xid8"}))
async def test_each_type_is_bound_and_read_as_sqlalchemy_does(name: str, store: Store) -> None:
    type_ = column_types()[name]
    for value in (VALUES[name], None):
        asked: Select[Any] = select(cast(bindparam("v", type_=type_), type_).label("v"))
        async with store.reading() as connection:
            theirs = (await connection.execute(asked, {"v": value})).scalar_one()
            (ours,) = await Statement(asked).rows(connection, v=value)
        assert (ours.v, type(ours.v)) == (theirs, type(theirs))
        if isinstance(theirs, datetime):
            assert ours.v.utcoffset() == theirs.utcoffset() == timedelta(0)


async def test_a_transactions_number_and_what_is_counted_are_read_alike(store: Store) -> None:
    type_ = column_types()["Xid8"]
    asked = select(
        cast(text("'77'"), type_).label("xid"),
        func.count().label("n"),
        func.sum(literal(2)).label("sum"),
        func.percentile_cont(0.5).within_group(literal(3)).label("middle"),
    )
    async with store.reading() as connection:
        theirs = (await connection.execute(asked)).one()
        ours = await Statement(asked).one(connection)
    assert ours is not None
    assert tuple(ours) == tuple(theirs)
    assert list(map(type, ours)) == list(map(type, theirs))


def test_what_sqlalchemy_makes_something_else_of_is_refused() -> None:
    for type_ in (Float(asdecimal=True), ARRAY(Float(asdecimal=True)), Enum(Colour)):
        with pytest.raises(TypeError, match="read by SQLAlchemy alone"):
            _ = Statement(select(literal(1, Integer).cast(type_))).sql


async def test_a_row_is_asked_as_sqlalchemys_are(store: Store) -> None:
    asked = select(
        _gate.c.code,
        _gate.c.active.label("items"),
        func.upper(_gate.c.code),
        _gate.c.code.label("x"),
    )
    await added(store)
    async with store.reading() as connection:
        theirs = (await connection.execute(asked)).one()
        ours = await Statement(asked).one(connection)
    assert ours is not None
    assert (ours.code, ours.items, ours.upper_1) == (theirs.code, theirs.items, theirs.upper_1)
    assert ours._mapping == dict(theirs._mapping)
    assert ours._asdict() == theirs._asdict()
    assert list(ours) == list(theirs)
    assert ours[0] == theirs[0]
    code, *_ = ours
    assert code == "G1"
    with pytest.raises(AttributeError, match="nothing"):
        _ = ours.nothing


async def added(store: Store, *codes: str) -> None:
    """Add gates, committed."""

    async def work(unit: Unit) -> None:
        for code in codes or ("G1",):
            assert await ADD.run(unit.connection, **GATE | {"code": code}) == 1

    await store.perform(PROGRAM, work)


async def test_rows_touched_are_counted_and_lists_are_one_parameter(store: Store) -> None:
    await added(store, "G1", "G2", "G3")
    others = Statement(select(_gate.c.code).where(none_of(_gate.c.code, "codes")))
    async with store.engine.begin() as connection:
        assert await CLOSE.run(connection, code="G2") == 1
        assert await CLOSE.run(connection, code="G9") == 0
        found = await BY_CODES.rows(connection, codes={"G1", "G2", "G7"})
        assert [(row.code, row.active) for row in found] == [("G1", True), ("G2", False)]
        assert await BY_CODES.rows(connection, codes=()) == []
        assert await others.value(connection, codes=["G1", "G2"]) == "G3"
        assert len(await others.rows(connection, codes=())) == 3


async def test_one_is_one_or_none_and_never_two(store: Store) -> None:
    await added(store, "G1", "G2")
    async with store.reading() as connection:
        assert (await BY_CODES.one(connection, codes=["G2"])).code == "G2"  # type: ignore[union-attr]
        assert await BY_CODES.one(connection, codes=["G9"]) is None
        assert await BY_CODES.value(connection, codes=["G9"]) is None
        with pytest.raises(MultipleResultsFound):
            await BY_CODES.one(connection, codes=["G1", "G2"])


async def test_what_is_given_must_be_what_is_asked_for(store: Store) -> None:
    async with store.reading() as connection:
        for given in ({}, {"codes": [], "more": 1}):
            assert isinstance(await raised(BY_CODES.rows(connection, **given)), TypeError)


def test_a_list_that_would_be_another_statement_each_time_is_refused() -> None:
    length = Statement(select(_gate).where(_gate.c.code.in_(bindparam("codes", expanding=True))))
    with pytest.raises(TypeError, match="one_of"):
        _ = length.sql


async def test_a_constant_list_stays_as_it_is_written(store: Store) -> None:
    await added(store, "G1", "G2", "G3")
    two = Statement(select(func.count()).where(_gate.c.code.in_(("G1", "G3"))))
    async with store.reading() as connection:
        assert await two.value(connection) == 2


async def test_the_first_statement_of_a_transaction_begins_it(store: Store) -> None:
    async def work(unit: Unit) -> None:
        await ADD.run(unit.connection, **GATE)
        raise RuntimeError

    assert isinstance(await raised(store.perform(PROGRAM, work)), RuntimeError)
    async with store.reading() as connection:
        assert await BY_CODES.rows(connection, codes=["G1"]) == []


async def test_it_shares_the_transaction_with_statements_of_sqlalchemy(store: Store) -> None:
    number = select(text("pg_current_xact_id()::text"))
    async with store.engine.begin() as connection:
        first = await Statement(number).value(connection)
        assert (await connection.execute(number)).scalar_one() == first
        assert await Statement(number).value(connection) == first


async def test_nothing_is_begun_where_it_is_only_read(store: Store) -> None:
    async with store.reading() as connection:
        number = Statement(select(text("pg_current_xact_id()::text")))
        assert await number.value(connection) != await number.value(connection)
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        assert not driver.is_in_transaction()


async def test_a_broken_fence_arrives_as_from_sqlalchemy(store: Store) -> None:
    await added(store)
    told = []
    for statement in (ADD, None):
        async with store.engine.connect() as connection:
            if statement:
                told.append(await raised(statement.run(connection, **GATE)))
            else:
                told.append(await raised(connection.execute(insert(_gate).values(GATE))))
    ours, theirs = told
    assert isinstance(ours, IntegrityError)
    assert isinstance(theirs, IntegrityError)
    assert type(ours.orig) is type(theirs.orig)
    assert ours.orig.sqlstate == theirs.orig.sqlstate == "23505"  # type: ignore[union-attr]
    assert "pk_gate" in str(ours.orig)
    assert str(ours.orig) == str(theirs.orig)
    assert isinstance(ours.driver_exception, asyncpg.UniqueViolationError)
    assert ours.statement
    assert "INSERT INTO gate" in ours.statement


async def test_a_value_the_driver_cannot_send_arrives_as_from_sqlalchemy(store: Store) -> None:
    asked = select(_gate).where(_gate.c.code == bindparam("code"))
    async with store.reading() as connection:
        ours = await raised(Statement(asked).rows(connection, code=7))
        theirs = await raised(connection.execute(asked, {"code": 7}))
        assert type(ours) is type(theirs)
        assert isinstance(ours, DBAPIError)
        nul = await raised(Statement(asked).rows(connection, code="a\0b"))
        assert nul.orig.sqlstate == "22021"  # type: ignore[attr-defined]


async def test_the_store_runs_again_what_lost_and_says_busy_for_what_is_held(
    store: Store, servers: Servers
) -> None:
    await added(store)
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await Statement(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")).run(
            unit.connection
        )
        await BY_CODES.rows(unit.connection, codes=["G1"])
        if attempts == 1:
            async with store.engine.begin() as rival:
                await CLOSE.run(rival, code="G1")
        await CLOSE.run(unit.connection, code="G1")

    await store.perform(PROGRAM, work)
    assert attempts == 2

    async def impatient(unit: Unit) -> None:
        await Statement(text("SET LOCAL lock_timeout = '50ms'")).run(unit.connection)
        await CLOSE.run(unit.connection, code="G1")

    async with store.engine.begin() as holder:
        await CLOSE.run(holder, code="G1")
        refused = await raised(store.perform(PROGRAM, impatient))
    assert isinstance(refused, Refusal)
    assert refused.code == "busy"


async def test_of_a_server_that_hung_up_one_learns_and_the_pool_is_made_anew(
    store: Store, servers: Servers
) -> None:
    engine = open_engine(servers.database_url, pool_size=2)
    lost, there = Store(engine, store.clock), Statement(select(literal(1)))
    try:
        async with lost.reading() as first, lost.reading() as second:
            for connection in (first, second):
                pid = await PID.value(connection)
                async with store.reading() as killer:
                    await killer.execute(select(func.pg_terminate_backend(pid)))
        told = []
        for _ in range(4):
            try:
                async with lost.reading() as connection:
                    assert await there.value(connection) == 1
            except DBAPIError as error:
                told.append(error.connection_invalidated)
        assert told == [True]
    finally:
        await engine.dispose()


BESIDE = ("border.migrations", "border.sandbox")
"""What runs in no transaction of the program."""
PID = Statement(select(func.pg_backend_pid()))


async def test_one_who_goes_away_while_it_runs_leaves_no_half_read_connection(
    servers: Servers,
) -> None:
    engine = open_engine(servers.database_url, pool_size=1)
    slow = Statement(select(func.pg_sleep(30)))
    try:

        async def wait() -> None:
            async with engine.connect() as connection:
                await slow.rows(connection)

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        waiting.cancel()
        assert isinstance(await raised(waiting), asyncio.CancelledError)
        async with asyncio.timeout(5), engine.connect() as connection:
            assert await Statement(select(literal(5))).value(connection) == 5
    finally:
        await engine.dispose()


async def test_it_is_prepared_once_a_connection(store: Store) -> None:
    await added(store)
    many = [Statement(select(literal(n).label(f"n{n}"), text(f"{n}"))) for n in range(250)]
    async with store.engine.connect() as connection:
        await BY_CODES.rows(connection, codes=["G1"])
        for each in many:  # More than the driver keeps by default.
            await each.rows(connection)
        name = text("SELECT name FROM pg_prepared_statements WHERE statement = :sql")
        sql = {"sql": BY_CODES.sql}
        before = (await connection.execute(name, sql)).scalars().all()
        await BY_CODES.rows(connection, codes=["G2"])
        await BY_CODES.rows(connection, codes=["G2", "G3"])
        assert (await connection.execute(name, sql)).scalars().all() == before
        assert len(before) == 1


async def test_a_set_keeps_its_plans_however_long_its_lists(store: Store) -> None:
    """Its control beside it: in a transaction of one, PostgreSQL plans for each list anew."""
    counts = text(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = :sql"
    )
    mine = Statement(select(_gate.c.code).where(one_of(_gate.c.code, "codes")))
    seen: list[Any] = []

    async def look(unit: Unit) -> None:
        for times in range(5):
            await mine.rows(unit.connection, codes=["G1"] * (times + 1))
        seen.extend(await unit.connection.execute(counts, {"sql": mine.sql}))

    async def together(units: Sequence[Unit]) -> Sequence[None]:
        await look(units[0])
        return [None for _ in units]

    await store.perform_together([(PROGRAM, None)], together)
    await store.perform(PROGRAM, look)
    assert seen == [(5, 0), (5, 5)]


async def test_every_statement_of_the_program_is_one_that_postgresql_takes(store: Store) -> None:
    packages = (border, customs, logistics, api)
    found = {
        f"{module.name}.{name}": made
        for package in packages
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__") and not module.name.startswith(BESIDE)
        for name, made in vars(importlib.import_module(module.name)).items()
        if isinstance(made, Statement)
    }
    async with store.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        for name, made in found.items():
            try:
                await driver.prepare(made.sql)
            except (TypeError, asyncpg.PostgresError) as error:
                pytest.fail(f"{name}: {error}")
