"""The slip on the driver's telephone: a page whose address only the slip's own people know."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.pages.kit.frame import AnyRequest, language, show
from api.zone import Services
from border.paper.codes import code128_svg, qr_svg
from border.paper.words import Locale
from logistics import slip_service
from logistics.passage import SLIP
from logistics.slip_service import SlipPage
from logistics.telling import driver_service


async def _page(request: AnyRequest, services: Services, reference: str, key: str) -> SlipPage:
    locale = language(request)
    drawn: Locale = "zh" if locale == "zh" else "en" if locale == "en" else "vi"
    async with services.store.reading() as connection:
        return await driver_service.slip_page(connection, reference, key, drawn)


@get("/slip/{reference:str}/{key:str}", include_in_schema=False, verb="place.read")
async def show_driver_slip(
    reference: FromPath[str],
    key: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
) -> Template:
    """Show a slip to its driver: the codes, the hour, the lane."""
    page = await _page(request, services, reference, key)
    return show(
        request,
        services,
        "public/driver_slip.html",
        slip=page.slip,
        booking=page.booking,
        view=page.view,
        says=SLIP.state(page.slip.state).label,
        opens=page.slip.state in ("active", "used"),
        bar_code=code128_svg(page.slip.reference),
        qr_code=qr_svg(page.slip.token),
        pdf=f"/slip/{page.slip.reference}/{key}/pdf",
    )


@get("/slip/{reference:str}/{key:str}/pdf", include_in_schema=False, verb="place.read")
async def show_driver_paper(
    reference: FromPath[str],
    key: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return the same as the paper."""
    page = await _page(request, services, reference, key)
    return Response(
        await slip_service.draw(page.view, services.fonts, services.press),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{page.slip.reference}.pdf"'},
    )


ROUTES = (show_driver_slip, show_driver_paper)
