"""Receipts to be drawn: an ordinary one, corrections, and one with too much on it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from border.core.money import Money
from border.payments.receipts.amount_words import amount_vi
from border.payments.receipts.reading_service import SignatureCheck
from border.payments.receipts.receipt import ND123_2020, ND254_2026, Reason, ReceiptLine
from border.payments.receipts.renderers import Paper
from border.payments.receipts.tables import ReceiptRow

AT = datetime(2026, 11, 23, 5, 0, 42, tzinfo=UTC)
SAYS = "Rate for {regime_group} on a vehicle of class {vehicle_class}, one trip ({legal_basis})"
IN_OTHERS = {
    "zh": {"infrastructure_fee": "口岸基础设施使用费", SAYS: "40英尺集装箱，出口货物，单次费率"},
    "en": {"infrastructure_fee": "Fee for the use of the gate's roads and yards"},
}


class Translated:
    """The words of fees, the Chinese ones as a catalogue would have them."""

    def charge(self, kind: str, locale: str) -> str:
        return IN_OTHERS.get(locale, {}).get(kind, kind)

    def explanation(self, says: str, facts: Mapping[str, Any], locale: str) -> str:
        return IN_OTHERS.get(locale, {}).get(says, says).format(**facts)


REASONS = (
    Reason(
        "Mức thu đối với hàng hóa xuất khẩu, nhập khẩu, xe container 40 feet, một lượt "
        "(Quyết định 58/2014/QĐ-UBND)",
        SAYS,
        {
            "regime_group": "exported or imported goods",
            "vehicle_class": "40-foot container",
            "legal_basis": "58/2014/QĐ-UBND",
        },
        800_000,
    ),
    Reason("2 lô hàng trên một xe: thu một lần theo mức cao nhất", "Charged once", {}),
)
LINE = ReceiptLine(
    "infrastructure_fee",
    "Phí sử dụng công trình kết cấu hạ tầng trong khu vực cửa khẩu",
    "CHG-7K3M2-Q2XA9",
    "BKG-4H7JK-2MN8P",
    800_000,
    REASONS,
)


def row(*lines: ReceiptLine, **changes: Any) -> ReceiptRow:
    """Return a stored receipt with these lines."""
    lines = lines or (LINE,)
    total = sum(line.minor for line in lines)
    columns: dict[str, Any] = {
        "kind": "original",
        "template": "01BLP0-001",
        "serial": "LC-26E",
        "year": 2026,
        "number": 17,
        "collector_name": "Ban Quản lý Khu kinh tế (đơn vị thu mẫu)",
        "collector_tax_code": "0100000011",
        "collector_address": "Cửa khẩu quốc tế Kim Thành, phường Lào Cai, tỉnh Lào Cai",
        "payer_name": "Công ty mẫu Xuất nhập khẩu Đỏ Hồng",
        "payer_tax_code": "0012345672",
        "payer_address": "Số 1, phố Mẫu, Lào Cai",
        "vehicle_plate": "24C-123.45",
        "subjects": list(dict.fromkeys(line.subject for line in lines)),
        "lines": [line.stored() for line in lines],
        "total_minor": total,
        "total_in_words": amount_vi(Money(total)),
        "currency": "VND",
        "payment_method": "CK",
        "payment_reference": "PAY-9XQ2R-T6VW3",
        "gateway": "vnpay",
        "gateway_txn": "14228763",
        "paid_at": AT - timedelta(minutes=3),
        "issued_at": AT,
        "lookup_code": "7K3M-2Q2X-A9TB",
        "qr_payload": "https://gate.example.vn/receipts?code=7K3M-2Q2X-A9TB",
        "law_version": ND254_2026,
        "renderer": ND254_2026,
        "reason": "",
        "state": "issued",
        "cert_serial": "1F2E3D4C5B6A79880123456789ABCDEF01234567",
    }
    return ReceiptRow(**columns | changes)


GENUINE = SignatureCheck(True, "Ban Quản lý Khu kinh tế (đơn vị thu mẫu)", AT)
PAPER = Paper(row(), GENUINE, Translated(), demo=True)
OLD = replace(
    PAPER,
    row=row(
        serial="LC-26E",
        number=3,
        renderer=ND123_2020,
        law_version=ND123_2020,
        issued_at=datetime(2026, 6, 30, 16, 59, tzinfo=UTC),
    ),
    demo=False,
)
_BACK = "Hoàn trả theo biên lai LC-26E số 17: xe không qua cửa khẩu"
_BACK_LINE = replace(LINE, minor=-300_000, reasons=(Reason(_BACK, "Given back", {}, -300_000),))
ADJUSTMENT = replace(
    PAPER,
    row=row(
        _BACK_LINE,
        kind="adjustment",
        number=18,
        reason="xe không qua cửa khẩu",
        payment_method="TM",
        gateway="desk",
    ),
    about=row(),
    locale="zh",
)
REPLACEMENT = replace(
    PAPER,
    row=row(kind="replacement", number=19, reason="Sai mã số thuế của người nộp"),
    about=row(),
    locale="en",
    demo=False,
)
REPLACED = replace(PAPER, replaced_by=row(number=19), row=row(state="replaced"))
FORGED = replace(PAPER, check=SignatureCheck(False, why_not="altered"))
LONG_NAME = (
    "Công ty Trách nhiệm hữu hạn Một thành viên Thương mại Dịch vụ Giao nhận Vận tải Xuất nhập "
    "khẩu Nông lâm thủy sản và Kho vận quốc tế Nguyễn Phúc Bảo Châu Phương Anh Ái Liên Việt Trung"
)
CROWDED = replace(
    PAPER,
    row=row(
        *(
            replace(
                LINE,
                name=f"Khoản {n}: {LINE.name}",
                charge=f"CHG-7K3M2-Q2X{n:02d}",
                minor=10**12,
                reasons=REASONS * 3,
            )
            for n in range(1, 9)
        ),
        payer_name=LONG_NAME,
        payer_tax_code=None,
        payer_address="Tổ dân phố " * 20,
        collector_name=LONG_NAME,
        vehicle_plate="LD-1234567890ABCDEFGHIJKLMNOP0123456789",
        gateway_txn="X" * 64,
        subjects=["BKG-4H7JK-2MN8P"] * 9,
    ),
    locale="zh",
)
PAPERS = {
    "ordinary": PAPER,
    "old": OLD,
    "adjustment": ADJUSTMENT,
    "replacement": REPLACEMENT,
    "replaced": REPLACED,
    "forged": FORGED,
    "crowded": CROWDED,
}
