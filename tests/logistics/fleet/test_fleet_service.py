"""A firm's trucks and drivers: entered, remembered from its bookings, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest

from border.core.clock import FixedClock
from border.core.refusal import Refusal
from border.vocabulary import VehicleClass
from logistics.booking import Driver
from logistics.fleet import fleet_service


async def trucks(yard: Any, actor: Any = None) -> list[Any]:
    """Return the trucks that are offered to a firm."""
    async with yard.store.reading() as connection:
        return await fleet_service.trucks(connection, actor or yard.trader)


async def drivers(yard: Any, actor: Any = None) -> list[Any]:
    """Return the drivers that are offered to a firm."""
    async with yard.store.reading() as connection:
        return await fleet_service.drivers(connection, actor or yard.trader)


async def test_what_a_firm_books_with_is_offered_to_it_the_last_one_first(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(15)
    for plate in ("24C-123.45", "29H-543.21"):
        await yard.book(slot, plate=plate)
        clock.advance(timedelta(minutes=1))
    assert [one.key for one in await trucks(yard)] == ["29H54321", "24C12345"]
    assert [one.name for one in await drivers(yard)] == ["Trần Văn Mẫu"]
    assert await trucks(yard, yard.rival) == await drivers(yard, yard.rival) == []


async def test_a_truck_that_was_entered_is_offered_as_it_was_entered(yard: Any) -> None:
    await yard.book(await yard.slot(15), plate="24C-123.45")
    changed = yard.request(plate="24C 12345", payload_g=27_000_000).vehicle
    kept = await yard.does(yard.trader, lambda unit: fleet_service.keep_truck(unit, changed))
    (offered,) = await trucks(yard)
    assert offered == kept
    assert (offered.payload_g, offered.kept, offered.booked_at is not None) == (
        27_000_000,
        True,
        True,
    )
    again = yard.request(plate="24C-123.45", payload_g=26_000_000).vehicle
    await yard.does(yard.trader, lambda unit: fleet_service.keep_truck(unit, again))
    assert [one.payload_g for one in await trucks(yard)] == [26_000_000]


async def test_a_driver_is_kept_under_his_document(yard: Any) -> None:
    for name in ("Lê Thị Mẫu", "Lê Thị Hồng"):
        person = Driver(name=name, document_number="020304", phone="0912345678")
        await yard.does(yard.trader, lambda unit, it=person: fleet_service.keep_driver(unit, it))
    (offered,) = await drivers(yard)
    assert (offered.name, offered.phone) == ("Lê Thị Hồng", "+84912345678")


async def test_a_file_keeps_its_good_rows_and_staff_keep_none(yard: Any) -> None:
    raw = b"plate,class,payload_kg\n24C-123.45,under_4t,3000\nnone,under_4t,3000\n"
    rows = await yard.does(yard.trader, lambda unit: fleet_service.take_file(unit, raw))
    assert [bool(row.errors) for row in rows] == [False, True]
    assert [one.key for one in await trucks(yard)] == ["24C12345"]
    with pytest.raises(Refusal) as refused:
        await yard.does(yard.guard, lambda unit: fleet_service.take_file(unit, raw))
    assert refused.value.code == "not_allowed"


async def test_what_is_wrong_with_a_truck_or_driver_is_told_by_its_own_field(yard: Any) -> None:
    truck = yard.request(payload_g=2_000_000).vehicle
    truck = truck.model_copy(update={"vehicle_class": VehicleClass.FROM_18T})
    driver = Driver(name="Trần Văn Mẫu", document_number="0123456789", phone="no number")
    wrong: dict[str, Any] = {
        "payload_g": lambda unit: fleet_service.keep_truck(unit, truck),
        "phone": lambda unit: fleet_service.keep_driver(unit, driver),
    }
    for field, keep in wrong.items():
        with pytest.raises(Refusal) as refused:
            await yard.does(yard.trader, keep)
        assert [error.field for error in refused.value.errors] == [field]
