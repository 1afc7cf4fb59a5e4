"""WeChat: template messages of our Official Account, to whoever follows it.

The access token is asked for as often as it is needed: WeChat gives the same one while it holds.
source: WeChat Official Accounts, getStableAccessToken and template/send with its error codes.
"""

import httpx
from pydantic import Field

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

_TOKEN_OVER = (40001, 40014, 42001)
_FOLLOWS_NO_MORE = (40003, 43004)
"""The OpenID is none of ours, or follows us no more."""
_BUSY = -1
_SAYS = N_("WeChat answered {answer}.")


class WechatSettings(ChannelSettings):
    """Our Official Account."""

    url: str = Field(default="https://api.weixin.qq.com", description="Where WeChat's API is.")
    app_id: str = Field(default="", description="Our AppID there; off if unset.")

    @property
    def ready(self) -> bool:
        """True with an AppID and its secret."""
        return super().ready and bool(self.app_id)


class Wechat:
    """Template messages by one Official Account."""

    code = "wechat"

    def __init__(self, row: WechatSettings, client: httpx.AsyncClient) -> None:
        self._row, self._client = row, client

    async def send(self, post: Post) -> Word:
        """Hand a template message to WeChat; with a token that has ended, once more."""
        template = post.templates.get(self.code, "")
        if not template:
            return Never(N_("WeChat has approved no text for this occasion."))
        word: Word = NotNow(_SAYS, "token")
        for renewed in (False, True):
            token = await self._token(renewed)
            if isinstance(token, NotNow | Never):
                return token
            answer = await self._send(post, template, token)
            if isinstance(answer, NotNow):
                return answer
            code = answer.get("errcode")
            if code == 0:
                return Carried(str(answer.get("msgid", "")) or None)
            word = _refused(code)
            if code not in _TOKEN_OVER:
                return word
        return word

    async def _send(self, post: Post, template: str, token: str) -> dict[str, object] | NotNow:
        body = {
            "touser": post.address,
            "template_id": template,
            "client_msg_id": post.reference,
            "data": {name: {"value": value} for name, value in post.facts.items()},
        }
        if link := post.facts.get("link"):
            body["url"] = link
        url = f"{self._row.url}/cgi-bin/message/template/send"
        return await call(self._client, url, params={"access_token": token}, json=body)

    async def _token(self, renewed: bool) -> str | NotNow | Never:
        answer = await call(
            self._client,
            f"{self._row.url}/cgi-bin/stable_token",
            json={
                "grant_type": "client_credential",
                "appid": self._row.app_id,
                "secret": self._row.secret.get_secret_value(),
                "force_refresh": renewed,
            },
        )
        if isinstance(answer, NotNow):
            return answer
        if token := answer.get("access_token"):
            return str(token)
        return _refused(answer.get("errcode"))


def _refused(code: object) -> NotNow | Never:
    if code == _BUSY:
        return NotNow(_SAYS, str(code))
    return Never(_SAYS, str(code), address_dead=code in _FOLLOWS_NO_MORE)


def _connect(row: WechatSettings, outside: Outside) -> Wechat:
    return Wechat(row, outside.client)


WECHAT = ChannelKind(
    code=Wechat.code,
    label="WeChat",
    address="OpenID",
    settings=WechatSettings,
    connect=_connect,
    sandbox=SandboxChannel(
        settings=lambda made: {"url": f"{made.url}/wechat", "app_id": "wx-gate-demo"}
    ),
)
