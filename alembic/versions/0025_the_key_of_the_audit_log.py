"""audit: from which entry on hashes are made with a key; the end of a transaction takes its turn in one statement

Revision 0025, after 0022. Entries stay as they are. Going back, an older server takes keyed entries for changed ones.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# VOLATILE, so that the second statement sees what was committed while the first waited.
LOG_TURN = """
CREATE FUNCTION log_turn(OUT seq bigint, OUT hash text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1296126804);
    SELECT entry.seq, entry.hash INTO seq, hash FROM audit_entry AS entry ORDER BY entry.seq DESC LIMIT 1;
    IF NOT FOUND THEN
        seq := 0;
        hash := repeat('0', 64);
    END IF;
END $$
"""


def upgrade() -> None:
    """Up."""
    op.create_table(
        "audit_key",
        sa.Column(
            "from_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("from_seq", name=op.f("pk_audit_key")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(LOG_TURN)


def downgrade() -> None:
    """Down."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION log_turn()")
    op.drop_table("audit_key")
