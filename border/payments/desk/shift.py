"""The life of a cashier's shift, the notes that are counted, and who looks at a difference.

Pure. A shift is one drawer in one cashier's hands: money is put into it, payments come in, refunds
go out, and in the end the cash is counted without knowing what should be there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from border.identity.actor import Role
from border.lifecycle import SYSTEM, Lifecycle, Move, State
from border.money import Money, total
from border.refusal import INVALID, FieldError
from border.words import N_

CASHIERS = (Role.CASHIER, Role.MANAGER)
"""Who takes money at the desk, and so has a drawer."""
SECOND_PEOPLE = (Role.MANAGER, Role.ACCOUNTANT)
"""Who looks at a difference that is not of their own making, and sees every shift."""
_A_WORKING_DAY = timedelta(hours=16)
_LOOKED_AT = timedelta(days=1)

SHIFT = Lifecycle(
    name="desk_shift",
    says=N_("A cashier's drawer, from the cash put into it to the cash counted out of it."),
    states=(
        State("open", N_("Takes money"), owner=Role.CASHIER, after=_A_WORKING_DAY),
        State(
            "counted",
            N_("Counted; a second person looks at the difference"),
            owner=Role.MANAGER,
            after=_LOOKED_AT,
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


def counted(currency: str, pieces: Sequence[tuple[int, int]], told: int | None = None) -> Money:
    """Return what counted notes, as (value, pieces), come to; `told` is what it should add up to.

    refuses: invalid_fields, for a note that does not exist or is counted twice, an impossible
    number of pieces, and notes that do not add up to what was told.
    """
    errors = list(_miscounted(currency, pieces))
    if errors:
        raise INVALID(errors=errors)
    found = sum(value * number for value, number in pieces)
    if told is not None and told != found:
        says = N_("The notes add up to {found}, not to {told}. Count again.")
        facts = (("found", str(found)), ("told", str(told)))
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
