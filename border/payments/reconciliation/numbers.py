"""Amounts and times as they are written in statements, read strictly. Pure.

What could be read in two ways is refused: in one country 1.000 is one, in another a thousand.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from border.core.money import MINOR_UNITS
from border.payments.reconciliation.statement import MOST_MINOR

_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_GROUP = 3


class NotSo(ValueError):
    """A text that is not what it should be; `says` is the sentence for people."""


def minor_units(text: str, currency: str, decimal: str, thousand: str, factor: int) -> int:
    """Return an amount as written, in units times `factor`, in minor units; it keeps its sign.

    `decimal` and `thousand` are the marks that may stand in it. A fraction of three digits is
    refused, as it may be a group of thousands. Raises NotSo.
    """
    given = text.strip()
    sign = -1 if given.startswith("-") else 1
    whole, mark, fraction = given.removeprefix("-").removeprefix("+").partition(decimal)
    if thousand and thousand in whole:
        groups = whole.split(thousand)
        if not 1 <= len(groups[0]) <= _GROUP or any(len(g) != _GROUP for g in groups[1:]):
            raise NotSo("groups")
        whole = "".join(groups)
    if not _digits(whole) or (mark and not _digits(fraction)):
        raise NotSo("digits")
    if len(fraction) == _GROUP:
        raise NotSo("ambiguous")
    number = Decimal(f"{whole}.{fraction or 0}").scaleb(MINOR_UNITS[currency]) / factor
    if number != number.to_integral_value():
        raise NotSo("fraction")
    if number > MOST_MINOR:
        raise NotSo("too large")
    return sign * int(number)


def _digits(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,18}", text) is not None


def whole_number(text: str) -> int:
    """Return a count of up to nine digits. Raises NotSo."""
    if re.fullmatch(r"[0-9]{1,9}", text.strip()) is None:
        raise NotSo("digits")
    return int(text)


def instant(text: str, form: str | None, zone: ZoneInfo) -> datetime:
    """Return a time as written; without `form` it is ISO 8601, without an offset it is `zone`'s.

    Raises NotSo.
    """
    given = text.strip()
    try:
        at = datetime.strptime(given, form) if form else datetime.fromisoformat(given)  # noqa: DTZ007  (the zone is given next)
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotSo("no time") from error
    if not _EARLIEST <= at < _LATEST:
        raise NotSo("no time of ours")
    return at
