"""A booking: one truck, one crossing hour, the declarations it carries.

The request's shape, the lifecycle, and what each state permits. No SQL, no clock.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Protocol, TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from border.core.actor import STAFF, Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Nothing, Payload
from border.core.refusal import FieldError, refuses
from border.core.request_body import KEEPABLE, Integer, RequestBody
from border.core.words import N_
from border.identifiers import IdentifierError, phone
from border.identity.policy import FIRMS, SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.plates import Plate, trailer_plate, vehicle_plate
from border.platform.payload_fields import Direction, GivenReason, Instant
from border.vocabulary import VehicleClass

_FIRM = (Role.TRADER, Role.CARRIER, Role.MANAGER)
BOOKING = Lifecycle(
    "booking",
    N_("The life of a booking"),
    noun=N_("Booking"),
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
            (*_FIRM, SYSTEM),
            N_("Cancel the booking"),
        ),
        Move(
            "late_cancel",
            ("confirmed",),
            "late_cancelled",
            _FIRM,
            N_("Cancel late"),
            offered=False,
        ),
        *(
            Move(verb, (state,), state, _FIRM, label, needs)
            for state in ("held", "confirmed")
            for verb, label, needs in (
                ("move", N_("Move to another hour"), ("slot_id",)),
                ("substitute_vehicle", N_("Send another truck"), ("vehicle",)),
                ("change_driver", N_("Change the driver"), ("driver",)),
            )
        ),
        # Its hour takes fewer trucks than it did: it is moved to another, or cancelled.
        *(
            Move(verb, (state,), state, by, label, offered=False)
            for state in ("held", "confirmed")
            for verb, by, label in (
                ("displace", (SYSTEM,), N_("Take its hour away")),
                ("accept_displacement", _FIRM, N_("Accept the new hour")),
            )
        ),
        Move("check_in", ("confirmed",), "checked_in", (SYSTEM,), N_("Check in"), offered=False),
        Move("use", ("confirmed", "checked_in"), "used", (SYSTEM,), N_("Admit"), offered=False),
        Move("miss", ("confirmed",), "no_show", (SYSTEM,), N_("Mark as not come"), offered=False),
        Move("leave", ("checked_in",), "left", (SYSTEM,), N_("Mark as gone"), offered=False),
        # The truck had come while nobody knew: an offline device tells it after the end.
        Move(
            "check_in",
            ("cancelled", "late_cancelled", "no_show"),
            "checked_in",
            (SYSTEM,),
            N_("Check in"),
            offered=False,
            corrects=True,
        ),
        Move(
            "use",
            ("cancelled", "late_cancelled", "no_show", "left"),
            "used",
            (SYSTEM,),
            N_("Admit"),
            offered=False,
            corrects=True,
        ),
    ),
)
declare(
    "booking",
    allow((SIGNED_IN,), "read", "list", scopes=(Scope.OWN,)),
    allow((*STAFF, SYSTEM), "read", "list"),
    allow(FIRMS, "hold", "send_slip"),
    allow(
        FIRMS,
        "read",
        "list",
        "hold",
        "send_slip",
        "cancel",
        "move",
        "substitute_vehicle",
        "change_driver",
        "accept_displacement",
        scopes=(Scope.DELEGATED,),
    ),
    bounds=Bounds(own="owner_organisation_id"),
    moves=BOOKING,
)
LIVE = frozenset({"held", "confirmed", "checked_in"})
"""States in which a booking keeps its place, its plate and its declarations."""

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
    N_(
        "Declaration {reference} is already on booking {booking}. Use that booking, or cancel it "
        "first; the other declarations can be booked without this one."
    ),
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


MOST_PAYLOAD_G = 100_000_000


class Vehicle(RequestBody):
    """The truck. `payload_g` is what it may carry, in grams; nobody drives one `driverless`."""

    plate: str = Field(min_length=4, max_length=20, pattern=KEEPABLE, examples=["24C-123.45"])
    trailer_plate: str | None = Field(default=None, min_length=4, max_length=20, pattern=KEEPABLE)
    country: Literal["VN", "CN"]
    vehicle_class: VehicleClass = Field(alias="class")
    payload_g: Integer = Field(gt=0, le=MOST_PAYLOAD_G)
    driverless: bool = False


class Driver(RequestBody):
    """Who drives it; kept inside the zone."""

    name: str = Field(min_length=2, max_length=120, pattern=KEEPABLE)
    document_number: str = Field(min_length=4, max_length=30, pattern=KEEPABLE)
    phone: str | None = Field(default=None, max_length=20, pattern=KEEPABLE)


class BookingRequest(RequestBody):
    """What a booking asks for. An empty truck says so and carries no declaration.

    Every truck names its `driver`, but one that is driverless.
    Booked is for the firm whose goods are on the truck, or `on_behalf_of` the firm named, with the
    right that it gave.
    """

    declaration_ids: tuple[UUID, ...] = Field(default=(), max_length=8)
    vehicle: Vehicle
    driver: Driver | None = None
    empty: bool = False
    on_behalf_of: UUID | None = None


_BANDS = {
    VehicleClass.UNDER_4T: (0, 4_000_000),
    VehicleClass.FROM_4T: (4_000_000, 10_000_000),
    VehicleClass.FROM_10T: (10_000_000, 18_000_000),
    VehicleClass.FROM_18T: (18_000_000, MOST_PAYLOAD_G + 1),
}


def too_heavy(gross_g: int, vehicle: Vehicle) -> list[FieldError]:
    """Return the error of goods, all declarations together, that weigh more than the truck carries.

    The class follows from the payload and the fee from the class, so a truck that is too small on
    paper would pay too little.
    """
    if gross_g <= vehicle.payload_g:
        return []
    says = N_(
        "The goods weigh {load} kg, but the truck may carry {payload} kg. Enter the truck that "
        "really comes, or book fewer declarations on it."
    )
    facts = (("load", str(-(-gross_g // 1000))), ("payload", str(vehicle.payload_g // 1000)))
    return [FieldError("vehicle.payload_g", "load_exceeds_payload", says, facts)]


class CheckedVehicle(BaseModel):
    """A vehicle whose plates have been read, and its driver as a booking keeps him."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    plate: Plate
    trailer: Plate | None
    driver: dict[str, Any] | None


