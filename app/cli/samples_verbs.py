"""`mast samples …`: history of other services in, by a map; what is there; an import back out again; our own samples out.

What `mast samples export` writes is unprotected, so it is audited. Researchers have `GET /api/v1/projects/…/extracts`,
whose rows are k-anonymous.
"""

from __future__ import annotations

import statistics
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

from app.cli.root import Bar, answering, database_of, fail, main, say
from app.figures.exports.domain import tell_nobody
from app.figures.exports.own import STEPS, hand_over
from app.figures.history import service
from app.figures.history.report import in_words, named, our_words, report_of
from app.figures.history.service import HistoryImport, Reading
from app.intake.people import service as people
from app.platform.kernel.actor import OPERATOR
from app.platform.kernel.place import system_clock
from app.settings import Settings
from harm_messages import Register, load_pack

SUMMED_UP = 5
AGENCY = "Whose history it is: the name of the agency. Left out where there is one service only."


@main.group()
def samples() -> None:
    """History of other services."""


@samples.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map", "map_", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="MAP.toml: which column is what (docs/users/history.md).",
)  # fmt: skip
@click.option("--agency", default="", help=AGENCY)
@click.option("--dry-run", is_flag=True, help="Read and report only; nothing is imported.")
@answering
def samples_import(files: tuple[Path, ...], map_: Path, agency: str, dry_run: bool, json_: bool) -> None:
    """Import the history in FILES. All of it or nothing; the same files once more change nothing."""
    by_map, pack, bar = service.read_map(map_), load_pack(), None if json_ else Bar()
    lines_in = {path.name: path.read_bytes().count(b"\n") for path in files}
    reading = service.read_history(
        files, by_map, pack.substances, system_clock().date(),
        (lambda name, n: bar(name, n, max(n, lines_in[name] - 1))) if bar else None,
    )  # fmt: skip
    if dry_run or reading.errors:
        _report(reading, pack.substances, json_)
        return
    with database_of(Settings(), make=True) as database:
        with database.read() as session:
            owner = people.operator_for(session, agency)
            reading = service.for_agency(session, owner, by_map, reading)
        if reading.errors:
            _report(reading, pack.substances, json_)
        with database.begin(owner) as uow:
            made = service.import_history(uow, by_map, map_.read_text(encoding="utf-8"), reading, files, pack, bar)
            data = {
                "id": str(made.row.id), "source": made.row.source, "new": made.new, "changed": made.changed,
                "same": made.same, "already_there": made.already_there,
            }  # fmt: skip
    words = (
        "These files were imported by this map before: nothing was changed."
        if made.already_there
        else f"{made.new:,} samples new, {made.changed:,} changed, {made.same:,} as they were. "
        f"Undo it with: mast samples undo {made.row.id} --reason …{f' --agency {agency!r}' if agency else ''}"
    )
    say({**report_of(reading, pack.substances), **data}, "\n".join([*_reading_words(reading), words]), json_)


def _report(reading: Reading, register: Register, json_: bool) -> None:
    """What was read, in full. Ends the command where something must be corrected."""
    report = report_of(reading, register)
    lines = [*_reading_words(reading), *([f"\nFor the map:\n{text}\n"] if (text := report["map_lines"]) else [])]
    say(report, "\n".join(lines), json_)
    if reading.errors:
        fail(f"{reading.to_mend} Nothing was imported.")


@samples.command("words")
@click.argument("text", default="")
@answering
def samples_words(text: str, json_: bool) -> None:
    """The words a map may use; with TEXT, the substances that have it in their names."""
    register = load_pack().substances
    if not text:
        words = our_words(register)
        lines = [f"{part}: {', '.join(known)}" for part, known in words.items()]
        say(words, "\n".join([*lines, "substances: mast samples words TEXT"]), json_)
        return
    found = [{"id": one, "name": name, "class": of_class} for one, name, of_class in named(register, text)]
    lines = [f"{one['id']}  {one['name']}, {one['class']}" for one in found]
    say(found, "\n".join(lines) or f"No substance of the register has “{text}” in its names.", json_)


@samples.command("imports")
@click.option("--agency", default="", help=AGENCY)
@answering
def samples_imports(agency: str, json_: bool) -> None:
    """What an agency imported, from where, under which licence."""
    with database_of(Settings(), make=True) as database, database.read() as session:
        rows = service.imports(session, people.operator_for(session, agency))
        data = [row.model_dump(mode="json", exclude={"map_text"}) for row in rows]
        words = [_import_words(row) for row in rows]
    say(data, "\n".join(words) or "Nothing was imported yet.", json_)


