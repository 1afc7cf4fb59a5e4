"""A booking whose hour was taken away says from which hour, and why.

Revision 0033, after 0032.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two facts."""
    op.add_column("booking", sa.Column("displaced_from", sa.DateTime(timezone=True)))
    op.add_column("booking", sa.Column("displaced_reason", sa.String(300)))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("booking", "displaced_from")
    op.drop_column("booking", "displaced_reason")