T = TypeVar("T")


def _read(
    field: str, how: Callable[[str], T], text: str | None, errors: list[FieldError]
) -> T | None:
    if not text:
        return None
    try:
        return how(text)
    except IdentifierError as error:
        errors.append(FieldError(field, error.code, error.says, error.facts))
        return None


def read_vehicle(vehicle: Vehicle) -> tuple[Plate | None, Plate | None, list[FieldError]]:
    """Return the plates of tractor and trailer, as far as they can be read, and what is wrong."""
    errors: list[FieldError] = []
    tractor = _read(
        "vehicle.plate", lambda text: vehicle_plate(text, vehicle.country), vehicle.plate, errors
    )
    trailer = _read(
        "vehicle.trailer_plate",
        lambda text: trailer_plate(text, vehicle.country),
        vehicle.trailer_plate,
        errors,
    )
    low, high = _BANDS.get(vehicle.vehicle_class, (0, MOST_PAYLOAD_G + 1))
    if not low <= vehicle.payload_g < high:
        says = N_("The payload does not lie in the class chosen. Correct one of the two.")
        errors.append(FieldError("vehicle.payload_g", "payload_outside_class", says))
    return tractor, trailer, errors


def read_driver(driver: Driver) -> tuple[dict[str, Any], list[FieldError]]:
    """Return a driver as a booking keeps him, and what is wrong."""
    errors: list[FieldError] = []
    number = _read("driver.phone", phone, driver.phone, errors)
    return driver.model_dump() | {"phone": number}, errors


class Driven(Protocol):
    """A truck, as far as somebody drives it."""

    @property
    def driverless(self) -> bool:
        """Whether nobody does."""
        ...


def wrongly_driven(vehicle: Driven, driven: bool) -> Iterator[FieldError]:
    """Yield what is wrong with a truck that is driven, or is not."""
    if driven and vehicle.driverless:
        says = N_(
            "A driverless vehicle has no driver. Leave the driver out, or clear “driverless”."
        )
        yield FieldError("driver", "driverless_with_driver", says)
    if not driven and not vehicle.driverless:
        yield FieldError("driver", "missing", N_("Name the driver, or say that it is driverless."))


def check(request: BookingRequest) -> tuple[CheckedVehicle | None, list[FieldError]]:
    """Return the vehicle with its plates read, and every field in error."""
    tractor, trailer, errors = read_vehicle(request.vehicle)
    driver, wrong = read_driver(request.driver) if request.driver else (None, [])
    errors += [*wrong, *wrongly_driven(request.vehicle, driver is not None)]
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
    return CheckedVehicle(plate=tractor, trailer=trailer, driver=driver), []


TruckClass: TypeAlias = Annotated[VehicleClass, Meaning("Class of the truck.")]
PlateOfTruck: TypeAlias = Annotated[str, Meaning("Plate of the truck.", private=True)]
SlotStart: TypeAlias = Annotated[Instant, Meaning("Beginning of the booked hour.")]


class BookingHeld(Payload):
    """An hour that was booked; the plate stays in the zone."""

    direction: Direction
    vehicle_class: TruckClass
    slot_starts_at: SlotStart
    empty: Annotated[bool, Meaning("Whether the truck comes without goods.")]
    plate: PlateOfTruck


class BookingConfirmed(Payload):
    """A booking on which nothing is owed."""

    direction: Direction
    vehicle_class: TruckClass


class BookingMoved(Payload):
    """A booking that goes to another hour, with all that was paid and declared."""

    direction: Direction
    slot_starts_at: SlotStart
    left_slot_starts_at: Annotated[Instant, Meaning("Beginning of the hour booked before.")]
    reason: GivenReason | None = None


class VehicleSubstituted(Payload):
    """Another truck comes in the same hour; the plates stay in the zone."""

    direction: Direction
    vehicle_class: TruckClass
    plate: PlateOfTruck
    left_plate: Annotated[str, Meaning("Plate of the truck booked before.", private=True)]


class DriverChanged(Payload):
    """Somebody else drives; who it is stays in the zone."""

    direction: Direction
    driver_name: Annotated[str, Meaning("Name of the driver.", private=True)]
    left_driver_name: Annotated[str, Meaning("Name of the driver before.", private=True)]


class BookingDisplaced(Payload):
    """A booking whose hour takes fewer trucks than it did, and why."""

    direction: Direction
    slot_starts_at: SlotStart
    reason: GivenReason


class BookingEnded(Payload):
    """A booking that was not used."""

    direction: Direction
    slot_starts_at: SlotStart


EVENTS = events_of(
    BOOKING,
    BookingEnded,
    besides=(Besides("hold", N_("Book an hour"), holders("booking.hold"), BookingHeld),),
    confirm=BookingConfirmed,
    move=BookingMoved,
    substitute_vehicle=VehicleSubstituted,
    change_driver=DriverChanged,
    displace=BookingDisplaced,
    check_in=Nothing,
    use=Nothing,
)
