"""A booking counts how often another truck came instead.

Revision 0032, after 0031.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count."""
    count = sa.Column("substituted", sa.Integer(), nullable=False, server_default="0")
    op.add_column("booking", count)


def downgrade() -> None:
    """Take it away."""
    op.drop_column("booking", "substituted")
