"""Which reader takes which file: every format registers itself here. Imports no reader; they are found by name.

A format is one module in `instruments/readers/` that uses `@reader(...)`, or a laboratory's own package that
names such a module under the entry-point group `mast.instruments`.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import pkgutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple, TypeVar

from spectra.types import Reading

from .errors import UnsupportedVariant
from .limits import Limits
from .probe import FolderProbe, Guess, Probe
from .recognised import RECOGNISED
from .source import Source

log = logging.getLogger(__name__)
ENTRY_POINTS = "mast.instruments"
TIE_POINTS = 10


class Candidate(NamedTuple):
    """One answer of `sniff`."""

    format: str
    certainty: int
    reason: str


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person answered after being asked. Empty means: not asked yet."""

    format: str | None = None
    x_unit: str | None = None
    y_unit: str | None = None
    decimal: str | None = None
    delimiter: str | None = None
    kind: str | None = None


ReadFunction = Callable[[Source, Hints, Limits], Iterable[Reading]]
Sniffer = Callable[[Probe], Guess | None]
FolderSniffer = Callable[[FolderProbe], Guess | None]
P = TypeVar("P", Probe, FolderProbe)


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional package that a reader stands on. Such a reader runs in a sandbox's child only, never in this process.

    `name` is the extra of this distribution, `package` what it makes importable, `export` the way around it, `bound` the
    versions of the package that are known to work.
    """

    name: str
    package: str
    export: str
    bound: str = ""

    @property
    def installed(self) -> bool:
        """Whether the package is there; it is not imported to find out."""
        try:
            return importlib.util.find_spec(self.package) is not None
        except (ImportError, ValueError):
            return False

    def refusal(self, title: str) -> UnsupportedVariant:
        """The error for a file of a format called `title` where the package is missing."""
        return UnsupportedVariant(
            f"This is {title}; reading it needs an extra that is not installed here "
            f'(the operator adds it with pip install "{self.package}{self.bound}", where MAST is).',
            code=f"{self.name}_extra_missing",
            hint=self.export,
        )


@dataclass(frozen=True, slots=True)
class Format:
    """A registered format. `confidence` ("high", "medium", "low") is how far its reader is proven.

    `package` is the distribution of a laboratory's own reader, "" for ours.
    """

    name: str
    title: str
    techniques: frozenset[str]
    extensions: tuple[str, ...]
    confidence: str
    version: str
    sniff: Sniffer
    read: ReadFunction = field(repr=False)
    sniff_folder: FolderSniffer | None = None
    extra: Extra | None = None
    package: str = ""

    @property
    def reader(self) -> str:
        """Who reads it, as it is written on every reading: `instruments.jcamp`."""
        return f"{self.package or 'instruments'}.{self.name}"


@dataclass(frozen=True, slots=True)
class BrokenReader:
    """A laboratory's own reader that could not be loaded: its entry point, its distribution, and why not."""

    name: str
    package: str
    reason: str


_formats: dict[str, Format] = {}
_broken: list[BrokenReader] = []
_lock = threading.RLock()
_loading = False
_loaded = False


def reader(
    name: str,
    *,
    title: str,
    techniques: Iterable[str],
    magic: bytes | tuple[bytes, ...] | Sniffer,
    extensions: tuple[str, ...] = (),
    confidence: str = "high",
    version: str = "1",
    folder: FolderSniffer | None = None,
    extra: Extra | None = None,
) -> Callable[[ReadFunction], ReadFunction]:
    """Register the decorated function as the reader of a format.

    `magic` is either the first bytes of every such file or a function that looks at a Probe and answers a
    Guess or None. The function gets (source, hints, limits), yields Readings with nothing converted, and
    raises InstrumentError with a line or byte. A later registration of the same name replaces the earlier.
    With `folder`, a function that looks at a FolderProbe, whole folders are taken as well; the source is then
    a Folder. With `extra` the reader runs in a sandbox's child only.
    """
    sniffer = magic if callable(magic) else _prefix_sniffer(magic)

    def register(function: ReadFunction) -> ReadFunction:
        _formats[name] = Format(
            name, title, frozenset(techniques), extensions, confidence, version, sniffer, function, folder, extra
        )
        return function

    return register


