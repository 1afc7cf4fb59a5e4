"""One's own place in line, by the code of the slip: for a driver without an account."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.language import translator
from api.pages.kit.frame import AnyRequest, language, show
from api.zone import Services
from border.core.refusal import Refusal


@get("/place", include_in_schema=False, verb="place.read")
async def show_place(
    request: AnyRequest, services: NamedDependency[Services], slip: FromQuery[str] = ""
) -> Template:
    """Show where the truck with a slip stands, and when it may be called."""
    figures = await services.figures.places.now()
    found, errors = None, dict[str, str]()
    if slip.strip():
        try:
            found = figures.found.of(slip)
        except Refusal as refusal:
            says = translator(language(request)).gettext(refusal.kind.says)
            errors["slip"] = says.format(**refusal.facts)
    return show(
        request,
        services,
        "public/place.html",
        status=404 if errors else 200,
        slip=found.slip if found else slip,
        place=found,
        as_of=figures.as_of,
        errors=errors,
    )


ROUTES = (show_place,)
