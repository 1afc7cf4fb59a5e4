"""The text inside a VietQR code: EMVCo's fields with their check sum, written and read.

A field is a tag of two digits, a length of two digits and a value; some values hold fields in
turn. The last field is a check sum over all before it. Above that stands one kind of code only, a
transfer within Viet Nam to an account or a card (`TransferCode`). Not the picture (`qr_picture`),
and no list of banks: which banks there are changes without us.
source: EMVCo QR Code Specification for Payment Systems, Merchant-Presented Mode 1.1;
NAPAS, QR Switching Technical Format 1.5.2.
"""

import re
from binascii import crc_hqx
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Field = tuple[str, str]
"""A tag of two digits and its value."""
Service = Literal["QRIBFTTA", "QRIBFTTC"]
"""A transfer to an account, or to a card."""

_LONGEST_CODE = 512
_LONGEST_VALUE = 99
_TAG = re.compile(r"[0-9]{2}")
_VALUE = re.compile(r"[ -~]+")
"""Printable ASCII: elsewhere readers disagree whether a length counts letters or bytes."""
_CRC = re.compile(r"[0-9A-F]{4}")

_FORMAT, _INITIATION, _VIETQR, _CURRENCY, _AMOUNT, _COUNTRY, _MORE, _SUM = (
    "00", "01", "38", "53", "54", "58", "62", "63",
)  # fmt: skip
_STATIC, _DYNAMIC = "11", "12"
_NAPAS = "A000000727"
_DONG = "704"
_BILL, _PURPOSE = "01", "08"

_BIN = re.compile(r"[0-9]{6}")
_RECIPIENT = re.compile(r"[0-9A-Za-z]{1,19}")
_DIGITS = re.compile(r"[1-9][0-9]{0,12}")
_TEXT = re.compile(r"[ -~]{1,25}")


class WrongCode(ValueError):
    """A text that is no such code, or one that was damaged; the message says where."""


def written(fields: Iterable[Field]) -> str:
    """Return fields as one text. refuses: `WrongCode` for what the format cannot carry."""
    text = ""
    for tag, value in fields:
        if not _TAG.fullmatch(tag):
            raise WrongCode(f"a tag has two digits, not {tag!r}")
        if not _VALUE.fullmatch(value) or len(value) > _LONGEST_VALUE:
            raise WrongCode(f"field {tag} has 1 to 99 printable ASCII characters, not {value!r}")
        text += f"{tag}{len(value):02}{value}"
    return text


def read(text: str) -> tuple[Field, ...]:
    """Return the fields of a text in their order.

    refuses: `WrongCode` for a tag or length that is no two digits, a value that ends too soon,
    a tag that stands twice, and anything but printable ASCII.
    """
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        tag, length = text[at : at + 2], text[at + 2 : at + 4]
        if not _TAG.fullmatch(tag) or not _TAG.fullmatch(length):
            raise WrongCode(f"character {at + 1} begins no field: {text[at : at + 4]!r}")
        value = text[at + 4 : at + 4 + int(length)]
        if len(value) < int(length):
            raise WrongCode(f"field {tag} should have {int(length)} characters, has {len(value)}")
        if not _VALUE.fullmatch(value):
            raise WrongCode(f"field {tag} is empty or not printable ASCII: {value!r}")
        if tag in fields:
            raise WrongCode(f"field {tag} stands twice")
        fields[tag] = value
        at += 4 + len(value)
    return tuple(fields.items())


def sealed(fields: Iterable[Field]) -> str:
    """Return fields as a whole code, their check sum behind them."""
    body = written(fields) + _SUM + "04"
    code = body + _check_sum(body)
    if len(code) > _LONGEST_CODE:
        raise WrongCode(f"a code has at most {_LONGEST_CODE} characters, not {len(code)}")
    return code


def opened(code: str) -> tuple[Field, ...]:
    """Return the fields of a whole code without its check sum, which has to fit.

    The check sum may be in small letters. refuses: `WrongCode`, as `read` does, and for a check
    sum that is missing or differs.
    """
    if len(code) > _LONGEST_CODE or not _VALUE.fullmatch(code):
        raise WrongCode(f"a code has 1 to {_LONGEST_CODE} printable ASCII characters")
    body, given = code[:-4], code[-4:].upper()
    if not body.endswith(_SUM + "04") or not _CRC.fullmatch(given):
        raise WrongCode("the code does not end in its check sum")
    if _check_sum(body) != given:
        raise WrongCode(f"the check sum is {_check_sum(body)}, the code says {given}")
    fields = read(code)
    if fields[-1][0] != _SUM:
        raise WrongCode("the check sum is inside another field")
    return fields[:-1]


