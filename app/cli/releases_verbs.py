"""`mast releases …`: make a release of the figures, list and show them, audit and verify one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.cli.progress import Bar
from app.cli.root import as_json, domain_errors, main, say
from app.platform.db import Database
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.clock import system_clock
from app.settings import Settings

if TYPE_CHECKING:
    from app.releases.tables import Release

OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None, via="command line")


@main.group()
def releases() -> None:
    """Protected cubes of the figures, for the public and for partners."""


@releases.command("make")
@click.option("--note", default="", help="Kept with the release and shown with it.")
@as_json
@domain_errors
def releases_make(note: str, json_: bool) -> None:
    """Make a release of all complete months. Takes minutes where there are many samples: every figure is audited."""
    from app.releases import service
    from harm_messages import load_pack

    settings, tell = Settings(), Bar()
    database, register = _database(settings), load_pack().substances
    with database.read() as session:
        gathered = service.gather(session, register, system_clock(), tell)
    made = service.build(gathered, programs=settings.release_programs, tell=tell)
    with database.begin(OPERATOR) as uow:
        row = service.keep(uow, made, note=note)
    database.close()
    say(_data(row), _words(row), json_)


@releases.command("list")
@as_json
@domain_errors
def releases_list(json_: bool) -> None:
    """All releases, the newest first."""
    from app.releases import service

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
    from app.releases import service

    database = _database(Settings())
    with database.read() as session:
        row = service.of_name(session, number)
        withdrawn = service.withdrawn_since(session, row)
    database.close()
    words = f"{_words(row)}\nSamples that have left the figures since: {withdrawn}."
    say({**_data(row), "withdrawn_since": withdrawn}, words, json_)


@releases.command("audit")
@click.argument("number")
@as_json
@domain_errors
def releases_audit(number: str, json_: bool) -> None:
    """Ask linear programs again what can be worked out from what was released. Exit 1 if anything is known within ±4."""
    from app.releases import proving, service

    settings = Settings()
    database = _database(settings)
    with database.read() as session:
        found = proving.audit_again(session, service.of_name(session, number), settings.release_programs)
    database.close()
    lines = [
        f"{audience}: {one['targets']:,} counts that are not shown, {one['bounded']:,} of them known within ±4 or not "
        f"proven; {one['programs']:,} linear programs{', the budget ended' if one['budget_ended'] else ''}."
        for audience, one in found.items()
    ]
    say(found, "\n".join(lines), json_)
    if any(one["bounded"] for one in found.values()):
        raise SystemExit(1)


@releases.command("verify")
@click.argument("number")
@as_json
@domain_errors
def releases_verify(number: str, json_: bool) -> None:
    """Check that a release is what was made. Exit 1 if it is not."""
    from app.releases import proving, service
    from harm_messages import load_pack

    database = _database(Settings())
    with database.read() as session:
        checks = proving.verify(session, service.of_name(session, number), load_pack().substances)
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
    lines = [_line(row), row.citation]
    for audience, one in row.counts.items():
        samples = "–" if one["samples"] is None else f"{one['samples']:,}"
        lines.append(
            f"{audience}: about {samples} samples; {one['counts_of_samples']:,} counts of samples and "
            f"{one['counts_of_found']:,} of what was found are shown; {one['withheld_counts_of_samples']:,} and "
            f"{one['withheld_counts_of_found']:,} large enough ones are withheld."
        )
        if one["tables_left_out"]:
            lines.append(f"  left out as a whole: {', '.join(one['tables_left_out'])}")
    return "\n".join(lines)
