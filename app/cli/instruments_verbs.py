"""`mast read`, `mast identify` and `mast formats`: instrument files on the command line, no server and no database needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

import instruments
from app.cli.root import answering, fail, main, say, sentence_of
from app.settings import Settings
from instruments import Format, InstrumentError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from app.laboratory.identification.contract import IdentifiedBlock
    from app.laboratory.identification.parts import Candidate
    from app.laboratory.identification.substances import SubstanceIndex
    from app.laboratory.library.registry import LibraryRegistry
    from app.laboratory.sample_answers.domain import WholeAnswer
    from harm_messages.register import Register
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


def _answer(data: Sequence[object], lines: Iterable[str], refused: list[str], json_: bool) -> None:
    if data or not refused:
        say(data, "" if json_ else "\n".join(lines), json_)
    if refused:
        fail("\n".join(refused))


@main.command("read")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@answering
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
    _answer(answers, (_words(path, readings) for path, readings in found), refused, json_)


def _words(path: Path, readings: list[Reading]) -> str:
    about = [instruments.describe(reading) for reading in readings]
    lines = [f"{path}: {readings[0].format if readings else ''}, {len(readings)} reading(s)"]
    for number, r in enumerate(about, 1):
        scans = f", {r['n_scans']} scan{'s' if r['n_scans'] > 1 else ''}" if r["n_scans"] else ""
        lines.append(
            f"  {number}. {r['kind'].replace('_', ' ')}: {r['n_points']} points{scans}, "
            f"{r['x_first']:g} to {r['x_last']:g} {r['x_unit']}".rstrip()
            + f", {r['y_unit'] or 'y'} up to {r['y_max']:g}"
            + (f", {r['instrument']}" if r["instrument"] else "")
        )
        lines += [f"     warning: {text}" for text in r["warnings"]]
    # once for the file: a reader of less than high confidence says so under everything it read
    told = sorted({r["assurance"] for r in about} - {"", "high"})
    lines += [f"  {instruments.assurance_sentence(level)}" for level in told]
    return "\n".join(lines)


@main.command("identify")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--library", "libraries", multiple=True, help="Search only this library; repeat for several.")
@click.option("--top", default=10, show_default=True, type=click.IntRange(1, 100), help="Candidates per reading.")
@click.option("--sample", is_flag=True, help="All FILES are of one sample. Give one answer from all of them.")
@answering
def identify_files(
    files: tuple[Path, ...], libraries: tuple[str, ...], top: int, sample: bool, json_: bool
) -> None:  # fmt: skip
    """Compare instrument FILES with the reference libraries."""
    from app.laboratory.identification.contract import as_json as block_json
    from app.laboratory.identification.contract import identify_each
    from app.laboratory.identification.identify import Context
    from app.laboratory.identification.substances import SubstanceIndex
    from app.laboratory.sample_answers.domain import answer_json
    from app.operations import logging as logs
    from harm_messages import load_pack

    logs.configure("ERROR")  # to stderr: the answer stays readable by programs
    registry = _registry(Settings())
    if unknown := registry.unknown(libraries):
        fail(
            f"There is no library called {', '.join(unknown)}. There are: {', '.join(o.name for o in registry.all())}."
        )
    found, refused = _read_each(files)
    register = load_pack().substances if found else None
    index = SubstanceIndex(register or ())
    context = Context(names=libraries, top=top, index=index)
    blocks = [block for path, readings in found for block in identify_each(str(path), readings, registry, context)]
    if sample and register is not None:
        whole = _together(blocks, registry, libraries, register, index)
        _answer([answer_json(whole)], _whole_words(whole, [path.name for path, _ in found]), refused, json_)
        return
    _answer([block_json(block) for block in blocks], _candidates(blocks), refused, json_)


def _together(
    blocks: Sequence[IdentifiedBlock],
    registry: LibraryRegistry,
    names: tuple[str, ...],
    register: Register,
    index: SubstanceIndex,
) -> WholeAnswer:
    """One answer from everything in these files."""
    from app.laboratory.sample_answers import evidence, whole_answer
    from spectra import explain_sample

    searched = evidence.searched_libraries(registry, names, index.key_of)
    answer = explain_sample(evidence.readings_of_blocks(blocks), (), searched.libraries, evidence.register_of(register))
    return whole_answer.whole_answer(answer, index, {}, searched)


def _whole_words(whole: WholeAnswer, files: Sequence[str]) -> Iterator[str]:
    """Parts with what each method says of them, then questions and what the answer rests on."""
    yield f"One answer for the sample from {', '.join(files)}"
    for number, part in enumerate(whole.parts, 1):
        p = part.name.probability
        others = ", ".join(other.name for other in part.others) if not part.single else ""
        yield f" {number:>2}. {part.name.name}{f' {p:.0%}' if p is not None else ''}{f', or {others}' if others else ''}"
        yield from (f"     {cell.title}: {cell.words}" for cell in part.cells)
        if part.changed:
            yield f"     {part.changed}"
    if not whole.parts:
        yield "  Nothing is named by the methods together. This is not evidence that nothing is there."
    if whole.none_of_these is not None:
        yield f"  None of these: {whole.none_of_these:.0%}"
    yield from (f"  question: {question.text}" for question in whole.questions)
    yield from (f"  {text}" for text in (whole.withheld, *whole.reasons) if text)


def _registry(settings: Settings) -> LibraryRegistry:
    """The starter libraries, and those imported into the database if there is one."""
    from app.laboratory.library.registry import LibraryRegistry
    from app.platform.db import Database, migrate

    url = settings.database_url
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return LibraryRegistry(settings.library_dir)
    database = Database(url)
    return LibraryRegistry(settings.library_dir, database if migrate.revisions(database)[0] else None)


def _candidates(blocks: list[IdentifiedBlock]) -> Iterator[str]:
    """Each reading once, its peaks beneath it, and its limits once at its end."""
    for (file, reading), together in groupby(blocks, key=lambda block: (block.file, block.number)):
        yield f"{file}, reading {reading}"
        limits: dict[str, None] = {}
        for block in together:
            yield from _block(block)
            limits |= dict.fromkeys(_limits(block))
        yield from (f"     limit: {text}" for text in limits)


def _limits(block: IdentifiedBlock) -> list[str]:
    """What the method cannot tell, behind what this reading cannot, which JSON has substance by substance."""
    from app.laboratory.identification.infrared_answer import limits_in_short

    parts = {part.compound for part in block.answer.components}
    rows = [limit for limit in block.detection_limits if limit.substance_id and limit.compound not in parts]
    return [*limits_in_short(rows, 12), *block.answer.limits]


def _block(block: IdentifiedBlock) -> Iterator[str]:
    from app.laboratory.identification.parts import ALL_OF_IT, share_words, whole_percent

    answer = block.answer
    yield f"  {_place(block)}{answer.headline}"
    yield from (f"     {text}" for text in (block.peak.remarks if block.peak is not None else ()))
    # the best candidate and what cannot be told from it: lower down everything is like everything
    alike = {one for c in answer.candidates[:1] if c.ambiguous_with for one in (c.substance, *c.ambiguous_with)}
    for c in answer.candidates:
        also = f"; cannot be told from {', '.join(c.ambiguous_with)}" if c.substance in alike else ""
        yield f"  {c.rank:>2}. {c.substance} ({c.library}) {_score(c)}{also}"
    lead_only = answer.infrared is not None and answer.infrared.mostly_unexplained
    for part in answer.components:
        between = f" ({100 * part.low:.0f} to {100 * part.high:.0f})" if part.share < ALL_OF_IT else ""
        share = f"{share_words(part.share)}{between}"
        yield f"     {'lead only' if lead_only else 'part'}: {part.substance}, {share}, {part.grade}"
    if answer.unexplained_fraction is not None:
        left = answer.fit.residual_bands[:8] if answer.infrared is not None and answer.fit is not None else ()
        bands = f", bands at {', '.join(f'{band:.0f}' for band in left)} cm⁻¹" if left else ""
        yield f"     unexplained: {whole_percent(answer.unexplained_fraction)}{bands}"
    if not answer.candidates:
        yield "  no candidates"


def _score(row: Candidate) -> str:
    """The score people know, with peaks or, for a spectrum of bands, how well it fits once aligned and its shift."""
    words = f"{row.score_name} {row.score:.3g}"
    if row.aligned is not None:
        words = f"aligned {row.aligned:.2f}, {row.score_name.replace('_', ' ')} {row.score:.2f}"
    peaks = f", {row.matched_peaks} peaks" if row.matched_peaks is not None else ""
    shift = f", shift {row.shift:+.0f} cm⁻¹" if row.alignment is not None and row.shift else ""
    return words + peaks + shift


def _place(block: IdentifiedBlock) -> str:
    """Of a run: which peak, when, and how much of the area."""
    peak = block.peak
    if peak is None:
        return ""
    area = "" if peak.area_percent is None else f", {peak.area_percent:.1f} % of the area"
    return f"Peak {peak.number} at {peak.retention_time_s / 60:.2f} min{area}: "


@main.command("formats")
@answering
def formats(json_: bool) -> None:
    """List the formats that can be read here, also those of the laboratory's own readers.

    A reader of one's own that cannot be loaded is named with the reason; all others work.
    """
    known, broken = instruments.formats(), instruments.broken_readers()
    data = {
        "formats": [_format(one) for one in known],
        "broken": [{"entry_point": one.name, "package": one.package, "reason": one.reason} for one in broken],
    }
    width = max(len(one.name) for one in known)
    lines = [f"{one.name:<{width}}  {_format_words(one)}" for one in known]
    lines += [
        f"BROKEN: {one.name} of {one.package} could not be loaded ({one.reason}). All others work." for one in broken
    ]
    say(data, "\n".join(lines), json_)


def _missing_extra(one: Format) -> str | None:
    return one.extra.name if one.extra is not None and not one.extra.installed else None


def _format(one: Format) -> dict[str, JsonValue]:
    return {
        "name": one.name,
        "title": one.title,
        "techniques": [*sorted(one.techniques)],
        "extensions": [*one.extensions],
        "folders": one.sniff_folder is not None,
        "assurance": one.confidence,
        "version": one.version,
        "reader": one.reader,
        "missing_extra": _missing_extra(one),
    }


def _format_words(one: Format) -> str:
    endings = " ".join(f".{ending}" for ending in one.extensions)
    parts = [one.title, ", ".join(sorted(one.techniques)), endings, f"assurance {one.confidence}"]
    if not one.reader.startswith("instruments."):
        parts.append(f"read by {one.reader} {one.version}")
    if missing := _missing_extra(one):
        parts.append(f"not readable here: needs mast-lims[{missing}]")
    return "; ".join(part for part in parts if part)
