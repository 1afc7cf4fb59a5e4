"""What each agency decides on a declaration, beside the declaration's own life.

Every agency has its own clearance and decides nothing but that. A clearance is never a release:
it is one of the conditions of it.
"""

from collections.abc import Collection
from datetime import timedelta

from border.identity.actor import Role
from border.lifecycle import SYSTEM, Lifecycle, Move, State
from border.words import N_

CUSTOMS = "customs"
DECIDED_BY: dict[str, Role] = {
    CUSTOMS: Role.CUSTOMS_OFFICER,
    "border_guard": Role.BORDER_GUARD,
    "plant_quarantine": Role.PLANT_QUARANTINE,
    "animal_quarantine": Role.ANIMAL_QUARANTINE,
    "health_quarantine": Role.HEALTH_QUARANTINE,
}
"""Each agency and the one role that decides for it."""
AGENCIES = tuple(DECIDED_BY)
OTHER_AGENCIES = tuple(agency for agency in AGENCIES if agency != CUSTOMS)
"""The agencies whose clearances customs waits for; its own comes with accepting the papers."""
AGENCY_NAMES = {
    CUSTOMS: N_("Customs"),
    "border_guard": N_("Border guard"),
    "plant_quarantine": N_("Plant quarantine"),
    "animal_quarantine": N_("Animal quarantine"),
    "health_quarantine": N_("Health quarantine"),
}

_DECIDERS = tuple(role.value for role in DECIDED_BY.values())
_OWNER = "agency"
_TWO_DAYS = timedelta(days=2)

CLEARANCE = Lifecycle(
    name="clearance",
    says=N_("One agency's clearance of a declaration"),
    states=(
        State("not_required", N_("Not required")),
        State("pending", N_("Awaited"), _OWNER, _TWO_DAYS),
        State("failed", N_("Failed"), _OWNER, _TWO_DAYS),
        State("passed", N_("Passed")),
        State("waived", N_("Waived")),
    ),
    initial=("not_required", "pending"),
    moves=(
        Move("pass", ("pending", "failed"), "passed", (*_DECIDERS, SYSTEM), N_("Pass")),
        Move("fail", ("pending",), "failed", _DECIDERS, N_("Fail"), ("reason",)),
        Move("waive", ("pending", "failed"), "waived", _DECIDERS, N_("Waive"), ("reason",)),
    ),
)

VERB_OF = {move.target: move.verb for move in CLEARANCE.moves}
"""The verb behind each decision: `passed` is reached by `pass`."""
GIVEN = frozenset({"passed", "waived", "not_required"})
"""States of a clearance that stand in nobody's way."""


def first_states(required: Collection[str]) -> dict[str, str]:
    """Return the clearances a declaration begins with: every agency, awaited or not required."""
    return {agency: "pending" if agency in required else "not_required" for agency in AGENCIES}


def sources_of(decision: str) -> tuple[str, ...]:
    """Return the states from which a clearance can be decided as `decision`."""
    return tuple(s for move in CLEARANCE.moves if move.target == decision for s in move.sources)
