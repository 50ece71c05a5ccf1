"""message packs that clinicians edit and sign, and their role

Revision 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROLES = (
    "reception", "chemist", "verifier", "health_worker", "session_lead", "researcher", "public_health", "police",
    "admin", "instrument",
)  # fmt: skip
CLINICIAN = "clinician"
APPEND_ONLY = ("pack_signature", "pack_withdrawal", "pack_text", "pack_edition")
STATES = ("shipped", "draft", "in_review", "approved", "withdrawn", "set_aside")


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _allow_roles(*roles: str) -> None:
    listed = ", ".join(f"'{role}'" for role in roles)
    with op.batch_alter_table("person_role") as batch:
        batch.drop_constraint(op.f("ck_person_role_role"), type_="check")
        batch.create_check_constraint("role", sa.text(f"role IN ({listed})"))


def _forget_clinicians() -> None:
    """Their role, and their tokens: an older server cannot read the role in either."""
    role = sa.table("person_role", sa.column("role"))
    op.execute(role.delete().where(role.c.role == CLINICIAN))
    token = sa.table("api_token", sa.column("id", sa.Uuid()), sa.column("roles", json()))
    connection = op.get_bind()
    for key, roles in connection.execute(sa.select(token.c.id, token.c.roles)).all():
        if CLINICIAN in roles:
            connection.execute(token.delete().where(token.c.id == key))


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        """CREATE FUNCTION pack_refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION pack_refuse()"
        )


def upgrade() -> None:
    """Up."""
    known = ROLES.index("session_lead")
    _allow_roles(*ROLES[:known], CLINICIAN, *ROLES[known:])
    op.create_table(
        "pack_text",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_pack_text")),
    )
    state = sa.Enum(*STATES, name="pack_state", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "pack_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("state", state, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("files", json(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("authors", json(), nullable=False),
        sa.Column("effective_from", UtcDateTime(), nullable=True),
        sa.Column("effective_to", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_pack_version_agency_id_agency")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_pack_version_created_by_person")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["pack_version.id"], name=op.f("fk_pack_version_parent_id_pack_version")
        ),
        sa.ForeignKeyConstraint(["submitted_by"], ["person.id"], name=op.f("fk_pack_version_submitted_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_version")),
        sa.UniqueConstraint("agency_id", "number", name=op.f("uq_pack_version_agency_id_number")),
    )
    op.create_index("ix_pack_version_agency_id", "pack_version", ["agency_id"])
    op.create_index("ix_pack_version_digest", "pack_version", ["digest"])
    op.create_index("ix_pack_version_in_force", "pack_version", ["agency_id", "state", "effective_from"])
    op.create_table(
        "pack_signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("clinician", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_pack_signature_person_id_person")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["pack_version.id"], name=op.f("fk_pack_signature_version_id_pack_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_signature")),
        sa.UniqueConstraint(
            "version_id", "digest", "person_id", name=op.f("uq_pack_signature_version_id_digest_person_id")
        ),
    )
    op.create_index("ix_pack_signature_version_id", "pack_signature", ["version_id"])
    kind = sa.Enum("message", "rule", "pack", name="pack_target", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "pack_withdrawal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_pack_withdrawal_agency_id_agency")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_pack_withdrawal_person_id_person")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["pack_version.id"], name=op.f("fk_pack_withdrawal_version_id_pack_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_withdrawal")),
    )
    op.create_index("ix_pack_withdrawal_agency_id", "pack_withdrawal", ["agency_id"])
    op.create_index("ix_pack_withdrawal_version_id", "pack_withdrawal", ["version_id"])
    op.create_table(
        "pack_edition",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("withdrawn", json(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["pack_version.id"], name=op.f("fk_pack_edition_version_id_pack_version")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pack_edition")),
    )
    _refuse_changes()


def downgrade() -> None:
    """Down: the packs that were edited here go; the one that came with the software stays."""
    for table in ("pack_edition", "pack_withdrawal", "pack_signature", "pack_version", "pack_text"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION pack_refuse()")
    _forget_clinicians()
    _allow_roles(*ROLES)
