"""Words of the inbox."""

WORDS = {
    "inbox": ("Hộp thư của mọi người", "Everybody's inbox", "所有人的收件箱"),
    "inbox_empty": ("Chưa có tin nào.", "No message yet.", "还没有消息。"),
    "inbox_hint": (
        "Tin gửi tới bất kỳ ai đều hiện ở đây; không có tin nào ra ngoài.",
        "Whatever is sent to anybody is shown here; nothing leaves this machine.",
        "发给任何人的消息都显示在这里，不会发送到外部。",
    ),
    "channel_email": ("Thư điện tử", "E-mail", "电子邮件"),
    "channel_sms": ("SMS", "SMS", "短信"),
    "channel_zalo": ("Zalo", "Zalo", "Zalo"),
    "channel_wechat": ("WeChat", "WeChat", "微信"),
    "channel_webpush": ("Trình duyệt", "Browser", "浏览器"),
}
