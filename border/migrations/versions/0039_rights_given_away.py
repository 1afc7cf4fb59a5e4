"""Rights that firms give away.

Revision 0039, after 0038.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the table."""
    firms = ("for_organisation_id", "from_organisation_id", "to_organisation_id")
    op.create_table(
        "delegation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        _at("created_at"),
        _at("changed_at"),
        _at("overdue_at", nullable=True),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in firms),
        sa.Column("to_account_id", sa.Uuid(), nullable=True),
        sa.Column("verbs", postgresql.ARRAY(sa.String(48)), nullable=False),
        _at("until"),
        sa.Column("above", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("firms", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.CheckConstraint(
            "state IN ('given', 'revoked', 'expired')", name=op.f("ck_delegation_state")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_delegation_version")),
        sa.CheckConstraint(
            "from_organisation_id <> to_organisation_id", name=op.f("ck_delegation_another")
        ),
        sa.CheckConstraint(
            "NOT to_organisation_id = ANY(firms)", name=op.f("ck_delegation_no_circle")
        ),
        sa.CheckConstraint("cardinality(above) < 3", name=op.f("ck_delegation_links")),
        sa.CheckConstraint(
            "cardinality(firms) = cardinality(above) + 1", name=op.f("ck_delegation_chain")
        ),
        *(
            sa.ForeignKeyConstraint(
                [name], ["organisation.id"], name=op.f(f"fk_delegation_{name}_organisation")
            )
            for name in firms
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["account.id"], name=op.f("fk_delegation_to_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
        sa.UniqueConstraint("reference", name=op.f("uq_delegation_reference")),
    )
    op.create_index(
        "ix_delegation_overdue",
        "delegation",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    for name in ("from_organisation_id", "to_organisation_id"):
        op.create_index(f"ix_delegation_{name}", "delegation", [name])
    op.create_index(
        "ix_delegation_had",
        "delegation",
        ["to_organisation_id"],
        postgresql_where=sa.text("state = 'given'"),
    )
    op.create_index("ix_delegation_above", "delegation", ["above"], postgresql_using="gin")


def downgrade() -> None:
    """Take it away."""
    op.drop_table("delegation")
