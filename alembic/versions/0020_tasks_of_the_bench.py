"""tasks: what strips and tests ask of the bench

Revision 0020, after 0019. Six more kinds of tasks. A step back removes tasks of these kinds: the version before knows none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OLD_KINDS = ("tell_lead", "propose_alert", "strip_lot", "amended")
NEW_KINDS = ("confirm", "strip_again", "test_again", "more_sample", "review", "send_on")


def _kinds(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("task") as batch:
        batch.drop_constraint(op.f("ck_task_task_kind"), type_="check")
        batch.create_check_constraint("task_kind", sa.text(f"kind IN ({listed})"))


def upgrade() -> None:
    """Up."""
    _kinds((*OLD_KINDS, *NEW_KINDS))


def downgrade() -> None:
    """One step back."""
    task = sa.table("task", sa.column("kind", sa.String()))
    op.execute(sa.delete(task).where(task.c.kind.in_(NEW_KINDS)))
    _kinds(OLD_KINDS)
