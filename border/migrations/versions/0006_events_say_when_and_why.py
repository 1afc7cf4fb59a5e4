"""An event says when it was recorded, in which request, and what kind of actor set it off.

Revision 0006, after 0005. What it says is called payload, what stays in the zone private. Events
from before get what is known of them: their UUIDv7 holds the instant they were recorded, and the
transaction stands for the request.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RECORDED_AT = """
    CASE WHEN substr(id::text, 15, 1) = '7'
         THEN to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))
                           ::bit(64)::bigint / 1000.0)
         ELSE happened_at END
"""


def upgrade() -> None:
    """Rename two columns and add three."""
    op.alter_column("event", "facts", new_column_name="payload")
    op.alter_column("event", "inside", new_column_name="private")
    op.add_column("event", sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime()))
    op.add_column("event", sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(80)))
    op.add_column("event", sa.Column("actor_kind", sqlmodel.sql.sqltypes.AutoString(16)))
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute("ALTER TABLE event DISABLE TRIGGER event_stays")
    op.execute(
        f"""
        UPDATE event SET recorded_at = {_RECORDED_AT}, request_id = 'transaction-' || xid,
            actor_kind = CASE WHEN actor = 'system' THEN 'program' ELSE 'person' END
        """
    )
    op.execute("ALTER TABLE event ENABLE TRIGGER event_stays")
    for name in ("recorded_at", "request_id", "actor_kind"):
        op.alter_column("event", name, nullable=False)


def downgrade() -> None:
    """Take the three away and give the two their old names."""
    for name in ("recorded_at", "request_id", "actor_kind"):
        op.drop_column("event", name)
    op.alter_column("event", "payload", new_column_name="facts")
    op.alter_column("event", "private", new_column_name="inside")
