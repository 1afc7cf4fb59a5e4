"""What every page is drawn with: its language, who reads it, and the form that was refused, if any.

How a form is answered is in `form`.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from litestar.response import Template
from litestar.template.base import csrf_token

from api.language import choose_locale, context_for
from api.pages.kit.printed import print_context
from api.pages.kit.refused import NOTHING_REFUSED, RefusedForm, summary_of
from api.zone import Services
from border.core.actor import Actor
from border.core.ids import new_id
from border.identity import policy

AnyRequest = Request[Any, Any, Any]
LANGUAGE_COOKIE = "lang"
_YEAR = 365 * 24 * 3600


def language(request: AnyRequest) -> str:
    """Return the language to show: what the link asks, else the cookie, else the browser."""
    return choose_locale(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
    )


def show(
    request: AnyRequest, services: Services, template: str, status: int = 200, **context: Any
) -> Template:
    """Return a page in the reader's language, with what the frame of every page needs."""
    locale = language(request)
    refused = refused_of(request)
    errors = context.get("errors", refused.errors)
    actor: Actor | None = request.scope["user"]
    asked = request.query_params.get("lang")
    return Template(
        template_name=f"{locale}/{template}",
        status_code=refused.status if status == 200 else status,
        cookies=[Cookie(LANGUAGE_COOKIE, value=asked, max_age=_YEAR, samesite="lax")]
        if asked == locale
        else [],
        context={
            **context_for(locale),
            "path": _path_to_see(request),
            "now_at": services.store.clock.now(),
            "again": "" if request.method == "GET" else _path_to_see(request),
            "errors": errors,
            "typed": refused.typed,
            "sent": refused.of,
            "summary": partial(
                summary_of, replace(refused, errors=errors), context.get("called", {}), locale
            ),
            "query": {k: v for k, v in request.query_params.items() if k != "lang"},
            "theme": request.cookies.get("theme"),
            "actor": actor,
            "may": partial(policy.may, actor),
            "csrf": csrf_token({"request": request}),
            "fresh_key": lambda: str(new_id()),
            "demo": services.settings.demo,
            "pay_by": services.gateways.kinds,
            **print_context(request, _path_to_see(request)),
            **context,
        },
    )


def refused_of(request: AnyRequest) -> RefusedForm:
    """Return the form that was refused, to which the answer to a request is its page again."""
    refused: RefusedForm = request.state.get("refused", NOTHING_REFUSED)
    return refused


def _path_to_see(request: AnyRequest) -> str:
    """Return the address under which a page can be seen again: a form's own answers to POST only.

    The links of a page that answered a form, its languages among them, lead there.
    """
    path = request.url.path
    if request.method == "GET":
        return path
    while path != "/":
        try:
            request.app.asgi_router.handle_routing(path=path, method="GET")
        except HTTPException:
            path = path.rpartition("/")[0] or "/"
        else:
            break
    return path
