"""files from instruments: warnings seen, figures of quality, the raw files of a library, files that came by themselves,
and the role of the computers that send them

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

STAFF = (
    "reception", "chemist", "verifier", "health_worker", "session_lead", "researcher", "public_health", "police", "admin",
)  # fmt: skip
INSTRUMENT = "instrument"


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("upload") as batch:
        batch.add_column(sa.Column("warnings_seen_by", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("warnings_seen_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("corrected_by", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("corrected_at", UtcDateTime(), nullable=True))
        batch.create_foreign_key(op.f("fk_upload_warnings_seen_by_person"), "person", ["warnings_seen_by"], ["id"])
        batch.create_foreign_key(op.f("fk_upload_corrected_by_person"), "person", ["corrected_by"], ["id"])
    with op.batch_alter_table("reading") as batch:
        batch.add_column(sa.Column("quality", json(), nullable=False, server_default="{}"))
    with op.batch_alter_table("library") as batch:
        batch.add_column(sa.Column("files", json(), nullable=False, server_default="[]"))
    _allow_roles(*STAFF, INSTRUMENT)
    _create_incoming_file()


def _allow_roles(*roles: str) -> None:
    listed = ", ".join(f"'{role}'" for role in roles)
    with op.batch_alter_table("person_role") as batch:
        batch.drop_constraint(op.f("ck_person_role_role"), type_="check")
        batch.create_check_constraint("role", sa.text(f"role IN ({listed})"))


def _forget_instruments() -> None:
    """Their role, and their tokens: an older server cannot read the role in either."""
    role = sa.table("person_role", sa.column("role"))
    op.execute(role.delete().where(role.c.role == INSTRUMENT))
    token = sa.table("api_token", sa.column("id", sa.Uuid()), sa.column("roles", json()))
    connection = op.get_bind()
    for key, roles in connection.execute(sa.select(token.c.id, token.c.roles)).all():
        if INSTRUMENT in roles:
            connection.execute(token.delete().where(token.c.id == key))


def _create_incoming_file() -> None:
    state = sa.Enum(
        "waiting", "attached", "set_aside", name="state", native_enum=False, create_constraint=True, length=40
    )
    reason = sa.Enum(
        "blank", "check", "practice", "twice", "unreadable", "elsewhere",
        name="set_aside_reason", native_enum=False, create_constraint=True, length=40,
    )  # fmt: skip
    op.create_table(
        "incoming_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("arrival_key", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("blob_sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("state", state, nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("summary", json(), nullable=False),
        sa.Column("problem", json(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("sample_id", sa.Uuid(), nullable=True),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.Boolean(), nullable=False),
        sa.Column("set_aside_reason", reason, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_incoming_file_agency_id_agency")),
        sa.ForeignKeyConstraint(["blob_sha256"], ["blob.sha256"], name=op.f("fk_incoming_file_blob_sha256_blob")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_incoming_file_decided_by_person")),
        sa.ForeignKeyConstraint(["received_by"], ["person.id"], name=op.f("fk_incoming_file_received_by_person")),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name=op.f("fk_incoming_file_sample_id_sample")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_incoming_file_session_id_session")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_incoming_file_upload_id_upload")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_file")),
        sa.UniqueConstraint("agency_id", "arrival_key", name=op.f("uq_incoming_file_agency_id_arrival_key")),
    )
    with op.batch_alter_table("incoming_file") as batch:
        batch.create_index(batch.f("ix_incoming_file_blob_sha256"), ["blob_sha256"], unique=False)
        batch.create_index(batch.f("ix_incoming_file_sample_id"), ["sample_id"], unique=False)
        batch.create_index(batch.f("ix_incoming_file_sha256"), ["sha256"], unique=False)
        batch.create_index("ix_incoming_file_state", ["agency_id", "state"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("incoming_file")
    _forget_instruments()
    _allow_roles(*STAFF)
    with op.batch_alter_table("library") as batch:
        batch.drop_column("files")
    with op.batch_alter_table("reading") as batch:
        batch.drop_column("quality")
    with op.batch_alter_table("upload") as batch:
        batch.drop_constraint(op.f("fk_upload_corrected_by_person"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_upload_warnings_seen_by_person"), type_="foreignkey")
        batch.drop_column("corrected_at")
        batch.drop_column("corrected_by")
        batch.drop_column("warnings_seen_at")
        batch.drop_column("warnings_seen_by")
