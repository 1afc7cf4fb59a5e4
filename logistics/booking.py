"""A booking: one truck, one crossing hour, the declarations it carries.

The request's shape, the lifecycle, and what each state permits. No SQL, no clock.
"""

from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from border.identifiers import IdentifierError, Plate, phone, plate
from border.identity.actor import Role
from border.lifecycle import SYSTEM, Lifecycle, Move, State
from border.refusal import FieldError, refuses
from border.words import N_
from logistics.slot import VehicleClass

BOOKING = Lifecycle(
    "booking",
    N_("The life of a booking"),
    states=(
        State("held", N_("Held, waiting for payment"), Role.TRADER, timedelta(minutes=18), "lapse"),
        State("confirmed", N_("Confirmed"), Role.TRADER, timedelta(days=14), "miss"),
        State("checked_in", N_("Arrived at the yard"), Role.GATE_STAFF, timedelta(days=2), "leave"),
        State("used", N_("Admitted")),
        State("lapsed", N_("Lapsed: not paid in time")),
        State("cancelled", N_("Cancelled")),
        State("late_cancelled", N_("Cancelled late")),
        State("no_show", N_("Did not come")),
        State("left", N_("Left the yard without crossing")),
    ),
    initial=("held",),
    moves=(
        Move("confirm", ("held",), "confirmed", (SYSTEM,), N_("Confirm"), offered=False),
        Move("lapse", ("held",), "lapsed", (SYSTEM,), N_("Let lapse"), offered=False),
        Move(
            "cancel",
            ("held", "confirmed"),
            "cancelled",
            (Role.TRADER, Role.CARRIER, Role.MANAGER),
            N_("Cancel the booking"),
        ),
        Move(
            "late_cancel",
            ("confirmed",),
            "late_cancelled",
            (Role.TRADER, Role.CARRIER, Role.MANAGER),
            N_("Cancel late"),
            offered=False,
        ),
        Move("check_in", ("confirmed",), "checked_in", (SYSTEM,), N_("Check in"), offered=False),
        Move("use", ("confirmed", "checked_in"), "used", (SYSTEM,), N_("Admit"), offered=False),
        Move("miss", ("confirmed",), "no_show", (SYSTEM,), N_("Mark as not come"), offered=False),
        Move("leave", ("checked_in",), "left", (SYSTEM,), N_("Mark as gone"), offered=False),
    ),
)
LIVE = frozenset({"held", "confirmed", "checked_in"})
"""States in which a booking keeps its place, its plate and its declarations."""
FREE_CANCEL_BEFORE = timedelta(hours=3)
"""A confirmed booking is cancelled in time until this long before its hour (Russia's SEOP rule)."""
PAYMENT_GRACE = timedelta(minutes=3)
"""How long after `held_until` a payment begun in time may still arrive before the hold lapses."""

VEHICLE_BOOKED = refuses(
    "vehicle_already_booked",
    409,
    N_("This vehicle has a booking"),
    N_("The vehicle {plate} already holds a place. Use or cancel that booking first."),
)
DECLARATION_BOOKED = refuses(
    "declaration_already_booked",
    409,
    N_("These goods have a booking"),
    N_("One of the declarations is already on a live booking. Cancel that one first."),
)
DECLARATION_NOT_BOOKABLE = refuses(
    "declaration_not_bookable",
    409,
    N_("The declaration cannot be booked yet"),
    N_("{reference} is {state}. Lodge it first; a closed one needs a new declaration."),
)


_TEMPORARY = frozenset({"G11", "G12", "G13", "G14", "G21", "G22", "G23", "G24"})


def fee_group(regime: str | None, direction: str) -> str:
    """Return the column of the fee table: goods that only pass through cost more.

    source: QĐ 58/2014/QĐ-UBND sets temporary import for re-export and transhipment apart.
    """
    return "temporary" if direction == "transit" or regime in _TEMPORARY else "ordinary"


KEEPABLE = r"^[^\x00]*$"
"""PostgreSQL keeps no NUL character, in text or in JSON."""


class Shape(BaseModel):
    """A request shape: unknown fields are refused, outer spaces dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


MOST_PAYLOAD_G = 100_000_000


class Vehicle(Shape):
    """The truck. `payload_g` is what it may carry, in grams."""

    plate: str = Field(min_length=4, max_length=20, pattern=KEEPABLE, examples=["24C-123.45"])
    trailer_plate: str | None = Field(default=None, min_length=4, max_length=20, pattern=KEEPABLE)
    country: str = Field(pattern="^(VN|CN)$")
    vehicle_class: VehicleClass = Field(alias="class")
    payload_g: int = Field(gt=0, le=MOST_PAYLOAD_G)


class Driver(Shape):
    """Who drives it; kept inside the zone."""

    name: str = Field(min_length=2, max_length=120, pattern=KEEPABLE)
    document_number: str = Field(min_length=4, max_length=30, pattern=KEEPABLE)
    phone: str | None = Field(default=None, max_length=20, pattern=KEEPABLE)


class BookingRequest(Shape):
    """What a booking asks for. An empty truck says so and carries no declaration."""

    declaration_ids: tuple[UUID, ...] = Field(default=(), max_length=8)
    vehicle: Vehicle
    driver: Driver
    empty: bool = False


_BANDS = {
    VehicleClass.UNDER_4T: (0, 4_000_000),
    VehicleClass.FROM_4T: (4_000_000, 10_000_000),
    VehicleClass.FROM_10T: (10_000_000, 18_000_000),
    VehicleClass.FROM_18T: (18_000_000, MOST_PAYLOAD_G + 1),
}


class CheckedVehicle(BaseModel):
    """A vehicle whose plates have been read."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    plate: Plate
    trailer: Plate | None


def check(request: BookingRequest) -> tuple[CheckedVehicle | None, list[FieldError]]:
    """Return the vehicle with its plates read, and every field in error."""
    errors: list[FieldError] = []
    vehicle = request.vehicle

    def read(field: str, text: str | None) -> Plate | None:
        if text is None:
            return None
        try:
            return plate(text, vehicle.country)
        except IdentifierError as error:
            errors.append(FieldError(field, error.code, error.says, error.facts))
            return None

    tractor = read("vehicle.plate", vehicle.plate)
    trailer = read("vehicle.trailer_plate", vehicle.trailer_plate)
    if request.driver.phone:
        try:
            phone(request.driver.phone)
        except IdentifierError as error:
            errors.append(FieldError("driver.phone", error.code, error.says, error.facts))
    low, high = _BANDS.get(vehicle.vehicle_class, (0, MOST_PAYLOAD_G + 1))
    if not low <= vehicle.payload_g < high:
        says = N_("The payload does not lie in the class chosen. Correct one of the two.")
        errors.append(FieldError("vehicle.payload_g", "payload_outside_class", says))
    if request.empty and request.declaration_ids:
        says = N_("An empty truck carries no declaration. Leave them out, or clear “empty”.")
        errors.append(FieldError("declaration_ids", "empty_with_declarations", says))
    if not request.empty and not request.declaration_ids:
        says = N_("Name at least one declaration, or say that the truck is empty.")
        errors.append(FieldError("declaration_ids", "required", says))
    if len(set(request.declaration_ids)) != len(request.declaration_ids):
        says = N_("A declaration is named twice.")
        errors.append(FieldError("declaration_ids", "repeated", says))
    if errors or tractor is None:
        return None, errors
    return CheckedVehicle(plate=tractor, trailer=trailer), []
