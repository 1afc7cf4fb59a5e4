"""What was learned from inspections, and how each declaration was ranked by it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Identity, Integer, LargeBinary
from sqlmodel import Field, SQLModel

from border.core.tables import json_column


class RankerRow(SQLModel, table=True):
    """A ranker; the one with the highest number is asked. Only `drift` is ever changed.

    `learned_from` names files, or the zone's own inspections; `worth` is that on the latest fifth
    of its cases, which an earlier one of its kind had not learned from. From the chance `high` on
    lies the tenth that is likeliest to differ. `drift` tells by column how far the last month's
    declarations moved away from what it learned from.
    """

    __tablename__ = "ranker"
    __table_args__ = (CheckConstraint("found > 0 AND found < cases", name="both_outcomes"),)

    number: int | None = Field(
        default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True)
    )
    learned_at: datetime
    learned_from: list[str] = Field(sa_column=json_column())
    cases: int
    found: int
    worth: dict[str, Any] = Field(sa_column=json_column())
    calibration_error: float
    high: float
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    drift: dict[str, float] = Field(default_factory=dict, sa_column=json_column())
    drift_at: datetime | None = None


class RiskScoreRow(SQLModel, table=True):
    """How a declaration was ranked as it was lodged: its likeliest line, the chance, the reasons.

    For officers only. `is_high` says that it is among the tenth that is likeliest to differ.
    """

    __tablename__ = "risk_score"
    __table_args__ = (CheckConstraint("chance >= 0 AND chance <= 1", name="chance"),)

    declaration_id: UUID = Field(primary_key=True, foreign_key="declaration.id")
    ranker: int = Field(foreign_key="ranker.number")
    lodged_at: datetime
    line: int
    chance: float
    is_high: bool
    reasons: list[dict[str, Any]] = Field(sa_column=json_column())
    ranked_at: datetime
