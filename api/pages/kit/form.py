"""A form that people send, and how it is answered: on to the next page, or its page once more.

Every form of the pages is answered here; no page looks at a refusal itself. A form is worked once
per form shown, in one transaction. What is refused stays with the request, and `frame.show` draws
it: the status, the sentence beside each field, what was typed.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.di import NamedDependency
from litestar.response import Redirect, Template
from pydantic import ValidationError

from api.http.problems import refusal_of
from api.pages.kit.conflict import is_conflict, overtaken
from api.pages.kit.frame import AnyRequest, language
from api.pages.kit.labels import sentences_of
from api.pages.kit.refused import RefusedForm
from api.zone import Services
from border.core.actor import Actor
from border.core.ids import new_id
from border.core.money import MINOR_UNITS
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.store import Once, StoredAnswer, Unit
from border.core.words import N_
from border.files.typed_numbers import WrongNumber, read_units

Placed = Callable[[Refusal, dict[str, str]], dict[str, str]]
"""Puts the sentences of a refusal, by the path of what was sent, beside the fields of the form."""
_SECRETS = ("_csrf_token", "idempotency_key")


def go_on(address: str) -> StoredAnswer:
    """Return the answer to a form that goes on to an address, as it is kept."""
    return StoredAnswer(303, address.encode())


def gone_on(answer: StoredAnswer) -> Response[Any]:
    """Return the response that goes on to where an answer says."""
    return Redirect(answer.body.decode(), status_code=303)


@dataclass(frozen=True)
class SentForm:
    """A form as it was sent, without its secrets; `key` is what it is worked once under."""

    request: AnyRequest
    services: Services
    form: dict[str, Any]
    key: str

    @property
    def actor(self) -> Actor:
        """Who sent it."""
        actor: Actor = self.request.scope["user"]
        return actor

    @property
    def version(self) -> int | None:
        """The version of the record that the form was drawn from, if it says."""
        text = self.text("version")
        return int(text) if text.isdecimal() and len(text) < 10 else None

    def text(self, name: str) -> str:
        """Return what was typed into a field; nothing where it is not there."""
        return str(self.form.get(name, ""))

    def all(self, name: str) -> list[str]:
        """Return the boxes ticked under a name."""
        return ticked(self.form, name)

    def ids(self, name: str) -> list[UUID]:
        """Return the records that the boxes of a name stand for. refuses: invalid_fields."""
        try:
            return [UUID(one) for one in self.all(name)]
        except ValueError:
            says = N_("This is not an identifier.")
            raise INVALID(errors=[FieldError(name, "uuid_parsing", says)]) from None

    def minor(self, name: str, currency: str) -> int:
        """Return a typed amount in minor units. refuses: invalid_fields."""
        try:
            return read_units(self.text(name), MINOR_UNITS.get(currency, 0))
        except WrongNumber as wrong:
            raise INVALID(errors=[wrong.at(name)]) from None

    @property
    def once(self) -> Once:
        """The key and the fingerprint that it is worked once under."""
        asked = json.dumps([self.request.url.path, self.form], sort_keys=True, default=str)
        return Once(self.key, sha256(asked.encode()).digest())

    async def act(
        self,
        work: Callable[[Unit], Awaitable[str]],
        again: Callable[[], Awaitable[Template]],
        placed: Placed | None = None,
    ) -> Response[Any]:
        """Run the form's work once and go on to the address it returns; a repeat goes there again.

        What it refuses is shown on the page that `again` draws.
        """

        async def once(unit: Unit) -> StoredAnswer:
            if before := await unit.once(self.once):
                return before
            answer = go_on(await work(unit))
            unit.keep(self.once, answer)
            return answer

        async def send() -> Response[Any]:
            return gone_on(await self.services.store.perform(self.actor, once))

        return await self.answer(send, again, placed)

    async def answer(
        self,
        send: Callable[[], Awaitable[Response[Any] | Template]],
        again: Callable[[], Awaitable[Template]],
        placed: Placed | None = None,
    ) -> Response[Any] | Template:
        """Answer with what `send` does; where it is refused, with the page that `again` draws.

        A form that came too late is told who did what meanwhile.
        """
        try:
            return await send()
        except (Refusal, ValidationError) as error:
            refusal = refusal_of(error, self.request)
        if is_conflict(refusal):
            async with self.services.store.reading() as connection:
                locale = language(self.request)
                refusal = await overtaken(connection, self.actor, refusal, self.version, locale)
        keep(self.request, refusal, self.form, placed)
        return await again()


async def provide_sent(request: AnyRequest, services: NamedDependency[Services]) -> SentForm:
    """Return the form that a request sends."""
    form = await form_of(request)
    key = str(form.get("idempotency_key") or new_id())
    shown = {name: value for name, value in form.items() if name not in _SECRETS}
    return SentForm(request, services, shown, key)


@dataclass(frozen=True)
class Asked:
    """What an address asks, taken inside; a refusal is told on the page, which is drawn anyway."""

    request: AnyRequest
    placed: Placed | None = None

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Keep a refusal with its request; whatever else was raised goes on."""
        if not isinstance(error, Refusal):
            return False
        keep(self.request, error, {}, self.placed)
        return True


def keep(
    request: AnyRequest, refusal: Refusal, typed: Mapping[str, Any], placed: Placed | None
) -> None:
    """Keep what was refused with its request, for `frame.show` to draw."""
    sentences = sentences_of(refusal, language(request))
    errors = placed(refusal, sentences) if placed else sentences
    request.state["refused"] = RefusedForm(
        request.url.path, refusal.kind.status, refusal.code, refusal.facts, errors, typed
    )


async def form_of(request: AnyRequest) -> dict[str, Any]:
    """Return a form's fields; one given several times is a list of texts."""
    given = (await request.form()).dict()
    kept = {name: [_keepable(one) for one in values] for name, values in given.items()}
    return {name: values[0] if len(values) == 1 else values for name, values in kept.items()}


def ticked(form: Mapping[str, Any], name: str) -> list[str]:
    """Return the boxes of a form that are ticked under a name."""
    given = form.get(name) or []
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]


def _keepable(value: Any) -> Any:
    """Return a text without the character NUL, which nobody types and no database keeps."""
    return value.replace("\0", "") if isinstance(value, str) else value


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
