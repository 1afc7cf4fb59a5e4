"""What the sandbox's pages say, in Vietnamese, English and Chinese.

An outside company's words: they are not in the service's own catalogues.
"""

from collections.abc import Callable

LANGUAGES = ("vi", "en", "zh")
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English", "zh": "中文"}
_OF_LOCALE = {"vn": "vi", "en": "en"}

_WORDS = {
    "title": ("Cổng thanh toán", "Payment gateway", "支付网关"),
    "no_real_money": (
        "Không có tiền thật được chuyển.",
        "No real money moves here.",
        "不会发生真实资金划转。",
    ),
    "merchant": ("Đơn vị thu", "Merchant", "收款单位"),
    "order_info": ("Nội dung", "Order", "订单内容"),
    "reference": ("Mã giao dịch", "Reference", "交易参考号"),
    "expires": ("Hạn thanh toán", "Pay before", "付款截止时间"),
    "amount": ("Số tiền", "Amount", "金额"),
    "choose": ("Chọn kết quả", "Choose what happens", "选择结果"),
    "trouble": ("Thử sự cố", "Try something going wrong", "模拟异常"),
    "card": ("Trả bằng thẻ thử", "Pay with a test card", "使用测试卡支付"),
    "card_number": ("Số thẻ", "Card number", "卡号"),
    "card_holder": ("Tên chủ thẻ", "Name on card", "持卡人姓名"),
    "card_issued": ("Ngày phát hành (MM/YY)", "Issue date (MM/YY)", "发卡日期 (MM/YY)"),
    "card_otp": ("Mã OTP", "One-time password", "一次性密码"),
    "card_pay": ("Thanh toán bằng thẻ", "Pay by card", "刷卡支付"),
    "card_hint": (
        "Ngân hàng NCB · NGUYEN VAN A · 07/15 · OTP 123456",
        "Bank NCB · NGUYEN VAN A · 07/15 · OTP 123456",
        "NCB 银行 · NGUYEN VAN A · 07/15 · OTP 123456",
    ),
    "card_unknown": (
        "Không có thẻ thử nào như vậy. Hãy kiểm tra số thẻ, tên và ngày phát hành.",
        "There is no such test card. Check the number, the name and the issue date.",
        "没有这张测试卡。请检查卡号、姓名和发卡日期。",
    ),
    "pay": ("Thanh toán thành công", "Pay successfully", "支付成功"),
    "cancel": ("Hủy giao dịch", "Cancel", "取消支付"),
    "insufficient_funds": ("Không đủ số dư", "Insufficient funds", "余额不足"),
    "card_locked": ("Thẻ bị khóa", "Card locked", "卡已锁定"),
    "card_expired": ("Thẻ hết hạn", "Card expired", "卡已过期"),
    "callback_before_return": (
        "Báo kết quả trước khi quay về",
        "Call back before returning",
        "先通知商户，再返回",
    ),
    "callback_after_return": (
        "Báo kết quả sau khi quay về",
        "Call back after returning",
        "先返回，再通知商户",
    ),
    "no_callback": (
        "Đã trả tiền, không bao giờ báo",
        "Pay but never call back",
        "已付款，但从不通知",
    ),
    "duplicate_callback": ("Báo kết quả hai lần", "Call back twice", "重复通知"),
    "pay_twice": ("Trả tiền hai lần", "Pay twice", "重复付款"),
    "wrong_amount": (
        "Báo sai số tiền (−1.000 ₫)",
        "Wrong amount in the callback (−1,000 VND)",
        "通知金额错误（−1,000 越南盾）",
    ),
    "pay_late": (
        "Trả tiền sau khi hết hạn",
        "Pay after the time limit",
        "超过截止时间后付款",
    ),
    "refused": (
        "Không thể thanh toán",
        "This payment cannot be made",
        "无法付款",
    ),
    "code": ("Mã lỗi", "Code", "错误代码"),
    "refused_02": (
        "Đơn vị thu không được biết ở cổng này.",
        "This gateway does not know the merchant.",
        "网关不认识该商户。",
    ),
    "refused_03": (
        "Yêu cầu thanh toán sai định dạng.",
        "The payment request is malformed.",
        "付款请求格式错误。",
    ),
    "refused_70": (
        "Sai chữ ký: yêu cầu không đến từ đơn vị thu.",
        "Wrong signature: the request does not come from the merchant.",
        "签名错误：请求并非来自商户。",
    ),
    "refused_11": (
        "Đã hết hạn thanh toán. Hãy quay lại và tạo thanh toán mới.",
        "The time to pay has passed. Go back and start a new payment.",
        "付款时间已过。请返回并重新发起付款。",
    ),
    "refused_94": (
        "Mã giao dịch này đã được dùng cho một yêu cầu khác.",
        "This reference was used for another request already.",
        "该交易参考号已用于另一笔请求。",
    ),
    "refused_91": (
        "Không tìm thấy giao dịch.",
        "There is no such payment.",
        "没有找到该交易。",
    ),
    "settled": (
        "Giao dịch này đã kết thúc",
        "This payment has ended already",
        "该交易已结束",
    ),
    "go_back": ("Quay về đơn vị thu", "Return to the merchant", "返回商户"),
    "operator": ("Giao dịch ở cổng mô phỏng", "Payments at the sandbox", "模拟网关的交易"),
    "nothing_yet": ("Chưa có giao dịch nào.", "No payment yet.", "还没有交易。"),
    "state_open": ("đang chờ", "open", "待支付"),
    "state_settled": ("đã kết thúc", "ended", "已结束"),
    "kind_01": ("thanh toán", "payment", "付款"),
    "kind_02": ("hoàn toàn bộ", "full refund", "全额退款"),
    "kind_03": ("hoàn một phần", "partial refund", "部分退款"),
    "response": ("mã trả lời", "response", "应答码"),
    "status": ("trạng thái", "status", "状态"),
    "callback": ("Báo kết quả", "Callback", "通知"),
    "callback_waiting": ("sẽ gọi lại", "to be called", "等待通知"),
    "callback_confirmed": ("đã xác nhận", "confirmed", "已确认"),
    "callback_given_up": ("đã dừng", "given up", "已放弃"),
    "callback_withheld": ("không gửi", "withheld", "未发送"),
    "calls": ("lần gọi", "calls", "次通知"),
    "no_answer": ("không có trả lời", "no answer", "无应答"),
    "send_again": ("Gửi lại", "Send again", "重新发送"),
}


def language_of(wanted: str | None, locale: str = "vn") -> str:
    """Return the language asked for, else that of the order's vnp_Locale."""
    return wanted if wanted in LANGUAGES else _OF_LOCALE.get(locale, "vi")


def speaker(language: str) -> Callable[[str], str]:
    """Return what looks up a sentence in `language`; an unknown key is a mistake (KeyError)."""
    place = LANGUAGES.index(language)
    return lambda key: _WORDS[key][place]


def written_amount(language: str, amount_vnd: int) -> str:
    """Return the amount as people write it in `language`."""
    grouped = f"{amount_vnd:,}"
    if language == "vi":
        return grouped.replace(",", ".") + " ₫"
    return grouped + (" 越南盾" if language == "zh" else " VND")
