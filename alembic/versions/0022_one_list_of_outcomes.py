"""results: the list of outcomes is the one that pages are made from

Revision 0022, after 0021. Versions keep what they say; going back, none says the new word.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BEFORE = ("identified", "partly_identified", "nothing_found", "inconclusive", "insufficient", "pending")


def _outcomes(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("result_version") as batch:
        batch.drop_constraint(op.f("ck_result_version_outcome"), type_="check")
        batch.create_check_constraint("outcome", sa.text(f"outcome IN ({listed})"))


def upgrade() -> None:
    """Up."""
    _outcomes((*BEFORE, "not_tested_for_expected"))


def downgrade() -> None:
    """Down."""
    op.execute("UPDATE result_version SET outcome = 'inconclusive' WHERE outcome = 'not_tested_for_expected'")
    _outcomes(BEFORE)
