"""The words printed on a slip, in three languages, and how each language writes a day."""

from border.paper.words import InThree, chinese
from border.vocabulary import DIRECTIONS, VEHICLE_CLASSES

WORDS = {
    "title": InThree("PHIẾU QUA CỬA KHẨU", "口岸通行单", "Crossing slip"),
    "plate": InThree("Biển kiểm soát", "车牌号", "Plate"),
    "trailer": InThree("Rơ-moóc", "挂车", "Trailer"),
    "scan": InThree("Quét tại barie", "闸口扫码", "Scan at barrier"),
    "direction": InThree("Chiều đi", "方向", "Direction"),
    "hour": InThree("Khung giờ qua cửa khẩu", "过境时段", "Crossing hour"),
    "our_time": InThree("Giờ Việt Nam", "越南时间", "Vietnam time"),
    "hekou_time": InThree("Giờ Hà Khẩu", "河口时间", "Hekou time"),
    "driver": InThree("Lái xe", "驾驶员", "Driver"),
    "driverless": InThree("Xe không người lái", "无人驾驶车辆", "Driverless vehicle"),
    "class": InThree("Loại xe", "车型", "Vehicle class"),
    "lane": InThree("Làn", "车道", "Lane"),
    "declarations": InThree(
        "Tờ khai cửa khẩu / số tờ khai hải quan",
        "口岸申报单 / 报关单号",
        "Gate declaration / customs number",
    ),
    "empty": InThree("Xe rỗng, không có tờ khai", "空车，无申报单", "Empty, no declaration"),
    "goods": InThree("Hàng hóa", "货物", "Goods"),
    "fees": InThree("Phí và các khoản thu", "费用", "Fees and charges"),
    "no_fee": InThree("Không phải nộp phí", "无需缴费", "No fee due"),
    "more": InThree("và {n} mục khác", "另有{n}项", "and {n} more"),
    "total": InThree("Tổng cộng", "合计", "Total"),
    "payment": InThree("Biên lai / mã thanh toán", "收据 / 缴费号", "Receipt / payment"),
    "notice": InThree(
        "Phiếu này không thay thế tờ khai hải quan.",
        "本单不能代替海关报关单。",
        "This slip does not replace the customs declaration.",
    ),
    "issued_at": InThree("Cấp lúc", "签发时间", "Issued"),
}
STATES = {
    "issued": InThree("ĐÃ CẤP", "已签发", "Issued"),
    "active": InThree("CÒN HIỆU LỰC", "有效", "Active"),
    "used": InThree("ĐÃ SỬ DỤNG", "已使用", "Used"),
    "closed": InThree("ĐÃ KẾT THÚC", "已结束", "Closed"),
    "revoked": InThree("ĐÃ THU HỒI", "已撤销", "Revoked"),
    "reissued": InThree("ĐÃ CẤP LẠI", "已换发", "Reissued"),
}
WEEKDAYS_VI = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
WEEKDAYS_ZH = "一二三四五六日"
KNOWN = (
    chinese([*WORDS.values(), *STATES.values()])
    + chinese(term.paper for terms in (DIRECTIONS, VEHICLE_CLASSES) for term in terms.values())
    + f"{WEEKDAYS_ZH}年月星期"
)
"""The Chinese characters that most slips need."""

OPEN_STATES = {"issued", "active"}
"""A slip in any other state opens nothing, and its state is printed white on black."""
