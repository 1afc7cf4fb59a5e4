"""Words of the pay pages: VNPAY's, and the choices the portal's shares with it."""

WORDS = {
    "title": ("Cổng thanh toán", "Payment gateway", "支付网关"),
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
    "bad_signature": (
        "Báo kết quả sai chữ ký",
        "Call back with a bad signature",
        "通知签名错误",
    ),
    "suspected": (
        "Trừ tiền, nghi ngờ gian lận (07)",
        "Charged, under suspicion (07)",
        "已扣款，疑似欺诈 (07)",
    ),
}
