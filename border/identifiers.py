"""Identifiers that others issue: tax codes, container numbers, plates, customs numbers, phones.

Each function takes what was typed or scanned and returns the one canonical form, or raises
`IdentifierError`, which names what is wrong and the way out. Pure: whether the firm, the truck
or the declaration exists is not asked here. Our own references are `border.ids`.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from stdnum import iso6346
from stdnum.cn import uscc
from stdnum.vn import mst

from border.reference.catalogue import COUNTRIES
from border.words import N_

Direction = Literal["export", "import", "transit"]


class IdentifierError(ValueError):
    """An identifier that cannot be right, with a stable `code` and what to do about it.

    `says` is a sentence with `{facts}` left open, so that it can be translated before they are
    filled in; `detail()` and `str()` give it in English.
    """

    def __init__(self, code: str, says: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.says = says
        self.facts: tuple[tuple[str, str], ...] = tuple((k, str(v)) for k, v in facts.items())

    def detail(self) -> str:
        """Return the English sentence with its facts filled in."""
        return self.says.format(**dict(self.facts))

    def __str__(self) -> str:
        return self.detail()


def normalised(text: str) -> str:
    """Return `text` in compatibility form and upper case, without blanks, dashes and dots."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(
        letter
        for letter in folded
        if unicodedata.category(letter) not in ("Zs", "Pd", "Cf", "Cc") and letter not in ".·•‧・−"
    )


# --- tax codes ---------------------------------------------------------------------------------

_CITIZEN_ID_DIGITS = 12
_FOREIGN_TAX_CODE = re.compile(r"[0-9A-Z/]{2,35}")


def tax_code(text: str, country: str = "VN") -> str:
    """Return the canonical tax code of a firm in `country` (two letters).

    VN: 10 digits with their check digit, 13 for a branch, or the 12 of a citizen's identity
    number, which has none. CN: the 18 characters of the unified social credit code. Of any other
    country only the characters are looked at.

    refuses: `tax_code_format`, `tax_code_length`, `tax_code_check_digit`.
    source: Vietnam: tax code (MST) rules as in python-stdnum; China: GB 32100.
    """
    plain = normalised(text)
    if country == "VN":
        return _vietnamese_tax_code(plain)
    if country == "CN":
        return _social_credit_code(plain)
    if not _FOREIGN_TAX_CODE.fullmatch(plain):
        raise IdentifierError(
            "tax_code_format",
            N_("A tax code has 2 to 35 letters and digits. Copy it from the invoice."),
        )
    return plain


def _vietnamese_tax_code(plain: str) -> str:
    if not re.fullmatch(r"[0-9]+", plain):
        raise IdentifierError(
            "tax_code_format",
            N_("A Vietnamese tax code has digits only. Leave out everything else."),
        )
    if len(plain) == _CITIZEN_ID_DIGITS:
        return plain
    if len(plain) not in (10, 13):
        raise IdentifierError(
            "tax_code_length",
            N_(
                "A Vietnamese tax code has 10 digits, 13 for a branch or 12 for a citizen; "
                "this one has {found}. Look for a digit missing or typed twice."
            ),
            found=len(plain),
        )
    if plain[2:9] == "0000000" or plain[10:] == "000":
        raise IdentifierError(
            "tax_code_format",
            N_("No tax code or branch is numbered zero. Copy it from the registration."),
        )
    expected = mst.calc_check_digit(plain[:9])
    if len(expected) > 1:
        raise IdentifierError(
            "tax_code_check_digit",
            N_(
                "No Vietnamese tax code begins with {given}: one of these nine digits is misread. "
                "Compare them with the registration."
            ),
            given=plain[:9],
        )
    if plain[9] != expected:
        raise _wrong_check_digit("tax_code_check_digit", 10, plain[9], expected)
    return plain


def _social_credit_code(plain: str) -> str:
    length = 18
    if len(plain) != length:
        raise IdentifierError(
            "tax_code_length",
            N_("A unified social credit code has 18 characters; this one has {found}."),
            found=len(plain),
        )
    if not re.fullmatch(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}", plain):
        raise IdentifierError(
            "tax_code_format",
            N_(
                "A unified social credit code begins with eight digits and never contains "
                "I, O, S, V or Z: look for a 1, 0, 5 or 2 read as a letter."
            ),
        )
    expected = uscc.calc_check_digit(plain[:-1])
    if plain[-1] != expected:
        raise _wrong_check_digit("tax_code_check_digit", length, plain[-1], expected)
    return plain


def _wrong_check_digit(code: str, place: int, given: str, expected: str) -> IdentifierError:
    return IdentifierError(
        code,
        N_(
            "Character {place}, the check digit, is {given} but would be {expected} if the rest is "
            "right. Compare every character with the document."
        ),
        place=place,
        given=given,
        expected=expected,
    )


# --- containers --------------------------------------------------------------------------------


def container_number(text: str) -> str:
    """Return a container number as eleven characters, such as `CSQU3054383`.

    refuses: `container_length`, `container_format`, `container_check_digit`.
    source: ISO 6346. A misread digit goes unnoticed only where the standard's remainder 10 is
    written as 0.
    """
    plain, length = normalised(text), 11
    if len(plain) != length:
        raise IdentifierError(
            "container_length",
            N_(
                "A container number has 11 characters (four letters, seven digits); "
                "this one has {found}."
            ),
            found=len(plain),
        )
    if not re.fullmatch(r"[A-Z]{3}[UJZR][0-9]{7}", plain):
        raise IdentifierError(
            "container_format",
            N_(
                "A container number is three letters of the owner, one of U, J, Z or R, and seven "
                "digits, such as CSQU3054383. Read it again from the door."
            ),
        )
    expected = iso6346.calc_check_digit(plain[:-1])
    if plain[-1] != expected:
        raise _wrong_check_digit("container_check_digit", length, plain[-1], expected)
    return plain


