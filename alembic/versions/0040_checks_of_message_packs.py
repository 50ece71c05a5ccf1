"""what the worker found in a version of the messages

Revision 0040, after 0039. A step back forgets it; who opens a version then waits for its check again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
STAGE = sa.Enum(
    "waiting", "read", "under_way", "checked", "stopped",
    name="pack_check_stage", native_enum=False, create_constraint=True, length=40,
)  # fmt: skip


def upgrade() -> None:
    """Up: nothing is checked yet."""
    op.create_table(
        "pack_check",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stage", STAGE, nullable=False),
        sa.Column("makes_pack", sa.Boolean(), nullable=False),
        sa.Column("problems", JSON, nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest", "day", name=op.f("pk_pack_check")),
    )


def downgrade() -> None:
    """Down."""
    op.drop_table("pack_check")
