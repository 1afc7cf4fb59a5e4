"""The payer's way through VNPAY: the pay page, a choice or a card, and back to the merchant.

The browser is only ever sent to the return address of a request the merchant signed.
"""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect

from border.sandbox.desk import Desk
from border.sandbox.outcome import (
    CARDS,
    CHOICES,
    PLAIN_CHOICES,
    TROUBLE_CHOICES,
    outcome_of_card,
)
from border.sandbox.pages import page
from border.sandbox.vnpay.counter import return_address
from border.sandbox.wire.vnpay import sign_query
from border.sandbox.wire.vnpay_order import (
    REFERENCE_USED,
    WINDOW_EXPIRED,
    PayRequestRefused,
    read_pay_order,
)
from border.sandbox.wire.vnpay_records import BookedOrder
from border.sandbox.words import language_of

PAY_PATH = "/paymentv2/vpcpay.html"
_NO_SUCH_PAYMENT = "91"


@dataclass
class ChoiceForm:
    """The button pressed on the pay page."""

    token: str
    choice: str
    lang: str = ""


@dataclass
class CardForm:
    """A test card typed on the pay page; nothing of it is kept."""

    token: str
    number: str
    holder: str
    issued: str
    otp: str
    lang: str = ""


@get(PAY_PATH)
async def show_pay_page(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk], lang: FromQuery[str | None] = None
) -> Response[str]:
    """Show the pay page of a signed, complete and open request, else the reason it is refused."""
    at = desk.clock.now()
    try:
        order = read_pay_order(request.scope["query_string"], desk.config)
        language = language_of(lang, order.locale)
        booked = desk.books.orders.open(order, at)
        if booked is None:
            raise PayRequestRefused(REFERENCE_USED, "vnp_TxnRef was used before on this day")
        if booked.return_query is not None:
            return _settled_page(booked, booked.return_query, language, desk)
        if at >= order.expires_at:
            raise PayRequestRefused(WINDOW_EXPIRED, "vnp_ExpireDate has passed")
    except PayRequestRefused as refused:
        return _refused_page(refused.code, str(refused), language_of(lang), _same_request(request))
    return _pay_page(booked, language, desk)


@post("/paymentv2/choice")
async def choose(
    desk: NamedDependency[Desk], data: URLEncodedBody[ChoiceForm]
) -> Response[str] | Redirect:
    """End the order with the outcome of the button and send the browser back."""
    booked = desk.books.orders.by_token(data.token)
    outcome = CHOICES.get(data.choice)
    if booked is None or outcome is None:
        return _refused_page(_NO_SUCH_PAYMENT, "token or choice unknown", language_of(data.lang))
    return Redirect(await desk.vnpay.conclude(booked, outcome), status_code=303)


@post("/paymentv2/card")
async def pay_by_card(
    desk: NamedDependency[Desk], data: URLEncodedBody[CardForm]
) -> Response[str] | Redirect:
    """End the order as the documented test card does; an unknown card leaves it open."""
    booked = desk.books.orders.by_token(data.token)
    if booked is None:
        return _refused_page(_NO_SUCH_PAYMENT, "token unknown", language_of(data.lang))
    if booked.return_query is not None:
        return Redirect(return_address(booked.order, booked.return_query), status_code=303)
    outcome = outcome_of_card(data.number, data.holder, data.issued, data.otp)
    if outcome is None:
        language = language_of(data.lang, booked.order.locale)
        return _pay_page(booked, language, desk, card_unknown=True)
    return Redirect(await desk.vnpay.conclude(booked, outcome), status_code=303)


def _pay_page(
    booked: BookedOrder, language: str, desk: Desk, *, card_unknown: bool = False
) -> Response[str]:
    return page(
        "pay.html",
        language,
        status_code=422 if card_unknown else 200,
        forms_may_reach=booked.order.return_origin,
        language_link=_language_link(booked, desk),
        order=booked.order,
        token=booked.token,
        merchant_name=desk.config.merchant_name,
        terminal=desk.config.terminal,
        plain_choices=PLAIN_CHOICES,
        trouble_choices=TROUBLE_CHOICES,
        cards=CARDS,
        card_unknown=card_unknown,
    )


def _settled_page(
    booked: BookedOrder, return_query: str, language: str, desk: Desk
) -> Response[str]:
    return page(
        "settled.html",
        language,
        language_link=_language_link(booked, desk),
        order=booked.order,
        return_address=return_address(booked.order, return_query),
    )


def _refused_page(code: str, why: str, language: str, language_link: str = "") -> Response[str]:
    return page(
        "refused.html",
        language,
        status_code=400,
        language_link=language_link,
        code=code,
        why=why,
    )


def _same_request(request: Request[Any, Any, Any]) -> str:
    """Return the request as it came, up to the language, so that it can be read in another."""
    raw: bytes = request.scope["query_string"]
    kept = [piece for piece in raw.split(b"&") if piece and not piece.startswith(b"lang=")]
    return "?" + b"&".join(kept).decode("ascii", "replace") + "&"


def _language_link(booked: BookedOrder, desk: Desk) -> str:
    """Return the address of this very page, up to the language."""
    return f"{PAY_PATH}?{sign_query(booked.order.params, desk.config.vnpay_secret)}&"
