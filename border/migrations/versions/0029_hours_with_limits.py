"""An hour's capacity is the smallest of its rules and its limits; each limit says who and why.

Revision 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_FENCE = "taken >= 0 AND taken <= capacity + kept AND capacity >= 0 AND kept >= 0"


def upgrade() -> None:
    """Make the table of limits, and let a slot know what its rules gave and what binds it."""
    op.create_table(
        "slot_limit",
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("gate", sa.String(24), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("decided_by", sa.String(80), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("begins_at < ends_at", name=op.f("ck_slot_limit_window")),
        sa.CheckConstraint("value IS NULL OR value >= 0", name=op.f("ck_slot_limit_value")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_slot_limit_reason")),
        sa.ForeignKeyConstraint(["gate"], ["gate.code"], name=op.f("fk_slot_limit_gate_gate")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_slot_limit")),
    )
    op.create_index("ix_slot_limit_window", "slot_limit", ["gate", "direction", "ends_at"])
    op.add_column("slot", sa.Column("planned", sa.Integer(), nullable=True))
    op.add_column("slot", sa.Column("kept", sa.Integer(), server_default="0", nullable=False))
    op.add_column("slot", sa.Column("bound_by", sa.String(12), nullable=True))
    op.add_column("slot", sa.Column("bound_reason", sa.String(300), nullable=True))
    op.execute("UPDATE slot SET planned = capacity")
    op.alter_column("slot", "planned", nullable=False)
    op.alter_column("slot", "kept", server_default=None)
    op.drop_constraint(op.f("ck_slot_capacity"), "slot")
    op.create_check_constraint(op.f("ck_slot_capacity"), "slot", _FENCE)


def downgrade() -> None:
    """Let an hour offer what its rules gave, or what is taken of it, and forget the limits."""
    op.drop_constraint(op.f("ck_slot_capacity"), "slot")
    op.execute("UPDATE slot SET capacity = greatest(planned, taken)")
    op.create_check_constraint(op.f("ck_slot_capacity"), "slot", "taken >= 0 AND taken <= capacity")
    for name in ("planned", "kept", "bound_by", "bound_reason"):
        op.drop_column("slot", name)
    op.drop_table("slot_limit")
