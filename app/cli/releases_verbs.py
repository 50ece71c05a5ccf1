"""`mast releases …`: make a release of the figures, list and show them, verify one, download it as everybody gets it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.root import answering, database_of, main, say
from app.platform.kernel.actor import OPERATOR
from app.settings import Settings

if TYPE_CHECKING:
    from app.figures.releases.tables import Release


@main.group()
def releases() -> None:
    """Figures for the public and for partners."""


@releases.command("make")
@click.option("--note", default="", help="Kept with the release and shown with it.")
@answering
def releases_make(note: str, json_: bool) -> None:
    """Draw what is due, and publish every complete month, quarter and year."""
    from app.figures.releases import service
    from app.figures.trends.protection.noise import Draws
    from app.figures.trends.protection.striking import strike_due
    from harm_messages import load_pack

    settings = Settings()
    with database_of(settings) as database:
        strike_due(database, load_pack().substances, Draws.of(settings.pepper()), request_id="command line")
        with database.begin(OPERATOR) as uow:
            row = service.make(uow, note=note)
    say(row.model_dump(mode="json"), _words(row), json_)


@releases.command("list")
@answering
def releases_list(json_: bool) -> None:
    """All releases, the newest first."""
    from app.figures.releases import service

    with database_of(Settings()) as database, database.read() as session:
        rows = service.releases(session)
    say(
        [row.model_dump(mode="json") for row in rows], "\n".join(map(_line, rows)) or "Nothing was released yet.", json_
    )


@releases.command("show")
@click.argument("number")
@answering
def releases_show(number: str, json_: bool) -> None:
    """One release: what it holds, how it was protected, how to cite it. NUMBER is like 2026.2."""
    from app.figures.releases import service

    with database_of(Settings()) as database, database.read() as session:
        row = service.of_name(session, number)
    say(row.model_dump(mode="json"), _words(row), json_)


@releases.command("verify")
@click.argument("number")
@answering
def releases_verify(number: str, json_: bool) -> None:
    """Check that a release is what was made. Exit 1 if it is not."""
    from app.figures.releases import service

    with database_of(Settings()) as database, database.read() as session:
        checks = service.verify(session, service.of_name(session, number))
    signs = {True: "holds", False: "DOES NOT HOLD", None: "cannot be told"}
    lines = [f"{check.what}: {signs[check.holds]} – {check.words}" for check in checks]
    say([{"what": c.what, "holds": c.holds, "words": c.words} for c in checks], "\n".join(lines), json_)
    if any(check.holds is False for check in checks):
        raise SystemExit(1)


@releases.command("download")
@click.argument("name")
@click.option("--audience", type=click.Choice(["public", "partner"]), default="public", show_default=True)
@click.option("--parquet", is_flag=True, help="Each table as Parquet too; needs pyarrow.")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder.")
@answering
def releases_download(name: str, audience: str, parquet: bool, folder: Path, json_: bool) -> None:
    """Write the package of the release NAME (its number, such as 2026.2, or its id) into a folder.

    The same release makes the same bytes, whenever and wherever it is packed again.
    """
    from app.figures.releases import covers, service
    from app.figures.trends.domain import Audience

    settings = Settings()
    with database_of(settings) as database, database.begin(OPERATOR) as uow:
        row = service.of_name(uow.session, name)
        licensed = covers.Licensed(settings.release_licence, settings.release_publisher, settings.name)
        covers.write_cover(uow, row, licensed)
        made = covers.packed(uow.session, row, Audience(audience), parquet=parquet)
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


def _line(row: Release) -> str:
    return f"{row.number}  {row.first_month} to {row.last_month}, made {row.made_at:%Y-%m-%d}  {row.note}".rstrip()


def _words(row: Release) -> str:
    held = (
        f"{row.counts['months']:,} months" if "months" in row.counts else "rounded figures from before they were drawn"
    )
    return f"{_line(row)}\n{row.citation}\nIt holds {held}."
