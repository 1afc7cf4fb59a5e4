"""How the bank's intermediary tells the merchant of a transfer: payOS's webhook.

The signature is HMAC-SHA256 over the data's `name=value`, sorted by name and joined by `&`,
nothing encoded and nothing as empty. Any 2xx ends the calls.

source: payOS, "Kiểm tra dữ liệu với signature".
"""

import hmac
from collections.abc import Mapping

import httpx

from border.core.clock import ZONE
from border.sandbox.books.callbacks import Callback
from border.sandbox.books.transfers import BankTransfer
from border.sandbox.callback_caller import MerchantReply
from border.sandbox.config import SandboxConfig

_SOMEBODY_ELSES = "a key of somebody else"
_NUMBERS = frozenset({"amount", "orderCode"})
_ANSWER_SHOWN = 80


def sign_data(data: Mapping[str, str | int | None], key: str) -> str:
    """Return the signature of a webhook's data."""
    text = "&".join(
        f"{name}={'' if value is None else value}" for name, value in sorted(data.items())
    )
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


def message_of(transfer: BankTransfer, account: str, amount_vnd: int) -> dict[str, str]:
    """Return the data that tells the merchant of `transfer`, every value as text.

    No order was made at the intermediary for a bare transfer, so orderCode is 0.
    """
    return {
        "orderCode": "0",
        "amount": str(amount_vnd),
        "description": transfer.memo,
        "accountNumber": account,
        "reference": transfer.reference,
        "transactionDateTime": f"{transfer.happened_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
        "currency": "VND",
        "paymentLinkId": "",
        "code": "00",
        "desc": "Thành công",
        "counterAccountBankId": "970400",
        "counterAccountBankName": "NGAN HANG MO PHONG",
        "counterAccountName": "NGUYEN VAN A",
        "counterAccountNumber": "0000000018",
        "virtualAccountName": "",
        "virtualAccountNumber": "",
    }


class Webhook:
    """The channel of the bank."""

    def __init__(self, config: SandboxConfig) -> None:
        self._url = config.vietqr_webhook_url
        self._key = config.vietqr_secret

    def request(self, callback: Callback) -> httpx.Request:
        """Return the call, signed now."""
        data: dict[str, str | int | None] = {
            name: int(value) if name in _NUMBERS else value
            for name, value in callback.params.items()
        }
        key = self._key if callback.well_signed else _SOMEBODY_ELSES
        message = {
            "code": "00",
            "desc": "success",
            "success": True,
            "data": data,
            "signature": sign_data(data, key),
        }
        return httpx.Request("POST", self._url, json=message)

    def read(self, status: int, body: bytes) -> MerchantReply:
        """Return what the answer amounts to: the HTTP status alone tells."""
        shown = body.decode("utf-8", "replace")[:_ANSWER_SHOWN]
        return MerchantReply(200 <= status < 300, str(status), shown)
