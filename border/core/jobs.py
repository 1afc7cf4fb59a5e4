"""A job: what the program does by itself, over and over.

Each package exports its own in a file `jobs.py`; `api.zone` collects them and `api.background`
runs them. Every process runs every job: whatever a job takes, it takes so that others pass it by.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """Something done every so many `seconds`, and sooner when something it waits for happened.

    `woken_by` are the beginnings of the types of events, or of other words rung, that are its.
    """

    name: str
    seconds: float
    run: Callable[[], Awaitable[Any]]
    woken_by: tuple[str, ...] = ()
