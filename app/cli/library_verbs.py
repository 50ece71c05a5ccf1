"""`mast library …`: import reference libraries with their licence and source, list and check them."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.root import as_json, domain_errors, main, say
from app.platform.db import Database, migrate
from app.settings import Settings


@main.group()
def library() -> None:
    """Reference libraries."""


def _database(settings: Settings) -> Database:
    """The database; a local SQLite that is not there yet is made, so that a chemist can start with a library."""
    database = Database(settings.database_url)
    if database.is_sqlite and migrate.revisions(database)[0] is None:
        migrate.upgrade(database)
    return database


@library.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="", help="Name of the library; the file's name if left out.")
@click.option("--licence", required=True, help="Terms under which it may be used.")
@click.option("--source", required=True, help="Where it comes from.")
@as_json
@domain_errors
def library_import(files: tuple[Path, ...], name: str, licence: str, source: str, json_: bool) -> None:
    """Import FILES (MSP, MGF, MassBank, JCAMP-DX) as one library."""
    from app.library import service

    settings = Settings()
    database = _database(settings)
    bar = None if json_ else click.progressbar(length=100, label="Reading")

    def progress(done: int, total: int) -> None:
        if bar is not None and total:
            bar.update(int(100 * done / total) - bar.pos)

    with database.begin() as uow:
        made = service.import_library(
            uow,
            settings.library_dir,
            files,
            name=name or files[0].stem,
            licence=licence,
            source=source,
            progress=progress,
        )
    if bar is not None:
        bar.render_finish()
    database.close()
    data = service.summary(made)
    words = f"{made.name}: {made.n_entries} entries imported, {made.n_merged} merged as duplicates, {made.n_refused} refused."
    reasons = [f"  refused {r.get('name', '')}: {r.get('reason', '')}" for r in made.refusals[:20]]
    say(data, "\n".join([words, *reasons]), json_)


@library.command("list")
@as_json
@domain_errors
def library_list(json_: bool) -> None:
    """Every library that is searched."""
    from app.library import service
    from app.library.shelf import Shelf

    rows = service.shelf_summary(Shelf.for_command_line(Settings()))
    text = "\n".join(f"{r['name']}: {r['n_entries']} entries, {r['technique']}. {r['notice']}".rstrip() for r in rows)
    say(rows, text, json_)


@library.command("info")
@click.argument("name")
@as_json
@domain_errors
def library_info(name: str, json_: bool) -> None:
    """Provenance of one library."""
    from app.library import service
    from app.library.shelf import Shelf

    row = service.shelf_info(Shelf.for_command_line(Settings()), name)
    say(row, "\n".join(f"{key}: {value}" for key, value in row.items()), json_)


@library.command("check")
@click.argument("name")
@as_json
@domain_errors
def library_check(name: str, json_: bool) -> None:
    """Look for impossible formulae, duplicates and spectra that resemble another compound more than their own."""
    from app.library import service
    from app.library.shelf import Shelf

    found = service.check_library(Shelf.for_command_line(Settings()), name)
    text = "\n".join(f"{p['entry']}: {p['text']}" for p in found) or "Nothing to complain about."
    say(found, text, json_)
