"""A coalescer: what is asked at the same time is done in the same transaction.

While a transaction runs, whoever asks waits in a line; then all of them go together into the next
one, in the order in which they came. With nobody else there one goes at once and alone: the code
is the same for one and for many. So the rate rises with the load, and nothing is put off to wait
for more to come (docs/decisions/0025).
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from border.core.actor import Actor
from border.core.event import current_request
from border.core.refusal import OVERLOADED, Refusal
from border.core.store import Alone, Later, Store
from border.core.unit import Unit

Q = TypeVar("Q")
A = TypeVar("A")
_LONGEST_WAIT_S = 60


@dataclass
class _Asked(Generic[Q, A]):
    """Something asked for, by whom, and its answer to come."""

    actor: Actor
    asked: Q
    request_id: str | None = field(default_factory=current_request.get)
    answer: asyncio.Future[A] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Coalescer(Generic[Q, A]):
    """Does together what is asked at once, by `together`; alone, by `alone`, what cannot be.

    `together` decides for all of a transaction and leaves every write to its end: one refused
    must leave nothing. What it answers with `Later` stands first in the next turn. At most `size`
    go into a transaction, `at_once` of these run side by side, with `alone_at_once` for those of
    one beside them, and `room` may wait.
    """

    def __init__(
        self,
        store: Store,
        together: Callable[[Sequence[Unit], Sequence[Q]], Awaitable[Sequence[A | Refusal | Alone]]],
        alone: Callable[[Unit, Q], Awaitable[A]],
        *,
        size: int = 64,
        at_once: int = 2,
        alone_at_once: int = 4,
        room: int = 2000,
    ) -> None:
        self._store = store
        self._together = together
        self._alone = alone
        self._size, self._at_once, self._room = size, at_once, room
        self._turns_alone = asyncio.Semaphore(alone_at_once)
        self._waiting: deque[_Asked[Q, A]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._workers = 0
        self._each_takes = 0.0

    async def ask(self, actor: Actor, asked: Q) -> A:
        """Return the answer to what was asked, once it is committed.

        Whoever stops waiting is not done if his turn has not come; otherwise it is done all the
        same, as with an answer that gets lost on its way.
        refuses: `overloaded` with too many waiting; what `together` and `alone` refuse.
        """
        self.refuse_if_full()
        mine: _Asked[Q, A] = _Asked(actor, asked)
        self._waiting.append(mine)
        if self._workers < self._at_once:
            self._workers += 1
            self._start(self._work())
        return await mine.answer

    def refuse_if_full(self) -> None:
        """Refuse whoever finds no room to wait, and say when there will be.

        Not all at the same moment: who is told so comes again within twice the time in which those
        who wait now are answered. refuses: `overloaded`.
        """
        if len(self._waiting) >= self._room:
            empty_in = len(self._waiting) * self._each_takes
            seconds = math.ceil(empty_in * random.uniform(0.5, 2))  # noqa: S311  (spread, not secret)
            raise OVERLOADED(seconds=min(max(seconds, 1), _LONGEST_WAIT_S))

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _work(self) -> None:
        try:
            while self._waiting:
                turn = [self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))]
                await self._do([each for each in turn if not each.answer.done()])
        finally:
            self._workers -= 1

    async def _do(self, turn: Sequence[_Asked[Q, A]]) -> None:
        """Do a turn in one transaction; what needs one of its own follows beside the next turn."""
        if not turn:
            return
        begun = time.monotonic()
        try:
            answers = await self._store.perform_together(
                [(each.actor, each.request_id) for each in turn],
                lambda units: self._together(units, [each.asked for each in turn]),
            )
        except BaseException as error:
            for each in turn:
                _fail(each, error)
            if not isinstance(error, Exception):
                raise
            return
        self._each_takes = (time.monotonic() - begun) / len(turn)
        later: list[_Asked[Q, A]] = []
        for each, answer in zip(turn, answers, strict=True):
            if isinstance(answer, Later):
                later.append(each)
            elif isinstance(answer, Alone):
                self._start(self._do_alone(each))
            elif isinstance(answer, Refusal):
                _fail(each, answer)
            elif not each.answer.done():
                each.answer.set_result(answer)
        self._waiting.extendleft(reversed(later))

    async def _do_alone(self, each: _Asked[Q, A]) -> None:
        current_request.set(each.request_id)
        try:
            async with self._turns_alone:
                answer = await self._store.perform(
                    each.actor, lambda unit: self._alone(unit, each.asked)
                )
        except BaseException as error:
            _fail(each, error)
            if not isinstance(error, Exception):
                raise
        else:
            if not each.answer.done():
                each.answer.set_result(answer)


def _fail(each: _Asked[Q, A], error: BaseException) -> None:
    if not each.answer.done():
        each.answer.set_exception(error)
