"""a sample has a photo

Revision 0028, after 0027. Going back, the rows go, and the bytes of the photos with the next purge.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_table(
        "sample_photo",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("blob_sha256", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["sample.id"], name=op.f("fk_sample_photo_sample_id_sample"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["blob_sha256"], ["blob.sha256"], name=op.f("fk_sample_photo_blob_sha256_blob")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_sample_photo_created_by_person")),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_sample_photo")),
    )
    op.create_index(op.f("ix_sample_photo_blob_sha256"), "sample_photo", ["blob_sha256"])


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_sample_photo_blob_sha256"), "sample_photo")
    op.drop_table("sample_photo")
