"""The work that waits for an officer, in the order that is proposed."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from api.http.paging import checked_limit
from api.http.problems import locale_of
from api.http.shapes import PageOf, Shape
from api.http.times import kept_instant
from api.language import translator
from api.ranking_words import said
from api.routes.declarations import DeclarationBrief, brief_of
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from customs import work_service
from customs.dossier_storage import TurnPlace
from customs.work_service import WorkItem


class WorkShape(Shape):
    """A declaration that waits, and why it stands here.

    `score` is the chance, 0 to 1, that it differs from what was declared: for customs, where it
    was ranked.
    """

    declaration: DeclarationBrief
    score: float | None
    because: list[str]
    due_at: datetime | None


class WorkList(PageOf):
    """What waits, the next to take first."""

    items: list[WorkShape]


@get("/work", operation_id="get_work_list", tags=["declarations"], verb="clearance.list")
async def get_work_list(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    agency: FromQuery[str | None] = None,
    gate: FromQuery[str | None] = None,
    lane: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> WorkList:
    """Return what waits for the caller's agencies, or for one of them, the next to take first.

    Goods that cannot wait come first, then what is likely to differ, then in the order of
    registration. refuses: not_allowed, invalid_fields.
    """
    most, after = checked_limit(limit), _place_of(cursor)
    async with services.store.reading() as connection:
        items = await work_service.work_list(
            connection, actor, agency=agency, gate=gate, lane=lane, after=after, limit=most + 1
        )
    shown, locale = items[:most], locale_of(request)
    return WorkList(
        items=[_shape(item, actor, locale) for item in shown],
        next=_cursor_of(shown[-1].place) if len(items) > most else None,
    )


def _shape(item: WorkItem, actor: Actor, locale: str) -> WorkShape:
    reasons = item.rank.reasons if item.rank else ()
    return WorkShape(
        declaration=brief_of(item.declaration, actor),
        score=item.rank.chance if item.rank else None,
        because=[
            translator(locale).gettext(item.says, **item.facts),
            *(said(reason, locale) for reason in reasons),
        ],
        due_at=item.declaration.overdue_at,
    )


def _cursor_of(place: TurnPlace) -> str:
    said = f"{place.goes_first:d} {place.is_high:d} {place.registered_at.isoformat()} {place.id}"
    return urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _place_of(cursor: str | None) -> TurnPlace | None:
    if not cursor:
        return None
    try:
        told = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        first, high, at, id = told.split(" ")
        return TurnPlace(bool(int(first)), bool(int(high)), kept_instant(at), UUID(id))
    except ValueError:
        says = N_("This is not a cursor of this list. Leave it out to begin at the start.")
        raise INVALID(errors=[FieldError("cursor", "not_a_cursor", says)]) from None


ROUTES: tuple[Any, ...] = (get_work_list,)
