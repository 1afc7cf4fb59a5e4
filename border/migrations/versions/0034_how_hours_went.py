"""An hour counts who was displaced from it, and once it is over why places stayed unused.

Revision 0034, after 0033.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_COUNTS = ("unused", "limited", "not_come", "no_demand")


def upgrade() -> None:
    """Add the count and the table."""
    op.add_column("slot", sa.Column("displaced", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "slot_outcome",
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("because", sa.String(12), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "unused = limited + not_come + no_demand", name=op.f("ck_slot_outcome_parts")
        ),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["slot.id"], name=op.f("fk_slot_outcome_slot_id_slot")
        ),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_slot_outcome")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("slot_outcome")
    op.drop_column("slot", "displaced")
