"""the first schema: every table, room by room

Revision 0039, the first that is kept. Versions before it had 39 migrations; a database that commit d592a7bd brought to 0039 has this
schema already (tests/operations/test_migrations.py). A table stands with its room, or after the table of a later room that it
points at. Names of constraints and indexes follow the naming convention in app/platform/db.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0039"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, and refuse changes of those that only grow."""
    for room in (platform, intake, laboratory, results, care, figures):
        room()
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop every table: an empty database again."""
    connection = op.get_bind()
    made = sa.MetaData()
    made.reflect(connection)
    for table in reversed(made.sorted_tables):
        if table.name != "alembic_version":
            op.drop_table(table.name)
    if connection.dialect.name == "postgresql":
        for function in ("audit_entry_refuse", "display_log_refuse", "log_turn", "pack_refuse"):
            op.execute(f"DROP FUNCTION {function}")


def column(name: str, kind: sa.types.TypeEngine[Any], *more: sa.ForeignKey, **options: Any) -> sa.Column[Any]:
    """A column that every row fills."""
    return sa.Column(name, kind, *more, nullable=False, **options)


def optional(name: str, kind: sa.types.TypeEngine[Any], *more: sa.ForeignKey, **options: Any) -> sa.Column[Any]:
    """A column that a row may leave empty."""
    return sa.Column(name, kind, *more, nullable=True, **options)


def one_of(check: str, words: str) -> sa.Enum:
    """A text that is one of these words, held by a CHECK of that name."""
    return sa.Enum(*words.split(), name=check, native_enum=False, create_constraint=True, length=40)


def json() -> sa.types.TypeEngine[Any]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def counter() -> sa.types.TypeEngine[Any]:
    """A key that counts up: SQLite counts only what is called INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


PACKS = ("pack_signature", "pack_withdrawal", "pack_text", "pack_edition")
SIX_YEARS = 2191
"""Days after which what a display showed may be deleted."""

APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
           BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry
           WHEN EXISTS (SELECT 1 FROM audit_entry WHERE seq = NEW.seq)
           BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
           BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        *(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in PACKS
            for verb in ("UPDATE", "DELETE")
        ),
        """CREATE TRIGGER display_log_no_update BEFORE UPDATE ON display_log
           BEGIN SELECT RAISE(ABORT, 'the display log is append-only'); END""",
        """CREATE TRIGGER display_log_no_replace BEFORE INSERT ON display_log
           WHEN EXISTS (SELECT 1 FROM display_log WHERE id = NEW.id)
           BEGIN SELECT RAISE(ABORT, 'the display log is append-only'); END""",
        f"""CREATE TRIGGER display_log_no_delete BEFORE DELETE ON display_log
           WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%S', 'now', '-{SIX_YEARS} days')
           BEGIN SELECT RAISE(ABORT, 'the display log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
        """CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
           FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()""",
        """CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
           FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()""",
        # The turn to write: VOLATILE, so that the second statement sees what was committed while the first waited.
        """CREATE FUNCTION log_turn(OUT seq bigint, OUT hash text) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1296126804);
    SELECT entry.seq, entry.hash INTO seq, hash FROM audit_entry AS entry ORDER BY entry.seq DESC LIMIT 1;
    IF NOT FOUND THEN
        seq := 0;
        hash := repeat('0', 64);
    END IF;
