"""Killed under load, in short: `make kill` does it for twenty minutes.

`BORDER_TEST_KILL_MINUTES=5` lengthens it here. It is one test, since all of it stands on a program
with servers of its own, which takes five seconds of a processor to start and is started twice.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from bench.kill.books import CHECKS, wrong_in
from bench.kill.program import Program
from bench.kill.rounds import Rounds, connected
from border.paper.fonts import FontSet

MINUTES = float(os.environ.get("BORDER_TEST_KILL_MINUTES", "0"))
SEED = 20261127
SHORT = ("worker", "connection", "master")
"""The short form. When a connection is killed, PostgreSQL gives up all that it has in memory."""


@pytest.fixture
def rounds(new_folder: Callable[[], Path], fonts: FontSet) -> Iterator[Rounds]:
    """A program that does not run yet, its database made and filled."""
    program = Program(new_folder(), fonts.folder)
    yield Rounds(program, program.prepare(), Random(SEED))
    program.end_at_once()


@pytest.mark.slow
@pytest.mark.timeout(900 + 60 * MINUTES)
async def test_killed_under_load_it_loses_nothing_acknowledged(rounds: Rounds) -> None:
    until = time.monotonic() + 60 * MINUTES
    await rounds.program.start()
    while rounds.number < len(SHORT) or time.monotonic() < until:
        kill = await rounds.next("" if MINUTES else SHORT[rounds.number])
        print(kill)
        assert not kill.wrong, f"seed {SEED}: {kill}"
    await _control_what_is_planted_is_found(rounds)
    await _control_without_durable_commits_it_loses(rounds)


async def _control_what_is_planted_is_found(rounds: Rounds) -> None:
    """Plant each fault in a transaction that is taken back, the fences passed over."""
    async with connected(rounds.program.ground) as connection:
        for check in CHECKS:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(check.planted)
            found = await wrong_in(connection, rounds.told)
            await transaction.rollback()
            assert any(one.startswith(check.says) for one in found), check.says
        assert not await wrong_in(connection, rounds.told)


async def _control_without_durable_commits_it_loses(rounds: Rounds) -> None:
    """Let PostgreSQL acknowledge what nobody writes: the same kill then loses what was told."""
    async with connected(rounds.program.ground) as connection:
        await connection.execute("ALTER SYSTEM SET synchronous_commit = off")
        await connection.execute("SELECT pg_reload_conf()")
    rounds.program.send("walwriter", signal.SIGSTOP, rounds.chance)
    kill = await rounds.next("connection")
    assert any("an acknowledged booking is not there" in one for one in kill.wrong), str(kill)
