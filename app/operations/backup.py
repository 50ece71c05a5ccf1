"""Backup while the service runs, restore into an empty place, and proof that both agree.

A backup is one folder: `database.sqlite3` (SQLite's own online backup) or `database.dump` (pg_dump, one snapshot),
the raw files and libraries, and `backup.json` with counts and hashes. Raw files are copied after the database, and MAST
deletes none that a row needs (see retention.purge_files), so every row finds its file; only one that was set aside a month
ago may be purged in between. Raw files carry their own sha-256 as their name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NotRequired, TypedDict

import sqlalchemy as sa
from sqlmodel import Session

from app.operations.at_rest import damage_in, note_starts, starts_noted, verify
from app.platform import audit
from app.platform.db import Database
from app.platform.kernel.errors import Conflict, Invalid, Unavailable
from app.settings import Settings

MANIFEST = "backup.json"
HASH_LENGTH = 64
REFERENCE = "blob_sha256"
"""The column by which a row names its raw file."""
OTHER = "Use another backup."
SAVE = "Keep the damaged file, restore the last good backup elsewhere (mast db restore) and serve from there."


class Manifest(TypedDict):
    """What stands in `backup.json`: of which moment the backup is, and what has to be found in it."""

    made_at: str
    database: str
    database_sha256: str
    rows: dict[str, int]
    files: int
    audit: NotRequired[str]
    libraries: NotRequired[dict[str, str]]
    """sha-256 of each library file by its path."""
    not_whole: NotRequired[list[str]]
    """Raw files that were damaged or missing in the running data already, by name: the rest was worth keeping."""


class Restored(TypedDict):
    """What was restored, what its audit log proves, and what there is to say about the secret."""

    rows: dict[str, int]
    audit: str
    made_at: str
    secret: str


def backup(settings: Settings, database: Database, target: Path, now: datetime) -> Manifest:
    """Write a backup into `target`, which must not exist yet, and read it back. Returns its manifest.

    Raises Invalid for a damaged database. Raw files that are damaged or missing stop nothing; the manifest names them.
    """
    if target.exists():
        raise Conflict(f"{target} already exists; nothing was overwritten.", hint="Name a folder that does not exist.")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    file = part / ("database.sqlite3" if database.is_sqlite else "database.dump")
    wanted = _raw_files(database)
    rows, anchor = (_dump_sqlite if database.is_sqlite else _dump_postgres)(database, file)
    for name in ("blobs", "libraries"):
        _copy_folder(settings.data_dir / name, part / name)
    copied = {path.name for path in (part / "blobs").rglob("*") if path.is_file()}
    manifest: Manifest = {
        "made_at": now.isoformat(timespec="seconds"),
        "database": file.name,
        "database_sha256": _sha256(file),
        "rows": rows,
        "files": len(copied),
        "audit": "; ".join(map(str, (anchor, *starts_noted(settings)))),
        "libraries": _hashes(part / "libraries"),
        "not_whole": sorted({*_damaged(part / "blobs"), *(wanted - copied)}),
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2))
    part.rename(target)
    return manifest


def restore(settings: Settings, source: Path) -> Restored:
    """Restore a backup into the empty data directory and database of `settings`, then verify it.

    Raises Invalid when the backup is damaged, Conflict when something is there already.
    """
    manifest, dump = _unpacked(source)
    if settings.blob_dir.exists() and any(settings.blob_dir.rglob("*")):
        raise Conflict(f"{settings.data_dir} already holds files; nothing was changed.", hint="Restore elsewhere.")
    into = _into_sqlite if settings.database_url.startswith("sqlite") else _into_postgres
    restored = into(settings, manifest, dump)
    for name in ("blobs", "libraries"):
        _copy_folder(source / name, settings.data_dir / name)
    note_starts(settings, [one for one in audit.anchors_in(manifest.get("audit", "")) if one.starts])
    return restored


def manifest_of(source: Path) -> Manifest:
    """What stands in the `backup.json` of a backup. Raises Invalid."""
    if not (source / MANIFEST).exists():
        raise Invalid(
            f"{source} is not a finished MAST backup: it has no {MANIFEST}.", hint="Name the backup's folder."
        )
    manifest: Manifest = json.loads((source / MANIFEST).read_text())
    return manifest


def read_through(source: Path) -> None:
    """Read a backup of PostgreSQL to its end, with no database to put it into. Raises Invalid, Unavailable."""
    _, dump = _unpacked(source)
    _run("pg_restore", f"--file={os.devnull}", str(dump))


def _unpacked(source: Path) -> tuple[Manifest, Path]:
    """Manifest and database of a backup whose files are what was written."""
    manifest = manifest_of(source)
    dump = source / Path(manifest["database"]).name
    if _sha256(dump) != manifest["database_sha256"]:
        raise Invalid(f"{dump} is not what was written: its hash differs. Nothing was restored.", hint=OTHER)
    _check_files(source, manifest)
    return manifest, dump


def _into_sqlite(settings: Settings, manifest: Manifest, dump: Path) -> Restored:
    path = Path(sa.engine.make_url(settings.database_url).database or "")
    if path.exists():
        raise Conflict(f"{path} already exists; nothing was changed.", hint="Move it away first.")
    with _opened(dump) as session:
        if damage := damage_in(session.connection()):
            raise Invalid(f"The database of this backup is damaged: {damage}. Nothing was restored.", hint=OTHER)
        restored = _proven(session, settings, manifest, "Nothing was restored.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(dump, path)
    return restored


def _into_postgres(settings: Settings, manifest: Manifest, dump: Path) -> Restored:
    """Every foreign key is made again, and so checked; one that does not hold undoes the whole, which is one transaction."""
    url = settings.database_url
    with closing(Database(url)) as database:
        there = sa.inspect(database.reader).get_table_names()
    if there:
        raise Conflict("This database already holds tables; nothing was changed.", hint="Name an empty database.")
    _run("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", str(dump), url=url)
    with closing(Database(url)) as database, database.read() as session:
        return _proven(session, settings, manifest, "What stands in the database now is not to be used.")


def _proven(session: Session, settings: Settings, manifest: Manifest, or_else: str) -> Restored:
    """The database holds the rows that were counted, and its audit log is whole up to where it went then."""
    there = counts(session.connection())
    if there != manifest["rows"]:
        raise Invalid(f"This backup does not hold the rows that were counted when it was made. {or_else}", hint=OTHER)
    key = audit.key_of(settings.pepper()) if settings.has_secret() else None
    fits = audit.fits(session, key) if key is not None else False
    chain = verify(session, key if fits else None, audit.anchors_in(manifest.get("audit", "")))
    if chain.broken_at is not None:
        raise Invalid(f"The audit log of this backup is broken: {chain.detail} {or_else}", hint=OTHER)
    secret = "" if fits else _about_the_secret(settings)
    return {"rows": there, "audit": chain.detail, "made_at": manifest["made_at"], "secret": secret}


def _about_the_secret(settings: Settings) -> str:
    at = settings.secret_at
    if not settings.has_secret():
        return f"The secret is not here: put the one of this backup into {at} before the service starts."
    return f"The secret in {at} is not the one of this backup: no ticket, sign-in or token would work, and no server starts. Put the right one there."


def _dump_sqlite(database: Database, file: Path) -> tuple[dict[str, int], audit.Anchor]:
    """Copy, read the whole copy, and count it."""
    live = Path(sa.engine.make_url(database.url).database or "")
    with closing(sqlite3.connect(f"file:{live}?mode=ro", uri=True)) as source, closing(sqlite3.connect(file)) as copy:
        source.backup(copy)  # in one step: in WAL mode it blocks no writer, in several a writer makes it start over
        copy.execute("PRAGMA journal_mode=DELETE")
    with _opened(file) as session:
        if not (damage := damage_in(session.connection())):
            return counts(session.connection()), audit.anchor(session)
    shutil.rmtree(file.parent)
    raise Invalid(f"The database is damaged: {damage}. No backup was made; the running data is as it was.", hint=SAVE)


def _opened(copy: Path) -> Session:
    """A copied SQLite file, to be looked at and left as it is."""
    return Session(sa.create_engine(f"sqlite:///file:{copy}?mode=ro&uri=true", poolclass=sa.NullPool))


def _dump_postgres(database: Database, file: Path) -> tuple[dict[str, int], audit.Anchor]:
    """Dump and count one and the same snapshot, and read the dump to its end."""
    with database.reader.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
        _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}", url=database.url)
        _run("pg_restore", f"--file={os.devnull}", str(file))
        return counts(connection), audit.anchor(Session(connection))


def _check_files(source: Path, manifest: Manifest) -> None:
    """Every raw file and every library file is there and is what was written."""
    files = sum(path.is_file() for path in (source / "blobs").rglob("*"))
    damaged = _damaged(source / "blobs") - set(manifest.get("not_whole", []))
    there = _hashes(source / "libraries")
    damaged |= {name for name, written in manifest.get("libraries", {}).items() if there.get(name) != written}
    if damaged or files < manifest["files"]:
        what = (
            f"{min(damaged)} is not what was written"
            if damaged
            else f"{manifest['files'] - files} raw file(s) are missing"
        )
        raise Invalid(f"This backup is damaged: {what}. Nothing was restored.", hint=OTHER)


def _damaged(blobs: Path) -> set[str]:
    """Raw files that are not what their names say."""
    files = (path for path in blobs.rglob("*") if path.is_file() and len(path.name) == HASH_LENGTH)
    return {path.name for path in files if _sha256(path) != path.name}


def _hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): _sha256(path) for path in folder.rglob("*") if path.is_file()}


def _raw_files(database: Database) -> set[str]:
    """Names of the raw files that rows refer to. Asked before the copy, so that a file purged since is not missed."""
    with database.read() as session:
        there = sa.inspect(session.connection())
        naming = [
            name for name in there.get_table_names() if any(c["name"] == REFERENCE for c in there.get_columns(name))
        ]
        queries = [sa.select(sa.column(REFERENCE, sa.String)).select_from(sa.table(name)) for name in naming]
        return {sha256 for query in queries for sha256 in session.scalars(query) if sha256}


def counts(connection: sa.Connection) -> dict[str, int]:
    """Rows of every table there is: an older version has fewer."""
    return {
        name: int(connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one())
        for name in sorted(sa.inspect(connection).get_table_names())
        if name != "alembic_version"
    }


def _copy_folder(source: Path, target: Path) -> None:
    """For this account of the machine alone, whatever a stick or an archive has made of the modes."""
    if not source.exists():
        return
    unfinished = shutil.ignore_patterns("*.part")
    shutil.copytree(source, target, ignore=unfinished, copy_function=shutil.copyfile, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(program: str, *arguments: str, url: str = "") -> None:
    """A client program of PostgreSQL. The password goes through the environment: everybody can read a command line."""
    environment, target = dict(os.environ), list[str]()
    if url:
        given = sa.engine.make_url(url).set(drivername="postgresql")
        environment |= {"PGPASSWORD": str(given.password)} if given.password else {}
        target = [f"--dbname={given.set(password=None).render_as_string(hide_password=False)}"]
    try:
        done = subprocess.run(
            [program, *target, *arguments], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Invalid(
            f"{program} is not installed here. Nothing was changed.",
            hint="Install the client programs of PostgreSQL, not older than the server (on Debian: apt install postgresql-client).",
        ) from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Unavailable(f"{program} did not finish: {said[-1] if said else 'it said nothing'}. Nothing was changed.")
