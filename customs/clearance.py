"""What each agency decides on a declaration, beside the declaration's own life.

Every agency has its own clearance and decides nothing but that. A clearance is never a release:
it is one of the conditions of it.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from border.core.event_type import events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity.policy import allow, declare
from border.platform.payload_fields import Direction, GivenReason
from border.vocabulary import AGENCIES, CUSTOMS
from customs.declaration import AgencyCode, GoodsLane

DECIDED_BY = {code: agency.role for code, agency in AGENCIES.items()}
"""Each agency and the one role that decides for it."""
OTHER_AGENCIES = tuple(agency for agency in AGENCIES if agency != CUSTOMS)
"""The agencies whose clearances customs waits for; its own comes with accepting the papers."""

_DECIDERS = tuple(role.value for role in DECIDED_BY.values())
_OWNER = "agency"
_TWO_DAYS = timedelta(days=2)

CLEARANCE = Lifecycle(
    name="clearance",
    label=N_("One agency's clearance of a declaration"),
    noun=N_("Clearance"),
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

declare(
    "clearance",
    allow(_DECIDERS, "list"),
    # One verb for each agency, where the moves say `by` all of them: each decides its own only.
    *(allow((role,), f"decide_{agency}") for agency, role in DECIDED_BY.items()),
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


class ClearancePayload(Payload):
    """What every event of a clearance says: one agency's word on one declaration."""

    columns: ClassVar[Mapping[str, str]] = {"goods_lane": "lane"}

    agency: Annotated[AgencyCode, Meaning("The agency that decided.")]
    direction: Direction
    goods_lane: GoodsLane | None
    reason: GivenReason | None = None


EVENTS = events_of(CLEARANCE, ClearancePayload)
