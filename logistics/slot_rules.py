"""How the hours of a gate are cut, and what holds on the way through them, as dated rules. Pure.

A slot and a booking keep what the rules said when they were made, so nothing is asked again at
the barrier. The seeds are borrowed from other gates until the management board decides.
"""

from datetime import date, time, timedelta
from typing import Any

from pydantic import Field

from border.core.request_body import Integer, TimeOfDay
from border.core.words import N_
from border.regulation.rule_kind import (
    RuleKind,
    RuleRow,
    RuleSetDraft,
    Words,
    by_direction,
    directed,
    rule_kind,
)
from border.regulation.rulebook import RuleSet
from border.vocabulary import Direction
from logistics.slot import SlotRule

_FROM = date(2026, 1, 1)
_BASIS = N_("seed until the management board decides; 500 trucks out and 500 in a day")


class SlotRuleRow(RuleRow):
    """The hours of one direction: local `opens` and `closes`, equal for the whole day.

    A truck may come to the yard `early_minutes` before its hour, to the barrier
    `entry_early_minutes` before, and `grace_minutes` after its end; an unpaid place is held for
    `hold_minutes`. The hours of a day open for booking `days_ahead` days before, each closes
    `last_booking_minutes` before its end.
    """

    direction: Direction = Field(title=N_("Direction"))
    opens: TimeOfDay = Field(title=N_("Opens at"))
    closes: TimeOfDay = Field(title=N_("Closes at"))
    minutes: Integer = Field(title=N_("Length of an hour, in minutes"), ge=5, le=1440)
    capacity: Integer = Field(title=N_("Places"), ge=0, le=10_000)
    days_ahead: Integer = Field(title=N_("Booked so many days ahead"), ge=0, le=60)
    early_minutes: Integer = Field(title=N_("Minutes early in the yard"), ge=0, le=1440)
    entry_early_minutes: Integer = Field(title=N_("Minutes early at the barrier"), ge=0, le=1440)
    last_booking_minutes: Integer = Field(
        title=N_("Booked until so many minutes before the end"), ge=0, le=1440
    )
    grace_minutes: Integer = Field(title=N_("Minutes of grace after the end"), ge=0, le=1440)
    hold_minutes: Integer = Field(title=N_("Minutes an unpaid place is held"), ge=1, le=1440)


def _slot_words(row: SlotRuleRow) -> Words:
    says = N_(
        "{direction}: from {opens} to {closes}, every {minutes} minutes {capacity} places, opened "
        "{days_ahead} days ahead until {last_booking_minutes} minutes before the end; "
        "{early_minutes} minutes early in the yard, {entry_early_minutes} at the barrier, "
        "{grace_minutes} minutes of grace, an unpaid place held for {hold_minutes} minutes"
    )
    return says, directed(row)


SLOT_RULES = rule_kind(
    RuleKind(
        name="slot_rules",
        label=N_("How the hours of a gate are cut, and their grace"),
        row=SlotRuleRow,
        words=_slot_words,
        per_gate=True,
        key="direction",
        subjects=by_direction,
    )
)


class CrossingTermsRow(RuleRow):
    """What holds for every booking: cancelling, paying late, and how long a slip is valid.

    A confirmed booking is cancelled in time until `free_cancel_minutes` before its hour. A payment
    begun in time may come `payment_grace_minutes` after the hold. A slip opens the barrier until
    `slip_valid_hours` after the end of its hour.
    """

    free_cancel_minutes: Integer = Field(
        title=N_("Cancelled in time until so many minutes before the hour"), ge=0, le=14 * 1440
    )
    payment_grace_minutes: Integer = Field(
        title=N_("Minutes a payment may come after the hold"), ge=0, le=60
    )
    slip_valid_hours: Integer = Field(
        title=N_("Hours a slip is valid after its hour"), ge=1, le=24 * 30
    )

    @property
    def free_cancel(self) -> timedelta:
        """How long before its hour a booking is still cancelled in time."""
        return timedelta(minutes=self.free_cancel_minutes)

    @property
    def payment_grace(self) -> timedelta:
        """How long after the hold a payment begun in time may still come."""
        return timedelta(minutes=self.payment_grace_minutes)

    @property
    def slip_valid(self) -> timedelta:
        """How long after its hour a slip still opens the barrier."""
        return timedelta(hours=self.slip_valid_hours)


def _terms_words(row: CrossingTermsRow) -> Words:
    says = N_(
        "A booking is cancelled in time until {free_cancel_minutes} minutes before its hour; a "
        "payment begun in time may come {payment_grace_minutes} minutes after the hold; a slip is "
        "valid for {slip_valid_hours} hours after its hour."
    )
    return says, row.model_dump()


CROSSING_TERMS = rule_kind(
    RuleKind(
        name="crossing_terms",
        label=N_("Grace of bookings and validity of slips"),
        row=CrossingTermsRow,
        words=_terms_words,
        only_one=True,
    )
)


