"""The addresses that gateways call, and those they send payers back to: as each kind says it."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Schema
from litestar.params import FromQuery
from litestar.response import Redirect

from api.http.media import ANSWERS, AS_SENT, TAKES
from api.http.short_way import SHORT_WAY
from api.http.writes import answer_of, answered
from api.zone import Services
from border.core.refusal import NOT_FOUND
from border.payments.collection import notice_service, payment_storage
from border.payments.gateways.evidence import Gateway
from border.payments.gateways.kind import GatewayKind, ReturnAddress
from border.payments.gateways.registry import GATEWAY_KINDS

_SIGNED = {
    "application/json": Schema(
        type=OpenAPIType.OBJECT, description="The notice as the gateway signed it."
    )
}


_OWN_WORDS = dict.fromkeys(
    ("400", "4XX"),
    OpenAPIResponse(
        description="Not taken, in the gateway's own words.",
        content={
            "application/json": OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT)),
        },
    ),
)


def _notices(kind: GatewayKind[Any]) -> HTTPRouteHandler:
    """Return the route that takes a gateway's notices."""
    by_get = kind.notice.method == "GET"

    async def take(
        request: Request[Any, Any, Any], services: NamedDependency[Services]
    ) -> Response[dict[str, str | bool]]:
        raw: bytes = request.scope["query_string"] if by_get else await request.body()
        taken = await services.inbox.take(_set_up(services, kind), raw)
        return answered(answer_of(dict(taken.body), taken.status))

    more: dict[str, Any] = {
        "tags": ["gateways"],
        "verb": "notice.bring",
        AS_SENT: True,
        SHORT_WAY: True,
        TAKES: _SIGNED,
        ANSWERS: _OWN_WORDS,
    }
    named = _named(take, f"{kind.code}_{kind.notice.path}", kind.notice.about)
    path = f"/payments/{kind.code}/{kind.notice.path}"
    if by_get:
        return get(path, operation_id=named.__name__, **more)(named)
    return post(path, operation_id=named.__name__, status_code=200, **more)(named)


def _return(kind: GatewayKind[Any], address: ReturnAddress) -> HTTPRouteHandler:
    """Return the route to which a gateway sends the payer back. The browser proves nothing."""

    async def signed(
        request: Request[Any, Any, Any], services: NamedDependency[Services]
    ) -> Redirect:
        raw: bytes = request.scope["query_string"]
        async with services.store.reading() as connection:
            gateway = _set_up(services, kind)
            payment = (await notice_service.read_return(connection, gateway, raw)).payment
        where = f"/trader/payments/{payment.id}" if payment else "/trader"
        return Redirect(where, status_code=303)

    async def by_reference(
        services: NamedDependency[Services], ref: FromQuery[str] = ""
    ) -> Redirect:
        async with services.store.reading() as connection:
            attempt = await payment_storage.attempt_by_ref(connection, kind.code, ref)
        where = f"/trader/payments/{attempt.payment_id}" if attempt else "/trader"
        return Redirect(where, status_code=303)

    back: Callable[..., Any] = signed if address.signed else by_reference
    more: dict[str, Any] = {
        "tags": ["gateways"],
        "verb": "notice.come_back",
        AS_SENT: address.signed,
        ANSWERS: {"303": OpenAPIResponse(description="On to the page of the payment.")},
    }
    named = _named(back, f"{kind.code}_return", address.about)
    path = f"/payments/{kind.code}/return"
    return get(path, operation_id=named.__name__, **more)(named)


def _set_up(services: Services, kind: GatewayKind[Any]) -> Gateway:
    """Return the gateway, if it is set up. refuses: not_found."""
    gateway = services.gateways.by_code.get(kind.code)
    if gateway is None:
        raise NOT_FOUND(what="gateway")
    return gateway


def _named(handler: Callable[..., Any], name: str, about: str) -> Callable[..., Any]:
    handler.__name__ = handler.__qualname__ = name
    handler.__doc__ = about
    return handler


ROUTES = (
    *(_notices(kind) for kind in GATEWAY_KINDS.values()),
    *(_return(kind, kind.comes_back) for kind in GATEWAY_KINDS.values() if kind.comes_back),
)
