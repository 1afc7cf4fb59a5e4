"""Those who carry messages: a mail server, Zalo, an SMS gateway, WeChat, and who receives them."""
