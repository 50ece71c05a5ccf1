"""`mast releases …`: make a release of the figures, list and show them, verify one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.cli.root import as_json, domain_errors, main, say
from app.platform.db import Database
from app.platform.kernel.actor import Actor, Role
from app.settings import Settings

if TYPE_CHECKING:
    from app.figures.releases.tables import Release

OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None, via="command line")


@main.group()
def releases() -> None:
    """Figures for the public and for partners."""


@releases.command("make")
@click.option("--note", default="", help="Kept with the release and shown with it.")
@as_json
@domain_errors
def releases_make(note: str, json_: bool) -> None:
    """Draw what is due, and publish every complete month, quarter and year."""
    from app.figures.releases import service
    from app.figures.trends.protection.noise import Draws
    from app.figures.trends.protection.striking import strike_due
    from harm_messages import load_pack

    settings = Settings()
    database = _database(settings)
    strike_due(database, load_pack().substances, Draws.of(settings.pepper()), request_id="command line")
    with database.begin(OPERATOR) as uow:
        row = service.make(uow, note=note)
    database.close()
    say(_data(row), _words(row), json_)


@releases.command("list")
@as_json
@domain_errors
def releases_list(json_: bool) -> None:
    """All releases, the newest first."""
    from app.figures.releases import service

    database = _database(Settings())
    with database.read() as session:
        rows = service.releases(session)
    database.close()
    say([_data(row) for row in rows], "\n".join(map(_line, rows)) or "Nothing was released yet.", json_)


@releases.command("show")
@click.argument("number")
@as_json
@domain_errors
def releases_show(number: str, json_: bool) -> None:
    """One release: what it holds, how it was protected, how to cite it. NUMBER is like 2026.2."""
    from app.figures.releases import service

    database = _database(Settings())
    with database.read() as session:
        row = service.of_name(session, number)
    database.close()
    say(_data(row), _words(row), json_)


@releases.command("verify")
@click.argument("number")
@as_json
@domain_errors
def releases_verify(number: str, json_: bool) -> None:
    """Check that a release is what was made. Exit 1 if it is not."""
    from app.figures.releases import service

    database = _database(Settings())
    with database.read() as session:
        checks = service.verify(session, service.of_name(session, number))
    database.close()
    signs = {True: "holds", False: "DOES NOT HOLD", None: "cannot be told"}
    lines = [f"{check.what}: {signs[check.holds]} – {check.words}" for check in checks]
    say([{"what": c.what, "holds": c.holds, "words": c.words} for c in checks], "\n".join(lines), json_)
    if any(check.holds is False for check in checks):
        raise SystemExit(1)


def _database(settings: Settings) -> Database:
    import app.tables  # noqa: F401  every table, or a foreign key finds no person

    return Database(settings.database_url)


def _data(row: Release) -> dict[str, Any]:
    return row.model_dump(mode="json")


def _line(row: Release) -> str:
    return f"{row.number}  {row.first_month} to {row.last_month}, made {row.made_at:%Y-%m-%d}  {row.note}".rstrip()


def _words(row: Release) -> str:
    held = (
        f"{row.counts['months']:,} months" if "months" in row.counts else "rounded figures from before they were drawn"
    )
    return f"{_line(row)}\n{row.citation}\nIt holds {held}."
