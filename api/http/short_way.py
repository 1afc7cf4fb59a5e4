"""The short way to the few routes that are asked most: the same handlers, without Litestar between.

Of the program's time for a scan a third was Litestar's: nine layers around the handler, and its
arguments found out anew for each request. What a marked route goes through here is what it goes
through there, by the same functions and in the same order: its number, who asks, the guard, the
kind of content, the shape of the body, the handler, the headers of every answer, the counting. What
is not exactly a marked address goes the long way, HEAD and OPTIONS among it (docs/decisions/0037).
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Litestar, MediaType, Request, Response
from litestar.exceptions import ClientException, SerializationException
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.utils.helpers import get_enum_string_value

from api.http.counted import begun, ended
from api.http.media import refuse_unfit
from api.http.request_number import HEADER, number_of
from api.http.security import permitted, who_asks
from border.core.event import current_request

SHORT_WAY = "short_way"
"""Option of a route of the API that is reached by the short way. Its answer is made of bytes."""
_GIVEN = {"data", "request", "services", "actor"}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IN_BRACES = re.compile(r"{(\w+):uuid}")


@dataclass(frozen=True)
class Way:
    """A route reached by the short way; `id` names the one part of its path that varies."""

    handler: HTTPRouteHandler
    template: str
    id: str
    wants: frozenset[str]


class ShortWay:
    """Knows the marked routes of an application, and leads to them.

    Raises TypeError where a marked handler wants what only Litestar can give it.
    """

    def __init__(
        self,
        app: Litestar,
        answer: Callable[[Request[Any, Any, Any], Exception], Response[Any]],
    ) -> None:
        self._app = app
        self._answer = answer
        self._ways: dict[tuple[str, str], Way] = {}
        for route in app.routes:
            if isinstance(route, HTTPRoute):
                for handler in route.route_handlers:
                    if handler.opt.get(SHORT_WAY):
                        self._mark(route, handler)

    def _mark(self, route: HTTPRoute, handler: HTTPRouteHandler) -> None:
        ids, wants = _IN_BRACES.findall(route.path), handler.parsed_fn_signature.parameters.keys()
        if len(ids) > 1 or not wants <= {*_GIVEN, *ids}:
            raise TypeError(f"{handler} cannot be reached by the short way: it wants {set(wants)}")
        way = Way(handler, route.path_format, "".join(ids), frozenset(wants))
        for method in handler.http_methods:
            self._ways[method, _IN_BRACES.sub("*", route.path)] = way

    def way_of(self, scope: Any) -> Way | None:
        """Return the way of what is asked, its id put into the scope; None for the long way."""
        method, path = scope["method"], scope["path"]
        if way := self._ways.get((method, path)):
            scope["path_params"] = {}
            return way
        before, _, last = path.rpartition("/")
        before, _, id = before.rpartition("/")
        way = self._ways.get((method, f"{before}/*/{last}"))
        if way is None or not _ID.fullmatch(id):
            return None
        scope["path_params"] = {way.id: UUID(id)}
        return way

    async def answer(self, way: Way, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        at, asked = time.perf_counter(), (scope["method"], way.template)
        scope["app"] = scope["litestar_app"] = self._app
        scope.setdefault("state", {})
        scope.update(route_handler=way.handler, path_template=way.template, user=None)
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        token = current_request.set(number_of(request.headers.get(HEADER)))
        status = 500
        begun(*asked)
        try:
            try:
                response = await self._response(way, request)
            except Exception as error:
                response = self._answer(request, error)
            status = response.status_code or way.handler.status_code
            await self._send(response, status, scope, send)
        finally:
            ended(*asked, status, time.perf_counter() - at)
            current_request.reset(token)

    async def _response(self, way: Way, request: Request[Any, Any, Any]) -> Response[Any]:
        handler, scope = way.handler, request.scope
        scope["user"] = await who_asks(request)
        await permitted(request, handler)
        await refuse_unfit(request)
        services = self._app.state.services
        given = {"request": request, "services": services, "actor": scope["user"]}
        given = {name: value for name, value in given.items() if name in way.wants}
        if "data" in way.wants and await request.body():
            try:
                given["data"] = await request.json()
            except SerializationException as error:
                raise ClientException(str(error)) from error
        parsed = handler.signature_model.parse_values_from_connection_kwargs(
            request, {**given, **scope["path_params"]}
        )
        response: Response[Any] = await handler.fn(**parsed)
        return response

    async def _send(self, response: Response[Any], status: int, scope: Any, send: Any) -> None:
        body: bytes = response.content
        said = {
            "content-type": get_enum_string_value(response.media_type or MediaType.JSON),
            "content-length": str(len(body)),
            **response.headers,
        }
        headers = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        start: Any = {"type": "http.response.start", "status": status, "headers": headers}
        for hook in self._app.before_send:
            await hook(start, scope)
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})
