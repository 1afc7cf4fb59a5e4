"""Zalo, SMS and WeChat against the sandbox over HTTP: tokens, refusals, and the next way."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import AsyncTestClient
from pydantic import SecretStr

from border.core.clock import FixedClock
from border.messages import storage
from border.messages.channels.kind import Carried, Never, NotNow, Outside, Post
from border.messages.channels.sms.channel import SMS, SmsSettings, without_accents
from border.messages.channels.token_file import TokenFile
from border.messages.channels.wechat.channel import WECHAT, WechatSettings
from border.messages.channels.zalo.channel import ZALO, ZaloSettings
from border.sandbox.app import create_sandbox
from border.sandbox.config import SandboxConfig

PHONE, OPENID = "+84912345678", "oGateDemo0123456789abcdefgh"
FACTS = {"plate": "24C-123.45", "link": "http://gate.test/x"}
LETTER = Post(
    "MSG-1",
    PHONE,
    "vi",
    "Mời xe",
    "Mời xe 24C-123.45 tới làn X1 – đúng giờ, phí 800.000 ₫",
    FACTS,
    {"zalo": "called-vi", "wechat": "called-vi"},
)
URL = "http://sandbox.test"


@pytest.fixture
async def sandbox(tmp_path: Path, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox, asked over ASGI."""
    config = SandboxConfig(
        state_file=tmp_path / "books.sqlite3",
        vnpay_secret="v",
        vietqr_secret="q",
        portal_secret="p",
        zalo_secret="zalo-key",
        sms_secret="sms-key",
        wechat_secret="wechat-key",
        ipn_url=URL,
        vietqr_webhook_url=URL,
        portal_confirm_url=URL,
    )
    async with AsyncTestClient(create_sandbox(config, clock), base_url=URL) as client:
        yield client


@pytest.fixture
def outside(sandbox: httpx.AsyncClient, tmp_path: Path, clock: FixedClock) -> Outside:
    """What a channel is given."""
    return Outside(sandbox, clock, tmp_path, "http://gate.test")


def zalo(outside: Outside, **changes: Any) -> Any:
    row = ZaloSettings(
        url=f"{URL}/zalo",
        token_url=f"{URL}/zalo/oauth/access_token",
        app_id="gate",
        secret=SecretStr("zalo-key"),
        refresh=SecretStr("zalo-key"),
    )
    return ZALO.connect(row.model_copy(update=changes), outside)


def sms(outside: Outside, secret: str = "sms-key") -> Any:
    url = f"{URL}/sms/SendMultipleMessage_V4_post_json/"
    row = SmsSettings(url=url, key="gate", secret=SecretStr(secret), brand="CUAKHAU")
    return SMS.connect(row, outside)


def wechat(outside: Outside, secret: str = "wechat-key") -> Any:
    row = WechatSettings(url=f"{URL}/wechat", app_id="wx", secret=SecretStr(secret))
    return WECHAT.connect(row, outside)


async def plan(sandbox: httpx.AsyncClient, channel: str, code: str, times: int = 1) -> None:
    body = {"channel": channel, "code": code, "times": times}
    assert (await sandbox.post("/sandbox/post-faults", json=body)).status_code == 200


async def inbox(sandbox: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await sandbox.get("/sandbox/inbox.json")).json()
    return found


async def test_zalo_takes_a_notice_once_under_the_number_of_its_approved_text(
    sandbox: httpx.AsyncClient, outside: Outside
) -> None:
    channel = zalo(outside)
    assert await channel.send(LETTER) == Carried("zns1")
    assert await channel.send(LETTER) == Carried("zns1")
    (came,) = await inbox(sandbox)
    assert (came["address"], came["title"]) == ("84912345678", "called-vi")
    assert came["text"] == "plate: 24C-123.45\nlink: http://gate.test/x"


async def test_zalos_tokens_are_renewed_before_they_end_and_kept_for_all_processes(
    outside: Outside, clock: FixedClock, tmp_path: Path
) -> None:
    file = TokenFile(tmp_path, "zalo")
    assert await zalo(outside).send(LETTER) == Carried("zns1")
    first = file.read()
    assert first is not None
    assert await zalo(outside).send(LETTER) == Carried("zns1")  # another process finds it there
    assert file.read() == first
    clock.advance(timedelta(hours=24, minutes=55))
    assert await zalo(outside).send(LETTER) == Carried("zns1")
    second = file.read()
    assert second is not None
    assert second.refresh != first.refresh
    assert (tmp_path / "secrets" / "zalo_token").stat().st_mode & 0o077 == 0


async def test_a_token_that_zalo_let_end_early_is_renewed_on_the_spot(
    sandbox: httpx.AsyncClient, outside: Outside
) -> None:
    channel = zalo(outside)
    await channel.send(LETTER)
    await plan(sandbox, "zalo", "-124")
    assert await channel.send(LETTER) == Carried("zns1")
    await plan(sandbox, "zalo", "-124", 2)
    assert await channel.send(LETTER) == Never("Zalo answered {answer}.", "-124")


