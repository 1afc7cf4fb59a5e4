"""VNPAY's IPN: a signed GET; RspCode 00 and 02 end the calls.

source: VNPAY PAY 2.1.0, IPN.
"""

import httpx
import msgspec

from border.sandbox.books.callbacks import Callback
from border.sandbox.callback_caller import MerchantReply, UnreadableAnswer
from border.sandbox.config import SandboxConfig
from border.sandbox.wire.vnpay import sign_query

ENDS_THE_CALLS = frozenset({"00", "02"})
_SOMEBODY_ELSES = "a secret of somebody else"


class IpnAnswer(msgspec.Struct):
    """What the merchant's address has to answer."""

    rsp_code: str = msgspec.field(name="RspCode")
    message: str = msgspec.field(name="Message", default="")


class Ipn:
    """The channel of VNPAY."""

    def __init__(self, config: SandboxConfig) -> None:
        self._url = config.ipn_url
        self._secret = config.vnpay_secret

    def request(self, callback: Callback) -> httpx.Request:
        """Return the call, its parameters signed in the query string."""
        secret = self._secret if callback.well_signed else _SOMEBODY_ELSES
        joint = "&" if "?" in self._url else "?"
        return httpx.Request("GET", self._url + joint + sign_query(callback.params, secret))

    def read(self, status: int, body: bytes) -> MerchantReply:
        """Return what the answer amounts to; refuses: UnreadableAnswer."""
        try:
            answer = msgspec.json.decode(body, type=IpnAnswer)
        except msgspec.MsgspecError as broken:
            raise UnreadableAnswer("the answer is not RspCode and Message") from broken
        noted = status == 200 and answer.rsp_code in ENDS_THE_CALLS
        return MerchantReply(noted, answer.rsp_code, answer.message)
