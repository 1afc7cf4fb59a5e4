"""The merchant's pay request, checked field by field before a pay page is shown for it.

Rules only: whether the same reference was used before is known to `books`.

source: VNPAY PAY 2.1.0, table of pay parameters.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from border.sandbox.address import AddressRefused, origin_of
from border.sandbox.config import SandboxConfig
from border.sandbox.stamps import read_stamp
from border.sandbox.wire.vnpay import MalformedQuery, query_is_signed, read_query

BAD_TERMINAL, BAD_FORMAT, BAD_SIGNATURE = "02", "03", "70"
WINDOW_EXPIRED, REFERENCE_USED = "11", "94"
"""Codes on the error page: those of the query answers where one fits, 70 for the signature."""

REQUIRED = {
    "vnp_Version": r"2\.1\.0",
    "vnp_Command": r"pay",
    "vnp_TmnCode": r"[A-Za-z0-9]{8}",
    "vnp_Amount": r"[0-9]{1,12}",
    "vnp_CreateDate": r"[0-9]{14}",
    "vnp_ExpireDate": r"[0-9]{14}",
    "vnp_CurrCode": r"VND",
    "vnp_IpAddr": r"[0-9A-Fa-f.:]{7,45}",
    "vnp_Locale": r"vn|en",
    "vnp_OrderInfo": r"[\x20-\x7e]{1,255}",
    "vnp_OrderType": r"[A-Za-z0-9_]{1,100}",
    "vnp_ReturnUrl": r"[\x21-\x7e]{10,255}",
    "vnp_TxnRef": r"[A-Za-z0-9._:-]{1,100}",
}


class PayRequestRefused(ValueError):
    """The pay request cannot be shown; `code` goes on the error page, the message says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class PayOrder:
    """A pay request that holds: signed by the merchant, complete, and still open."""

    txn_ref: str
    amount_vnd: int
    order_info: str
    create_date: str
    expires_at: datetime
    return_url: str
    locale: str
    params: dict[str, str]

    @property
    def return_origin(self) -> str:
        """The scheme, host and port the browser is sent back to."""
        return _origin(self.return_url)


def read_pay_order(raw: bytes, config: SandboxConfig) -> PayOrder:
    """Return the order in the query string `raw`, signature first, then field by field.

    refuses: PayRequestRefused with the code of the error page.
    """
    try:
        params = read_query(raw)
    except MalformedQuery as malformed:
        raise PayRequestRefused(BAD_FORMAT, str(malformed)) from malformed
    if params.get("vnp_TmnCode") != config.terminal:
        raise PayRequestRefused(BAD_TERMINAL, "vnp_TmnCode is not a terminal of this gateway")
    if not query_is_signed(raw, config.vnpay_secret):
        raise PayRequestRefused(BAD_SIGNATURE, "vnp_SecureHash does not match the parameters")
    return order_of({name: text for name, text in params.items() if name.startswith("vnp_")})


def order_of(params: dict[str, str]) -> PayOrder:
    """Return the order in `params`, whose signature has been verified.

    refuses: PayRequestRefused (03) naming the field.
    """
    for name, pattern in REQUIRED.items():
        if not re.fullmatch(pattern, params.get(name, "")):
            raise PayRequestRefused(BAD_FORMAT, f"{name} is missing or malformed")
    amount = int(params["vnp_Amount"])
    if amount == 0 or amount % 100:
        raise PayRequestRefused(BAD_FORMAT, "vnp_Amount is not a whole number of VND x 100")
    _read_stamp("vnp_CreateDate", params)
    _origin(params["vnp_ReturnUrl"])
    return PayOrder(
        txn_ref=params["vnp_TxnRef"],
        amount_vnd=amount // 100,
        order_info=params["vnp_OrderInfo"],
        create_date=params["vnp_CreateDate"],
        expires_at=_read_stamp("vnp_ExpireDate", params),
        return_url=params["vnp_ReturnUrl"],
        locale=params["vnp_Locale"],
        params=params,
    )


def _read_stamp(name: str, params: dict[str, str]) -> datetime:
    try:
        return read_stamp(params[name])
    except ValueError as impossible:
        raise PayRequestRefused(BAD_FORMAT, f"{name} is not a date and time") from impossible


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except AddressRefused as refused:
        raise PayRequestRefused(BAD_FORMAT, f"vnp_ReturnUrl is {refused}") from refused
