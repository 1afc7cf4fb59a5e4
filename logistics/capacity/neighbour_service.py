"""What Hekou takes in: asked for by itself, and followed as long as it is said.

Where no answer comes, or none that can be read, what was said last goes on to hold: nobody is
displaced, and no place is opened, because a line is down.
"""

import asyncio
import logging
from dataclasses import dataclass, field

import httpx
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from border.core.request_body import KEEPABLE
from border.core.store import AnyRow, Store
from border.core.words import N_
from border.vocabulary import Direction
from logistics.capacity.following_service import NOTHING_SAID, SaidOfHour, Voice, follow
from logistics.capacity.limit import MOST_PLACES, LimitKind
from logistics.slip_service import SlipKeys

HEKOU = Voice("hekou", LimitKind.NEIGHBOUR, N_("Hekou says so no more."))
_WITHOUT_REASON = N_("Hekou gave no reason.")
_PATIENCE_S = 10
_LARGEST = 1_000_000
_log = logging.getLogger(__name__)


class AnnouncedIntake(BaseModel):
    """So many trucks an hour are taken in within a stretch of time; what else is said is left."""

    gate: str = Field(max_length=24)
    direction: Direction
    begins: AwareDatetime = Field(alias="from")
    ends: AwareDatetime = Field(alias="until")
    trucks: int = Field(ge=0, le=MOST_PLACES)
    reason: str = Field(default="", max_length=300, pattern=KEEPABLE)

    def touches(self, hour: AnyRow) -> bool:
        """Say whether it is about an hour."""
        same = (self.gate, self.direction) == (hour.gate, hour.direction)
        return bool(same and self.begins < hour.ends_at and hour.starts_at < self.ends)


class IntakeAnswer(BaseModel):
    """What Hekou answers."""

    intake: tuple[AnnouncedIntake, ...] = Field(max_length=5_000)


@dataclass(frozen=True)
class Neighbour:
    """Where Hekou says what it takes in; nowhere, where it is not to be asked."""

    url: str
    client: httpx.AsyncClient = field(repr=False)

    async def intake(self) -> IntakeAnswer | None:
        """Return what Hekou says now, or None where it could not be understood."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self.client.get(self.url, follow_redirects=False)
            if answer.status_code != httpx.codes.OK or len(answer.content) > _LARGEST:
                _log.warning("Hekou answered %d, %d bytes", answer.status_code, len(answer.content))
                return None
            return IntakeAnswer.model_validate_json(answer.content)
        except (httpx.HTTPError, TimeoutError, ValidationError) as error:
            _log.warning("Hekou was not understood: %s", type(error).__name__)
            return None


async def follow_neighbour(store: Store, neighbour: Neighbour, slips: SlipKeys) -> int:
    """Ask Hekou, and limit the hours ahead by what it says; return how many limits that took.

    writes: as `limit_service.decide`.
    """
    said = await neighbour.intake() if neighbour.url else None
    if said is None:
        return 0

    def says(hour: AnyRow) -> SaidOfHour:
        of_hour = [
            (one.trucks, one.reason.strip() or _WITHOUT_REASON)
            for one in said.intake
            if one.touches(hour)
        ]
        return min(of_hour) if of_hour else NOTHING_SAID

    return await follow(store, HEKOU, says, slips)
