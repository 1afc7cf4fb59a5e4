"""The National Public Service Portal, as the program knows it."""

from typing import Literal

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
from border.payments.gateways.portal.client import PortalClient
from border.payments.gateways.portal.digest import HashMode


class PortalSettings(GatewaySettings):
    """Us as a partner of the portal's."""

    url: str = Field(
        default="",
        description="Where the public-service portal takes INIT; in demo mode the sandbox's.",
    )
    bill_url: str = Field(
        default="", description="Where it answers GET_BILL; the same address if unset."
    )
    pay_hosts: str = Field(
        default="",
        description="Further hosts its pay pages may be on, by spaces; its own is always believed.",
    )
    failed_codes: str = Field(
        default="99", description="Codes (MaLoi) that say a payment failed for good, by spaces."
    )
    partner: str = Field(default="GATE", description="Our partner code (MaDoiTac).")
    secret: SecretStr = Field(
        default=SecretStr(""),
        description="Secret shared with the portal; without it it is not offered.",
    )
    hash: Literal["sha256", "hmac"] = Field(
        default="sha256", description="How the portal hashes: plain, or keyed as it once did."
    )

    @property
    def ready(self) -> bool:
        """True with a secret and an address."""
        return super().ready and bool(self.url)

    @property
    def pay_page(self) -> str:
        """The portal's own address; its pay pages are there."""
        return self.url


def _connect(row: PortalSettings, around: Surroundings) -> Connected:
    portal = PortalClient(
        partner=row.partner,
        secret=row.secret.get_secret_value(),
        init_url=row.url,
        bill_url=row.bill_url,
        old_secret=row.old_secret.get_secret_value(),
        hash_mode=HashMode(row.hash),
        failed_codes=frozenset(row.failed_codes.split()),
        pay_hosts=frozenset(row.pay_hosts.split()),
        # The published fields name no way back for the browser; the sandbox takes one.
        return_path="/api/v1/payments/portal/return" if around.sandboxed else "",
        client=around.client,
    )
    return Connected(portal, query=portal)


PORTAL = GatewayKind(
    code=PortalClient.code,
    name="The portal",
    label=N_("National Public Service Portal"),
    pay_label=N_("Pay through the public-service portal"),
    receipt_name="Cổng Dịch vụ công Quốc gia",
    settings=PortalSettings,
    connect=_connect,
    refund_method=PortalClient.refund_method,
    notice=NoticeAddress(
        "confirm",
        "POST",
        "Take the portal's CONFIRM: verified, kept, committed, then answered in its own fields.",
    ),
    comes_back=ReturnAddress(
        signed=False,
        about="Send the payer, back from the portal, to their payment. Nothing is changed by it.",
    ),
    memo_signs=("DVCQG", "PAYGOV", "PAYMENTPLATFORM"),
    sandbox=SandboxPart(
        arguments=lambda row, notices: (
            *("--portal-confirm-url", f"{notices}/confirm"),
            *("--portal-partner", row.partner),
        ),
        settings=lambda url: {
            "url": f"{url}/portal/init",
            "bill_url": f"{url}/portal/bill",
            "failed_codes": "11 12 24 51 99",
        },
    ),
)
