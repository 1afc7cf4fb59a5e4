"""A job: what the program does by itself, over and over.

Each package exports its own in a file `jobs.py`; `api.zone` collects them and `api.background`
runs them. Of all processes one leads a job and runs it (`border/platform/peers.py`), though for a
moment there may be two: whatever a job takes, it takes so that others pass it by.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """Something done every so many `seconds`, and at once when something it waits for happened.

    What is told of by events is looked for seldom: only for what nobody told of, and for what was
    put off. Frequent is what falls due by itself.

    `woken_by` are the beginnings of the types of events, or of other words rung, that are its.
    One that sets metrics runs `in_each_process`: whoever reads them asks any.
    """

    name: str
    seconds: float
    run: Callable[[], Awaitable[Any]]
    woken_by: tuple[str, ...] = ()
    in_each_process: bool = False
