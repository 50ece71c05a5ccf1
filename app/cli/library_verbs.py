"""`mast library …`: import reference libraries with their licence and source, list and check them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlmodel import Session

from app.cli.root import as_json, domain_errors, main, say
from app.platform.db import Database, migrate
from app.settings import Settings

if TYPE_CHECKING:
    from app.library.shelf import Shelf


@main.group()
def library() -> None:
    """Reference libraries."""


def _database(settings: Settings) -> Database:
    """The database; a local SQLite that is not there yet is made, so that a chemist can start with a library."""
    import app.tables  # noqa: F401  every table, or a foreign key of a library finds no person

    database = Database(settings.database_url)
    if database.is_sqlite and migrate.revisions(database)[0] is None:
        migrate.upgrade(database)
    return database


@library.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="", help="Name of the library; the file's name if left out.")
@click.option("--licence", default="", help="Terms under which it may be used; required.")
@click.option("--source", default="", help="Where it comes from; required.")
@as_json
@domain_errors
def library_import(files: tuple[Path, ...], name: str, licence: str, source: str, json_: bool) -> None:
    """Import FILES (MSP, MGF, MassBank, JCAMP-DX) as one library."""
    from app.library import service

    settings = Settings()
    database = _database(settings)
    made = service.import_library(
        service.ImportParts(database, settings.library_dir),
        files,
        name or files[0].stem,
        licence,
        source,
        progress=None if json_ else _Bar(),
    )
    database.close()
    data = {
        "name": made.library.name,
        "id": made.library.id,
        "read": made.n_read,
        "accepted": made.n_accepted,
        "merged": made.n_merged,
        "refused": made.n_refused,
        "refusals": made.refusals,
        "already_there": made.already_there,
    }
    reasons = [f"  refused {r.get('name', '')}: {r.get('reason', '')}" for r in made.refusals[:20]]
    say(data, "\n".join([made.summary(), *reasons]), json_)


class _Bar:
    """Progress: a bar on a terminal, a line per step otherwise."""

    def __init__(self) -> None:
        self.step = ""

    def __call__(self, what: str, done: int, of: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what}: {done:,} of {of:,} ", err=True, nl=done >= of)
        elif what != self.step:
            click.echo(f"{what} …", err=True)
        self.step = what


def _shelf() -> tuple[Database, Shelf]:
    from app.library.shelf import Shelf

    settings = Settings()
    database = _database(settings)
    return database, Shelf(settings, database)


@library.command("list")
@as_json
@domain_errors
def library_list(json_: bool) -> None:
    """Every library that is searched."""
    from app.library import service

    database, shelf = _shelf()
    with database.read() as session:
        rows = service.list_libraries(session, shelf)
    database.close()
    text = "\n".join(f"{r.name}: {r.n_entries:,} entries, {r.technique}. {r.notice}".rstrip() for r in rows)
    say(rows, text, json_)


@library.command("info")
@click.argument("name")
@as_json
@domain_errors
def library_info(name: str, json_: bool) -> None:
    """Provenance of one library."""
    from app.library import service

    database, shelf = _shelf()
    with database.read() as session:
        row = service.get_library(session, shelf, _key(session, shelf, name))
    database.close()
    say(row, "\n".join(f"{key}: {value}" for key, value in asdict(row).items() if key != "refusals"), json_)


@library.command("check")
@click.argument("name")
@as_json
@domain_errors
def library_check(name: str, json_: bool) -> None:
    """Look for damage and for the same spectrum under two names."""
    from app.library import service

    database, shelf = _shelf()
    with database.read() as session:
        found = service.check_library(session, shelf, _key(session, shelf, name), Settings().library_dir)
    database.close()
    say(found, "\n".join(found) or "Nothing to complain about.", json_)


def _key(session: Session, shelf: Shelf, name: str) -> str:
    from app.library import service

    rows = service.list_libraries(session, shelf)
    return next((r.key for r in rows if name in (r.key, r.name)), name)
