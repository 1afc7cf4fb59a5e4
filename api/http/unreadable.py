"""A body that cannot be read: what is wrong with it in people's words, and at which byte."""

import re

from border.core.refusal import Refusal, refuses
from border.core.words import N_, Sentence

MALFORMED = refuses(
    "malformed_body",
    400,
    N_("The body cannot be read"),
    N_("The body is not valid JSON: {why}. Mend it and send it again."),
)

_BYTE = re.compile(r"\(byte (\d+)\)")
_AT_A_BYTE = {
    "trailing characters": N_("something follows its end, at byte {byte}"),
    "trailing comma": N_("a comma stands before a closing bracket, at byte {byte}"),
    "object keys must be strings": N_("a name without quotation marks stands at byte {byte}"),
    "number": N_("a number is written wrongly at byte {byte}"),
    "": N_("what stands at byte {byte} cannot stand there"),
}
_ELSEWHERE = {
    "truncated": N_("it ends before it is complete"),
    "out of range": N_("a number in it is too large"),
    "utf-8": N_("it is not UTF-8"),
    "deserializing": N_("it is nested too deeply"),
    "": N_("it cannot be taken apart"),
}
"""What is said by a word of the decoder's sentence, which is for programmers; the first counts."""


def malformed(error: str) -> Refusal:
    """Return the refusal of a body that a decoder gave up with an `error`."""
    at = _BYTE.search(error)
    words = _AT_A_BYTE if at else _ELSEWHERE
    says = next(says for word, says in words.items() if word in error)
    return MALFORMED(why=Sentence(says, {"byte": at[1]} if at else {}))
