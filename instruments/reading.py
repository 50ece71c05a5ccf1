"""`read`: open, unpack, recognise, read, check. The one place where a parser's own exceptions become ours.

A format whose reader stands on an optional package is read in a child process, also when this process asked.
Imports no reader by name, nothing of the web or the database; of spectra only spectra.types.
"""

from __future__ import annotations

import logging
import math
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from spectra.types import Reading, ReadingKind, Remark, SpectrumError

from . import confine
from .archive import unpack
from .assurance import lower
from .errors import AmbiguousText, Choice, CorruptFile, InstrumentError, TooLarge, UnknownFormat, UnsupportedVariant
from .folder import Folder, open_folder
from .limits import DEFAULT_LIMITS, Limits
from .recognised import BY_NAME, Recognised
from .registry import TIE_POINTS, Candidate, Format, Hints, format_named, formats, sniff_folder, sniff_probe
from .sandbox import ParserSandbox
from .source import Readable, Source, open_source
from .text import decode_head, stray_controls
from .units import X_UNITS, Y_UNITS
from .validate import checked, warning

log = logging.getLogger(__name__)
DETECTOR_UNIT = re.compile(r"[A-Za-zµμ%][\w%/µμ.·^()-]{0,11}")
NEUTRAL_EXTENSIONS = frozenset({"", "txt", "text", "dat", "asc", "tmp", "part", "bin"})
# The root element of XML, the first key of JSON.
_OWN_NAME = re.compile(
    r'\s*(?:(?:<!--(?s:.*?)-->|<[?!](?!--)[^>]*>)\s*)*+<([\w:.-]{1,60})|\s*\[?\s*\{\s*("[^"]{1,60}")'
)
# Endings that promise something else than an instrument file; unknown endings promise nothing.
FOREIGN_EXTENSIONS = frozenset({
    "zip", "gz", "7z", "rar", "xz", "bz2", "tar", "xls", "xlsx", "ods", "doc", "docx", "odt", "rtf", "pdf", "html", "htm",
    "svg", "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "exe", "db", "sqlite", "h5", "hdf5",
})  # fmt: skip


def read(
    source: str | os.PathLike[str] | bytes | Readable,
    name: str | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    format: str | None = None,
    x_unit: str | None = None,
    y_unit: str | None = None,
    decimal: str | None = None,
    delimiter: str | None = None,
    kind: str | None = None,
) -> list[Reading]:
    """What is in an instrument file, in its own units.

    `source` is a path of a file or of a vendor folder, bytes, or a file open in binary mode; `name` its original
    name, which only breaks ties. The other keywords are answers of a person after AmbiguousText, or corrections:
    `format` a name from `formats()`, `x_unit`/`y_unit` one of `units.X_UNITS`/`Y_UNITS`, `decimal` "." or ",",
    `delimiter` one character ("space" for blanks), `kind` a ReadingKind value. They are not guessed upon.

    Returns at least one Reading. Raises a subclass of InstrumentError for any content that cannot be read,
    and OSError only when the path cannot be opened. Use a ParserSandbox for files from outside; a format that needs
    an optional package is read in a child process of its own in any case, which takes part of a second.
    """
    hints = Hints(format, x_unit, y_unit, decimal, delimiter, kind)
    _check_words(hints)
    try:
        opened = _open(source, name, limits)
    except MemoryError as problem:
        raise _no_memory() from problem
    try:
        return _read_opened(opened, hints, limits)
    except InstrumentError:
        raise
    except (MemoryError, OverflowError) as problem:
        raise _no_memory() from problem
    finally:
        opened.close()


def _check_words(hints: Hints) -> None:
    """An answer that is none of the words on offer is refused, not stored as a unit nobody knows.

    Detectors of chromatograms have units of their own (mV, mAU, pA), so a short word passes for the y axis.
    """
    kinds = tuple(kind.value for kind in ReadingKind)
    for what, said, known in (
        ("unit of the x axis", hints.x_unit, X_UNITS),
        ("kind of reading", hints.kind, kinds),
    ):
        if said and said not in known:
            raise UnsupportedVariant(
                f"There is no {what} called {said[:40]!r} here.",
                code="no_such_answer",
                hint="Known: " + ", ".join(known) + ".",
            )
    if hints.y_unit and hints.y_unit not in Y_UNITS and not DETECTOR_UNIT.fullmatch(hints.y_unit):
        raise UnsupportedVariant(
            f"There is no unit of the y axis called {hints.y_unit[:40]!r} here.",
            code="no_such_answer",
            hint="Known: " + ", ".join(Y_UNITS) + ", or a detector's own, such as mV or mAU.",
        )


