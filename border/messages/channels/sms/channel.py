"""SMS by eSMS: customer-care messages under our brand name.

Vietnamese goes without accents, which makes it a third as long; Chinese goes as it is. A message
that eSMS has had already under its number (124) has been taken.
source: eSMS, "Send OTP/Customer care message" (V4, JSON) and its table of error codes.
"""

import hashlib
import hmac
import unicodedata

import httpx
from pydantic import Field, SecretStr

from border.core.words import N_
from border.messages.channels.calling import post as call
from border.messages.channels.kind import (
    Carried,
    ChannelKind,
    ChannelSettings,
    Never,
    NotNow,
    Outside,
    Post,
    SandboxChannel,
    Word,
)

_TAKEN, _TAKEN_BEFORE = "100", "124"
_NO_SUCH_NUMBER = ("108",)
_CARE = "2"
"""The type of messages that answer something the receiver does."""


class SmsSettings(ChannelSettings):
    """Our account at eSMS."""

    url: str = Field(
        default="https://rest.esms.vn/MainService.svc/json/SendMultipleMessage_V4_post_json/",
        description="Where eSMS takes messages.",
    )
    key: str = Field(default="", description="Our ApiKey there; off if unset.")
    secret: SecretStr = Field(
        default=SecretStr(""), description="Our SecretKey there; without it SMS is off."
    )
    brand: str = Field(default="", description="The brand name messages come from.")

    @property
    def ready(self) -> bool:
        """True with a key, its secret and a brand name."""
        return super().ready and bool(self.key and self.brand)


class Sms:
    """SMS by one account."""

    code = "sms"

    def __init__(self, row: SmsSettings, client: httpx.AsyncClient, base_url: str) -> None:
        self._row, self._client = row, client
        key = report_key(row.secret.get_secret_value())
        self._report_url = f"{base_url}/api/v1/messages/sms/report/{key}"

    async def send(self, post: Post) -> Word:
        """Hand an SMS to eSMS."""
        written = post.text if post.locale == "zh" else without_accents(post.text)
        answer = await call(
            self._client,
            self._row.url,
            json={
                "ApiKey": self._row.key,
                "SecretKey": self._row.secret.get_secret_value(),
                "Phone": post.address.removeprefix("+"),
                "Content": written,
                "Brandname": self._row.brand,
                "SmsType": _CARE,
                "IsUnicode": "0" if written.isascii() else "1",
                "RequestId": post.reference,
                "CallbackUrl": self._report_url,
            },
        )
        if isinstance(answer, NotNow):
            return answer
        code = str(answer.get("CodeResult", ""))
        if code in (_TAKEN, _TAKEN_BEFORE):
            return Carried(str(answer.get("SMSID") or "") or None)
        says = N_("The SMS gateway answered {answer}.")
        return Never(says, code, address_dead=code in _NO_SUCH_NUMBER)


def report_key(secret: str) -> str:
    """Return what the address ends with at which eSMS tells of arrivals: nobody else knows it."""
    return hmac.new(secret.encode(), b"reports of arrival", hashlib.sha256).hexdigest()[:32]


def without_accents(text: str) -> str:
    """Return Vietnamese as it is written where there are no accents."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return plain.replace("–", "-").replace("₫", "VND")


def _connect(row: SmsSettings, outside: Outside) -> Sms:
    return Sms(row, outside.client, outside.base_url)


SMS = ChannelKind(
    code=Sms.code,
    label="SMS",
    address=N_("Telephone number"),
    settings=SmsSettings,
    connect=_connect,
    sandbox=SandboxChannel(
        settings=lambda made: {
            "url": f"{made.url}/sms/SendMultipleMessage_V4_post_json/",
            "key": "gate-demo",
            "brand": "CUAKHAU",
        }
    ),
)
