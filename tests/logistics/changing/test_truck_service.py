"""Another truck and another driver; a truck that two want at once, beside its negative control."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from border.core.actor import Actor
from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.core.store import table_of
from border.payments.charges.tables import ChargeRow
from logistics import booking_storage
from logistics.booking_service import BookingWithCharges
from logistics.booking_storage import BookedAlready
from logistics.changing import truck_service
from logistics.changing.change import ChangeDriver, SubstituteVehicle
from logistics.slot_rules import CHANGE_TERMS, CHANGES_SEED
from logistics.tables import BookingRow, SlipRow
from tests.logistics.conftest import SLIPS
from tests.logistics.test_booking_set import Rush

TERMS = CHANGE_TERMS.read(CHANGES_SEED.rows)[0]


async def substitute(
    yard: Any, id: UUID, actor: Actor | None = None, **changes: Any
) -> BookingWithCharges:
    """Let another truck come instead."""
    request = SubstituteVehicle(vehicle=yard.request(**changes).vehicle)
    changed: BookingWithCharges = await yard.does(
        actor or yard.trader,
        lambda unit: truck_service.substitute_vehicle(unit, id, request, None, SLIPS),
    )
    return changed


async def drive(yard: Any, id: UUID, actor: Actor | None = None, **driver: str) -> Any:
    """Let somebody else drive."""
    request = ChangeDriver.model_validate({"driver": driver})
    changed = await yard.does(
        actor or yard.trader,
        lambda unit: truck_service.change_driver(unit, id, request, None, SLIPS),
    )
    return changed.booking


async def refused(yard: Any, work: Any) -> str:
    """Try something; say how it was refused: by a field's code, if by a field."""
    before = await yard.counted()
    with pytest.raises(Refusal) as refusal:
        await work
    assert await yard.counted() == before
    errors = refusal.value.errors
    return errors[0].code if errors else refusal.value.code


async def test_another_truck_comes_in_the_same_hour_for_what_was_paid(
    yard: Any, clock: FixedClock
) -> None:
    goods = await yard.released()
    before = await yard.confirmed(await yard.slot(15), goods.id, plate="24C-123.45")
    after = (
        await substitute(yard, before.id, plate="29H-543.21", trailer_plate="29R-006.78")
    ).booking
    assert (after.plate, after.plate_typed, after.trailer_plate) == (
        "29H54321",
        "29H-543.21",
        "29R00678",
    )
    kept = ("state", "slot_id", "overdue_at", "driver", "moved")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert [charge.state for charge in await yard.rows(ChargeRow)] == ["settled"]
    told = next(iter(await yard.events("booking.substitute_vehicle")))
    assert told.payload == {
        "state": "confirmed",
        "direction": "export",
        "vehicle_class": "container_40",
    }
    assert told.private == {"plate": "29H54321", "left_plate": "24C12345"}
    clock.at = before.slot_starts_at
    assert (await yard.scan(before.slip_reference))["code"] == "REVOKED"
    other = await yard.scan(after.slip_reference, plate_seen="24C-123.45")
    assert other["code"] == "WRONG_VEHICLE"
    assert (await yard.scan(after.slip_reference, plate_seen="29H-543.21"))["code"] == "OK"
    # The truck left behind may be booked again.
    await yard.book(await yard.slot(16), plate="24C-123.45")


async def test_a_trailer_alone_is_changed_too(yard: Any) -> None:
    booked = await yard.book(await yard.slot(15), plate="24C-123.45", trailer_plate="24R-006.78")
    changed = await substitute(yard, booked.booking.id, plate="24C-123.45")
    assert (changed.booking.plate, changed.booking.trailer_plate) == ("24C12345", None)


async def test_another_driver_drives_and_his_name_stays_in_the_zone(yard: Any) -> None:
    before = (await yard.book(await yard.slot(15))).booking
    driver = {"name": "Lê Thị Mẫu", "document_number": "020304005006", "phone": "0912 345 678"}
    after = await drive(yard, before.id, **driver)
    assert after.driver == driver | {"phone": "+84912345678"}
    assert after.slip_reference != before.slip_reference
    told = next(iter(await yard.events("booking.change_driver")))
    assert told.payload == {"state": "confirmed", "direction": "export"}
    wrong = drive(yard, before.id, **(driver | {"phone": "12"}))
    assert await refused(yard, wrong) not in ("done", "")


