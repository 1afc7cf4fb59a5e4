"""WeChat, by our Official Account."""
