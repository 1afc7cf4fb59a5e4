"""The doors of the sandbox: VNPAY, a bank, the portal, beacons, Hekou, and the operator's.

VNPAY, for a payer's browser: `GET /paymentv2/vpcpay.html`, `POST /paymentv2/choice`,
`POST /paymentv2/card`; for the merchant: `POST /merchant_webapi/api/transaction` (querydr and
refund). The bank app: `GET /bank`, `POST /bank/transfer`, `GET /bank/transfers/{reference}`. The
portal, for the merchant: `POST /portal/init`, `POST /portal/bill`; for a payer's browser:
`GET /portal/pay/{token}`, `POST /portal/choice`. Two randomness beacons:
`GET /beacon/{a|b}/public/{round}`.

Hekou, for the gate on this side of the river: `GET /hekou/intake`, how many trucks an hour it takes
in; `POST /hekou/intake` makes it think otherwise, and without `trucks` take back what it said:

    {"gate": "KIM_THANH_II", "direction": "export", "from": "2026-11-24T01:00:00Z",
     "until": "2026-11-24T03:00:00Z", "trucks": 10, "reason": "查验通道检修"}

The post: a mail server at a port of its own, Zalo below `/zalo`, an SMS gateway below `/sms`,
WeChat below `/wechat`, what goes wrong with them by `POST /sandbox/post-faults`, and
`GET /sandbox/inbox` (`.json`), where every message that reached somebody can be read.

For whoever tries the merchant's side: `GET /sandbox` (payments, callbacks, every call, and the
operator's buttons), `GET /sandbox/transactions/{txn_ref}`, `GET /sandbox/bills/{reference}`,
`GET /sandbox/transfers/{reference}`, `GET /health`, the statement files
`GET /sandbox/statements/{vnpay|vietqr|portal}.csv` and `GET /sandbox/statements/bank.txt`
(`?day=YYYY-MM-DD`, `&encoding=base64`), and

`POST /sandbox/faults` with a JSON object. `txn_ref` names the reference; without it the plan is
for the next one to come. The other fields are those of `fault_plan.FaultPlan`:

    {"txn_ref": "LC2026000123A1", "drop_ipn": true}
    {"duplicate_ipn": 19}                       twenty calls at the same moment
    {"wrong_amount": -1000}                     VND added to the amount in the callback
    {"delay_s": 30} {"bad_signature": true} {"account": "999"}
    {"response_code": "00", "transaction_status": "02"}
    {"querydr_answers": ["94", "91"]}           then the truth; refund_, init_, bill_answers too
    {"refund_answers": ["silence"]}             done, but never answered
    {"refund_answers": ["99"], "repeat_last": true}
    {"answer_delay_s": 20} {"unsigned_answers": true} {"refund_ends": "09"}

A new plan replaces the old one; `{"txn_ref": "…"}` alone takes every fault away.

Every door is for the machine it runs on: nothing here asks who calls, except that the messages
of the merchant must carry its signature.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.di import Provide
from litestar.logging import LoggingConfig

from border.core.clock import Clock, SystemClock
from border.sandbox.bank.bank_routes import show_bank_app, show_receipt, transfer
from border.sandbox.bank.webhook import Webhook
from border.sandbox.beacon.beacon_routes import tell_round
from border.sandbox.books.books import Books
from border.sandbox.callback_caller import CallbackCaller, Channel
from border.sandbox.config import SandboxConfig, refuse_production
from border.sandbox.desk import open_desk
from border.sandbox.hekou.intake_routes import change_mind, show_intake
from border.sandbox.operator.deeds import give_back, pay_out, send_again, send_money
from border.sandbox.operator.operator_routes import (
    health,
    plan_faults,
    show_account,
    show_accounts,
    show_bill_account,
    show_transfer_account,
    stylesheet,
)
from border.sandbox.portal.confirm import Confirm
from border.sandbox.portal.portal_routes import (
    choose_for_bill,
    open_bill,
    show_bill,
    tell_state_of_bill,
)
from border.sandbox.post.carrier_routes import CARRIERS
from border.sandbox.post.inbox_routes import show_inbox, show_inbox_as_data
from border.sandbox.post.mail_server import Mailbox, serve_mail
from border.sandbox.statements.statement_routes import show_statement
from border.sandbox.vnpay.ipn import Ipn
from border.sandbox.vnpay.pay_routes import choose, pay_by_card, show_pay_page
from border.sandbox.vnpay.transaction_route import answer_merchant

_LARGEST_BODY = 65_536
_LOGGING = LoggingConfig(
    root={"level": "WARNING", "handlers": ["queue_listener"]},
    log_exceptions="always",
    disable_stack_trace={400, 403, 404, 405, 413},
)
"""Mistakes only: the HTTP client would otherwise log every signed address it calls."""


def create_sandbox(config: SandboxConfig, clock: Clock | None = None) -> Litestar:
    """Return the sandbox as an application; its books open with its lifespan.

    refuses: SandboxRefused in production.
    """
    refuse_production(config.mode)
    running_clock = clock or SystemClock()
    books = Books(config.state_file)
    channels: dict[str, Channel] = {
        "vnpay": Ipn(config),
        "vietqr": Webhook(config),
        "portal": Confirm(config),
    }
    caller = CallbackCaller(books, config, running_clock, channels)
    desk = open_desk(config, running_clock, books, caller)

    @asynccontextmanager
    async def open_for_business(_: Litestar) -> AsyncIterator[None]:
        try:
            mailbox = Mailbox(running_clock, books.letters.keep)
            async with caller.at_work(), serve_mail("127.0.0.1", config.smtp_port, mailbox):
                yield
        finally:
            books.close()

    return Litestar(
        route_handlers=[
            show_pay_page,
            choose,
            pay_by_card,
            answer_merchant,
            show_bank_app,
            transfer,
            show_receipt,
            open_bill,
            tell_state_of_bill,
            show_bill,
            choose_for_bill,
            show_statement,
            show_accounts,
            show_account,
            show_bill_account,
            show_transfer_account,
            plan_faults,
            send_again,
            give_back,
            pay_out,
            send_money,
            tell_round,
            stylesheet,
            show_intake,
            change_mind,
            *CARRIERS,
            show_inbox,
            show_inbox_as_data,
            health,
        ],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        lifespan=[open_for_business],
        openapi_config=None,
        logging_config=_LOGGING,
        request_max_body_size=_LARGEST_BODY,
    )
