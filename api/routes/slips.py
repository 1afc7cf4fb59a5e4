"""Slips: the record and the paper."""

from typing import cast

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from api.http.files import FILES, split_name
from api.http.shapes import SlipShape
from api.zone import Services
from border.core.actor import Actor
from border.paper.words import Locale
from logistics import slip_service


@get(
    "/slips/{reference:str}",
    operation_id="get_slip",
    tags=["slips"],
    media_type="application/json",
    verb="slip.read",
    opt={FILES: {"pdf": "the paper of a slip, with both of its codes"}},
)
async def get_slip(
    reference: FromPath[str],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    lang: FromQuery[Locale] = "vi",
) -> Response[SlipShape]:
    """Return a slip by its reference; with `.pdf` behind it, the paper itself.

    refuses: not_found.
    """
    bare, kind = split_name(reference)
    async with services.store.reading() as connection:
        page = await slip_service.load(
            connection, actor, bare if kind in ("", "pdf") else reference, lang
        )
    if kind:
        paper = Response(
            await slip_service.draw(page.view, services.fonts, services.press),
            media_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{page.slip.reference}.pdf"'},
        )
        return cast("Response[SlipShape]", paper)
    slip, booking = page.slip, page.booking
    shape = SlipShape(
        id=slip.id,
        reference=slip.reference,
        state=slip.state,
        version=slip.version,
        token=slip.token,
        gate=slip.gate,
        direction=booking.direction,
        plate=booking.plate_typed,
        slot_starts_at=booking.slot_starts_at,
        slot_ends_at=booking.slot_ends_at,
        valid_until=slip.valid_until,
        booking=booking.reference,
        pdf=f"/api/v1/slips/{slip.reference}.pdf",
    )
    return Response(shape)


ROUTES = (get_slip,)
