"""Verbs of the operator: database, audit.

Backups and what is kept how long need all the tables, so a verb imports them where it uses them.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from app.cli.root import answering, database_of, fail, main, say, sentence_of
from app.operations import at_rest
from app.platform import audit as audit_log
from app.platform.kernel.errors import Invalid, MastError
from app.platform.kernel.place import system_clock
from app.settings import Settings

if TYPE_CHECKING:
    from app.operations import backup as backups
    from app.operations import backup_plan as plan


@main.group()
def db() -> None:
    """Schema, backup and restore."""


@db.command("upgrade")
@answering
def db_upgrade(json_: bool) -> None:
    """Bring the database to the newest schema."""
    from app.platform.db import migrate

    settings = Settings()
    with database_of(settings, locked=True, own_tables=True) as database:
        before, _ = migrate.revisions(database)
        migrate.upgrade(database)
        after, _ = migrate.revisions(database)
    text = f"Schema {after}." if before != after else f"Schema {after}; nothing to do."
    say({"before": before, "after": after}, text, json_)


@db.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--every", default="", metavar="15m", help="Go on making one this often, into the folder TARGET.")
@click.option("--keep", default="", metavar="24h,30d", help="With --every: all for 24 h, then one a day for 30 days.")
@click.option("--encrypt-to", "key", default="", metavar="age1…", help="With --every: seal each for this public key.")
@answering
def db_backup(target: Path, every: str, keep: str, key: str, json_: bool) -> None:
    """Write a backup into the new folder TARGET while the service runs, or with --every into it time and again."""
    from app.operations import backup as backups
    from app.operations import backup_plan as plan

    settings = Settings()
    if every:
        _backups(settings, target, plan.duration(every), plan.keep_of(keep), key, json_)
        return
    if keep or key:
        fail("--keep and --encrypt-to go with --every. No backup was made.")
    with database_of(settings, locked=True) as database:
        manifest = backups.backup(settings, database, target, system_clock())
    say(manifest, _made(manifest, target), json_)
    _whole(manifest)


def _made(manifest: backups.Manifest, target: Path) -> str:
    return f"Backup of {sum(manifest['rows'].values())} rows and {manifest['files']} raw files in {target}. Keep the file “secret” of the data directory too, but apart: tickets cannot be opened without it."


def _whole(manifest: backups.Manifest) -> None:
    if lost := manifest.get("not_whole"):
        raise Invalid(
            f"The backup was made, but {len(lost)} raw file(s) of the running data are damaged or missing: {', '.join(lost[:5])}.",
            hint="Copy them from an earlier backup into the folder blobs of the data directory.",
        )


def _backups(settings: Settings, folder: Path, every: timedelta, keep: plan.Keep, key: str, json_: bool) -> None:
    """One backup after the other until the process is told to end; what went wrong with one is said, and the next is tried."""
    from app.operations import backup_plan as plan

    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    while True:
        began = time.monotonic()
        try:
            with database_of(settings, locked=True) as database:
                path, manifest, gone = plan.make(settings, database, folder, system_clock(), keep, key)
            text = _made(manifest, path) + (f" {len(gone)} older backup(s) were taken away." if gone else "")
            say({**manifest, "backup": str(path), "taken_away": gone}, text, json_)
            _whole(manifest)
        except (MastError, OSError, SQLAlchemyError) as error:
            click.echo(f"{sentence_of(error)} The next backup is tried in {every}.", err=True)
        sys.stdout.flush()
        if done.wait(max(every.total_seconds() - (time.monotonic() - began), 1.0)):
            return


@db.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--identity", type=click.Path(path_type=Path, exists=True), help="File with the key of a sealed backup.")
@click.option(
    "--verify", is_flag=True, help="A trial: restore it elsewhere, prove it, throw it away, say what is newer."
)
@click.option("--scratch", default="", metavar="URL", help="With --verify: an empty PostgreSQL database for the trial.")
@click.option("--not-older-than", "oldest", default="", metavar="1h", help="With --verify: refuse an older backup.")
@answering
def db_restore(source: Path, identity: Path | None, verify: bool, scratch: str, oldest: str, json_: bool) -> None:
    """Restore the backup SOURCE, or the newest of a folder, into an empty data directory and database."""
    from app.operations import backup as backups
    from app.operations import backup_plan as plan

    settings = Settings()
    if verify:
        limit = plan.duration(oldest) if oldest else None
        found = plan.drill(settings, source, system_clock(), identity=identity, scratch=scratch, oldest=limit)
        say(found, plan.drill_words(found), json_)
        return
    if scratch or oldest:
        fail("--scratch and --not-older-than go with --verify. Nothing was restored.")
    with plan.opened(settings, source, identity) as folder:
        answer = backups.restore(settings, folder)
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
    with database_of(settings, locked=True, own_tables=True) as database:
        new = at_rest.unlock(settings, database, instead=True)
    text = f"This database belongs to the secret in {settings.secret_at} " + ("from now on." if new else "already.")
    say({"replaced": new}, text, json_)


@db.command("purge")
@answering
def db_purge(json_: bool) -> None:
    """Delete what has been kept long enough; `mast serve` does it once a day by itself."""
    from app.operations import retention
    from app.platform.storage import BlobStore

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
    with database_of(settings, locked=True, own_tables=True) as database:
        found = at_rest.verify_here(settings, database, anchors)
    if found.broken_at is not None:
        fail(f"The audit log is broken at entry {found.broken_at}: {found.detail}")
    say({"entries": found.entries, "broken_at": None, "anchors": len(anchors)}, found.detail, json_)
