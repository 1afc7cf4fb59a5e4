"""What can be measured: things that are prepared, each of which asks the gate for something."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import asyncpg

from api.zone import Services
from bench.ground import People
from bench.load import Job
from bench.trucks import Yard


class Worded(Protocol):
    """Something prepared for a run, told from all others of its kind by its words."""

    def words(self) -> dict[str, str]:
        """Return every word in which its statements differ from another's, by name."""
        ...


W = TypeVar("W", bound=Worded)


class Scenario(Protocol[W]):
    """What they ask, what they must be answered, and how it must leave them."""

    @property
    def name(self) -> str:
        """Its name in the results."""
        ...

    async def prepare(self, yard: Yard, number: int) -> list[W]:
        """Return fresh ones."""
        ...

    def job(self, one: W, people: People) -> Job:
        """Return what one of them sends, one request after another."""
        ...

    async def check(self, connection: asyncpg.Connection, ones: Sequence[W]) -> list[str]:
        """Return what is wrong with the records that a run has left."""
        ...

    async def call(self, services: Services, people: People, one: W) -> None:
        """Have the services do the same and commit, without HTTP."""
        ...
