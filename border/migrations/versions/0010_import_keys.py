"""Keys of imported rows without the zeros in front, which spreadsheets drop.

Revision 0010, after 0006. The zeros are not put back: no key needs them.
"""

from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the zeros off, once for each key; what is there under the bare key stays as it is."""
    op.execute(
        """
        UPDATE declaration SET import_key = bare.key
        FROM (
            SELECT DISTINCT ON (regexp_replace(import_key, '[:]0+([0-9]+)$', ':\\1'))
                id, regexp_replace(import_key, '[:]0+([0-9]+)$', ':\\1') AS key
            FROM declaration WHERE import_key ~ '[:]0+[0-9]+$'
            ORDER BY regexp_replace(import_key, '[:]0+([0-9]+)$', ':\\1'), created_at DESC, id
        ) AS bare
        WHERE declaration.id = bare.id
            AND NOT EXISTS (SELECT FROM declaration other WHERE other.import_key = bare.key)
        """
    )


def downgrade() -> None:
    """Leave the keys: an older program reads them too."""
