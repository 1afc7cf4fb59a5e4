"""Whatever state a declaration is in, its page says what happens next and whose turn it is."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from api.pages.kit.next_step import next_step
from border.core.actor import Actor, Role
from border.vocabulary import AGENCIES
from customs.declaration import DECLARATION
from customs.tables import ClearanceRow, DeclarationRow
from logistics.booking import LIVE

FIRM = uuid4()
TRADER = Actor(uuid4(), "Trader", frozenset({Role.TRADER}), FIRM)


@dataclass
class Booking:
    """What the rule looks at in a booking."""

    state: str
    held_until: object = None
    slot_ends_at: object = None
    owner_organisation_id: UUID = FIRM


def row(state: str, now) -> DeclarationRow:
    return DeclarationRow(
        reference="DEC-22222-22222",
        state=state,
        gate="KIM_THANH_II",
        created_at=now,
        changed_at=now,
        overdue_at=now + timedelta(days=1),
        direction="export",
        owner_organisation_id=FIRM,
    )


def clearances(**states: str) -> list[ClearanceRow]:
    id = uuid4()
    return [
        ClearanceRow(declaration_id=id, agency=agency, state=states.get(agency, "passed"))
        for agency in AGENCIES
    ]


@pytest.mark.parametrize("state", [state.name for state in DECLARATION.states])
def test_every_state_has_a_sentence_and_every_open_one_an_owner(state: str, clock) -> None:
    step = next_step(row(state, clock.now()), clearances(), False, None, TRADER)
    assert step.says
    assert bool(step.whose) == (state not in DECLARATION.final)


# A booking that was used keeps its declarations until the truck has crossed and they are closed.
@pytest.mark.parametrize("state", sorted(LIVE | {"used"}))
def test_released_goods_wait_for_what_their_booking_waits_for(state: str, clock) -> None:
    released = row("released", clock.now())
    ours = next_step(released, clearances(), False, Booking(state), TRADER)
    theirs = next_step(
        released, clearances(), False, Booking(state, owner_organisation_id=uuid4()), TRADER
    )
    assert ours.yours == (state in ("held", "confirmed"))
    assert not theirs.yours


def test_cleared_papers_wait_for_the_missing_agencies_then_for_the_fee_then_for_customs(
    clock,
) -> None:
    cleared = row("documents_cleared", clock.now())
    missing = clearances(border_guard="pending", plant_quarantine="failed")
    assert next_step(cleared, missing, True, None, TRADER).whose == (
        "Border guard",
        "Plant quarantine",
    )
    assert next_step(cleared, clearances(), True, None, TRADER).yours
    assert next_step(cleared, clearances(), False, None, TRADER).whose == ("Customs",)
