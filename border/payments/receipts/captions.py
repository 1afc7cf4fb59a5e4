"""The words printed on a receipt, in three languages."""

from border.paper.words import InThree, chinese

WORDS = {
    "title": InThree("BIÊN LAI THU PHÍ, LỆ PHÍ", "收费收据", "Receipt of fees and charges"),
    "template": InThree("Mẫu số", "格式号", "Form"),
    "serial": InThree("Ký hiệu", "系列", "Series"),
    "number": InThree("Số", "编号", "No."),
    "tax_code": InThree("Mã số thuế", "税号", "Tax code"),
    "address": InThree("Địa chỉ", "地址", "Address"),
    "payer": InThree("Người nộp", "缴款人", "Payer"),
    "plate": InThree("Biển số xe", "车牌号", "Plate"),
    "subject": InThree("Mã tham chiếu", "业务编号", "Reference"),
    "content": InThree("Nội dung thu", "收费项目", "What is charged, and why"),
    "amount": InThree("Số tiền", "金额", "Amount"),
    "total": InThree("Tổng cộng", "合计", "Total"),
    "in_words": InThree("Bằng chữ", "大写", "In words"),
    "method": InThree("Hình thức thanh toán", "付款方式", "Paid by"),
    "transaction": InThree("Mã giao dịch", "交易号", "Transaction"),
    "payment": InThree("Mã thanh toán", "缴费号", "Payment"),
    "paid_at": InThree("Thanh toán lúc", "付款时间", "Paid at"),
    "look_up": InThree("Mã tra cứu", "查询码", "Look-up code"),
    "look_up_at": InThree("Tra cứu tại", "查询网址", "Look it up at"),
    "signed": InThree("Đã ký điện tử", "已电子签名", "Signed electronically"),
    "not_genuine": InThree("CHỮ KÝ KHÔNG HỢP LỆ", "签名无效", "THE SIGNATURE DOES NOT VERIFY"),
    "signed_by": InThree("Ký bởi", "签署人", "By"),
    "signed_at": InThree("Ký lúc", "签署时间", "At"),
    "certificate": InThree("Chứng thư số", "证书号", "Certificate"),
    "reason": InThree("Lý do", "原因", "Reason"),
    "demo": InThree(
        "MÔ PHỎNG – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ",
        "演示，无法律效力",
        "Demonstration, of no legal value",
    ),
    "page": InThree("Trang", "页", "Page"),
}
WATERMARK = "MÔ PHỎNG"
ABOUT = {
    "adjustment": InThree("BIÊN LAI ĐIỀU CHỈNH", "调整收据", "Adjustment receipt"),
    "replacement": InThree("BIÊN LAI THAY THẾ", "替换收据", "Replacement receipt"),
}
"""What an adjustment or a replacement is called."""
OF = {
    "adjustment": InThree(
        "Điều chỉnh cho biên lai {serial} số {number} ngày {day}",
        "调整收据 {serial} 第 {number} 号（{day}）",
        "Adjusts receipt {serial} no. {number} of {day}",
    ),
    "replacement": InThree(
        "Thay thế cho biên lai {serial} số {number} ngày {day}",
        "替换收据 {serial} 第 {number} 号（{day}）",
        "Replaces receipt {serial} no. {number} of {day}",
    ),
}
REPLACED = InThree("ĐÃ BỊ THAY THẾ", "已被替换", "Replaced")
REPLACED_BY = InThree(
    "Đã bị thay thế bởi biên lai {serial} số {number} ngày {day}",
    "已被收据 {serial} 第 {number} 号（{day}）替换",
    "Replaced by receipt {serial} no. {number} of {day}",
)
METHODS = {
    "TM": InThree("Tiền mặt", "现金", "Cash"),
    "CK": InThree("Chuyển khoản", "转账", "Transfer"),
}
KNOWN = (
    chinese([*WORDS.values(), *ABOUT.values(), *METHODS.values(), REPLACED])
    + "零壹贰叁肆伍陆柒捌玖拾佰仟万亿负越南盾整根据第号法令开具的电子收据。"
)
"""The Chinese characters that most receipts need: its words, amounts, and the law it names."""
