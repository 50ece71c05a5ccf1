"""`mast library …`: import reference libraries with their licence and source, list and check them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from sqlmodel import Session

from app.cli.root import Bar, answering, database_of, main, say
from app.laboratory.library import reparse, service, usable
from app.laboratory.library.calibrating import calibrate_library
from app.laboratory.library.domain import Holds
from app.laboratory.library.importing import ImportParts, import_library
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.library.service import LibraryFault, library_faults
from app.platform.db import Database
from app.platform.web.csv_text import csv_text
from app.settings import Settings


@main.group()
def library() -> None:
    """Reference libraries."""


@library.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="", help="Name of the library; the file's name if left out.")
@click.option("--licence", default="", help="Terms under which it may be used; required.")
@click.option("--source", default="", help="Where it comes from; required.")
@click.option(
    "--y-unit",
    default="",
    help="What the y axis of infrared files is, where they say it wrongly: 'inverted absorbance (%)' …",
)
@click.option(
    "--holds",
    type=click.Choice([one.value for one in Holds]),
    default=Holds.DRUGS.value,
    help="What its compounds are: drugs and cutting agents, or general, chemicals of any kind.",
)
@click.option(
    "--refusals", type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write every refused file with its reason to this CSV.",
)  # fmt: skip
@answering
def library_import(
    files: tuple[Path, ...],
    name: str,
    licence: str,
    source: str,
    y_unit: str,
    holds: str,
    refusals: Path | None,
    json_: bool,
) -> None:
    """Import FILES (MSP, MGF, MassBank, JCAMP-DX, folders of them, a zip of thousands) as one library.

    It is there whole or not at all. The same files under the same name once more change nothing.
    """
    settings = Settings()
    with database_of(settings, make=True) as database:
        made = import_library(
            ImportParts(database, settings.library_dir, raw=usable.raw_store(settings.blob_dir)),
            files,
            name or files[0].stem,
            licence,
            source,
            y_unit=y_unit,
            holds=Holds(holds),
            progress=None if json_ else Bar(),
        )
    data = {
        "name": made.library.name,
        "id": made.library.id,
        "holds": made.library.holds,
        "read": made.n_read,
        "accepted": made.n_accepted,
        "merged": made.n_merged,
        "refused": made.n_refused,
        "refusals": made.refusals,
        "already_there": made.already_there,
        "notes": made.notes,
    }
    if refusals is not None:
        refusals.write_text(csv_text(service.refusal_lines(made.refusals)), encoding="utf-8", newline="")
    say(data, "\n".join([made.summary(), *_refused(made.refusals)]), json_)


REASONS_SHOWN = 20


def _refused(refusals: Sequence[Mapping[str, str | int]]) -> Iterator[str]:
    """By reason, the commonest first, each with one example."""
    reasons = service.reasons_of(refusals)
    for reason in reasons[:REASONS_SHOWN]:
        where = f"{reason.name} in {reason.file}" if reason.name != reason.file and reason.file else reason.name
        more = f" and {reason.count - 1:,} more" if reason.count > 1 else ""
        yield f"  refused {where}{more}: {reason.words}"
    if len(reasons) > REASONS_SHOWN:
        yield f"  … and {len(reasons) - REASONS_SHOWN:,} further reasons; --json or --refusals lists all."


@contextmanager
def _registry() -> Iterator[tuple[Database, LibraryRegistry]]:
    settings = Settings()
    with database_of(settings, make=True) as database:
        yield database, LibraryRegistry(settings.library_dir, database)


@library.command("list")
@answering
def library_list(json_: bool) -> None:
    """Every library that is searched."""
    with _registry() as (database, registry), database.read() as session:
        rows = service.list_libraries(session, registry)
    text = "\n".join(
        f"{r.name}: {_entries(r.n_entries)}, {r.technique}, {r.holds.words.lower()}. {r.notice}".rstrip() for r in rows
    )
    say(rows, text, json_)


@library.command("info")
@click.argument("name")
@answering
def library_info(name: str, json_: bool) -> None:
    """Provenance of one library, and which calibration its answers rest on."""
    with _registry() as (database, registry), database.read() as session:
        row = service.get_library(session, registry, _key(session, registry, name))
        found = service.calibrations_of(registry, row, Settings().library_dir)
    said = row.model_dump(exclude={"refusals", "files"})
    own = next((one.described for one in found if one.in_use), "none of this laboratory; answers rest on public data")
    lines = [f"{key}: {value}" for key, value in said.items()]
    lines += [f"calibration: {own}"] if row.technique.value == "ms" else []
    lines += [f"  {one.described}" for one in found if not one.in_use]
    kept = [{"number": one.number, "in_use": one.in_use, "fault": one.fault, "said": one.described} for one in found]
    say({**row.model_dump(), "calibrations": kept}, "\n".join(lines), json_)


@library.command("calibrate")
@click.argument("name")
@click.argument("more", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--readings",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Instrument files or folders of them.",
)
@click.option(
    "--truth", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV: file, compound (InChIKey) or name, and for runs retention_time_s.",
)  # fmt: skip
@click.option("--note", default="", help="What the readings are: instrument, year.")
@answering
def library_calibrate(
    name: str, more: tuple[Path, ...], readings: tuple[Path, ...], truth: Path, note: str, json_: bool
) -> None:
    """Calibrate the answers of library NAME by this laboratory's own readings of known samples.

    The calibration is kept under a new number and used from now on; earlier ones stay.
    """
    if not readings and not more:
        raise click.UsageError("Give the instrument files with --readings.")
    with _registry() as (database, registry):
        parts = ImportParts(database, Settings().library_dir)
        with database.read() as session:
            key = _key(session, registry, name)
        made = calibrate_library(
            parts, registry, key, [*readings, *more], truth, note=note, progress=None if json_ else Bar()
        )
    fitted = made.calibration.as_json()
    data = {
        "number": made.number, "file": str(made.file), "before": made.before, "readings": made.readings,
        "compounds": made.compounds, "calibration": fitted,
    }  # fmt: skip
    replaced = f" It follows number {made.before}, which is kept." if made.before else ""
    text = f"Calibration {made.number}: {made.calibration.described}.{replaced}"
    lines = [
        f"  said {one.low:.2f} to {one.high:.2f}: {one.right:.0%} of {one.n} right"
        for one in made.calibration.reliability
    ]
    say(data, "\n".join([text, *lines]), json_)


@library.command("check")
@click.argument("name")
@answering
def library_check(name: str, json_: bool) -> None:
    """Look for damage and for suspicious entries of library NAME: impossible formulae, ions above the molecule,
    derivatives under their parent, duplicates, spectra that look like another compound, entries of one compound that
    contradict each other.

    Nothing is changed. Each fault is a reason to look at the entry, with the figures behind it.
    """
    with _registry() as (database, registry), database.read() as session:
        key = _key(session, registry, name)
        found = library_faults(session, registry, key, Settings().library_dir, progress=None if json_ else Bar())
    say(found, "\n".join(_faults(found)) or "Nothing to complain about.", json_)


SHOWN_OF_A_KIND = 20


def _faults(found: Sequence[LibraryFault]) -> Iterator[str]:
    """By kind, the most serious first; of each kind the first few."""
    kinds: dict[tuple[str, str], list[LibraryFault]] = {}
    for fault in found:
        kinds.setdefault((fault.severity, fault.what), []).append(fault)
    for (severity, what), faults in kinds.items():
        yield f"{severity}: {what} ({len(faults):,})"
        yield from (f"  {fault.sentence}" for fault in faults[:SHOWN_OF_A_KIND])
        if len(faults) > SHOWN_OF_A_KIND:
            yield f"  … and {len(faults) - SHOWN_OF_A_KIND:,} more; --json lists all."


@library.command("reparse")
@click.argument("name")
@click.option("--apply", "apply_", is_flag=True, help="Rebuild the library. Without it nothing is changed.")
@answering
def library_reparse(name: str, apply_: bool, json_: bool) -> None:
    """Read the raw files of library NAME again with today's readers and show what is different.

    With --apply the library is made again; the old one stays until the new one is complete.
    """
    settings = Settings()
    with database_of(settings, make=True) as database:
        parts = ImportParts(database, settings.library_dir, raw=usable.raw_store(settings.blob_dir))
        found = reparse.reparse_library(parts, name, apply=apply_, progress=None if json_ else Bar())
    say({**asdict(found), "same": found.same}, "\n".join(_reparsed(found)), json_)


def _entries(n: int) -> str:
    return f"{n:,} {'entry' if n == 1 else 'entries'}"


def _reparsed(found: reparse.Reparsed) -> Iterator[str]:
    before, now = (", ".join(names) or "not noted" for names in found.readers)
    yield f"{found.name}: {found.n_entries[0]:,} → {_entries(found.n_entries[1])}, read by {before} → {now}."
    yield from ("  " + line for line in reparse.lines_of(found))
    if found.same:
        yield "Every entry is the same."
    elif found.applied:
        yield "Library rebuilt. Earlier searches stay as they are until their files are read again."
    else:
        yield "Nothing was changed. Run it again with --apply to rebuild the library."


def _key(session: Session, registry: LibraryRegistry, name: str) -> str:
    rows = service.list_libraries(session, registry)
    return next((r.key for r in rows if name in (r.key, r.name)), name)
