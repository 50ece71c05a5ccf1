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
@click.option(
    "--by", "by", multiple=True, default=("month,region",), show_default=True,
    help="How to split: names with commas, or repeated. “all”: no split.",
)  # fmt: skip
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
    """Aggregates with small numbers protected.

    MEASURE is expected_found, not_as_expected, other_active, found, samples, median_amount:SUBSTANCE or
    method_agreement:TARGET:YARDSTICK:COMPARED, such as method_agreement:opioid.fentanyl:strip:ftir.
    """
    filters: dict[Dimension, str] = {}
    for clause in where:
        name, sign, value = clause.partition("=")
        if not sign or name not in [d.value for d in Dimension]:
            fail(f"“{clause}” is not a filter like region=North East.")
        filters[Dimension(name)] = value
    asked = service.Question(measure, _splits(by), filters, found, (first, last))
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


def _splits(given: tuple[str, ...]) -> tuple[Dimension, ...]:
    names = [name.strip() for text in given for name in text.split(",") if name.strip() and name.strip() != "all"]
    known = [d.value for d in Dimension]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"“{name}” is none of {', '.join(known)}, all.", param_hint="--by")
    return tuple(Dimension(name) for name in names)


def _words(data: dict[str, Any]) -> str:
    lines = [data["measure"]["title"], data["measure"]["definition"], data["protection"], ""]
    for row in data["rows"]:
        key = ", ".join(str(row[d]) or "not known" for d in data["dimensions"]) or "all"
        lines.append(f"{key}: {_figure(row)}{' (month incomplete)' if row['incomplete'] else ''}")
    return "\n".join(lines)


def _figure(row: dict[str, Any]) -> str:
    """The figure of a row with what it rests on."""
    if row["value"] is None:
        n = "–" if row["n"] is None else f"n = {row['n']:,}"
        return ", ".join(part for part in (n, row["suppressed"]) if part)
    if "unit" in row:  # a median
        interval = "" if row["low"] is None else f" ({row['low']:g}–{row['high']:g})"
        return f"n = {row['n']:,}, median {row['value']:g}{interval} {row['unit']}, {row['basis']}"
    which = f"{row['figure']} " if "figure" in row else ""
    counts = f"{row['numerator']:,}/{row['denominator']:,}"
    more = f", n = {row['n']:,}, {row['with_both']:,} with both" if "figure" in row and row["n"] else ""
    return f"{which}{counts}, {row['value']:.1%} ({row['low']:.1%}–{row['high']:.1%}){more}"
