"""Zalo's notices (ZNS): texts that Zalo has approved, to a telephone number.

The access token holds for 25 hours and is renewed with a refresh token that holds for one time;
both are kept in a file. Whoever finds the refresh token used reads the file again: somebody else
has renewed it.
source: Zalo for Developers, ZNS API and Official Account API v4; zalo.cloud, "Cách xử lý mã lỗi".
"""

from datetime import timedelta

import httpx
from pydantic import Field, SecretStr

from border.core.clock import Clock
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
from border.messages.channels.token_file import ChannelToken, TokenFile

_TOKEN_OVER = (-124, -216, -220)
"""The access token is invalid, or has expired."""
_NO_SUCH_ACCOUNT = (-108, -118)
"""The number is none, or has no Zalo account."""
_UNKNOWN = -100
_SAYS = N_("Zalo answered {answer}.")
_EARLY = timedelta(minutes=10)
"""How long before its end a token is renewed."""


class ZaloSettings(ChannelSettings):
    """Our application at Zalo and its Official Account."""

    url: str = Field(
        default="https://business.openapi.zalo.me", description="Where Zalo takes notices (ZNS)."
    )
    token_url: str = Field(
        default="https://oauth.zaloapp.com/v4/oa/access_token",
        description="Where its access tokens are renewed.",
    )
    app_id: str = Field(default="", description="Our application there; off if unset.")
    secret: SecretStr = Field(
        default=SecretStr(""), description="Its secret key; without it Zalo is off."
    )
    refresh: SecretStr = Field(
        default=SecretStr(""),
        description="The first refresh token; those after it are kept below `secrets`.",
    )

    @property
    def ready(self) -> bool:
        """True with an application and its secret."""
        return super().ready and bool(self.app_id)


class Zalo:
    """Notices by one Official Account."""

    code = "zalo"

    def __init__(self, row: ZaloSettings, client: httpx.AsyncClient, clock: Clock, file: TokenFile):
        self._row, self._client, self._clock, self._file = row, client, clock, file

    async def send(self, post: Post) -> Word:
        """Hand a notice to Zalo; with a token that has ended, once more with a fresh one."""
        template = post.templates.get(self.code, "")
        if not template:
            return Never(N_("Zalo has approved no text for this occasion."))
        word: Word = NotNow(_SAYS, "token")
        for renewed in (False, True):
            token = await self._token(renewed)
            if isinstance(token, NotNow | Never):
                return token
            answer = await self._send(post, template, token)
            if isinstance(answer, NotNow):
                return answer
            code = answer.get("error")
            if code == 0:
                data = answer.get("data")
                return Carried(str(data.get("msg_id", "")) if isinstance(data, dict) else None)
            word = _refused(code)
            if code not in _TOKEN_OVER:
                return word
        return word

    async def _send(self, post: Post, template: str, token: str) -> dict[str, object] | NotNow:
        return await call(
            self._client,
            f"{self._row.url}/message/template",
            headers={"access_token": token},
            json={
                "phone": post.address.removeprefix("+"),
                "template_id": template,
                "template_data": dict(post.facts),
                "tracking_id": post.reference,
            },
        )

    async def _token(self, renewed: bool) -> str | NotNow | Never:
        kept = self._file.read()
        if kept and not renewed and self._clock.now() + _EARLY < kept.expires_at:
            return kept.access
        refresh = kept.refresh if kept else self._row.refresh.get_secret_value()
        answer = await call(
            self._client,
            self._row.token_url,
            headers={"secret_key": self._row.secret.get_secret_value()},
            form={
                "refresh_token": refresh,
                "app_id": self._row.app_id,
                "grant_type": "refresh_token",
            },
        )
        if isinstance(answer, NotNow):
            return answer
        if not answer.get("access_token"):
            newest = self._file.read()
            if newest is not None and newest != kept:
                return newest.access
            return Never(
                N_("Zalo gives no token ({answer}): authorise the Official Account anew."),
                str(answer.get("error", "")),
            )
        lasts = timedelta(seconds=int(answer.get("expires_in") or 0))
        fresh = ChannelToken(
            str(answer["access_token"]),
            self._clock.now() + lasts,
            str(answer.get("refresh_token") or ""),
        )
        self._file.write(fresh)
        return fresh.access


def _refused(code: object) -> Word:
    if code == _UNKNOWN:
        return NotNow(_SAYS, str(code))
    return Never(_SAYS, str(code), address_dead=code in _NO_SUCH_ACCOUNT)


def _connect(row: ZaloSettings, outside: Outside) -> Zalo:
    return Zalo(row, outside.client, outside.clock, TokenFile(outside.folder, Zalo.code))


ZALO = ChannelKind(
    code=Zalo.code,
    label="Zalo",
    address=N_("Telephone number"),
    settings=ZaloSettings,
    connect=_connect,
    sandbox=SandboxChannel(
        settings=lambda made: {
            "url": f"{made.url}/zalo",
            "token_url": f"{made.url}/zalo/oauth/access_token",
            "app_id": "gate-demo",
            "refresh": SecretStr(made.secret),
        }
    ),
)
