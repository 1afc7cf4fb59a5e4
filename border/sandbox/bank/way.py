"""How a transfer is made: as asked, or with one of the things that go wrong between banks.

One table; the page draws its buttons from it and the counter books by it.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_STRIPPED_TO = 25
_LOST = "CHUYEN TIEN"


def _as_written(memo: str) -> str:
    return memo


def _stripped(memo: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", _without_accents(memo))[:_STRIPPED_TO]


def _upper(memo: str) -> str:
    return _without_accents(memo).upper()


def _prefixed(memo: str) -> str:
    return f"IBFT.9704.326112233.{memo}.CT tu 0000000018 toi tai khoan thu huong"


def _lost(_: str) -> str:
    return _LOST


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


@dataclass(frozen=True)
class TransferWay:
    """One way of making a transfer, and of telling the merchant."""

    code: str
    transfers: int = 1
    """How many times the money moves."""
    differs_by_vnd: int = 0
    memo: Callable[[str], str] = _as_written
    """What the banks make of the memo on its way."""
    later: bool = False
    told: bool = True
    """Whether the merchant is told; the statement shows the transfer in any case."""
    extra_copies: int = 0
    """How often the same message is sent again at the same moment."""
    well_signed: bool = True


PAY = TransferWay("transfer")
TROUBLE_WAYS = (
    TransferWay("transfer_twice", transfers=2),
    TransferWay("transfer_later", later=True),
    TransferWay("amount_plus_1", differs_by_vnd=1),
    TransferWay("amount_minus_1000", differs_by_vnd=-1000),
    TransferWay("memo_stripped", memo=_stripped),
    TransferWay("memo_upper", memo=_upper),
    TransferWay("memo_prefixed", memo=_prefixed),
    TransferWay("memo_lost", memo=_lost),
    TransferWay("statement_only", told=False),
    TransferWay("told_twice", extra_copies=1),
    TransferWay("told_badly_signed", well_signed=False),
)
WAYS = {way.code: way for way in (PAY, *TROUBLE_WAYS)}
