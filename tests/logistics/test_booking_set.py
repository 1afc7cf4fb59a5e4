"""Bookings asked for at the same time: one transaction, each with its own answer, none oversold."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from border.core.answers import number_of
from border.core.clock import FixedClock
from border.core.database import insert_rows
from border.core.ids import new_id, new_reference
from border.core.refusal import Refusal
from border.core.store import Once, StoredAnswer, Unit, table_of
from border.core.tables import AnsweredRow, EventRow
from border.payments.charges.tables import ChargeRow
from border.payments.ledger.tables import JournalRow
from customs.tables import DeclarationRow
from logistics import booking_service, booking_set_service, booking_storage, storage
from logistics.booking import BookingRequest
from logistics.booking_service import BookingWithCharges
from logistics.tables import BookingDeclarationRow, BookingRow, SlotRow
from tests.border.core.test_coalescer import counted
from tests.logistics.conftest import SLIPS
from tests.logistics.test_booking_service import so_many_more, taken, unchecked

ASKED, OTHERWISE = b"a" * 32, b"b" * 32


@pytest.fixture
async def goods(yard: Any) -> list[UUID]:
    """Lodged goods for sixty trucks."""
    return await many_goods(yard, 60)


async def many_goods(yard: Any, number: int) -> list[UUID]:
    """Lodge goods once, and put so many of the same beside them."""
    one = await yard.lodged()
    made = [
        {
            **one.model_dump(),
            "id": new_id(),
            "reference": new_reference(DeclarationRow.prefix),
            "customs_number": f"40{place:010d}",
        }
        for place in range(number)
    ]
    async with yard.store.engine.begin() as connection:
        await insert_rows(connection, table_of(DeclarationRow), made)
    return [row["id"] for row in made]


class Rush:
    """Asks for bookings at the same time, and keeps how each ended."""

    def __init__(self, yard: Any, lines: int = 1) -> None:
        self.yard = yard
        # More lines than one are as many processes of the program.
        self.lines = [booking_set_service.bookings(yard.store, SLIPS) for _ in range(lines)]

    async def ask(
        self, slot: SlotRow | UUID, wanted: BookingRequest, once: Once | None = None, **who: Any
    ) -> str:
        """Ask for one booking; say `booked`, `again`, or how it was refused."""
        self.lines.append(self.lines.pop(0))
        asked = booking_set_service.AskedBooking(
            slot if isinstance(slot, UUID) else slot.id, wanted, _says, once
        )
        try:
            answer = await self.lines[0].ask(who.get("actor", self.yard.trader), asked)
        except Refusal as refusal:
            return refusal.code
        return "again" if answer.replayed else "booked"

    async def all(self, slot: SlotRow, *wanted: BookingRequest) -> list[str]:
        """Ask for many at once."""
        return await asyncio.gather(*(self.ask(slot, one) for one in wanted))


def _says(booked: BookingWithCharges) -> StoredAnswer:
    return StoredAnswer(201, booked.booking.reference.encode())


async def transactions(yard: Any, type: str = "booking.hold") -> int:
    """Return how many transactions recorded a type of event."""
    return len({e.xid for e in await yard.rows(EventRow, type=type)})


async def test_who_asks_at_the_same_time_is_booked_in_one_transaction_in_order(
    yard: Any, goods: list[UUID]
) -> None:
    slot, wanted = await yard.slot(), [yard.request(id) for id in goods[:20]]
    assert await Rush(yard).all(slot, *wanted) == ["booked"] * 20
    assert await transactions(yard) == await transactions(yard, "charge.owe") == 1
    assert await taken(yard, slot) == 20
    rows = {row.reference: row for row in await yard.rows(BookingRow)}
    held = [e.subject for e in await yard.events("booking.hold")]
    assert [rows[reference].plate for reference in held] == [
        one.vehicle.plate.replace("-", "") for one in wanted
    ]
    owed = await yard.rows(ChargeRow)
    assert {charge.subject: charge.amount_minor for charge in owed} == dict.fromkeys(held, 800_000)
    assert len(await yard.rows(JournalRow)) == 20
    told = [(e.type, e.key) for e in await yard.events("booking.hold", "charge.owe")]
    assert told == [(type, one) for one in held for type in ("booking.hold", "charge.owe")]


async def test_twenty_take_no_statement_more_than_one(yard: Any, goods: list[UUID]) -> None:
    slot, later = await yard.slot(), await yard.slot(16)
    await Rush(yard).all(slot, yard.request(goods[0]))  # The rules are known from now on.
    sent: list[int] = []
    for first, number in ((1, 1), (2, 20)):
        async with counted(yard.store) as statements:
            rush, asked = Rush(yard), goods[first : first + number]
            ended = await asyncio.gather(
                *(
                    rush.ask((slot, later)[n % 2], yard.request(id), Once(f"k{id}", ASKED))
                    for n, id in enumerate(asked)
                )
            )
        assert ended == ["booked"] * number
        sent.append(len(statements))
    assert sent == [9, 9]


@pytest.mark.parametrize("loaded", [True, False])
async def test_the_answer_says_what_is_read_of_the_booking_afterwards(
    yard: Any, goods: list[UUID], loaded: bool
) -> None:
    said: list[BookingWithCharges] = []

    def says(booked: BookingWithCharges) -> StoredAnswer:
        said.append(booked)
        return _says(booked)

    asked = booking_set_service.AskedBooking(
        (await yard.slot()).id,
        yard.request(*(goods[:1] if loaded else []), trailer_plate="24R-006.78"),
        says,
    )
    await yard.bookings.ask(yard.trader, asked)
    async with yard.store.reading() as connection:
        found = await booking_service.get(connection, yard.trader, said[0].booking.id)
    assert vars(said[0].booking) == dict(found.booking._mapping)
    assert [charge.model_dump() for charge in said[0].charges] == [
        charge.model_dump() for charge in found.charges
    ]


async def test_every_refusal_stands_beside_those_who_are_booked(
    yard: Any, goods: list[UUID], clock: FixedClock
) -> None:
    slot, over = await yard.slot(places=6), await yard.slot(7)
    full, other_way = await yard.slot(16, places=1), await yard.slot(direction="import")
    clock.at = max(clock.now(), over.ends_at)
    theirs, drafted = await yard.lodged(yard.rival), await yard.released()
    await yard.move(drafted, "hold", reason="A question is open.")
    await yard.book(full, goods[0], plate="24C-123.45", trailer_plate="24R-006.78")
    before = await yard.counted()
    async with yard.store.engine.begin() as connection:
        later = clock.now().replace(year=2099)
        await connection.execute(
            update(storage.slot)
            .where(storage.slot.c.id == other_way.id)
            .values(opens_at=later, closes_at=later, ends_at=later)
        )
    rush, one = Rush(yard), iter(goods[1:])
    wanted: list[tuple[str, Any]] = [
        ("booked", rush.ask(slot, yard.request(next(one), plate="24C-777.77"))),
        ("not_allowed", rush.ask(slot, yard.request(next(one)), actor=yard.guard)),
        ("invalid_fields", rush.ask(slot, yard.request(next(one), payload_g=1))),
        ("not_found", rush.ask(new_id(), yard.request(next(one)))),
        ("not_found", rush.ask(slot, yard.request(theirs.id))),
        ("slot_over", rush.ask(over, yard.request(next(one)))),
        ("slot_not_open_yet", rush.ask(other_way, yard.request(next(one)))),
        ("slot_full", rush.ask(full, yard.request(next(one)))),
        ("declaration_not_bookable", rush.ask(slot, yard.request(drafted.id))),
        ("declaration_already_booked", rush.ask(slot, yard.request(goods[0]))),
        ("vehicle_already_booked", rush.ask(slot, yard.request(next(one), plate="24C 12345"))),
        (
            "vehicle_already_booked",
            rush.ask(slot, yard.request(next(one), trailer_plate="24R-00678")),
        ),
        ("vehicle_already_booked", rush.ask(slot, yard.request(next(one), plate="24C-777.77"))),
        ("booked", rush.ask(slot, yard.request())),
        ("booked", rush.ask(slot, yard.request(next(one)))),
    ]
    assert await asyncio.gather(*(work for _, work in wanted)) == [code for code, _ in wanted]
    after = await yard.counted()
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {
        "booking": 3,
        "booking_declaration": 2,
        "charge": 2,
        "journal": 2,
        "posting": grown["posting"],
        "slip": 1,
        "passage": 1,
        "event": 8,
    }
    assert await taken(yard, slot) == 3


async def test_places_run_out_in_the_order_of_arrival_and_exactly(
    yard: Any, goods: list[UUID]
) -> None:
    slot = await yard.slot(places=20)
    await yard.book(slot, goods[0])
    wanted = [yard.request(id) for id in goods[1:31]]
    ended = await Rush(yard).all(slot, *wanted)
    assert ended == ["booked"] * 19 + ["slot_full"] * 11
    assert await taken(yard, slot) == len(await yard.rows(BookingRow, state="held")) == 20
    assert await Rush(yard).all(slot, yard.request(goods[40])) == ["slot_full"]


# ── keys ─────────────────────────────────────────────────────────────────────────────────────


async def test_one_key_many_times_at_once_has_one_booking_and_one_answer(
    yard: Any, goods: list[UUID]
) -> None:
    slot, wanted = await yard.slot(), yard.request(goods[0])
    rush, once = Rush(yard), Once("k", ASKED)
    ended = await asyncio.gather(
        *(rush.ask(slot, wanted, once) for _ in range(6)),
        rush.ask(slot, yard.request(goods[1]), Once("other", ASKED)),
        rush.ask(slot, yard.request(goods[2]), once, actor=yard.rival),
    )
    assert ended[0] == ended[6] == "booked"
    assert set(ended[1:6]) <= {"again", "still_running"}
    assert ended[7] == "not_found"  # The key is the rival's own, the goods are not.
    assert await rush.ask(slot, wanted, once) == "again"
    assert await rush.ask(slot, wanted, Once("k", OTHERWISE)) == "idempotency_key_reused"
    assert len(await yard.rows(BookingRow)) == await taken(yard, slot) == 2
    (kept,) = await yard.rows(AnsweredRow, key="k")
    assert (kept.fingerprint, kept.status) == (ASKED, 201)
    assert kept.body.decode() in {row.reference for row in await yard.rows(BookingRow)}


async def test_a_repeat_and_a_key_in_use_spoil_no_other(yard: Any, goods: list[UUID]) -> None:
    slot, rush, first = await yard.slot(), Rush(yard), yard.request(goods[0])
    assert await rush.ask(slot, first, Once("kept", ASKED)) == "booked"
    async with yard.store.engine.begin() as elsewhere:
        number = number_of("answer", yard.trader.name_in_events, "held")
        await elsewhere.execute(select(func.pg_advisory_xact_lock(number)))
        ended = await asyncio.gather(
            rush.ask(slot, first, Once("kept", ASKED)),
            rush.ask(slot, yard.request(goods[1]), Once("kept", OTHERWISE)),
            rush.ask(slot, yard.request(goods[2]), Once("held", ASKED)),
            rush.ask(slot, yard.request(goods[3]), Once("new", ASKED)),
        )
    assert ended == ["again", "idempotency_key_reused", "still_running", "booked"]
    assert await rush.ask(slot, yard.request(goods[2]), Once("held", ASKED)) == "booked"
    assert await taken(yard, slot) == 3


async def test_a_refusal_is_not_kept_under_its_key(yard: Any, goods: list[UUID]) -> None:
    slot, wanted = await yard.slot(places=0), yard.request(goods[0])
    rush = Rush(yard)
    assert await rush.ask(slot, wanted, Once("k", ASKED)) == "slot_closed"
    await yard.slot(places=1)
    assert await rush.ask(slot, wanted, Once("k", ASKED)) == "booked"


# ── rivals ───────────────────────────────────────────────────────────────────────────────────


async def test_a_rival_who_takes_a_plate_meanwhile_is_met_by_the_one_concerned_alone(
    yard: Any, goods: list[UUID]
) -> None:
    slot = await yard.slot()
    begun, go = asyncio.Event(), asyncio.Event()

    async def rival(unit: Unit) -> None:
        wanted = yard.request(goods[0], plate="24C-123.45")
        # Its plate is written, its place is not taken: the one thing two may wait for crosswise.
        other = (await yard.slot(16)).id
        await booking_set_service.book(unit, other, wanted, SLIPS)
        begun.set()
        await go.wait()

    ahead = asyncio.create_task(yard.does(yard.trader, rival))
    await begun.wait()
    wanted = [
        yard.request(goods[1]),
        yard.request(goods[2], plate="24C-123.45"),
        yard.request(goods[3]),
    ]
    following = asyncio.create_task(Rush(yard).all(slot, *wanted))
    await asyncio.sleep(0.1)
    go.set()
    await ahead
    assert await following == ["booked", "vehicle_already_booked", "booked"]
    assert await transactions(yard) == 3  # The rival's, and one for each of the two.
    assert await taken(yard, slot) == 2


async def test_a_killed_transaction_leaves_nothing(
    yard: Any, goods: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, before = await yard.slot(), await yard.counted()

    async def killed(connection: AsyncConnection, places: Any) -> bool:
        await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return True

    with monkeypatch.context() as patched:
        patched.setattr(booking_storage, "take_places", killed)
        wanted, rush = [yard.request(id) for id in goods[:5]], Rush(yard)
        ended = await asyncio.gather(
            *(rush.ask(slot, one) for one in wanted), return_exceptions=True
        )
    assert all(isinstance(one, DBAPIError) for one in ended)
    assert await yard.counted() == before
    assert await taken(yard, slot) == 0
    assert await Rush(yard).all(slot, *wanted) == ["booked"] * 5


async def test_five_hundred_places_are_not_oversold_by_two_processes(yard: Any) -> None:
    slot, goods = await yard.slot(places=500), await many_goods(yard, 540)
    ended = await Rush(yard, lines=2).all(slot, *(yard.request(id) for id in goods))
    assert Counter(ended) == {"booked": 500, "slot_full": 40}
    assert await taken(yard, slot) == len(await yard.rows(BookingRow)) == 500
    assert len(await yard.rows(BookingDeclarationRow)) == len(await yard.rows(ChargeRow)) == 500
    assert await transactions(yard) < 100


async def without_lock(connection: AsyncConnection, ids: Any) -> Any:
    """Read slots as one should not who is going to write them."""
    slot = storage.slot
    found = await connection.execute(select(slot).where(slot.c.id.in_(list(ids))))
    await asyncio.sleep(0.05)
    return {row.id: row for row in found}


async def take_blindly(connection: AsyncConnection, places: Any) -> bool:
    """Take places without looking how many are left."""
    slot = storage.slot
    for id, of in places.items():
        await connection.execute(update(slot).where(slot.c.id == id).values(**so_many_more(of)))
    return True


async def test_without_the_lock_the_condition_alone_holds_the_line(
    yard: Any, goods: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "locked_slots", without_lock)
    slot = await yard.slot(places=5)
    ended = await Rush(yard, lines=2).all(slot, *(yard.request(id) for id in goods[:12]))
    assert Counter(ended) == {"booked": 5, "slot_full": 7}
    assert await taken(yard, slot) == 5


async def test_control_with_every_fence_down_it_is_oversold(
    yard: Any, goods: list[UUID], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "locked_slots", without_lock)
    monkeypatch.setattr(booking_storage, "take_places", take_blindly)
    slot = await yard.slot(places=5)
    async with unchecked(engine):
        ended = await Rush(yard, lines=2).all(slot, *(yard.request(id) for id in goods[:12]))
        assert Counter(ended)["booked"] == len(await yard.rows(BookingRow)) == 10
