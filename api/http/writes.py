"""How a write is answered: in one transaction, once per Idempotency-Key, after the commit."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Request, Response

from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import Once, StoredAnswer, Unit
from border.core.words import N_

T = TypeVar("T")
_encoder = msgspec.json.Encoder()


def idempotency_key(request: Request[Any, Any, Any]) -> str | None:
    """Return the request's Idempotency-Key, quoted or not. refuses: invalid_fields."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    key = given.strip().removeprefix('"').removesuffix('"')
    if not 1 <= len(key) <= 255 or not key.isprintable():
        says = N_("Send a key of 1 to 255 printable characters, or leave the header out.")
        raise INVALID(errors=[FieldError("Idempotency-Key", "not_a_key", says)])
    return key


def expected_version(request: Request[Any, Any, Any]) -> int | None:
    """Return the version named by If-Match, if any. refuses: invalid_fields."""
    given = request.headers.get("if-match")
    if given is None or given == "*":
        return None
    digits = given.strip().removeprefix("W/").strip('"')
    if not digits.isdecimal() or len(digits) > 9:
        says = N_('Send the version of the record you worked from, for example If-Match: "3".')
        raise INVALID(errors=[FieldError("If-Match", "not_a_version", says)])
    return int(digits)


async def sent_once(request: Request[Any, Any, Any]) -> Once | None:
    """Return the key a request is answered once under, if it has one. refuses: invalid_fields."""
    key = idempotency_key(request)
    if key is None:
        return None
    asked = f"{request.method} {request.url.path}\0".encode() + await request.body()
    return Once(key, sha256(asked).digest())


def answer_of(shape: object, status: int = 200) -> StoredAnswer:
    """Return what a write is answered, as it is kept and sent."""
    return StoredAnswer(status, _encoder.encode(shape))


def answered(answer: StoredAnswer) -> Response[Any]:
    """Return the response with an answer, given now or before."""
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    return Response(
        answer.body, status_code=answer.status, media_type=MediaType.JSON, headers=headers
    )


async def write(
    request: Request[Any, Any, Any],
    services: Services,
    actor: Actor,
    work: Callable[[Unit], Awaitable[T]],
    status: int = 200,
) -> Response[T]:
    """Run `work`, commit, and answer what it returned; a repeat gets the stored answer.

    refuses: whatever `work` refuses, still_running, idempotency_key_reused.
    """
    once = await sent_once(request)

    async def answer(unit: Unit) -> StoredAnswer:
        if once is not None and (before := await unit.once(once)):
            return before
        given = answer_of(await work(unit), status)
        if once is not None:
            unit.keep(once, given)
        return given

    return answered(await services.store.perform(actor, answer))
