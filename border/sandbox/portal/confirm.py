"""The portal's CONFIRM: a JSON message posted to the merchant; MaLoi 00 ends the calls."""

import httpx
import msgspec

from border.sandbox.books.callbacks import Callback
from border.sandbox.callback_caller import MerchantReply, UnreadableAnswer
from border.sandbox.config import SandboxConfig
from border.sandbox.wire.portal import CONFIRM, HASH_FIELD, hash_of

_SOMEBODY_ELSES = "a key of somebody else"


class ConfirmAnswer(msgspec.Struct):
    """What the merchant's address has to answer."""

    code: str = msgspec.field(name="MaLoi")
    message: str = msgspec.field(name="MoTaLoi", default="")


class Confirm:
    """The channel of the portal."""

    def __init__(self, config: SandboxConfig) -> None:
        self._url = config.portal_confirm_url
        self._key = config.portal_secret

    def request(self, callback: Callback) -> httpx.Request:
        """Return the call, signed now."""
        key = self._key if callback.well_signed else _SOMEBODY_ELSES
        message = callback.params | {HASH_FIELD: hash_of(CONFIRM, callback.params, key)}
        return httpx.Request("POST", self._url, json=message)

    def read(self, status: int, body: bytes) -> MerchantReply:
        """Return what the answer amounts to; refuses: UnreadableAnswer."""
        try:
            answer = msgspec.json.decode(body, type=ConfirmAnswer)
        except msgspec.MsgspecError as broken:
            raise UnreadableAnswer("the answer is not MaLoi and MoTaLoi") from broken
        return MerchantReply(status == 200 and answer.code == "00", answer.code, answer.message)
