"""One server as a child process: started, watched until it answers, stopped; never orphaned.

What the servers have in common. It knows neither PostgreSQL nor Valkey, and it does not restart a
server that died: the program's connections fail then, which is the truth.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_READY_S = 60.0
"""A crash recovery or a long append-only file is read before the first answer."""
_LAST_LINES = 12
_LAST_BYTES = 8192

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl  # Looked up here: between fork and exec nothing may be loaded.


class EmbeddedRefusal(RuntimeError):
    """A sentence for the operator: why the embedded servers do not run, and the way out."""


@dataclass(frozen=True)
class Account:
    """The account a server runs under when the program is root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Launch:
    """How a server is started and ended."""

    name: str
    command: Sequence[str | Path]
    log: Path
    account: Account | None
    """None: the program's own user."""
    lock: int
    """Open file that the server inherits; its lock is free once the last server has ended."""
    death_signal: signal.Signals
    """Sent by the kernel when the program is gone."""
    stop_signals: tuple[tuple[signal.Signals, float], ...]
    """Each with the seconds granted to it; after the last the process is killed."""


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Starts the process with both outputs appended to the log.

    A session of its own keeps Ctrl-C away from it: the program ends it after its last use. The
    environment is not passed on, so no secret and no setting of the caller reaches the server.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        # This runs after the change of user, which would have cleared the death signal. The
        # parent may have gone before the signal was set: then nobody would ever send it.
        if _prctl(_PR_SET_PDEATHSIG, int(launch.death_signal), 0, 0, 0) or os.getppid() != parent:
            os._exit(1)

    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    log = os.open(launch.log, flags, 0o600)
    try:
        return subprocess.Popen(
            [os.fspath(word) for word in launch.command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
            cwd="/",
            user=launch.account.uid if launch.account else None,
            group=launch.account.gid if launch.account else None,
            extra_groups=[] if launch.account else None,
            umask=0o077,
            pass_fds=(launch.lock,),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    finally:
        os.close(log)


@contextmanager
def running(launch: Launch, answers: Callable[[], bool]) -> Iterator[None]:
    """Holds the server up for the length of the block; entered once `answers()` is true.

    refuses: EmbeddedRefusal when it ends first or stays silent for a minute.
    """
    _begin_log(launch.log)
    process = spawn(launch)
    try:
        _wait_until(answers, process, launch)
        yield
    finally:
        _stop(process, launch.stop_signals)


def run_to_end(launch: Launch) -> None:
    """Runs a command that ends by itself. refuses: EmbeddedRefusal when it fails."""
    _begin_log(launch.log)
    process = spawn(launch)
    try:
        status = process.wait()
    finally:
        _stop(process, launch.stop_signals)
    if status:
        raise EmbeddedRefusal(f"{launch.name} failed ({_end(status)}).{last_lines(launch.log)}")


def last_lines(log: Path) -> str:
    """What the server said last, as a paragraph to follow a refusal's sentence."""
    with log.open("rb") as text:
        text.seek(max(0, text.seek(0, os.SEEK_END) - _LAST_BYTES))
        lines = text.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
    free_mib = shutil.disk_usage(log).free >> 20  # On a full disk the log may have nothing to say.
    return "\n".join([f" With {free_mib} MiB free on the disk, {log} ends:", *lines])


def _begin_log(log: Path) -> None:
    # One log per start and the one before it are kept, so that it cannot grow for ever.
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))


def _wait_until(
    answers: Callable[[], bool], process: subprocess.Popen[bytes], launch: Launch
) -> None:
    deadline = time.monotonic() + _READY_S
    while not answers():
        status = process.poll()
        if status is not None:
            raise EmbeddedRefusal(
                f"{launch.name} did not start ({_end(status)}).{last_lines(launch.log)}"
            )
        if time.monotonic() > deadline:
            raise EmbeddedRefusal(
                f"{launch.name} gave no answer within {_READY_S:.0f} s.{last_lines(launch.log)}"
            )
        time.sleep(0.01)


def _stop(
    process: subprocess.Popen[bytes], stop_signals: tuple[tuple[signal.Signals, float], ...]
) -> None:
    for stop_signal, patience_s in stop_signals:
        if process.poll() is not None:
            return
        process.send_signal(stop_signal)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
        process.wait()


def _end(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"ended by {signal.Signals(-status).name}"
