"""What a VietQR code says, read the way a bank's app reads it.

Rules only. A code is a row of fields, each two digits of tag, two of length, and the value; the
last is the checksum of all before it. The bank reads it with its own code on purpose: the
merchant's side writes it with other code.

source: EMVCo QR Code Specification for Payment Systems (merchant-presented); NAPAS, QR
Switching Technical Format 1.5.2.
"""

from dataclasses import dataclass

_NAPAS = "A000000727"
_SERVICES = {"QRIBFTTA": False, "QRIBFTTC": True}
_CHECKSUM_TAG = "63"
_LARGEST_AMOUNT_DIGITS = 13


class CodeRefused(ValueError):
    """The text is no VietQR transfer code; `reason` names the sentence that says why."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class ScannedCode:
    """A transfer as a VietQR code asks for it."""

    bank: str
    """The bank's acquirer number (BIN)."""
    account: str
    to_card: bool
    amount_vnd: int | None
    """None where the payer writes the amount."""
    bill_number: str
    purpose: str
    merchant: str
    one_time: bool
    """Made for one payment (12), or a standing code (11)."""

    @property
    def memo(self) -> str:
        """What an app writes into the memo before the payer edits it."""
        return self.purpose or self.bill_number

    @property
    def reference(self) -> str:
        """What the merchant can be expected to know the payment by."""
        return self.bill_number or self.purpose


def read_code(text: str) -> ScannedCode:
    """Return the transfer a scanned or pasted VietQR payload asks for.

    refuses: CodeRefused, with the first thing that is wrong.
    """
    payload = text.strip()
    if not payload:
        raise CodeRefused("code_empty")
    fields = _fields(payload)
    if next(iter(fields)) != "00" or fields["00"] != "01":
        raise CodeRefused("code_not_emv")
    _check_sum(payload, fields)
    if "38" not in fields:
        raise CodeRefused("code_not_vietqr")
    template = _fields(fields["38"])
    if template.get("00", "").upper() != _NAPAS:
        raise CodeRefused("code_not_vietqr", template.get("00", ""))
    if template.get("02") not in _SERVICES:
        raise CodeRefused("code_service", template.get("02", ""))
    beneficiary = _fields(template.get("01", ""))
    bank, account = beneficiary.get("00", ""), beneficiary.get("01", "")
    if not (len(bank) == 6 and bank.isdigit()) or not (
        1 <= len(account) <= 19 and account.isalnum()
    ):
        raise CodeRefused("code_account", f"{bank} {account}")
    if fields.get("53") != "704" or fields.get("58") != "VN":
        raise CodeRefused("code_currency", fields.get("53", ""))
    more = _fields(fields.get("62", ""))
    return ScannedCode(
        bank=bank,
        account=account,
        to_card=_SERVICES[template["02"]],
        amount_vnd=_amount(fields.get("54")),
        bill_number=more.get("01", ""),
        purpose=more.get("08", ""),
        merchant=fields.get("59", ""),
        one_time=fields.get("01") == "12",
    )


def checksum(covered: str) -> str:
    """Return the CRC-16/CCITT-FALSE of `covered` as four upper-case hexadecimal digits."""
    register = 0xFFFF
    for byte in covered.encode():
        register ^= byte << 8
        for _ in range(8):
            shifted = register << 1
            register = (shifted ^ 0x1021) & 0xFFFF if register & 0x8000 else shifted
    return f"{register:04X}"


def _check_sum(payload: str, fields: dict[str, str]) -> None:
    """Refuse a payload whose last field is not the checksum of all before its value."""
    if list(fields)[-1] != _CHECKSUM_TAG or len(fields[_CHECKSUM_TAG]) != 4:
        raise CodeRefused("code_no_checksum")
    claimed, computed = payload[-4:], checksum(payload[:-4])
    if claimed.upper() != computed:
        raise CodeRefused("code_checksum", f"{claimed} ≠ {computed}")


def _fields(text: str) -> dict[str, str]:
    """Return the fields of `text` by tag, in order; refuses: CodeRefused."""
    fields: dict[str, str] = {}
    place = 0
    while place < len(text):
        head = text[place : place + 4]
        if len(head) < 4 or not (head.isascii() and head.isdigit()):
            raise CodeRefused("code_not_emv", head)
        tag, length = head[:2], int(head[2:])
        value = text[place + 4 : place + 4 + length]
        if len(value) < length:
            raise CodeRefused("code_length", tag)
        if tag in fields:
            raise CodeRefused("code_not_emv", tag)
        fields[tag] = value
        place += 4 + length
    return fields


def _amount(written: str | None) -> int | None:
    if written is None:
        return None
    digits = written.isascii() and written.isdigit() and len(written) <= _LARGEST_AMOUNT_DIGITS
    if not digits or int(written) == 0:
        raise CodeRefused("code_amount", written)
    return int(written)