async def test_who_finds_the_refresh_token_used_reads_what_another_has_written(
    outside: Outside, clock: FixedClock, tmp_path: Path
) -> None:
    channel, file = zalo(outside), TokenFile(tmp_path, "zalo")
    await channel.send(LETTER)
    old = file.read()
    assert old is not None
    await channel._token(True)
    newest = file.read()
    file_read = iter([old, newest])
    channel._file.read = lambda: next(file_read)
    assert newest is not None
    assert await channel._token(True) == newest.access


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("-118", Never("Zalo answered {answer}.", "-118", address_dead=True)),
        ("-108", Never("Zalo answered {answer}.", "-108", address_dead=True)),
        ("-115", Never("Zalo answered {answer}.", "-115")),
        ("-100", NotNow("Zalo answered {answer}.", "-100")),
        ("503", NotNow("The channel is away ({answer}).", "HTTP 503")),
    ],
)
async def test_what_zalo_refuses_goes_on_otherwise_or_is_tried_again(
    sandbox: httpx.AsyncClient, outside: Outside, code: str, word: Any
) -> None:
    channel = zalo(outside)
    await channel.send(LETTER)
    await plan(sandbox, "zalo", code)
    assert await channel.send(LETTER) == word


async def test_zalo_with_a_wrong_key_or_without_an_approved_text_says_so(outside: Outside) -> None:
    wrong = await zalo(outside, secret=SecretStr("other")).send(LETTER)
    assert isinstance(wrong, Never)
    assert wrong.answer == "-14004"
    bare = Post(**{**vars(LETTER), "templates": {}})
    assert isinstance(await zalo(outside).send(bare), Never)
    assert isinstance(await wechat(outside).send(bare), Never)


async def test_an_sms_goes_without_accents_once_and_chinese_as_it_is(
    sandbox: httpx.AsyncClient, outside: Outside
) -> None:
    channel = sms(outside)
    assert await channel.send(LETTER) == Carried("sms1")
    assert await channel.send(LETTER) == Carried("sms1")
    chinese = Post(**{**vars(LETTER), "reference": "MSG-2", "locale": "zh", "text": "请前往X1"})
    assert await channel.send(chinese) == Carried("sms2")
    texts = [one["text"] for one in await inbox(sandbox)]
    assert texts == ["请前往X1", "Moi xe 24C-123.45 toi lan X1 - dung gio, phi 800.000 VND"]
    assert without_accents("Đường đi Lào Cai").isascii()


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("124", Carried(None)),
        ("108", Never("The SMS gateway answered {answer}.", "108", address_dead=True)),
        ("103", Never("The SMS gateway answered {answer}.", "103")),
        ("503", NotNow("The channel is away ({answer}).", "HTTP 503")),
    ],
)
async def test_what_the_sms_gateway_says(
    sandbox: httpx.AsyncClient, outside: Outside, code: str, word: Any
) -> None:
    await plan(sandbox, "sms", code)
    assert await sms(outside).send(LETTER) == word


async def test_wechat_takes_a_message_of_a_follower_and_renews_its_token(
    sandbox: httpx.AsyncClient, outside: Outside
) -> None:
    letter = Post(**{**vars(LETTER), "address": OPENID})
    channel = wechat(outside)
    assert await channel.send(letter) == Carried("1")
    await plan(sandbox, "wechat", "42001")
    assert await channel.send(letter) == Carried("1")
    await plan(sandbox, "wechat", "43004")
    gone = Never("WeChat answered {answer}.", "43004", address_dead=True)
    assert await channel.send(letter) == gone
    await plan(sandbox, "wechat", "-1")
    assert isinstance(await channel.send(letter), NotNow)
    assert await channel.send(LETTER) == Never(
        "WeChat answered {answer}.", "40003", address_dead=True
    )
    assert await wechat(outside, "other").send(letter) == Never(
        "WeChat answered {answer}.", "40125"
    )


async def test_a_number_without_zalo_is_told_by_sms(
    post: Any, sandbox: httpx.AsyncClient, outside: Outside
) -> None:
    post.channels |= {"zalo": zalo(outside), "sms": sms(outside)}
    await post.account("lan@sao-mai.test")
    await post.tell(post.telling())
    async with post.store.engine.begin() as connection:
        ways = [["sms", PHONE], ["email", "lan@sao-mai.test"]]
        change = storage.message.update().values(channel="zalo", address=PHONE, ways=ways)
        await connection.execute(change)
    for _ in range(3):
        await post.send()
    # The text of the test has no number at Zalo, so it never gets there.
    assert await post.states() == [("zalo", "failed"), ("sms", "sent")]
    assert post.letters == []
    (came,) = await inbox(sandbox)
    assert (came["channel"], came["address"]) == ("sms", "84912345678")
