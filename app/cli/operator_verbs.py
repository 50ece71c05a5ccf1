"""Verbs of the operator: database, audit."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.root import answering, database_of, fail, main, say
from app.operations import at_rest, retention
from app.operations import backup as backups
from app.platform import audit as audit_log
from app.platform.db import migrate
from app.platform.kernel.errors import Invalid
from app.platform.kernel.place import system_clock
from app.platform.storage import BlobStore
from app.settings import Settings


@main.group()
def db() -> None:
    """Schema, backup and restore."""


@db.command("upgrade")
@answering
def db_upgrade(json_: bool) -> None:
    """Bring the database to the newest schema."""
    settings = Settings()
    with database_of(settings, locked=True) as database:
        before, _ = migrate.revisions(database)
        at_rest.upgrade(settings, database)
        after, _ = migrate.revisions(database)
    text = f"Schema {after}." if before != after else f"Schema {after}; nothing to do."
    say({"before": before, "after": after}, text, json_)


@db.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@answering
def db_backup(target: Path, json_: bool) -> None:
    """Write a backup into the new folder TARGET while the service runs."""
    settings = Settings()
    with database_of(settings, locked=True) as database:
        manifest = backups.backup(settings, database, target, system_clock())
    say(
        manifest,
        f"Backup of {sum(manifest['rows'].values())} rows and {manifest['files']} raw files in {target}. Keep the file “secret” of the data directory too, but apart: tickets cannot be opened without it.",
        json_,
    )
    if lost := manifest.get("not_whole"):
        raise Invalid(
            f"The backup was made, but {len(lost)} raw file(s) of the running data are damaged or missing: {', '.join(lost[:5])}.",
            hint="Copy them from an earlier backup into the folder blobs of the data directory.",
        )


@db.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@answering
def db_restore(source: Path, json_: bool) -> None:
    """Restore the backup folder SOURCE into an empty data directory and database."""
    answer = backups.restore(Settings(), source)
    say(
        answer,
        f"Restored the state of {answer['made_at']}. Audit log: {answer['audit']} {answer['secret']}".rstrip(),
        json_,
    )


@db.command("replace-secret")
@click.confirmation_option(
    prompt="With another secret than before, every ticket, sign-in and token made so far is dead for good. Go on?"
)
@answering
def db_replace_secret(json_: bool) -> None:
    """Take the secret that is there now, or a fresh one, for a service whose own is lost or known to others."""
    settings = Settings()
    with database_of(settings, locked=True) as database:
        new = at_rest.unlock(settings, database, instead=True)
    text = f"This database belongs to the secret in {settings.secret_at} " + ("from now on." if new else "already.")
    say({"replaced": new}, text, json_)


@db.command("purge")
@answering
def db_purge(json_: bool) -> None:
    """Delete what has been kept long enough; `mast serve` does it once a day by itself."""
    settings = Settings()
    with database_of(settings) as database:
        gone = retention.purge(database)
        files = retention.purge_files(database, BlobStore(settings.blob_dir, max_bytes=settings.upload_max_bytes))
    lines = [f"{count:6d}  {rule.what}" for rule in retention.RULES if (count := gone[rule.name])]
    lines += [f"{files:6d}  raw file nothing refers to any more"] if files else []
    say(gone, "\n".join(lines) or "Nothing was due.", json_)


@main.group()
def audit() -> None:
    """The append-only log."""


@audit.command("verify")
@click.option("--since", default="", help="An anchor (ENTRIES:HASH), or a file with anchors: a backup.json, a log.")
@answering
def audit_verify(since: str, json_: bool) -> None:
    """Check every hash of the audit log, and that it goes as far as each anchor says; also those of MAST_AUDIT_ANCHOR."""
    settings = Settings()
    anchors = audit_log.anchors_in(Path(since).read_text() if since and Path(since).is_file() else since)
    if since and not anchors:
        fail(f"There is no anchor in {since}: one is the number of entries and a hash, like 120:9f86….")
    if settings.audit_anchor is not None and settings.audit_anchor.exists():
        anchors += audit_log.anchors_in(settings.audit_anchor.read_text())
    with database_of(settings, locked=True) as database:
        found = at_rest.verify_here(settings, database, anchors)
    if found.broken_at is not None:
        fail(f"The audit log is broken at entry {found.broken_at}: {found.detail}")
    say({"entries": found.entries, "broken_at": None, "anchors": len(anchors)}, found.detail, json_)
