"""facts for more figures: weeks, times, outcomes, buckets

Revision 0011, after 0010. What the days, the keys and the samples say is filled in here; grades, times to release and
outcomes of what was released before come with `mast trends rebuild`.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

AT_ONCE = 1_000
TEXTS = {"week": 8, "quarter": 7, "year": 4, "submitter_type": 30, "grade": 20}


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("trend_sample") as batch:
        for name, length in TEXTS.items():
            batch.add_column(sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
        batch.add_column(sa.Column("turnaround_min", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("bucket", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "trend_outcome",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("moment", sa.String(length=10), nullable=False),
        sa.Column("intention", sa.String(length=30), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["trend_sample.sample_id"],
            name=op.f("fk_trend_outcome_sample_id_trend_sample"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sample_id", "moment", "intention", name=op.f("pk_trend_outcome")),
    )
    op.create_table(
        "trend_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend_change")),
    )
    op.create_index(op.f("ix_trend_finding_found"), "trend_finding", ["found"])
    _fill()
    op.execute(
        "UPDATE trend_sample SET submitter_type = (SELECT submitter_type FROM sample "
        "WHERE sample.id = trend_sample.own_sample_id) WHERE own_sample_id IS NOT NULL"
    )


def _fill() -> None:
    """What follows from the day, the month and the key of each row. Said here again: a migration stays as it was."""
    connection = op.get_bind()
    fact = sa.table(
        "trend_sample",
        sa.column("sample_id", sa.Uuid()),
        sa.column("day", sa.Date()),
        sa.column("month", sa.String()),
        *(sa.column(name, sa.String()) for name in ("week", "quarter", "year")),
        sa.column("bucket", sa.Integer()),
    )
    rows = connection.execute(sa.select(fact.c.sample_id, fact.c.day, fact.c.month)).all()
    names = ("week", "quarter", "year", "bucket")
    update = sa.update(fact).where(fact.c.sample_id == sa.bindparam("key"))
    update = update.values({name: sa.bindparam(f"new_{name}") for name in names})
    for start in range(0, len(rows), AT_ONCE):
        connection.execute(
            update,
            [
                {
                    "key": key,
                    "new_week": "{}-W{:02d}".format(*day.isocalendar()[:2]) if day else "",
                    "new_quarter": f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}" if month else "",
                    "new_year": month[:4],
                    "new_bucket": int.from_bytes(hashlib.sha256(key.bytes).digest()[:2], "big") % 1024,
                }
                for key, day, month in rows[start : start + AT_ONCE]
            ],
        )


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_trend_finding_found"), "trend_finding")
    op.drop_table("trend_change")
    op.drop_table("trend_outcome")
    with op.batch_alter_table("trend_sample") as batch:
        for name in ("bucket", "turnaround_min", *reversed(TEXTS)):
            batch.drop_column(name)
