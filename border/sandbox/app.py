"""The sandbox gateway's doors.

For a payer's browser: `GET /paymentv2/vpcpay.html`, `POST /paymentv2/choice`,
`POST /paymentv2/card`. For the merchant: `POST /merchant_webapi/api/transaction` (querydr and
refund). For whoever tries the merchant's side: `GET /sandbox` (payments, callbacks, every call,
and a button to send again), `GET /sandbox/transactions/{txn_ref}`, `GET /health`, and

`POST /sandbox/faults` with a JSON object. `txn_ref` names the order; without it the plan is for
the next order that opens its pay page. The other fields are those of `fault_plan.FaultPlan`:

    {"txn_ref": "LC2026000123A1", "drop_ipn": true}
    {"duplicate_ipn": 19}                       twenty calls at the same moment
    {"wrong_amount": -1000}                     VND added to the amount in the callback
    {"delay_s": 30} {"bad_signature": true}
    {"response_code": "00", "transaction_status": "02"}
    {"querydr_answers": ["94", "91"]}           then the truth; refund_answers likewise
    {"answer_delay_s": 20} {"unsigned_answers": true} {"refund_ends": "09"}

A new plan replaces the old one; `{"txn_ref": "…"}` alone takes every fault away.

Every door is for the machine it runs on: nothing here asks who calls, except that payments and
questions must carry the merchant's signature.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.di import Provide
from litestar.logging import LoggingConfig

from border.clock import Clock, SystemClock
from border.sandbox.books import Books
from border.sandbox.config import SandboxConfig, refuse_production
from border.sandbox.desk import Desk
from border.sandbox.ipn_caller import IpnCaller
from border.sandbox.merchant_api import MerchantApi
from border.sandbox.operator_routes import (
    health,
    plan_faults,
    send_again,
    show_account,
    show_accounts,
    stylesheet,
)
from border.sandbox.pay_routes import choose, pay_by_card, show_pay_page
from border.sandbox.transaction_route import answer_merchant

_LARGEST_BODY = 65_536
_LOGGING = LoggingConfig(
    root={"level": "WARNING", "handlers": ["queue_listener"]},
    log_exceptions="always",
    disable_stack_trace={400, 403, 404, 405, 413},
)
"""Mistakes only: the HTTP client would otherwise log every signed address it calls."""


def create_sandbox(config: SandboxConfig, clock: Clock | None = None) -> Litestar:
    """Return the sandbox gateway as an application; its books open with its lifespan.

    refuses: SandboxRefused in production.
    """
    refuse_production(config.mode)
    running_clock = clock or SystemClock()
    books = Books(config.state_file)
    caller = IpnCaller(books, config, running_clock)
    desk = Desk(config, running_clock, books, caller, MerchantApi(books, config, running_clock))

    @asynccontextmanager
    async def open_for_business(_: Litestar) -> AsyncIterator[None]:
        try:
            async with caller.at_work():
                yield
        finally:
            books.close()

    return Litestar(
        route_handlers=[
            show_pay_page,
            choose,
            pay_by_card,
            answer_merchant,
            show_accounts,
            show_account,
            plan_faults,
            send_again,
            stylesheet,
            health,
        ],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        lifespan=[open_for_business],
        openapi_config=None,
        logging_config=_LOGGING,
        request_max_body_size=_LARGEST_BODY,
    )
