"""Rankers learn from inspections, and keep how each declaration was ranked.

Revision 0043, after 0042.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "ranker",
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learned_from", postgresql.JSONB(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("worth", postgresql.JSONB(), nullable=False),
        sa.Column("calibration_error", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("drift", postgresql.JSONB(), nullable=False),
        sa.Column("drift_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ranker")),
        sa.CheckConstraint("found > 0 AND found < cases", name=op.f("ck_ranker_both_outcomes")),
    )
    op.create_table(
        "risk_score",
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("ranker", sa.Integer(), nullable=False),
        sa.Column("lodged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("is_high", sa.Boolean(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("ranked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("declaration_id", name=op.f("pk_risk_score")),
        sa.ForeignKeyConstraint(
            ["declaration_id"],
            ["declaration.id"],
            name=op.f("fk_risk_score_declaration_id"),
        ),
        sa.ForeignKeyConstraint(["ranker"], ["ranker.number"], name=op.f("fk_risk_score_ranker")),
        sa.CheckConstraint("chance >= 0 AND chance <= 1", name=op.f("ck_risk_score_chance")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("risk_score")
    op.drop_table("ranker")
