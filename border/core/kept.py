"""A value that everybody looks at: computed once after a change, and kept for all who ask.

Whoever asks is given what was computed since the last change that this process knows of, and never
older than a moment, should one not have been told. Many who ask at once wait for one computation;
many changes at once are gathered into a few.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from border.core.clock import Clock, local_date
from border.core.wakeup import Wakeup

T = TypeVar("T")

LONGEST = timedelta(seconds=1)
"""How old a value may be that is still given, if no change is known of."""
PAUSE_SECONDS = 0.2
"""How soon after one computation began the next may begin: changes come by the hundred."""


class Kept(Generic[T]):
    """A value computed by `compute`, which is told the instant that the value is of.

    A ring of `change` for one of `kinds` makes what was computed before useless. On the
    day after it is useless too: what is counted since midnight begins anew.
    """

    def __init__(
        self,
        clock: Clock,
        change: Wakeup,
        kinds: Sequence[str],
        compute: Callable[[datetime], Awaitable[T]],
    ) -> None:
        self._clock = clock
        self._changed = change.listener(kinds)
        self._compute = compute
        self._kept: tuple[datetime, float, T] | None = None
        self._begun = 0.0
        self._one = asyncio.Lock()

    async def now(self) -> T:
        """Return the value as it is now. Raises whatever `compute` raises, to all who wait."""
        if (kept := self._good()) is not None:
            return kept[2]
        async with self._one:
            if (kept := self._good()) is None:
                await asyncio.sleep(self._begun + PAUSE_SECONDS - time.monotonic())
                kept = await self._computed()
            return kept[2]

    def forget(self) -> None:
        """Forget what was computed, as if nobody had asked."""
        self._kept, self._begun = None, 0.0

    async def _computed(self) -> tuple[datetime, float, T]:
        # Before anything is read: what changes meanwhile rings again.
        self._changed.take()
        at, self._begun = self._clock.now(), time.monotonic()
        self._kept = None
        self._kept = (at, self._begun, await self._compute(at))
        return self._kept

    def _good(self) -> tuple[datetime, float, T] | None:
        """Return what is kept, if it may still be given."""
        if self._kept is None or self._changed.is_rung:
            return None
        at, begun, _ = self._kept
        now = self._clock.now()
        fresh = abs(now - at) < LONGEST and time.monotonic() - begun < LONGEST.total_seconds()
        return self._kept if fresh and local_date(now) == local_date(at) else None
