"""Crates: a small record with a life, on which the ground floor proves itself.

Their table belongs to no package and no migration: it is made and dropped around each file.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import Column, MetaData, String, Table, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

from border.core.actor import Actor
from border.core.event import BEGINNING, Event
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.store import Reactions, Store, Unit, table_of
from border.core.tables import AnsweredRow, EventRow, PostponedRow, Record, record_args
from border.platform.feed import read

CRATE = Lifecycle(
    "crate",
    "A crate in the yard.",
    noun="Crate",
    states=(
        State(
            "packed", "is packed", owner="carrier", timeout=timedelta(hours=2), on_timeout="expire"
        ),
        State("sealed", "is sealed", owner="officer", timeout=timedelta(days=1)),
        State("opened", "was opened"),
        State("expired", "was forgotten"),
    ),
    initial=("packed",),
    moves=(
        Move("weigh", ("packed",), "packed", by=("carrier",), label="Weigh"),
        Move("seal", ("packed",), "sealed", by=("carrier",), label="Seal"),
        Move("open", ("sealed",), "opened", by=("officer",), label="Open"),
        Move("expire", ("packed",), "expired", by=(SYSTEM,), label="Expire", offered=False),
    ),
)


class CratePayload(Payload):
    """What an event of a crate may say; none of it must be said."""

    weight_g: Annotated[int, Meaning("Weight of the crate.")] | None = None
    seal: Annotated[str, Meaning("Number of the seal.")] | None = None
    who: Annotated[str, Meaning("Who tells of it.")] | None = None
    count: Annotated[int, Meaning("Count of a test.", older="number_of_crate")] | None = None
    ballast: Annotated[str, Meaning("Something long.")] | None = None
    crate_plate: Annotated[str, Meaning("Plate of the crate's truck.", private=True)] | None = None
    driver: Annotated[str, Meaning("Who drove it.", private=True)] | None = None


EVENTS = events_of(
    CRATE,
    CratePayload,
    besides=(
        Besides("pack", "Pack", ("carrier",)),
        Besides("update", "Correct", ("carrier",)),
    ),
)
YARD = MetaData(naming_convention=SQLModel.metadata.naming_convention)


class CrateRow(Record, table=True):
    """A crate."""

    metadata: ClassVar[MetaData] = YARD
    lifecycle: ClassVar[Lifecycle] = CRATE
    prefix: ClassVar[str] = "CRT"
    __tablename__ = "crate"
    __table_args__ = record_args(CRATE)

    weight_g: int = 0


MARK = Table("mark", YARD, Column("place", String, nullable=False))
"""What a reader of the feed noted down; nothing keeps it from noting twice."""
CARRIER = Actor(UUID(int=1), "a carrier", frozenset({"carrier"}))
OFFICER = Actor(UUID(int=2), "an officer", frozenset({"officer"}))


@dataclass(frozen=True)
class Yard:
    """The crates of one test: what it starts from and what it asks afterwards."""

    store: Store
    Row: type[CrateRow] = CrateRow
    carrier: Actor = CARRIER
    officer: Actor = OFFICER

    def heard_by(self, reactions: Reactions) -> "Yard":
        """Return the same yard with somebody who listens."""
        return replace(self, store=Store(self.store.engine, self.store.clock, reactions))

    async def pack(self, **words: Any) -> CrateRow:
        """Create a crate, as the carrier."""

        async def work(unit: Unit) -> CrateRow:
            return await unit.create(CrateRow, "packed", "pack", gate="KIM_THANH_II", **words)

        return await self.store.perform(self.carrier, work)

    async def move(self, crate: CrateRow, verb: str, by: Actor, **words: Any) -> CrateRow:
        """Move a crate."""

        async def work(unit: Unit) -> CrateRow:
            return await unit.move(CrateRow, crate.id, verb, **words)

        return await self.store.perform(by, work)

    async def rows(self, model: type[SQLModel] = CrateRow) -> list[Any]:
        """Return every row of a table as it was committed, the oldest first."""
        order = {EventRow: "seq", AnsweredRow: "kept_at", PostponedRow: "failed_at"}
        first = order.get(model, "created_at")
        statement = select(table_of(model)).order_by(text(first))
        async with self.store.reading() as connection:
            return [model(**row._mapping) for row in await connection.execute(statement)]

    async def mark(self, unit: Unit, events: Sequence[Event]) -> None:
        """Note the places of events, in the transaction that takes them."""
        await unit.connection.execute(insert(MARK), [{"place": str(f.cursor)} for f in events])

    async def marks(self) -> list[str]:
        """Return every place that was noted, in order."""
        async with self.store.reading() as connection:
            return sorted((await connection.execute(select(MARK.c.place))).scalars())

    async def feed(self, **words: Any) -> list[Event]:
        """Return the feed from its beginning as it can be read now."""
        async with self.store.reading() as connection:
            return await read(connection, BEGINNING, **words)

    async def events(self) -> list[tuple[str, int]]:
        """Return type and version of every event in the order they were written."""
        return [(event.type, event.version) for event in await self.rows(EventRow)]


@pytest.fixture(scope="module")
async def crate_table(engine: AsyncEngine) -> AsyncIterator[None]:
    """The table of crates, for as long as a file's tests run."""
    async with engine.begin() as connection:
        await connection.run_sync(YARD.create_all)
    yield
    async with engine.begin() as connection:
        await connection.run_sync(YARD.drop_all)


@pytest.fixture
async def yard(crate_table: None, store: Store) -> Yard:
    """An empty yard on the empty database."""
    async with store.engine.begin() as connection:
        for table in YARD.sorted_tables:
            await connection.execute(delete(table))
    return Yard(store)


@pytest.fixture
def settled(engine: AsyncEngine) -> Callable[[], Awaitable[None]]:
    """Wait until every transaction of this moment has ended, so that the feed shows it all.

    A server counts the transactions of all its databases in one row, so the feed may wait for
    strangers; what is asserted here is never how long.
    """

    async def wait() -> None:
        async with engine.connect() as connection:
            asked = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
            end = (await connection.execute(text(asked))).scalar_one()
            ended = f"SELECT pg_snapshot_xmin(pg_current_snapshot()) >= '{end}'::xid8"
            async with asyncio.timeout(20):
                while not (await connection.execute(text(ended))).scalar_one():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)

    return wait
