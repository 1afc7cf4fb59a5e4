"""Words of the operator's page."""

WORDS = {
    "operator": ("Giao dịch ở cổng mô phỏng", "Payments at the sandbox", "模拟网关的交易"),
    "nothing_yet": ("Chưa có giao dịch nào.", "No payment yet.", "还没有交易。"),
    "state_open": ("đang chờ", "open", "待支付"),
    "state_settled": ("đã kết thúc", "ended", "已结束"),
    "kind_01": ("thanh toán", "payment", "付款"),
    "kind_02": ("hoàn toàn bộ", "full refund", "全额退款"),
    "kind_03": ("hoàn một phần", "partial refund", "部分退款"),
    "response": ("mã trả lời", "response", "应答码"),
    "status": ("trạng thái", "status", "状态"),
    "vnpay": ("VNPAY", "VNPAY", "VNPAY"),
    "bank": ("Ngân hàng (VietQR)", "Bank (VietQR)", "银行 (VietQR)"),
    "portal": (
        "Cổng Dịch vụ công quốc gia",
        "National public service portal",
        "国家公共服务门户",
    ),
    "statements": ("Sao kê trong ngày", "Statements of a day", "日对账单"),
    "day": ("Ngày", "Day", "日期"),
    "pay_out": (
        "Chuyển tiền về ngân hàng ngay",
        "Pay out to the bank now",
        "立即结算到银行账户",
    ),
    "pay_out_hint": (
        "Mỗi ngày tự chuyển lúc 23:59:59: tổng thu trừ hoàn tiền và phí"
        " (VNPAY 0,88 %, Cổng Dịch vụ công 0 %).",
        "Every day pays out at 23:59:59: takings less refunds and fees (VNPAY 0.88 %, portal 0 %).",
        "每日 23:59:59 自动结算：收款减去退款和手续费（VNPAY 0.88%，门户 0%）。",
    ),
    "give_back": (
        "Hoàn tiền tại cổng, không báo",
        "Refund at the gateway, untold",
        "网关直接退款（不通知）",
    ),
    "send_back": ("Chuyển trả lại", "Send back", "退回转账"),
    "send_money": ("Chuyển tiền đi", "Send money out", "转出款项"),
    "send_money_hint": (
        "Từ tài khoản của đơn vị thu; chỉ sao kê ngân hàng cho thấy.",
        "From the merchant's account; only the bank statement shows it.",
        "从商户账户转出；只在银行对账单上显示。",
    ),
    "bill_paid": ("đã trả", "paid", "已付"),
    "bill_failed": ("không thành", "failed", "失败"),
    "direction_C": ("tiền vào", "in", "转入"),
    "direction_D": ("tiền ra", "out", "转出"),
    "not_ours": ("tài khoản khác", "another account", "其他账户"),
    "done_refunded": ("Đã hoàn tiền tại cổng.", "Refunded at the gateway.", "已在网关退款。"),
    "done_nothing_to_refund": (
        "Không còn tiền để hoàn.",
        "There is nothing left to give back.",
        "没有可退的金额。",
    ),
    "done_paid_out": (
        "Đã chuyển tiền về ngân hàng.",
        "Paid out to the bank account.",
        "已结算到银行账户。",
    ),
    "done_nothing_to_pay_out": (
        "Không có tiền để chuyển.",
        "There is nothing to pay out.",
        "没有可结算的金额。",
    ),
    "done_sent": ("Đã chuyển tiền đi.", "The money was sent.", "款项已转出。"),
}
