"""The tables of dated rules. What may be in them is also said in SQL."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args
from border.regulation.regulation import REGULATION
from border.regulation.rule_kind import KINDS

ONE_AT_A_TIME = "ex_regulation_period_days"
"""The fence that keeps two sets from governing one thing on the same day."""


class RegulationRow(Record, table=True):
    """A set of rules with its days. `digest` is of all it says; an example is never in force.

    What it says can be changed while it is a draft only: a trigger refuses it afterwards, for
    decisions name the set they were made by.
    """

    __tablename__ = "regulation"
    lifecycle: ClassVar[Lifecycle] = REGULATION
    prefix: ClassVar[str] = "RUL"
    __table_args__ = record_args(
        REGULATION,
        CheckConstraint("effective_to IS NULL OR effective_to > effective_from", name="days"),
        CheckConstraint("approved_by IS NULL OR approved_by <> prepared_by", name="second_person"),
        CheckConstraint("NOT example OR state IN ('draft', 'withdrawn')", name="example"),
        CheckConstraint("jsonb_array_length(rows) > 0", name="rows"),
        UniqueConstraint("kind", "code"),
        Index("ix_regulation_kind", "kind", "effective_from"),
    )

    kind: str = Field(max_length=32)
    code: str = Field(max_length=48)
    title: str = Field(max_length=200)
    issued_by: str = Field(max_length=120)
    legal_basis: str = Field(max_length=160)
    effective_from: date
    effective_to: date | None = Field(default=None, description="as its own text states it")
    example: bool = False
    note: str = Field(default="", max_length=500)
    prepared_by: UUID | None = Field(default=None, description="none: the program came with it")
    approved_by: UUID | None = None
    rows: list[dict[str, Any]] = Field(sa_column=json_column())
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))

    @property
    def life(self) -> Lifecycle:
        """The life of its kind: some are known outside by a name of their own."""
        return KINDS[self.kind].life


class RegulationPeriodRow(SQLModel, table=True):
    """On which days a set that is no longer a draft governs one thing; the days never overlap."""

    __tablename__ = "regulation_period"
    __table_args__ = (
        CheckConstraint("effective_to IS NULL OR effective_to > effective_from", name="days"),
        # A hash stands for the chain, so that the fence needs no extension of the database.
        ExcludeConstraint(
            (text("int8range(hashtext(chain)::bigint, hashtext(chain)::bigint, '[]')"), "&&"),
            (text("daterange(effective_from, effective_to)"), "&&"),
            using="gist",
            name=ONE_AT_A_TIME,
        ),
    )

    regulation_id: UUID = Field(primary_key=True, foreign_key="regulation.id")
    chain: str = Field(primary_key=True, max_length=96)
    effective_from: date
    effective_to: date | None = Field(default=None, description="the first day it no longer holds")
