"""A shift as it is read: by its cashier, blind until the cash is counted, and by the office."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.identity.actor import Actor
from border.identity.service import names_of
from border.payments.desk import storage
from border.payments.desk.shift import CASHIERS, SECOND_PEOPLE, Sums
from border.payments.desk.storage import Line
from border.payments.desk.tables import DeskShiftRow
from border.refusal import NOT_ALLOWED, NOT_FOUND

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
    lines: list[Line]
    names: dict[str, str]

    @property
    def takings(self) -> list[Line]:
        """What came in."""
        return [line for line in self.lines if line.kind == "taking"]

    @property
    def payouts(self) -> list[Line]:
        """What went out."""
        return [line for line in self.lines if line.kind == "payout"]

    def name(self, id: UUID | None) -> str:
        """Return somebody's name, or nothing."""
        return self.names.get(str(id), "")


@dataclass(frozen=True)
class Listed:
    """A shift in a list: whose it is, and how often money went in or out."""

    shift: DeskShiftRow
    cashier: str
    count: int


async def get_shift(connection: AsyncConnection, actor: Actor, id: UUID) -> DeskShiftRow:
    """Return a shift: to its cashier, and to those who look at every one.

    refuses: not_allowed, not_found.
    """
    _refuse_strangers(actor)
    found = await storage.shift_by_id(connection, id)
    if found is None or not (actor.has(*SECOND_PEOPLE) or found.cashier_id == actor.id):
        raise NOT_FOUND(what="desk_shift")
    return found


def is_blind(actor: Actor, shift: DeskShiftRow) -> bool:
    """Say whether the reader must not know yet what should be in the drawer."""
    return shift.state == "open" and (shift.cashier_id == actor.id or not actor.has(*SECOND_PEOPLE))


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
) -> list[Listed]:
    """Return shifts, the newest first: a cashier's own, or every one to those who look at them.

    refuses: not_allowed.
    """
    _refuse_strangers(actor)
    cashier_id = actor.id if own or not actor.has(*SECOND_PEOPLE) else None
    found = await storage.shifts(
        connection, cashier_id=cashier_id, states=states, after=after, limit=limit
    )
    return await _listed(connection, found)


async def waiting_shifts(connection: AsyncConnection, actor: Actor) -> list[Listed]:
    """Return the shifts whose difference, or whose way to the bank, waits for somebody.

    refuses: not_allowed.
    """
    if not actor.has(*SECOND_PEOPLE):
        raise NOT_ALLOWED(needs=[role.value for role in SECOND_PEOPLE])
    return await _listed(connection, await storage.waiting(connection, _WAITING))


async def _listed(connection: AsyncConnection, found: list[DeskShiftRow]) -> list[Listed]:
    counts = await storage.counts(connection, [shift.id for shift in found])
    names = await names_of(connection, {str(shift.cashier_id) for shift in found})
    return [Listed(one, names.get(str(one.cashier_id), ""), counts[one.id]) for one in found]


def _refuse_strangers(actor: Actor) -> None:
    who = dict.fromkeys((*CASHIERS, *SECOND_PEOPLE))
    if not actor.has(*who):
        raise NOT_ALLOWED(needs=[role.value for role in who])
