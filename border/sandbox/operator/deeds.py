"""What the operator may do from the page: each deed is a form the page itself drew."""

from dataclasses import dataclass
from hmac import compare_digest

from litestar import post
from litestar.di import NamedDependency
from litestar.exceptions import (
    NotFoundException,
    PermissionDeniedException,
    ValidationException,
)
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from border.sandbox.bank.bank_routes import read_amount
from border.sandbox.desk import Desk
from border.sandbox.words import language_of

_LONGEST_MEMO = 140


@dataclass
class DeedForm:
    """A button on the operator's page."""

    operator_token: str
    lang: str = ""


@dataclass
class SendMoneyForm(DeedForm):
    """Money out of the merchant's bank account; `returns` is the reference of what came in."""

    amount: str = ""
    memo: str = ""
    account: str = ""
    returns: str = ""


@post("/sandbox/callbacks/{callback_id:int}/send-again")
async def send_again(
    callback_id: FromPath[int], desk: NamedDependency[Desk], data: URLEncodedBody[DeedForm]
) -> Redirect:
    """Call the merchant once more for this callback, now."""
    _prove(data, desk)
    if not desk.books.callbacks.send_again(callback_id, desk.clock.now()):
        raise NotFoundException("no such callback")
    desk.caller.wake()
    return _back(data)


@post("/sandbox/movements/{number:int}/give-back")
async def give_back(
    number: FromPath[int], desk: NamedDependency[Desk], data: URLEncodedBody[DeedForm]
) -> Redirect:
    """Refund a payment at VNPAY without the merchant having asked for it."""
    _prove(data, desk)
    refunded = desk.vnpay.give_back_unasked(number)
    return _back(data, "refunded" if refunded else "nothing_to_refund")


@post("/sandbox/payouts")
async def pay_out(desk: NamedDependency[Desk], data: URLEncodedBody[DeedForm]) -> Redirect:
    """Have the gateways pay out to the bank account what they hold, before the day ends."""
    _prove(data, desk)
    return _back(data, "paid_out" if desk.statements.pay_out_now() else "nothing_to_pay_out")


@post("/sandbox/bank/send")
async def send_money(desk: NamedDependency[Desk], data: URLEncodedBody[SendMoneyForm]) -> Redirect:
    """Send money out of the merchant's account, or send a transfer back in full."""
    _prove(data, desk)
    returned = desk.books.transfers.by_reference(data.returns) if data.returns else None
    if data.returns and (returned is None or returned.direction != "C" or not returned.ours):
        raise NotFoundException("no such transfer came in")
    amount_vnd = read_amount(data.amount)
    if returned is not None:
        left_vnd = returned.amount_vnd - desk.books.transfers.sent_back_vnd(returned.number)
        if left_vnd <= 0:
            return _back(data, "nothing_to_refund")
        amount_vnd = left_vnd
    if amount_vnd is None:
        raise ValidationException("the amount is not a number of VND")
    memo = " ".join(data.memo.split())[:_LONGEST_MEMO]
    desk.bank.send(
        amount_vnd,
        memo or (f"HOAN TIEN {returned.reference}" if returned else ""),
        data.account.strip() or "0000000018",
        returned.number if returned else None,
    )
    return _back(data, "sent")


def _prove(form: DeedForm, desk: Desk) -> None:
    """Refuse a form that this sandbox did not draw."""
    if not compare_digest(form.operator_token.encode(), desk.operator_token.encode()):
        raise PermissionDeniedException("the form is not of this page; load it again")


def _back(form: DeedForm, done: str = "") -> Redirect:
    done_said = f"&done={done}" if done else ""
    return Redirect(f"/sandbox?lang={language_of(form.lang)}{done_said}", status_code=303)
