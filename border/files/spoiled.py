"""Numbers that name something, as a spreadsheet leaves them. Pure.

A spreadsheet that takes an identifier for an amount shows it as 1.51E+07 and writes that: digits
are lost for good. Another drops the zeros in front, which can be put back.
"""

import re

from border.core.words import N_

SPREADSHEET_NUMBER = "spreadsheet_number"
"""The code of an identifier whose digits a spreadsheet has lost."""
SPREADSHEET_SAYS = N_(
    "“{given}” is a number that a spreadsheet has shortened: its digits are lost. Set the column "
    "to text and export the file again."
)
_SHORTENED = re.compile(
    r"[0-9]+(?:[.,][0-9]+)?E[+-][0-9]{2,3}|[0-9]+[.,][0-9]+E[0-9]+", re.IGNORECASE
)
"""With a sign, or with decimals: 7E12 alone may be somebody's number."""


def is_shortened(text: str) -> bool:
    """Say whether an identifier is written as a spreadsheet writes a large number."""
    return _SHORTENED.fullmatch(text.strip()) is not None


def without_leading_zeros(digits: str) -> str:
    """Return a number as it is compared where zeros in front may have been lost."""
    return digits.lstrip("0") or digits[-1:]
