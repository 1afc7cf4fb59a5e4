"""The program that is killed: `border serve` on a folder of its own, and the processes it is of."""

import asyncio
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import httpx

from api.cli.running import note_of
from api.cli.serving import any_port
from bench.ground import Ground, People, settings_of, settle_in
from border.embedded import embedded_servers
from border.migrations.run import upgrade
from border.settings import Settings

PARTS = ("worker", "master", "postgres", "connection", "valkey")
"""What is killed: `postgres` is its first process, `connection` one that serves the program."""
_HEALED_BY_ITSELF = ("worker", "connection")
WORKERS = 2
WITHIN_S = 60
"""How long a start, an end, or the replacement of a worker may take."""
STREAM = "border:kill"


class Stuck(Exception):
    """The program did not start, end or replace what was killed, with time enough to do it."""


class Program:
    """A program with its data, which runs, runs in part, or does not run."""

    def __init__(self, folder: Path, fonts: Path) -> None:
        """Take an empty folder, and that in which the typefaces are."""
        data_dir, state_dir = folder / "data", folder / "state"
        data_dir.mkdir()
        shutil.copytree(fonts, data_dir / "fonts" / fonts.name)
        self.port = any_port("127.0.0.1")
        self._log = folder / "program.log"
        self._settings = Settings(_env_file=None, data_dir=data_dir, state_dir=state_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._family: set[int] = set()

    def prepare(self) -> People:
        """Make and fill the database, and return who will ask. To be called outside a loop."""
        given = self._settings
        with embedded_servers(given.data_dir, state_dir=given.state_dir) as servers:
            ground = self._ground(servers.database_url, servers.redis_url)
            upgrade(ground.database_url)
            return asyncio.run(settle_in(ground))

    @property
    def ground(self) -> Ground:
        """Where the running program has its servers. Raises Stuck."""
        note = note_of(self._settings)
        if note is None:
            raise Stuck(self._says("the program does not run"))
        return self._ground(note["database_url"], note["redis_url"])

    async def start(self) -> None:
        """Start it, and return once it is ready. Raises Stuck."""
        vnpay = settings_of(self._ground("", "")).vnpay
        kept = {name: said for name, said in os.environ.items() if not name.startswith("BORDER_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220  (it is not waited for)
                [
                    sys.executable,
                    "-m",
                    "api",
                    "serve",
                    f"--workers={WORKERS}",
                    f"--port={self.port}",
                ],
                env={
                    **kept,
                    "BORDER_DATA_DIR": str(self._settings.data_dir),
                    "BORDER_STATE_DIR": str(self._settings.state_dir),
                    "BORDER_RELAY_STREAM": STREAM,
                    "BORDER_VNPAY_URL": vnpay.url,
                    "BORDER_VNPAY_API_URL": vnpay.api_url,
                    "BORDER_VNPAY_SECRET": vnpay.secret.get_secret_value(),
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        process = self._process

        async def ready() -> bool:
            if process.poll() is not None:
                raise Stuck(self._says("the program ended"))
            try:
                answer = await client.get(f"http://127.0.0.1:{self.port}/health/ready")
            except httpx.TransportError:
                return False
            return answer.status_code == 200

        async with httpx.AsyncClient() as client:
            await self._until(ready, "the program did not start")

    def send(self, part: str, what: signal.Signals, chance: Random) -> None:
        """Send a signal to a process of it; to any one, where several are such a part."""
        assert self._process is not None
        self._family |= _below(self._process.pid)
        os.kill(chance.choice(self._of(part)), what)

    async def recover(self, part: str) -> None:
        """Bring it up after a part was killed, as an operator would; some is replaced by itself.

        Raises Stuck.
        """
        if part in _HEALED_BY_ITSELF:

            async def whole() -> bool:
                return len(self._of("worker")) == WORKERS

            await self._until(whole, "the killed worker was not replaced")
        else:
            await self.end()
            await self.start()

    async def end(self) -> None:
        """Stop it as far as it runs, and return once no process of it is left. Raises Stuck."""
        if self._process is None:
            return
        process = self._process
        if process.poll() is None:
            self._family |= _below(process.pid)
            process.send_signal(signal.SIGTERM)

        async def gone() -> bool:
            return process.poll() is not None and not any(map(_alive, self._family))

        await self._until(gone, "processes of the program are left")
        self._process, self._family = None, set()

    def end_at_once(self) -> None:
        """Kill whatever is left of it."""
        if self._process is None:
            return
        for pid in {self._process.pid, *self._family, *_below(self._process.pid)}:
            if _alive(pid):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _of(self, part: str) -> list[int]:
        """Return the processes that are such a part, in a fixed order."""
        assert self._process is not None
        master = self._process.pid
        if part == "master":
            return [master]
        children = _children(master)
        if part == "worker":
            return [pid for pid in children if _typed(pid) == _typed(master)]
        (postmaster,) = (pid for pid in children if _name(pid) == "postgres")
        if part == "postgres":
            return [postmaster]
        if part == "valkey":
            return [pid for pid in children if _name(pid) == "valkey-server"]
        typed = b"[local]" if part == "connection" else part.encode()
        return [pid for pid in _children(postmaster) if typed in _typed(pid)]

    def _ground(self, database_url: str, redis_url: str) -> Ground:
        return Ground.at(database_url, redis_url, self._settings.data_dir, STREAM)

    async def _until(self, true: Callable[[], Awaitable[bool]], else_says: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not await true():  # noqa: ASYNC110  (other processes tell nobody)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise Stuck(self._says(else_says)) from None

    def _says(self, what: str) -> str:
        return f"{what}: see {self._log}"


_prctl = ctypes.CDLL(None).prctl  # Looked up here: after a fork nothing may be loaded.


def _end_with_parent() -> None:
    """Have the kernel end this process once that which started it is gone."""
    _prctl(1, signal.SIGTERM)


def _read(pid: int, file: str) -> bytes:
    """Return a file of a process's in /proc; nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return b""


def _typed(pid: int) -> bytes:
    return _read(pid, "cmdline")


def _name(pid: int) -> str:
    return _read(pid, "comm").decode().strip()


def _stat(pid: int) -> list[str]:
    """Return what the kernel says of a process behind its name; nothing once it is gone."""
    return _read(pid, "stat").decode().rpartition(")")[2].split()


def _alive(pid: int) -> bool:
    """A process that has ended but was not yet collected by its parent counts as gone."""
    return _stat(pid)[:1] not in ([], ["Z"])


def _children(pid: int) -> list[int]:
    everybody = sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())
    return [one for one in everybody if _stat(one)[1:2] == [str(pid)]]


def _below(pid: int) -> set[int]:
    children = set(_children(pid))
    return children.union(*map(_below, children))
