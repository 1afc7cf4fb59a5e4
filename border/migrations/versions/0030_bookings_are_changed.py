"""A booking counts how often it was moved, and has one slip that holds.

Revision 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count and the fence."""
    op.add_column("booking", sa.Column("moved", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "uq_slip_live",
        "slip",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('active', 'used')"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("uq_slip_live", "slip")
    op.drop_column("booking", "moved")
