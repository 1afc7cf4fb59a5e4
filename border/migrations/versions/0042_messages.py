"""The outbox of messages; who is told begins with what happens from now on.

Revision 0042, after 0041.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_STATES = (
    "state IN ('queued', 'sent', 'delivered', 'unanswered', 'failed', 'given_up', 'settled', "
    "'dropped')"
)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[object]:
    kind = sqlmodel.sql.sqltypes.AutoString(length=length)
    return sa.Column(name, kind, nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str, default: str | None = None) -> sa.Column[object]:
    begins = sa.text(default) if default else None
    return sa.Column(name, postgresql.JSONB(), nullable=False, server_default=begins)


def upgrade() -> None:
    """Make the table, and put the reader that tells people to the end of the feed."""
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("reference", 24),
        _text("state", 24),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("gate", 24),
        _at("created_at"),
        _at("changed_at"),
        _at("overdue_at", nullable=True),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        _text("occasion", 32),
        _text("about", 40),
        _text("recipient", 80),
        _text("channel", 16),
        _text("address", 1000),
        _text("locale", 2),
        _json("facts"),
        _json("ways"),
        _at("useful_until"),
        _at("next_try_at", nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        _text("why", 300),
        _text("answer", 60),
        _text("provider_id", 120, nullable=True),
        _text("reason", 500, nullable=True),
        _json("rule_versions", "'{}'::jsonb"),
        sa.CheckConstraint(_STATES, name=op.f("ck_message_state")),
        sa.CheckConstraint("version > 0", name=op.f("ck_message_version")),
        sa.CheckConstraint(
            "state <> 'queued' OR next_try_at IS NOT NULL", name=op.f("ck_message_tried")
        ),
        sa.CheckConstraint(
            "state <> 'settled' OR reason IS NOT NULL", name=op.f("ck_message_reason_given")
        ),
        sa.ForeignKeyConstraint(
            ["owner_organisation_id"],
            ["organisation.id"],
            name=op.f("fk_message_owner_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_message_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("reference", name=op.f("uq_message_reference")),
        sa.UniqueConstraint(
            "event_id",
            "recipient",
            "channel",
            name=op.f("uq_message_event_id_recipient_channel"),
        ),
    )
    for name, columns, where in (
        ("ix_message_overdue", ["overdue_at"], "overdue_at IS NOT NULL"),
        ("ix_message_due", ["next_try_at"], "state = 'queued'"),
        ("ix_message_newest", ["created_at", "id"], None),
        ("ix_message_owner", ["owner_organisation_id", "created_at", "id"], None),
        ("ix_message_about", ["about"], None),
        (
            "ix_message_provider",
            ["channel", "provider_id"],
            "state = 'sent' AND provider_id IS NOT NULL",
        ),
    ):
        condition = sa.text(where) if where else None
        op.create_index(name, "message", columns, postgresql_where=condition)
    op.execute(
        "INSERT INTO reader (name, xid, seq, moved_at)"
        " SELECT 'telling', xid::text::bigint, seq, recorded_at FROM event"
        " ORDER BY xid DESC, seq DESC LIMIT 1"
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("message")
    op.execute("DELETE FROM reader WHERE name = 'telling'")
