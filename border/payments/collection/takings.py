"""What came in and what waits: the figures of payments for those who run the zone. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.money import Money
from border.payments.charges import storage as charge_storage
from border.payments.collection import payment_storage
from border.payments.collection.payment import PAYMENT
from border.payments.collection.tables import WAITING


@dataclass(frozen=True)
class Waiting:
    """Payments in one state that somebody waits for; `since` is when the oldest came into it."""

    state: str
    says: str
    count: int
    since: datetime | None


async def waiting(connection: AsyncConnection) -> list[Waiting]:
    """Return how many payments wait for a gateway's word, for their rest, and for the zone's."""
    found = await payment_storage.waiting_payments(connection)
    return [
        Waiting(state, PAYMENT.state(state).label, *found.get(state, (0, None)))
        for state in WAITING
    ]


async def revenue(
    connection: AsyncConnection, begin: datetime, end: datetime
) -> Sequence[tuple[str, Money]]:
    """Return the charges settled from `begin` to before `end`, summed by gate and currency."""
    return await charge_storage.settled_between(connection, begin, end)
