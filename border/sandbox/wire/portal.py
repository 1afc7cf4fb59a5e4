"""How the portal's messages are signed: SHA-256 of their values and the key, joined by `|`.

Nothing escapes a `|` inside a value, so that two messages could be signed alike; a message with
one is therefore refused by whoever reads it. Nothing here knows a bill, a clock or a network.

source: the integrations VietOpenCPS/opencps-v2 and HuanVu201/DichVuCong_KhoaLuan_PASETO, which
agree about fields and order; no official specification is published.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

HASH_FIELD = "MaXacThuc"
JOINT = "|"

INIT = (
    "LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "SoTien", "LoaiHinhThanhToan",
    "MaKenhThanhToan", "MaThietBi", "NgonNgu", "MaTienTe", "MaNganHang", "ThongTinGiaoDich",
    "ThoiGianGD", "Ip",
)  # fmt: skip
CONFIRM = (
    "LoaiBanTin", "MaLoi", "MaDoiTac", "MaThamChieu", "SoTien", "MaTienTe", "MaGiaoDich",
    "MaNganHang", "ThoiGianGD", "ThongTinGiaoDich",
)  # fmt: skip
GET_BILL = ("LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD")
"""The order in which the values of each message are joined; the key comes last."""


def hash_of(order: Sequence[str], message: Mapping[str, str], key: str) -> str:
    """Return MaXacThuc of `message`: its values in `order`, an absent one as empty."""
    values = [message.get(name, "") for name in order]
    return hashlib.sha256(JOINT.join([*values, key]).encode()).hexdigest()


def is_signed(order: Sequence[str], message: Mapping[str, str], key: str) -> bool:
    """Tell whether `message` carries the right MaXacThuc, in either case of its letters."""
    claimed = message.get(HASH_FIELD, "").lower().encode()
    return hmac.compare_digest(hash_of(order, message, key).encode(), claimed)


def has_joint(order: Sequence[str], message: Mapping[str, str]) -> bool:
    """Tell whether a signed value holds a `|`, so that the signature proves nothing."""
    return any(JOINT in message.get(name, "") for name in order)
