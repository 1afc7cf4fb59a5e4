"""What somebody types to find a booking, as what plates and names are held against. Pure."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping

from border.identifiers import normalised

_LETTERS = (
    "aàáảãạăằắẳẵặâầấẩẫậ bc dđ eèéẻẽẹêềếểễệ fgh iìíỉĩị jklmn oòóỏõọôồốổỗộơờớởỡợ pqrst "
    "uùúủũụưừứửữự vwx yỳýỷỹỵ z"
)


def _alike() -> Mapping[str, str]:
    """Return the letters that count as one, by the letter without any mark."""
    alike: dict[str, str] = defaultdict(str)
    for letter in _LETTERS.replace(" ", ""):
        alike[plain(letter)] += letter + letter.upper()
    return alike


def plain(letter: str) -> str:
    """Return a letter without its marks, small."""
    bare = unicodedata.normalize("NFD", letter.lower())[:1]
    return "d" if bare == "đ" else bare


_ALIKE = _alike()


def part_of_plate(typed: str) -> str:
    """Return what stands in a plate, however it was typed; nothing where there is none of it."""
    return "".join(letter for letter in normalised(typed) if letter.isalnum())


def part_of_name(typed: str) -> str:
    """Return the regular expression of a name that has `typed` in it, marks and case aside."""
    composed = unicodedata.normalize("NFC", typed.strip())
    letters = (_ALIKE.get(plain(one)) for one in composed)
    return "".join(
        f"[{alike}]" if alike else re.escape(one)
        for one, alike in zip(composed, letters, strict=True)
    )
