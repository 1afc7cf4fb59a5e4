"""What the portal is told for the receipt it gives the payer (ThongTinBienLai). Pure.

Not the receipt of ours: that is made from the books. The order names no payer, so neither does
this; the payer signs in to the portal with an account of theirs. None of it is signed.
"""

from dataclasses import astuple, dataclass

from border.core.money import Money
from border.payments.gateways.wire import Json

_FEE_OF_A_PROCEDURE = "2"
_FEE = "1"
_NO_PAYER: dict[str, Json] = dict.fromkeys(
    ("HoTenNguoiNop", "SoCMNDNguoiNop", "DiaChiNguoiNop", "HuyenNguoiNop", "TinhNguoiNop"), ""
)


@dataclass(frozen=True)
class PortalCollector:
    """Who collects, for which public service and procedure, and on which account.

    All as the portal has them on record; `fee_code` is the fee's in its list.
    """

    unit_code: str = ""
    unit_name: str = ""
    service_code: str = ""
    service_name: str = ""
    procedure_code: str = ""
    procedure_name: str = ""
    account: str = ""
    bank_code: str = ""
    account_name: str = ""
    fee_code: str = ""

    def __post_init__(self) -> None:
        if any("|" in text for text in astuple(self)):
            raise ValueError("the portal's messages know no bar inside a field")


def receipt(
    collector: PortalCollector, file_number: str, amount: Money, says: str
) -> dict[str, Json]:
    """Return what the receipt will say: one fee, of the whole amount, described by `says`."""
    minor = str(amount.minor)
    return {
        "MaDichVu": _FEE_OF_A_PROCEDURE,
        "MaDVC": collector.service_code,
        "TenDVC": collector.service_name,
        "MaTTHC": collector.procedure_code,
        "TenTTHC": collector.procedure_name,
        "MaDonVi": collector.unit_code,
        "TenDonVi": collector.unit_name,
        "MaHoSo": file_number,
        "TKThuHuong": collector.account,
        "MaNHThuHuong": collector.bank_code,
        "TenTKThuHuong": collector.account_name,
        "PhiLePhi": [
            {
                "LoaiPhiLePhi": _FEE,
                "MaPhiLePhi": collector.fee_code,
                "TenPhiLePhi": says,
                "SoTien": minor,
            }
        ],
        **_NO_PAYER,
        "DSKhoanNop": [{"NoiDung": says, "SoTien": minor}],
        "NoiDungThanhToan": says,
    }
