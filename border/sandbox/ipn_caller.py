"""Calls the merchant's address until the merchant has taken note.

The plan is VNPAY's: at most ten calls, five minutes apart; RspCode 00 and 02 end it, any other
answer or none leads to the next call. What is still to be sent stands in the books, so a
restart goes on where the program stopped.

source: VNPAY PAY 2.1.0, IPN and its retry rule.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import msgspec

from border.clock import Clock
from border.sandbox.books import Books
from border.sandbox.config import SandboxConfig
from border.sandbox.records import Call, Callback
from border.sandbox.vnpay_wire import sign_query

ENDS_THE_CALLS = frozenset({"00", "02"})
_ANSWER_LIMIT = 16_384
_MESSAGE_LIMIT = 200


class MerchantAnswer(msgspec.Struct):
    """What the merchant's address has to answer."""

    rsp_code: str = msgspec.field(name="RspCode")
    message: str = msgspec.field(name="Message", default="")


class IpnCaller:
    """Sends the callbacks that have fallen due, each on its own, so none waits for another."""

    def __init__(self, books: Books, config: SandboxConfig, clock: Clock) -> None:
        self._books = books
        self._config = config
        self._clock = clock
        self._client = httpx.AsyncClient(
            trust_env=False, timeout=config.call_timeout.total_seconds()
        )
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look for due callbacks now instead of at the next look."""
        self._wake.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Send in the background while the block runs; calls under way at its end are cut."""
        looking = asyncio.create_task(self._look_and_send())
        try:
            yield
        finally:
            tasks = [looking, *self._under_way]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._client.aclose()

    async def call_due(self, only: Sequence[int] | None = None) -> None:
        """Make one call for each due callback (of `only`, if given) and wait for the answers."""
        await asyncio.gather(*(self._call(callback) for callback in self._claim(only)))

    async def _look_and_send(self) -> None:
        while True:
            for callback in self._claim(None):
                task = asyncio.create_task(self._call(callback))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            try:
                async with asyncio.timeout(self._config.look_every.total_seconds()):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()

    def _claim(self, only: Sequence[int] | None) -> list[Callback]:
        lease = self._config.retry_after + self._config.call_timeout
        return self._books.claim_due(self._clock.now(), lease, only)

    async def _call(self, callback: Callback) -> None:
        called_at = self._clock.now()
        status, answer, message = await self._ask_merchant(callback)
        rsp_code = answer.rsp_code if answer else None
        self._books.record_call(
            callback,
            Call(called_at, status, rsp_code, message),
            confirmed=status == 200 and rsp_code in ENDS_THE_CALLS,
            retry_at=self._clock.now() + self._config.retry_after,
        )

    async def _ask_merchant(
        self, callback: Callback
    ) -> tuple[int | None, MerchantAnswer | None, str]:
        """Return the HTTP status, the answer if it was one, and what to note of it."""
        config = self._config
        secret = config.secret if callback.well_signed else "a secret of somebody else"
        joint = "&" if "?" in config.ipn_url else "?"
        url = config.ipn_url + joint + sign_query(callback.params, secret)
        body = b""
        status: int | None = None
        try:
            async with (
                asyncio.timeout(config.call_timeout.total_seconds()),
                self._client.stream("GET", url) as response,
            ):
                status = response.status_code
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > _ANSWER_LIMIT:
                        return status, None, "the answer is too long"
            answer = msgspec.json.decode(body, type=MerchantAnswer)
        except TimeoutError:
            return status, None, "no answer in time"
        except httpx.HTTPError as broken:
            return status, None, type(broken).__name__
        except msgspec.MsgspecError:
            return status, None, "the answer is not RspCode and Message"
        return status, answer, answer.message[:_MESSAGE_LIMIT]
