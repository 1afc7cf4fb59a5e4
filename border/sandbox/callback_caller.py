"""Calls the merchant's addresses until the merchant has taken note, for every gateway.

The plan is VNPAY's, and the others keep to it: at most ten calls, five minutes apart. What a
call carries and which answer ends the calls is each gateway's own: a `Channel`. What is still
to be sent stands in the books, so a restart goes on where the program stopped.

source: VNPAY PAY 2.1.0, IPN and its retry rule.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx

from border.core.clock import Clock
from border.sandbox.books.books import Books
from border.sandbox.books.callbacks import Call, Callback
from border.sandbox.config import SandboxConfig

_ANSWER_LIMIT = 16_384
_MESSAGE_LIMIT = 200


class UnreadableAnswer(ValueError):
    """The merchant's answer is not of the documented form; the message says what was awaited."""


@dataclass(frozen=True)
class MerchantReply:
    """What a merchant's answer amounts to; only `noted` ends the calls."""

    noted: bool
    code: str | None
    message: str


class Channel(Protocol):
    """How one gateway tells the merchant."""

    def request(self, callback: Callback) -> httpx.Request:
        """Return the call to make, signed."""
        ...

    def read(self, status: int, body: bytes) -> MerchantReply:
        """Return what an answer amounts to; refuses: UnreadableAnswer."""
        ...


class CallbackCaller:
    """Sends the callbacks that have fallen due, each on its own, so none waits for another."""

    def __init__(
        self, books: Books, config: SandboxConfig, clock: Clock, channels: Mapping[str, Channel]
    ) -> None:
        self._books = books
        self._config = config
        self._clock = clock
        self._channels = channels
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
        return self._books.callbacks.claim_due(self._clock.now(), lease, only)

    async def _call(self, callback: Callback) -> None:
        called_at = self._clock.now()
        status, answer = await self._ask_merchant(callback)
        self._books.callbacks.record_call(
            callback,
            Call(called_at, status, answer.code, answer.message[:_MESSAGE_LIMIT]),
            confirmed=answer.noted,
            retry_at=self._clock.now() + self._config.retry_after,
        )

    async def _ask_merchant(self, callback: Callback) -> tuple[int | None, MerchantReply]:
        """Return the HTTP status, if any came, and what the answer amounts to."""
        channel = self._channels[callback.gateway]
        body = b""
        status: int | None = None
        try:
            async with asyncio.timeout(self._config.call_timeout.total_seconds()):
                response = await self._client.send(channel.request(callback), stream=True)
                try:
                    status = response.status_code
                    async for piece in response.aiter_bytes():
                        body += piece
                        if len(body) > _ANSWER_LIMIT:
                            return status, _unnoted("the answer is too long")
                finally:
                    await response.aclose()
            return status, channel.read(status, body)
        except TimeoutError:
            return status, _unnoted("no answer in time")
        except httpx.HTTPError as broken:
            return status, _unnoted(type(broken).__name__)
        except UnreadableAnswer as unreadable:
            return status, _unnoted(str(unreadable))


def _unnoted(message: str) -> MerchantReply:
    return MerchantReply(noted=False, code=None, message=message)
