"""`mast trends`: the same figures as the API, moved as a researcher's; `--unprotected` is audited. And `mast releases …`: make a
release of the figures, list and show them, verify one, download it as everybody gets it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click

from app.cli.root import Bar, answering, database_of, main, say
from app.figures.releases import covers
from app.figures.releases import service as making
from app.figures.releases.tables import Release
from app.figures.trends import service
from app.figures.trends.csv import to_csv
from app.figures.trends.domain import Audience, Dimension, Question, Row, TrendTable
from app.figures.trends.measures import MEASURES
from app.figures.trends.protection.noise import Draws
from app.figures.trends.protection.striking import revise, strike_due
from app.figures.trends.schemas import MeasureOffered, protection_words
from app.figures.trends.web import ALL, baseline_months, filters
from app.operations import rebuild_facts
from app.platform.kernel.actor import OPERATOR, Role
from app.platform.kernel.place import system_clock
from app.settings import Settings
from harm_messages import load_pack

RESEARCHER = replace(OPERATOR, roles=frozenset({Role.RESEARCHER}))


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
@answering
@click.pass_context
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
    asked = Question(measure, _splits(by), filters(where), found, (first, last), role, baseline_months(baseline))
    table = _answer(asked, unprotected=unprotected)
    if csv_:
        click.echo(to_csv(table), nl=False)
        return
    say(service.as_data(table), _words(table), json_)


def _answer(asked: Question, *, unprotected: bool) -> TrendTable:
    register = load_pack().substances
    with database_of(Settings()) as database:
        if unprotected:
            with database.begin(RESEARCHER) as uow:
                return service.unprotected_table(uow, asked, register)
        with database.read() as session:
            return service.protected_table(session, Audience.RESEARCHER, system_clock(), asked, register)


@trends.command("measures")
@answering
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


def _words(table: TrendTable) -> str:
    m = table.measure
    lines = [f"{m.title} (version {m.version})", m.definition, m.formula, protection_words(table), ""]
    for row in table.rows:
        key = ", ".join(row.key[d.value] or "not known" for d in table.dimensions) or "all"
        flags = ["period incomplete"] * row.incomplete + ["testing changed"] * row.testing_changed
        told = f" ({', '.join(flags)})" if flags else ""
        lines.append(f"{key}: {_named(row)}{_figure(row)}{_compared(row)}{told}")
    if not table.rows:
        lines.append(
            "No sample fits this question." if not table.as_of else "No period of these months is in the figures."
        )
    if table.as_of:
        lines += ["", f"As of {table.as_of}. {table.later[:1].upper()}{table.later[1:]} results came later."]
    return "\n".join(lines)


def _named(row: Row) -> str:
    """What tells rows of one key apart: the other substance, the outcome, the band, the half of an agreement."""
    more = row.more
    if "band_from" in more:
        upper = f"to under {more['band_to']:g}" if more["band_to"] is not None else "and more"
        return f"{more['band_from']:g} {upper} {_unit(row)}: "
    name = more.get("with") or more.get("outcome") or more.get("figure")
    return f"{name} " if name else ""


def _unit(row: Row) -> str:
    return ", ".join(str(part) for part in (row.more["unit"], row.more["basis"]) if part)


def _figure(row: Row) -> str:
    """The figure of a row with what it rests on."""
    counts = "" if row.numerator is None else f"{row.numerator:,}/{row.denominator:,}"
    if row.value is None:
        n = "–" if row.n is None else f"n = {row.n:,}"
        return ", ".join(part for part in ("few or none" if row.few else counts or n, row.why) if part)
    if row.numerator is None:  # a median
        interval = "" if row.low is None or row.high is None else f" ({row.low:g}–{row.high:g})"
        others = [
            f"{q[1:]} % under {at:g}" for q in ("q10", "q25", "q75", "q90") if (at := row.more.get(q)) is not None
        ]
        told = f"n = {row.n:,}, median {row.value:g}{interval} {_unit(row)}"
        return "; ".join([told, *others])
    if row.few:  # a count no larger than its noise is no number to read
        counts = f"few or none of about {row.denominator:,}"
    with_both = row.more.get("with_both")
    both = "" if with_both is None else f", {with_both:,} with both"
    more = f", n = {row.n:,}{both}" if "with_both" in row.more and row.n else ""
    return f"{counts}, {min(1.0, max(0.0, row.value)):.1%} ({row.low:.1%}–{row.high:.1%}){more}"


def _compared(row: Row) -> str:
    more = row.more
    if "baseline_value" not in more:
        return ""
    if more["baseline_value"] is None:
        return "; baseline: no figure"
    share = more["baseline_numerator"] is not None

    def said(value: object, sign: str = "") -> str:
        return f"{sign}{value:.1%}" if share else f"{sign}{value:g}"

    told = f"; baseline {said(more['baseline_value'])}"
    difference = more["difference"]
    if isinstance(difference, int | float):
        told += f", difference {said(difference, '+' if difference > 0 else '')}"
    if more["difference_low"] is not None:
        told += f" ({said(more['difference_low'])} to {said(more['difference_high'])})"
    return told


@trends.command("rebuild")
@answering
def trends_rebuild(json_: bool) -> None:
    """Write the facts of all samples again, so that what was released before this version counts in every figure."""
    with database_of(Settings()) as database:
        done = rebuild_facts.rebuild(database, load_pack(), None if json_ else Bar())
    words = f"{done.own:,} of {done.looked_at:,} samples of this server are counted, and {done.imported:,} of imported history."
    say(asdict(done), words, json_)


@trends.command("strike")
@answering
def trends_strike(json_: bool) -> None:
    """Draw the figures of every month, quarter and year that is complete and not drawn yet. A server does so every day."""
    settings = Settings()
    with database_of(settings) as database:
        struck = strike_due(database, load_pack().substances, Draws.of(settings.pepper()), request_id="command line")
    say({"struck": struck}, f"Drawn: {', '.join(struck)}." if struck else "Nothing is due.", json_)


@trends.command("revise")
@click.argument("year")
@click.option("--reason", required=True, help="Kept with the figures and in the audit log.")
@answering
def trends_revise(year: str, reason: str, json_: bool) -> None:
    """Draw a year once more with the results of today. A year is revised once; what was published before stays with readers."""
    settings = Settings()
    with database_of(settings) as database, database.begin(RESEARCHER) as uow:
        labels = revise(uow, load_pack().substances, Draws.of(settings.pepper()), year, reason)
    say({"revised": labels}, f"Drawn again: {', '.join(labels)}.", json_)


@main.group()
def releases() -> None:
    """Figures for the public and for partners."""


@releases.command("make")
@click.option("--note", default="", help="Kept with the release and shown with it.")
@answering
def releases_make(note: str, json_: bool) -> None:
    """Draw what is due, and publish every complete month, quarter and year."""
    settings = Settings()
    with database_of(settings) as database:
        strike_due(database, load_pack().substances, Draws.of(settings.pepper()), request_id="command line")
        with database.begin(OPERATOR) as uow:
            row = making.make(uow, note=note)
    say(row.model_dump(mode="json"), _release_words(row), json_)


@releases.command("list")
@answering
def releases_list(json_: bool) -> None:
    """All releases, the newest first."""
    with database_of(Settings()) as database, database.read() as session:
        rows = making.releases(session)
    say(rows, "\n".join(map(_release_line, rows)) or "Nothing was released yet.", json_)


@releases.command("show")
@click.argument("number")
@answering
def releases_show(number: str, json_: bool) -> None:
    """One release: what it holds, how it was protected, how to cite it. NUMBER is like 2026.2."""
    with database_of(Settings()) as database, database.read() as session:
        row = making.of_name(session, number)
    say(row.model_dump(mode="json"), _release_words(row), json_)


@releases.command("verify")
@click.argument("number")
@answering
def releases_verify(number: str, json_: bool) -> None:
    """Check that a release is what was made. Exit 1 if it is not."""
    with database_of(Settings()) as database, database.read() as session:
        checks = making.verify(session, making.of_name(session, number))
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
    settings = Settings()
    with database_of(settings) as database, database.begin(OPERATOR) as uow:
        row = making.of_name(uow.session, name)
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


def _release_line(row: Release) -> str:
    return f"{row.number}  {row.first_month} to {row.last_month}, made {row.made_at:%Y-%m-%d}  {row.note}".rstrip()


def _release_words(row: Release) -> str:
    return f"{_release_line(row)}\n{row.citation}\nIt holds {row.counts['months']:,} months."
