"""the display log lets go of what is older than six years

Revision 0027, after 0022. Until then it refuses as before, whoever asks; retention deletes a sample with what was shown of it.
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

DAYS = 2191  # a day less than retention keeps it: the clocks of two machines differ
SQLITE = """CREATE TRIGGER display_log_no_delete BEFORE DELETE ON display_log {when}
            BEGIN SELECT RAISE(ABORT, 'the display log is append-only'); END"""
POSTGRESQL = """CREATE OR REPLACE FUNCTION display_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN {old} RAISE EXCEPTION 'the display log is append-only'; END $$"""


def _refusing(when: str, old: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER display_log_no_delete")
        op.execute(SQLITE.format(when=when))
    else:
        op.execute(POSTGRESQL.format(old=old))


def upgrade() -> None:
    """Up."""
    _refusing(
        f"WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%S', 'now', '-{DAYS} days')",
        f"IF TG_OP = 'DELETE' THEN IF OLD.at < now() - interval '{DAYS} days' THEN RETURN OLD; END IF; END IF;",
    )


def downgrade() -> None:
    """Down."""
    _refusing("", "")
