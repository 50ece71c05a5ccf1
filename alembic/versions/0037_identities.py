"""identities of a provider, and how and when someone who is signed in showed who they are

Revision 0037, after 0036. Who was signed in did so with a password or a passkey, and counts as by a password. A step back leaves
everybody with the password they have.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up: nobody has an identity."""
    op.create_table(
        "identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("invited", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_identity_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("person_id", name=op.f("uq_identity_person_id")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identity_issuer_subject")),
        sa.UniqueConstraint("issuer", "invited", name=op.f("uq_identity_issuer_invited")),
    )
    with op.batch_alter_table("staff_session") as batch:
        batch.add_column(sa.Column("proof", sa.String(length=40), nullable=False, server_default="password"))
        batch.add_column(sa.Column("by_two", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("proven_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE staff_session SET proven_at = created_at")
    with op.batch_alter_table("staff_session") as batch:
        batch.alter_column("proven_at", existing_type=UtcDateTime(), nullable=False)
        batch.create_check_constraint("proof", "proof IN ('identity', 'passkey', 'password')")


def downgrade() -> None:
    """Down."""
    with op.batch_alter_table("staff_session") as batch:
        batch.drop_constraint(op.f("ck_staff_session_proof"), type_="check")
        for name in ("proof", "by_two", "proven_at"):
            batch.drop_column(name)
    op.drop_table("identity")
