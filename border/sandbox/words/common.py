"""Words that several gateways' pages say."""

WORDS = {
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
    "refused": (
        "Không thể thanh toán",
        "This payment cannot be made",
        "无法付款",
    ),
    "code": ("Mã lỗi", "Code", "错误代码"),
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
    "callback": ("Báo kết quả", "Callback", "通知"),
    "callback_waiting": ("sẽ gọi lại", "to be called", "等待通知"),
    "callback_confirmed": ("đã xác nhận", "confirmed", "已确认"),
    "callback_given_up": ("đã dừng", "given up", "已放弃"),
    "callback_withheld": ("không gửi", "withheld", "未发送"),
    "calls": ("lần gọi", "calls", "次通知"),
    "no_answer": ("không có trả lời", "no answer", "无应答"),
    "send_again": ("Gửi lại", "Send again", "重新发送"),
    "to_bank_app": ("Ứng dụng ngân hàng", "Bank app", "银行应用"),
    "to_operator": ("Sổ giao dịch", "All payments", "全部交易"),
}
