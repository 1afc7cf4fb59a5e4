"""`python -m bench.kill --minutes 20 --seed 7`: a line for every kill; 1 when something was wrong.

The same seed kills the same parts after as many answers; what is under way at that moment is left
to the machine. With something wrong it ends at once, and what it ran on is kept to be looked into.
"""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from bench.kill.program import Program, Stuck
from bench.kill.rounds import Rounds
from border.paper.fonts import prepare_fonts
from border.settings import Settings


async def play(rounds: Rounds, minutes: float) -> bool:
    """Play rounds for so long, print a line of each, and say whether all was well."""
    until = time.monotonic() + minutes * 60
    await rounds.program.start()
    kill = None
    while time.monotonic() < until and not (kill and kill.wrong):
        kill = await rounds.next()
        print(kill, flush=True)
    await rounds.program.end()
    return not (kill and kill.wrong)


def main() -> int:
    """Run for as long as was asked; 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.kill", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="border-kill-"))
    folder.chmod(0o711)  # An account of the servers' own passes through.
    program = Program(folder, prepare_fonts(Settings().data_dir).folder)
    rounds = Rounds(program, program.prepare(), Random(asked.seed))
    try:
        well = asyncio.run(play(rounds, asked.minutes))
    except Stuck as stuck:
        print(stuck, file=sys.stderr)
        well = False
    finally:
        program.end_at_once()
    told = f"seed {asked.seed}: {rounds.number} kills, {len(rounds.told.answers)} answers"
    if well:
        shutil.rmtree(folder)
        print(f"{told}, nothing lost, nothing twice")
        return 0
    print(f"{told}; what it ran on is kept in {folder}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
