"""Calls to the barrier, calls out of turn, and the seeds of the lots.

Revision 0037, after 0036.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _record(name: str, states: str, *columns: sa.schema.SchemaItem) -> None:
    """Make the table of a kind of record about a booking."""
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        _at("created_at"),
        _at("changed_at"),
        _at("overdue_at", nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("priority", _text(16), nullable=False),
        *columns,
        sa.CheckConstraint(f"state IN ({states})", name=op.f(f"ck_{name}_state")),
        sa.CheckConstraint("version > 0", name=op.f(f"ck_{name}_version")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f(f"fk_{name}_booking_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("reference", name=op.f(f"uq_{name}_reference")),
    )
    overdue = sa.text("overdue_at IS NOT NULL")
    op.create_index(f"ix_{name}_overdue", name, ["overdue_at"], postgresql_where=overdue)
    op.create_index(f"ix_{name}_line", name, ["gate", "direction", "created_at"])


def upgrade() -> None:
    """Make the tables, and an index on those who stand in the yard."""
    _record(
        "call_override",
        "'asked', 'approved', 'declined', 'lapsed'",
        sa.Column("reason", _text(500), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("decided_by <> asked_by", name=op.f("ck_call_override_second_person")),
    )
    op.create_index(
        "uq_call_override_asked",
        "call_override",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )
    _record(
        "call",
        "'called', 'answered', 'missed', 'withdrawn'",
        sa.Column("lane", _text(16), nullable=True),
        _at("since"),
        _at("until"),
        sa.Column("override_id", sa.Uuid(), nullable=True),
        sa.Column(
            "rule_versions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
        ),
        sa.ForeignKeyConstraint(
            ["override_id"], ["call_override.id"], name=op.f("fk_call_override_id")
        ),
    )
    op.create_index(
        "uq_call_live",
        "call",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("state = 'called'"),
    )
    op.create_index("ix_call_booking", "call", ["booking_id"])
    op.create_table(
        "calling_day",
        sa.Column("gate", _text(24), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("gate", "direction", "day", name=op.f("pk_calling_day")),
    )
    op.create_index(
        "ix_passage_in_yard",
        "passage",
        ["booking_id"],
        postgresql_where=sa.text("state = 'arrived'"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_passage_in_yard", "passage")
    for table in ("calling_day", "call", "call_override"):
        op.drop_table(table)
