"""The words printed on a payment request, in three languages."""

from border.paper.words import InThree, chinese

WORDS = {
    "title": InThree("PHIẾU ĐỀ NGHỊ THANH TOÁN", "缴费通知单", "Payment request"),
    "reference": InThree("Mã thanh toán", "缴费号", "Payment"),
    "payer": InThree("Người nộp", "缴费人", "Payer"),
    "due": InThree("Nộp trước", "缴费截止", "Pay before"),
    "our_time": InThree("Giờ Việt Nam", "越南时间", "Vietnam time"),
    "hekou_time": InThree("Giờ Hà Khẩu", "河口时间", "Hekou time"),
    "lines": InThree("Các khoản phải nộp", "应缴项目", "What is to be paid"),
    "more": InThree("và {n} khoản khác", "另有{n}项", "and {n} more"),
    "total": InThree("Tổng cộng", "合计", "Total"),
    "transfer": InThree("CHUYỂN KHOẢN", "银行转账", "Bank transfer"),
    "scan": InThree("Quét bằng ứng dụng ngân hàng", "用银行应用扫码", "Scan with a banking app"),
    "bank": InThree("Ngân hàng", "银行", "Bank"),
    "account": InThree("Số tài khoản", "账号", "Account"),
    "account_name": InThree("Tên tài khoản", "户名", "Account name"),
    "amount": InThree("Số tiền", "金额", "Amount"),
    "memo": InThree("Nội dung chuyển khoản", "转账附言", "Memo to write"),
}
NOTICES = (
    InThree(
        "Giữ nguyên số tiền và nội dung; thiếu nội dung thì không biết ai đã nộp.",
        "请勿更改金额和附言；没有附言无法确认缴费人。",
        "Change neither amount nor memo; without the memo nobody can tell who paid.",
    ),
    InThree(
        "Một phiếu chỉ nộp một lần. Quá hạn, hãy lấy phiếu mới trước khi chuyển.",
        "一单只缴一次。过期请先领取新单再转账。",
        "Pay once for one request. After the time above, get a new one first.",
    ),
    InThree(
        "Phiếu này không phải là biên lai.",
        "本单不是收据。",
        "This request is not a receipt.",
    ),
)
ISSUED = InThree("Lập lúc", "制单时间", "Made")
KNOWN = chinese([*WORDS.values(), *NOTICES, ISSUED])
"""The Chinese characters that every payment request needs."""
