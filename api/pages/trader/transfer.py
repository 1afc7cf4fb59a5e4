"""Paying by bank transfer: the code to scan, what to type without it, and both on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.language import translator
from api.pages.kit.frame import AnyRequest, language
from api.pages.kit.labels import CHARGE_NAMES
from api.pages.trader.frame import owed
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.refusal import NOT_FOUND
from border.core.tables import GateRow
from border.core.words import N_
from border.paper.codes import qr_svg
from border.paper.words import InThree, Locale
from border.payments.collection import checkout_service, payment_service
from border.payments.collection.pay_slip import DueLine, PaySlipView, draw_pay_slip
from border.payments.collection.payment_service import SeenPayment
from border.payments.collection.tables import PaymentRow
from border.payments.gateways.emv_qr import TransferCode
from border.payments.gateways.registry import payees_of

_RECEIVED = N_("Received already")
_PICTURE = N_("Code of the bank transfer {memo}")


@dataclass(frozen=True)
class Transfer:
    """What a payer needs for a transfer: the code as a picture, and its contents to type."""

    picture: str
    bank: str
    account: str
    account_name: str
    memo: str
    payload: str
    demo_bank: str


async def code_of(services: Services, actor: Actor, payment_id: UUID) -> str | None:
    """Return the code of a running payment by transfer; None for every other payment."""
    there = await checkout_service.checkout(
        services.store,
        actor,
        payment_id,
        "127.0.0.1",
        services.settings.base_url,
        services.gateways.by_code,
    )
    return there.qr_payload


def transfer_of(services: Services, payment: PaymentRow, payload: str, locale: str) -> Transfer:
    """Return what is shown of a code."""
    code = TransferCode.of(payload)
    settings = services.settings
    payee = payees_of(settings)[payment.gateway]
    says = translator(locale).gettext(_PICTURE).format(memo=code.bill)
    return Transfer(
        picture=qr_svg(payload, says),
        bank=payee.bank,
        account=code.recipient,
        account_name=payee.account_name,
        memo=code.bill or "",
        payload=payload,
        demo_bank=f"{settings.sandbox_url}/bank" if settings.demo and settings.sandbox_url else "",
    )


@get(
    "/trader/payments/{payment_id:uuid}/request.pdf",
    include_in_schema=False,
    verb=("page.trader", "payment.read"),
)
async def show_request(
    payment_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[bytes]:
    """Return the payment request on paper: the same code, to carry to a bank or to send on."""
    async with services.store.reading() as connection:
        seen = await payment_service.get_payment(connection, actor, payment_id)
        gate = await gates.gate(connection, seen.payment.gate)
    code = await code_of(services, actor, payment_id)
    if code is None:
        raise NOT_FOUND(what="document")
    view = _view(services, actor, seen, gate, code, cast("Locale", language(request)))
    paper = await services.press.draw(draw_pay_slip, view, services.fonts)
    named = f'inline; filename="{seen.payment.reference}.pdf"'
    headers: Mapping[str, Any] = {"Content-Disposition": named}
    return Response(paper, media_type="application/pdf", headers=dict(headers))


def _view(
    services: Services, actor: Actor, seen: SeenPayment, gate: GateRow, code: str, locale: Locale
) -> PaySlipView:
    payment = seen.payment
    payee = payees_of(services.settings)[payment.gateway]
    say = translator(locale).gettext
    lines = [
        DueLine(f"{say(CHARGE_NAMES.get(c.kind, c.kind))} · {c.subject}", c.amount_minor)
        for c in owed(seen.charges)
    ]
    if seen.waits:
        lines.append(DueLine(say(_RECEIVED), -seen.waits))
    return PaySlipView(
        reference=payment.reference,
        payer=actor.organisation,
        gate_name=InThree(gate.name_vi, gate.name_zh, gate.name_en),
        lines=tuple(lines),
        due_until=payment.expires_at,
        bank_name=payee.bank,
        account_name=payee.account_name,
        code=code,
        issued_at=payment.created_at,
        locale=locale,
    )


ROUTES = (show_request,)
