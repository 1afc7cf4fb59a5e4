"""Words of the portal's own pages."""

WORDS = {
    "portal_title": (
        "Cổng Dịch vụ công quốc gia · Thanh toán",
        "National public service portal · Payment",
        "国家公共服务门户 · 缴费",
    ),
    "bill_paid_title": ("Đã nộp tiền", "Paid", "已缴费"),
    "bill_paid_says": (
        "Kết quả được báo cho đơn vị thu. Có thể đóng trang này.",
        "The merchant is told. This page may be closed.",
        "结果会通知收款单位。可以关闭本页。",
    ),
    "bill_under_review_title": ("Đang kiểm tra", "Under review", "审核中"),
    "bill_under_review_says": (
        "Tiền đã bị trừ nhưng giao dịch bị nghi ngờ và đang được kiểm tra.",
        "The money was taken, but the payment is under suspicion and is being looked into.",
        "已扣款，但该交易存疑，正在核查。",
    ),
    "bill_failed_title": ("Chưa nộp được tiền", "Not paid", "缴费未成功"),
    "bill_failed_says": (
        "Không có khoản tiền nào bị trừ. Hãy quay lại đơn vị thu và tạo thanh toán mới.",
        "No money was taken. Go back to the merchant and start a new payment.",
        "没有扣款。请返回收款单位并重新发起缴费。",
    ),
}
