"""A gateway that nobody runs: what a new one must bring, and all of it."""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from border.core.money import Money
from border.payments.gateways.evidence import (
    Acknowledgement,
    Checkout,
    Evidence,
    Finding,
    Order,
    RefundMethod,
    Source,
    Taken,
)
from border.payments.gateways.kind import (
    Connected,
    GatewayKind,
    GatewaySettings,
    NoticeAddress,
    ReturnAddress,
    Surroundings,
)


class ToySettings(GatewaySettings):
    """Us at the toy's."""

    url: str = Field(default="", description="The toy's pay page.")

    @property
    def pay_page(self) -> str:
        """The toy's pay page."""
        return self.url


@dataclass(frozen=True)
class Toy:
    """The toy, reading notices of four fields in JSON."""

    code: ClassVar[str] = "toy"
    currencies: ClassVar[frozenset[str]] = frozenset({"VND"})
    refund_method: ClassVar[RefundMethod] = RefundMethod.TRANSFER
    keeps_unknown: ClassVar[bool] = False

    url: str
    secret: str

    def sent_at(self, at: datetime) -> str:
        """Return the time as text."""
        return at.isoformat()

    def txn_ref(self, payment_reference: str, number: int) -> str:
        """Return the payment's own reference."""
        return payment_reference

    async def checkout(self, order: Order) -> Checkout:
        """Return the toy's page for an order."""
        return Checkout(redirect_url=f"{self.url}?order={order.txn_ref}&sum={order.amount.minor}")

    def read_notice(self, raw: bytes) -> Evidence | Taken:
        """Return what a signed notice proves."""
        try:
            told = json.loads(raw)
            text = f"{told['order']} {told['sum']} {told['number']}"
            given = str(told["mac"])
        except (ValueError, KeyError, TypeError):
            return Taken.MALFORMED
        if not hmac.compare_digest(
            hmac.digest(self.secret.encode(), text.encode(), "sha256").hex(), given
        ):
            return Taken.FORGED
        return Evidence(
            self.code,
            told["order"],
            Finding.PAID,
            Money(told["sum"], "VND"),
            Source.PUSH,
            provider_txn=told["number"],
        )

    def acknowledge(self, taken: Taken, raw: bytes, at: datetime) -> Acknowledgement:
        """Return the toy's answer."""
        return Acknowledgement(200, {"taken": taken in (Taken.RECORDED, Taken.REPEATED)})


def _connect(row: ToySettings, around: Surroundings) -> Connected:
    return Connected(Toy(row.url, row.secret.get_secret_value()))


TOY = GatewayKind(
    code="toy",
    name="The toy",
    label="Toy money",
    pay_label="Pay {amount} with toy money",
    receipt_name="Toy",
    settings=ToySettings,
    connect=_connect,
    refund_method=Toy.refund_method,
    notice=NoticeAddress("told", "POST", "Take the toy's notice."),
    comes_back=ReturnAddress(signed=False, about="Send the payer back from the toy."),
    memo_signs=("TOYSHOP",),
)
