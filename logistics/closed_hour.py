"""An hour that takes no trucks: why, until when, and which hour to take instead. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from border.core.clock import local_time
from border.core.refusal import Refusal, refuses
from border.core.words import N_, Sentence
from logistics.capacity.limit import LIMIT_KINDS, RULES_SAY, LimitKind
from logistics.share import SharedHour, open_to
from logistics.slot import BookedHour, is_bookable

LOOKED_AHEAD = timedelta(days=7)
"""How far behind a closed hour one with room is looked for."""
SLOT_CLOSED = refuses(
    "slot_closed",
    409,
    N_("This hour is closed"),
    N_(
        "This hour takes no trucks until {until} ({limit}: {because}). The next hour with "
        "room begins at {next_hour}: choose it, or a later one."
    ),
)
NO_HOUR_OPEN = refuses(
    "no_hour_open",
    409,
    N_("This hour is closed, and no later one has room"),
    N_(
        "This hour takes no trucks until {until} ({limit}: {because}), and none of the week "
        "after it has room. Look again later, or wait for an hour that is full."
    ),
)


class ClosableHour(BookedHour, SharedHour, Protocol):
    """What is looked at of an hour that may be closed, and of those that follow it."""

    starts_at: datetime
    bound_by: str | None
    bound_reason: str | None


def why_closed(hour: ClosableHour) -> tuple[str, str] | None:
    """Return the kind and the reason of what closes an hour, None where it takes trucks."""
    if hour.capacity:
        return None
    return hour.bound_by or LimitKind.MANAGER.value, hour.bound_reason or RULES_SAY


def closed(
    hour: ClosableHour, ahead: Sequence[ClosableHour], of: str, at: datetime
) -> Refusal | None:
    """Return the refusal of whoever is of a class where an hour is closed.

    `ahead` are hours of its gate and direction, in order; those before it are passed over.
    """
    if (why := why_closed(hour)) is None:
        return None
    later = [one for one in ahead if one.starts_at >= hour.ends_at]
    known_until = later[-1].ends_at if later else hour.ends_at
    facts: dict[str, Any] = {
        "limit_kind": why[0],
        "limit": Sentence(LIMIT_KINDS[why[0]], {}),
        "because": Sentence(why[1], {}),
        "until": local_time(next((one.starts_at for one in later if one.capacity), known_until)),
    }
    for one in later:
        if is_bookable(one, at) and open_to(one, of):
            return SLOT_CLOSED(**facts, next_hour=local_time(one.starts_at))
    return NO_HOUR_OPEN(**facts)
