"""samples: tablets that register without the server, the codes they were lent, and how such samples came

Revision 0029, after 0028. A step back forgets which tablet a sample came from; samples, numbers and tickets stay.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Up."""
    op.create_table(
        "tablet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("device", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("last_count", sa.Integer(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_tablet_agency_id_agency")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_tablet_session_id_session")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tablet")),
        sa.UniqueConstraint("session_id", "device", name=op.f("uq_tablet_session_id_device")),
        sa.UniqueConstraint("session_id", "place", name="uq_tablet_place"),
    )
    op.create_index(op.f("ix_tablet_agency_id"), "tablet", ["agency_id"])
    op.create_index(op.f("ix_tablet_session_id"), "tablet", ["session_id"])
    op.create_table(
        "leased_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tablet_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ticket_hmac", sa.String(64), nullable=False),
        sa.Column("leased_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["tablet_id"], ["tablet.id"], name=op.f("fk_leased_code_tablet_id_tablet"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leased_code")),
        sa.UniqueConstraint("tablet_id", "number", name=op.f("uq_leased_code_tablet_id_number")),
        sa.UniqueConstraint("ticket_hmac", name=op.f("uq_leased_code_ticket_hmac")),
    )
    op.create_index(op.f("ix_leased_code_tablet_id"), "leased_code", ["tablet_id"])
    op.create_index(op.f("ix_leased_code_expires_at"), "leased_code", ["expires_at"])
    op.create_table(
        "offline_registration",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("tablet_id", sa.Uuid(), nullable=False),
        sa.Column("device_time", MOMENT, nullable=False),
        sa.Column("offset_s", sa.Float(), nullable=False),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("after_close", sa.Boolean(), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["sample.id"], name=op.f("fk_offline_registration_sample_id_sample"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tablet_id"], ["tablet.id"], name=op.f("fk_offline_registration_tablet_id_tablet"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_offline_registration")),
    )
    op.create_index(op.f("ix_offline_registration_tablet_id"), "offline_registration", ["tablet_id"])


def downgrade() -> None:
    """Down."""
    for table in ("offline_registration", "leased_code", "tablet"):
        op.drop_table(table)
