"""A wakeup: rung when something may have happened, heard by everyone who waits at that moment.

It only wakes loops early; each of them looks for itself, so a ring that is missed costs a moment
and never a fact.
"""

import asyncio


class Wakeup:
    """Many may wait for one ring."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everyone who waits now."""
        rung, self._next = self._next, asyncio.Event()
        rung.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for a ring or until `seconds` have passed; say whether it rang."""
        try:
            await asyncio.wait_for(self._next.wait(), seconds)
        except TimeoutError:
            return False
        return True
