"""in-house standards with their replicate spectra, and the control runs of batches

Revision 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    _create_standard()
    _create_standard_replicate()
    _create_control()


def _create_standard() -> None:
    op.create_table(
        "standard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("inchikey", sa.String(length=27), nullable=False),
        sa.Column("substance_id", sa.String(length=60), nullable=False),
        sa.Column("lot", sa.String(length=60), nullable=False),
        sa.Column("supplier", sa.String(length=80), nullable=False),
        sa.Column("purity_percent", sa.Float(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_by", sa.Uuid(), nullable=True),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("retired_reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_standard_agency_id_agency")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_standard_created_by_person")),
        sa.ForeignKeyConstraint(["retired_by"], ["person.id"], name=op.f("fk_standard_retired_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard")),
    )
    with op.batch_alter_table("standard") as batch:
        batch.create_index(batch.f("ix_standard_agency_id"), ["agency_id"], unique=False)


def _create_standard_replicate() -> None:
    op.create_table(
        "standard_replicate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=True),
        sa.Column("peak", sa.Integer(), nullable=True),
        sa.Column("blob_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("arrays_sha256", sa.String(length=64), nullable=False),
        sa.Column("accurate", sa.Boolean(), nullable=False),
        sa.Column("ionisation", sa.String(length=20), nullable=False),
        sa.Column("precursor_mz", sa.Float(), nullable=True),
        sa.Column("n_peaks", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(length=120), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("retention_time_s", sa.Float(), nullable=True),
        sa.Column("retention_index", sa.Float(), nullable=True),
        sa.Column("enrolled_by", sa.Uuid(), nullable=True),
        sa.Column("enrolled_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob_sha256"], ["blob.sha256"], name=op.f("fk_standard_replicate_blob_sha256_blob")),
        sa.ForeignKeyConstraint(["enrolled_by"], ["person.id"], name=op.f("fk_standard_replicate_enrolled_by_person")),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["reading.id"], name=op.f("fk_standard_replicate_reading_id_reading"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["standard_id"], ["standard.id"], name=op.f("fk_standard_replicate_standard_id_standard"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_replicate")),
    )  # fmt: skip
    with op.batch_alter_table("standard_replicate") as batch:
        batch.create_index(batch.f("ix_standard_replicate_blob_sha256"), ["blob_sha256"], unique=False)
        batch.create_index(batch.f("ix_standard_replicate_reading_id"), ["reading_id"], unique=False)
        batch.create_index(batch.f("ix_standard_replicate_standard_id"), ["standard_id"], unique=False)


def _create_control() -> None:
    kind = sa.Enum("blank", "ladder", "qc", name="kind", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "control",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("batch", sa.String(length=40), nullable=False),
        sa.Column("instrument", sa.String(length=120), nullable=False),
        sa.Column("blob_sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("arrays_sha256", sa.String(length=64), nullable=False),
        sa.Column("n_scans", sa.Integer(), nullable=False),
        sa.Column("first_carbon", sa.Integer(), nullable=True),
        sa.Column("details", json(), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_control_agency_id_agency")),
        sa.ForeignKeyConstraint(["blob_sha256"], ["blob.sha256"], name=op.f("fk_control_blob_sha256_blob")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_control_created_by_person")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["person.id"], name=op.f("fk_control_withdrawn_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control")),
    )
    with op.batch_alter_table("control") as batch:
        batch.create_index("ix_control_batch", ["agency_id", "batch"], unique=False)
        batch.create_index(batch.f("ix_control_blob_sha256"), ["blob_sha256"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("control")
    op.drop_table("standard_replicate")
    op.drop_table("standard")
