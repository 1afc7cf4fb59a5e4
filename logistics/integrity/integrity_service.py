"""Who has the places of a gate, and which trucks were called out of turn. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border import gates
from border.core.actor import Actor, Role
from border.core.clock import local_date, local_midnight
from border.core.store import AnyRow
from border.identity import policy
from logistics.integrity import storage
from logistics.integrity.concentration import Concentration, concentration, permille

policy.declare("integrity_figure", policy.allow((Role.MANAGER,), "read"))
MOST_DAYS = 366
_MOST = 20
_MOST_RECORDS = 100


@dataclass(frozen=True)
class Integrity:
    """The figures K20 and K21 of a gate within a time, with the records they are counted from."""

    begin: datetime
    end: datetime
    concentration: Concentration
    calls: int
    out_of_turn: int
    overrides: Sequence[AnyRow]

    @property
    def out_of_turn_permille(self) -> int | None:
        """The share of calls out of turn in tenths of a per cent; None where nobody was called."""
        return permille(self.out_of_turn, self.calls)


def days_until_now(at: datetime, days: int) -> tuple[datetime, datetime]:
    """Return the stretch of so many local days that ends with today's."""
    end = local_midnight(local_date(at) + timedelta(days=1))
    return end - timedelta(days=days), end


async def integrity(
    connection: AsyncConnection, actor: Actor, gate: str, at: datetime, days: int
) -> Integrity:
    """Return the figures of a gate over some days. refuses: not_allowed, not_found."""
    policy.check(actor, "integrity_figure.read")
    await gates.gate(connection, gate)
    begin, end = days_until_now(at, days)
    found = await storage.firms(connection, gate, begin, end, _MOST)
    called = await storage.calls(connection, gate, begin, end)
    return Integrity(
        begin,
        end,
        concentration(found),
        called.calls,
        called.out_of_turn,
        await storage.overrides(connection, gate, begin, end, _MOST_RECORDS),
    )


async def places_of(
    connection: AsyncConnection, actor: Actor, gate: str, at: datetime, days: int, firm: UUID
) -> Sequence[AnyRow]:
    """Return the bookings that a firm's share is counted from. refuses: not_allowed."""
    policy.check(actor, "integrity_figure.read")
    begin, end = days_until_now(at, days)
    return await storage.places_of_firm(connection, gate, begin, end, firm, _MOST_RECORDS)
