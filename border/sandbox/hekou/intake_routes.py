"""Hekou's doors: what it takes in, for whoever asks; and how it comes to think otherwise."""

from datetime import datetime
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from border.sandbox.books.intakes import Announcement
from border.sandbox.desk import Desk


class IntakeSaid(BaseModel):
    """What Hekou says of a gate from now on; without `trucks` it takes back what it said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate: str = Field(min_length=1, max_length=24)
    direction: str = Field(pattern="^(export|import|transit)$")
    begins: AwareDatetime = Field(alias="from")
    ends: AwareDatetime = Field(alias="until")
    trucks: int | None = Field(default=None, ge=0, le=10_000)
    reason: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _in_order(self) -> "IntakeSaid":
        if self.ends <= self.begins:
            raise ValueError("until must come after from")
        return self


@get("/hekou/intake")
async def show_intake(desk: NamedDependency[Desk]) -> dict[str, Any]:
    """Return how many trucks an hour are taken in; a time that is not named has no limit."""
    at = desk.clock.now()
    return {
        "as_of": _text(at),
        "intake": [
            {
                "gate": one.gate,
                "direction": one.direction,
                "from": _text(one.begins),
                "until": _text(one.ends),
                "trucks": one.trucks,
                "reason": one.reason,
            }
            for one in desk.books.intakes.standing(at)
        ],
    }


@post("/hekou/intake", status_code=200)
async def change_mind(desk: NamedDependency[Desk], data: JSONBody[IntakeSaid]) -> dict[str, Any]:
    """Announce an intake, or take back what was announced of a stretch of time."""
    if data.trucks is None:
        desk.books.intakes.withdraw(data.gate, data.direction, data.begins, data.ends)
    else:
        desk.books.intakes.announce(
            Announcement(
                data.gate, data.direction, data.begins, data.ends, data.trucks, data.reason
            )
        )
    return {"standing": len(desk.books.intakes.standing(desk.clock.now()))}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
