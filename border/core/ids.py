"""Identifiers: UUIDv7 inside, short codes with a check character where people read them.

A reference reads `SLP-7K3M2-Q2XA9`: a prefix that says what it is, nine random characters and a
check character, from an alphabet without 0, O, 1, I and L. The alphabet has 31 letters, a prime,
and every position its own weight, the prefix's too, so one wrong character, or any two changed
about, never passes.
"""

import re
import secrets
import unicodedata
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_BASE = len(ALPHABET)
_VALUE = {letter: value % _BASE for value, letter in enumerate(ALPHABET + "ILO")}
"""A prefix may hold I, L and O: they count as 2, 3 and 4, which no prefix holds."""
_RANDOM = 9


_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
"""What a scanner may say first: which kind of code it read. source: ISO/IEC 15424."""
_PLAIN = re.compile(r"[!-\\^-~][!-~]*")
"""What every reader but a new one delivers: printable ASCII that begins with no `]`."""
_OTHER_DASHES = "\N{MINUS SIGN}\N{HYPHEN BULLET}\N{MODIFIER LETTER MINUS SIGN}"
"""Dashes that Unicode does not count among the dash punctuation."""


class WrongReference(ValueError):
    """A reference that was misread or mistyped: its shape or its check character is wrong."""


def new_id() -> UUID:
    """Return a fresh UUIDv7: sortable by the time it was made."""
    return uuid7()


def made_at(id: UUID) -> datetime:
    """Return when an identifier was made: a UUIDv7 says it to the millisecond."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)


def code_as_printed(text: str) -> str:
    """Return a code as it stands on the paper, from what a scanner or a keyboard made of it.

    Taken off: the scanner's word for the kind of code (`]C0`), control characters and blanks.
    Letters and digits of full width become plain ones, every dash a hyphen. Capitals stay as they
    are: a signed token has both. The one door for every code that is scanned or typed.
    """
    if _PLAIN.fullmatch(text):
        return text
    folded = unicodedata.normalize("NFKC", text)
    kept = "".join(
        "-" if unicodedata.category(letter) == "Pd" or letter in _OTHER_DASHES else letter
        for letter in folded
        if not letter.isspace() and unicodedata.category(letter) not in ("Cc", "Cf")
    )
    # Again: what was taken out may have stood between a letter and its mark.
    plain = unicodedata.normalize("NFKC", kept)
    return _SYMBOLOGY.sub("", plain, count=1) if plain.startswith("]") else plain


def _check(prefix: str, body: str) -> str:
    """Return the check character of nine characters under `prefix`."""
    weighted = sum(place * _VALUE[letter] for place, letter in enumerate(body + prefix, start=2))
    return ALPHABET[-weighted % _BASE]


def new_reference(prefix: str) -> str:
    """Return a fresh reference such as `DEC-7K3M2-Q2XA9`; 31 to the power of 9 of them exist."""
    number, body = secrets.randbelow(_BASE**_RANDOM), ""
    for _ in range(_RANDOM):
        number, letter = divmod(number, _BASE)
        body += ALPHABET[letter]
    whole = body + _check(prefix, body)
    return f"{prefix}-{whole[:5]}-{whole[5:]}"


def parse_reference(text: str, prefix: str | None = None) -> str:
    """Return the canonical form of a typed or scanned reference.

    Case, missing hyphens and all that `code_as_printed` puts right are forgiven. Raises
    `WrongReference` when the shape is not that of a reference (of `prefix`, where given) or the
    check character does not fit.
    """
    plain = code_as_printed(text).upper().replace("-", "")
    kind, whole = plain[: -(_RANDOM + 1)], plain[-(_RANDOM + 1) :]
    if not (kind.isascii() and kind.isalpha()) or not all(letter in ALPHABET for letter in whole):
        raise WrongReference(f"{text!r} does not have the form of a reference")
    if prefix is not None and kind != prefix:
        raise WrongReference(f"{text!r} does not begin with {prefix}")
    if _check(kind, whole[:-1]) != whole[-1]:
        raise WrongReference(f"the check character of {text!r} does not fit: one is misread")
    return f"{kind}-{whole[:5]}-{whole[5:]}"
