"""The application: routes, pages, streams, and what every answer goes through."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar, Request, Response, Router
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController
from litestar.plugins.pydantic import PydanticPlugin
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from api import pages, routes
from api.background import Background
from api.media import refuse_other_content
from api.pages.frame import language, show
from api.problems import BODY_LIMIT, answer_problem, refusal_of, spoken
from api.receipt_office import receipt_office
from api.routes.receipts import describe_receipt_files
from api.routes.slips import describe_paper
from api.schema_page import ReadablePlugin
from api.security import Door, Headers, provide_actor
from api.zone import Zone
from border.settings import kept_secret

HERE = Path(__file__).parent
logger = logging.getLogger("border.api")


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer any exception: a problem document to programs, a page to people."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if request.url.path.startswith(("/api/", "/health/")) or not wants_page:
        return answer_problem(request, error)
    refusal = refusal_of(error, request)
    if refusal.kind.status == 401 and request.method == "GET":
        return Response(
            b"", status_code=303, headers={"Location": f"/login?next={request.url.path}"}
        )
    request.scope.setdefault("user", None)
    return show(
        request,
        request.app.state.zone,
        "error.html",
        refusal.kind.status,
        problem=spoken(refusal, language(request)),
        way_out=None,
        request_id=refusal.facts.get("number"),
    )


def create_app(open_zone: Callable[[], Zone], *, background: bool = True) -> Litestar:
    """Return the application on the zone that `open_zone` opens when it starts.

    With `background` false nothing is done that nobody asked for: tests then run the jobs by hand.
    """
    zone = open_zone()
    receipts = cache(partial(receipt_office, zone.settings))

    @asynccontextmanager
    async def live(app: Litestar) -> AsyncIterator[None]:
        jobs = Background(zone, receipts)
        await zone.hub.start()
        if background:
            jobs.start()
        try:
            yield
        finally:
            await zone.hub.stop()
            await jobs.stop()
            await zone.close()

    settings = zone.settings
    pay_pages = {urlsplit(url) for url in (settings.vnpay_url, settings.portal_url) if url}
    origins = sorted({f"{page.scheme}://{page.netloc}" for page in pay_pages})
    prometheus = PrometheusConfig(app_name="border", prefix="border", group_path=True)
    app = Litestar(
        route_handlers=[
            Router("/api/v1", route_handlers=routes.ALL, before_request=refuse_other_content),
            *routes.BESIDE,
            *pages.ALL,
            create_static_files_router("/static", directories=[HERE / "static"], name="static"),
            create_static_files_router("/fonts", directories=[zone.fonts.folder], name="fonts"),
            PrometheusController,
        ],
        # Not False, its default, which would override the strict numbers of the shapes.
        plugins=[PydanticPlugin(validate_strict=None)],  # type: ignore[arg-type]
        lifespan=[live],
        dependencies={
            "zone": Provide(lambda: zone, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "receipts": Provide(lambda: receipts(), sync_to_thread=True),
        },
        middleware=[
            prometheus.middleware,
            Door(),
        ],
        before_send=[Headers(" ".join(["'self'", *origins]))],
        exception_handlers={Exception: answer},
        csrf_config=CSRFConfig(
            secret=kept_secret(settings.data_dir, "csrf").hex(),
            cookie_name="border_csrf",
            cookie_httponly=True,
            cookie_secure=settings.base_url.startswith("https://"),
            exclude=["^/api/"],
        ),
        template_config=TemplateConfig(directory=HERE / "templates", engine=JinjaTemplateEngine),
        openapi_config=OpenAPIConfig(
            title="Lào Cai border gate",
            version="1",
            description="Declarations, crossing hours, fees, slips, scans and figures.",
            path="/schema",
            render_plugins=[ReadablePlugin(), JsonRenderPlugin(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
        request_max_body_size=BODY_LIMIT,
        logging_config=None,
    )
    app.state.zone = zone
    app.state.receipts = receipts
    describe_paper(app)
    describe_receipt_files(app)
    return app
