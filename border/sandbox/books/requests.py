"""The RequestIds VNPAY has seen, each once a day."""

from border.sandbox.books.state_file import StateFile


class Requests:
    """The seen requests in the state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def see(self, request_id: str, on_day: str) -> bool:
        """Remember a query's or refund's RequestId; False when the day has seen it before."""
        return bool(
            self._file.execute(
                "INSERT INTO request_seen VALUES (?, ?) ON CONFLICT DO NOTHING",
                (request_id, on_day),
            ).rowcount
        )
