"""What the commands share: the settings, a store or the whole zone to work on, a bar, an account.

The zone takes as long to read in as all else together, so only whoever runs on it does so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from api.cli.refused import Refused, saying_why
from border.core.actor import Actor
from border.core.clock import SystemClock
from border.core.store import Store, open_engine, table_of
from border.identity.tables import AccountRow
from border.platform.peers import told_at_the_end
from border.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from api.zone import Services

T = TypeVar("T")


def with_store(settings: Settings, work: Callable[[Store], Awaitable[T]]) -> T:
    """Run `work` on a store of its own."""

    async def run() -> T:
        assert settings.database_url
        engine = open_engine(settings.database_url, settings.pool_size)
        store = Store(engine, SystemClock())
        try:
            async with told_at_the_end(store):
                return await work(store)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def with_zone(settings: Settings, work: Callable[["Services"], Awaitable[T]]) -> T:
    """Run `work` on the whole zone."""
    from api.zone import open_services

    async def run() -> T:
        try:
            services = open_services(settings)
        except ValueError as fault:
            raise Refused(
                f"{fault}. Set it as docs/settings.md says, or start the service."
            ) from fault
        try:
            async with told_at_the_end(services.store):
                return await work(services)
        finally:
            await services.close()

    return asyncio.run(run())


def settings_of(**given: object) -> Settings:
    """Return the settings, with what was given on the command line before the environment."""
    with saying_why():
        settings = Settings()
    return settings.model_copy(update={k: v for k, v in given.items() if v is not None})


def console() -> "Console":
    """Return the terminal on standard error."""
    from rich.console import Console

    return Console(stderr=True)


def bar() -> "Progress":
    """Return a bar that shows how far something is, on standard error."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        TextColumn("{task.description:>14}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console(),
    )


async def account_of(store: Store, email: str) -> Actor:
    """Return the account of an address as an actor; exit code 1 where there is none."""
    accounts = table_of(AccountRow)
    async with store.reading() as connection:
        found = (
            await connection.execute(accounts.select().where(accounts.c.email == email.lower()))
        ).one_or_none()
    if found is None:
        raise Refused(f"There is no account {email}. Name one with --as.")
    return Actor(found.id, found.name, frozenset(found.roles), found.organisation_id, "", email)
