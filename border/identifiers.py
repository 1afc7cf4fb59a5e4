"""Identifiers that others issue: tax codes, container numbers, customs numbers, phones.

Each function takes what was typed or scanned and returns the one canonical form, or raises
`IdentifierError`, which names what is wrong and the way out. Pure: whether the firm, the truck
or the declaration exists is not asked here. Our own references are `border.core.ids`; plates
are `border.plates`.
"""

import re

import phonenumbers
from stdnum import iso6346
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.vn import mst

from border.core.ids import code_as_printed
from border.core.words import N_


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
    """Return `text` as it is printed, in capitals, without blanks, dashes and dots."""
    return "".join(letter for letter in code_as_printed(text).upper() if letter not in "-.·•‧・")


# --- tax codes ---------------------------------------------------------------------------------

_CITIZEN_ID_DIGITS = 12
_CHINESE_CODE_LENGTH = 18
_FOREIGN_TAX_CODE = re.compile(r"[0-9A-Z/]{2,35}")


def tax_code(text: str, country: str = "VN") -> str:
    """Return the canonical tax code of a firm in `country` (two letters).

    VN: 10 digits with their check digit, 13 for a branch, or the 12 of a citizen's identity
    number, which has none. CN: the 18 characters of the unified social credit code, or of the
    identity number of a natural person. Of any other country only the characters are looked at.

    refuses: `tax_code_format`, `tax_code_length`, `tax_code_check_digit`.
    source: Vietnam: tax code (MST) rules as in python-stdnum; China: GB 32100 and GB 11643.
    """
    plain = normalised(text)
    if country == "VN":
        return _vietnamese_tax_code(plain)
    if country == "CN":
        return _chinese_tax_code(plain)
    if not _FOREIGN_TAX_CODE.fullmatch(plain):
        raise IdentifierError(
            "tax_code_format",
            N_("A tax code has 2 to 35 letters and digits. Copy it from the invoice."),
        )
    return plain


def tax_code_of_either_side(text: str) -> str:
    """Return the tax code of a firm that may be Vietnamese or Chinese; its length tells.

    refuses: as `tax_code`.
    """
    chinese = len(normalised(text)) == _CHINESE_CODE_LENGTH
    return tax_code(text, "CN" if chinese else "VN")


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


def _chinese_tax_code(plain: str) -> str:
    """Return a firm's or a person's number; what fits neither is judged as what it looks like."""
    try:
        return str(ric.validate(plain))
    except InvalidChecksum:
        person = True
    except (ValidationError, KeyError):
        # The library knows provinces and cities that name no county and looks for one: KeyError.
        person = False
    try:
        return _social_credit_code(plain)
    except IdentifierError:
        if person:
            raise _wrong_check_digit(
                "tax_code_check_digit", len(plain), plain[-1], ric.calc_check_digit(plain)
            ) from None
        raise


def _social_credit_code(plain: str) -> str:
    length = _CHINESE_CODE_LENGTH
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


# --- customs numbers ---------------------------------------------------------------------------

_DIRECTION_PREFIX = {"import": "10", "export": "30"}


def customs_number(text: str, direction: str) -> str:
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
    """Return a telephone number that can be dialled, as `+`, its country and its digits.

    A number without a country is read as Vietnamese, and as a Chinese mobile when it has eleven
    digits and begins with 1.
    refuses: `phone_format`.
    source: ITU-T E.164, and the numbering plans that `phonenumbers` carries.
    """
    chinese = re.fullmatch(r"1[3-9][0-9]{9}", normalised(text))
    try:
        read = phonenumbers.parse(text, "CN" if chinese else "VN")
    except phonenumbers.NumberParseException:
        read = None
    if read is None or read.extension or not phonenumbers.is_valid_number(read):
        raise IdentifierError(
            "phone_format",
            N_(
                "A telephone number begins with + and the country (+84, +86), or with 0 inside "
                "Vietnam, such as +84 912 345 678."
            ),
        )
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
