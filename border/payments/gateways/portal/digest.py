"""The portal's messages: which of their values are signed, in which order, under which hash. Pure.

source: the platform publishes no specification. Fields, their order and the hash are those on
which two public implementations agree (VietOpenCPS/opencps-v2, pay-gate-integration; and
HuanVu201/DichVuCong_KhoaLuan_PASETO). Neither says what the hash of the answer to a notice covers
(one sends the notice's back): here it is made like all others, over the answer's own values.
"""

import hashlib
import hmac
from enum import StrEnum

VERSION = "1.0.6"
HASH = "MaXacThuc"

INIT = (
    "LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "SoTien", "LoaiHinhThanhToan",
    "MaKenhThanhToan", "MaThietBi", "NgonNgu", "MaTienTe", "MaNganHang", "ThongTinGiaoDich",
    "ThoiGianGD", "Ip",
)  # fmt: skip
"""Opens a payment."""
CONFIRM = (
    "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich",
    "MaNganHang", "ThoiGianGD", "ThongTinGiaoDich",
)  # fmt: skip
"""Tells how a payment ended, and answers the question about one."""
GET_BILL = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
"""Asks about a payment."""
ACKNOWLEDGED = ("MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
"""Answers a notice."""


class HashMode(StrEnum):
    """How a hash is made: of the text with the key as its last value, or of the text by the key.

    The second is the older form, which some partners are still set up for.
    """

    SHA256 = "sha256"
    HMAC = "hmac"


def digest(mode: HashMode, secret: str, text: str) -> str:
    """Return the hash of `text` under `secret` in lower-case hex."""
    if mode is HashMode.HMAC:
        return hmac.new(secret.encode(), text.encode(errors="replace"), "sha256").hexdigest()
    return hashlib.sha256(f"{text}|{secret}".encode(errors="replace")).hexdigest()
