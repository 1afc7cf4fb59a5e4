"""Every life there is, exhausted: each state by each verb leads where the table says, or nowhere.

The tables are written by hand from what the trade does. Lives with a table of their own, by the
tests of their package, are compared there; a new life is missed here until it has one.
"""

import pytest

from api.tables import LIVES
from border.core.lifecycle import Lifecycle

ELSEWHERE = {
    "attempt": "border/payments/collection/test_lives.py",
    "charge": "border/payments/collection/test_lives.py",
    "payment": "border/payments/collection/test_lives.py",
    "desk_shift": "border/payments/desk/test_shift.py",
    "declaration": "customs/test_declaration.py",
    "passage": "logistics/test_passage.py",
    "slip": "logistics/test_passage.py",
}
"""Where the table of a life stands that is not here."""
WAYS = {
    "booking": {
        ("held", "confirm"): "confirmed",
        ("held", "lapse"): "lapsed",
        ("held", "move"): "held",
        ("held", "displace"): "held",
        ("held", "accept_displacement"): "held",
        ("held", "substitute_vehicle"): "held",
        ("held", "change_driver"): "held",
        ("confirmed", "move"): "confirmed",
        ("confirmed", "displace"): "confirmed",
        ("confirmed", "accept_displacement"): "confirmed",
        ("confirmed", "substitute_vehicle"): "confirmed",
        ("confirmed", "change_driver"): "confirmed",
        ("held", "cancel"): "cancelled",
        ("confirmed", "cancel"): "cancelled",
        ("confirmed", "late_cancel"): "late_cancelled",
        ("confirmed", "check_in"): "checked_in",
        ("confirmed", "use"): "used",
        ("confirmed", "miss"): "no_show",
        ("checked_in", "use"): "used",
        ("checked_in", "leave"): "left",
        # What a device without a line has seen counts, though the booking had ended meanwhile.
        ("cancelled", "check_in"): "checked_in",
        ("late_cancelled", "check_in"): "checked_in",
        ("no_show", "check_in"): "checked_in",
        ("cancelled", "use"): "used",
        ("late_cancelled", "use"): "used",
        ("no_show", "use"): "used",
        ("left", "use"): "used",
    },
    "clearance": {
        ("pending", "pass"): "passed",
        ("failed", "pass"): "passed",
        ("pending", "fail"): "failed",
        ("pending", "waive"): "waived",
        ("failed", "waive"): "waived",
    },
    "contact": {
        ("unconfirmed", "confirm"): "confirmed",
        ("unconfirmed", "remove"): "removed",
        ("confirmed", "remove"): "removed",
        ("unconfirmed", "lapse"): "lapsed",
        ("confirmed", "lapse"): "lapsed",
        ("confirmed", "die"): "dead",
    },
    "message": {
        ("queued", "send"): "sent",
        ("sent", "deliver"): "delivered",
        ("sent", "rest"): "unanswered",
        ("queued", "fail"): "failed",
        ("sent", "fail"): "failed",
        ("queued", "give_up"): "given_up",
        ("sent", "give_up"): "given_up",
        ("given_up", "settle"): "settled",
        ("given_up", "drop"): "dropped",
    },
    "payment_exception": {
        ("open", "take"): "taken",
        ("taken", "put_back"): "open",
        ("open", "resolve"): "resolved",
        ("taken", "resolve"): "resolved",
        ("open", "apply"): "resolved",
        ("taken", "apply"): "resolved",
        ("open", "refund"): "resolved",
        ("taken", "refund"): "resolved",
        ("open", "heal"): "resolved",
        ("taken", "heal"): "resolved",
    },
    "receipt": {
        ("issued", "adjust"): "adjusted",
        ("adjusted", "adjust"): "adjusted",
        ("issued", "replace"): "replaced",
    },
    "refund": {
        ("requested", "approve"): "approved",
        ("half_approved", "approve"): "approved",
        ("requested", "approve_first"): "half_approved",
        ("requested", "decline"): "declined",
        ("half_approved", "decline"): "declined",
        ("approved", "decline"): "declined",
        ("payout_due", "decline"): "declined",
        ("requested", "withdraw"): "withdrawn",
        ("half_approved", "withdraw"): "withdrawn",
        ("approved", "hand_over"): "payout_due",
        ("payout_due", "pay_out"): "succeeded",
        ("approved", "submit"): "submitting",
        ("submitting", "accept"): "provider_pending",
        ("unknown", "accept"): "provider_pending",
        ("submitting", "lose_sight"): "unknown",
        ("submitting", "succeed"): "succeeded",
        ("provider_pending", "succeed"): "succeeded",
        ("unknown", "succeed"): "succeeded",
        ("submitting", "reject"): "rejected",
        ("provider_pending", "reject"): "rejected",
        ("unknown", "reject"): "rejected",
        ("succeeded", "bounce"): "rejected",
        ("unknown", "resubmit"): "approved",
    },
    "regulation": {
        ("draft", "schedule"): "scheduled",
        ("scheduled", "begin"): "in_force",
        ("in_force", "supersede"): "superseded",
        ("draft", "withdraw"): "withdrawn",
        ("scheduled", "withdraw"): "withdrawn",
    },
    "close_reopening": {
        ("requested", "approve"): "reopened",
        ("requested", "decline"): "declined",
        ("requested", "withdraw"): "withdrawn",
        ("requested", "lapse"): "lapsed",
        ("reopened", "close_again"): "closed_again",
    },
    "declaration_file": {
        (state, verb): target
        for state in ("taken", "accepted_in_part")
        for verb, target in (
            ("accept", "accepted"),
            ("accept_in_part", "accepted_in_part"),
            ("discard", "discarded"),
            ("expire", "expired"),
        )
    },
    "delegation": {("given", "revoke"): "revoked", ("given", "expire"): "expired"},
    "call": {
        ("called", "answer"): "answered",
        # A barrier without a line tells late that the truck had come in time.
        ("missed", "answer"): "answered",
        ("called", "miss"): "missed",
        ("called", "withdraw"): "withdrawn",
    },
    "call_override": {
        ("asked", "approve"): "approved",
        ("asked", "decline"): "declined",
        ("asked", "lapse"): "lapsed",
    },
    "standby_entry": {
        ("announced", "arrive"): "standing",
        ("standing", "place"): "placed",
        ("announced", "leave"): "left",
        ("standing", "leave"): "left",
    },
    "ballot": {("announced", "open"): "open", ("open", "draw"): "drawn"},
    "ballot_entry": {("entered", "draw"): "drawn"},
    "waiting_entry": {
        ("waiting", "offer"): "offered",
        ("offered", "accept"): "booked",
        ("offered", "decline"): "waiting",
        ("offered", "miss"): "waiting",
        ("waiting", "withdraw"): "withdrawn",
        ("offered", "withdraw"): "withdrawn",
        ("waiting", "lapse"): "lapsed",
    },
    "booking_fault": {
        ("counted", "appeal"): "appealed",
        ("appealed", "uphold"): "excused",
        ("appealed", "dismiss"): "dismissed",
        ("appealed", "lapse"): "excused",
        ("counted", "expire"): "expired",
        ("dismissed", "expire"): "expired",
        # A device without a line tells late that the truck had come.
        ("counted", "clear"): "excused",
        ("appealed", "clear"): "excused",
        ("dismissed", "clear"): "excused",
    },
    "scan_clash": {
        ("awaited", "raise"): "open",
        ("awaited", "settle"): "resolved",
        ("open", "settle"): "resolved",
        ("awaited", "resolve"): "resolved",
        ("open", "resolve"): "resolved",
    },
}


def test_every_life_has_its_table() -> None:
    assert set(LIVES) == set(WAYS) | set(ELSEWHERE)
    assert not set(WAYS) & set(ELSEWHERE)


@pytest.mark.parametrize("life", [LIVES[name] for name in WAYS], ids=list(WAYS))
def test_every_state_by_every_verb_leads_where_the_table_says(life: Lifecycle) -> None:
    led = {
        (state.name, verb): move.target
        for state in life.states
        for verb in life.verbs
        for move in life.of(verb)
        if state.name in move.sources
    }
    assert led == WAYS[life.name]


@pytest.mark.parametrize("life", LIVES.values(), ids=list(LIVES))
def test_whatever_can_be_left_is_somebodys_turn_for_a_time(life: Lifecycle) -> None:
    for state in life.states:
        assert (state.name in life.final) == (state.owner is None) == (state.timeout is None)
