"""The folder the servers live in, the locks on it, and the account they run under.

An ordinary user's servers live in `<data folder>/servers`. PostgreSQL refuses to run as root, and
a data folder may stand where no other account can reach it; opening up its parents would change
permissions that are not ours. So for root `servers` is a link to a folder of its own below the
system's state folder. The link belongs to the data folder: moved, it keeps its database;
deleted, the next start begins with an empty one.

The account is `border-gate` if the operator has created one, otherwise `nobody`, which every
Linux has and initdb needs: it looks its user up there. Other programs may run as `nobody`
too, so an account of its own is better on a machine that is shared. Both servers use it, since
Valkey has no need of root either. A database that exists stays with the account that owns it,
so `sudo` on an ordinary user's folder leaves that folder in working order.
"""

import fcntl
import os
import pwd
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from border.embedded.child import Account, EmbeddedRefusal

STATE_DIR = Path("/var/lib/border-gate")
ACCOUNTS = ("border-gate", "nobody")

SOCKET_PORT = 5432
"""Only a part of the name of PostgreSQL's socket; no TCP port is opened."""
_SOCKET_NAME_BYTES = len(f"/.s.PGSQL.{SOCKET_PORT}")
_SOCKET_PATH_BYTES = 107
"""Linux has 108 bytes for a unix socket's path, the closing zero among them."""
_STOPPING_S = 30.0


@dataclass(frozen=True)
class Home:
    """What both servers need to know of the place they run in."""

    folder: Path
    """Holds the servers' folders, their logs and the password."""
    sockets: Path
    """Private and short enough for a socket; new at each start."""
    account: Account | None
    state_dir: Path
    lock: int
    """Open file inherited by every server."""

    def own(self, path: Path) -> None:
        """Gives a file or folder that the program has just made to the servers' account."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def make_folder(self, path: Path) -> None:
        """Makes a folder that only the servers' account may enter, unless it is there already."""
        if not path.exists():
            path.mkdir(mode=0o700)
            self.own(path)


@contextmanager
def open_home(data_dir: Path, state_dir: Path) -> Iterator[Home]:
    """Holds `data_dir` for this program alone; the kernel lets go of it when the program dies.

    refuses: EmbeddedRefusal when another live program holds the folder.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _held_by_program(data_dir):
        folder = _servers_folder(data_dir, state_dir)
        with _held_by_servers(folder) as lock:
            sockets = _sockets_folder(folder)
            try:
                home = Home(folder, sockets, _account(folder), state_dir, lock)
                home.own(sockets)
                yield home
            finally:
                shutil.rmtree(sockets, ignore_errors=True)


@contextmanager
def _held_by_program(data_dir: Path) -> Iterator[None]:
    lock = os.open(data_dir / "program.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            holder = os.pread(lock, 32, 0).decode() or "(number not yet written)"
            raise EmbeddedRefusal(
                f"the data folder {data_dir} is in use by process {holder}. "
                "End that program first, or set BORDER_DATA_DIR to another folder"
            ) from held
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)


@contextmanager
def _held_by_servers(folder: Path) -> Iterator[int]:
    """Waits until the servers of a killed program have ended.

    They inherit this lock, so it is free exactly when the last of them is gone. Process numbers
    in files cannot tell that: after a crash they may belong to some other program.
    """
    lock = os.open(folder / "servers.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + _STOPPING_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as held:
                if time.monotonic() > deadline:
                    raise EmbeddedRefusal(
                        f"servers of an earlier program are still running in {folder}; "
                        f"`fuser {folder / 'servers.lock'}` names them. End them and start again"
                    ) from held
            time.sleep(0.02)
        yield lock
    finally:
        os.close(lock)


def _servers_folder(data_dir: Path, state_dir: Path) -> Path:
    servers = data_dir / "servers"
    if servers.is_symlink() and not servers.exists():
        raise EmbeddedRefusal(
            f"{servers} points to {servers.readlink()}, which is gone. Restore that folder, "
            "or remove the link to begin with an empty database"
        )
    if servers.exists():
        return servers.resolve()
    if os.geteuid() != 0:
        servers.mkdir(mode=0o700)
        return servers
    if not state_dir.exists():
        state_dir.mkdir(parents=True)
        state_dir.chmod(0o711)
    folder = state_dir.resolve() / secrets.token_hex(8)
    folder.mkdir()
    folder.chmod(0o711)  # The account passes through; names of files in it are for root alone.
    servers.symlink_to(folder)
    return folder


def _sockets_folder(folder: Path) -> Path:
    # A crash leaves sockets and their lock files behind, so the folder is made anew each time.
    sockets = folder / "sockets"
    shutil.rmtree(sockets, ignore_errors=True)
    if _fits_a_socket(sockets):
        sockets.mkdir(mode=0o700)
        return sockets
    elsewhere = Path(tempfile.mkdtemp(prefix="border-"))
    if not _fits_a_socket(elsewhere):
        elsewhere.rmdir()
        raise EmbeddedRefusal(
            f"neither {folder} nor {elsewhere.parent} can hold a unix socket: at most "
            f"{_SOCKET_PATH_BYTES} bytes of plain letters. Set TMPDIR or BORDER_DATA_DIR so"
        )
    return elsewhere


def _fits_a_socket(folder: Path) -> bool:
    # Beside its length a path must be plain: clients take a comma for a list of hosts, and what
    # needs escaping in an address would be escaped differently by each of them.
    length = len(os.fsencode(folder)) + _SOCKET_NAME_BYTES
    plain = re.fullmatch(r"[\w./-]+", str(folder), re.ASCII)
    return length <= _SOCKET_PATH_BYTES and plain is not None


def _account(folder: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    owners = [path.stat().st_uid for path in (folder / "postgres", folder) if path.exists()]
    known = {entry.pw_uid: entry for entry in reversed(pwd.getpwall())}
    named = {entry.pw_name: entry.pw_uid for entry in known.values()}
    for uid in (*owners, *(named.get(name, 0) for name in ACCOUNTS)):
        if uid in known and uid != 0:
            return Account(known[uid].pw_name, uid, known[uid].pw_gid)
    raise EmbeddedRefusal(
        "the program runs as root, PostgreSQL must not, and there is no account for it. "
        f"Create the system account {ACCOUNTS[0]}, or start the program as an ordinary user"
    )
