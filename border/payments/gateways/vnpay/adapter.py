"""VNPAY, as the program knows it."""

from pydantic import Field, SecretStr

from border.core.words import N_
from border.payments.gateways.kind import (
    Connected,
    GatewayKind,
    GatewaySettings,
    NoticeAddress,
    ReturnAddress,
    SandboxPart,
    Surroundings,
)
from border.payments.gateways.vnpay.messages import Vnpay
from border.payments.gateways.vnpay.query import VnpayQuery
from border.payments.gateways.vnpay.refund import VnpayRefund


class VnpaySettings(GatewaySettings):
    """One terminal at VNPAY."""

    url: str = Field(default="", description="VNPAY's pay page; in demo mode the sandbox's.")
    api_url: str = Field(
        default="", description="VNPAY's query and refund address; in demo mode the sandbox's."
    )
    terminal: str = Field(default="GATE0001", description="Terminal code (vnp_TmnCode).")
    secret: SecretStr = Field(
        default=SecretStr(""), description="Secret shared with VNPAY; never logged."
    )

    @property
    def pay_page(self) -> str:
        """VNPAY's pay page."""
        return self.url


def _connect(row: VnpaySettings, around: Surroundings) -> Connected:
    vnpay = Vnpay(
        terminal=row.terminal,
        secret=row.secret.get_secret_value(),
        pay_url=row.url,
        old_secret=row.old_secret.get_secret_value(),
    )
    return Connected(
        vnpay,
        query=VnpayQuery(vnpay, row.api_url, around.client),
        refund=VnpayRefund(vnpay, row.api_url, around.client),
    )


VNPAY = GatewayKind(
    code=Vnpay.code,
    name="VNPAY",
    label=N_("VNPAY"),
    pay_label=N_("Pay {amount} through VNPAY"),
    receipt_name="VNPAY",
    settings=VnpaySettings,
    connect=_connect,
    refund_method=Vnpay.refund_method,
    notice=NoticeAddress(
        "ipn",
        "GET",
        "Take VNPAY's notice: verified, kept, committed, then answered in VNPAY's own words.",
    ),
    comes_back=ReturnAddress(
        signed=True,
        about="Send the payer, back from VNPAY, to the page of the payment. "
        "Nothing is changed by it.",
    ),
    memo_signs=("VNPAY",),
    required=True,
    sandbox=SandboxPart(
        arguments=lambda row, notices: (
            *("--terminal", row.terminal),
            *("--ipn-url", f"{notices}/ipn"),
        ),
        settings=lambda url: {
            "url": f"{url}/paymentv2/vpcpay.html",
            "api_url": f"{url}/merchant_webapi/api/transaction",
        },
    ),
)
