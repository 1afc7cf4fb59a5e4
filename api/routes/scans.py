"""Scans: one code in, one answer out; a batch from a device that was offline; a photograph."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import JSONBody
from pydantic import Field, ValidationError

from api.http.media import A_FILE, ANY_CONTENT
from api.http.problems import locale_of, shape_errors, spoken
from api.http.shapes import ScanShape, Shape
from api.http.short_way import SHORT_WAY
from api.http.writes import answer_of, answered, idempotency_key, write
from api.language import translator
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.request_body import RequestBody
from border.core.store import Unit
from logistics import batch_service, scan_service
from logistics.code_reading import NotAnImage, read_codes
from logistics.scan_request import ScanRequest


@post(
    "/scans",
    operation_id="scan",
    status_code=200,
    tags=["scans"],
    verb="scan.record",
    opt={SHORT_WAY: True},
)
async def scan(
    data: JSONBody[ScanRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[ScanShape]:
    """Decide a scan. A refused truck is an answer (200 with `verdict: refused`), not an error.

    refuses: not_allowed, invalid_fields, scan_id_reused, overloaded.
    """
    if idempotency_key(request) is None:
        answer = await services.scans.ask(actor, data)
        return answered(answer_of(_said(answer, locale_of(request))))

    async def work(unit: Unit) -> ScanShape:
        answer = await scan_service.scan(unit, data, services.slips)
        return msgspec.convert(_said(answer, locale_of(request)), ScanShape)

    return await write(request, services, actor, work)


def _said(answer: dict[str, Any], locale: str) -> dict[str, Any]:
    """Return the answer to a scan with its sentences in a language."""
    say = translator(locale).gettext
    failed = [
        {**reason, "says": say(reason["says"]), "driver": say(reason["driver"])}
        for reason in answer["failed"]
    ]
    return {**answer, "says": say(answer["says"]), "failed": failed}


class BatchRequest(RequestBody):
    """What an offline device brings back, in its own order."""

    scans: list[Any] = Field(max_length=500)


class BatchShape(Shape):
    """One answer for each scan sent, in the same order; none is dropped."""

    answers: list[dict[str, Any]]


@post(
    "/scans/batch", operation_id="scan_batch", status_code=200, tags=["scans"], verb="scan.record"
)
async def scan_batch(
    data: JSONBody[BatchRequest],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> BatchShape:
    """Take what an offline device brings; each scan stands alone, and a bad one stops none.

    Each is stored as a fact of its own time. `verdict` is what is true of it now; `flags` say what
    was late, off or contradicts. Only what is no scan at all is `invalid`.

    refuses: not_allowed, invalid_fields, overloaded.
    """
    locale = locale_of(request)
    wanted: list[ScanRequest | Refusal] = [_wanted(asked) for asked in data.scans]
    scans = [one for one in wanted if isinstance(one, ScanRequest)]
    brought = iter(await batch_service.bring(services.brought, actor, scans))

    def answer(asked: Any, one: ScanRequest | Refusal) -> dict[str, Any]:
        found = next(brought) if isinstance(one, ScanRequest) else one
        said = (
            {"verdict": "invalid", "problem": spoken(found, locale)}
            if isinstance(found, Refusal)
            else _said(found, locale)
        )
        return {"scan_id": asked.get("scan_id") if isinstance(asked, dict) else None, **said}

    return BatchShape(answers=list(map(answer, data.scans, wanted)))


def _wanted(asked: Any) -> ScanRequest | Refusal:
    """Return a scan of a batch, or why it is none."""
    try:
        return ScanRequest.model_validate(asked)
    except ValidationError as error:
        return INVALID(errors=shape_errors(error.errors()))  # type: ignore[arg-type]


class PhotoShape(Shape):
    """The codes read in a picture."""

    codes: list[dict[str, str]]


@post(
    "/scans/photo",
    operation_id="scan_photo",
    status_code=200,
    request_max_body_size=12_000_000,
    opt={
        ANY_CONTENT: {
            **dict.fromkeys(("image/jpeg", "image/png", "image/webp"), A_FILE),
            "multipart/form-data": Schema(
                type=OpenAPIType.OBJECT,
                properties={"image": A_FILE},
                required=["image"],
            ),
        }
    },
    tags=["scans"],
    verb="scan.photo",
)
async def scan_photo(request: Request[Any, Any, Any]) -> PhotoShape:
    """Read the codes in a JPEG, PNG or WebP sent as the body, or as a form's `image`.

    refuses: invalid_fields.
    """
    return PhotoShape(codes=await codes_in(request))


async def codes_in(request: Request[Any, Any, Any]) -> list[dict[str, str]]:
    """Return the codes in the picture a request carries. refuses: invalid_fields."""

    if request.content_type[0] == "multipart/form-data":
        upload = (await request.form()).get("image")
        image = await upload.read() if upload is not None and hasattr(upload, "read") else b""
    else:
        image = await request.body()
    try:
        found = await asyncio.to_thread(read_codes, image)
    except NotAnImage as error:
        raise INVALID(errors=[FieldError("image", "not_an_image", str(error))]) from None
    return [{"text": code.text, "format": code.format} for code in found]


ROUTES = (scan, scan_batch, scan_photo)
