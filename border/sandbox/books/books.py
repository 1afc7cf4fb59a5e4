"""All the books of one sandbox, held together over its one state file."""

from contextlib import AbstractContextManager
from pathlib import Path

from border.sandbox.books.bills import Bills
from border.sandbox.books.callbacks import Callbacks
from border.sandbox.books.intakes import Intakes
from border.sandbox.books.letters import Letters
from border.sandbox.books.movements import Movements
from border.sandbox.books.orders import Orders
from border.sandbox.books.payouts import Payouts
from border.sandbox.books.plans import Plans
from border.sandbox.books.post_keys import PostKeys
from border.sandbox.books.requests import Requests
from border.sandbox.books.state_file import StateFile
from border.sandbox.books.transfers import Transfers


class Books:
    """The open books; one process at a time."""

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path)
        self.plans = Plans(self._file)
        self.orders = Orders(self._file, self.plans)
        self.movements = Movements(self._file)
        self.requests = Requests(self._file)
        self.transfers = Transfers(self._file)
        self.bills = Bills(self._file)
        self.payouts = Payouts(self._file)
        self.callbacks = Callbacks(self._file)
        self.intakes = Intakes(self._file)
        self.letters = Letters(self._file)
        self.post_keys = PostKeys(self._file)

    def close(self) -> None:
        """Close the file; nothing is pending in memory."""
        self._file.close()

    def one_commit(self) -> AbstractContextManager[None]:
        """Make the writes inside one transaction: all of them, or none."""
        return self._file.one_commit()
