"""Looking up together what is asked for at the same time: one statement for all who ask.

While one look runs, whoever asks waits for the next, so every answer was read after it was asked
for: nothing is remembered, and nothing can be out of date.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Gathered(Generic[K, V]):
    """Asks `look` for many keys at once; a key that it does not answer has no value."""

    def __init__(self, look: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._look = look
        self._asked: dict[K, asyncio.Future[V | None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """Return what stands under a key from now on; raises what the look raises."""
        if key not in self._asked:
            self._asked[key] = asyncio.get_running_loop().create_future()
        answer = self._asked[key]
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._work())
        # Shielded, since others may wait for the same key.
        return await asyncio.shield(answer)

    async def _work(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                try:
                    found = await self._look(asked.keys())
                except Exception as error:
                    for answer in asked.values():
                        answer.set_exception(error)
                        answer.exception()  # Whoever asked may have gone.
                else:
                    for key, answer in asked.items():
                        answer.set_result(found.get(key))
        finally:
            self._looking = None
