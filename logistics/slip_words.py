"""The words printed on a slip, in three languages, and how each language writes a day."""

from typing import Literal, NamedTuple

Locale = Literal["vi", "zh", "en"]


class InThree(NamedTuple):
    """The same words in Vietnamese, Chinese and English."""

    vi: str
    zh: str
    en: str


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
DIRECTIONS = {
    "export": InThree("XUẤT SANG TRUNG QUỐC", "出口：越南 → 中国", "Export to China"),
    "import": InThree("NHẬP VÀO VIỆT NAM", "进口：中国 → 越南", "Import to Vietnam"),
    "transit": InThree("QUÁ CẢNH", "过境运输", "Transit"),
}
STATES = {
    "issued": InThree("ĐÃ CẤP", "已签发", "Issued"),
    "active": InThree("CÒN HIỆU LỰC", "有效", "Active"),
    "used": InThree("ĐÃ SỬ DỤNG", "已使用", "Used"),
    "closed": InThree("ĐÃ KẾT THÚC", "已结束", "Closed"),
    "revoked": InThree("ĐÃ THU HỒI", "已撤销", "Revoked"),
    "reissued": InThree("ĐÃ CẤP LẠI", "已换发", "Reissued"),
}
VEHICLE_CLASSES = {
    "under_4t": InThree("Dưới 4 tấn", "4吨以下", "Under 4 t"),
    "4t_to_10t": InThree("4 đến dưới 10 tấn", "4至10吨", "4 to 10 t"),
    "10t_to_18t": InThree("10 đến dưới 18 tấn", "10至18吨", "10 to 18 t"),
    "18t_and_over": InThree("Từ 18 tấn", "18吨及以上", "18 t and over"),
    "container_20": InThree("Container 20 feet", "20英尺集装箱", "20 ft container"),
    "container_40": InThree("Container 40 feet", "40英尺集装箱", "40 ft container"),
}
WEEKDAYS_VI = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
WEEKDAYS_ZH = "一二三四五六日"
LANGUAGE_TAGS: dict[Locale, str] = {"vi": "vi-VN", "zh": "zh-CN", "en": "en"}

OPEN_STATES = {"issued", "active"}
"""A slip in any other state opens nothing, and its state is printed white on black."""
