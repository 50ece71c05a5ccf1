"""`mast read` and `mast identify`: instrument files on the command line, no server and no database needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import instruments
from app.cli.root import as_json, fail, main, say, sentence_of
from app.settings import Settings
from instruments import InstrumentError

if TYPE_CHECKING:
    from app.laboratory.library.shelf import Shelf
    from spectra import Reading


def _read_each(files: tuple[Path, ...]) -> tuple[list[tuple[Path, list[Reading]]], list[str]]:
    """What could be read, and a sentence for each file that could not: one bad file does not hide the others."""
    found, refused = [], []
    for path in files:
        try:
            found.append((path, instruments.read(path)))
        except InstrumentError as error:
            refused.append(f"{path}: {sentence_of(error)}")
        except OSError as error:
            refused.append(f"{path}: {error.strerror or error}.")
    return found, refused


def _answer(
    data: list[dict[str, Any]], words: Callable[[list[dict[str, Any]]], Iterator[str]], refused: list[str], json_: bool
) -> None:
    if data or not refused:
        say(data, "" if json_ else "\n".join(words(data)), json_)
    if refused:
        fail("\n".join(refused))


@main.command("read")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@as_json
def read_files(files: tuple[Path, ...], json_: bool) -> None:
    """Tell what is in instrument FILES, or in folders that an instrument wrote."""
    found, refused = _read_each(files)
    answers = [
        {
            "file": str(path),
            "format": readings[0].format if readings else "",
            "readings": [instruments.describe(reading) for reading in readings],
        }
        for path, readings in found
    ]
    _answer(answers, lambda rows: map(_words, rows), refused, json_)


def _words(answer: dict[str, Any]) -> str:
    lines = [f"{answer['file']}: {answer['format']}, {len(answer['readings'])} reading(s)"]
    for number, r in enumerate(answer["readings"], 1):
        scans = f", {r['n_scans']} scans" if r["n_scans"] else ""
        lines.append(
            f"  {number}. {r['kind'].replace('_', ' ')}: {r['n_points']} points{scans}, "
            f"{r['x_first']:g} to {r['x_last']:g} {r['x_unit']}, up to {r['y_max']:g} {r['y_unit']}"
            + (f", {r['instrument']}" if r["instrument"] else "")
        )
        lines += [f"     note: {text}" for text in r["warnings"]]
    # once for the file: a reader of less than high confidence says so under everything it read
    told = sorted({r["assurance"] for r in answer["readings"]} - {"", "high"})
    lines += [f"  {instruments.assurance_sentence(level)}" for level in told]
    return "\n".join(lines)


@main.command("identify")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--library", "libraries", multiple=True, help="Search only this library; repeat for several.")
@click.option("--top", default=10, show_default=True, type=click.IntRange(1, 100), help="Candidates per reading.")
@as_json
def identify_files(files: tuple[Path, ...], libraries: tuple[str, ...], top: int, json_: bool) -> None:
    """Compare instrument FILES with the reference libraries."""
    from app.laboratory.readings.identify import identify_readings
    from app.laboratory.readings.substances import SubstanceIndex
    from app.operations import logging as logs
    from harm_messages import load_pack

    logs.configure("ERROR")  # to stderr: the answer stays readable by programs
    shelf = _shelf(Settings())
    if unknown := shelf.unknown(libraries):
        fail(f"There is no library called {', '.join(unknown)}. There are: {', '.join(o.name for o in shelf.all())}.")
    found, refused = _read_each(files)
    index = SubstanceIndex(load_pack().substances) if found else None
    blocks = [
        {"file": str(path), **block}
        for path, readings in found
        for block in identify_readings(readings, shelf, libraries=libraries, top=top, index=index)
    ]
    _answer(blocks, _candidates, refused, json_)


def _shelf(settings: Settings) -> Shelf:
    """The starter libraries, and those imported into the database if there is one."""
    from app.laboratory.library.shelf import Shelf
    from app.platform.db import Database, migrate

    if (
        settings.database_url.startswith("sqlite")
        and not Path(settings.database_url.removeprefix("sqlite:///")).exists()
    ):
        return Shelf(settings)
    database = Database(settings.database_url)
    return Shelf(settings, database) if migrate.revisions(database)[0] else Shelf(settings)


def _candidates(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """Each reading once, its peaks beneath it, and its limits once at its end."""
    for (file, reading), together in groupby(blocks, key=lambda block: (block["file"], block["reading"])):
        yield f"{file}, reading {reading}"
        limits: dict[str, None] = {}
        for block in together:
            yield from _block(block)
            limits |= dict.fromkeys(_limits(block))
        yield from (f"     limit: {text}" for text in limits)


def _limits(block: dict[str, Any]) -> list[str]:
    """What the method cannot tell, behind what this reading cannot, which JSON has substance by substance."""
    from app.laboratory.readings.infrared_answer import limits_in_short

    parts = {part["compound"] for part in block["components"]}
    rows = [one for one in block.get("detection_limits", []) if one["substance_id"] and one["compound"] not in parts]
    single = {one["sentence"] for one in block.get("detection_limits", [])}
    return [*limits_in_short(rows, 12), *(text for text in block["limits"] if text not in single)]


def _block(block: dict[str, Any]) -> Iterator[str]:
    yield f"  {_place(block)}{block['headline']}"
    yield from (f"     {text}" for text in block.get("remarks", ()))
    alike = _alike(block["candidates"])
    for c in block["candidates"]:
        also = f"; cannot be told from {', '.join(c['ambiguous_with'])}" if c["substance"] in alike else ""
        yield f"  {c['rank']:>2}. {c['substance']} ({c['library']}) {_score(c)}{also}"
    for part in block["components"]:
        share = f"{part['fraction']:.0%} of the signal ({part['low']:.0%} to {part['high']:.0%})"
        what = "lead only" if block.get("mostly_unexplained") else "part"
        yield f"     {what}: {part['substance']}, {share}, {part['grade']}"
    if block["unexplained_fraction"] is not None:
        bands = ", ".join(f"{band:.0f}" for band in block.get("residual_bands", [])[:8])
        yield f"     unexplained: {block['unexplained_fraction']:.0%}" + (f", bands at {bands} cm⁻¹" if bands else "")
    if not block["candidates"]:
        yield "  no candidates"


def _alike(rows: list[dict[str, Any]]) -> set[str]:
    """The best candidate and what cannot be told from it: lower down everything is like everything."""
    return {rows[0]["substance"], *rows[0]["ambiguous_with"]} if rows and rows[0]["ambiguous_with"] else set()


def _score(row: dict[str, Any]) -> str:
    """The score people know, with peaks or, for a spectrum of bands, how well it fits once aligned and its shift."""
    words = f"{row['score_name']} {row['score']:.3g}"
    if row.get("aligned") is not None:
        words = f"aligned {row['aligned']:.2f}, {row['score_name'].replace('_', ' ')} {row['score']:.2f}"
    peaks = f", {row['matched_peaks']} peaks" if row["matched_peaks"] is not None else ""
    shift = f", shift {row['shift']:+.0f} cm⁻¹" if row.get("shift") else ""
    return words + peaks + shift


def _place(block: dict[str, Any]) -> str:
    """Of a run: which peak, when, and how much of the area."""
    if "peak" not in block:
        return ""
    area = "" if block["area_percent"] is None else f", {block['area_percent']:.1f} % of the area"
    return f"Peak {block['peak']} at {block['retention_time_s'] / 60:.2f} min{area}: "
