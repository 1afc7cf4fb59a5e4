"""What every page has in common: its language, its forms' safety, and how a form is answered.

A page's write goes through `act`: once per form shown, in one transaction, then a redirect. A
refusal comes back to the page, which shows it beside the field with what was typed kept.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Redirect, Template
from litestar.template.base import csrf_token

from api.language import choose_locale, context_for
from api.problems import spoken
from api.zone import Zone
from border.identity.actor import Actor
from border.ids import new_id
from border.refusal import Refusal
from border.store import Answer, Unit

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
    request: AnyRequest, zone: Zone, template: str, status: int = 200, **context: Any
) -> Template:
    """Return a page in the reader's language, with what the frame of every page needs."""
    locale = language(request)
    actor: Actor | None = request.scope["user"]
    asked = request.query_params.get("lang")
    return Template(
        template_name=template,
        status_code=status,
        cookies=[Cookie(LANGUAGE_COOKIE, value=asked, max_age=_YEAR, samesite="lax")]
        if asked == locale
        else [],
        context={
            **context_for(locale),
            "path": request.url.path,
            "query": {k: v for k, v in request.query_params.items() if k != "lang"},
            "theme": request.cookies.get("theme"),
            "actor": actor,
            "csrf": csrf_token({"request": request}),
            "fresh_key": lambda: str(new_id()),
            "demo": zone.settings.demo,
            "pay_by": tuple(zone.gateways.by_code),
            **context,
        },
    )


async def form_of(request: AnyRequest) -> dict[str, Any]:
    """Return a form's fields; one given several times is a list of texts."""
    given = (await request.form()).dict()
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def nested(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields `a.b` and `lines.0.hs_code` of a form as mappings within mappings.

    What was left empty is left out. A level whose names are all numbers becomes a list.
    """
    tree: dict[str, Any] = {}
    for name, value in form.items():
        if value == "" or name.startswith("_"):
            continue
        *path, last = name.split(".")
        place = tree
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(part) for name, part in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


async def act(
    request: AnyRequest,
    zone: Zone,
    actor: Actor,
    work: Callable[[Unit], Awaitable[str]],
) -> Redirect:
    """Run a form's work once and go on to the address it returns; a repeat goes there again.

    refuses: whatever `work` refuses.
    """
    form = await form_of(request)
    key = str(form.pop("idempotency_key", "") or new_id())
    form.pop("_csrf_token", None)
    asked = json.dumps([request.url.path, form], sort_keys=True, default=str)

    async def once(unit: Unit) -> Answer:
        fingerprint = sha256(asked.encode()).digest()
        if before := await unit.once(key, fingerprint):
            return before
        answer = Answer(303, (await work(unit)).encode())
        await unit.keep(key, fingerprint, answer)
        return answer

    answer = await zone.store.perform(actor, once)
    return Redirect(answer.body.decode(), status_code=303)


def errors_of(refusal: Refusal, locale: str) -> dict[str, str]:
    """Return a refusal as sentences by field; under "" what belongs to no field."""
    problem = spoken(refusal, locale)
    if "errors" in problem:
        return {error["field"]: error["detail"] for error in problem["errors"]}
    return {"": problem["detail"]}


def version_in(form: Mapping[str, Any]) -> int | None:
    """Return the version a form was drawn from, if it says."""
    text = str(form.get("version", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else None
