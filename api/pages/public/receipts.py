"""Looking up a receipt by the code printed on it, for anybody; and a firm's own receipts."""

from collections.abc import Sequence
from typing import Any, cast

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.http.files import split_name
from api.http.paging import cursor_of, parse_cursor
from api.pages.kit.form import Asked
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.kit.printed import place_in, rows_to_show
from api.routes.receipts import document, needed
from api.zone import Services
from border.core.actor import Actor
from border.core.money import Money
from border.core.refusal import NOT_FOUND, TOO_MANY, Refusal
from border.core.words import N_
from border.paper.words import Locale
from border.payments.receipts import reading_service
from border.payments.receipts.reading_service import SeenReceipt
from border.payments.receipts.receipt import GIVEN_BACK, RECEIPT, ReceiptKind
from border.payments.receipts.receipt_service import Office
from border.payments.receipts.tables import ReceiptRow
from border.payments.refunds import seen_service
from border.payments.refunds.seen_service import GoingBack

KIND_NAMES = {
    ReceiptKind.ORIGINAL: N_("Receipt"),
    ReceiptKind.ADJUSTMENT: N_("Adjustment of a receipt"),
    ReceiptKind.REPLACEMENT: N_("Receipt in place of another"),
}
METHOD_NAMES = {"TM": N_("Cash"), "CK": N_("Transfer")}
_UNKNOWN = N_("No receipt has this code. Compare it with the paper, character by character.")
_MISSES = 20
_SECONDS = 60
_A_PAGE = 20


async def look_up(services: Services, request: AnyRequest, code: str) -> SeenReceipt:
    """Return the receipt with a code; somebody who guesses is stopped for a minute.

    With Redis away nobody is stopped. refuses: invalid_fields, not_found, too_many_requests.
    """
    name = f"border:receipts:{request.client.host if request.client else 'unknown'}"
    if await _misses(services.redis, name) >= _MISSES:
        raise TOO_MANY(seconds=_SECONDS)
    try:
        async with services.store.reading() as connection:
            return await reading_service.look_up(connection, code)
    except Refusal:
        await _count_miss(services.redis, name)
        raise


async def _misses(redis: Redis, name: str) -> int:
    try:
        return int(await redis.get(name) or 0)
    except RedisError:
        return 0


async def _count_miss(redis: Redis, name: str) -> None:
    try:
        async with redis.pipeline(transaction=True) as pipeline:
            pipeline.incr(name)
            pipeline.expire(name, _SECONDS, nx=True)
            await pipeline.execute()
    except RedisError:
        return


@get("/receipts", include_in_schema=False, verb="receipt.look_up")
async def show_receipt(
    request: AnyRequest,
    services: NamedDependency[Services],
    receipts: NamedDependency[Office | None],
    code: FromQuery[str] = "",
) -> Template:
    """Show the form, and under it the receipt with the code that was typed or scanned."""
    typed = code[:60]
    found = None
    with Asked(request, _placed):
        if typed.strip():
            seen = await look_up(services, request, typed)
            found = {
                "seen": seen,
                "row": seen.receipt,
                "check": await reading_service.check(needed(receipts).signer, seen.receipt),
                "total": Money(seen.receipt.total_minor, seen.receipt.currency),
                "lines": _lines(seen.receipt, needed(receipts), language(request)),
                "links": _links(seen),
                "refunds": await _refunds(services, seen),
                "reason": _reason(seen.receipt, needed(receipts), language(request)),
            }
            typed = seen.receipt.lookup_code
    page = show(
        request,
        services,
        "public/receipt.html",
        code=typed,
        found=found,
        kind_names=KIND_NAMES,
        method_names=METHOD_NAMES,
        state_says={state.name: state.label for state in RECEIPT.states},
    )
    page.headers |= {"cache-control": "no-store", "x-robots-tag": "noindex"}
    return page


def _placed(refusal: Refusal, said: dict[str, str]) -> dict[str, str]:
    return {"code": _UNKNOWN} if refusal.kind is NOT_FOUND else said


def _lines(row: ReceiptRow, office: Office, locale: str) -> list[dict[str, Any]]:
    """Return each charge with its reasons in the reader's language, as far as it is known."""
    return [
        {
            "name": line["name"] if locale == "vi" else office.speech.charge(line["kind"], locale),
            "amount": Money(line["amount_minor"], row.currency),
            "reasons": [
                one["text"]
                if locale == "vi"
                else office.speech.explanation(one["says"], one["facts"], locale)
                for one in line["explanation"]
            ],
        }
        for line in row.lines
    ]


def _reason(row: ReceiptRow, office: Office, locale: str) -> str:
    """Return why a receipt adjusts or replaces; what the program said, in the reader's language."""
    told = (
        one["facts"].get("reason")
        for line in row.lines
        for one in line["explanation"]
        if one["says"] == GIVEN_BACK
    )
    return office.speech.explanation(next(filter(None, told), row.reason), {}, locale)


async def _refunds(services: Services, seen: SeenReceipt) -> Sequence[GoingBack]:
    """Return what of the money that a receipt is for goes back, or went."""
    async with services.store.reading() as connection:
        return await seen_service.of_payment(connection, seen.receipt.payment_id)


def _links(seen: SeenReceipt) -> list[tuple[str, ReceiptRow]]:
    """Return the receipts this one is linked to, each with what it is to this one."""
    links: list[tuple[str, ReceiptRow]] = []
    if seen.about is not None:
        adjusts = seen.receipt.kind == ReceiptKind.ADJUSTMENT
        links.append((N_("It adjusts") if adjusts else N_("It replaces"), seen.about))
    if seen.replaced_by is not None:
        links.append((N_("Replaced by"), seen.replaced_by))
    return [*links, *((N_("Adjusted by"), one) for one in seen.adjustments)]


@get("/receipts/{name:str}", include_in_schema=False, verb="receipt.look_up")
async def download(
    name: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    receipts: NamedDependency[Office | None],
) -> Response[bytes]:
    """Return the paper (`.pdf`) or the signed document (`.xml`) of the receipt with a code."""
    code, kind = split_name(name)
    if not kind:
        raise NOT_FOUND(what="receipt")
    seen = await look_up(services, request, code)
    answer = await document(services, receipts, seen, kind, cast("Locale", language(request)))
    answer.headers |= {"cache-control": "no-store", "x-robots-tag": "noindex"}
    return answer


@get("/trader/receipts", include_in_schema=False, verb=("page.trader", "receipt.list"))
async def own_receipts(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    after: FromQuery[str | None] = None,
) -> Template:
    """Show a firm's receipts, the newest first."""
    most = rows_to_show(request, _A_PAGE)
    async with services.store.reading() as connection:
        found = await reading_service.list_receipts(
            connection, actor, parse_cursor(place_in(request, after)), most + 1
        )
    last = found[most - 1] if len(found) > most else None
    return show(
        request,
        services,
        "trader/receipts.html",
        listed=[(row, Money(row.total_minor, row.currency)) for row in found[:most]],
        next=cursor_of(last.issued_at, last.id) if last else None,
        kind_names=KIND_NAMES,
        state_says={state.name: state.label for state in RECEIPT.states},
    )


ROUTES = (show_receipt, download, own_receipts)
