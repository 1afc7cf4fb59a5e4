"""Zalo, an SMS gateway and WeChat, as far as a sender sees them.

What is to go wrong is planned by `POST /sandbox/post-faults` with `{"channel": "zalo", "code":
"-118", "times": 1}`; the code `503` is an answer without a body. Templates are known whose number
is an occasion and a language, such as `called-vi`.
"""

import re
from datetime import timedelta
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from pydantic import BaseModel, ConfigDict, Field

from border.sandbox.books.letters import Letter
from border.sandbox.desk import Desk

_TEMPLATE = re.compile(r"[a-z_]+-(vi|zh|en)")
_PHONE = re.compile(r"(84|86)[0-9]{8,11}|0[0-9]{9,10}")
_OPENID = re.compile(r"[A-Za-z0-9_-]{20,40}")
_AnyRequest = Request[Any, Any, Any]
Said = Response[dict[str, Any]]


class PlannedFault(BaseModel):
    """What the next messages of a channel are answered with, and how many of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = Field(pattern="^(zalo|sms|wechat|webpush)$")
    code: str = Field(pattern=r"^-?[0-9]{1,6}$")
    times: int = Field(default=1, ge=0, le=1000)


@post("/sandbox/post-faults", status_code=200)
async def plan_post_faults(
    desk: NamedDependency[Desk], data: JSONBody[PlannedFault]
) -> dict[str, Any]:
    """Plan what goes wrong with the next messages of a channel."""
    desk.books.post_keys.plan(data.channel, data.code, data.times)
    return data.model_dump()


def _said(**body: Any) -> Said:
    return Response(body, status_code=200)


def _away() -> Said:
    return Response({}, status_code=503)


@post("/zalo/oauth/access_token", status_code=200)
async def renew_zalo_token(request: _AnyRequest, desk: NamedDependency[Desk]) -> Said:
    """Give a fresh access token and a fresh refresh token for one that was not used yet."""
    form, keys, at = await request.form(), desk.books.post_keys, desk.clock.now()
    if request.headers.get("secret_key") != desk.config.zalo_secret:
        return _said(error=-14004, error_name="Invalid secret key")
    expected = keys.given("zalo_refresh", at) or desk.config.zalo_secret
    if form.get("refresh_token") != expected or form.get("grant_type") != "refresh_token":
        return _said(error=-14014, error_name="Invalid refresh token")
    access = keys.give("zalo_access", at, timedelta(hours=25))
    refresh = keys.give("zalo_refresh", at, timedelta(days=90))
    return _said(access_token=access, refresh_token=refresh, expires_in="90000")


@post("/zalo/message/template", status_code=200)
async def take_zalo_notice(request: _AnyRequest, desk: NamedDependency[Desk]) -> Said:
    """Take a notice for a telephone number."""
    body, at = await request.json(), desk.clock.now()
    planned = desk.books.post_keys.strike("zalo")
    if planned == "503":
        return _away()
    token = desk.books.post_keys.given("zalo_access", at)
    if token is None or request.headers.get("access_token") != token:
        return _said(error=-124, message="Access token invalid")
    if planned is not None:
        return _said(error=int(planned), message="Planned")
    if not _PHONE.fullmatch(str(body.get("phone", ""))):
        return _said(error=-108, message="Phone number invalid")
    if not _TEMPLATE.fullmatch(str(body.get("template_id", ""))):
        return _said(error=-109, message="Template ID invalid")
    if not body.get("template_data"):
        return _said(error=-111, message="Template data empty")
    number = _keep(desk, "zalo", body["phone"], body["template_id"], body["template_data"], body)
    data = {"msg_id": f"zns{number}", "sent_time": str(int(at.timestamp() * 1000))}
    return _said(error=0, message="Success", data=data)


@post("/sms/SendMultipleMessage_V4_post_json/", status_code=200)
async def take_sms(request: _AnyRequest, desk: NamedDependency[Desk]) -> Said:
    """Take an SMS for a telephone number."""
    body = await request.json()
    planned = desk.books.post_keys.strike("sms")
    if planned == "503":
        return _away()
    if body.get("SecretKey") != desk.config.sms_secret:
        return _said(CodeResult="101", ErrorMessage="Authorize Failed")
    if planned is not None:
        return _said(CodeResult=planned, ErrorMessage="Planned")
    if not _PHONE.fullmatch(str(body.get("Phone", ""))):
        return _said(CodeResult="108", ErrorMessage="Phone not valid")
    number = desk.books.letters.keep(
        Letter(
            "sms",
            str(body["Phone"]),
            str(body.get("Brandname", "")),
            str(body.get("Content", "")),
            desk.clock.now(),
            str(body.get("RequestId", "")),
        )
    )
    return _said(CodeResult="100", CountRegenerate=0, SMSID=f"sms{number}")


@post("/wechat/cgi-bin/stable_token", status_code=200)
async def give_wechat_token(request: _AnyRequest, desk: NamedDependency[Desk]) -> Said:
    """Give the access token that holds, or a fresh one where that is asked for."""
    body, keys, at = await request.json(), desk.books.post_keys, desk.clock.now()
    if body.get("secret") != desk.config.wechat_secret:
        return _said(errcode=40125, errmsg="invalid appsecret")
    if body.get("force_refresh"):
        keys.forget("wechat_access")
    token = keys.given("wechat_access", at)
    token = token or keys.give("wechat_access", at, timedelta(hours=2))
    return _said(access_token=token, expires_in=7200)


@post("/wechat/cgi-bin/message/template/send", status_code=200)
async def take_wechat_message(
    request: _AnyRequest, desk: NamedDependency[Desk], access_token: FromQuery[str] = ""
) -> Said:
    """Take a template message for a follower."""
    body = await request.json()
    planned = desk.books.post_keys.strike("wechat")
    if planned == "503":
        return _away()
    if access_token != desk.books.post_keys.given("wechat_access", desk.clock.now()):
        return _said(errcode=40001, errmsg="invalid credential")
    if planned is not None:
        return _said(errcode=int(planned), errmsg="planned")
    if not _OPENID.fullmatch(str(body.get("touser", ""))):
        return _said(errcode=40003, errmsg="invalid openid")
    if not _TEMPLATE.fullmatch(str(body.get("template_id", ""))):
        return _said(errcode=40037, errmsg="invalid template_id")
    facts = {name: one["value"] for name, one in body.get("data", {}).items()}
    number = _keep(desk, "wechat", body["touser"], body["template_id"], facts, body)
    return _said(errcode=0, errmsg="ok", msgid=number)


def _keep(
    desk: Desk, channel: str, to: str, template: str, facts: dict[str, str], body: dict[str, Any]
) -> int:
    text = "\n".join(f"{name}: {value}" for name, value in facts.items())
    given = str(body.get("tracking_id") or body.get("client_msg_id") or "")
    return desk.books.letters.keep(Letter(channel, to, template, text, desk.clock.now(), given))


CARRIERS = (
    plan_post_faults,
    renew_zalo_token,
    take_zalo_notice,
    take_sms,
    give_wechat_token,
    take_wechat_message,
)