@samples.command("undo")
@click.argument("import_id", type=click.UUID)
@click.option("--reason", required=True, help="Why; kept with the import.")
@click.option("--agency", default="", help=AGENCY)
@answering
def samples_undo(import_id: uuid.UUID, reason: str, agency: str, json_: bool) -> None:
    """Take an import of an agency back. What earlier imports said of its samples counts again."""
    with database_of(Settings()) as database, database.begin(OPERATOR) as uow:
        uow.actor = people.operator_for(uow.session, agency)
        row = service.undo(uow, import_id, reason, load_pack())
        data = row.model_dump(mode="json", exclude={"map_text"})
    say(data, f"Taken back: {row.samples:,} samples of {row.source}.", json_)


@samples.command("export")
@click.option("--agency", required=True, help="Whose samples: the name of the agency.")
@click.option(
    "--format", "format_", type=click.Choice(["csv", "parquet", "tedi"]), default="csv", show_default=True,
    help="csv, parquet: our fields, one line per finding. tedi: one line per sample in the columns of a list.",
)  # fmt: skip
@click.option("--from", "first", default="", help="First month, 2026-01. Left out: from the beginning.")
@click.option("--to", "last", default="", help="Last month.")
@click.option("--country", default="", help="Two letters, such as GB, for the column of that name.")
@click.option(
    "--columns", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="LIST.toml instead of the list that came with MAST, for tedi.",
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file; must be new.")
@answering
def samples_export(
    agency: str, format_: str, first: str, last: str, country: str, columns: Path | None, out: Path, json_: bool
) -> None:
    """Write an agency's own samples into a file, to be sent under an agreement. UNPROTECTED, and audited.

    Only samples whose clients agreed to figures; withdrawn ones are not in it. Imported history of the agency is.
    """
    if columns is not None and format_ != "tedi":
        raise click.UsageError("--columns goes with --format tedi only.")
    if out.exists():
        raise click.UsageError(f"{out} is there already. Name a new file.")
    bar = Bar()
    part = out.with_name(out.name + ".part")
    try:
        with database_of(Settings()) as database, database.begin(OPERATOR) as uow:
            made = hand_over(
                uow, agency, format_, (first, last), load_pack().substances,
                country=country, columns=columns, tell=tell_nobody if json_ else bar,
            )  # fmt: skip
            part.write_bytes(made.content)
        if not json_:
            bar("Written", STEPS, STEPS)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    data = {
        "file": str(out), "sha256": made.sha256, "samples": made.samples, "lines": made.lines,
        "without_day": made.without_day, "columns": made.columns, "note": made.note,
    }  # fmt: skip
    words = (
        f"{made.samples:,} samples in {made.lines:,} lines, {made.columns}, in {out}. SHA-256 {made.sha256}. "
        "These are rows of single samples without protection: send them to nobody without an agreement."
    )
    say(data, "\n".join(filter(None, (words, made.note))), json_)


def _import_words(row: HistoryImport) -> str:
    back = f" undone {row.undone_at:%Y-%m-%d}: {row.undone_reason}" if row.undone_at else ""
    files = ", ".join(str(f["name"]) for f in row.files)
    return f"{row.id} {row.imported_at:%Y-%m-%d} {row.source} ({row.licence}): {row.samples:,} samples, {files}{back}"


def _days_and_amounts(reading: Reading) -> Iterator[str]:
    """What someone compares with the source before importing: a date read the wrong way round shows here."""
    days = sorted(s.received for s in reading.samples if s.received)
    if days:
        yield f"{days[0]} to {days[-1]}; {len(reading.samples) - len(days):,} without a date"
    amounts: defaultdict[str, list[float]] = defaultdict(list)
    for finding in (f for s in reading.samples for f in s.findings):
        if finding.amount is not None:
            amounts[f"{finding.substance} in {finding.unit}"].append(finding.amount)
    for what, all_of_it in sorted(amounts.items(), key=lambda one: -len(one[1]))[:SUMMED_UP]:
        zeros, middle = all_of_it.count(0), statistics.median(all_of_it)
        span = f"{min(all_of_it):g} to {max(all_of_it):g}, median {middle:g}"
        yield f"{what}: {len(all_of_it):,} amounts, {zeros:,} of them 0; {span}"


def _reading_words(reading: Reading) -> Iterator[str]:
    for name, rows in reading.rows.items():
        yield f"{name}: {rows:,} rows"
    counts = Counter(len(s.findings) for s in reading.samples)
    yield f"{len(reading.samples):,} samples with {sum(n * times for n, times in counts.items()):,} findings"
    yield from _days_and_amounts(reading)
    for one in reading.reconciled:
        differing = f"; they differ for {', '.join(one.differing[:10])}" if one.differing else ""
        yield f"{one.column}: the source's count and its rows agree for {one.agreeing:,} of {len(reading.samples):,}{differing}"
    for what, words in reading.unknown.items():
        yield f"unknown, {what}: " + ", ".join(f"“{word}” ({n})" for word, n in words.items())
    yield from in_words(reading.problems)
