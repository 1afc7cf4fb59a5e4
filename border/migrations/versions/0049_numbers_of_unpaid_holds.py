"""Unpaid holds of a firm are told apart by a number.

Revision 0049, after 0048.
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and its fence; holds from before have no number."""
    op.add_column("booking", sa.Column("hold_number", sa.Integer(), nullable=True))
    op.create_index(
        "uq_booking_hold",
        "booking",
        ["owner_organisation_id", "hold_number"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("uq_booking_hold", "booking")
    op.drop_column("booking", "hold_number")
