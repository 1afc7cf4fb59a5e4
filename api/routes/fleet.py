"""A firm's trucks and drivers: listed, entered, and taken from a file."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from api.http.media import A_FILE, ANY_CONTENT
from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.problems import locale_of
from api.http.shapes import PageOf, Shape
from api.http.writes import write
from api.language import translator
from api.zone import Services
from border.core.actor import Actor
from border.core.store import Unit
from logistics.booking import Driver, Vehicle
from logistics.fleet import fleet_service
from logistics.fleet.fleet import OwnDriver, OwnTruck, Place, T, place_of
from logistics.fleet.fleet_file import MOST_BYTES, FleetFileRow


class OwnTruckShape(Shape):
    """A truck of the firm. `kept`: it was entered; else it is remembered from a booking."""

    plate: str
    trailer_plate: str | None
    country: str
    vehicle_class: str = msgspec.field(name="class")
    payload_g: int
    driverless: bool
    kept: bool
    booked_at: datetime | None

    @classmethod
    def of(cls, one: OwnTruck) -> "OwnTruckShape":
        """Return the shape of a truck."""
        return cls(**{name: value for name, value in vars(one).items() if name not in _OWN})


class OwnDriverShape(Shape):
    """A driver of the firm. `kept`: he was entered; else he is remembered from a booking."""

    name: str
    document_number: str
    phone: str | None
    kept: bool
    booked_at: datetime | None

    @classmethod
    def of(cls, one: OwnDriver) -> "OwnDriverShape":
        """Return the shape of a driver."""
        return cls(**{name: value for name, value in vars(one).items() if name not in _OWN})


class OwnTruckList(PageOf):
    """Trucks, those booked with last first."""

    items: list[OwnTruckShape]


class OwnDriverList(PageOf):
    """Drivers, those booked with last first."""

    items: list[OwnDriverShape]


class FleetErrorShape(Shape):
    """What is wrong with a row."""

    field: str
    code: str
    detail: str


class FleetRowShape(Shape):
    """A row of the file, by its line."""

    line: int
    state: str
    plate: str | None
    errors: list[FleetErrorShape]

    @classmethod
    def of(cls, row: FleetFileRow, locale: str) -> "FleetRowShape":
        """Return the shape of a row, what is wrong with it in a language."""
        say = translator(locale).gettext
        return cls(
            line=row.line,
            state="bad" if row.errors else "good",
            plate=row.plate.typed if row.plate else None,
            errors=[
                FleetErrorShape(
                    field=one.field, code=one.code, detail=say(one.says, **dict(one.facts))
                )
                for one in row.errors
            ],
        )


class FleetFileShape(Shape):
    """What became of a file."""

    rows: list[FleetRowShape]


_OWN = ("id", "key")
"""What only the gate knows one by."""


def _page(every: Sequence[T], after: Place | None, most: int) -> tuple[Sequence[T], str | None]:
    """Return those of a page, and the cursor of the next."""
    left = [one for one in every if after is None or place_of(one) < after]
    return left[:most], cursor_of(*place_of(left[most - 1])) if len(left) > most else None


@get("/vehicles", operation_id="list_vehicles", tags=["fleet"], verb="vehicle.list")
async def list_vehicles(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 200,
) -> OwnTruckList:
    """Return the trucks of the caller's firm, entered or booked with, the last booked first.

    refuses: invalid_fields.
    """
    after, most = parse_cursor(cursor), checked_limit(limit)
    async with services.store.reading() as connection:
        found, following = _page(await fleet_service.trucks(connection, actor), after, most)
    return OwnTruckList(items=[OwnTruckShape.of(one) for one in found], next=following)


@post(
    "/vehicles", operation_id="keep_vehicle", status_code=201, tags=["fleet"], verb="vehicle.keep"
)
async def keep_vehicle(
    data: JSONBody[Vehicle],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[OwnTruckShape]:
    """Keep a truck of the caller's firm; one with the same plate becomes what is said now.

    refuses: not_allowed, invalid_fields.
    """

    async def work(unit: Unit) -> OwnTruckShape:
        return OwnTruckShape.of(await fleet_service.keep_truck(unit, data))

    return await write(request, services, actor, work, 201)


@post(
    "/vehicles/import",
    operation_id="import_vehicles",
    status_code=200,
    request_max_body_size=MOST_BYTES + 1,
    opt={ANY_CONTENT: {"text/csv": A_FILE}},
    tags=["fleet"],
    verb="vehicle.keep",
)
async def import_vehicles(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[FleetFileShape]:
    """Keep the trucks of a CSV file sent as the body; bad rows are named by their line.

    Its columns are `plate`, `class`, `payload_kg` or `payload_g`, and where need be
    `trailer_plate` and `country`.
    refuses: not_allowed, invalid_fields.
    """
    raw = await request.body()

    async def work(unit: Unit) -> FleetFileShape:
        rows = await fleet_service.take_file(unit, raw)
        return FleetFileShape(rows=[FleetRowShape.of(row, locale_of(request)) for row in rows])

    return await write(request, services, actor, work)


@get("/drivers", operation_id="list_drivers", tags=["fleet"], verb="driver.list")
async def list_drivers(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 200,
) -> OwnDriverList:
    """Return the drivers of the caller's firm, entered or booked with, the last booked first.

    refuses: invalid_fields.
    """
    after, most = parse_cursor(cursor), checked_limit(limit)
    async with services.store.reading() as connection:
        found, following = _page(await fleet_service.drivers(connection, actor), after, most)
    return OwnDriverList(items=[OwnDriverShape.of(one) for one in found], next=following)


@post("/drivers", operation_id="keep_driver", status_code=201, tags=["fleet"], verb="driver.keep")
async def keep_driver(
    data: JSONBody[Driver],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[OwnDriverShape]:
    """Keep a driver of the caller's firm; one with the same document becomes what is said now.

    refuses: not_allowed, invalid_fields.
    """

    async def work(unit: Unit) -> OwnDriverShape:
        return OwnDriverShape.of(await fleet_service.keep_driver(unit, data))

    return await write(request, services, actor, work, 201)


ROUTES = (list_vehicles, keep_vehicle, import_vehicles, list_drivers, keep_driver)
