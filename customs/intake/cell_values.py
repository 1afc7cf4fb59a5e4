"""What a cell of a table says, as people's spreadsheets leave it. Pure.

What can be put back with certainty is, and told; everything else is refused by its cell: zeros in
front that a number lost are put back where the tariff or the check digit proves it, digits that
were rounded away are not guessed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

from border.core.refusal import FieldError
from border.core.words import N_
from border.files.sheet import SheetCell
from border.files.spoiled import SPREADSHEET_NUMBER, SPREADSHEET_SAYS, is_shortened
from border.files.typed_numbers import WrongNumber, read_units
from border.identifiers import IdentifierError, tax_code
from border.reference.catalogue import COUNTRIES
from border.vocabulary import DIRECTIONS
from customs.nomenclature import nomenclature

ZEROS_SAYS = N_("The zero in front was lost and is put back.")
DIGITS_SAYS = N_("The spreadsheet showed it as an amount; all its digits are there.")
MERGED_SAYS = N_("What stands in the first of the merged cells holds for all.")
FORMULA_SAYS = N_("The value that the spreadsheet worked out last.")
WORD_SAYS = N_("The word is read as its code.")
_EXACT = 15
"""Digits that a spreadsheet keeps of a number. source: IEEE 754, binary64."""
_RUNS = re.compile(r"[=@]|[+-](?=[^\s\d-]*[A-Za-z]\w*\s*[(|!])")
"""What a spreadsheet would run. A dash alone begins many a name of the tariff."""
_WORDS = {
    "kg": "KGM",
    "kgs": "KGM",
    "kilogram": "KGM",
    "公斤": "KGM",
    "千克": "KGM",
    "tấn": "TNE",
    "tonne": "TNE",
    "吨": "TNE",
    "cái": "H87",
    "chiếc": "H87",
    "个": "H87",
    "件": "H87",
    "lít": "LTR",
    "升": "LTR",
    "đ": "VND",
    "đồng": "VND",
    "vnđ": "VND",
    "rmb": "CNY",
    "nhân dân tệ": "CNY",
    "人民币": "CNY",
    "xuất": "export",
    "xuất khẩu": "export",
    "出口": "export",
    "nhập": "import",
    "nhập khẩu": "import",
    "进口": "import",
    "quá cảnh": "transit",
    "过境": "transit",
}


@dataclass(frozen=True, slots=True)
class CellValue:
    """What a cell says, and why that is not what stands in it, if it is not."""

    value: str
    why: str = ""


class Wrong(ValueError):
    """A cell that cannot be taken: a stable code, a sentence, its facts."""

    def __init__(self, code: str, says: str, **facts: str) -> None:
        super().__init__(code)
        self.code, self.says, self.facts = code, says, tuple(facts.items())

    def at(self, field: str) -> FieldError:
        """Return this as the error of a field."""
        return FieldError(field, self.code, self.says, self.facts)


def text(cell: SheetCell) -> CellValue:
    """Return words. Raises Wrong for what a spreadsheet would run, or has made of it."""
    _refuse_spoiled(cell)
    if cell.kind != "formula" and _RUNS.match(cell.text):
        says = N_("“{given}” begins as a formula does. Leave out the sign in front.")
        raise Wrong("formula", says, given=cell.text[:80])
    return CellValue(cell.text, FORMULA_SAYS if cell.kind == "formula" else "")


def _refuse_spoiled(cell: SheetCell) -> None:
    if cell.kind == "date":
        says = N_(
            "The spreadsheet has made the day {given} of what was written here. Set the column to "
            "text and write it again."
        )
        raise Wrong("spreadsheet_date", says, given=cell.text)
    if cell.kind == "error":
        says = N_("The formula in this cell gives {given}. Write the value itself.")
        raise Wrong("spreadsheet_error", says, given=cell.text)


def identifier(cell: SheetCell) -> CellValue:
    """Return a number that names something, all its digits. Raises Wrong where some are lost."""
    _refuse_spoiled(cell)
    given = cell.text.removeprefix("'")
    is_amount = cell.kind in ("number", "formula") and _number(given) is not None
    if not is_amount and not is_shortened(given):
        said = text(SheetCell(given, cell.kind))
        return said if given == cell.text else CellValue(given, DIGITS_SAYS)
    number = _number(given.replace(",", "."))
    if number is not None and number == number.to_integral_value():
        digits = format(number.quantize(Decimal(1)), "f") if number.adjusted() < 28 else ""
        if digits == given:
            if len(digits) <= _EXACT or cell.kind == "text":
                return CellValue(digits)
        elif len(digits) <= _EXACT and (
            cell.kind != "text" or len(number.as_tuple().digits) == len(digits)
        ):
            return CellValue(digits, DIGITS_SAYS)
    elif number is not None and cell.kind == "number":
        return CellValue(given)  # 810.9, which may be a heading with its point
    raise Wrong(SPREADSHEET_NUMBER, SPREADSHEET_SAYS, given=cell.text)


def hs_code(cell: SheetCell) -> CellValue:
    """Return a commodity code; a zero lost in front is put back where the tariff knows the code."""
    said = identifier(cell)
    return _first_known(said, _hs_codes(said.value), _is_hs_code)


def _hs_codes(given: str) -> list[str]:
    whole, point, rest = given.partition(".")
    if not (whole.isascii() and whole.isdecimal()):
        return []
    if not point:
        return [f"0{whole}"] if len(whole) in (5, 7) else []
    if rest.isdecimal() and len(whole) in (3, 4) and len(rest) <= 2:
        return [f"{whole:0>4}{rest:0<2}"]  # 0810.90, taken for the amount 810.9
    return []


@cache
def _is_hs_code(code: str) -> bool:
    found = nomenclature().find(code)
    return found is not None and found.declarable


def tax_code_of(cell: SheetCell) -> CellValue:
    """Return a tax code; a zero lost in front is put back where the check digit proves it."""
    said = identifier(cell)
    plain = said.value.replace(" ", "")
    lost = plain.isascii() and plain.isdecimal() and len(plain) == 9
    return _first_known(said, [f"0{plain}"] if lost else [], _is_tax_code)


def _is_tax_code(code: str) -> bool:
    try:
        return tax_code(code) == code
    except IdentifierError:
        return False


def _first_known(said: CellValue, restored: list[str], known: Callable[[str], bool]) -> CellValue:
    for candidate in restored:
        if known(candidate):
            return CellValue(candidate, ZEROS_SAYS)
    return said


def units(cell: SheetCell, places: int) -> tuple[int, str]:
    """Return an amount in whole units of ten to the minus `places`, and why it is not as it stands.

    Raises Wrong for what is no amount, could be read in two ways, or has more decimals.
    """
    _refuse_spoiled(cell)
    number = _number(cell.text) if cell.kind in ("number", "formula") else None
    try:
        if number is None:
            return read_units(cell.text, places), ""
        if number.adjusted() > _EXACT:
            raise WrongNumber("too_large", N_("This number is too large."))
        exact = format(round(number, _EXACT - 1 - max(number.adjusted(), -20)).normalize(), "f")
        whole, _, rest = exact.partition(".")
        # A point in the file's own number is never a mark of thousands.
        return read_units(f"{whole}.{rest}0" if rest else whole, places), (
            FORMULA_SAYS if cell.kind == "formula" else ""
        )
    except WrongNumber as wrong:
        raise Wrong(wrong.code, wrong.says, **dict(wrong.facts)) from None


def _number(given: str) -> Decimal | None:
    try:
        number = Decimal(given)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def word(cell: SheetCell) -> CellValue:
    """Return a code; a word that everybody writes for it is read as the code."""
    said = text(cell)
    return _read_as(said, _WORDS.get(" ".join(said.value.split()).casefold(), said.value))


def country(cell: SheetCell) -> CellValue:
    """Return a country's two letters; its name in one of the three languages is read as them."""
    said = text(cell)
    return _read_as(said, _countries().get(said.value.casefold(), said.value))


def _read_as(said: CellValue, value: str) -> CellValue:
    return said if value == said.value else CellValue(value, WORD_SAYS)


@cache
def _countries() -> dict[str, str]:
    return {
        country.name(locale).casefold(): code
        for code, country in COUNTRIES.items()
        for locale in ("en", "vi", "zh")
    }


def is_direction(value: str) -> bool:
    """Say whether a word is one of our directions."""
    return value in DIRECTIONS
