"""The ranges drivers are told, and how good they were day by day.

Revision 0038, after 0037.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _way() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("gate", _text(24), nullable=False),
        sa.Column("direction", _text(8), nullable=False),
    )


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "told_range",
        sa.Column("slip", _text(24), nullable=False),
        _at("told_at"),
        *_way(),
        _at("begins_at"),
        _at("ends_at"),
        sa.PrimaryKeyConstraint("slip", "told_at", name=op.f("pk_told_range")),
    )
    op.create_index("ix_told_range_told_at", "told_range", ["told_at"])
    op.create_table(
        "range_accuracy",
        *_way(),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("told", "inside", "kept")),
        sa.Column("error_percent", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("gate", "direction", "day", name=op.f("pk_range_accuracy")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("range_accuracy")
    op.drop_table("told_range")
