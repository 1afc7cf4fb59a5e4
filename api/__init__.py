"""The wire: parse, call one service, answer. Nothing imports this package."""
