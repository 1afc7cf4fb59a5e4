"""`docs/routes.md`: the JSON API, route by route, with who may call it."""

from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.documents.markdown import code, codes, page, table
from api.documents.openapi import unconnected_application
from api.documents.permissions import who
from api.http.description import described
from api.http.security import verbs_of
from border.core.lifecycle import SYSTEM
from border.identity import policy

_INTRODUCTION = """\
Readable with every parameter and answer under `/schema`; for programs `/schema/openapi.json` and
`border openapi`. *Verb* is what a route asks the table of permissions for, and *who may* the roles
that have it there; on which records is said there too ([permissions.md](permissions.md)). `moves`
in each answer says which moves are open to the caller.

Every write takes `Idempotency-Key`; an update takes `If-Match: "<version>"`. Refusals are listed in
[errors.md](errors.md). Lists are `{"items": […], "next": cursor}`, with `?limit=` up to 200.
Prometheus reads `/metrics`."""
_FRAMEWORK = {"/metrics"}
"""Drawn by the framework, for Prometheus; said in the introduction."""
_METHODS = ("get", "post", "patch", "put", "delete")


def routes_page() -> str:
    """Return the page."""
    with unconnected_application() as app:
        asked = _asked(app)
        schema: dict[str, Any] = described(app).to_schema()
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
            # A paper is asked for as its slip or receipt is.
            *asked[path.removesuffix(".pdf").removesuffix(".xml"), method],
            (operation.get("description") or operation.get("summary", "")).split("\n\n")[0],
        )
        for operation, method, path in operations
    ]
    return page(
        "Routes",
        _INTRODUCTION,
        table(("operation", "route", "verb", "who may", "what it does"), rows),
    )


def _asked(app: Litestar) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the verbs of each route and who may do them, by its path and method."""
    return {
        (route.path_format, method.lower()): (codes(verbs_of(handler)), _who_may(handler))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method != "OPTIONS"
    }


def _who_may(handler: HTTPRouteHandler) -> str:
    """Return the roles that may do what a handler asks for; a verb of the path tells its own."""
    named = [verb for verb in verbs_of(handler) if verb in policy.TABLE]
    if not named:
        return "by the verb"
    return who(set.intersection(*({*policy.TABLE[verb]} for verb in named)) - {SYSTEM})
