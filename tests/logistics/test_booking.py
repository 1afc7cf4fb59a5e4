"""What a booking asks for, checked; and the life of a booking."""

from typing import Any

import pytest
from pydantic import ValidationError

from border.core.ids import new_id
from border.core.lifecycle import SYSTEM
from border.vocabulary import VehicleClass
from logistics.booking import BOOKING, LIVE, BookingRequest, check, fee_group, too_heavy
from logistics.booking_service import priority_of


def asked(**changes: Any) -> dict[str, Any]:
    """Return a booking of an empty truck, with changes to it or to its vehicle."""
    vehicle = {"plate": "24C-123.45", "country": "VN", "class": "container_40", "payload_g": 10**7}
    body = {
        "vehicle": vehicle,
        "driver": {"name": "Trần Văn Mẫu", "document_number": "010203004005"},
        "empty": True,
    }
    mine = {
        name: value for name, value in changes.items() if name in vehicle | {"trailer_plate": 0}
    }
    rest = {name: value for name, value in changes.items() if name not in mine}
    return body | {"vehicle": vehicle | mine} | rest


def errors_in(**changes: Any) -> dict[str, str]:
    """Return the fields in error with their codes."""
    return {e.field: e.code for e in check(BookingRequest.model_validate(asked(**changes)))[1]}


def test_a_plate_is_kept_as_typed_and_compared_without_its_marks() -> None:
    vehicle, errors = check(BookingRequest.model_validate(asked(trailer_plate="24R-006.78")))
    assert not errors
    assert vehicle is not None
    assert (vehicle.plate.typed, vehicle.plate.normalised) == ("24C-123.45", "24C12345")
    assert vehicle.trailer is not None
    assert vehicle.trailer.normalised == "24R00678"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"plate": "ZZZZZZ"}, "vehicle.plate"),
        ({"plate": "24C-123.45", "country": "CN"}, "vehicle.plate"),
        ({"trailer_plate": "????"}, "vehicle.trailer_plate"),
        ({"plate": "24R-012.34"}, "vehicle.plate"),
        ({"trailer_plate": "24C-123.45"}, "vehicle.trailer_plate"),
        ({"driver": {"name": "Lan", "document_number": "1234", "phone": "12"}}, "driver.phone"),
    ],
)
def test_a_plate_or_a_phone_that_cannot_be_right_is_named(
    changes: dict[str, Any], field: str
) -> None:
    assert list(errors_in(**changes)) == [field]


def test_a_tractor_and_a_trailer_of_two_countries_go_together() -> None:
    vehicle, errors = check(BookingRequest.model_validate(asked(trailer_plate="云G1234挂")))
    assert not errors
    assert vehicle is not None
    assert vehicle.trailer is not None
    assert (vehicle.plate.country, vehicle.trailer.country) == ("VN", "CN")


def test_the_driver_can_be_called_at_the_number_that_is_kept() -> None:
    driver = {"name": "Lan", "document_number": "1234", "phone": "+84 0912 345 678"}
    vehicle, errors = check(BookingRequest.model_validate(asked(driver=driver)))
    assert not errors
    assert vehicle is not None
    assert vehicle.driver["phone"] == "+84912345678"


@pytest.mark.parametrize(
    ("name", "payload_g", "fits"),
    [
        ("under_4t", 3_999_999, True),
        ("under_4t", 4_000_000, False),
        ("4t_to_10t", 4_000_000, True),
        ("4t_to_10t", 10_000_000, False),
        ("10t_to_18t", 10_000_000, True),
        ("10t_to_18t", 18_000_000, False),
        ("18t_and_over", 18_000_000, True),
        ("18t_and_over", 17_999_999, False),
        ("container_20", 1, True),
        ("container_40", 100_000_000, True),
    ],
)
def test_the_payload_lies_in_its_class_half_open(name: str, payload_g: int, fits: bool) -> None:
    changes = {"class": name, "payload_g": payload_g}
    assert errors_in(**changes) == ({} if fits else {"vehicle.payload_g": "payload_outside_class"})


