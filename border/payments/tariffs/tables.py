"""The tariff's tables. What may be in them is also said in SQL."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, record_args
from border.payments.tariffs.resolution import TARIFF_RESOLUTION
from border.payments.tariffs.rule import (
    ANY_GROUP,
    COMMODITY_GROUPS,
    DIRECTIONS,
    EFFECTS,
    MIXED_LOADS,
    MOVEMENTS,
    REGIME_GROUPS,
    STATUSES,
    UNITS,
    VAT_CATEGORIES,
)
from border.vocabulary import VEHICLE_CLASSES

ONE_AT_A_TIME = "ex_tariff_terms_days"
"""The fence that keeps two resolutions from setting one kind of price on the same day."""


def _one_of(column: str, *values: str) -> CheckConstraint:
    """Return the check that a text column holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class TariffResolutionRow(Record, table=True):
    """A decision on rates. `digest` is of its contents; an example is never put in force."""

    __tablename__ = "tariff_resolution"
    lifecycle: ClassVar[Lifecycle] = TARIFF_RESOLUTION
    prefix: ClassVar[str] = "TRF"
    __table_args__ = record_args(
        TARIFF_RESOLUTION,
        CheckConstraint("effective_to IS NULL OR effective_to > effective_from", name="days"),
        CheckConstraint("approved_by IS NULL OR approved_by <> prepared_by", name="second_person"),
        CheckConstraint("NOT example OR state <> 'scheduled'", name="example"),
    )

    code: str = Field(unique=True, max_length=48)
    title: str = Field(max_length=200)
    issued_by: str = Field(max_length=120)
    legal_basis: str = Field(max_length=120)
    effective_from: date
    effective_to: date | None = Field(default=None, description="as its own text states it")
    example: bool = False
    note: str = Field(default="", max_length=500)
    prepared_by: UUID | None = Field(default=None, description="none: the program came with it")
    approved_by: UUID | None = None
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))


class TariffTermsRow(SQLModel, table=True):
    """What a resolution says of one kind of price as a whole, and on which days it sets it.

    `effective_from` is None until the resolution is scheduled; then the days of a kind never
    overlap.
    """

    __tablename__ = "tariff_terms"
    __table_args__ = (
        _one_of("mixed_load", *MIXED_LOADS),
        _one_of("vat", *VAT_CATEGORIES),
        CheckConstraint("collector_per_mille BETWEEN 0 AND 1000", name="collector_per_mille"),
        CheckConstraint("effective_to IS NULL OR effective_to > effective_from", name="days"),
        # A hash stands for the kind, so that the fence needs no extension of the database.
        ExcludeConstraint(
            (text("int8range(hashtext(kind)::bigint, hashtext(kind)::bigint, '[]')"), "&&"),
            (text("daterange(effective_from, effective_to)"), "&&"),
            where=text("effective_from IS NOT NULL"),
            using="gist",
            name=ONE_AT_A_TIME,
        ),
    )

    resolution_id: UUID = Field(primary_key=True, foreign_key="tariff_resolution.id")
    kind: str = Field(primary_key=True, max_length=32)
    mixed_load: str = Field(max_length=24)
    collector_per_mille: int
    vat: str = Field(max_length=16)
    effective_from: date | None = None
    effective_to: date | None = Field(default=None, description="the first day it no longer holds")


class TariffProvisionRow(SQLModel, table=True):
    """A rate, a coefficient or an exemption of a resolution, with its conditions."""

    __tablename__ = "tariff_provision"
    __table_args__ = (
        _one_of("effect", *EFFECTS),
        _one_of("regime_group", *REGIME_GROUPS, ANY_GROUP),
        _one_of("commodity_group", *COMMODITY_GROUPS, ANY_GROUP),
        _one_of("direction", *DIRECTIONS, ANY_GROUP),
        _one_of("vehicle_class", *VEHICLE_CLASSES, ANY_GROUP),
        _one_of("movement", *MOVEMENTS, ANY_GROUP),
        _one_of("unit", *UNITS),
        _one_of("status", *STATUSES),
        CheckConstraint(
            "CASE effect WHEN 'rate' THEN amount_minor > 0 ELSE amount_minor = 0 END",
            name="amount",
        ),
        CheckConstraint("minimum_minor IS NULL OR minimum_minor > 0", name="minimum"),
        CheckConstraint("per_mille > 0", name="per_mille"),
        CheckConstraint("effect = 'coefficient' OR per_mille = 1000", name="factor"),
        CheckConstraint("effect = 'rate' OR reason <> ''", name="reason"),
    )

    code: str = Field(primary_key=True, max_length=64)
    resolution_id: UUID = Field(foreign_key="tariff_resolution.id", index=True)
    place: int = Field(description="its place in the resolution")
    kind: str = Field(max_length=32, index=True)
    effect: str = Field(max_length=16)
    regime_group: str = Field(max_length=16)
    commodity_group: str = Field(max_length=24)
    direction: str = Field(max_length=8)
    vehicle_class: str = Field(max_length=16)
    movement: str = Field(max_length=16)
    payload_below_g: int | None = Field(default=None, sa_type=BigInteger)
    unit: str = Field(max_length=16)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    minimum_minor: int | None = Field(default=None, sa_type=BigInteger)
    per_mille: int
    reason: str = Field(max_length=200)
    legal_basis: str = Field(max_length=120)
    status: str = Field(max_length=16)
