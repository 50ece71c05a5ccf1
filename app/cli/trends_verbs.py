"""`mast trends`: the same aggregates as the API with the same protection; `--unprotected` is audited."""

from __future__ import annotations

from typing import Any

import click

from app.cli.root import as_json, domain_errors, fail, main, say
from app.platform.db import Database
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.clock import system_clock
from app.settings import Settings
from app.trends import service
from app.trends.domain import Dimension
from harm_messages import load_pack

OPERATOR = Actor(None, "operator", frozenset({Role.RESEARCHER}), None, via="command line")


@main.command("trends")
@click.option("--measure", default="expected_found", show_default=True)
@click.option("--by", "by", multiple=True, default=("month", "region"), type=click.Choice([d.value for d in Dimension]))
@click.option("--where", "where", multiple=True, help="dimension=value; repeat for several.")
@click.option("--found", default="", help="Register id or class, for the measure “found”.")
@click.option("--from", "first", default="", help="First month, 2026-01.")
@click.option("--to", "last", default="", help="Last month.")
@click.option("--unprotected", is_flag=True, help="True counts, for the operator on this machine; audited.")
@as_json
@domain_errors
def trends(
    measure: str,
    by: tuple[str, ...],
    where: tuple[str, ...],
    found: str,
    first: str,
    last: str,
    unprotected: bool,
    json_: bool,
) -> None:
    """Aggregates with small numbers protected."""
    filters: dict[Dimension, str] = {}
    for clause in where:
        name, sign, value = clause.partition("=")
        if not sign or name not in [d.value for d in Dimension]:
            fail(f"“{clause}” is not a filter like region=North East.")
        filters[Dimension(name)] = value
    asked = service.Question(measure, tuple(Dimension(d) for d in by), filters, found, (first, last))
    register = load_pack().substances
    database = Database(Settings().database_url)
    if unprotected:
        with database.begin(OPERATOR) as uow:
            table = service.unprotected_table(uow, asked, register)
    else:
        with database.read() as session:
            table = service.table(session, OPERATOR, system_clock(), asked, register)
    database.close()
    data = service.as_data(table)
    say(data, _words(data), json_)


def _words(data: dict[str, Any]) -> str:
    lines = [data["measure"]["title"], data["measure"]["definition"], data["protection"], ""]
    for row in data["rows"]:
        key = ", ".join(str(row[d]) for d in data["dimensions"])
        share = (
            f"{row['value']:.0%} ({row['low']:.0%}–{row['high']:.0%})"
            if row["value"] is not None
            else row["suppressed"]
        )
        count = f"{row['numerator']}/{row['denominator']}" if row["numerator"] is not None else "–"
        lines.append(f"{key}: {count}, {share}{' (month incomplete)' if row['incomplete'] else ''}")
    return "\n".join(lines)
