"""Why places of an hour stayed unused once it is over: cut, not booked, or not come for. Pure."""

from dataclasses import dataclass

from border.core.words import N_

CLOSED, LIMITED, NOT_COME, NO_DEMAND, USED = "closed", "limited", "not_come", "no_demand", "used"
OUTCOMES: dict[str, str] = {
    CLOSED: N_("Closed"),
    LIMITED: N_("Limited"),
    NOT_COME: N_("Booked, but did not come"),
    NO_DEMAND: N_("Not booked"),
    USED: N_("All were used"),
}


@dataclass(frozen=True)
class SlotOutcome:
    """How many places nobody used, and of them: cut by a limit, booked in vain, never booked."""

    unused: int
    limited: int
    not_come: int
    no_demand: int
    because: str


def outcome(planned: int, capacity: int, booked: int, arrived: int) -> SlotOutcome:
    """Return what became of the places that the rules gave an hour.

    A place lost in two ways is counted once: what was cut could not be booked, and what was not
    booked nobody could come for. The reason is whatever took most of them, the cut first.
    """
    unused = max(planned - arrived, 0)
    limited = min(max(planned - capacity, 0), unused)
    not_come = min(max(booked - arrived, 0), unused - limited)
    no_demand = unused - limited - not_come
    parts = {LIMITED: limited, NOT_COME: not_come, NO_DEMAND: no_demand}
    because = max(parts, key=lambda name: parts[name])
    if not unused:
        because = USED
    elif capacity == 0:
        because = CLOSED
    return SlotOutcome(unused, limited, not_come, no_demand, because)