# --- plates ------------------------------------------------------------------------------------

_PROVINCES_OF_CHINA = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CN_SERIAL = "[0-9A-HJ-NP-Z]"
_PLATES = {
    "VN": re.compile(r"[1-9][0-9](?P<series>[A-Z]{1,2})[0-9]{4,5}"),
    # Five characters; a trailer four and 挂; a new-energy vehicle six, with its letter first
    # (small) or last (large).
    "CN": re.compile(
        rf"[{_PROVINCES_OF_CHINA}][A-HJ-NP-Z]"
        rf"(?:{_CN_SERIAL}{{5}}|{_CN_SERIAL}{{4}}挂|[A-HJK]{_CN_SERIAL}[0-9]{{4}}|[0-9]{{5}}[A-HJK])"
    ),
}
_PLATE_SAYS = {
    "VN": N_(
        "A Vietnamese plate is two digits of the province, one or two letters and four or five "
        "digits, such as 24C-123.45. Type it as it stands on the vehicle."
    ),
    "CN": N_(
        "A Chinese plate is the character of the province, a letter and five characters without "
        "I and O (six for new energy, four and 挂 for a trailer), such as 云G·12345. "
        "Type it as it stands on the vehicle."
    ),
}


@dataclass(frozen=True, slots=True)
class Plate:
    """A number plate: as typed, as compared (`normalised`), and the country that issued it."""

    typed: str
    normalised: str
    country: str

    @property
    def is_trailer(self) -> bool:
        """Whether the plate is that of a trailer: 挂 in China, series R in Vietnam."""
        if self.country == "CN":
            return self.normalised.endswith("挂")
        return self.normalised.lstrip("0123456789").startswith("R")


def plate(text: str, country: str) -> Plate:
    """Return the plate `text` of `country` (`VN` or `CN`), ready to be compared.

    refuses: `plate_country`, `plate_format`.
    source: patterns as registered by both countries' police (VN: province, series, number;
    CN: GA 36, of which small and large new-energy plates).
    """
    pattern = _PLATES.get(country)
    if pattern is None:
        raise IdentifierError(
            "plate_country",
            N_("Plates of VN and CN cross here; {country} is neither. Choose one of the two."),
            country=country,
        )
    read = normalised(text)
    if not pattern.fullmatch(read):
        for other, of_other in _PLATES.items():
            if of_other.fullmatch(read):
                raise IdentifierError(
                    "plate_country",
                    N_("{plate} has the form of a plate of {other}. Set the country to {other}."),
                    plate=text,
                    other=other,
                )
        raise IdentifierError("plate_format", _PLATE_SAYS[country])
    return Plate(typed=text, normalised=read, country=country)


# --- customs numbers ---------------------------------------------------------------------------

_DIRECTION_PREFIX = {"import": "10", "export": "30"}


def customs_number(text: str, direction: Direction) -> str:
    """Return the twelve-digit number of the national customs declaration.

    An import begins with 10, an export with 30, a transit with either.
    refuses: `customs_number_format`, `customs_number_direction`.
    source: number rules of VNACCS declarations (field SOTK of the ECUS5 export).
    """
    plain = normalised(text)
    if not re.fullmatch(r"(?:10|30)[0-9]{10}", plain):
        raise IdentifierError(
            "customs_number_format",
            N_(
                "A customs declaration number has 12 digits and begins with 10 (import) or "
                "30 (export). Copy it from the customs declaration."
            ),
        )
    expected = _DIRECTION_PREFIX.get(direction, plain[:2])
    if plain[:2] != expected:
        raise IdentifierError(
            "customs_number_direction",
            N_(
                "The customs number begins with {given}, but this declaration is an {direction}, "
                "which begins with {expected}. Correct the number or the direction."
            ),
            given=plain[:2],
            direction=direction,
            expected=expected,
        )
    return plain


# --- phones ------------------------------------------------------------------------------------


def phone(text: str) -> str:
    """Return a telephone number as `+` and 8 to 15 digits.

    A number without a country is read as Vietnamese when it begins with 0, and as a Chinese
    mobile when it has eleven digits and begins with 1.
    refuses: `phone_format`.
    source: ITU-T E.164.
    """
    # "+84 (0)912…" is how visiting cards show both ways of dialling.
    plain = normalised(text).replace("(0)", "").translate({ord("("): None, ord(")"): None})
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    elif re.fullmatch(r"0[0-9]{9,10}", plain):
        plain = "+84" + plain[1:]
    elif re.fullmatch(r"1[3-9][0-9]{9}", plain):
        plain = "+86" + plain
    if not re.fullmatch(r"\+[1-9][0-9]{7,14}", plain):
        raise IdentifierError(
            "phone_format",
            N_(
                "A telephone number begins with + and the country (+84, +86), or with 0 inside "
                "Vietnam, such as +84 912 345 678."
            ),
        )
    return plain


# --- countries ---------------------------------------------------------------------------------


def name_of_country(alpha2: str, locale: str) -> str:
    """Return the name of a country by its two letters, in `locale` or else in English.

    refuses: `country_unknown`.
    """
    country = COUNTRIES.get(alpha2.strip().upper())
    if country is None:
        raise IdentifierError(
            "country_unknown",
            N_("{given} is no country of ISO 3166. Use two letters, such as VN, CN or TH."),
            given=alpha2,
        )
    return country.name(locale)
