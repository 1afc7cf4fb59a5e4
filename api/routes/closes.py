"""The closes of days, and opening a closed day again."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from pydantic import Field

from api.http.paging import checked_limit, cursor_of, parse_cursor
from api.http.shapes import MoveShape, PageOf, Shape
from api.http.times import asked_day
from api.http.writes import expected_version, write
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import NOT_FOUND
from border.core.request_body import Kept, RequestBody
from border.core.store import Unit
from border.payments.reconciliation import close_service, reopening_service
from border.payments.reconciliation.daily_close import ALL
from border.payments.reconciliation.reopening import open_moves
from border.payments.reconciliation.tables import DailyCloseRow, ReopeningRow


class CloseShape(Shape):
    """A closed day: its figures, and its proof, which hangs on the close before it.

    `attempt` counts the closes of the day; from the second on `figures.reopened` says why.
    """

    day: date
    scope: str
    figures: dict[str, Any]
    before: str
    proof: str
    closed_at: datetime
    attempt: int

    @classmethod
    def of(cls, row: DailyCloseRow) -> "CloseShape":
        """Return the shape of a close."""
        return cls(
            day=row.day,
            scope=row.scope,
            figures=row.figures,
            before=row.before,
            proof=row.proof,
            closed_at=row.closed_at,
            attempt=row.attempt,
        )


class CloseList(Shape):
    """Closes, the newest first."""

    items: list[CloseShape]
    next: str | None


class CloseAsked(RequestBody):
    """Which day is to be closed, and what of it."""

    day: str
    scope: str = ALL


@post(
    "/daily-closes",
    operation_id="close_day",
    status_code=201,
    tags=["payments"],
    verb="reconciliation.close",
)
async def close_day(
    data: JSONBody[CloseAsked],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[CloseShape]:
    """Close a day of a gateway's, of the desk's, or of all, once and in the order of days.

    refuses: not_allowed, invalid_fields, day_not_over, lines_wait, closed_already,
    earlier_day_open, books_broken, busy.
    """
    day = asked_day("day", data.day) or date.min

    async def work(unit: Unit) -> CloseShape:
        return CloseShape.of(await close_service.close_day(unit, day, data.scope))

    return await write(request, services, actor, work, 201)


@get(
    "/daily-closes", operation_id="list_daily_closes", tags=["payments"], verb="reconciliation.read"
)
async def list_closes(
    services: NamedDependency[Services],
    of: Annotated[str | None, QueryParameter(name="scope")] = None,
    history: FromQuery[bool] = False,
) -> CloseList:
    """Return the closes in force of a scope, or of all, the newest first.

    With `history` those are there too whose day was reopened since.
    """
    async with services.store.reading() as connection:
        found = await close_service.closes(connection, of, history=history)
    return CloseList(items=[CloseShape.of(row) for row in found], next=None)


@get(
    "/daily-closes/{day:str}/{of:str}",
    operation_id="get_daily_close",
    tags=["payments"],
    verb="reconciliation.read",
)
async def get_close(
    day: FromPath[str], of: FromPath[str], services: NamedDependency[Services]
) -> CloseShape:
    """Return the close in force of a day; a reopened day has none. refuses: not_found,
    invalid_fields."""
    on = asked_day("day", day) or date.min
    async with services.store.reading() as connection:
        row = await close_service.close_of(connection, on, of)
    if row is None:
        raise NOT_FOUND(what="daily_close")
    return CloseShape.of(row)


class ReopeningShape(Shape):
    """A closed day that somebody asked to open again: who, why, who decided, what became of it."""

    id: UUID
    reference: str
    state: str
    version: int
    day: date
    scope: str
    attempt: int
    reason: str
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    note: str
    moves: list[MoveShape]

    @classmethod
    def of(cls, row: ReopeningRow, actor: Actor) -> "ReopeningShape":
        """Return the shape of a reopening as the actor sees it."""
        href = f"/api/v1/close-reopenings/{row.id}"
        return cls(
            id=row.id,
            reference=row.reference,
            state=row.state,
            version=row.version,
            day=row.closed_day,
            scope=row.close_scope,
            attempt=row.attempt,
            reason=row.reason,
            requested_by=row.requested_by,
            requested_at=row.created_at,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            note=row.note,
            moves=[MoveShape.of(move, href) for move in open_moves(row, actor)],
        )


class ReopeningList(PageOf):
    """Reopenings, the newest first."""

    items: list[ReopeningShape]


class ReopeningRequest(RequestBody):
    """Why a day is to be opened again."""

    reason: Kept = Field(min_length=1, max_length=500)


class ReopeningMove(RequestBody):
    """What a move of a reopening may bring: why it is declined."""

    reason: Kept = Field(default="", max_length=500)


@post(
    "/daily-closes/{day:str}/{of:str}/reopenings",
    operation_id="ask_reopening",
    status_code=201,
    tags=["payments"],
    verb="close_reopening.ask",
)
async def ask_reopening(
    day: FromPath[str],
    of: FromPath[str],
    data: JSONBody[ReopeningRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[ReopeningShape]:
    """Ask that the last closed day of a scope is opened again; another person decides.

    refuses: not_allowed, invalid_fields, busy, day_not_closed, not_the_last_close,
    reopening_asked_already.
    """
    on = asked_day("day", day) or date.min

    async def work(unit: Unit) -> ReopeningShape:
        return ReopeningShape.of(await reopening_service.ask(unit, on, of, data.reason), actor)

    return await write(request, services, actor, work, 201)


@get(
    "/close-reopenings",
    operation_id="list_reopenings",
    tags=["payments"],
    verb="close_reopening.list",
)
async def list_reopenings(
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    of: Annotated[str | None, QueryParameter(name="scope")] = None,
    on: Annotated[str, QueryParameter(name="day")] = "",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> ReopeningList:
    """Return the reopenings of a scope and a day, or all, the newest first.

    refuses: invalid_fields.
    """
    day, most = asked_day("day", on or None), checked_limit(limit)
    async with services.store.reading() as connection:
        found = await reopening_service.reopenings(
            connection, actor, of, day, parse_cursor(cursor), most + 1
        )
    last = found[most - 1] if len(found) > most else None
    return ReopeningList(
        items=[ReopeningShape.of(row, actor) for row in found[:most]],
        next=cursor_of(last.created_at, last.id) if last else None,
    )


@get(
    "/close-reopenings/{reopening_id:uuid}",
    operation_id="get_reopening",
    tags=["payments"],
    verb="close_reopening.read",
)
async def get_reopening(
    reopening_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> ReopeningShape:
    """Return a reopening. refuses: not_allowed, not_found."""
    async with services.store.reading() as connection:
        row = await reopening_service.get(connection, actor, reopening_id)
    return ReopeningShape.of(row, actor)


async def move_of(
    unit: Unit, id: UUID, verb: str, reason: str, version: int | None
) -> ReopeningRow:
    """Make a move of a reopening. refuses: not_found for a verb it has none of, and what the
    move refuses."""
    if verb == "approve":
        return await reopening_service.approve(unit, id, version)
    if verb == "decline":
        return await reopening_service.decline(unit, id, reason, version)
    if verb == "withdraw":
        return await reopening_service.withdraw(unit, id, version)
    raise NOT_FOUND(what="verb")


@post(
    "/close-reopenings/{reopening_id:uuid}/{verb:str}",
    operation_id="move_reopening",
    status_code=200,
    tags=["payments"],
    verb="close_reopening.{verb}",
)
async def move_reopening(
    reopening_id: FromPath[UUID],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    data: JSONBody[ReopeningMove] = ReopeningMove(),
) -> Response[ReopeningShape]:
    """Approve, decline or withdraw a reopening.

    refuses: not_allowed, not_found, invalid_fields, reopening_second_person, not_your_reopening,
    busy, day_not_closed, not_the_last_close, move_not_open, stale_version.
    """

    async def work(unit: Unit) -> ReopeningShape:
        version = expected_version(request)
        row = await move_of(unit, reopening_id, verb, data.reason, version)
        return ReopeningShape.of(row, actor)

    return await write(request, services, actor, work)


ROUTES = (
    close_day,
    list_closes,
    get_close,
    ask_reopening,
    list_reopenings,
    get_reopening,
    move_reopening,
)
