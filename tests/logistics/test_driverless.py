"""A vehicle that nobody drives: booked, paid, let in and out like any other, of its own class."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from border.core.refusal import Refusal
from logistics.booking import BookingRequest, Driver
from logistics.changing import truck_service
from logistics.changing.change import ChangeDriver, SubstituteVehicle
from logistics.fleet import fleet_service
from logistics.slip_service import load
from logistics.tables import BookingRow
from tests.logistics.conftest import SLIPS

DRIVER = Driver(name="Trần Văn Mẫu", document_number="010203004005")


def without_driver(request: BookingRequest) -> BookingRequest:
    """Return what is asked for without a word of who drives."""
    return request.model_copy(update={"driver": None})


async def errors_of(work: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as refused:
        await work
    return [(error.field, error.code) for error in refused.value.errors]


async def test_it_crosses_from_booking_to_exit_without_a_driver(yard: Any) -> None:
    goods = await yard.released()
    slot = await yard.slot(12)
    wanted = without_driver(yard.request(goods.id, driverless=True))
    booked = await yard.booking_of(slot, wanted)
    assert (booked.booking.driver, booked.booking.driverless) == (None, True)
    assert booked.booking.share_class == "driverless"
    await yard.open_payment(booked, "desk")
    booking = await yard.booking(booked)
    async with yard.store.reading() as connection:
        page = await load(connection, yard.guard, booking.slip_reference, "vi")
    assert page.view.driver_name is None
    for kind, said in (("arrival", "recorded"), ("entry", "admitted"), ("exit", "recorded")):
        answer = await yard.scan(booking.slip_reference, kind)
        assert answer["code"] == "OK", answer
        assert answer["verdict"] in (said, "admitted")
    assert (await yard.booking(booked)).state == "used"


async def test_everybody_else_names_a_driver_and_it_names_none(yard: Any) -> None:
    slot = await yard.slot(12)
    nobody = yard.booking_of(slot, without_driver(yard.request()))
    assert await errors_of(nobody) == [("driver", "missing")]
    both = yard.booking_of(slot, yard.request(driverless=True))
    assert await errors_of(both) == [("driver", "driverless_with_driver")]


async def test_it_is_not_changed_into_a_truck_with_a_driver_nor_back(yard: Any) -> None:
    slot = await yard.slot(18)
    driven = (await yard.book(slot)).booking
    driverless = (
        await yard.booking_of(slot, without_driver(yard.request(driverless=True)))
    ).booking
    other = SubstituteVehicle(vehicle=yard.request(driverless=True).vehicle)
    swapped = yard.does(
        yard.trader,
        lambda unit: truck_service.substitute_vehicle(unit, driven.id, other, None, SLIPS),
    )
    assert await errors_of(swapped) == [("vehicle.driverless", "driven_otherwise")]
    seated = yard.does(
        yard.trader,
        lambda unit: truck_service.change_driver(
            unit, driverless.id, ChangeDriver(driver=DRIVER), None, SLIPS
        ),
    )
    assert await errors_of(seated) == [("driver", "driverless_with_driver")]


async def test_the_database_too_wants_a_driver_of_all_others(yard: Any) -> None:
    await yard.book(await yard.slot(12))
    for change in ("driver = NULL", "driverless = true"):
        with pytest.raises(IntegrityError, match="ck_booking_driver"):
            async with yard.store.engine.begin() as connection:
                await connection.execute(text(f"UPDATE booking SET {change}"))
    assert len(await yard.rows(BookingRow)) == 1


async def test_a_file_of_trucks_says_which_nobody_drives_and_the_fleet_remembers(yard: Any) -> None:
    raw = (
        "plate,class,payload_kg,driverless\n24C-111.11,container_40,28000,yes\n"
        "24C-222.22,container_40,28000,no\n24C-333.33,container_40,28000,maybe\n"
    )
    rows = await yard.does(yard.trader, lambda unit: fleet_service.take_file(unit, raw.encode()))
    wrong = [(error.field, error.code) for row in rows for error in row.errors]
    assert wrong == [("lines.4.driverless", "not_readable")]
    wanted = without_driver(yard.request(driverless=True))
    await yard.booking_of(await yard.slot(12), wanted)
    async with yard.store.reading() as connection:
        trucks = await fleet_service.trucks(connection, yard.trader)
        assert await fleet_service.drivers(connection, yard.trader) == []
    assert {one.plate: one.driverless for one in trucks} == {
        "24C-111.11": True,
        "24C-222.22": False,
        **{one.plate: True for one in trucks if not one.kept},
    }
