"""Slips: the record and the paper."""

from dataclasses import replace
from typing import cast

from litestar import Litestar, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, PathItem, Schema
from litestar.params import FromPath, FromQuery

from api.shapes import SlipShape
from api.zone import Zone
from border.identity.actor import Actor
from logistics import slip_service
from logistics.slip_words import Locale


@get(
    "/slips/{reference:str}", operation_id="get_slip", tags=["slips"], media_type="application/json"
)
async def get_slip(
    reference: FromPath[str],
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
    lang: FromQuery[Locale] = "vi",
) -> Response[SlipShape]:
    """Return a slip by its reference; with `.pdf` behind it, the paper itself."""
    async with zone.store.reading() as connection:
        page = await slip_service.load(connection, actor, reference.removesuffix(".pdf"), lang)
    if reference.endswith(".pdf"):
        paper = Response(
            await slip_service.draw(page.view, zone.fonts),
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


def describe_paper(app: Litestar) -> None:
    """Give the paper its own path in the OpenAPI document, which the router cannot tell apart."""
    paths = app.openapi_schema.paths
    assert paths is not None
    slip = paths["/api/v1/slips/{reference}"].get
    assert slip is not None
    drawn = OpenAPIResponse(
        description="The paper",
        content={
            "application/pdf": OpenAPIMediaType(
                schema=Schema(type=OpenAPIType.STRING, content_media_type="application/pdf")
            )
        },
    )
    paths["/api/v1/slips/{reference}.pdf"] = PathItem(
        get=replace(
            slip,
            operation_id="get_slip_pdf",
            summary="GetSlipPdf",
            description="Return the paper of a slip, with both of its codes.",
            responses={**(slip.responses or {}), "200": drawn},
        )
    )


ROUTES = (get_slip,)
