"""What every page has in common: its language, its forms' safety, and how a form is answered.

A page's write goes through `act`: once per form shown, in one transaction, then a redirect. A
refusal comes back to the page, which shows it beside the field with what was typed kept.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from litestar.response import Redirect, Template
from litestar.template.base import csrf_token

from api.http.problems import spoken
from api.language import choose_locale, context_for
from api.pages.kit.conflict import is_conflict, overtaken, texts_in
from api.zone import Services
from border.core.actor import Actor
from border.core.ids import new_id
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.store import Answer, Unit
from border.core.words import N_
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
            "path": _path_to_see(request),
            "now_at": services.store.clock.now(),
            "again": "" if request.method == "GET" else _path_to_see(request),
            "kept_texts": request.state.get("kept_texts", []),
            "query": {k: v for k, v in request.query_params.items() if k != "lang"},
            "theme": request.cookies.get("theme"),
            "actor": actor,
            "may": partial(policy.may, actor),
            "csrf": csrf_token({"request": request}),
            "fresh_key": lambda: str(new_id()),
            "demo": services.settings.demo,
            "pay_by": services.gateways.kinds,
            **context,
        },
    )


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


async def form_of(request: AnyRequest) -> dict[str, Any]:
    """Return a form's fields; one given several times is a list of texts."""
    given = (await request.form()).dict()
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def nested(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields `a.b` and `lines.0.hs_code` of a form as mappings within mappings.

    What was left empty is left out. A level whose names are all numbers becomes a list.
    refuses: invalid_fields, where a name stands both for a text and for a level of names.
    """
    tree: dict[str, Any] = {}
    for name, value in form.items():
        if value == "" or name.startswith("_"):
            continue
        *path, last = name.split(".")
        place = tree
        for at, step in enumerate(path, start=1):
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise _both(".".join(path[:at]))
        if last in place:
            raise _both(name)
        place[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def _both(name: str) -> Refusal:
    says = N_("This name stands for a text and for further fields at once; send one of them.")
    return INVALID(errors=[FieldError(name, "text_and_fields", says)])


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(part) for name, part in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


async def act(
    request: AnyRequest,
    services: Services,
    actor: Actor,
    work: Callable[[Unit], Awaitable[str]],
) -> Redirect:
    """Run a form's work once and go on to the address it returns; a repeat goes there again.

    refuses: whatever `work` refuses; where the record had moved on, with who did what meanwhile.
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

    try:
        answer = await services.store.perform(actor, once)
    except Refusal as refusal:
        if not is_conflict(refusal):
            raise
        request.state["kept_texts"] = texts_in(form)
        async with services.store.reading() as connection:
            locale, version = language(request), version_in(form)
            raise await overtaken(connection, actor, refusal, version, locale) from None
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
