"""Papers are drawn beside the program: what is asked for comes back, whatever ends on the way."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from border.paper.press import Press, PressFailed


def echo(said: bytes) -> bytes:
    """Work that shows which process did it."""
    return said + b" by %d" % os.getpid()


def refuse(why: str) -> bytes:
    raise ValueError(why)


def fall(mark: str) -> bytes:
    """End the process, the first time or always."""
    if mark == "always" or not Path(mark).exists():
        if mark != "always":
            Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return b"drawn"


def linger(seconds: float) -> bytes:
    print("this is no paper")
    time.sleep(seconds)
    return b"late"


@pytest.fixture
async def press() -> AsyncIterator[Press]:
    """A press of one process."""
    made = Press(1)
    yield made
    made.close()


def process_of(drawn: bytes) -> int:
    return int(drawn.rpartition(b" ")[2])


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    ended = f"while [ -e /proc/{pid} ]; do sleep 0.01; done"
    async with asyncio.timeout(20):
        assert await (await asyncio.create_subprocess_exec("sh", "-c", ended)).wait() == 0


async def test_work_is_done_by_another_process_that_is_kept_for_the_next(press: Press) -> None:
    first, second = await press.draw(echo, b"one"), await press.draw(echo, b"two")

    assert (first.partition(b" ")[0], second.partition(b" ")[0]) == (b"one", b"two")
    assert process_of(first) == process_of(second) != os.getpid()


async def test_many_at_once_each_get_their_own(press: Press) -> None:
    drawn = await asyncio.gather(*(press.draw(echo, b"%d" % n) for n in range(30)))

    assert [one.partition(b" ")[0] for one in drawn] == [b"%d" % n for n in range(30)]
    assert len({process_of(one) for one in drawn}) == 1


async def test_as_many_processes_as_wanted_draw_beside_each_other() -> None:
    press = Press(2)
    drawn = await asyncio.gather(*(press.draw(echo, b"x") for _ in range(8)))
    press.close()

    assert len({process_of(one) for one in drawn}) == 2


async def test_what_the_work_raises_is_raised_and_the_process_goes_on(press: Press) -> None:
    before = await press.draw(echo, b"x")
    with pytest.raises(ValueError, match="no such paper"):
        await press.draw(refuse, "no such paper")

    assert process_of(await press.draw(echo, b"x")) == process_of(before)


async def test_a_process_that_is_killed_costs_no_paper(press: Press, tmp_path: Path) -> None:
    os.kill(process_of(await press.draw(echo, b"x")), signal.SIGKILL)

    assert await press.draw(echo, b"again") != b""
    assert await press.draw(fall, str(tmp_path / "fallen")) == b"drawn"
    with pytest.raises(PressFailed):
        await press.draw(fall, "always")


async def test_whoever_goes_away_leaves_no_answer_to_the_next(press: Press) -> None:
    waiting = asyncio.create_task(press.draw(linger, 0.2))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert (await press.draw(echo, b"mine")).startswith(b"mine")
    assert await press.draw(linger, 0) == b"late"


async def test_after_a_quiet_time_the_process_ends_and_the_next_paper_gets_another() -> None:
    press = Press(1, quiet=0.05)
    first = process_of(await press.draw(echo, b"x"))
    await gone(first)

    assert process_of(await press.draw(echo, b"x")) != first
    press.close()


async def test_it_ends_with_the_program_however_that_ends() -> None:
    told = (
        "import asyncio, os, signal\n"
        "from border.paper.press import Press\n"
        "async def run():\n"
        "    press = Press(1)\n"
        "    print(int(await press.draw(eval, 'str(__import__(\"os\").getpid()).encode()')))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(run())\n"
    )
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-c", told, stdout=subprocess.PIPE
    )
    said, _ = await program.communicate()

    await gone(int(said))
