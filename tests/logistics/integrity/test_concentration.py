"""K20 and K21: the arithmetic, and that what is counted is what the records say."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from border.core.actor import Actor, Role
from border.core.ids import new_id
from border.core.refusal import Refusal
from logistics.integrity import integrity_service
from logistics.integrity.concentration import FIRST, concentration, permille
from tests.logistics.conftest import GATE

MANAGER = Actor(new_id(), "office", frozenset({Role.MANAGER}))


@dataclass(frozen=True)
class Counted:
    """A firm as it is counted."""

    places: int
    plates: int
    all_places: int
    all_plates: int
    firm: str = "Firm"
    firm_id: UUID = field(default_factory=new_id)


@pytest.mark.parametrize(
    ("part", "whole", "is_"),
    [(0, 0, None), (0, 3, 0), (1, 3, 333), (2, 3, 667), (1, 2000, 1), (3, 3, 1000)],
)
def test_a_part_is_told_in_tenths_of_a_per_cent(part: int, whole: int, is_: int | None) -> None:
    assert permille(part, whole) == is_


def test_the_first_five_firms_are_the_figure_and_each_firm_stands_beside_its_plates() -> None:
    sizes = [40, 20, 10, 10, 10, 10]
    found = concentration([Counted(n, 2, sum(sizes), 12) for n in sizes])
    assert FIRST == 5
    assert (found.places, found.first_permille, found.first_plates_permille) == (100, 900, 833)
    first = found.firms[0]
    assert (first.places_permille, first.plates_permille) == (400, 167)
    none = concentration([])
    assert (none.places, none.first_permille, none.firms) == (0, None, ())


async def test_places_are_counted_for_the_firm_and_lead_to_their_bookings(yard: Any) -> None:
    slot, later = await yard.slot(), await yard.slot(16)
    for hour in (slot, later):
        booked = await yard.book(hour, plate="24C-000.07")
        if hour is slot:
            yard.clock.at = slot.ends_at + timedelta(minutes=31)
            await yard.sweep()
    await yard.book(later, actor=yard.rival)
    await yard.cancel(await yard.book(await yard.slot(21), actor=yard.rival), yard.rival)
    async with yard.store.reading() as connection:
        at = yard.clock.now()
        found = await integrity_service.integrity(connection, MANAGER, GATE, at, 1)
        ours, theirs = found.concentration.firms
        assert (ours.firm, ours.places, ours.plates) == ("Sao Mai", 2, 1)
        assert (ours.places_permille, ours.plates_permille) == (667, 500)
        assert (theirs.firm, theirs.places) == ("Song Hong", 1), "cancelled in time counts nowhere"
        assert (found.calls, found.out_of_turn, found.out_of_turn_permille) == (0, 0, None)
        rows = await integrity_service.places_of(connection, MANAGER, GATE, at, 1, ours.firm_id)
        assert rows[0].reference == booked.booking.reference
        assert [row.state for row in rows] == ["confirmed", "no_show"]
        with pytest.raises(Refusal, match="not_allowed"):
            await integrity_service.integrity(connection, yard.trader, GATE, at, 1)
