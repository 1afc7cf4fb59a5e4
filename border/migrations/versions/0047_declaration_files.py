"""Files of declarations, their lines, and what a declaration keeps of its file.

Revision 0047, after 0046.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "declaration_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        _at("created_at"),
        _at("changed_at"),
        _at("overdue_at", nullable=True),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", _text(200), nullable=False),
        sa.Column("format", _text(8), nullable=False),
        sa.Column("digest", _text(64), nullable=False),
        sa.Column("declaration_count", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('taken', 'accepted_in_part', 'accepted', 'discarded', 'expired')",
            name=op.f("ck_declaration_file_state"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_declaration_file_version")),
        sa.ForeignKeyConstraint(
            ["owner_organisation_id"],
            ["organisation.id"],
            name=op.f("fk_declaration_file_owner_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaration_file")),
        sa.UniqueConstraint("reference", name=op.f("uq_declaration_file_reference")),
    )
    op.create_index(
        "ix_declaration_file_overdue",
        "declaration_file",
        ["overdue_at"],
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    op.create_index(
        "ix_declaration_file_owner",
        "declaration_file",
        ["owner_organisation_id", "created_at", "id"],
    )
    op.create_index(
        "uq_declaration_file_open",
        "declaration_file",
        ["owner_organisation_id", "digest"],
        unique=True,
        postgresql_where=sa.text("state IN ('taken', 'accepted_in_part')"),
    )
    op.create_table(
        "declaration_file_line",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("key", _text(200), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("import_key", _text(120), nullable=False),
        _json("draft", nullable=True),
        _json("errors"),
        _json("lacks"),
        _json("restored"),
        _json("unread"),
        _json("kept", nullable=True),
        sa.Column("declaration_id", sa.Uuid(), nullable=True),
        _at("taken_at"),
        sa.CheckConstraint(
            "state IN ('good', 'bad', 'already_there')", name=op.f("ck_declaration_file_line_state")
        ),
        sa.CheckConstraint(
            "state <> 'good' OR draft IS NOT NULL", name=op.f("ck_declaration_file_line_readable")
        ),
        sa.CheckConstraint(
            "declaration_id IS NULL OR state = 'already_there'",
            name=op.f("ck_declaration_file_line_accepted"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["declaration_file.id"],
            name=op.f("fk_declaration_file_line_file_id_declaration_file"),
        ),
        sa.ForeignKeyConstraint(
            ["declaration_id"],
            ["declaration.id"],
            name=op.f("fk_declaration_file_line_declaration_id_declaration"),
        ),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_declaration_file_line")),
    )
    op.create_index(
        op.f("ix_declaration_file_line_taken_at"), "declaration_file_line", ["taken_at"]
    )
    op.create_table(
        "declaration_source",
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("format", _text(8), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        _json("fields"),
        _json("lines"),
        sa.ForeignKeyConstraint(
            ["declaration_id"],
            ["declaration.id"],
            name=op.f("fk_declaration_source_declaration_id_declaration"),
        ),
        sa.PrimaryKeyConstraint("declaration_id", name=op.f("pk_declaration_source")),
    )


def downgrade() -> None:
    """Take them away."""
    for name in ("declaration_source", "declaration_file_line", "declaration_file"):
        op.drop_table(name)
