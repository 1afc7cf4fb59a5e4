"""The public board, on the wall and on the phone; and its live heartbeat."""

from datetime import timedelta

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, Template

from api.http.kept_figures import SHOWN_ON_THE_BOARD
from api.pages.kit.frame import AnyRequest
from api.pages.kit.live import beats_of
from api.pages.kit.region import show_figures
from api.zone import Services
from logistics import board as boards
from logistics.calling.place_service import Ahead, YardPlaces
from logistics.capacity.limit import LIMIT_KINDS


@get("/", include_in_schema=False, verb="board.read")
async def show_board(
    request: AnyRequest, services: NamedDependency[Services], fragment: FromQuery[bool] = False
) -> Template | Response[str]:
    """Show how full the gates are, how long it takes, and which hours are open."""
    figures = await services.figures.board.now()
    places = (await services.figures.places.now()).found
    return show_figures(
        request,
        services,
        "public/board.html",
        figures,
        lambda: {"gates": [_gate(one, places) for one in figures.found]},
        fragment=fragment,
        live_url="/board/live",
        fragment_url="/?fragment=true",
    )


def _gate(one: boards.GateBoard, places: YardPlaces) -> dict[str, object]:
    return {
        "code": one.gate.code,
        "name": one.gate.names,
        "directions": [
            _way(way) | {"line": places.by_way.get((one.gate.code, way.direction), Ahead())}
            for way in one.ways
        ],
    }


def _way(way: boards.DirectionBoard) -> dict[str, object]:
    return {
        "direction": way.direction,
        "queue_length": way.queue_length,
        "live_queue": way.live_queue,
        "waiting_p50_minutes": _minutes(way.waiting_p50_seconds),
        "waiting_p90_minutes": _minutes(way.waiting_p90_seconds),
        "next_slots": [
            {
                "starts_at": slot.starts_at,
                "ends_at": slot.ends_at,
                "capacity": slot.capacity,
                "remaining": max(slot.capacity - slot.taken, 0),
                "limit": LIMIT_KINDS[slot.bound_by] if slot.bound_by else None,
                "limit_reason": slot.bound_reason,
                "opens_at": slot.opens_at,
                "mode": slot.mode,
            }
            for slot in way.next_slots
        ],
        "call_order": [{"vehicle_class": name, "count": n} for name, n in way.call_order],
        "throughput": [{"hour": hour, "count": n} for hour, n in way.throughput],
        "yesterday": way.yesterday,
    }


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else round(timedelta(seconds=seconds) / timedelta(minutes=1))


@get("/board/live", include_in_schema=False, verb="board.read")
async def live(services: NamedDependency[Services]) -> ServerSentEvent:
    """Say, at most once a second, that the board has changed. It carries nothing else."""
    return ServerSentEvent(beats_of(services, *SHOWN_ON_THE_BOARD))


ROUTES = (show_board, live)
