"""Tries to sign in: one account however it is typed, and no stranger locks its owner out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.demo.accounts import PASSWORD
from border.identity.account_name import canonical_account
from border.identity.throttle import MARK_LASTS, Try, device_of, mark_name, network_of, new_mark

OWNER = "trader@demo.test"
AT, KEY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC), b"k" * 32


class Device:
    """A browser or a program at an address, which keeps its cookies."""

    def __init__(self, running: Any, address: str) -> None:
        transport = httpx.ASGITransport(running.app, client=(address, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://gate.test")

    async def program(self, password: str, email: str = OWNER) -> int:
        """Sign in as a program does and return the status."""
        login = {"email": email, "password": password}
        return (await self.client.post("/api/v1/login", json=login)).status_code

    async def page(self, password: str, email: str = OWNER) -> int:
        """Sign in by the form and return the status."""
        secret = (await self.client.get("/login")).cookies.get("border_csrf")
        secret = secret or self.client.cookies["border_csrf"]
        form = {"email": email, "password": password, "_csrf_token": secret}
        return (await self.client.post("/login", data=form)).status_code


@pytest.fixture
async def devices(running: Any) -> AsyncIterator[Any]:
    """Make devices; no try is counted before nor after."""
    await running.forget_tries()
    made: list[Device] = []

    def device(address: str) -> Device:
        made.append(Device(running, address))
        return made[-1]

    yield device
    for one in made:
        await one.client.aclose()
    await running.forget_tries()


TYPED = (
    OWNER,
    f"  {OWNER} ",
    OWNER.upper(),
    "trader @demo.test",
    "trader\u00a0@demo.test",
    "trader\u200b@demo.test",
    "\uff54rader@demo.test",
    "trader\uff20demo.test",
)


@pytest.mark.parametrize("typed", TYPED)
def test_an_account_has_one_form_however_it_is_typed(typed: str) -> None:
    assert canonical_account(typed) == OWNER


@pytest.mark.parametrize("way", ["program", "page"])
async def test_blanks_capitals_and_wide_letters_buy_no_fresh_tries(devices: Any, way: str) -> None:
    stranger = devices("192.0.2.1")
    answers = [await getattr(stranger, way)("wrong", TYPED[n % len(TYPED)]) for n in range(11)]
    assert answers == [401] * 10 + [429]


async def test_the_account_signs_in_however_it_is_typed(devices: Any) -> None:
    for n, typed in enumerate(TYPED):
        assert await devices(f"192.0.2.{n}").program(PASSWORD, typed) == 200


async def test_pages_and_programs_are_counted_together(devices: Any) -> None:
    stranger = devices("192.0.2.1")
    ways = [stranger.program, stranger.page]
    assert [await ways[n % 2]("wrong") for n in range(11)] == [401] * 10 + [429]


@pytest.mark.parametrize(("way", "signed_in"), [("program", 200), ("page", 303)])
async def test_strangers_lock_the_owners_own_device_never_out(
    devices: Any, way: str, signed_in: int
) -> None:
    known, fresh = devices("192.0.2.9"), devices("192.0.2.9")
    assert await getattr(known, way)(PASSWORD) == signed_in
    strangers = [devices(f"198.51.100.{n}") for n in range(7)]
    for stranger in strangers:
        assert {await stranger.program("wrong") for _ in range(10)} <= {401, 429}
    # So many strangers stop every device that does not know the account, and only these.
    assert await getattr(fresh, way)(PASSWORD) == 429
    assert await getattr(known, way)(PASSWORD) == signed_in


async def test_a_stranger_in_the_same_network_does_not_lock_the_own_device_out(
    devices: Any,
) -> None:
    known, stranger = devices("192.0.2.9"), devices("192.0.2.9")
    assert await known.page(PASSWORD) == 303
    assert [await stranger.program("wrong") for _ in range(40)][-1] == 429
    assert await known.page(PASSWORD) == 303


async def test_one_stranger_elsewhere_stops_nobody_but_oneself(devices: Any) -> None:
    stranger, owner = devices("198.51.100.1"), devices("192.0.2.9")
    answers = [await stranger.program("wrong") for _ in range(100)]
    assert answers == [401] * 10 + [429] * 90
    assert await owner.program(PASSWORD) == 200


async def test_a_known_device_is_counted_too(devices: Any) -> None:
    known = devices("192.0.2.9")
    assert await known.program(PASSWORD) == 200
    assert [await known.program("wrong") for _ in range(11)] == [401] * 10 + [429]


def test_a_mark_is_good_for_its_account_and_its_time_and_cannot_be_made_up() -> None:
    mark = new_mark(KEY, OWNER, AT)

    def known(account: str = OWNER, given: str = mark, key: bytes = KEY, at: datetime = AT) -> bool:
        return device_of(key, Try(account, "x", given), at) is not None

    assert known()
    assert known(at=AT + MARK_LASTS - timedelta(seconds=1))
    assert not known(at=AT + MARK_LASTS)
    assert not known("carrier@demo.test")
    assert not known(key=b"another" * 5)
    for made_up in ("", "x", "á", mark[:-4], "A" + mark[1:], mark + "AAAA"):
        assert not known(given=made_up)
    assert new_mark(KEY, OWNER, AT) != mark
    assert mark_name(" TRADER@demo.test") == mark_name(OWNER) != mark_name("carrier@demo.test")


def test_a_network_is_an_address_of_ipv4_and_half_of_one_of_ipv6() -> None:
    assert network_of("192.0.2.9") != network_of("192.0.2.8")
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("unknown") == "unknown"
