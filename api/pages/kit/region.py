"""A page around figures that all see alike: that part of it is drawn once in each language."""

from collections.abc import Callable
from typing import Any

from litestar import MediaType, Response
from litestar.response import Template

from api.http.kept_figures import Figures
from api.language import context_for
from api.pages.kit.frame import AnyRequest, language, show
from api.zone import Services


def show_figures(
    request: AnyRequest,
    services: Services,
    template: str,
    figures: Figures[Any],
    shown: Callable[[], dict[str, Any]],
    *,
    fragment: bool,
    **frame: Any,
) -> Template | Response[str]:
    """Return a page with its live part, or that part alone.

    The block `live` of the template is given what `shown` returns, the instant the figures are of
    and a language, and nothing of who asks; the page around it has it as `region`.
    """
    locale = language(request)
    region = figures.drawn.get((template, locale))
    if region is None:
        context = {**context_for(locale), **shown(), "as_of": figures.as_of, "fragment": True}
        region = str(_engine(request).get_template(f"{locale}/{template}").render(context))
        figures.drawn[template, locale] = region
    if fragment:
        return Response(region, media_type=MediaType.HTML)
    return show(request, services, template, region=region, **frame)


def _engine(request: AnyRequest) -> Any:
    engine = request.app.template_engine
    assert engine is not None
    return engine