def _open(source: str | os.PathLike[str] | bytes | Readable, name: str | None, limits: Limits) -> Source:
    if isinstance(source, (str, os.PathLike)) and Path(source).is_dir():
        return open_folder(Path(source), name, limits)
    return open_source(source, name, limits)


def _no_memory() -> TooLarge:
    return TooLarge("Reading this file needs more memory than is allowed.", code="memory_limit")


def _read_opened(opened: Source, hints: Hints, limits: Limits) -> list[Reading]:
    content = unpack(opened, limits)
    try:
        chosen = _choose(content, hints)
        if chosen.extra is not None and not confine.is_confined():
            return _read_outside(chosen, opened, hints, limits)
        readings = _call(chosen, content, hints, limits)
        if not readings:
            raise CorruptFile(f"The file is {chosen.title}, but holds no reading.", code="no_reading")
        remarks = (*_extension_remark(chosen, content), *_damage(content))
        answered = {"x_answered": hints.x_unit is not None, "y_answered": hints.y_unit is not None}
        return [_stamp(checked(r, **answered), chosen, opened.sha256, remarks) for r in readings]
    finally:
        if content is not opened:
            content.close()


def _call(chosen: Format, content: Source, hints: Hints, limits: Limits) -> list[Reading]:
    """Run one reader. An exception it did not foresee is logged with its trace and reported as CorruptFile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parsers warn on stderr; what matters is a remark or an error
            return _bounded(chosen.read(content, hints, limits), limits)
    except (InstrumentError, MemoryError):
        raise
    except SpectrumError as problem:
        raise CorruptFile(f"The numbers in this file make no sense: {problem}.", code="bad_spectrum") from problem
    except Exception as problem:
        log.warning("reader %s failed on %s", chosen.name, content.sha256, exc_info=True)
        raise CorruptFile(
            f"The file begins like {chosen.title} but could not be understood.", code="reader_failed"
        ) from problem


def _read_outside(chosen: Format, opened: Source, hints: Hints, limits: Limits) -> list[Reading]:
    """Compiled code of others stays out of this process: a sandbox for this one file."""
    assert chosen.extra is not None
    if not chosen.extra.installed:  # said here already, without the start of a child
        raise chosen.extra.refusal(chosen.title)
    answers = {k: v for k, v in asdict(hints).items() if v is not None}
    with ParserSandbox(limits, preload=False) as sandbox:
        given = opened.path if opened.path is not None else opened.read_all(limits.upload_bytes)
        return sandbox.read(given, opened.name, answers)


def _bounded(readings: Iterable[Reading], limits: Limits) -> list[Reading]:
    kept: list[Reading] = []
    points = 0
    for reading in readings:
        if len(kept) >= limits.readings:
            raise TooLarge(
                f"This file holds more than {limits.readings:,} spectra, which is more than can be kept here.",
                code="too_many_readings",
            )
        points += reading.n_points + sum(s.mz.size for s in reading.scans)
        if len(kept) >= limits.spectra:
            raise TooLarge(f"This file holds more than {limits.spectra:,} spectra.", code="too_many_spectra")
        if points > limits.total_points or reading.n_points > limits.points:
            raise TooLarge("This file holds more points than are allowed.", code="too_many_points")
        kept.append(reading)
    return kept


def _choose(content: Source, hints: Hints) -> Format:
    if hints.format:
        named = format_named(hints.format)
        if named is None:
            raise UnsupportedVariant(
                f"There is no format called {hints.format!r} here.",
                code="no_such_format",
                hint="Known: " + ", ".join(f.name for f in formats()) + ".",
            )
        return _fit(named, content)
    candidates = sniff_folder(content.folder_probe) if isinstance(content, Folder) else sniff_probe(content.probe)
    if not candidates:
        raise _unknown_folder() if isinstance(content, Folder) else _unknown(content)
    best = _break_tie([c for c in candidates if c.certainty >= candidates[0].certainty - TIE_POINTS], content)
    named = format_named(best.format)
    if named is None:
        raise BY_NAME[best.format].refusal()
    return named


def _fit(named: Format, content: Source) -> Format:
    """The format a person chose, unless it is one of files and this is a folder."""
    if isinstance(content, Folder) and named.sniff_folder is None:
        raise UnsupportedVariant(
            f"This is a folder, and {named.title} is a single file.",
            code="not_a_file",
            hint="Give one file of the folder, or choose another format.",
        )
    return named


def _unknown_folder() -> UnknownFormat:
    return UnknownFormat(
        "This folder is no instrument folder known here.",
        code="unknown_folder",
        hint="Give the files in it one by one, or export the run as mzML, JCAMP-DX or CSV.",
    )


def _unknown(content: Source) -> UnknownFormat:
    """Names what XML and JSON call themselves: a person may know the program by it."""
    named, kind = _OWN_NAME.match(decode_head(content.head)), ""
    if named is not None:
        kind = (
            f" It is XML with the root element {named[1]}." if named[1] else f" It is JSON that begins with {named[2]}."
        )
    return UnknownFormat(f"This file is in no format that can be read here.{kind}")


def _break_tie(tied: list[Candidate], content: Source) -> Candidate:
    """The only candidate, or the only one whose extension fits; otherwise the person decides."""
    known: dict[str, Format | Recognised] = dict(BY_NAME)
    known.update((f.name, f) for f in formats())
    fitting = [c for c in tied if content.extension in known[c.format].extensions]
    for some in (tied, fitting):
        if len(some) == 1:
            return some[0]
    readable = [c for c in tied if format_named(c.format) is not None]
    if len(readable) < 2:  # nothing to choose between
        return readable[0] if readable else tied[0]
    titles = {c.format: known[c.format].title for c in readable}
    raise AmbiguousText(
        "This file could be " + " or ".join(titles.values()) + ".",
        code="ambiguous_format",
        choices=tuple(Choice(title, {"format": name}) for name, title in titles.items()),
    )


def _extension_remark(chosen: Format, content: Source) -> Iterator[Remark]:
    extension = content.extension
    if extension in NEUTRAL_EXTENSIONS or extension in chosen.extensions:
        return
    taken = {e for f in formats() for e in f.extensions} | {e for r in BY_NAME.values() for e in r.extensions}
    if extension in taken | FOREIGN_EXTENSIONS:
        yield warning("extension_mismatch", f"The name ends in .{extension}, but the content is {chosen.title}.")


def _damage(content: Source) -> Iterator[Remark]:
    """A character that no program writes may have taken the place of a letter of a name, or of a digit."""
    count, line = (0, 0) if isinstance(content, Folder) else stray_controls(content)
    if count:
        what = "a control character" if count == 1 else f"{count:,} control characters"
        yield warning(
            "control_characters",
            f"The text contains {what}{',' if count == 1 else ', the first'} on line {line:,}. Programs do not write these, so the "
            "file has probably been damaged: compare its names and numbers with the original.",
        )


def _finite(value: Any) -> Any:
    """Without numbers that JSON does not know, which a laboratory's own reader may leave in its words about a file."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def _stamp(reading: Reading, chosen: Format, sha256: str, found: tuple[Remark, ...]) -> Reading:
    """Who read it and from which bytes. `source_sha256` is of the file as it came, packed or not.

    A reader may know less of this very file than of its format: the lower assurance stands.
    """
    assurance = lower(chosen.confidence, str(reading.meta.get("assurance", chosen.confidence)))
    return replace(
        reading,
        source_sha256=sha256,
        format=chosen.name,
        reader=chosen.reader,
        reader_version=chosen.version,
        meta={**_finite(reading.meta), "assurance": assurance},
        remarks=reading.remarks + found,
    )