class ChangeTermsRow(RuleRow):
    """What of a booking can be changed by its firm, and how often.

    A confirmed booking moves to another hour until `move_until_minutes` before its own, and no
    booking moves more than `most_moves` times. Until it has arrived another truck may come instead
    of it, `most_substitutions` times; who drives may change as often as need be.
    """

    move_until_minutes: Integer = Field(
        title=N_("Moved until so many minutes before the hour"), ge=0, le=14 * 1440
    )
    most_moves: Integer = Field(title=N_("Moved so many times at most"), ge=0, le=100)
    most_substitutions: Integer = Field(
        title=N_("Another truck instead, so many times at most"), ge=0, le=100
    )

    @property
    def move_until(self) -> timedelta:
        """How long before its hour a confirmed booking can still be moved."""
        return timedelta(minutes=self.move_until_minutes)


def _change_words(row: ChangeTermsRow) -> Words:
    says = N_(
        "A booking moves to another hour until {move_until_minutes} minutes before its own, "
        "{most_moves} times at most; another truck comes instead of the one booked "
        "{most_substitutions} times at most."
    )
    return says, row.model_dump()


CHANGE_TERMS = rule_kind(
    RuleKind(
        name="change_terms",
        label=N_("What can be changed on a booking"),
        row=ChangeTermsRow,
        words=_change_words,
        only_one=True,
    )
)
CHANGES_SEED = RuleSetDraft(
    code="change-terms-2026",
    title=N_("Terms borrowed from other gates"),
    issued_by=N_("seed of the program"),
    legal_basis=N_(
        "seed until the management board decides; few changes, since hours that are taken just in "
        "case made Ukraine's queue useless"
    ),
    effective_from=_FROM,
    rows=({"move_until_minutes": 180, "most_moves": 2, "most_substitutions": 2},),
)
TERMS_SEED = RuleSetDraft(
    code="crossing-terms-2026",
    title=N_("Terms borrowed from other gates"),
    issued_by=N_("seed of the program"),
    legal_basis=N_(
        "seed until the management board decides; three hours as in Russia's SEOP, 72 hours as in "
        "China's filings"
    ),
    effective_from=_FROM,
    rows=({"free_cancel_minutes": 180, "payment_grace_minutes": 3, "slip_valid_hours": 72},),
)
_PLACES = {"KIM_THANH_II": 40, "BAN_VUOC": 8, "MUONG_KHUONG": 6}
_HOURS = {
    "KIM_THANH_II": ("07:00", "22:00"),
    "BAN_VUOC": ("07:00", "19:00"),
    "MUONG_KHUONG": ("07:00", "17:00"),
}


def _hours_of(gate: str, direction: Direction, opens: str, closes: str) -> dict[str, Any]:
    return {
        "direction": direction.value,
        "opens": opens,
        "closes": closes,
        "minutes": 60,
        "capacity": _PLACES[gate],
        "days_ahead": 7,
        "early_minutes": 180,
        "entry_early_minutes": 30,
        "last_booking_minutes": 15,
        "grace_minutes": 30,
        "hold_minutes": 15,
    }


SLOT_SEEDS = tuple(
    RuleSetDraft(
        code=f"{gate}-{direction}-2026",
        title=N_("Crossing hours until the management board decides"),
        issued_by=N_("seed of the program"),
        legal_basis=_BASIS,
        effective_from=_FROM,
        gate=gate,
        rows=(_hours_of(gate, direction, *hours),),
    )
    for gate, hours in _HOURS.items()
    for direction in Direction
)
"""Hours of 60 minutes, opened 7 days ahead, bookable until 15 minutes before their end, with 30
minutes' grace at the barrier on either side (as Everport has it): borrowed from other gates."""


def round_the_clock(gate: str) -> tuple[RuleSetDraft, ...]:
    """Return hours day and night at a gate, for the demonstration."""
    return tuple(
        RuleSetDraft(
            code=f"{gate}-{direction}-2026-demo",
            title=N_("The demonstration: open day and night"),
            issued_by=N_("seed of the program"),
            legal_basis="the demonstration: open day and night",
            effective_from=_FROM + timedelta(days=1),
            gate=gate,
            rows=(_hours_of(gate, direction, "00:00", "00:00"),),
        )
        for direction in Direction
    )


def rules_of(found: RuleSet[SlotRuleRow]) -> list[SlotRule]:
    """Return the rows of a set as the rules that slots are made by, for the chain it stands in."""
    return [
        SlotRule(
            **row.model_dump(exclude={"opens", "closes", "direction"}),
            direction=found.subject,
            opens=time.fromisoformat(row.opens),
            closes=time.fromisoformat(row.closes),
            code=found.code,
            gate=found.gate,
            effective_from=found.effective_from,
            effective_to=found.effective_to,
            legal_basis=found.legal_basis,
            version=found.version,
        )
        for row in found.rows
    ]
