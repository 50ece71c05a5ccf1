"""Verbs of the operator: database, audit, people."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from app.cli.root import answering, database_of, fail, main, say
from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.operations import backup as backups
from app.operations import retention
from app.platform import audit as audit_log
from app.platform.db import migrate
from app.platform.kernel.actor import Role
from app.platform.kernel.clock import system_clock
from app.platform.storage import BlobStore
from app.settings import Settings


@main.group()
def db() -> None:
    """Schema, backup and restore."""


@db.command("upgrade")
@answering
def db_upgrade(json_: bool) -> None:
    """Bring the database to the newest schema."""
    with database_of(Settings()) as database:
        before, _ = migrate.revisions(database)
        migrate.upgrade(database)
        after, _ = migrate.revisions(database)
    text = f"Schema {after}." if before != after else f"Schema {after}; nothing to do."
    say({"before": before, "after": after}, text, json_)


@db.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@answering
def db_backup(target: Path, json_: bool) -> None:
    """Write a backup into the new folder TARGET while the service runs."""
    settings = Settings()
    with database_of(settings) as database:
        manifest = backups.backup(settings, database, target, system_clock())
    say(
        manifest,
        f"Backup of {sum(manifest['rows'].values())} rows and {manifest['files']} raw files in {target}. Keep the file “secret” of the data directory too, but apart: tickets cannot be opened without it.",
        json_,
    )


@db.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@answering
def db_restore(source: Path, json_: bool) -> None:
    """Restore the backup folder SOURCE into an empty data directory and database."""
    answer = backups.restore(Settings(), source)
    say(answer, f"Restored the state of {answer['made_at']}. Audit log: {answer['audit']}", json_)


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
@answering
def audit_verify(json_: bool) -> None:
    """Check every hash of the audit log."""
    with database_of(Settings()) as database, database.read() as session:
        found = audit_log.verify(session)
    if found.broken_at is not None:
        fail(f"The audit log is broken at entry {found.broken_at}: {found.detail}")
    say({"entries": found.entries, "broken_at": None}, found.detail, json_)


@main.group("people")
def people_group() -> None:
    """Accounts."""


@people_group.command("add")
@click.argument("username")
@click.option("--name", required=True, help="Name to show.")
@click.option("--agency", required=True, help="Agency; created when new.")
@click.option("--agency-kind", type=click.Choice([k.value for k in AgencyKind]), default="service", show_default=True)
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([r.value for r in Role]))
@click.option("--password", default="", help="Left out: a fresh one is made and shown once.")
@answering
def people_add(
    username: str, name: str, agency: str, agency_kind: str, roles: tuple[str, ...], password: str, json_: bool
) -> None:
    """Add an account for USERNAME."""
    shown = password or secrets.token_urlsafe(12)
    with database_of(Settings()) as database, database.begin() as uow:
        home = people.add_agency(uow, agency, AgencyKind(agency_kind))
        person = people.add_person(uow, home.id, username, name, shown, [Role(r) for r in roles])
    if set(roles) == {Role.INSTRUMENT}:
        words = f"{person.display_name} cannot sign in. Make its token: mast people token {person.username}"
        say({"id": person.id, "username": person.username, "password": None}, words, json_)
        return
    tail = f" Password, shown this once: {shown}" if not password else ""
    answer = {"id": person.id, "username": person.username, "password": shown if not password else None}
    say(answer, f"{person.display_name} may sign in as {person.username}.{tail}", json_)


@people_group.command("token")
@click.argument("username")
@click.option("--label", default="command line", show_default=True)
@click.option(
    "--role", "roles", multiple=True, type=click.Choice([r.value for r in Role]), help="Fewer roles than theirs."
)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))
@answering
def people_token(username: str, label: str, roles: tuple[str, ...], days: int, json_: bool) -> None:
    """Issue an API token for USERNAME, shown once."""
    settings = Settings()
    with database_of(settings) as database, database.begin() as uow:
        person = people.find_person(uow.session, username)
        wanted = [Role(r) for r in roles]
        token, secret = people.issue_token(uow, label, wanted, days, settings.pepper(), person_id=person.id)
    say({"token": secret, "expires_at": token.expires_at, "roles": token.roles}, secret, json_)
