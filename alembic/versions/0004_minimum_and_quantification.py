"""the minimum identification of a finding; calibration curves and what is read off them

Revision 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

METHODS = (
    "reagent", "strip", "tlc", "uv", "ftir", "raman", "dart_ms", "ambient_ms", "lc_uv", "lc_ms", "gc_ms", "gc_fid", "qnmr",
    "visual",
)  # fmt: skip


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def choice(name: str, *values: str) -> sa.Enum:
    """An enum as a checked string."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("finding") as batch:
        batch.add_column(sa.Column("retention_ids", json(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("minimum", json(), nullable=True))
    _create_calibration_curve()
    _create_quantification()


def _create_calibration_curve() -> None:
    op.create_table(
        "calibration_curve",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("substance_id", sa.String(length=60), nullable=False),
        sa.Column("method", choice("method", *METHODS), nullable=False),
        sa.Column("method_version", sa.String(length=30), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=True),
        sa.Column("internal_standard", sa.String(length=80), nullable=False),
        sa.Column("standard_form", sa.String(length=40), nullable=False),
        sa.Column("unit", choice("unit", "ng/mL", "µg/mL", "mg/L", "mg/mL", "g/L"), nullable=False),
        sa.Column("weighting", choice("weighting", "none", "1/x", "1/x2"), nullable=False),
        sa.Column("through_zero", sa.Boolean(), nullable=False),
        sa.Column("levels", json(), nullable=False),
        sa.Column("blanks", json(), nullable=False),
        sa.Column("limit_source", sa.String(length=20), nullable=False),
        sa.Column("purity", sa.Float(), nullable=False),
        sa.Column("purity_u", sa.Float(), nullable=False),
        sa.Column("purity_corrected", sa.Boolean(), nullable=False),
        sa.Column("fit", json(), nullable=False),
        sa.Column("engine_version", sa.String(length=20), nullable=False),
        sa.Column("batch", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_calibration_curve_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_calibration_curve_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_calibration_curve_made_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_curve")),
        sa.UniqueConstraint("series_id", "number", name=op.f("uq_calibration_curve_series_id_number")),
    )
    with op.batch_alter_table("calibration_curve") as batch:
        batch.create_index(batch.f("ix_calibration_curve_agency_id"), ["agency_id"], unique=False)


def _create_quantification() -> None:
    status = choice("status", "quantified", "below_loq", "below_lod", "above_range")
    op.create_table(
        "quantification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("curve_id", sa.Uuid(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("analysis_id", sa.Uuid(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=True),
        sa.Column("status", status, nullable=False),
        sa.Column("entered", json(), nullable=False),
        sa.Column("proposal", json(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analysis.id"], name=op.f("fk_quantification_analysis_id_analysis"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["curve_id"], ["calibration_curve.id"], name=op.f("fk_quantification_curve_id_calibration_curve")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_quantification_made_by_person")),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["reading.id"], name=op.f("fk_quantification_reading_id_reading"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["sample.id"], name=op.f("fk_quantification_sample_id_sample"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quantification")),
    )
    with op.batch_alter_table("quantification") as batch:
        for column in ("analysis_id", "curve_id", "reading_id", "sample_id"):
            batch.create_index(batch.f(f"ix_quantification_{column}"), [column], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("quantification")
    op.drop_table("calibration_curve")
    with op.batch_alter_table("finding") as batch:
        batch.drop_column("minimum")
        batch.drop_column("retention_ids")
