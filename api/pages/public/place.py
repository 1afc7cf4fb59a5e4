"""One's own place in line, by the code of the slip: for a driver without an account."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.pages.kit.form import Asked
from api.pages.kit.frame import AnyRequest, show
from api.zone import Services


@get("/place", include_in_schema=False, verb="place.read")
async def show_place(
    request: AnyRequest, services: NamedDependency[Services], slip: FromQuery[str] = ""
) -> Template:
    """Show where the truck with a slip stands, and when it may be called."""
    figures = await services.figures.places.now()
    found = None
    with Asked(request, lambda _, said: {"slip": said[""]}):
        if slip.strip():
            found = figures.found.of(slip)
    return show(
        request,
        services,
        "public/place.html",
        slip=found.slip if found else slip,
        place=found,
        as_of=figures.as_of,
    )


ROUTES = (show_place,)
