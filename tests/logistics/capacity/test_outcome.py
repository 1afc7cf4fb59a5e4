"""Why places of an hour stayed unused."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from border.core.clock import FixedClock
from logistics.capacity import day_service
from logistics.capacity.outcome import SlotOutcome, outcome
from logistics.capacity.tables import SlotOutcomeRow
from logistics.tables import BookingRow, SlipRow
from tests.logistics.capacity.test_limit_service import limited, put


@pytest.mark.parametrize(
    ("planned", "capacity", "booked", "arrived", "said"),
    [
        (40, 40, 40, 40, SlotOutcome(0, 0, 0, 0, "used")),
        (40, 40, 10, 10, SlotOutcome(30, 0, 0, 30, "no_demand")),
        (40, 12, 12, 12, SlotOutcome(28, 28, 0, 0, "limited")),
        (40, 0, 0, 0, SlotOutcome(40, 40, 0, 0, "closed")),
        (40, 40, 40, 15, SlotOutcome(25, 0, 25, 0, "not_come")),
        (40, 30, 20, 11, SlotOutcome(29, 10, 9, 10, "limited")),
        (10, 5, 8, 9, SlotOutcome(1, 1, 0, 0, "limited")),
    ],
)
def test_what_took_most_of_the_places_is_the_reason(
    planned: int, capacity: int, booked: int, arrived: int, said: SlotOutcome
) -> None:
    assert outcome(planned, capacity, booked, arrived) == said


def test_every_unused_place_has_one_reason() -> None:
    for planned, capacity, booked, arrived in product(range(1, 5), range(5), range(6), range(6)):
        found = outcome(planned, capacity, booked, arrived)
        assert found.unused == max(planned - arrived, 0)
        assert found.unused == found.limited + found.not_come + found.no_demand
        assert min(found.limited, found.not_come, found.no_demand) >= 0


async def test_an_hour_that_is_over_says_once_why_places_stayed_unused(
    yard: Any, clock: FixedClock
) -> None:
    slot = await yard.slot(14)
    await put(yard, limited(slot, 3))
    come, _ = await yard.confirmed(slot), await yard.confirmed(slot)
    [slip] = await yard.rows(SlipRow, booking_id=come.id)
    clock.at = slot.starts_at
    await yard.scan(slip.reference, "arrival")
    clock.at = slot.ends_at + timedelta(minutes=slot.grace_minutes, seconds=-1)
    assert not [one for one in await noted(yard) if one.slot_id == slot.id]
    clock.advance(timedelta(seconds=1))
    await yard.sweep(BookingRow)
    [row] = [one for one in await noted(yard) if one.slot_id == slot.id]
    assert (row.unused, row.limited, row.not_come, row.no_demand) == (39, 37, 1, 1)
    assert row.because == "limited"
    assert await day_service.note_outcomes(yard.store) == 0, "said once"
    async with yard.store.reading() as connection:
        day = await day_service.hours_of_day(connection, slot.gate, slot.starts_at.date())
    [hour] = [one for one in day if one.id == slot.id]
    assert (hour.booked, hour.arrived, hour.admitted, hour.because) == (2, 1, 0, "limited")


async def noted(yard: Any) -> list[SlotOutcomeRow]:
    """Let the hours be noted, and return all that were."""
    await day_service.note_outcomes(yard.store)
    found: list[SlotOutcomeRow] = await yard.rows(SlotOutcomeRow)
    return found
