"""The short reference a payer's bank carries for us: `LC`, nine digits and two check digits.

A transfer tells who paid for what by its memo alone, and memos are typed by people and mangled by
banks. So the reference is short, has nothing but letters and digits, and proves itself: the eleven
digits leave 1 when divided by 97, which no single wrong digit and no two changed about survive.
Not a judge of whether such an attempt exists, and it never looks at an amount.
source: ISO 7064, MOD 97-10.
"""

import re
import unicodedata

LENGTH = 13
_PREFIX = "LC"
_MODULUS = 97
_LARGEST_NUMBER = 999_999_999
_LARGEST_MEMO = 1_000
"""Characters of a memo that are looked at; banks carry 210 at most."""

_WHOLE = re.compile(r"LC[0-9]{11}")
_CANDIDATE = re.compile(r"(?=L[\W_]{0,3}C((?:[\W_]{0,3}[0-9]){11})(?![0-9]))")
"""Anything may stand before it and marks may stand within it; a twelfth digit right behind it
makes it unclear where it ends. Looking ahead, so that no candidate hides another."""


def transfer_reference(number: int) -> str:
    """Return the reference for `number`, which has at most nine digits: 123 is `LC00000012320`."""
    if not 0 < number <= _LARGEST_NUMBER:
        raise ValueError(f"{number} does not fit in the nine digits of a transfer's reference")
    check = _MODULUS + 1 - number * 100 % _MODULUS
    return f"{_PREFIX}{number:09}{check:02}"


def is_transfer_reference(text: str) -> bool:
    """Say whether `text` is a reference to the letter, its check digits included."""
    return bool(_WHOLE.fullmatch(text)) and int(text[2:]) % _MODULUS == 1


def reference_in(memo: str) -> str:
    """Return the one reference in what a payer wrote, or "" if there is none, or not only one.

    Case does not matter, nor wide letters as Chinese keyboards write them, nor up to three spaces
    or marks between any two characters, nor any text around it.
    """
    plain = unicodedata.normalize("NFKC", memo[:_LARGEST_MEMO]).upper()
    written = (_PREFIX + re.sub(r"[^0-9]", "", found[1]) for found in _CANDIDATE.finditer(plain))
    proven = {reference for reference in written if is_transfer_reference(reference)}
    return proven.pop() if len(proven) == 1 else ""
