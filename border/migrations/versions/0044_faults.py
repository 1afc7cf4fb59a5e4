"""Faults: places that were booked and not used.

Revision 0044, after 0043.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_STATES = "'counted', 'appealed', 'dismissed', 'excused', 'expired'"
_CHECKS = {
    "state": f"state IN ({_STATES})",
    "version": "version > 0",
    "excuse": "(excuse IS NOT NULL) = (state = 'excused')",
    "second_person": "decided_by <> appealed_by",
    "answer_given": "decided_by IS NULL OR answer IS NOT NULL",
}


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "booking_fault",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        _at("created_at"),
        _at("changed_at"),
        _at("overdue_at", nullable=True),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("fault_kind", _text(16), nullable=False),
        _at("ended_at"),
        _at("expires_at"),
        sa.Column("excuse", _text(16), nullable=True),
        sa.Column("appeal", sa.Text(), nullable=True),
        sa.Column("appealed_by", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column(
            "rule_versions",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_booking_fault_{name}"))
            for name, condition in _CHECKS.items()
        ),
        sa.ForeignKeyConstraint(
            ["owner_organisation_id"],
            ["organisation.id"],
            name=op.f("fk_booking_fault_owner_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_fault_booking_id_booking")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_fault")),
        sa.UniqueConstraint("reference", name=op.f("uq_booking_fault_reference")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_booking_fault_booking_id")),
    )
    partial = {
        "overdue": (["overdue_at"], "overdue_at IS NOT NULL"),
        "counts": (["owner_organisation_id"], "state IN ('appealed', 'counted', 'dismissed')"),
    }
    for name, (columns, condition) in partial.items():
        where = sa.text(condition)
        op.create_index(
            f"ix_booking_fault_{name}", "booking_fault", columns, postgresql_where=where
        )
    newest = ["created_at", "id"]
    op.create_index("ix_booking_fault_newest", "booking_fault", newest)
    op.create_index("ix_booking_fault_owner", "booking_fault", ["owner_organisation_id", *newest])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("booking_fault")
