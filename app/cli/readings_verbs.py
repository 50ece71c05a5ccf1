"""`mast readings …`: read stored files again with today's readers, show what is different, take it over if asked."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Any

import click
from fastapi.encoders import jsonable_encoder

from app.cli.root import Bar, answering, fail, main
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.readings import arrays
from app.laboratory.readings.reading_job import ReadingParts
from app.laboratory.readings.repository import Selection
from app.laboratory.readings.reprocess import ReadingChange, Reprocessed, how_many, reprocess
from app.laboratory.standards.controlling import BatchControls
from app.operations import logging as logs
from app.settings import Settings

WORDS = {
    "same": "the same",
    "details": "the same figures, newer details",
    "changed": "changed",
    "newly_read": "read now, refused or open before",
    "newly_refused": "refused now, read before",
    "newly_asks": "needs an answer now",
    "still_refused": "still refused",
    "still_asks": "still needs an answer",
    "failed": "could not be read again",
}
QUIET = frozenset({"same", "still_refused", "still_asks"})


@main.group("readings")
def readings_group() -> None:
    """Readings of instrument files."""


@readings_group.command("reparse")
@click.option("--format", "format_", default="", help="Only files of this format, such as jcamp.")
@click.option("--reader", default="", help="Only files read by this reader, such as instruments.jcamp.")
@click.option("--older", is_flag=True, help="Only files that another version of their reader read, or none.")
@click.option("--sample", type=click.UUID, default=None, help="Only files of this sample.")
@click.option("--upload", type=click.UUID, default=None, help="Only this file.")
@click.option("--apply", "apply_", is_flag=True, help="Store the new readings. Without it nothing is changed.")
@answering
def reparse(
    format_: str,
    reader: str,
    older: bool,
    sample: uuid.UUID | None,
    upload: uuid.UUID | None,
    apply_: bool,
    json_: bool,
) -> None:
    """Read stored files again with today's readers and show what is different.

    The raw files are never altered. Files under a result that was submitted keep the reading it stands on. A run that
    was cut off goes on with --older. Exit 1 when a file could not be read again for a reason that is not the file's.
    """
    chosen = Selection(format_, reader, sample, upload, older)
    counted: Counter[str] = Counter()
    with _parts() as parts:
        total, bar = how_many(parts, chosen), Bar()
        found = reprocess(parts, chosen, apply=apply_, progress=lambda done: bar("Reading again", done, total))
        show = _show_json if json_ else _show_words
        show(_counting(found, counted), counted, apply_)
    if counted["failed"] or counted["stored failed"]:
        fail("Some files could not be read again; they are named above. Everything stored before is unharmed.")


@contextmanager
def _parts() -> Iterator[ReadingParts]:
    """What reading needs, as in the service; logs go to stderr, so that the answer stays clean."""
    from app.main import build_runtime  # the whole service: not for who asks what verbs there are

    logs.configure("ERROR")
    with closing(build_runtime(Settings())) as runtime:
        controls = BatchControls(runtime.db, arrays.array_store(runtime.blobs.root))
        index = SubstanceIndex(runtime.pack.substances)
        yield ReadingParts(runtime.db, runtime.blobs, runtime.sandbox, runtime.registry, index, controls=controls)


def _counting(found: Iterator[Reprocessed], counted: Counter[str]) -> Iterator[Reprocessed]:
    for one in found:
        counted[one.outcome] += 1
        if one.stored:
            counted[f"stored {one.stored}"] += 1
        yield one


def _show_json(found: Iterator[Reprocessed], counted: Counter[str], apply_: bool) -> None:
    """One document, written as it grows: {"files": [what is not the same], "summary": counts}."""
    click.echo('{"files": [', nl=False)
    comma = "\n"
    for one in found:
        if one.outcome not in QUIET:
            click.echo(comma + json.dumps(jsonable_encoder(asdict(one)), ensure_ascii=False), nl=False)
            comma = ",\n"
    outcomes = {name: counted[name] for name in WORDS}
    stored = {name: counted[f"stored {name}"] for name in ("stored", "kept", "asked", "failed")}
    summary = {"files": sum(outcomes.values()), **outcomes, **({"apply": stored} if apply_ else {})}
    click.echo('\n],\n"summary": ' + json.dumps(summary) + "}")


def _show_words(found: Iterator[Reprocessed], counted: Counter[str], apply_: bool) -> None:
    for one in found:
        if one.outcome not in QUIET:
            click.echo("\n".join(_lines(one)))
    parts = [f"{counted[name]:,} {words}" for name, words in WORDS.items() if counted[name]]
    total = sum(counted[name] for name in WORDS)
    click.echo(f"{total:,} file{'' if total == 1 else 's'} read again: {', '.join(parts) or 'none'}.")
    if apply_:
        click.echo(f"Stored {counted['stored stored']:,}, kept as before {counted['stored kept']:,}.")
    elif total != sum(counted[name] for name in QUIET):
        click.echo("Nothing was changed. Run it again with --apply to store the new readings.")


def _lines(one: Reprocessed) -> Iterator[str]:
    yield f"{one.file_name} (upload {one.upload_id}): {WORDS[one.outcome]}"
    if one.said:
        yield f"  {one.said}"
    if one.readings[0] != one.readings[1]:
        yield f"  readings: {one.readings[0]} → {one.readings[1]}"
    for change in one.changes:
        if one.outcome != "newly_read":
            yield from _changes(change)
        elif "reading" in change.fields:
            kind, points = (change.fields[name][1] for name in ("reading", "n_points"))
            yield f"  reading {change.number}: {str(kind).replace('_', ' ')}, {points:,} points"
    if one.stored and one.stored != "stored":
        yield f"  {one.stored}: {one.why}."


def _changes(change: ReadingChange) -> Iterator[str]:
    head = f"  reading {change.number}: "
    for name, (before, now) in change.fields.items():
        yield f"{head}{name.replace('_', ' ')} {_value(before)} → {_value(now)}"
    for name, apart in change.arrays.items():
        yield f"{head}{name} differs by at most {apart.absolute:.4g} ({100 * apart.relative:.3g} %)"
    for word, texts in (("remark added", change.remarks_added), ("remark gone", change.remarks_gone)):
        yield from (f"{head}{word}: {text}" for text in texts)
    if change.details:
        yield f"{head}newer details: {', '.join(change.details)}"


def _value(value: Any) -> str:
    if value is None or value == "":
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
