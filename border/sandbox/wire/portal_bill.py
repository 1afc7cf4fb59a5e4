"""A bill the merchant opens at the portal by INIT, checked field by field.

Rules only: whether the same reference was used before is known to the books.

source: the integrations named in `wire`; `UrlTraVe` (where to send the payer's browser after
the payment) is an addition of this sandbox, and so are the codes but 00.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from border.sandbox.address import AddressRefused, origin_of
from border.sandbox.config import SandboxConfig
from border.sandbox.stamps import read_stamp
from border.sandbox.wire.portal import GET_BILL, INIT, has_joint, is_signed

PAID, OPEN = "00", "01"
WRONG_PARTNER, MALFORMED, HOLDS_JOINT = "02", "03", "04"
TOO_LATE, NOT_FOUND, REFERENCE_USED, WRONG_HASH = "11", "91", "94", "97"
SAYS = {
    PAID: "Thành công",
    OPEN: "Chưa thanh toán",
    WRONG_PARTNER: "Không có đối tác này",
    MALFORMED: "Sai định dạng",
    HOLDS_JOINT: "Trường có ký tự |",
    TOO_LATE: "Quá hạn thanh toán",
    "24": "Người nộp hủy giao dịch",
    NOT_FOUND: "Không tìm thấy mã tham chiếu",
    REFERENCE_USED: "Mã tham chiếu đã dùng cho nội dung khác",
    WRONG_HASH: "Sai mã xác thực",
    "99": "Lỗi khác",
}
"""MaLoi and MoTaLoi."""

RETURN_FIELD, RECEIPT_FIELD = "UrlTraVe", "ThongTinBienLai"
_REFERENCE = r"[A-Za-z0-9._:-]{1,100}"
_INIT_FIELDS = {
    "LoaiBanTin": r"INIT",
    "PhienBan": r"1\.0\.[0-9]{1,2}",
    "MaThamChieu": _REFERENCE,
    "SoTien": r"[1-9][0-9]{0,11}",
    "LoaiHinhThanhToan": r"PAY",
    "MaKenhThanhToan": r"[0-9A-Za-z]{1,10}",
    "MaThietBi": r"[0-9A-Za-z]{1,10}",
    "NgonNgu": r"[a-z]{2}-[A-Z]{2}",
    "MaTienTe": r"VND",
    "MaNganHang": r"[A-Za-z0-9]{1,20}",
    "ThongTinGiaoDich": r"[^\x00-\x1f]{1,255}",
    "ThoiGianGD": r"[0-9]{14}",
    "Ip": r"[0-9A-Fa-f.:]{2,45}",
}
_GET_BILL_FIELDS = {
    "LoaiBanTin": r"GET_BILL",
    "PhienBan": r"1\.0\.[0-9]{1,2}",
    "MaThamChieu": _REFERENCE,
    "ThoiGianGD": r"[0-9]{14}",
}
_CONTENT = ("SoTien", "MaTienTe", "ThongTinGiaoDich", RECEIPT_FIELD, RETURN_FIELD)
"""What a repeated INIT has to say again; its time and its sender's address may differ."""


class MessageRefused(ValueError):
    """The portal does not take the message; `code` is its MaLoi, the message names the field."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class PortalBill:
    """What is to be paid, as the merchant's INIT said it."""

    reference: str
    amount_vnd: int
    says: str
    language: str
    return_url: str
    params: dict[str, str]

    @property
    def return_origin(self) -> str:
        """The scheme, host and port the browser is sent back to, or nothing."""
        return origin_of(self.return_url) if self.return_url else ""

    def asks_the_same(self, other: "PortalBill") -> bool:
        """Tell whether `other` asks for the same payment."""
        return all(self.params.get(name) == other.params.get(name) for name in _CONTENT)


def read_init(message: Mapping[str, str], config: SandboxConfig) -> PortalBill:
    """Return the bill of an INIT, once partner, signature and every field hold.

    refuses: MessageRefused.
    """
    _prove(INIT, message, config)
    _check(_INIT_FIELDS, message)
    return_url = message.get(RETURN_FIELD, "")
    if return_url:
        try:
            origin_of(return_url)
        except AddressRefused as refused:
            raise MessageRefused(MALFORMED, f"{RETURN_FIELD}: {refused}") from refused
    return bill_of(dict(message))


def read_get_bill(message: Mapping[str, str], config: SandboxConfig) -> str:
    """Return the reference a GET_BILL asks about; refuses: MessageRefused."""
    _prove(GET_BILL, message, config)
    _check(_GET_BILL_FIELDS, message)
    return message["MaThamChieu"]


def bill_of(params: dict[str, str]) -> PortalBill:
    """Return the bill in `params`, which have been checked."""
    return PortalBill(
        reference=params["MaThamChieu"],
        amount_vnd=int(params["SoTien"]),
        says=params["ThongTinGiaoDich"],
        language=params["NgonNgu"][:2],
        return_url=params.get(RETURN_FIELD, ""),
        params=params,
    )


def _prove(order: tuple[str, ...], message: Mapping[str, str], config: SandboxConfig) -> None:
    """Refuse a message that is not, or not provably, the merchant's."""
    if message.get("MaDoiTac") != config.portal_partner:
        raise MessageRefused(WRONG_PARTNER, "MaDoiTac")
    if has_joint(order, message):
        raise MessageRefused(HOLDS_JOINT)
    if not is_signed(order, message, config.portal_secret):
        raise MessageRefused(WRONG_HASH)


def _check(fields: Mapping[str, str], message: Mapping[str, str]) -> None:
    for name, pattern in fields.items():
        if not re.fullmatch(pattern, message.get(name, "")):
            raise MessageRefused(MALFORMED, name)
    try:
        read_stamp(message["ThoiGianGD"])
    except ValueError as impossible:
        raise MessageRefused(MALFORMED, "ThoiGianGD") from impossible
