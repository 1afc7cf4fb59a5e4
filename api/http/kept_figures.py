"""What everybody looks at, board, places and wall: computed once after a change, in each process.

So a thousand open pages ask the database as often as one. A page keeps what it drew of a value
beside that value, in each language.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from border.core.clock import local_date, local_midnight
from border.core.kept import Kept
from border.core.money import Money
from border.core.store import Store
from border.payments.collection import takings
from logistics import board, today
from logistics.board import GateBoard
from logistics.calling.place_service import YardPlaces
from logistics.figures import COUNTED_ANEW
from logistics.standby import placing_service
from logistics.today import GateToday

T = TypeVar("T")

SHOWN_ON_THE_BOARD = ("passage.", "booking.", "scan.", "throughput.", "call.", "standby_entry.")
"""How the events begin after which the board is another."""
SHOWN_ON_THE_WALL = ("passage.", "scan.", "charge.", "throughput.")
_MAKE_SLOTS = ("regulation.", "slot_limit.")


@dataclass
class Figures(Generic[T]):
    """What was found, as of an instant, and what was drawn of it: by what it is and language."""

    as_of: datetime
    found: T
    drawn: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wall:
    """The gates today, and what was taken at each."""

    gates: Sequence[GateToday]
    taken: Sequence[tuple[str, Money]]


class KeptFigures:
    """The board, the places in line and the wall of one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        on_board = (*SHOWN_ON_THE_BOARD, *_MAKE_SLOTS, COUNTED_ANEW)
        on_wall = (*on_board, *SHOWN_ON_THE_WALL)
        self.board = Kept(store.clock, store.committed, on_board, self._board)
        moves = (*SHOWN_ON_THE_BOARD, "declaration.", "slip.", "regulation.", COUNTED_ANEW)
        self.places = Kept(store.clock, store.committed, moves, self._places)
        self.wall = Kept(store.clock, store.committed, on_wall, self._wall)

    def forget(self) -> None:
        """Forget what was computed: somebody has changed the database and told nobody."""
        self.board.forget()
        self.places.forget()
        self.wall.forget()

    async def _board(self, at: datetime) -> Figures[list[GateBoard]]:
        async with self._store.reading() as connection:
            return Figures(at, await board.board(connection, at))

    async def _places(self, at: datetime) -> Figures[YardPlaces]:
        async with self._store.reading() as connection:
            return Figures(at, await placing_service.places(connection, at))

    async def _wall(self, at: datetime) -> Figures[Wall]:
        begin = local_midnight(local_date(at))
        async with self._store.reading() as connection:
            gates = await today.today(connection, at)
            taken = await takings.revenue(connection, begin, begin + timedelta(days=1))
        return Figures(at, Wall(gates, taken))
