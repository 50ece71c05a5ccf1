"""`mast trends`: the same figures as the API, moved as a researcher's; `--unprotected` is audited."""

from __future__ import annotations

from typing import Any

import click

from app.cli.root import as_json, domain_errors, main, say
from app.figures.trends import service
from app.figures.trends.csv import to_csv
from app.figures.trends.domain import Audience, Dimension, TrendTable
from app.figures.trends.measures import MEASURES
from app.figures.trends.query import ALL, baseline_months, filters
from app.figures.trends.schemas import MeasureOffered
from app.platform.db import Database
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.clock import system_clock
from app.settings import Settings
from harm_messages import load_pack

OPERATOR = Actor(None, "operator", frozenset({Role.RESEARCHER}), None, via="command line")


@main.group("trends", invoke_without_command=True)
@click.option("--measure", default="expected_found", show_default=True, help="See mast trends measures.")
@click.option(
    "--by", "by", multiple=True, default=("month,region",), show_default=True,
    help="How to split: names with commas, or repeated. “all”: no split.",
)  # fmt: skip
@click.option("--where", "where", multiple=True, help="dimension=value; repeat for several.")
@click.option(
    "--found",
    default="",
    help="For the measure “found”: register id or class, or analogues:ID for its class without it.",
)
@click.option("--role", type=click.Choice(["", "primary", "trace"]), default="", help="Which findings count as found.")
@click.option("--from", "first", default="", help="First month, 2026-01.")
@click.option("--to", "last", default="", help="Last month.")
@click.option("--baseline", default="", help="Months to compare with, 2024-01..2024-12.")
@click.option("--csv", "csv_", is_flag=True, help="Print CSV instead of words.")
@click.option("--unprotected", is_flag=True, help="True counts, for the operator on this machine; audited.")
@as_json
@click.pass_context
@domain_errors
def trends(
    context: click.Context,
    measure: str,
    by: tuple[str, ...],
    where: tuple[str, ...],
    found: str,
    role: str,
    first: str,
    last: str,
    baseline: str,
    csv_: bool,
    unprotected: bool,
    json_: bool,
) -> None:
    """Figures of the samples that count, each moved by a small random amount.

    MEASURE is one of those that “mast trends measures” lists, such as found, samples, median_amount:SUBSTANCE or
    method_agreement:TARGET:YARDSTICK:COMPARED.
    """
    if context.invoked_subcommand is not None:
        return
    asked = service.Question(
        measure, _splits(by), filters(where), found, (first, last), role, baseline_months(baseline)
    )
    table = _answer(asked, unprotected=unprotected)
    if csv_:
        click.echo(to_csv(table), nl=False)
        return
    data = service.as_data(table)
    say(data, _words(data), json_)


def _answer(asked: service.Question, *, unprotected: bool) -> TrendTable:
    import app.tables  # noqa: F401  every table, or a foreign key finds no person

    register, database = load_pack().substances, Database(Settings().database_url)
    try:
        if unprotected:
            with database.begin(OPERATOR) as uow:
                return service.unprotected_table(uow, asked, register)
        with database.read() as session:
            return service.protected_table(session, Audience.RESEARCHER, system_clock(), asked, register)
    finally:
        database.close()


@trends.command("measures")
@as_json
@domain_errors
def measures(json_: bool) -> None:
    """The figures there are: how each is asked for, its definition, its formula, its version."""
    offered = [MeasureOffered.offered(m) for m in MEASURES.values()]
    lines = [f"{m.ask}\n    {m.title} (version {m.version})\n    {m.definition}\n    {m.formula}\n" for m in offered]
    say([m.model_dump(mode="json") for m in offered], "\n".join(lines), json_)


def _splits(given: tuple[str, ...]) -> tuple[Dimension, ...]:
    names = [name.strip() for text in given for name in text.split(",") if name.strip() and name.strip() != ALL]
    known = [d.value for d in Dimension]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"“{name}” is none of {', '.join(known)}, {ALL}.", param_hint="--by")
    return tuple(Dimension(name) for name in names)


def _words(data: dict[str, Any]) -> str:
    m = data["measure"]
    lines = [f"{m['title']} (version {m['version']})", m["definition"], m["formula"], data["protection"], ""]
    for row in data["rows"]:
        key = ", ".join(str(row[d]) or "not known" for d in data["dimensions"]) or "all"
        lines.append(f"{key}: {_named(row)}{_figure(row)}{_compared(row)}{_flags(row)}")
    if not data["rows"]:
        lines.append(
            "No sample fits this question." if not data["as_of"] else "No period of these months is in the figures."
        )
    if data["as_of"]:
        lines += ["", f"As of {data['as_of']}; {data['later']} results came later."]
    return "\n".join(lines)