@pytest.mark.parametrize(
    ("gross_g", "fits"), [(0, True), (10**7, True), (10**7 + 1, False), (19_000_000, False)]
)
def test_goods_heavier_than_the_truck_carries_are_refused(gross_g: int, fits: bool) -> None:
    vehicle = BookingRequest.model_validate(asked()).vehicle
    errors = too_heavy(gross_g, vehicle)
    assert [(e.field, e.code) for e in errors] == (
        [] if fits else [("vehicle.payload_g", "load_exceeds_payload")]
    )
    if gross_g == 19_000_000:
        assert "19000 kg" in errors[0].detail()
        assert "10000 kg" in errors[0].detail()


def test_every_class_of_the_fee_table_can_be_booked() -> None:
    assert {str(one) for one in VehicleClass} == {
        "under_4t",
        "4t_to_10t",
        "10t_to_18t",
        "18t_and_over",
        "container_20",
        "container_40",
    }


def test_an_empty_truck_carries_nothing_and_a_full_one_something() -> None:
    id = new_id()
    assert errors_in(declaration_ids=[id]) == {"declaration_ids": "empty_with_declarations"}
    assert errors_in(empty=False) == {"declaration_ids": "required"}
    assert errors_in(empty=False, declaration_ids=[id, id]) == {"declaration_ids": "repeated"}
    assert errors_in(empty=False, declaration_ids=[id]) == {}


def test_everything_wrong_is_said_at_once() -> None:
    found = errors_in(plate="ZZZZZZ", trailer_plate="????", payload_g=1, empty=False)
    assert list(found) == ["vehicle.plate", "vehicle.trailer_plate", "declaration_ids"]


@pytest.mark.parametrize(
    "changes",
    [
        {"plate": "24C\x00123.45"},
        {"driver": {"name": "a\x00b", "document_number": "12345"}},
        {"payload_g": 0},
        {"payload_g": -(10**30)},
        {"payload_g": 10**30},
        {"class": "tank"},
        {"country": "US"},
        {"colour": "red"},
        {"driver": {"name": "L" * 121, "document_number": "12345"}},
        {"declaration_ids": [str(new_id())] * 9},
    ],
)
def test_a_wrong_shape_is_no_booking_at_all(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BookingRequest.model_validate(asked(**changes))


@pytest.mark.parametrize(
    ("regime", "direction", "group"),
    [
        ("B11", "export", "ordinary"),
        ("A11", "import", "ordinary"),
        ("G21", "import", "temporary"),
        ("G22", "export", "temporary"),
        (None, "transit", "temporary"),
        ("A11", "transit", "temporary"),
        (None, "export", "ordinary"),
    ],
)
def test_goods_that_only_pass_through_pay_by_their_own_column(
    regime: str | None, direction: str, group: str
) -> None:
    assert fee_group(regime, direction) == group


def test_trucks_are_called_perishable_first_and_empty_last() -> None:
    assert priority_of(["perishable"], False) == "perishable"
    assert priority_of(["oversize", "live_animals"], False) == "perishable"
    assert priority_of(["oversize"], False) == "ordinary"
    assert priority_of([], True) == "empty"


def test_a_live_booking_is_exactly_one_that_something_can_still_happen_to() -> None:
    assert {state.name for state in BOOKING.states} - BOOKING.final == LIVE


def test_every_live_booking_ends_by_itself_when_its_time_is_over() -> None:
    for name in LIVE:
        state = BOOKING.state(name)
        assert state.on_timeout
        assert state.timeout
        assert any(
            SYSTEM in move.by and name in move.sources for move in BOOKING.of(state.on_timeout)
        )


def test_people_are_offered_to_change_and_to_cancel_and_nothing_else() -> None:
    roles = {role for move in BOOKING.moves for role in move.by}
    offered = {m.verb for state in BOOKING.states for m in BOOKING.open_to(state.name, roles)}
    assert offered == {"move", "substitute_vehicle", "change_driver", "cancel"}