async def test_what_cannot_come_instead_is_refused_with_a_way_out(yard: Any) -> None:
    slot = await yard.slot(15)
    await yard.book(slot, plate="29H-543.21", trailer_plate="29R-006.78")
    id = (await yard.confirmed(slot, (await yard.lodged()).id)).id
    smaller = {"class": "10t_to_18t", "payload_g": 12_000_000}
    ends = {
        "vehicle_already_booked": {"plate": "29H 54321"},
        "payload_outside_class": {"class": "under_4t"},
        "load_exceeds_payload": {"class": "under_4t", "payload_g": 1_000_000},
        "fee_differs": smaller,
    }
    for code, changes in ends.items():
        assert await refused(yard, substitute(yard, id, **changes)) == code
    towed = substitute(yard, id, trailer_plate="29R-006.78")
    assert await refused(yard, towed) == "vehicle_already_booked"
    assert await refused(yard, substitute(yard, id, yard.rival)) == "not_found"
    assert await refused(yard, substitute(yard, id, yard.guard)) == "not_allowed"
    empty = (await yard.book(slot)).booking.id
    for _ in range(TERMS.most_substitutions):
        await substitute(yard, empty, **smaller)
    assert await refused(yard, substitute(yard, empty)) == "substituted_too_often"


async def test_once_the_truck_has_come_it_is_this_one(yard: Any, clock: FixedClock) -> None:
    row = (await yard.book(await yard.slot(15))).booking
    clock.at = row.slot_starts_at
    await yard.scan(row.slip_reference, "arrival")
    assert await refused(yard, substitute(yard, row.id)) == "move_not_open"
    changing = drive(yard, row.id, name="Lê Thị Mẫu", document_number="020304005006")
    assert await refused(yard, changing) == "move_not_open"


async def meet(yard: Any) -> tuple[list[str], int]:
    """Let one truck come instead and be booked at the same time; return how both ended, how often
    the truck is booked."""
    slot = await yard.slot(15)
    id = (await yard.book(slot)).booking.id
    ended = await asyncio.gather(
        yard.tries(substitute(yard, id, plate="29H-543.21")),
        Rush(yard).ask(slot, yard.request(plate="29H-543.21")),
    )
    return list(ended), len(await yard.rows(BookingRow, plate="29H54321", state="confirmed"))


async def looked_before(*_: Any, **__: Any) -> BookedAlready:
    """Say what a look before the rival wrote says: nothing."""
    await asyncio.sleep(0.02)
    return BookedAlready(frozenset(), frozenset(), frozenset())


async def test_a_truck_that_two_want_at_once_comes_for_one(
    yard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "booked_already", looked_before)
    ended, times = await meet(yard)
    assert times == 1
    assert sorted(ended) in (
        ["booked", "vehicle_already_booked"],
        ["done", "vehicle_already_booked"],
    )


async def test_control_without_its_index_it_is_booked_twice(
    yard: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking_storage, "booked_already", looked_before)
    table = table_of(BookingRow)
    index = next(index for index in table.indexes if index.name == "uq_booking_live_plate")
    async with engine.begin() as connection:
        await connection.run_sync(index.drop)
    try:
        assert await meet(yard) == (["done", "booked"], 2)
    finally:
        async with engine.begin() as connection:
            await connection.execute(table.update().values(state="cancelled"))
            await connection.run_sync(index.create)


async def issue_twice(yard: Any) -> int:
    """Change the driver twice at once; return how many slips hold."""
    row = (await yard.book(await yard.slot(15))).booking
    names = ("Lê Thị Mẫu", "Vũ Văn Mẫu")
    await asyncio.gather(
        *(yard.tries(drive(yard, row.id, name=name, document_number="0203")) for name in names)
    )
    return len(await yard.rows(SlipRow, state="active"))


async def test_changed_twice_at_once_one_slip_holds(yard: Any) -> None:
    assert await issue_twice(yard) == 1
