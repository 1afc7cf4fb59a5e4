"""The process that draws, `python -m border.paper.presswork`: it takes work on its input.

A piece of work is a pickled function and what it is given; the answer is a mark, its length, and
what was drawn, or the error that was raised. It reads in no more than a drawing needs.
"""

import pickle
import sys
from contextlib import suppress
from typing import BinaryIO

LENGTH = 4
"""Bytes in which it is said how long something is."""
DRAWN, FAILED = b"\0", b"\1"


def main() -> None:
    """Draw what is asked for until nobody asks any more."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # Whatever a library prints is no paper.
    with suppress(KeyboardInterrupt, BrokenPipeError):
        while length := asked.read(LENGTH):
            _answer(asked.read(int.from_bytes(length)), answers)


def _answer(asked: bytes, answers: BinaryIO) -> None:
    try:
        work, given = pickle.loads(asked)  # noqa: S301  (the program's own)
        mark, answer = DRAWN, work(*given)
    except Exception as error:
        mark, answer = FAILED, _as_answer(error)
    answers.write(mark + len(answer).to_bytes(LENGTH) + answer)
    answers.flush()


def _as_answer(error: Exception) -> bytes:
    try:
        return pickle.dumps(error)
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    main()
