"""files from instruments: warnings seen, figures of quality, the raw files of a library

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("upload") as batch:
        batch.add_column(sa.Column("warnings_seen_by", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("warnings_seen_at", UtcDateTime(), nullable=True))
        batch.create_foreign_key(op.f("fk_upload_warnings_seen_by_person"), "person", ["warnings_seen_by"], ["id"])
    with op.batch_alter_table("reading") as batch:
        batch.add_column(sa.Column("quality", json(), nullable=False, server_default="{}"))
    with op.batch_alter_table("library") as batch:
        batch.add_column(sa.Column("files", json(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("library") as batch:
        batch.drop_column("files")
    with op.batch_alter_table("reading") as batch:
        batch.drop_column("quality")
    with op.batch_alter_table("upload") as batch:
        batch.drop_constraint(op.f("fk_upload_warnings_seen_by_person"), type_="foreignkey")
        batch.drop_column("warnings_seen_at")
        batch.drop_column("warnings_seen_by")