END $$""",
        """CREATE FUNCTION pack_refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$""",
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION pack_refuse()"
            for table in PACKS
        ),
        f"""CREATE FUNCTION display_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN IF TG_OP = 'DELETE' THEN IF OLD.at < now() - interval '{SIX_YEARS} days' THEN RETURN OLD; END IF; END IF; RAISE EXCEPTION 'the display log is append-only'; END $$""",
        """CREATE TRIGGER display_log_no_change BEFORE UPDATE OR DELETE ON display_log
           FOR EACH ROW EXECUTE FUNCTION display_log_refuse()""",
        """CREATE TRIGGER display_log_no_truncate BEFORE TRUNCATE ON display_log
           FOR EACH STATEMENT EXECUTE FUNCTION display_log_refuse()""",
    ),
}


def platform() -> None:
    """Plumbing: the audit log, jobs, live events, tries, answers given again."""
    op.create_table(
        "audit_entry",
        column("seq", counter(), primary_key=True, autoincrement=False),
        column("at", UtcDateTime()),
        column("actor_id", sa.String(36)),
        column("actor_roles", sa.String(200)),
        column("agency_id", sa.String(36), index=True),
        column("verb", sa.String(40)),
        column("object_type", sa.String(40)),
        column("object_id", sa.String(80), index=True),
        optional("object_version", sa.Integer()),
        column("session_id", sa.String(36), index=True),
        optional("before", json()),
        optional("after", json()),
        column("reason", sa.String(200)),
        column("request_id", sa.String(40)),
        column("previous_hash", sa.String(64)),
        column("hash", sa.String(64)),
    )
    op.create_table(
        "audit_key",
        column("from_seq", counter(), primary_key=True, autoincrement=False),
        column("mac", sa.String(64)),
    )
    op.create_table(
        "job",
        column("id", sa.Uuid(), primary_key=True),
        column("kind", sa.String(40)),
        column("payload", json()),
        column("state", one_of("state", "queued running done dead")),
        column("attempts", sa.Integer()),
        column("max_attempts", sa.Integer()),
        column("run_after", UtcDateTime()),
        optional("lease_until", UtcDateTime()),
        optional("leased_by", sa.String(80)),
        column("error", sa.String(500)),
        column("created_at", UtcDateTime()),
        optional("finished_at", UtcDateTime()),
        optional("agency_id", sa.Uuid(), index=True),
        sa.Index("ix_job_due", "state", "run_after"),
        sa.Index("ix_job_lease", "state", "lease_until"),
    )
    op.create_table(
        "event",
        column("id", counter(), primary_key=True),
        column("at", UtcDateTime(), index=True),
        optional("agency_id", sa.Uuid(), index=True),
        optional("session_id", sa.Uuid()),
        optional("sample_id", sa.Uuid()),
        column("topic", sa.String(40)),
        column("kind", sa.String(40)),
        column("payload", json()),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "throttle",
        column("key_hash", sa.String(64), primary_key=True),
        column("began_at", UtcDateTime(), index=True),
        column("tries", sa.Integer()),
    )
    op.create_table(
        "idempotency_key",
        column("key_hash", sa.String(64), primary_key=True),
        column("request_hash", sa.String(64)),
        column("status", sa.Integer()),
        column("sealed", sa.LargeBinary()),
        column("created_at", UtcDateTime(), index=True),
    )


def intake() -> None:
    """Agencies and people, sessions, samples and who has them."""
    op.create_table(
        "agency",
        column("id", sa.Uuid(), primary_key=True),
        column("name", sa.String(120), unique=True),
        column("kind", one_of("kind", "service university public_health police")),
        column("created_at", UtcDateTime()),
    )
    op.create_table(
        "person",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("username", sa.String(60), unique=True),
        column("display_name", sa.String(120)),
        column("password_hash", sa.String(255)),
        optional("disabled_at", UtcDateTime()),
        column("created_at", UtcDateTime()),
        column("version", sa.Integer()),
        optional("link_hash", sa.String(64), index=True, unique=True),
        optional("link_expires_at", UtcDateTime()),
        column("hints_hidden", json(), server_default="[]"),
    )
    op.create_table(
        "person_role",
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
        column(
            "role",
            one_of(
                "role",
                "reception chemist verifier health_worker clinician session_lead researcher public_health "
                "police admin instrument",
            ),
            primary_key=True,
        ),
    )
    op.create_table(
        "staff_session",
        column("id_hash", sa.String(64), primary_key=True),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), index=True),
        column("created_at", UtcDateTime()),
        column("last_seen_at", UtcDateTime()),
        column("expires_at", UtcDateTime()),
        optional("revoked_at", UtcDateTime()),
        column("proof", one_of("proof", "password passkey identity"), server_default="password"),
        column("by_two", sa.Boolean(), server_default=sa.false()),
        column("proven_at", UtcDateTime()),
        optional("session_there", sa.String(64), index=True),
    )
    op.create_table(
        "api_token",
        column("id", sa.Uuid(), primary_key=True),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), index=True),
        column("label", sa.String(80)),
        column("token_hash", sa.String(64), unique=True),
        column("roles", json()),
        column("created_at", UtcDateTime()),
        column("expires_at", UtcDateTime()),
        optional("revoked_at", UtcDateTime()),
    )
    op.create_table(
        "passkey",
        column("id", sa.Uuid(), primary_key=True),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), index=True),
        column("credential_hash", sa.String(64), unique=True),
        column("credential_id", sa.String(1400)),
        column("public_key", sa.String(3000)),
        column("sign_count", sa.BigInteger()),
        column("label", sa.String(60)),
        column("created_at", UtcDateTime()),
        optional("last_used_at", UtcDateTime()),
    )
    op.create_table(
        "identity",
        column("id", sa.Uuid(), primary_key=True),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), unique=True),
        column("issuer", sa.String(255)),
        optional("subject", sa.String(255)),
        optional("invited", sa.String(255)),
        column("created_at", UtcDateTime()),
        optional("last_used_at", UtcDateTime()),
        sa.UniqueConstraint("issuer", "subject"),
        sa.UniqueConstraint("issuer", "invited"),
    )
    op.create_table(
        "site",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("name", sa.String(120)),
        column("region", sa.String(60)),
        column("aliases", json()),
        sa.UniqueConstraint("agency_id", "name"),
    )
    op.create_table(
        "session",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("site_id", sa.Uuid(), sa.ForeignKey("site.id"), index=True),
        column("name", sa.String(120)),
        column(
            "service_type", one_of("service_type", "festival city_clinic fixed_site postal agency_referral amnesty_bin")
        ),
        column("licence_mode", one_of("licence_mode", "foh_general foh_dependent_adult boh_no_individual_results")),
        column("client_lookup", sa.Boolean()),
        column("screening_single", sa.Boolean()),
        column("opens_at", UtcDateTime()),
        column("closes_at", UtcDateTime()),
        optional("closed_at", UtcDateTime()),
        column("created_at", UtcDateTime()),
        column("next_number", sa.Integer()),
        column("version", sa.Integer()),
        optional("wall_hash", sa.String(64)),
        optional("wall_made_at", UtcDateTime()),
    )
    op.create_table(
        "sample",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("session_id", sa.Uuid(), sa.ForeignKey("session.id"), index=True),
        column("number", sa.Integer()),
        optional("ticket_hmac", sa.String(64), unique=True),
        optional("ticket_expires_at", UtcDateTime()),
        column(
            "submitter_type",
            one_of("submitter_type", "public medic welfare security_amnesty police_back_of_house partner_agency"),
        ),
        column("intent", one_of("intent", "known unknown mixture")),
        column("words_spoken", sa.String(120)),
        column("sold_as", sa.String(80)),
        column("client_believes", sa.String(80)),
        column(
            "form",
            one_of("form", "tablet capsule powder crystal rock blotter liquid gel plant edible vape residue other"),
        ),
        optional("collection", one_of("collection", "spatula swab cotton whole_unit syringe cooker bag pipe other")),
        column("colours", json()),
        column("texture", json()),
        column("logo", sa.String(60)),
        column("shape", sa.String(40)),
        optional("score_line", sa.Boolean()),
        optional("width_mm", sa.Float()),
        optional("height_mm", sa.Float()),
        optional("thickness_mm", sa.Float()),
        optional("weight_mg", sa.Float()),
        optional("price", sa.Float()),
        column("price_unit", sa.String(20)),
        optional(
            "provider_relation", one_of("provider_relation", "dealer friend stranger gift_found online shop no_answer")
        ),
        optional("acquired_where", one_of("acquired_where", "on_site off_site online abroad")),
        optional("used_before_test", one_of("used_before_test", "no self someone_else no_answer")),
        column("effects_reported", json()),
        optional("harm_event", one_of("harm_event", "none felt_unwell medical_help overdose fatal unknown")),
        optional("batch_linked_to_incident", sa.Boolean()),
        column("planned_route", sa.String(30)),
        optional("age_band", one_of("age_band", "18_24 25_34 35_44 45_54 55_up no_answer")),
        column("gender", sa.String(30)),
        optional("first_visit", sa.Boolean()),
        optional("ever_spoken_to_health_service", sa.Boolean()),
        column("group_ref", sa.String(20)),
        optional("group_size", sa.Integer()),
        column("staff_note", sa.String(140)),
        column("received_at", UtcDateTime()),
        optional("received_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("analysed_at", UtcDateTime()),
        optional("verified_at", UtcDateTime()),
        optional("released_at", UtcDateTime()),
        optional("told_at", UtcDateTime()),
        optional("withdrawn_at", UtcDateTime()),
        column("version", sa.Integer()),
        sa.UniqueConstraint("session_id", "number"),
    )
    op.create_table(
        "sample_expected",
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), primary_key=True),
        column("substance_id", sa.String(60), primary_key=True),
        column("position", sa.Integer()),
    )
    op.create_table(
        "consent",
        column("id", sa.Uuid(), primary_key=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column(
            "kind",
            one_of("kind", "analysis aggregate_data share_in_alert followup age_18_attested understands_not_safe"),
        ),
        column("answer", one_of("answer", "yes no not_asked")),
        column("wording_version", sa.String(20)),
        column("at", UtcDateTime()),
        optional("recorded_by", sa.Uuid(), sa.ForeignKey("person.id")),
    )
    op.create_table(
        "ticket_session",
        column("id_hash", sa.String(64), primary_key=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column("created_at", UtcDateTime()),
        column("expires_at", UtcDateTime()),
    )
    op.create_table(
        "tablet",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("session_id", sa.Uuid(), sa.ForeignKey("session.id"), index=True),
        column("device", sa.Uuid()),
        column("place", sa.Integer()),
        column("last_count", sa.Integer()),
        column("seen_at", UtcDateTime()),
        sa.UniqueConstraint("session_id", "place", name="uq_tablet_place"),
        sa.UniqueConstraint("session_id", "device"),
    )
    op.create_table(
        "leased_code",
        column("id", sa.Uuid(), primary_key=True),
        column("tablet_id", sa.Uuid(), sa.ForeignKey("tablet.id", ondelete="CASCADE"), index=True),
        column("number", sa.Integer()),
        column("ticket_hmac", sa.String(64), unique=True),
        column("leased_at", UtcDateTime()),
        column("expires_at", UtcDateTime(), index=True),
        optional("voided_at", UtcDateTime()),
        sa.UniqueConstraint("tablet_id", "number"),
    )
    op.create_table(
        "offline_registration",
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), primary_key=True),
        column("tablet_id", sa.Uuid(), sa.ForeignKey("tablet.id", ondelete="CASCADE"), index=True),
        column("device_time", UtcDateTime()),
        column("offset_s", sa.Float()),
        column("arrived_at", UtcDateTime()),
        column("after_close", sa.Boolean()),
        column("request_hash", sa.String(64)),
    )
    op.create_table(
        "custody_event",
        column("id", sa.Uuid(), primary_key=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column("kind", one_of("kind", "received consumed destroyed retained_for_lab to_police variance moved")),
        optional("mg", sa.Float()),
        column("at", UtcDateTime()),
        optional("by_id", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("witness_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("place", sa.String(60)),
    )


def laboratory() -> None:
    """Instruments and files, readings, libraries, standards, curves, checks and what the bench works on."""
    op.create_table(
        "library",
        column("id", sa.Uuid(), primary_key=True),
        column("name", sa.String(80), unique=True),
        column("technique", sa.String(20)),
        column("accurate", sa.Boolean()),
        column("licence", sa.String(120)),
        column("source", sa.String(200)),
        column("notice", sa.String(200)),
        column("folder", sa.String(120)),
        column("checksum", sa.String(64)),
        column("n_entries", sa.Integer()),
        column("n_refused", sa.Integer()),
        column("n_merged", sa.Integer()),
        column("refusals", json()),
        optional("imported_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("imported_at", UtcDateTime()),
        column("files", json(), server_default="[]"),
        column("holds", one_of("holds", "drugs general"), server_default="drugs"),
    )
    op.create_table(
        "library_import",
        column("id", sa.Uuid(), primary_key=True),
        optional("agency_id", sa.Uuid(), sa.ForeignKey("agency.id")),
        optional("person_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("name", sa.String(80)),
        column("licence", sa.String(120)),
        column("source", sa.String(200)),
        column("y_unit", sa.String(40)),
        column("file_name", sa.String(200)),
        column("blob_sha256", sa.String(64)),
        column("size", sa.BigInteger()),
        column("state", one_of("state", "waiting running done refused failed"), index=True),
        column("step", sa.String(60)),
        column("done", sa.Integer()),
        column("total", sa.Integer()),
        optional("problem", json()),
        column("report", json()),
        optional("library_id", sa.Uuid(), sa.ForeignKey("library.id")),
        column("created_at", UtcDateTime()),
        optional("finished_at", UtcDateTime()),
        column("holds", one_of("holds", "drugs general"), server_default="drugs"),
    )
    op.create_table(
        "instrument",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("name", sa.String(80)),
        column(
            "method",
            one_of("method", "reagent strip tlc uv ftir raman dart_ms ambient_ms lc_uv lc_ms gc_ms gc_fid qnmr visual"),
        ),
        column("serial", sa.String(60)),
        optional("certificate_due", UtcDateTime()),
        sa.UniqueConstraint("agency_id", "name"),
    )
    op.create_table(
        "analysis",
        column("id", sa.Uuid(), primary_key=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column(
            "method",
            one_of("method", "reagent strip tlc uv ftir raman dart_ms ambient_ms lc_uv lc_ms gc_ms gc_fid qnmr visual"),
        ),
        column("method_version", sa.String(30)),
        optional("instrument_id", sa.Uuid(), sa.ForeignKey("instrument.id")),
        optional("operator_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("started_at", UtcDateTime()),
        optional("ended_at", UtcDateTime()),
        column("batch", sa.String(40)),
        column("qc_failed", sa.Boolean()),
        column("read_by_hand", sa.Boolean()),
        column("status", one_of("status", "ok repeat contaminated insufficient_sample instrument_fault")),
        column("strip_target", sa.String(60)),
        optional("strip_reading", one_of("strip_reading", "positive negative faint invalid")),
        column("strip_brand", sa.String(60)),
        column("strip_lot", sa.String(40)),
        optional("strip_cut_off_ng_ml", sa.Float()),
        column("strip_dilution", sa.String(40)),
        column("observation", sa.String(140)),
        column("version", sa.Integer()),
    )
    op.create_table(
        "blob",
        column("sha256", sa.String(64), primary_key=True),
        column("size", sa.BigInteger()),
        column("created_at", UtcDateTime()),
    )
    op.create_table(
        "upload",
        column("id", sa.Uuid(), primary_key=True),
        column("analysis_id", sa.Uuid(), sa.ForeignKey("analysis.id", ondelete="CASCADE"), index=True),
        column("blob_sha256", sa.String(), sa.ForeignKey("blob.sha256"), index=True),
        column("file_name", sa.String(200)),
        column("state", one_of("state", "waiting read refused asks")),
        column("format", sa.String(40)),
        column("hints", json()),
        optional("problem", json()),
        column("method_by_content", sa.Boolean()),
        optional("uploaded_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("created_at", UtcDateTime()),
        optional("read_at", UtcDateTime()),
        column("version", sa.Integer()),
        optional("warnings_seen_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("warnings_seen_at", UtcDateTime()),
        optional("corrected_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("corrected_at", UtcDateTime()),
    )
    op.create_table(
        "reading",
        column("id", sa.Uuid(), primary_key=True),
        column("upload_id", sa.Uuid(), sa.ForeignKey("upload.id", ondelete="CASCADE"), index=True),
        column("analysis_id", sa.Uuid(), sa.ForeignKey("analysis.id", ondelete="CASCADE"), index=True),
        column("ordinal", sa.Integer()),
        column("kind", sa.String(20)),
        column("title", sa.String(200)),
        column("instrument", sa.String(120)),
        column("format", sa.String(40)),
        column("reader", sa.String(60)),
        column("reader_version", sa.String(20)),
        column("x_unit", sa.String(30)),
        column("y_unit", sa.String(40)),
        column("n_points", sa.Integer()),
        column("n_scans", sa.Integer()),
        optional("ms_level", sa.Integer()),
        column("description", json()),
        column("remarks", json()),
        column("arrays_sha256", sa.String(64)),
        column("created_at", UtcDateTime()),
        column("quality", json(), server_default="{}"),
        sa.UniqueConstraint("upload_id", "ordinal"),
    )
    op.create_table(
        "match",
        column("id", sa.Uuid(), primary_key=True),
        column("reading_id", sa.Uuid(), sa.ForeignKey("reading.id", ondelete="CASCADE"), index=True),
        column("libraries", json()),
        column("score_name", sa.String(40)),
        column("candidates", json()),
        column("answer", json()),
        column("limits", json()),
        column("engine_version", sa.String(20)),
        column("created_at", UtcDateTime()),
    )
    op.create_table(
        "incoming_file",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id")),
        column("arrival_key", sa.String(64)),
        column("sha256", sa.String(64), index=True),
        optional("blob_sha256", sa.String(64), sa.ForeignKey("blob.sha256"), index=True),
        column("size", sa.BigInteger()),
        column("file_name", sa.String(200)),
        column("folder", sa.String(200)),
        column("origin", sa.String(80)),
        optional("session_id", sa.Uuid(), sa.ForeignKey("session.id")),
        column("state", one_of("state", "waiting attached set_aside")),
        column("format", sa.String(40)),
        column("summary", json()),
        optional("problem", json()),
        optional("read_at", UtcDateTime()),
        column("received_at", UtcDateTime()),
        optional("received_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("sample_id", sa.Uuid(), sa.ForeignKey("sample.id"), index=True),
        optional("upload_id", sa.Uuid(), sa.ForeignKey("upload.id")),
        column("by_name", sa.Boolean()),
        optional("set_aside_reason", one_of("set_aside_reason", "blank check practice twice unreadable elsewhere")),
        optional("decided_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("decided_at", UtcDateTime()),
        optional("removed_at", UtcDateTime()),
        column("version", sa.Integer()),
        sa.UniqueConstraint("agency_id", "arrival_key"),
        sa.Index("ix_incoming_file_state", "agency_id", "state"),
    )
    op.create_table(
        "instrument_check",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("instrument_id", sa.Uuid(), sa.ForeignKey("instrument.id")),
        column("material", sa.String(40)),
        column("state", one_of("check_state", "in_range drifted out_of_range")),
        column("widening", sa.Float()),
        column("figures", json()),
        column("reasons", json()),
        optional("reading_id", sa.Uuid(), sa.ForeignKey("reading.id", ondelete="SET NULL"), index=True),
        optional("blob_sha256", sa.String(64), sa.ForeignKey("blob.sha256"), index=True),
        column("file_name", sa.String(200)),
        column("measured_at", UtcDateTime()),
        optional("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("made_at", UtcDateTime()),
        optional("withdrawn_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("withdrawn_at", UtcDateTime()),
        column("withdrawn_reason", sa.String(200)),
        column("version", sa.Integer()),
        sa.Index("ix_instrument_check_instrument", "instrument_id", "measured_at"),
    )
    op.create_table(
        "instrument_task",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("instrument_id", sa.Uuid(), sa.ForeignKey("instrument.id"), index=True),
        column("check_id", sa.Uuid(), sa.ForeignKey("instrument_check.id", ondelete="CASCADE"), index=True),
        column("words", sa.String(400)),
        column("opened_at", UtcDateTime()),
        optional("closed_at", UtcDateTime()),
        optional("closed_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("closed_words", sa.String(200)),
        column("version", sa.Integer()),
    )
    op.create_table(
        "instrument_transfer",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("instrument_id", sa.Uuid(), sa.ForeignKey("instrument.id"), index=True),
        column("library_key", sa.String(200)),
        column("library_name", sa.String(200)),
        column("number", sa.Integer()),
        column("model", json()),
        column("pairs", json()),
        column("figures", json()),
        optional("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("made_at", UtcDateTime()),
        optional("retired_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("retired_at", UtcDateTime()),
        column("retired_reason", sa.String(200)),
        column("version", sa.Integer()),
        sa.UniqueConstraint("instrument_id", "library_key", "number"),
    )
    op.create_table(
        "weighed_mixture",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("instrument_id", sa.Uuid(), sa.ForeignKey("instrument.id"), index=True),
        optional("reading_id", sa.Uuid(), sa.ForeignKey("reading.id", ondelete="SET NULL"), index=True),
        column("first_compound", sa.String(160)),
        column("first_name", sa.String(120)),
        column("second_compound", sa.String(160)),
        column("second_name", sa.String(120)),
        column("first_mg", sa.Float()),
        column("second_mg", sa.Float()),
        column("balance_u_mg", sa.Float()),
        column("share", sa.Float()),
        column("share_u", sa.Float()),
        column("measured_at", UtcDateTime()),
        optional("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("made_at", UtcDateTime()),
        optional("withdrawn_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("withdrawn_at", UtcDateTime()),
        column("withdrawn_reason", sa.String(200)),
        column("version", sa.Integer()),
    )
    op.create_table(
        "calibration_curve",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("series_id", sa.Uuid()),
        column("number", sa.Integer()),
        column("substance_id", sa.String(60)),
        column(
            "method",
            one_of("method", "reagent strip tlc uv ftir raman dart_ms ambient_ms lc_uv lc_ms gc_ms gc_fid qnmr visual"),
        ),
        column("method_version", sa.String(30)),
        optional("instrument_id", sa.Uuid(), sa.ForeignKey("instrument.id")),
        column("internal_standard", sa.String(80)),
        column("standard_form", sa.String(40)),
        column("unit", one_of("unit", "ng/mL µg/mL mg/L mg/mL g/L")),
        column("weighting", one_of("weighting", "none 1/x 1/x2")),
        column("through_zero", sa.Boolean()),
        column("levels", json()),
        column("blanks", json()),
        column("limit_source", sa.String(20)),
        column("purity", sa.Float()),
        column("purity_u", sa.Float()),
        column("purity_corrected", sa.Boolean()),
        column("fit", json()),
        column("engine_version", sa.String(20)),
        column("batch", sa.String(40)),
        column("note", sa.String(200)),
        column("valid_until", UtcDateTime()),
        column("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("made_at", UtcDateTime()),
        sa.UniqueConstraint("series_id", "number"),
    )
    op.create_table(
        "quantification",
        column("id", sa.Uuid(), primary_key=True),
        column("curve_id", sa.Uuid(), sa.ForeignKey("calibration_curve.id"), index=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column("analysis_id", sa.Uuid(), sa.ForeignKey("analysis.id", ondelete="CASCADE"), index=True),
        optional("reading_id", sa.Uuid(), sa.ForeignKey("reading.id", ondelete="SET NULL"), index=True),
        column("status", one_of("status", "quantified below_loq below_lod above_range")),
        column("entered", json()),
        column("proposal", json()),
        column("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("made_at", UtcDateTime()),
    )
    op.create_table(
        "sample_answer",
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), primary_key=True),
        column("progress", one_of("progress", "waiting ready failed")),
        column("asked", sa.Integer()),
        column("basis", json()),
        column("answer", json()),
        column("replies", json()),
        column("answer_version", sa.String(20)),
        optional("made_at", UtcDateTime()),
    )
    op.create_table(
        "standard",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("name", sa.String(120)),
        column("inchikey", sa.String(27)),
        column("substance_id", sa.String(60)),
        column("lot", sa.String(60)),
        column("supplier", sa.String(80)),
        optional("purity_percent", sa.Float()),
        optional("expires_at", UtcDateTime()),
        optional("created_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("created_at", UtcDateTime()),
        optional("retired_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("retired_at", UtcDateTime()),
        column("retired_reason", sa.String(200)),
        column("version", sa.Integer()),
        column("form", sa.String(40), server_default=""),
    )
    op.create_table(
        "standard_replicate",
        column("id", sa.Uuid(), primary_key=True),
        column("standard_id", sa.Uuid(), sa.ForeignKey("standard.id", ondelete="CASCADE"), index=True),
        optional("reading_id", sa.Uuid(), sa.ForeignKey("reading.id", ondelete="SET NULL"), index=True),
        optional("peak", sa.Integer()),
        optional("blob_sha256", sa.String(64), sa.ForeignKey("blob.sha256"), index=True),
        column("file_name", sa.String(200)),
        column("arrays_sha256", sa.String(64)),
        column("accurate", sa.Boolean()),
        column("ionisation", sa.String(20)),
        optional("precursor_mz", sa.Float()),
        column("n_peaks", sa.Integer()),
        column("instrument", sa.String(120)),
        column("measured_at", UtcDateTime()),
        optional("retention_time_s", sa.Float()),
        optional("retention_index", sa.Float()),
        optional("enrolled_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("enrolled_at", UtcDateTime()),
        column("technique", sa.String(10), server_default="MS"),
    )
    op.create_table(
        "control",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id")),
        column("kind", one_of("kind", "blank ladder qc")),
        column("batch", sa.String(40)),
        column("instrument", sa.String(120)),
        column("blob_sha256", sa.String(64), sa.ForeignKey("blob.sha256"), index=True),
        column("file_name", sa.String(200)),
        column("arrays_sha256", sa.String(64)),
        column("n_scans", sa.Integer()),
        optional("first_carbon", sa.Integer()),
        column("details", json()),
        column("measured_at", UtcDateTime()),
        optional("created_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("created_at", UtcDateTime()),
        optional("withdrawn_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("withdrawn_at", UtcDateTime()),
        column("withdrawn_reason", sa.String(200)),
        column("version", sa.Integer()),
        sa.Index("ix_control_batch", "agency_id", "batch"),
    )
    op.create_table(
        "subtraction_step",
        column("id", sa.Uuid(), primary_key=True),
        column("reading_id", sa.Uuid(), sa.ForeignKey("reading.id", ondelete="CASCADE"), index=True),
        column("number", sa.Integer()),
        column("library_key", sa.String(200)),
        column("library_name", sa.String(200)),
        column("entry_id", sa.String(200)),
        column("name", sa.String(200)),
        column("compound", sa.String(200)),
        column("factor", sa.Float()),
        column("optimum", sa.Float()),
        column("shift_cm1", sa.Float()),
        column("lobe_depth", sa.Float()),
        optional("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("made_at", UtcDateTime()),
        optional("undone_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("undone_at", UtcDateTime()),
        sa.UniqueConstraint("reading_id", "number"),
    )
    op.create_table(
        "worksheet",
        column("id", sa.Uuid(), primary_key=True),
        column("session_id", sa.Uuid(), sa.ForeignKey("session.id", ondelete="CASCADE"), index=True),
        column("batch", sa.String(40)),
        column("columns", json()),
        column("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("made_at", UtcDateTime()),
    )
    op.create_table(
        "sample_photo",
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), primary_key=True),
        column("blob_sha256", sa.String(64), sa.ForeignKey("blob.sha256"), index=True),
        column("created_at", UtcDateTime()),
        optional("created_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("small", sa.LargeBinary()),
    )


def results() -> None:
    """Findings, versions of results and who edits them; and tasks, which may be of a version."""
    op.create_table(
        "result_version",
        column("id", sa.Uuid(), primary_key=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column("number", sa.Integer()),
        column(
            "state",
            one_of("state", "draft submitted returned withdrawn verified released amended retracted"),
            index=True,
        ),
        optional("grade", one_of("grade", "screening confirmed")),
        optional(
            "verdict",
            one_of(
                "verdict",
                "as_expected expected_plus_inert expected_plus_active partly_as_expected not_as_expected "
                "nothing_detected inconclusive no_expectation",
            ),
        ),
        column(
            "outcome",
            one_of(
                "outcome",
                "identified partly_identified nothing_found not_tested_for_expected inconclusive insufficient pending",
            ),
        ),
        column("says_nothing_found", sa.Boolean()),
        column("reason", sa.String(200)),
        optional("change_reason", one_of("change_reason", "more_tests correction mix_up known_better")),
        column("override_reason", sa.String(200)),
        optional("basis", json()),
        column("author_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("co_author_ids", json()),
        optional("verifier_id", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("released_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("supersedes_id", sa.Uuid(), sa.ForeignKey("result_version.id")),
        column("created_at", UtcDateTime()),
        optional("submitted_at", UtcDateTime()),
        optional("verified_at", UtcDateTime()),
        optional("released_at", UtcDateTime()),
        optional("closed_at", UtcDateTime()),
        column("version", sa.Integer()),
        column("dismissals", json(), server_default="[]"),
        column("left_open", json(), server_default="[]"),
        sa.UniqueConstraint("sample_id", "number"),
    )
    op.create_table(
        "finding",
        column("id", sa.Uuid(), primary_key=True),
        column("result_id", sa.Uuid(), sa.ForeignKey("result_version.id", ondelete="CASCADE"), index=True),
        column("position", sa.Integer()),
        optional("substance_id", sa.String(60)),
        column("substance_class", sa.String(60)),
        column("unknown_label", sa.String(80)),
        column("role", one_of("role", "expected substitute adulterant byproduct cutting excipient unstated")),
        column("abundance", one_of("abundance", "major minor present_unquantified trace indication not_detected")),
        column("confidence", one_of("confidence", "confirmed indicated class_only tentative")),
        column("confidence_reasons", json()),
        column("confidence_override", sa.String(200)),
        optional("amount_value", sa.Float()),
        optional("amount_low", sa.Float()),
        optional("amount_high", sa.Float()),
        optional("coverage_k", sa.Float()),
        optional("amount_unit", one_of("amount_unit", "percent_ww mg_per_unit mg_per_ml ug_per_blotter ratio")),
        column("basis", one_of("basis", "base hydrochloride other_salt unknown")),
        column("below", sa.String(60)),
        column("methods", json()),
        column("analysis_ids", json()),
        column("limitations", json()),
        column("cannot_tell_from", json()),
        column("retention_ids", json(), server_default="[]"),
        optional("minimum", json()),
        column("signal", json(), server_default="[]"),
    )
    op.create_table(
        "draft_edit",
        column("result_id", sa.Uuid(), sa.ForeignKey("result_version.id", ondelete="CASCADE"), primary_key=True),
        column("version", sa.Integer(), primary_key=True),
        column("findings", json()),
        column("says_nothing_found", sa.Boolean()),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id")),
    )
    op.create_table(
        "editor_seen",
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), primary_key=True),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
        column("seen_at", UtcDateTime()),
    )
    op.create_table(
        "task",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("session_id", sa.Uuid(), sa.ForeignKey("session.id")),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE")),
        optional("result_id", sa.Uuid(), sa.ForeignKey("result_version.id")),
        column(
            "kind",
            one_of(
                "task_kind",
                "tell_lead propose_alert strip_lot amended confirm strip_again test_again more_sample review send_on",
            ),
        ),
        column("cause", sa.String(120)),
        column("words", sa.String(600)),
        column("detail", json()),
        column("opened_at", UtcDateTime()),
        optional("closed_at", UtcDateTime()),
        optional("closed_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("closed_words", sa.String(200)),
        column("version", sa.Integer()),
        sa.UniqueConstraint("sample_id", "kind", "cause"),
        sa.Index("ix_task_session_open", "session_id", "closed_at"),
    )


def care() -> None:
    """Message packs, consultations, alerts."""
    op.create_table(
        "alert",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("tier", one_of("alert_tier", "T0 T1 T2 T3 T4")),
        column("state", one_of("alert_state", "draft in_review agreed approved_once active retracted discarded")),
        column("reach", one_of("alert_reach", "session region everywhere")),
        optional("session_id", sa.Uuid(), sa.ForeignKey("session.id"), index=True),
        column("region", sa.String(60)),
        column("words", sa.String(300)),
        column("substances", json()),
        column("classes", json()),
        column("forms", json()),
        column("logos", json()),
        column("colours", json()),
        column("from_at", UtcDateTime()),
        column("until", UtcDateTime()),
        optional("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="SET NULL")),
        optional("drafted_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("drafted_at", UtcDateTime()),
        optional("approved_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("approved_at", UtcDateTime()),
        optional("ended_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("ended_at", UtcDateTime()),
        column("reason", sa.String(200)),
        column("version", sa.Integer()),
        column("public_id", sa.Uuid(), unique=True),
        column("told_words", sa.String(600)),
        column("authors", json()),
        sa.Index("ix_alert_in_force", "agency_id", "state", "until"),
    )
    op.create_table(
        "alert_step",
        column("id", sa.Uuid(), primary_key=True),
        column("alert_id", sa.Uuid(), sa.ForeignKey("alert.id", ondelete="CASCADE"), index=True),
        column("act", one_of("alert_act", "raise edit submit agree approve send_back retract discard")),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("name", sa.String(120)),
        column("role", sa.String(40)),
        column("reason", sa.String(200)),
        column("at", UtcDateTime()),
    )
    op.create_table(
        "alert_evidence",
        column("id", sa.Uuid(), primary_key=True),
        column("alert_id", sa.Uuid(), sa.ForeignKey("alert.id", ondelete="CASCADE"), index=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id")),
        column(
            "trigger", one_of("alert_trigger", "first_detection harm_linked unusual_strength rising_share slow_drift")
        ),
        column("signal", sa.String(200)),
        column("occasion", sa.String(80)),
        column("about", sa.String(60)),
        column("intent", sa.String(60)),
        optional("x", sa.Integer()),
        optional("n", sa.Integer()),
        optional("probability", sa.Float()),
        optional("threshold", sa.Float()),
        column("detail", json()),
        column("samples", json()),
        column("found_at", UtcDateTime()),
        sa.UniqueConstraint("agency_id", "signal", "occasion"),
    )
    op.create_table(
        "alert_channel",
        column("alert_id", sa.Uuid(), sa.ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True),
        column("channel", one_of("alert_channel_kind", "staff clients partners public"), primary_key=True),
        column("told_at", UtcDateTime()),
        optional("retracted_at", UtcDateTime()),
    )
    op.create_table(
        "detection_run",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("at", UtcDateTime()),
        column("sessions", sa.Integer()),
        column("series", sa.Integer()),
        column("rises", sa.Integer()),
        column("drifts", sa.Integer()),
        column("drafts", sa.Integer()),
        column("settings", json()),
    )
    op.create_table(
        "consultation",
        column("id", sa.Uuid(), primary_key=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        optional("result_id", sa.Uuid(), sa.ForeignKey("result_version.id")),
        column("by_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("at", UtcDateTime()),
        optional("minutes", sa.Integer()),
        optional("group_size", sa.Integer()),
        optional("naloxone_given", sa.Boolean()),
        column("referral", sa.String(60)),
        column("dependent_adult_confirmed", sa.Boolean()),
        column("advice_shown", json()),
        optional("disposal_mg", sa.Float()),
        optional("disposal_witness_id", sa.Uuid(), sa.ForeignKey("person.id")),
    )
    op.create_table(
        "consultation_outcome",
        column("consultation_id", sa.Uuid(), sa.ForeignKey("consultation.id", ondelete="CASCADE"), primary_key=True),
        column("person_index", sa.Integer(), primary_key=True),
        column("moment", one_of("moment", "before after"), primary_key=True),
        column(
            "intention",
            one_of(
                "intention",
                "will_not_take disposed_here_verified disposed_self take_less take_as_planned take_more "
                "avoid_mixing space_out test_dose_first not_alone carry_naloxone alert_friends "
                "alert_seller seek_medical undecided declined",
            ),
            primary_key=True,
        ),
    )
    op.create_table(
        "display_log",
        column("id", sa.Uuid(), primary_key=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column("result_id", sa.Uuid(), sa.ForeignKey("result_version.id"), index=True),
        column("pack_digest", sa.String(64)),
        column("locale", sa.String(10)),
        column("messages", json()),
        column("shown_to", sa.String(10)),
        column("at", UtcDateTime(), index=True),
        optional("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        optional("by_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("page_sha256", sa.String(64)),
        optional("made_of", json()),
        column("frame", json()),
        column("rules", json()),
    )
    op.create_table(
        "page_adjustment",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        column("result_id", sa.Uuid(), sa.ForeignKey("result_version.id", ondelete="CASCADE"), index=True),
        column("kind", one_of("adjustment_kind", "snippet pin not_relevant")),
        column("target", sa.String(80)),
        column("message_id", sa.String(80)),
        column("title", sa.String(200)),
        optional(
            "reason",
            one_of("adjustment_reason", "does_not_apply known_already said_in_person says_it_twice confuses wrong"),
        ),
        column("by_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("at", UtcDateTime(), index=True),
        optional("undone_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("undone_at", UtcDateTime()),
        column("version", sa.Integer()),
    )
    op.create_table(
        "urgent_message",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("reach", one_of("urgent_reach", "session region")),
        optional("session_id", sa.Uuid(), sa.ForeignKey("session.id")),
        column("region", sa.String(60)),
        column("snippet", sa.String(80)),
        column("hours", sa.Integer()),
        column("why", sa.String(200)),
        column("requested_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("requested_at", UtcDateTime()),
        optional("first_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("first_at", UtcDateTime()),
        column("first_senior", sa.Boolean()),
        optional("second_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("second_at", UtcDateTime()),
        optional("until", UtcDateTime()),
        optional("stopped_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("stopped_at", UtcDateTime()),
        column("stopped_why", sa.String(200)),
        column("version", sa.Integer()),
        sa.Index("ix_urgent_message_until", "agency_id", "until"),
    )
    op.create_table(
        "trend_change",
        column("id", sa.Integer(), primary_key=True),
        column("sample_id", sa.Uuid()),
    )
    op.create_table(
        "pack_text",
        column("sha256", sa.String(64), primary_key=True),
        column("text", sa.String()),
    )
    op.create_table(
        "pack_version",
        column("id", sa.Uuid(), primary_key=True),
        optional("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("number", sa.Integer()),
        optional("parent_id", sa.Uuid(), sa.ForeignKey("pack_version.id")),
        column("state", one_of("pack_state", "shipped draft in_review approved withdrawn set_aside")),
        column("digest", sa.String(64), index=True),
        column("files", json()),
        column("reason", sa.String(200)),
        column("authors", json()),
        optional("effective_from", UtcDateTime()),
        optional("effective_to", UtcDateTime()),
        optional("created_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("created_at", UtcDateTime()),
        optional("submitted_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("submitted_at", UtcDateTime()),
        optional("approved_at", UtcDateTime()),
        column("version", sa.Integer()),
        sa.UniqueConstraint("agency_id", "number"),
        sa.Index("ix_pack_version_in_force", "agency_id", "state", "effective_from"),
    )
    op.create_table(
        "pack_signature",
        column("id", sa.Uuid(), primary_key=True),
        column("version_id", sa.Uuid(), sa.ForeignKey("pack_version.id"), index=True),
        column("digest", sa.String(64)),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("name", sa.String(120)),
        column("clinician", sa.Boolean()),
        column("role", sa.String(40)),
        column("signed_at", UtcDateTime()),
        sa.UniqueConstraint("version_id", "digest", "person_id"),
    )
    op.create_table(
        "pack_withdrawal",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("version_id", sa.Uuid(), sa.ForeignKey("pack_version.id"), index=True),
        column("kind", one_of("pack_target", "message rule pack")),
        column("target", sa.String(80)),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column("name", sa.String(120)),
        column("reason", sa.String(200)),
        column("at", UtcDateTime()),
    )
    op.create_table(
        "pack_edition",
        column("digest", sa.String(64), primary_key=True),
        column("version_id", sa.Uuid(), sa.ForeignKey("pack_version.id")),
        column("withdrawn", json()),
        column("kept_at", UtcDateTime()),
    )


def figures() -> None:
    """The facts that figures are counted from, history, releases, research and reports."""
    op.create_table(
        "research_project",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("title", sa.String(120)),
        column("purpose", sa.String(1000)),
        column("researcher_id", sa.Uuid(), sa.ForeignKey("person.id"), index=True),
        column("columns", json()),
        column("first_month", sa.String(7)),
        column("last_month", sa.String(7)),
        column("starts_on", sa.Date()),
        column("ends_on", sa.Date()),
        column("state", one_of("project_state", "draft proposed approved withdrawn")),
        column("authors", json()),
        column("created_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("created_at", UtcDateTime()),
        optional("proposed_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("proposed_at", UtcDateTime()),
        optional("approved_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("approved_at", UtcDateTime()),
        optional("withdrawn_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("withdrawn_at", UtcDateTime()),
        column("reason", sa.String(200)),
        column("version", sa.Integer()),
    )
    op.create_table(
        "research_extract",
        column("id", sa.Uuid(), primary_key=True),
        column("project_id", sa.Uuid(), sa.ForeignKey("research_project.id", ondelete="CASCADE")),
        column("number", sa.Integer()),
        column("sha256", sa.String(64)),
        column("rows", sa.Integer()),
        column("parameters", json()),
        column("report", json()),
        column("content", sa.String()),
        column("made_at", UtcDateTime()),
        column("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        sa.UniqueConstraint("project_id", "number"),
    )
    op.create_table(
        "research_drawing",
        column("id", sa.Uuid(), primary_key=True),
        column("project_id", sa.Uuid(), sa.ForeignKey("research_project.id", ondelete="CASCADE"), index=True),
        column("state", one_of("research_drawing_state", "waiting drawing made refused failed")),
        column("step", sa.String(120)),
        column("done", sa.Integer()),
        column("total", sa.Integer()),
        optional("number", sa.Integer()),
        optional("problem", json()),
        column("asked_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("asked_at", UtcDateTime()),
        optional("ended_at", UtcDateTime()),
    )
    op.create_table(
        "research_placement",
        column("project_id", sa.Uuid(), sa.ForeignKey("research_project.id", ondelete="CASCADE"), primary_key=True),
        column("sample_id", sa.Uuid(), primary_key=True),
        column("batch", sa.Integer()),
        column("digest", sa.String(64)),
        column("row", json()),
        column("stays_out", sa.Boolean()),
    )
    op.create_table(
        "history_import",
        column("id", sa.Uuid(), primary_key=True),
        column("source", sa.String(120), index=True),
        column("licence", sa.String(120)),
        column("source_version", sa.String(40)),
        column("citation", sa.String(300)),
        column("map_text", sa.String()),
        column("files", json()),
        column("digest", sa.String(64), index=True),
        column("samples", sa.Integer()),
        column("changed", sa.Integer()),
        column("notes", json()),
        column("additions", json()),
        column("imported_at", UtcDateTime()),
        optional("imported_by", sa.Uuid(), sa.ForeignKey("person.id")),
        optional("undone_at", UtcDateTime()),
        optional("undone_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("undone_reason", sa.String(200)),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        column("keyed_by", sa.Uuid()),
    )
    op.create_table(
        "history_record",
        column("import_id", sa.Uuid(), sa.ForeignKey("history_import.id", ondelete="CASCADE"), primary_key=True),
        column("key", sa.String(200), primary_key=True),
        column("source", sa.String(120)),
        column("digest", sa.String(64)),
        column("record", json()),
        sa.Index("ix_history_record_source_key", "source", "key"),
    )
    op.create_table(
        "history_upload",
        column("id", sa.Uuid(), primary_key=True),
        column("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        optional("person_id", sa.Uuid(), sa.ForeignKey("person.id")),
        column(
            "state",
            one_of("history_upload_state", "waiting reading checked refused writing imported failed dropped"),
            index=True,
        ),
        column("map_name", sa.String(200)),
        column("map_text", sa.String()),
        column("source", sa.String(120)),
        column("files", json()),
        column("step", sa.String(120)),
        column("done", sa.Integer()),
        column("total", sa.Integer()),
        optional("problem", json()),
        column("report", json()),
        optional("import_id", sa.Uuid(), sa.ForeignKey("history_import.id")),
        column("created_at", UtcDateTime()),
        optional("ended_at", UtcDateTime()),
        column("version", sa.Integer()),
    )
    op.create_table(
        "data_release",
        column("id", sa.Uuid(), primary_key=True),
        column("number", sa.String(12), unique=True),
        column("made_at", UtcDateTime()),
        optional("made_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("first_month", sa.String(7)),
        column("last_month", sa.String(7)),
        column("facts_digest", sa.String(64)),
        column("content_digest", sa.String(64)),
        column("counts", json()),
        column("definitions", json()),
        column("protection", json()),
        column("citation", sa.String(400)),
        optional("supersedes", sa.Uuid(), sa.ForeignKey("data_release.id")),
        column("note", sa.String(500)),
    )
    op.create_table(
        "data_release_cube",
        column("release_id", sa.Uuid(), sa.ForeignKey("data_release.id", ondelete="CASCADE"), primary_key=True),
        column("audience", sa.String(20), primary_key=True),
        column("sha256", sa.String(64)),
        column("content", json()),
    )
    op.create_table(
        "data_release_cover",
        column("release_id", sa.Uuid(), sa.ForeignKey("data_release.id", ondelete="CASCADE"), primary_key=True),
        column("title", sa.String(300)),
        column("publisher", sa.String(200)),
        column("creators", json()),
        column("licence", sa.String(60)),
        column("software", sa.String(60)),
        column("packed", json()),
        column("written_at", UtcDateTime()),
    )
    op.create_table(
        "session_report_issue",
        column("id", sa.Uuid(), primary_key=True),
        column("session_id", sa.Uuid(), sa.ForeignKey("session.id")),
        column("number", sa.Integer()),
        column("issued_at", UtcDateTime()),
        optional("issued_by", sa.Uuid(), sa.ForeignKey("person.id")),
        column("content", json()),
        column("evidence", json()),
        sa.UniqueConstraint("session_id", "number"),
    )
    op.create_table(
        "figure_list",
        column("year", sa.String(4), primary_key=True),
        column("content", json()),
        column("key_check", sa.String(32)),
        column("fixed_at", UtcDateTime()),
    )
    op.create_table(
        "figure_period",
        column("label", sa.String(7), primary_key=True),
        column("struck_at", UtcDateTime()),
        column("partial", sa.Boolean()),
        column("revision", sa.Integer()),
        column("reason", sa.String(500)),
        column("sha256", sa.String(64)),
        column("content", sa.LargeBinary()),
    )
    op.create_table(
        "saved_query",
        column("id", sa.Uuid(), primary_key=True),
        column("person_id", sa.Uuid(), sa.ForeignKey("person.id", ondelete="CASCADE"), index=True),
        column("name", sa.String(80)),
        column("question", sa.String(1500)),
        column("created_at", UtcDateTime()),
        column("used_at", UtcDateTime()),
        column("version", sa.Integer()),
        sa.UniqueConstraint("person_id", "name"),
    )
    op.create_table(
        "trend_sample",
        column("sample_id", sa.Uuid(), primary_key=True),
        optional("agency_id", sa.Uuid(), sa.ForeignKey("agency.id"), index=True),
        optional("session_id", sa.Uuid(), sa.ForeignKey("session.id"), index=True),
        column("month", sa.String(7)),
        column("region", sa.String(60)),
        column("site", sa.String(120)),
        column("service_type", sa.String(20)),
        column("submitter_group", sa.String(10)),
        column("form", sa.String(20)),
        column("expected", sa.String(60)),
        column("expected_class", sa.String(60)),
        column("verdict", sa.String(30)),
        column("outcome", sa.String(30)),
        column("released_at", UtcDateTime()),
        optional("own_sample_id", sa.Uuid(), sa.ForeignKey("sample.id", ondelete="CASCADE"), index=True),
        optional("import_id", sa.Uuid(), sa.ForeignKey("history_import.id"), index=True),
        column("agency", sa.String(120), server_default=""),
        optional("day", sa.Date()),
        column("week", sa.String(8), server_default=""),
        column("quarter", sa.String(7), server_default=""),
        column("year", sa.String(4), server_default=""),
        column("submitter_type", sa.String(30), server_default=""),
        column("grade", sa.String(20), server_default=""),
        optional("turnaround_min", sa.Integer()),
        sa.Index("ix_trend_sample_month_region", "month", "region"),
    )
    op.create_table(
        "trend_finding",
        column("sample_id", sa.Uuid(), sa.ForeignKey("trend_sample.sample_id", ondelete="CASCADE"), primary_key=True),
        column("found", sa.String(60), primary_key=True, index=True),
        column("found_class", sa.String(60), index=True),
        column("role", sa.String(20)),
        column("abundance", sa.String(30)),
        column("confidence", sa.String(20)),
        optional("amount", sa.Float()),
        column("unit", sa.String(20), server_default=""),
        column("basis", sa.String(20), server_default=""),
        column("methods", sa.String(200), server_default=""),
    )
    op.create_table(
        "trend_test",
        column("sample_id", sa.Uuid(), sa.ForeignKey("trend_sample.sample_id", ondelete="CASCADE"), primary_key=True),
        column("method", sa.String(20), primary_key=True),
        column("target", sa.String(60), primary_key=True),
        column("seen", sa.String(20)),
        column("unit", sa.String(20), server_default=""),
        column("basis", sa.String(20), server_default=""),
    )
    op.create_table(
        "trend_outcome",
        column("sample_id", sa.Uuid(), sa.ForeignKey("trend_sample.sample_id", ondelete="CASCADE"), primary_key=True),
        column("moment", sa.String(10), primary_key=True),
        column("intention", sa.String(30), primary_key=True),
        column("people", sa.Integer()),
    )
