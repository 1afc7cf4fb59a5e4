"""Ballots of peak hours, what was entered, and the numbers of those who wait by one.

Revision 0036, after 0035.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime


def _text(length: int) -> sqlmodel.sql.sqltypes.AutoString:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _record(table: str, *states: str) -> list[sa.schema.SchemaItem]:
    """Return the columns and constraints that every record has."""
    known = ", ".join(f"'{state}'" for state in states)
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", _text(24), nullable=False),
        sa.Column("state", _text(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", _text(24), nullable=False),
        sa.Column("created_at", _UTC(), nullable=False),
        sa.Column("changed_at", _UTC(), nullable=False),
        sa.Column("overdue_at", _UTC(), nullable=True),
        sa.CheckConstraint(f"state IN ({known})", name=op.f(f"ck_{table}_state")),
        sa.CheckConstraint("version > 0", name=op.f(f"ck_{table}_version")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("reference", name=op.f(f"uq_{table}_reference")),
    ]


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.add_column("waiting_entry", sa.Column("number", sa.Integer(), nullable=True))
    op.create_table(
        "ballot",
        *_record("ballot", "announced", "open", "drawn"),
        sa.Column("direction", _text(8), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        *(
            sa.Column(name, _UTC(), nullable=False)
            for name in ("begins_at", "ends_at", "opens_at", "closes_at", "draw_at")
        ),
        sa.Column("offer_minutes", sa.Integer(), nullable=False),
        sa.Column("cooling_hours", sa.Integer(), nullable=False),
        _json("beacons"),
        sa.Column("entries_root", _text(64), nullable=True),
        sa.Column("spoke", _text(40), nullable=True),
        sa.Column("beacon_value", _text(64), nullable=True),
        sa.Column("beacon_signature", _text(400), nullable=True),
        _json("places"),
        sa.Column(
            "rule_versions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
        ),
        sa.CheckConstraint(
            "beacon_value IS NULL OR entries_root IS NOT NULL", name=op.f("ck_ballot_closed_first")
        ),
        sa.UniqueConstraint(
            "gate", "direction", "held_on", name=op.f("uq_ballot_gate_direction_held_on")
        ),
    )
    op.create_table(
        "ballot_entry",
        *_record("ballot_entry", "entered", "drawn"),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("ballot_id", sa.Uuid(), nullable=False),
        sa.Column("plate", _text(20), nullable=False),
        sa.Column("plate_typed", _text(20), nullable=False),
        sa.Column("priority", _text(16), nullable=False),
        _json("request"),
        _json("preferences"),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("got", sa.Uuid(), nullable=True),
        sa.Column("waiting_id", sa.Uuid(), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_ballot_entry_{column}_{table}")
            )
            for column, table in (
                ("owner_organisation_id", "organisation"),
                ("ballot_id", "ballot"),
                ("got", "slot"),
                ("waiting_id", "waiting_entry"),
            )
        ),
        sa.UniqueConstraint("ballot_id", "plate", name=op.f("uq_ballot_entry_ballot_id_plate")),
        sa.UniqueConstraint("ballot_id", "number", name=op.f("uq_ballot_entry_ballot_id_number")),
    )
    for table in ("ballot", "ballot_entry"):
        op.create_index(
            f"ix_{table}_overdue",
            table,
            ["overdue_at"],
            postgresql_where=sa.text("overdue_at IS NOT NULL"),
        )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("ballot_entry")
    op.drop_table("ballot")
    op.drop_column("waiting_entry", "number")
