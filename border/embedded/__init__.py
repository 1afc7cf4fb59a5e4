"""A real PostgreSQL and a real Valkey, started by the program and stopped with it.

They come as wheels, so a clean clone needs nothing installed, and the program speaks to the same
servers in a demonstration as in production. Both listen on a private unix socket only, so no TCP
port can be taken or reached. This is not a way to run them for several machines: set
`BORDER_DATABASE_URL` and `BORDER_REDIS_URL` for that.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from border.embedded.child import EmbeddedRefusal
from border.embedded.home import STATE_DIR, open_home
from border.embedded.postgres import postgres
from border.embedded.valkey import valkey

__all__ = ["EmbeddedRefusal", "Servers", "embedded_servers"]


@dataclass(frozen=True)
class Servers:
    """Where the started servers answer; "" for one that was not asked for."""

    database_url: str = field(repr=False)  # It holds the password, so it stays out of any log.
    """`postgresql+asyncpg://…` over a unix socket, database `border`."""
    redis_url: str
    """`unix://….sock?db=0`."""


@contextmanager
def embedded_servers(
    data_dir: Path, *, database: bool = True, redis: bool = True, state_dir: Path = STATE_DIR
) -> Iterator[Servers]:
    """Starts the servers on `data_dir`, yields when both answer, and stops them on leaving.

    A program that is killed takes its servers with it, and the next start recovers. To be called
    from the main thread: the kernel ends a server together with the thread that started it.

    `state_dir`: used by root only, see `border/embedded/home.py`.
    refuses: EmbeddedRefusal when the folder is in use by another program, not writable, or made by
    another PostgreSQL version, and when a server does not start; with the last lines of its log.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedRefusal("start the embedded servers from the program's main thread")
    with ExitStack() as started:
        try:
            home = started.enter_context(open_home(data_dir, state_dir))
            database_url = started.enter_context(postgres(home)) if database else ""
            redis_url = started.enter_context(valkey(home)) if redis else ""
        except OSError as fault:
            raise EmbeddedRefusal(
                f"the embedded servers cannot use the data folder {data_dir.absolute()}: {fault}. "
                "Make room and give this user the right to write, or set BORDER_DATA_DIR elsewhere"
            ) from fault
        yield Servers(database_url, redis_url)
