"""The tables of the customs package: declarations, their lines, the agencies' clearances.

Definitions only. What must never happen is also said in SQL: one live declaration for each
customs number, no net mass above the gross, no state or lane that does not exist.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import (
    Part,
    Record,
    json_column,
    overdue_index,
    record_args,
    versions_column,
)
from border.vocabulary import AGENCIES, Direction
from customs.clearance import CLEARANCE
from customs.declaration import CLEARABLE, DECLARATION, UNBOUND
from customs.selectivity import LANES

CUSTOMS_NUMBER_FENCE = "uq_declaration_customs_number_live"
"""The index that keeps two live declarations from carrying one customs number."""

GONE_UNLODGED = "(lodged_at IS NULL AND state IN ('cancelled', 'expired'))"
"""A draft that was given up: the row of a file it came from may be taken again."""


def _one_of(column: str, values: Iterable[str]) -> str:
    """Return the SQL condition that `column` holds one of `values`, or nothing."""
    return f"{column} IN (" + ", ".join(f"'{value}'" for value in sorted(values)) + ")"


class DeclarationRow(Record, table=True):
    """A gate declaration.

    `goes_first` is true for perishable goods and live animals. `totals` are the declared values in
    minor units by currency. `lane_rules` holds what chose the lane, `rule_versions` the sets of
    rules that were asked at lodging, for officers only. `reason` is what was said with the last
    move. `import_key` names the row of a file it came from.
    """

    __tablename__ = "declaration"
    lifecycle: ClassVar[Lifecycle] = DECLARATION
    prefix: ClassVar[str] = "DEC"
    __table_args__ = record_args(
        DECLARATION,
        CheckConstraint(_one_of("direction", Direction), name="direction"),
        CheckConstraint(_one_of("lane", LANES), name="lane"),
        CheckConstraint(
            _one_of("inspection_outcome", ("conforming", "discrepant")), name="inspection_outcome"
        ),
        Index(
            CUSTOMS_NUMBER_FENCE,
            "customs_number",
            unique=True,
            postgresql_where=text(
                "customs_number IS NOT NULL AND NOT " + _one_of("state", tuple(UNBOUND))
            ),
        ),
        Index("ix_declaration_owner", "owner_organisation_id", "created_at", "id"),
        Index(
            "ix_declaration_carrier",
            "carrier_organisation_id",
            "created_at",
            "id",
            postgresql_where=text("carrier_organisation_id IS NOT NULL"),
        ),
        Index("ix_declaration_state", "state", "created_at", "id"),
        Index("ix_declaration_newest", "created_at", "id"),
        Index("ix_declaration_customs_number", "customs_number"),
        Index(
            "uq_declaration_import_key_live",
            "import_key",
            unique=True,
            postgresql_where=text(f"import_key IS NOT NULL AND NOT {GONE_UNLODGED}"),
        ),
    )

    customs_number: str | None = Field(default=None, max_length=12)
    regime: str | None = Field(default=None, max_length=8)
    direction: str = Field(max_length=8)
    declarant: Any = Field(default=None, sa_column=json_column(nullable=True))
    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    carrier_organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    carrier_tax_code: str | None = Field(default=None, max_length=20)
    exporter: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    importer: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    handling: list[str] = Field(default_factory=list, sa_column=json_column())
    certificates: list[Any] = Field(default_factory=list, sa_column=json_column())
    containers: list[str] = Field(default_factory=list, sa_column=json_column())
    goes_first: bool = False
    gross_mass_g: int = Field(default=0, sa_type=BigInteger)
    line_count: int = 0
    totals: dict[str, int] = Field(default_factory=dict, sa_column=json_column())
    lane: str | None = Field(default=None, max_length=8)
    lane_rules: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    rule_versions: dict[str, str] = Field(default_factory=dict, sa_column=versions_column())
    reason: str | None = Field(default=None, sa_type=Text)
    lodged_at: datetime | None = None
    registered_at: datetime | None = None
    valid_until: datetime | None = None
    released_at: datetime | None = None
    closed_at: datetime | None = None
    reviewer_id: UUID | None = None
    inspected_by: UUID | None = None
    inspection_outcome: str | None = Field(default=None, max_length=16)
    import_key: str | None = Field(default=None, max_length=120)


class LineRow(SQLModel, table=True):
    """One kind of goods of a declaration; in a draft anything may still be missing."""

    __tablename__ = "declaration_line"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position"),
        Index("ix_declaration_line_hs_code", "hs_code"),
    )

    declaration_id: UUID = Field(primary_key=True, foreign_key="declaration.id")
    position: int = Field(primary_key=True)
    hs_code: str | None = Field(default=None, max_length=40)
    description: str | None = Field(default=None, sa_type=Text)
    origin: str | None = Field(default=None, max_length=40)
    quantity_milli: int | None = Field(default=None, sa_type=BigInteger)
    unit: str | None = Field(default=None, max_length=40)
    gross_mass_g: int | None = Field(default=None, sa_type=BigInteger)
    net_mass_g: int | None = Field(default=None, sa_type=BigInteger)
    value_minor: int | None = Field(default=None, sa_type=BigInteger)
    value_currency: str | None = Field(default=None, max_length=3)


class ClearanceRow(Part, table=True):
    """What one agency has decided on a declaration, or still has to."""

    __tablename__ = "clearance"
    lifecycle: ClassVar[Lifecycle] = CLEARANCE
    whole: ClassVar[type[Record]] = DeclarationRow
    whole_id: ClassVar[str] = "declaration_id"
    counts_while: ClassVar[Collection[str]] = CLEARABLE
    __table_args__ = (
        CheckConstraint(CLEARANCE.check_sql(), name="state"),
        CheckConstraint(_one_of("agency", AGENCIES), name="agency"),
        CheckConstraint(
            "state NOT IN ('failed', 'waived') OR reason IS NOT NULL", name="reason_given"
        ),
        Index(
            "ix_clearance_pending",
            "agency",
            "declaration_id",
            postgresql_where=text("state IN ('pending', 'failed')"),
        ),
        overdue_index(CLEARANCE),
    )

    declaration_id: UUID = Field(primary_key=True, foreign_key="declaration.id")
    agency: str = Field(primary_key=True, max_length=24)
    state: str = Field(max_length=16)
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    reason: str | None = Field(default=None, sa_type=Text)
