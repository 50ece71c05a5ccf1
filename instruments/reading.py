"""`read`: open, unpack, recognise, read, check. The one place where a parser's own exceptions become ours.

Imports no reader by name, nothing of the web or the database; of spectra only spectra.types.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable
from dataclasses import replace

from spectra.types import Reading, Remark, SpectrumError

from .archive import unpack
from .errors import AmbiguousText, Choice, CorruptFile, InstrumentError, TooLarge, UnknownFormat, UnsupportedVariant
from .limits import DEFAULT_LIMITS, Limits
from .recognised import BY_NAME
from .registry import TIE_POINTS, Candidate, Format, Hints, format_named, formats, sniff
from .source import Readable, Source, open_source
from .validate import checked, warning

log = logging.getLogger(__name__)
NEUTRAL_EXTENSIONS = frozenset({"", "txt", "text", "dat", "asc", "tmp", "part", "bin"})


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

    `source` is a path, bytes, or a file open in binary mode; `name` its original name, which only breaks
    ties. The other keywords are answers of a person after AmbiguousText, or corrections: `format` a name
    from `formats()`, `x_unit`/`y_unit` as in docs/methods/instruments.md, `decimal` "." or ",", `delimiter`
    one character ("space" for blanks), `kind` a ReadingKind value. They are not guessed upon.

    Returns at least one Reading. Raises a subclass of InstrumentError for any content that cannot be read,
    and OSError only when the path cannot be opened. Use a ReaderJail for files from outside.
    """
    hints = Hints(format, x_unit, y_unit, decimal, delimiter, kind)
    try:
        opened = open_source(source, name, limits)
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


def _no_memory() -> TooLarge:
    return TooLarge("Reading this file needs more memory than is allowed.", code="memory_limit")


def _read_opened(opened: Source, hints: Hints, limits: Limits) -> list[Reading]:
    content = unpack(opened, limits)
    try:
        chosen = _choose(content, hints)
        readings = _call(chosen, content, hints, limits)
        if not readings:
            raise CorruptFile(f"The file is {chosen.title}, but holds no reading.", code="no_reading")
        remark = _extension_remark(chosen, content)
        return [_stamp(checked(r), chosen, opened.sha256, remark) for r in readings]
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


def _bounded(readings: Iterable[Reading], limits: Limits) -> list[Reading]:
    kept: list[Reading] = []
    points = 0
    for reading in readings:
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
        return named
    candidates = sniff(content.head, content.tail, content.size, content.name)
    if not candidates:
        raise UnknownFormat("This file is no instrument format known here.")
    best = _break_tie([c for c in candidates if c.certainty >= candidates[0].certainty - TIE_POINTS], content)
    named = format_named(best.format)
    if named is None:
        raise BY_NAME[best.format].refusal()
    return named


def _break_tie(tied: list[Candidate], content: Source) -> Candidate:
    """The only candidate, or the only one whose extension fits; otherwise the person decides."""
    if len(tied) == 1:
        return tied[0]
    by_name = {f.name: f for f in formats()}
    fitting = [c for c in tied if c.format in by_name and content.extension in by_name[c.format].extensions]
    if len(fitting) == 1:
        return fitting[0]
    titles = {c.format: by_name[c.format].title if c.format in by_name else BY_NAME[c.format].title for c in tied}
    raise AmbiguousText(
        "This file could be " + " or ".join(titles.values()) + ".",
        code="ambiguous_format",
        choices=tuple(Choice(title, {"format": name}) for name, title in titles.items()),
    )


def _extension_remark(chosen: Format, content: Source) -> Remark | None:
    extension = content.extension
    if extension in NEUTRAL_EXTENSIONS or extension in chosen.extensions:
        return None
    others = [f.title for f in formats() if extension in f.extensions]
    others += [r.title for r in BY_NAME.values() if extension in r.extensions]
    if not others:
        return None
    return warning("extension_mismatch", f"The name ends in .{extension}, but the content is {chosen.title}.")


def _stamp(reading: Reading, chosen: Format, sha256: str, remark: Remark | None) -> Reading:
    """Who read it and from which bytes. `source_sha256` is of the file as it came, packed or not."""
    remarks = reading.remarks + ((remark,) if remark else ())
    return replace(
        reading,
        source_sha256=sha256,
        format=chosen.name,
        reader=f"instruments.{chosen.name}",
        reader_version=chosen.version,
        remarks=remarks,
    )
