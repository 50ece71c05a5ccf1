"""`mast releases download`: a release as the zip that everybody gets, made again from its id."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.releases_verbs import OPERATOR, releases
from app.cli.root import as_json, domain_errors, say
from app.platform.db import Database
from app.settings import Settings


@releases.command("download")
@click.argument("name")
@click.option("--audience", type=click.Choice(["public", "partner"]), default="public", show_default=True)
@click.option("--parquet", is_flag=True, help="Each table as Parquet too; needs pyarrow.")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder.")
@as_json
@domain_errors
def releases_download(name: str, audience: str, parquet: bool, folder: Path, json_: bool) -> None:
    """Write the package of the release NAME (its number, such as 2026.2, or its id) into a folder.

    The same release makes the same bytes, whenever and wherever it is packed again.
    """
    from app.figures.releases import covers, service
    from app.figures.trends.domain import Audience

    settings = Settings()
    database = Database(settings.database_url)
    try:
        with database.begin(OPERATOR) as uow:
            row = service.of_name(uow.session, name)
            licensed = covers.Licensed(settings.release_licence, settings.release_publisher, settings.name)
            covers.write_cover(uow, row, licensed)
            made = covers.packed(uow.session, row, Audience(audience), parquet=parquet)
    finally:
        database.close()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / made.name
    path.write_bytes(made.content)
    data = {
        "file": str(path), "release": str(row.id), "number": row.number, "audience": audience, "sha256": made.sha256,
        "bytes": len(made.content), "as_before": made.as_before,
    }  # fmt: skip
    words = f"{path}: {len(made.content):,} bytes, SHA-256 {made.sha256}."
    if not made.as_before:
        words += " These are not the bytes it had when it was packed first: the format of packages has changed since."
    say(data, words, json_)
