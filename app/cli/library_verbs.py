"""`mast library …`: import reference libraries with their licence and source, list and check them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlmodel import Session

from app.cli.progress import Bar
from app.cli.root import as_json, domain_errors, main, say
from app.platform.db import Database, migrate
from app.settings import Settings

if TYPE_CHECKING:
    from app.library.reparse import Reparsed
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
        service.ImportParts(database, settings.library_dir, raw=service.raw_store(settings.blob_dir)),
        files,
        name or files[0].stem,
        licence,
        source,
        progress=None if json_ else Bar(),
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
    say(
        row,
        "\n".join(f"{key}: {value}" for key, value in asdict(row).items() if key not in ("refusals", "files")),
        json_,
    )


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


@library.command("reparse")
@click.argument("name")
@click.option("--apply", "apply_", is_flag=True, help="Make the library anew. Without it nothing is changed.")
@as_json
@domain_errors
def library_reparse(name: str, apply_: bool, json_: bool) -> None:
    """Read the raw files of library NAME again with today's readers and show what is different.

    With --apply the library is made anew; the old one stays until the new one is complete.
    """
    from app.library import service

    settings = Settings()
    database = _database(settings)
    parts = service.ImportParts(database, settings.library_dir, raw=service.raw_store(settings.blob_dir))
    found = service.reparse_library(parts, name, apply=apply_, progress=None if json_ else Bar())
    database.close()
    say({**asdict(found), "same": found.same}, "\n".join(_reparsed(found)), json_)


def _reparsed(found: Reparsed) -> Iterator[str]:
    from app.library import service

    before, now = (", ".join(names) or "not noted" for names in found.readers)
    yield f"{found.name}: {found.n_entries[0]:,} → {found.n_entries[1]:,} entries, read by {before} → {now}."
    yield from ("  " + line for line in service.lines_of(found))
    if found.same:
        yield "Every entry is the same."
    elif found.applied:
        yield "The library was made anew. Comparisons made before stay as they are until their files are read again."
    else:
        yield "Nothing was changed. Run it again with --apply to make the library anew."


def _key(session: Session, shelf: Shelf, name: str) -> str:
    from app.library import service

    rows = service.list_libraries(session, shelf)
    return next((r.key for r in rows if name in (r.key, r.name)), name)
