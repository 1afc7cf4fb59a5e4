"""Events stay: no row of `event` is changed or deleted, whoever asks.

Revision 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Refuse UPDATE and DELETE on events."""
    op.execute(
        """
        CREATE FUNCTION event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'an event is never changed or deleted' USING ERRCODE = '23001';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER event_stays BEFORE UPDATE OR DELETE ON event
        FOR EACH ROW EXECUTE FUNCTION event_stays()
        """
    )


def downgrade() -> None:
    """Allow them again."""
    op.execute("DROP TRIGGER event_stays ON event")
    op.execute("DROP FUNCTION event_stays()")