def _named(row: dict[str, Any]) -> str:
    """What tells rows of one key apart: the other substance, the outcome, the band, the half of an agreement."""
    if "band_from" in row:
        upper = f"to under {row['band_to']:g}" if row["band_to"] is not None else "and more"
        return f"{row['band_from']:g} {upper} {_unit(row)}: "
    name = row.get("with") or row.get("outcome") or row.get("figure")
    return f"{name} " if name else ""


def _unit(row: dict[str, Any]) -> str:
    return ", ".join(part for part in (row["unit"], row["basis"]) if part)


def _figure(row: dict[str, Any]) -> str:
    """The figure of a row with what it rests on."""
    if row["value"] is None:
        n = "–" if row["n"] is None else f"n = {row['n']:,}"
        counts = "" if row["numerator"] is None else f"{row['numerator']:,}/{row['denominator']:,}"
        return ", ".join(part for part in ("few or none" if row["few"] else counts or n, row["why"]) if part)
    if row["numerator"] is None:  # a median
        interval = "" if row["low"] is None or row["high"] is None else f" ({row['low']:g}–{row['high']:g})"
        others = [f"{q[1:]} % under {row[q]:g}" for q in ("q10", "q25", "q75", "q90") if row.get(q) is not None]
        told = f"n = {row['n']:,}, median {row['value']:g}{interval} {_unit(row)}"
        return "; ".join([told, *others])
    counts = f"{row['numerator']:,}/{row['denominator']:,}"
    if row["few"]:  # a count no larger than its noise is no number to read
        counts = f"few or none of about {row['denominator']:,}"
    both = "" if row.get("with_both") is None else f", {row['with_both']:,} with both"
    more = f", n = {row['n']:,}{both}" if "with_both" in row and row["n"] else ""
    return f"{counts}, {min(1.0, max(0.0, row['value'])):.1%} ({row['low']:.1%}–{row['high']:.1%}){more}"


def _compared(row: dict[str, Any]) -> str:
    if "baseline_value" not in row:
        return ""
    if row["baseline_value"] is None:
        return "; baseline: no figure"
    share = row["baseline_numerator"] is not None

    def said(value: float) -> str:
        return f"{value:.1%}" if share else f"{value:g}"

    told = f"; baseline {said(row['baseline_value'])}"
    if row["difference"] is not None:
        told += f", difference {'+' if row['difference'] > 0 else ''}{said(row['difference'])}"
    if row["difference_low"] is not None:
        told += f" ({said(row['difference_low'])} to {said(row['difference_high'])})"
    return told


def _flags(row: dict[str, Any]) -> str:
    flags = [
        words
        for name, words in (("incomplete", "period incomplete"), ("testing_changed", "testing changed"))
        if row[name]
    ]
    return f" ({', '.join(flags)})" if flags else ""


@trends.command("rebuild")
@as_json
@domain_errors
def trends_rebuild(json_: bool) -> None:
    """Write the facts of all samples again, so that what was released before this version counts in every figure."""
    from dataclasses import asdict

    from app.cli.progress import Bar
    from app.operations import facts_again

    database = Database(Settings().database_url)
    done = facts_again.rebuild(database, load_pack(), None if json_ else Bar())
    database.close()
    words = f"{done.own:,} of {done.looked_at:,} samples of this server are counted, and {done.imported:,} of imported history."
    say(asdict(done), words, json_)


@trends.command("strike")
@as_json
@domain_errors
def trends_strike(json_: bool) -> None:
    """Draw the figures of every month, quarter and year that is complete and not drawn yet. A server does so every day."""
    import app.tables  # noqa: F401  every table, or a foreign key finds no person
    from app.figures.trends.protection.noise import Draws
    from app.figures.trends.protection.striking import strike_due

    settings = Settings()
    database = Database(settings.database_url)
    try:
        struck = strike_due(database, load_pack().substances, Draws.of(settings.pepper()), request_id="command line")
    finally:
        database.close()
    say({"struck": struck}, f"Drawn: {', '.join(struck)}." if struck else "Nothing is due.", json_)


@trends.command("revise")
@click.argument("year")
@click.option("--reason", required=True, help="Kept with the figures and in the audit log.")
@as_json
@domain_errors
def trends_revise(year: str, reason: str, json_: bool) -> None:
    """Draw a year once more with the results of today. A year is revised once; what was published before stays with readers."""
    import app.tables  # noqa: F401  every table, or a foreign key finds no person
    from app.figures.trends.protection.noise import Draws
    from app.figures.trends.protection.striking import revise

    settings = Settings()
    database = Database(settings.database_url)
    try:
        with database.begin(OPERATOR) as uow:
            labels = revise(uow, load_pack().substances, Draws.of(settings.pepper()), year, reason)
    finally:
        database.close()
    say({"revised": labels}, f"Drawn again: {', '.join(labels)}.", json_)
