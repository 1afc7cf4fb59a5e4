"""Bank transfers by VietQR, as the program knows them."""

from pydantic import Field, SecretStr

from border.core.words import N_
from border.payments.gateways.kind import (
    Connected,
    GatewayKind,
    GatewaySettings,
    NoticeAddress,
    Payee,
    SandboxPart,
    Surroundings,
)
from border.payments.gateways.vietqr.messages import VietQr


class VietQrSettings(GatewaySettings):
    """Our account, and the key under which its credits are told of."""

    bin: str = Field(
        default="970436", description="The bank of our account for transfers, by its BIN."
    )
    bank: str = Field(default="Vietcombank", description="That bank's name, as payers know it.")
    account: str = Field(
        default="1017595600", description="Our account there; the demo's is made up."
    )
    account_name: str = Field(
        default="BQL CUA KHAU LAO CAI", description="In whose name the account is."
    )
    secret: SecretStr = Field(
        default=SecretStr(""),
        description="Secret under which the bank's webhook is signed; without it no transfers.",
    )

    @property
    def payee(self) -> Payee:
        """Our account."""
        return Payee(self.bank, self.account, self.account_name)


def _connect(row: VietQrSettings, around: Surroundings) -> Connected:
    return Connected(
        VietQr(
            bin=row.bin,
            account=row.account,
            account_name=row.account_name,
            secret=row.secret.get_secret_value(),
            old_secret=row.old_secret.get_secret_value(),
        )
    )


VIETQR = GatewayKind(
    code=VietQr.code,
    name="VietQR",
    label=N_("Bank transfer (VietQR)"),
    pay_label=N_("Pay by bank transfer with a VietQR code"),
    receipt_name="VietQR",
    settings=VietQrSettings,
    connect=_connect,
    refund_method=VietQr.refund_method,
    notice=NoticeAddress(
        "webhook",
        "POST",
        "Take a bank's word that money came: verified, kept, committed, then answered.",
    ),
    own_account=True,
    sandbox=SandboxPart(
        arguments=lambda row, notices: (
            *("--vietqr-webhook-url", f"{notices}/webhook"),
            *("--bank-bin", row.bin),
            *("--bank-account", row.account),
        ),
        settings=lambda url: {},
    ),
)
