"""A passage: one visit of a truck to the gate; and the slip that opens the barrier for it."""

from datetime import timedelta

from border.identity.actor import Role
from border.lifecycle import SYSTEM, Lifecycle, Move, State
from border.words import N_

PASSAGE = Lifecycle(
    "passage",
    N_("The life of a passage"),
    states=(
        State("expected", N_("Expected"), Role.TRADER, timedelta(days=14)),
        State("arrived", N_("In the waiting yard"), Role.GATE_STAFF, timedelta(hours=24)),
        State("in_zone", N_("In the zone"), Role.GATE_STAFF, timedelta(hours=24)),
        State("inspecting", N_("At inspection"), Role.CUSTOMS_OFFICER, timedelta(hours=12)),
        State("exited", N_("Left the zone"), Role.MANAGER, timedelta(hours=72), "close"),
        State("returned", N_("Came back")),
        State("closed", N_("Closed")),
        State("called_off", N_("Called off")),
    ),
    initial=("expected",),
    moves=(
        Move("arrive", ("expected",), "arrived", (SYSTEM,), N_("Arrive"), offered=False),
        Move("admit", ("expected", "arrived"), "in_zone", (SYSTEM,), N_("Admit"), offered=False),
        Move("inspect", ("in_zone",), "inspecting", (SYSTEM,), N_("To inspection"), offered=False),
        Move("resume", ("inspecting",), "in_zone", (SYSTEM,), N_("From inspection"), offered=False),
        Move("exit", ("in_zone",), "exited", (SYSTEM,), N_("Exit"), offered=False),
        Move("return", ("exited",), "returned", (SYSTEM,), N_("Come back"), offered=False),
        Move("close", ("exited",), "closed", (SYSTEM,), N_("Close"), offered=False),
        Move(
            "call_off",
            ("expected", "arrived"),
            "called_off",
            (SYSTEM,),
            N_("Call off"),
            offered=False,
        ),
    ),
)

SLIP = Lifecycle(
    "slip",
    N_("The life of a slip"),
    states=(
        State("active", N_("Valid"), Role.GATE_STAFF, timedelta(days=15)),
        State("used", N_("Used at the barrier"), Role.GATE_STAFF, timedelta(days=5)),
        State("closed", N_("Closed")),
        State("revoked", N_("Revoked")),
    ),
    initial=("active",),
    moves=(
        Move("use", ("active",), "used", (SYSTEM,), N_("Use"), offered=False),
        Move("close", ("used",), "closed", (SYSTEM,), N_("Close"), offered=False),
        Move("revoke", ("active", "used"), "revoked", (SYSTEM,), N_("Revoke"), offered=False),
    ),
)
