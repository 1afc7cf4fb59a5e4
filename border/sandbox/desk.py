"""The sandbox at work: its books, counters and answers, held together for the routes."""

import secrets
from dataclasses import dataclass, field

from border.core.clock import Clock
from border.sandbox.bank.counter import BankCounter
from border.sandbox.books.books import Books
from border.sandbox.callback_caller import CallbackCaller
from border.sandbox.config import SandboxConfig
from border.sandbox.portal.counter import PortalCounter
from border.sandbox.portal.portal_api import PortalApi
from border.sandbox.statements.line import Statements
from border.sandbox.vnpay.counter import VnpayCounter
from border.sandbox.vnpay.merchant_api import MerchantApi


@dataclass(frozen=True)
class Desk:
    """What a route asks; made once for each running sandbox."""

    config: SandboxConfig
    clock: Clock
    books: Books
    caller: CallbackCaller
    vnpay: VnpayCounter
    vnpay_api: MerchantApi
    bank: BankCounter
    portal: PortalCounter
    portal_api: PortalApi
    statements: Statements
    operator_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """Proves that a form on the operator's page was drawn by this sandbox."""


def open_desk(config: SandboxConfig, clock: Clock, books: Books, caller: CallbackCaller) -> Desk:
    """Return the desk over open books."""
    return Desk(
        config=config,
        clock=clock,
        books=books,
        caller=caller,
        vnpay=VnpayCounter(config, clock, books, caller),
        vnpay_api=MerchantApi(books, config, clock),
        bank=BankCounter(config, clock, books, caller),
        portal=PortalCounter(config, clock, books, caller),
        portal_api=PortalApi(books, config, clock),
        statements=Statements(books, clock),
    )
