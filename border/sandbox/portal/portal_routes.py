"""The portal's doors: INIT and GET_BILL for the merchant, the pay page for the payer."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ASGIApp

from border.sandbox.desk import Desk
from border.sandbox.outcome import CHOICES, PLAIN_CHOICES, TROUBLE_CHOICES
from border.sandbox.pages import page
from border.sandbox.portal.portal_api import PAY_PATH
from border.sandbox.spoiled_answer import spoiled
from border.sandbox.wire.portal_bill import MALFORMED, RECEIPT_FIELD, SAYS
from border.sandbox.words import language_of

_UNREADABLE = {"MaLoi": MALFORMED, "MoTaLoi": SAYS[MALFORMED]}
_NO_SUCH_PAYMENT = "91"
_ENDED = {"00": "bill_paid", "07": "bill_under_review"}
"""What a payer reads of an ended bill; any other code is a payment that failed."""


@dataclass
class BillChoiceForm:
    """The button pressed on the portal's pay page."""

    token: str
    choice: str
    lang: str = ""


@post("/portal/init", status_code=200)
async def open_bill(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> ASGIApp:
    """Answer an INIT; HTTP 200 unless a fault is planned, the code in `MaLoi`."""
    message = _read(await request.body())
    if message is None:
        return spoiled(_UNREADABLE, None)
    here = f"{request.url.scheme}://{request.url.netloc}"
    return spoiled(*desk.portal_api.open_bill(message, here))


@post("/portal/bill", status_code=200)
async def tell_state_of_bill(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk]
) -> ASGIApp:
    """Answer a GET_BILL; HTTP 200 unless a fault is planned, the code in `MaLoi`."""
    message = _read(await request.body())
    if message is None:
        return spoiled(_UNREADABLE, None)
    return spoiled(*desk.portal_api.state_of_bill(message))


@get(PAY_PATH + "/{token:str}")
async def show_bill(
    token: FromPath[str], desk: NamedDependency[Desk], lang: FromQuery[str | None] = None
) -> Response[str]:
    """Show the pay page of an open bill, or how an ended one stands."""
    booked = desk.books.bills.by_token(token)
    if booked is None:
        return _no_such_payment(language_of(lang))
    shown: dict[str, Any] = {
        "language_link": "?",
        "sign": "portal_title",
        "bill": booked.bill,
        "token": token,
        "merchant_name": desk.config.merchant_name,
    }
    language = language_of(lang, booked.bill.language)
    if booked.code is not None:
        ended = _ENDED.get(booked.code, "bill_failed")
        return page("portal_ended.html", language, code=booked.code, ended=ended, **shown)
    return page(
        "portal_pay.html",
        language,
        forms_may_reach=booked.bill.return_origin,
        expires_at=booked.opened_at + desk.config.bill_open_for,
        plain_choices=PLAIN_CHOICES,
        trouble_choices=TROUBLE_CHOICES,
        **shown,
    )


@post("/portal/choice")
async def choose_for_bill(
    desk: NamedDependency[Desk], data: URLEncodedBody[BillChoiceForm]
) -> Response[str] | Redirect:
    """End the bill with the outcome of the button; send the browser back, or say how it ended.

    The browser goes to UrlTraVe as the merchant gave it: its coming back proves nothing, so
    nothing is added to it.
    """
    booked = desk.books.bills.by_token(data.token)
    outcome = CHOICES.get(data.choice)
    if booked is None or outcome is None:
        return _no_such_payment(language_of(data.lang))
    await desk.portal.conclude(booked, outcome)
    language = language_of(data.lang, booked.bill.language)
    return Redirect(
        booked.bill.return_url or f"{PAY_PATH}/{data.token}?lang={language}", status_code=303
    )


def _no_such_payment(language: str) -> Response[str]:
    return page(
        "refused.html",
        language,
        status_code=404,
        language_link="",
        sign="portal_title",
        code=_NO_SUCH_PAYMENT,
        why="token or choice unknown",
    )


def _read(body: bytes) -> dict[str, str] | None:
    """Return the fields of a message, or None when it is not an object of texts.

    ThongTinBienLai alone may be an object; it is kept as its JSON text.
    """
    try:
        message = msgspec.json.decode(body, type=dict[str, str | dict[str, object]])
    except msgspec.MsgspecError:
        return None
    fields: dict[str, str] = {}
    for name, value in message.items():
        if isinstance(value, str):
            fields[name] = value
        elif name == RECEIPT_FIELD:
            fields[name] = msgspec.json.encode(value, order="sorted").decode()
        else:
            return None
    return fields
