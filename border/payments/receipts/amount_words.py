"""Amounts of money in words, as a receipt must state them: Vietnamese, Chinese, English.

Pure. The Vietnamese words are the ones that count before the law; the Chinese are the capital
numerals of commerce, which cannot be altered by a stroke. Amounts up to 10^15 - 1.
"""

from collections.abc import Callable, Sequence

from border.core.money import MINOR_UNITS, Money

LARGEST = 10**15 - 1
"""The largest whole amount that is put into words."""

_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_VI_AFTER_TENS = {1: "mốt", 4: "tư", 5: "lăm"}
"""How a last digit is said after twenty or more."""
_VI_UNITS = {
    "VND": ("đồng", ""),
    "CNY": ("nhân dân tệ", "phân"),
    "USD": ("đô la Mỹ", "xu"),
    "KRW": ("uôn", ""),
}
_ZH = "零壹贰叁肆伍陆柒捌玖"
_ZH_UNITS = {
    "VND": ("越南盾", ""),
    "CNY": ("人民币元", "分"),
    "USD": ("美元", "美分"),
    "KRW": ("韩元", ""),
}
_EN_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_EN_TENS = (
    *("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
)
_EN_GROUPS = ("", "thousand", "million", "billion", "trillion")
_EN_UNITS = {
    "VND": ("dong", ""),
    "CNY": ("yuan", "fen"),
    "USD": ("US dollars", "cents"),
    "KRW": ("won", ""),
}


def amount_vi(amount: Money) -> str:
    """Return an amount in Vietnamese words, a negative one begins with “Âm”.

    source: Decree 123/2020/NĐ-CP article 32 asks for the total in figures and in words.
    """
    return _capital(_worded(amount, number_vi, _VI_UNITS, minus="âm ", joint=" "))


def amount_zh(amount: Money) -> str:
    """Return an amount in Chinese capital numerals, ending in 整 where there is no fraction."""
    whole, cents = _parts(amount)
    name, small = _ZH_UNITS[amount.currency]
    fraction = f"{number_zh(cents)}{small}" if cents else "整"
    return f"{'负' if amount.minor < 0 else ''}{number_zh(whole)}{name}{fraction}"


def amount_en(amount: Money) -> str:
    """Return an amount in English words."""
    return _capital(_worded(amount, number_en, _EN_UNITS, minus="minus ", joint=" "))


def _worded(
    amount: Money,
    number: Callable[[int], str],
    units: dict[str, tuple[str, str]],
    *,
    minus: str,
    joint: str,
) -> str:
    whole, cents = _parts(amount)
    name, small = units[amount.currency]
    said = f"{number(whole)}{joint}{name}"
    if cents:
        said += f"{joint}{number(cents)}{joint}{small}"
    return (minus if amount.minor < 0 else "") + said


def _parts(amount: Money) -> tuple[int, int]:
    """Return the whole units and the minor units left over, without the sign."""
    whole, cents = divmod(abs(amount.minor), 10 ** MINOR_UNITS[amount.currency])
    if whole > LARGEST:
        raise ValueError(f"{amount.minor} {amount.currency} is more than can be put into words")
    return whole, cents


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def number_vi(number: int) -> str:
    """Return a number from 0 to 10^15 - 1 in Vietnamese words.

    A group that follows another is read with its hundreds, “không trăm linh năm”; a group of
    zeros is not read. Beyond nine digits the groups above are read as a number of “tỷ”.
    """
    billions, rest = divmod(number, 10**9)
    words = [*_below_billion_vi(billions, first=True), "tỷ"] if billions else []
    if rest or not billions:
        words += _below_billion_vi(rest, first=not billions)
    return " ".join(words)


def _below_billion_vi(number: int, *, first: bool) -> list[str]:
    """Return the words of up to nine digits; unless `first`, something was read before them."""
    if not number:
        return [_VI[0]]
    words: list[str] = []
    for size, name in ((10**6, "triệu"), (10**3, "nghìn"), (1, "")):
        group = number // size % 1000
        if group:
            words += _hundreds_vi(group, full=bool(words) or not first)
            words += [name] if name else []
    return words


def _hundreds_vi(group: int, *, full: bool) -> list[str]:
    """Return the words of 1 to 999; `full` says hundreds also where there are none."""
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words = [_VI[hundreds], "trăm"] if hundreds or full else []
    if tens > 1:
        words += [_VI[tens], "mươi", *([_VI_AFTER_TENS.get(ones, _VI[ones])] if ones else [])]
    elif tens == 1:
        words += ["mười", *([{5: "lăm"}.get(ones, _VI[ones])] if ones else [])]
    elif ones:
        words += ["linh", _VI[ones]] if words else [_VI[ones]]
    return words


def number_zh(number: int) -> str:
    """Return a number from 0 to 10^15 - 1 in Chinese capital numerals."""
    if not number:
        return _ZH[0]
    hundred_millions, rest = divmod(number, 10**8)
    said = f"{_below_hundred_million_zh(hundred_millions)}亿" if hundred_millions else ""
    if rest:
        gap = said and rest < 10**7
        said += (_ZH[0] if gap else "") + _below_hundred_million_zh(rest)
    return said


def _below_hundred_million_zh(number: int) -> str:
    ten_thousands, rest = divmod(number, 10**4)
    said = f"{_thousands_zh(ten_thousands)}万" if ten_thousands else ""
    if rest:
        said += (_ZH[0] if said and rest < 1000 else "") + _thousands_zh(rest)
    return said


def _thousands_zh(group: int) -> str:
    """Return the numerals of 1 to 9,999; zeros between digits are said once."""
    said, gap = "", False
    for size, name in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit = group // size % 10
        if digit:
            said += (_ZH[0] if gap and said else "") + _ZH[digit] + name
        gap = not digit
    return said


def number_en(number: int) -> str:
    """Return a number from 0 to 10^15 - 1 in English words."""
    if not number:
        return _EN_ONES[0]
    groups: list[str] = []
    for place, name in reversed(list(enumerate(_EN_GROUPS))):
        group = number // 1000**place % 1000
        if group:
            groups.append(" ".join(filter(None, (_hundreds_en(group), name))))
    return _joined_en(groups, number)


def _joined_en(groups: Sequence[str], number: int) -> str:
    """Return the groups in one; a last one below a hundred is joined by “and”."""
    if len(groups) > 1 and 0 < number % 1000 < 100:
        return f"{' '.join(groups[:-1])} and {groups[-1]}"
    return " ".join(groups)


def _hundreds_en(group: int) -> str:
    hundreds, rest = divmod(group, 100)
    below = _EN_ONES[rest] if rest < 20 else _EN_TENS[rest // 10]
    if rest >= 20 and rest % 10:
        below += f"-{_EN_ONES[rest % 10]}"
    if not hundreds:
        return below
    return f"{_EN_ONES[hundreds]} hundred" + (f" and {below}" if rest else "")