def _check_sum(body: str) -> str:
    """Return the CRC-16 (polynomial 0x1021, from 0xFFFF) in capital hexadecimal digits."""
    return f"{crc_hqx(body.encode('ascii'), 0xFFFF):04X}"


@dataclass(frozen=True)
class TransferCode:
    """A transfer in đồng as a code asks for it; what is None the payer fills in.

    `recipient` is an account or, for the service QRIBFTTC, a card. A `dynamic` code is for one
    payment. `bill` is the payee's reference, `purpose` becomes the memo.
    refuses: `WrongCode` for what a bank would not accept.
    """

    bin: str
    recipient: str
    amount: int | None = None
    bill: str | None = None
    purpose: str | None = None
    dynamic: bool = False
    service: Service = "QRIBFTTA"

    def __post_init__(self) -> None:
        if not _BIN.fullmatch(self.bin):
            raise WrongCode(f"a bank is named by six digits, not {self.bin!r}")
        if not _RECIPIENT.fullmatch(self.recipient):
            raise WrongCode(f"no account or card: {self.recipient!r}")
        if self.amount is not None and not _DIGITS.fullmatch(str(self.amount)):
            raise WrongCode(f"an amount is 1 to 13 digits of whole đồng, not {self.amount!r}")
        for name, text in (("bill number", self.bill), ("purpose", self.purpose)):
            if text is not None and not _TEXT.fullmatch(text):
                raise WrongCode(f"a {name} has 1 to 25 ASCII characters, not {text!r}")

    def payload(self) -> str:
        """Return the text of the code."""
        beneficiary = written([("00", self.bin), ("01", self.recipient)])
        transfer = written([("00", _NAPAS), ("01", beneficiary), ("02", self.service)])
        amount = [(_AMOUNT, str(self.amount))] if self.amount is not None else []
        said = ((_BILL, self.bill), (_PURPOSE, self.purpose))
        more = written((tag, text) for tag, text in said if text is not None)
        return sealed(
            [
                (_FORMAT, "01"),
                (_INITIATION, _DYNAMIC if self.dynamic else _STATIC),
                (_VIETQR, transfer),
                (_CURRENCY, _DONG),
                *amount,
                (_COUNTRY, "VN"),
                *([(_MORE, more)] if more else []),
            ]
        )

    @classmethod
    def of(cls, code: str) -> "TransferCode":
        """Return the transfer that a code asks for; fields that say nothing about it are left.

        refuses: `WrongCode` for a damaged code, and for one that asks for something else.
        """
        fields = opened(code)
        if fields[:1] != ((_FORMAT, "01"),):
            raise WrongCode("the code does not begin with the format 01")
        given = dict(fields)
        initiation = given.get(_INITIATION)
        if initiation not in (_STATIC, _DYNAMIC):
            raise WrongCode(f"the code is neither static nor dynamic but {initiation!r}")
        if (given.get(_CURRENCY), given.get(_COUNTRY)) != (_DONG, "VN"):
            raise WrongCode("the code asks for no đồng in Viet Nam")
        amount = given.get(_AMOUNT)
        if amount is not None and not _DIGITS.fullmatch(amount):
            raise WrongCode(f"the amount is no whole number of đồng: {amount!r}")
        bank, recipient, service = _transfer(given.get(_VIETQR, ""))
        more = dict(read(given.get(_MORE, "")))
        return cls(
            bin=bank,
            recipient=recipient,
            amount=int(amount) if amount else None,
            bill=more.get(_BILL),
            purpose=more.get(_PURPOSE),
            dynamic=initiation == _DYNAMIC,
            service=service,
        )


def _transfer(template: str) -> tuple[str, str, Service]:
    """Return the bank, the account or card, and the service that NAPAS's field names."""
    given = dict(read(template))
    if given.get("00") != _NAPAS:
        raise WrongCode("the code is not for a transfer over NAPAS")
    # A length too great swallows the service behind it, and then looks like a longer beneficiary.
    beneficiary = dict(read(given.get("01", "")))
    if set(beneficiary) != {"00", "01"} or set(given) != {"00", "01", "02"}:
        raise WrongCode("a transfer names a bank, an account or card, and a service, no more")
    match given["02"]:
        case "QRIBFTTA" | "QRIBFTTC" as service:
            return beneficiary["00"], beneficiary["01"], service
        case other:
            raise WrongCode(f"the service {other!r} is no transfer")
