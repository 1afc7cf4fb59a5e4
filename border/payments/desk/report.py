"""A shift as it is read: by its cashier, blind until the cash is counted, and by the office."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.identity import policy
from border.identity.service import names_of
from border.payments.desk import storage
from border.payments.desk.shift import Sums
from border.payments.desk.storage import DrawerLine
from border.payments.desk.tables import DeskShiftRow

_WAITING = 200


@dataclass(frozen=True)
class Report:
    """A shift with everything that went through its drawer.

    With `blind` the reader has still to count it: `sums` is nothing and `lines` is empty, only
    how many there are is told. `names` are people by their id.
    """

    shift: DeskShiftRow
    count: int
    blind: bool
    sums: Sums | None
    lines: list[DrawerLine]
    names: dict[str, str]

    @property
    def takings(self) -> list[DrawerLine]:
        """What came in."""
        return [line for line in self.lines if line.kind == "taking"]

    @property
    def payouts(self) -> list[DrawerLine]:
        """What went out."""
        return [line for line in self.lines if line.kind == "payout"]

    def name(self, id: UUID | None) -> str:
        """Return somebody's name, or nothing."""
        return self.names.get(str(id), "")


@dataclass(frozen=True)
class ListedShift:
    """A shift in a list: whose it is, and how often money went in or out."""

    shift: DeskShiftRow
    cashier: str
    count: int


async def get_shift(connection: AsyncConnection, actor: Actor, id: UUID) -> DeskShiftRow:
    """Return a shift: to its cashier, and to those who look at every one.

    refuses: not_allowed, not_found.
    """
    policy.check(actor, "desk_shift.read")
    return policy.found(actor, "desk_shift.read", await storage.shift_by_id(connection, id))


def is_blind(actor: Actor, shift: DeskShiftRow) -> bool:
    """Say whether the reader must not know yet what should be in the drawer."""
    own = shift.cashier_id == actor.id
    return shift.state == "open" and (own or not policy.may(actor, "desk_shift.approve"))


async def report(connection: AsyncConnection, actor: Actor, id: UUID) -> Report:
    """Return a shift with what went through its drawer. refuses: not_allowed, not_found."""
    shift = await get_shift(connection, actor, id)
    lines = await storage.lines(connection, id)
    people = (shift.cashier_id, shift.counted_by, shift.approved_by, shift.deposited_by)
    names = await names_of(connection, {str(person) for person in people if person})
    if is_blind(actor, shift):
        return Report(shift, len(lines), True, None, [], names)
    sums = await storage.sums(connection, shift)
    return Report(shift, len(lines), False, sums, lines, names)


async def list_shifts(
    connection: AsyncConnection,
    actor: Actor,
    states: Collection[str] = (),
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
    *,
    own: bool = False,
) -> list[ListedShift]:
    """Return shifts, the newest first: a cashier's own, or every one to those who look at them.

    refuses: not_allowed.
    """
    policy.check(actor, "desk_shift.list")
    found = await storage.shifts(
        connection,
        policy.reach(actor, "desk_shift.list"),
        cashier_id=actor.id if own else None,
        states=states,
        after=after,
        limit=limit,
    )
    return await _listed(connection, found)


async def waiting_shifts(connection: AsyncConnection, actor: Actor) -> list[ListedShift]:
    """Return the shifts whose difference, or whose way to the bank, waits for somebody.

    refuses: not_allowed.
    """
    policy.check(actor, "desk_shift.list_waiting")
    return await _listed(connection, await storage.waiting(connection, _WAITING))


async def _listed(connection: AsyncConnection, found: list[DeskShiftRow]) -> list[ListedShift]:
    counts = await storage.counts(connection, [shift.id for shift in found])
    names = await names_of(connection, {str(shift.cashier_id) for shift in found})
    return [ListedShift(one, names.get(str(one.cashier_id), ""), counts[one.id]) for one in found]