def _prefix_sniffer(magic: bytes | tuple[bytes, ...]) -> Sniffer:
    prefixes = magic if isinstance(magic, tuple) else (magic,)

    def sniff_prefix(probe: Probe) -> Guess | None:
        return Guess(95, "first bytes") if probe.head.startswith(prefixes) else None

    return sniff_prefix


def formats() -> tuple[Format, ...]:
    """Every registered format, by name. Loads the readers on first use."""
    _load()
    return tuple(sorted(_formats.values(), key=lambda f: f.name))


def broken_readers() -> tuple[BrokenReader, ...]:
    """The laboratory's own readers that are installed and could not be loaded. All others work."""
    _load()
    return tuple(_broken)


def format_named(name: str) -> Format | None:
    """The registered format of that name."""
    _load()
    return _formats.get(name)


def sniff(head: bytes, tail: bytes = b"", size: int | None = None, name: str = "") -> list[Candidate]:
    """Which formats the content could be, most certain first; judged by content, never by extension alone.

    Formats that are recognised but cannot be read are in the list as well.
    """
    return sniff_probe(Probe(head, tail, len(head) if size is None else size, name))


def sniff_probe(probe: Probe) -> list[Candidate]:
    """As `sniff`, for a file that can be looked into further."""
    found = [(f.name, _guess(f, f.sniff, probe)) for f in formats()]
    return _ranked(found + [(r.name, r.sniff(probe)) for r in RECOGNISED if r.name not in _formats])


def sniff_folder(probe: FolderProbe) -> list[Candidate]:
    """Which formats a folder could be, most certain first, judged by the files in it."""
    found = [(f.name, _guess(f, f.sniff_folder, probe)) for f in formats() if f.sniff_folder]
    return _ranked(found + [(r.name, r.sniff_folder(probe)) for r in RECOGNISED if r.name not in _formats])


def _guess(known: Format, sniffer: Callable[[P], Guess | None], probe: P) -> Guess | None:
    """What a sniffer says. One of the laboratory's own that fails is logged, so that every other file is still read."""
    if not known.package:
        return sniffer(probe)
    try:
        guess = sniffer(probe)
        return None if guess is None else Guess(max(0, min(100, int(guess.certainty))), str(guess.reason))
    except Exception:
        log.exception("the reader %s of %s could not look at a file", known.name, known.package)
        return None


def _ranked(found: list[tuple[str, Guess | None]]) -> list[Candidate]:
    candidates = [Candidate(n, g.certainty, g.reason) for n, g in found if g is not None]
    return sorted(candidates, key=lambda c: (-c.certainty, c.format))


def _load() -> None:
    """Import our readers and the laboratory's own, once. A broken foreign reader is logged, named and left out."""
    global _loaded, _loading
    if _loaded:
        return
    with _lock:
        if _loaded or _loading:  # loading: a reader that asks for the formats while it is imported
            return
        _loading = True
        from . import readers

        try:
            for module in pkgutil.iter_modules(readers.__path__):
                importlib.import_module(f"{readers.__name__}.{module.name}")
            for point in entry_points(group=ENTRY_POINTS):
                _load_own(point)
            _loaded = True
        finally:
            _loading = False


def _load_own(point: EntryPoint) -> None:
    """Import one reader of the laboratory's own: whole, or nothing of it stays registered."""
    package, before, reason = point.dist.name if point.dist else point.value, dict(_formats), ""
    try:
        point.load()
    except (Exception, SystemExit) as problem:
        log.exception("reader %s of group %s could not be loaded", point.name, ENTRY_POINTS)
        reason = f"{type(problem).__name__}: {problem}"
    own = {name: replace(f, package=package) for name, f in _formats.items() if before.get(name) is not f}
    _formats.clear()
    _formats.update(before if reason else before | own)
    if reason or not own:
        _broken.append(BrokenReader(point.name, package, reason or "it registers no format with @reader"))
