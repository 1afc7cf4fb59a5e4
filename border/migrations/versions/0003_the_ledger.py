"""The ledger: journals, postings and exceptions; what was charged and paid before is booked.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATES = {
    "charge": (
        ("owed", "settled", "voided", "waived"),
        ("owed", "settled", "voided", "waived", "refunded"),
    ),
    "payment": (
        ("pending", "paid", "expired", "cancelled", "needs_review"),
        (
            "pending",
            "paid",
            "expired",
            "cancelled",
            "needs_review",
            "partially_refunded",
            "refunded",
        ),
    ),
}


def upgrade() -> None:
    """Make the ledger and its guards, then book what there is."""
    _make_tables()
    _change_tables()
    _guard()
    _book_what_there_is()


def _make_tables() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("attempt_reference", maxvalue=999_999_999)))
    op.create_table(
        "journal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("effective_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("gateway", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True),
        sa.Column("provider_txn", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("booked_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.CheckConstraint(
            "kind <> 'capture' OR provider_txn IS NOT NULL", name=op.f("ck_journal_capture")
        ),
        sa.CheckConstraint(
            "kind IN ('assess', 'void', 'waive', 'capture', 'apply', 'refund_reserve', 'refund_release', 'refund_pay', 'refund_bounce', 'payout', 'external_refund', 'cash_variance')",
            name=op.f("ck_journal_kind"),
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_journal_attempt_id")),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk_journal_charge_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_journal_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_journal_idempotency_key")),
        sa.UniqueConstraint("number", name=op.f("uq_journal_number")),
    )
    op.create_index("ix_journal_created_at", "journal", ["created_at"], unique=False)
    op.create_index(op.f("ix_journal_payment_id"), "journal", ["payment_id"], unique=False)
    op.create_index(op.f("ix_journal_refund_id"), "journal", ["refund_id"], unique=False)
    op.create_index(
        "uq_journal_capture",
        "journal",
        ["gateway", "provider_txn"],
        unique=True,
        postgresql_where=sa.text("kind = 'capture'"),
    )
    op.create_table(
        "payment_exception",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gate", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("dedupe_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("gateway", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("provider_txn", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("journal_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("told", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("resolution", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.CheckConstraint(
            "kind IN ('review', 'conflict', 'wrong_amount', 'nothing_owed', 'paid_twice', 'unmatched', 'reversed', 'refund_failed', 'amount_diff', 'missing_in_ledger', 'missing_at_gateway', 'duplicate_line', 'fee_diff')",
            name=op.f("ck_payment_exception_kind"),
        ),
        sa.CheckConstraint(
            "state <> 'resolved' OR resolved_at IS NOT NULL",
            name=op.f("ck_payment_exception_resolved"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'resolved')", name=op.f("ck_payment_exception_state")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_payment_exception_version")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_payment_exception_attempt_id")
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journal.id"], name=op.f("fk_payment_exception_journal_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_payment_exception_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_exception")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_payment_exception_dedupe_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_payment_exception_reference")),
    )
    op.create_index(
        "ix_payment_exception_due",
        "payment_exception",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_payment_exception_open",
        "payment_exception",
        ["payment_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "posting",
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "account <> 'payer_receivable' OR charge_id IS NOT NULL", name=op.f("ck_posting_payer")
        ),
        sa.CheckConstraint(
            "account ~ '^(payer_receivable|refund_payable|retained_by_collector|gateway_fee|cash_over_short|(suspense|due_to_budget|gateway_receivable|bank):[a-z0-9_]+)$'",
            name=op.f("ck_posting_account"),
        ),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_posting_amount")),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk_posting_charge_id")),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_posting_journal_id")),
        sa.PrimaryKeyConstraint("journal_id", "line", name=op.f("pk_posting")),
    )
    op.create_index("ix_posting_account", "posting", ["account", "currency"], unique=False)
    op.create_index(op.f("ix_posting_charge_id"), "posting", ["charge_id"], unique=False)


def _change_tables() -> None:
    op.add_column(
        "attempt",
        sa.Column("checkout_url", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
    )
    op.alter_column("notice", "attempt_id", existing_type=sa.Uuid(), nullable=True)
    for column in ("parts", "inputs"):
        op.add_column("charge", sa.Column(column, postgresql.JSONB(), nullable=True))
    op.execute(
        """
        UPDATE charge SET inputs = '{}', parts = jsonb_build_array(jsonb_build_object(
            'account', 'due_to_budget:' || kind, 'amount_minor', amount_minor))
        """
    )
    for column in ("parts", "inputs"):
        op.alter_column("charge", column, existing_type=postgresql.JSONB(), nullable=False)
    for table, (_, now) in _STATES.items():
        _check_states(table, now)


def _check_states(table: str, states: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_{table}_state"), table, type_="check")
    listed = ", ".join(f"'{state}'" for state in states)
    op.create_check_constraint(op.f(f"ck_{table}_state"), table, f"state IN ({listed})")


def _guard() -> None:
    """Refuse what a ledger must never do: change, forget, grow afterwards, or not add up."""
    op.execute(
        """
        CREATE FUNCTION ledger_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'what is in the ledger is never changed or deleted'
                USING ERRCODE = '23001';
        END $$
        """
    )
    for table in ("journal", "posting"):
        op.execute(
            f"""
            CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION ledger_stays()
            """
        )
        op.execute(
            f"""
            CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_stays()
            """
        )
    # A journal is closed when its transaction ends: even a pair of lines that adds up would
    # change what was booked.
    op.execute(
        """
        CREATE FUNCTION posting_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT xmin FROM journal WHERE id = NEW.journal_id)
                IS DISTINCT FROM pg_current_xact_id()::xid THEN
                RAISE EXCEPTION 'journal % is closed', NEW.journal_id USING ERRCODE = '23514';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER posting_in_time BEFORE INSERT ON posting
        FOR EACH ROW EXECUTE FUNCTION posting_in_time()
        """
    )
    op.execute(
        """
        CREATE FUNCTION journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM posting WHERE journal_id = NEW.id) OR EXISTS (
                SELECT FROM posting WHERE journal_id = NEW.id
                GROUP BY currency HAVING sum(amount_minor) <> 0
            ) THEN
                RAISE EXCEPTION 'journal % does not add up to nothing', NEW.idempotency_key
                    USING ERRCODE = '23514';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT ON journal
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_balances()
        """
    )


def _book_what_there_is() -> None:
    """Book each charge, its end, and each payment that was proved."""
    made = "INSERT INTO journal (id, kind, idempotency_key, effective_at, created_at, charge_id,"
    made += " source, booked_by, note) SELECT gen_random_uuid(), "
    rest = ", 'migration', 'system', '' FROM charge c"
    op.execute(f"{made} 'assess', 'assess:' || reference, created_at, now(), id{rest}")
    op.execute(
        f"{made} CASE state WHEN 'voided' THEN 'void' ELSE 'waive' END,"
        " CASE state WHEN 'voided' THEN 'void:' ELSE 'waive:' END || reference,"
        f" changed_at, now(), id{rest} WHERE state IN ('voided', 'waived')"
    )
    op.execute(
        """
        INSERT INTO posting (journal_id, line, account, amount_minor, currency, charge_id)
        SELECT j.id, l.line, l.account,
               CASE WHEN j.kind = 'assess' THEN l.sign ELSE -l.sign END * c.amount_minor,
               c.currency, c.id
        FROM journal j JOIN charge c ON c.id = j.charge_id,
        LATERAL (VALUES (1, 'payer_receivable', 1), (2, 'due_to_budget:' || c.kind, -1))
            AS l (line, account, sign)
        """
    )
    op.execute(
        """
        INSERT INTO journal (id, kind, idempotency_key, effective_at, created_at, gateway,
            provider_txn, payment_id, attempt_id, source, booked_by, note)
        SELECT gen_random_uuid(), 'capture',
            'capture:' || a.gateway || ':' || coalesce(a.provider_txn, a.reference),
            coalesce(p.paid_at, a.changed_at), now(), a.gateway,
            coalesce(a.provider_txn, a.reference), p.id, a.id, 'migration', 'system', ''
        FROM attempt a JOIN payment p ON p.id = a.payment_id WHERE a.state = 'succeeded'
        """
    )
    op.execute(
        """
        INSERT INTO posting (journal_id, line, account, amount_minor, currency)
        SELECT j.id, 1, 'gateway_receivable:' || p.gateway, p.amount_minor, p.currency
        FROM journal j JOIN payment p ON p.id = j.payment_id WHERE j.kind = 'capture'
        UNION ALL
        SELECT j.id, 2, 'suspense:overpaid', -p.amount_minor, p.currency
        FROM journal j JOIN payment p ON p.id = j.payment_id
        WHERE j.kind = 'capture' AND p.state <> 'paid'
        """
    )
    op.execute(
        """
        INSERT INTO posting (journal_id, line, account, amount_minor, currency, charge_id)
        SELECT j.id, 1 + row_number() OVER (PARTITION BY j.id ORDER BY c.id),
            'payer_receivable', -c.amount_minor, c.currency, c.id
        FROM journal j JOIN payment p ON p.id = j.payment_id
        JOIN payment_charge pc ON pc.payment_id = p.id JOIN charge c ON c.id = pc.charge_id
        WHERE j.kind = 'capture' AND p.state = 'paid'
        """
    )


def downgrade() -> None:
    """Take the ledger away; charges and payments that only it explains go back to what was."""
    for table in ("posting", "payment_exception", "journal"):
        op.drop_table(table)
    for function in ("journal_balances", "posting_in_time", "ledger_stays"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP SEQUENCE attempt_reference")
    op.drop_column("charge", "inputs")
    op.drop_column("charge", "parts")
    op.drop_column("attempt", "checkout_url")
    op.execute("DELETE FROM notice WHERE attempt_id IS NULL")
    op.alter_column("notice", "attempt_id", existing_type=sa.Uuid(), nullable=False)
    op.execute("UPDATE charge SET state = 'settled' WHERE state = 'refunded'")
    op.execute(
        "UPDATE payment SET state = 'paid' WHERE state IN ('refunded', 'partially_refunded')"
        " AND paid_at IS NOT NULL"
    )
    op.execute("UPDATE payment SET state = 'needs_review' WHERE state = 'refunded'")
    for table, (before, _) in _STATES.items():
        _check_states(table, before)
