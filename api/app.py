"""The application: routes, pages, streams, and what every answer goes through."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Litestar, Request, Response, Router
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Schema
from litestar.plugins.prometheus import PrometheusController
from litestar.plugins.pydantic import PydanticPlugin
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from api import pages, routes
from api.background import Background
from api.http import typefaces
from api.http.counted import Counted
from api.http.description import described
from api.http.head import Application
from api.http.media import ANSWERS, refuse_unfit
from api.http.problems import BODY_LIMIT, answer_problem, headers_of, refusal_of, spoken
from api.http.request_number import RequestNumber, answer_number
from api.http.schema_page import ReadablePlugin
from api.http.security import (
    Authentication,
    Headers,
    permitted,
    provide_actor,
    refuse_undeclared,
)
from api.http.short_way import ShortWay
from api.language import learn_all
from api.pages.kit.drawing import engine_of
from api.pages.kit.form import provide_sent
from api.pages.kit.frame import language, show
from api.pages.kit.kept_form import answer_kept, kept_form
from api.receipt_office import receipt_office
from api.zone import Services, jobs_of
from border.core.kept_secret import kept_secret

HERE = Path(__file__).parent
_PUBLIC = {"verb": "document.read"}
logger = logging.getLogger("border.api")


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer any exception: a problem document to programs, a page to people."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if request.url.path.startswith(("/api/", "/health/")) or not wants_page:
        return answer_problem(request, error)
    refusal = refusal_of(error, request)
    if refusal.kind.status == 401 and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        there = quote(request.url.path + query, safe="/")
        return Response(b"", status_code=303, headers={"Location": f"/login?next={there}"})
    request.scope.setdefault("user", None)
    if kept := kept_form(request, refusal):
        return answer_kept(request, request.app.state.services, refusal, kept)
    page = show(
        request,
        request.app.state.services,
        "kit/error.html",
        refusal.kind.status,
        problem=spoken(refusal, language(request)),
        way_out=None,
        errors={},
        request_id=refusal.facts.get("number"),
    )
    page.headers.update(headers_of(refusal))
    return page


class OnlyRouter(Router):
    """A router of one application: Litestar need not copy it, at the cost of all else it does."""

    def __deepcopy__(self, _: object) -> "OnlyRouter":
        return self


def _complete(request: Request[Any, Any, Any]) -> None:
    described(request.app)


class Metrics(PrometheusController):
    """Figures of the running program, for Prometheus."""

    opt = {
        **_PUBLIC,
        ANSWERS: {
            "200": OpenAPIResponse(
                description="The figures.",
                content={
                    "text/plain": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
                    "application/openmetrics-text": OpenAPIMediaType(
                        schema=Schema(type=OpenAPIType.STRING)
                    ),
                },
            )
        },
    }


def create_app(open_services: Callable[[], Services], *, background: bool = True) -> Litestar:
    """Return the application on the zone that `open_services` opens when it starts.

    With `background` false nothing is done that nobody asked for: tests then run the jobs by hand.
    """
    services = open_services()
    receipts = cache(partial(receipt_office, services.settings))

    @asynccontextmanager
    async def live(app: Litestar) -> AsyncIterator[None]:
        jobs = Background(
            jobs_of(services, receipts), services.store.committed, services.peers.lead
        )
        learning = asyncio.create_task(asyncio.to_thread(learn_all))
        services.peers.start()
        await services.hub.start()
        if background:
            jobs.start()
        try:
            yield
        finally:
            await learning
            await services.hub.stop()
            await jobs.stop()
            await services.peers.stop()
            await services.close()

    settings = services.settings
    pay_pages = {urlsplit(row.pay_page) for row in settings.gateways.values() if row.pay_page}
    origins = sorted({f"{page.scheme}://{page.netloc}" for page in pay_pages})
    app = Application(
        route_handlers=[
            OnlyRouter("/api/v1", route_handlers=routes.ALL, before_request=refuse_unfit),
            *routes.BESIDE,
            OnlyRouter(
                "/",
                route_handlers=pages.ALL,
                include_in_schema=False,
                dependencies={"sent": Provide(provide_sent)},
            ),
            *(
                create_static_files_router(f"/{name}", directories=[folder], name=name, opt=_PUBLIC)
                for name, folder in (("static", HERE / "static"), ("fonts", services.fonts.folder))
            ),
            *typefaces.ROUTES,
            Metrics,
        ],
        # Not False, its default, which would override the strict numbers of the shapes.
        plugins=[PydanticPlugin(validate_strict=None)],  # type: ignore[arg-type]
        lifespan=[live],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "receipts": Provide(lambda: receipts(), sync_to_thread=True),
        },
        guards=[permitted],
        middleware=[
            Counted(),
            RequestNumber(),
            Authentication(),
        ],
        before_send=[Headers(" ".join(["'self'", *origins])), answer_number],
        exception_handlers={Exception: answer},
        csrf_config=CSRFConfig(
            secret=kept_secret(settings.data_dir, "csrf").hex(),
            cookie_name="border_csrf",
            cookie_httponly=True,
            cookie_secure=settings.base_url.startswith("https://"),
            exclude=["^/api/"],
        ),
        template_config=TemplateConfig(instance=engine_of(HERE / "templates")),
        openapi_config=OpenAPIConfig(
            title="Lào Cai border gate",
            version="1",
            description="Declarations, crossing hours, fees, slips, scans and figures.",
            openapi_router=OnlyRouter(
                "/schema",
                route_handlers=[],
                include_in_schema=False,
                opt=_PUBLIC,
                before_request=_complete,
            ),
            render_plugins=[ReadablePlugin(), JsonRenderPlugin(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
        request_max_body_size=BODY_LIMIT,
        logging_config=None,
    )
    app.state.services = services
    app.state.receipts = receipts
    refuse_undeclared(app)
    app.short_way = ShortWay(app, answer)
    return app
