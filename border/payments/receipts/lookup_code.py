"""The code under which anybody who holds a receipt finds it: typed, so it tells what is wrong.

Pure. A code reads `7K3M-2Q2X-A9TB`: ten random characters and two check characters over the 31
letters of `ids.ALPHABET`. The letters are counted modulo 31, a prime; both the sum of the
twelve and their sum weighted by powers of 3, which generates every number but zero, must vanish.
One wrong character therefore gives away its place and what it should have been; two neighbours
changed about are mostly recognised too. Not a secret: it finds a receipt, and allows nothing.
"""

import secrets
from dataclasses import dataclass

from border.core.ids import ALPHABET, code_as_printed
from border.core.refusal import FieldError
from border.core.words import N_

_BASE = len(ALPHABET)
_ROOT = 3
"""A primitive root modulo 31: its powers below the 30th all differ."""
_RANDOM = 10
LENGTH = _RANDOM + 2
_WEIGHTS = tuple(pow(_ROOT, place, _BASE) for place in range(LENGTH))


@dataclass(frozen=True)
class Misread:
    """Why a typed code is none: the place that is wrong, counted from 1, and what fits there."""

    code: str
    place: int | None = None
    typed: str = ""
    fits: str = ""


def _sums(values: list[int]) -> tuple[int, int]:
    """Return the plain and the weighted sum; both are zero for a code."""
    weighted = sum(value * weight for value, weight in zip(values, _WEIGHTS, strict=True))
    return sum(values) % _BASE, weighted % _BASE


def _spelled(values: list[int]) -> str:
    text = "".join(ALPHABET[value] for value in values)
    return "-".join(text[start : start + 4] for start in range(0, LENGTH, 4))


def coded(body: list[int]) -> str:
    """Return the code of ten numbers below 31."""
    plain, weighted = _sums([*body, 0, 0])
    first, last = _WEIGHTS[-2:]
    # Two equations, two unknowns: a + b = -plain and first a + last b = -weighted.
    b = (first * plain - weighted) * pow(last - first, -1, _BASE) % _BASE
    return _spelled([*body, (-plain - b) % _BASE, b])


def new_lookup_code() -> str:
    """Return a fresh code; 31 to the power of 10 of them exist."""
    return coded([secrets.randbelow(_BASE) for _ in range(_RANDOM)])


def read_lookup_code(text: str) -> str | Misread:
    """Return the code somebody typed in its canonical form, or what is wrong with it.

    Case, hyphens and all that `code_as_printed` puts right are forgiven.
    """
    plain = code_as_printed(text).upper().replace("-", "")
    for place, letter in enumerate(plain[:LENGTH], 1):
        if letter not in ALPHABET:
            return Misread("letter", place, letter)
    if len(plain) != LENGTH:
        return Misread("length", typed=str(len(plain)))
    values = [ALPHABET.index(letter) for letter in plain]
    if not any(_sums(values)):
        return _spelled(values)
    return _one_wrong(values) or _changed_about(values) or Misread("check")


def _one_wrong(values: list[int]) -> Misread | None:
    """Return the one character whose correction makes a code of these, if there is one."""
    plain, weighted = _sums(values)
    if not plain or not weighted:
        return None
    ratio = weighted * pow(plain, -1, _BASE) % _BASE
    if ratio not in _WEIGHTS:
        return None
    place = _WEIGHTS.index(ratio)
    fits = ALPHABET[(values[place] - plain) % _BASE]
    return Misread("one_wrong", place + 1, ALPHABET[values[place]], fits)


def _changed_about(values: list[int]) -> Misread | None:
    """Return the two neighbours whose exchange makes a code of these, if only one pair does."""
    found = []
    for place in range(LENGTH - 1):
        swapped = [*values]
        swapped[place], swapped[place + 1] = values[place + 1], values[place]
        if not any(_sums(swapped)):
            pair = ALPHABET[values[place]] + ALPHABET[values[place + 1]]
            found.append(Misread("changed_about", place + 1, pair, pair[::-1]))
    return found[0] if len(found) == 1 else None


_SAYS = {
    "letter": N_(
        "Character {place}, “{typed}”, is never used in a code: there is no 0, 1, I, L or O."
    ),
    "length": N_("A code has {length} characters; {typed} were typed."),
    "one_wrong": N_(
        "Character {place}, “{typed}”, does not fit the others. Should it be “{fits}”?"
    ),
    "changed_about": N_(
        "Characters {place} and {next}, “{typed}”, seem changed about. Should they be “{fits}”?"
    ),
    "check": N_("The code does not fit together: several characters are wrong. Read it again."),
}


def field_error(wrong: Misread) -> FieldError:
    """Return what is wrong with a typed code, as an error of the field `code`."""
    place = wrong.place or 0
    facts = {
        "place": str(place),
        "next": str(place + 1),
        "typed": wrong.typed,
        "fits": wrong.fits,
        "length": str(LENGTH),
    }
    return FieldError("code", wrong.code, _SAYS[wrong.code], tuple(facts.items()))
