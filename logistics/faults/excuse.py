"""Why a place that was left unused does not count against its firm: from what is recorded. Pure.

Faults of the gate, of the neighbour, of the weather (which the office puts as a limit) and of a
customs hold never count. The first that holds is told; what is not recorded, an appeal can say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from border.core.words import N_
from logistics.capacity.limit import Limit, LimitKind, bounds
from logistics.fairness.fault import NOT_COME

CAME, UPHELD, UNANSWERED = "came", "upheld", "unanswered"


@dataclass(frozen=True)
class UnusedPlace:
    """What is recorded of a place that was booked and not used.

    `limits` are those of its gate and direction that touch the hour, in the order they were made;
    `scanned` says whether a device ever saw its slip, `held` whether customs held goods of it.
    """

    fault_kind: str
    starts_at: datetime
    ends_at: datetime
    booked_at: datetime
    planned: int
    capacity: int
    displaced: bool
    held: bool
    scanned: bool
    limits: Sequence[Limit]

    def limited_by(self, *kinds: str) -> bool:
        """Say whether one of some kinds of limit came after the booking and was in force."""
        in_force = bounds(self.planned, self.limits, self.starts_at, self.ends_at)
        fewer = {(one.kind, one.source) for one in in_force if one.value < self.planned}
        return any(
            one.kind in kinds and (one.kind, one.source) in fewer
            for one in self.limits
            if one.decided_at > self.booked_at
        )


@dataclass(frozen=True)
class Excuse:
    """A reason for which a fault does not count, in words, and when it holds."""

    code: str
    says: str
    holds: Callable[[UnusedPlace], bool]


_GATE = tuple(kind.value for kind in LimitKind if kind is not LimitKind.NEIGHBOUR)
RECORDED = (
    Excuse("displaced", N_("The zone had taken its hour away"), lambda place: place.displaced),
    Excuse("closed", N_("The hour was closed"), lambda place: place.capacity == 0),
    Excuse(
        "neighbour",
        N_("Hekou took fewer trucks in that hour than when it was booked"),
        lambda place: place.limited_by(LimitKind.NEIGHBOUR.value),
    ),
    Excuse(
        "gate",
        N_("The gate took fewer trucks in that hour than when it was booked"),
        lambda place: place.limited_by(*_GATE),
    ),
    Excuse("held", N_("Customs held its goods"), lambda place: place.held),
    Excuse(
        "turned_away",
        N_("The truck was there and was not let in"),
        lambda place: place.fault_kind == NOT_COME and place.scanned,
    ),
)
"""What is looked at, in this order."""
EXCUSES: dict[str, str] = {
    **{one.code: one.says for one in RECORDED},
    CAME: N_("The truck had come, as was learnt later"),
    UPHELD: N_("The office excused it"),
    UNANSWERED: N_("The office did not answer the appeal in time"),
}
"""Every reason for which a fault does not count, in words."""


def excuse(place: UnusedPlace) -> str | None:
    """Return the code of why a place left unused does not count; None where it counts."""
    return next((one.code for one in RECORDED if one.holds(place)), None)
