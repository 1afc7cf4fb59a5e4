"""The life of a cashier's shift, the notes that are counted, and who looks at a difference.

Pure. A shift is one drawer in one cashier's hands: money is put into it, payments come in, refunds
go out, and in the end the cash is counted without knowing what should be there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar
from uuid import UUID

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.money import Money, total
from border.core.payload import Meaning, Payload
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.identity.policy import Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import GivenReason

CASHIERS = (Role.CASHIER, Role.MANAGER)
"""Who takes money at the desk, and so has a drawer."""
SECOND_PEOPLE = (Role.MANAGER, Role.ACCOUNTANT)
"""Who looks at a difference that is not of their own making, and sees every shift."""
_A_WORKING_DAY = timedelta(hours=16)
_LOOKED_AT = timedelta(days=1)

SHIFT = Lifecycle(
    name="desk_shift",
    label=N_("A cashier's drawer, from the cash put into it to the cash counted out of it."),
    noun=N_("Shift at the desk"),
    states=(
        State("open", N_("Takes money"), owner=Role.CASHIER, timeout=_A_WORKING_DAY),
        State(
            "counted",
            N_("Counted; a second person looks at the difference"),
            owner=Role.MANAGER,
            timeout=_LOOKED_AT,
        ),
        State("closed", N_("Closed")),
    ),
    initial=("open",),
    moves=(
        Move("count", ("open",), "counted", CASHIERS, N_("Count the cash"), needs=("counted",)),
        Move(
            "recount",
            ("counted",),
            "counted",
            SECOND_PEOPLE,
            N_("Count the cash again"),
            needs=("counted",),
            offered=False,
        ),
        Move(
            "approve",
            ("counted",),
            "closed",
            SECOND_PEOPLE,
            N_("Approve the difference"),
            needs=("reason",),
        ),
        Move("close", ("counted",), "closed", (SYSTEM,), N_("Close"), offered=False),
    ),
)

declare(
    "desk_shift",
    allow((Role.CASHIER,), "read", "list", scopes=(Scope.OWN,)),
    allow(SECOND_PEOPLE, "read", "list", "list_waiting"),
    # Into and out of one's own drawer.
    allow(CASHIERS, "open", "take"),
    allow((Role.ACCOUNTANT,), "deposit"),
    bounds=Bounds(own="cashier_id", own_is="id"),
    moves=SHIFT,
    moved_within={Role.CASHIER: Scope.OWN},
)

NOTES: Mapping[str, tuple[int, ...]] = {
    "VND": (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000),
    "CNY": (100_00, 50_00, 20_00, 10_00, 5_00, 1_00, 50, 10),
}
"""What cash comes in, in minor units, the largest first.

source: the State Bank of Vietnam's list of money in circulation, without the notes of 500 đồng and
less and the coins, which nobody pays with any more; the fifth series of the renminbi.
"""
MOST_PIECES = 100_000


@dataclass(frozen=True)
class Sums:
    """What went through a drawer: its beginning, what came in, what went out."""

    float_: Money
    taken: Money
    paid_out: Money

    @property
    def expected(self) -> Money:
        """What must be in the drawer now."""
        minor = self.float_.minor + self.taken.minor - self.paid_out.minor
        return Money(minor, self.float_.currency)


def counted(currency: str, pieces: Sequence[tuple[int, int]], stated: int | None = None) -> Money:
    """Return what counted notes, as (value, pieces), come to; `stated` is what it should add up to.

    refuses: invalid_fields, for a note that does not exist or is counted twice, an impossible
    number of pieces, and notes that do not add up to what was stated.
    """
    errors = list(_miscounted(currency, pieces))
    if errors:
        raise INVALID(errors=errors)
    found = sum(value * number for value, number in pieces)
    if stated is not None and stated != found:
        says = N_("The notes add up to {found}, not to {stated}. Count again.")
        facts = (("found", str(found)), ("stated", str(stated)))
        raise INVALID(errors=[FieldError("counted_minor", "does_not_add_up", says, facts)])
    return Money(found, currency)


def _miscounted(currency: str, pieces: Sequence[tuple[int, int]]) -> Iterator[FieldError]:
    notes = (("notes", ", ".join(map(str, NOTES[currency]))),)
    before: set[int] = set()
    for n, (value, number) in enumerate(pieces):
        where = f"denominations.{n}"
        if value not in NOTES[currency]:
            says = N_("There is no such note. Count notes of: {notes}.")
            yield FieldError(f"{where}.value", "unknown_note", says, notes)
        elif value in before:
            yield FieldError(f"{where}.value", "twice", N_("Count each kind of note once."))
        if not 0 <= number <= MOST_PIECES:
            says = N_("Give the number of pieces, 0 to {most}.")
            yield FieldError(f"{where}.pieces", "pieces", says, (("most", str(MOST_PIECES)),))
        before.add(value)


def stored(pieces: Sequence[tuple[int, int]]) -> list[dict[str, int]]:
    """Return counted notes as they are kept: `{value, pieces}`, the largest first."""
    there = sorted(pieces, reverse=True)
    return [{"value": value, "pieces": number} for value, number in there if number]


def is_second(person: UUID | None, cashier: UUID, counter: UUID | None) -> bool:
    """Say whether somebody is another than the cashier and than whoever counted."""
    return person is not None and person not in (cashier, counter)


def to_deposit(drawers: Collection[tuple[Money, Money]]) -> Money:
    """Return what goes to the bank from drawers, each as (counted, float): the float stays."""
    kept = [Money(found.minor - float_.minor, found.currency) for found, float_ in drawers]
    return total(kept, kept[0].currency)


class DrawerPayload(Payload):
    """The currency of a drawer; no sum of cash leaves the zone."""

    columns: ClassVar[Mapping[str, str]] = {"drawer_currency": "currency"}

    drawer_currency: Annotated[str, Meaning("Currency of the cash in a drawer.", private=True)]


class ShiftOpened(DrawerPayload):
    """What was put into a drawer."""

    float_minor: Annotated[int, Meaning("Cash put into the drawer.", private=True)]


class ShiftCounted(DrawerPayload):
    """What was counted, and what should have been there."""

    expected_minor: Annotated[int, Meaning("Cash that should be there.", private=True)]
    counted_minor: Annotated[int, Meaning("Cash that was counted.", private=True)]
    variance_minor: Annotated[int, Meaning("Counted less expected.", private=True)]


class ShiftApproved(Payload):
    """What a second person found about a difference."""

    reason: GivenReason


EVENTS = events_of(
    SHIFT,
    besides=(
        Besides("update", N_("Bring the cash to the bank"), holders("desk_shift.deposit")),
        Besides("open", N_("Open a shift at the desk"), holders("desk_shift.open"), ShiftOpened),
    ),
    count=ShiftCounted,
    recount=ShiftCounted,
    approve=ShiftApproved,
)
