"""`docs/routes.md`: the JSON API, route by route, with who may call it."""

import inspect
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.documents.markdown import code, page, table
from api.documents.openapi import unconnected_application
from border.identity.actor import STAFF

_INTRODUCTION = """\
Readable with every parameter and answer under `/schema`; for programs `/schema/openapi.json` and
`border openapi`. *Who may* is what the door asks; which records one sees and which moves are open
is decided further in ([lifecycles.md](lifecycles.md)), and `moves` in each answer says so.

Every write takes `Idempotency-Key`; an update takes `If-Match: "<version>"`. Refusals are listed in
[errors.md](errors.md). Lists are `{"items": […], "next": cursor}`, with `?limit=` up to 200.
Prometheus reads `/metrics`."""
_FRAMEWORK = {"/metrics"}
"""Drawn by the framework, for Prometheus; said in the introduction."""
_METHODS = ("get", "post", "patch", "put", "delete")


def routes_page() -> str:
    """Return the page."""
    with unconnected_application() as app:
        doors = _doors(app)
        schema: dict[str, Any] = app.openapi_schema.to_schema()
    operations = [
        (operation, method, path)
        for path, item in schema["paths"].items()
        if path not in _FRAMEWORK
        for method, operation in item.items()
        if method in _METHODS
    ]
    rows = [
        (
            code(operation["operationId"]),
            f"{method.upper()} {code(path)}",
            doors[
                path.removesuffix(".pdf").removesuffix(".xml"), method
            ],  # The paper goes through its slip's door.
            (operation.get("description") or operation.get("summary", "")).split("\n\n")[0],
        )
        for operation, method, path in operations
    ]
    return page(
        "Routes", _INTRODUCTION, table(("operation", "route", "who may", "what it does"), rows)
    )


def _doors(app: Litestar) -> dict[tuple[str, str], str]:
    """Return who may call each route, by its path and method."""
    return {
        (route.path_format, method.lower()): _who_may(handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
    }


def _who_may(handler: HTTPRouteHandler) -> str:
    """Return the roles that a handler's guards let in, or that somebody must be signed in."""
    guards = handler.guards or ()
    roles = [
        role
        for guard in guards
        for role in inspect.getclosurevars(inspect.unwrap(guard)).nonlocals.get("roles", ())
    ]
    if set(roles) >= STAFF:
        return ", ".join(["the zone's staff", *sorted(set(roles) - STAFF)])
    if roles:
        return ", ".join(sorted(roles))
    asked = guards or "actor" in handler.parsed_fn_signature.parameters
    return "whoever is signed in" if asked else "anyone"
