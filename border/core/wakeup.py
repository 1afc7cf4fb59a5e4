"""A wakeup: rung when something was committed, heard by those who wait for something of its kind.

It only wakes loops early; each of them looks for itself, so a ring that is missed costs a moment
and never a fact. A loop hears what it has named and nothing else, so that jobs do not wake each
other.
"""

import asyncio
from collections.abc import Collection
from weakref import WeakSet

ANYTHING: tuple[str, ...] = ("",)
"""The beginning of every kind."""


class Listener:
    """One loop that waits, and how the kinds begin that it waits for."""

    def __init__(self, kinds: Collection[str]) -> None:
        self._kinds = tuple(kinds)
        self._rung = asyncio.Event()

    def hear(self, kinds: Collection[str]) -> None:
        """Take note if one of `kinds` is among those waited for."""
        if not self._rung.is_set() and any(kind.startswith(self._kinds) for kind in kinds):
            self._rung.set()

    @property
    def is_rung(self) -> bool:
        """Whether it rang since the last wait, or since the ring was last taken."""
        return self._rung.is_set()

    def take(self) -> None:
        """Take note of a ring without waiting for one."""
        self._rung.clear()

    async def wait(self, seconds: float) -> bool:
        """Wait for a ring since the last wait, at most for `seconds`; say whether it rang."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Gathering(Listener):
    """One that hears of everything, and remembers what it was."""

    def __init__(self) -> None:
        super().__init__(ANYTHING)
        self._heard: set[str] = set()

    def hear(self, kinds: Collection[str]) -> None:
        """Take note of `kinds`."""
        super().hear(kinds)
        self._heard.update(kinds)

    def taken(self) -> set[str]:
        """Return the kinds that were rung since this was last asked."""
        self.take()
        heard, self._heard = self._heard, set()
        return heard


class Wakeup:
    """Many may wait for one ring."""

    def __init__(self) -> None:
        self._listeners: WeakSet[Listener] = WeakSet()

    def ring(self, kinds: Collection[str] = ANYTHING, *, besides: Listener | None = None) -> None:
        """Wake everyone, `besides` one, who waits for one of `kinds`, such as types of events."""
        for listener in tuple(self._listeners):
            if listener is not besides:
                listener.hear(kinds)

    def listener(self, kinds: Collection[str] = ANYTHING) -> Listener:
        """Return somebody who hears from now on of kinds that begin so, or of everything."""
        listener = Listener(kinds)
        self._listeners.add(listener)
        return listener

    def gathering(self) -> Gathering:
        """Return somebody who hears of everything from now on and remembers it."""
        listener = Gathering()
        self._listeners.add(listener)
        return listener

    async def wait(self, seconds: float) -> bool:
        """Wait for any ring from now on, at most for `seconds`; say whether it rang."""
        return await self.listener().wait(seconds)
