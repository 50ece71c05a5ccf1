"""Which reader takes which file: every format registers itself here. Imports no reader; they are found by name.

A format is one module in `instruments/readers/` that uses `@reader(...)`, or a laboratory's own package that
names such a module under the entry-point group `mast.instruments`.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import NamedTuple

from spectra.types import Reading

from .limits import Limits
from .probe import Guess, Probe
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


@dataclass(frozen=True, slots=True)
class Format:
    """A registered format. `confidence` ("high", "medium", "low") is how far its reader is proven."""

    name: str
    title: str
    techniques: frozenset[str]
    extensions: tuple[str, ...]
    confidence: str
    version: str
    sniff: Sniffer
    read: ReadFunction = field(repr=False)


_formats: dict[str, Format] = {}
_lock = threading.Lock()
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
) -> Callable[[ReadFunction], ReadFunction]:
    """Register the decorated function as the reader of a format.

    `magic` is either the first bytes of every such file or a function that looks at a Probe and answers a
    Guess or None. The function gets (source, hints, limits), yields Readings with nothing converted, and
    raises InstrumentError with a line or byte. A later registration of the same name replaces the earlier.
    """
    sniffer = magic if callable(magic) else _prefix_sniffer(magic)

    def register(function: ReadFunction) -> ReadFunction:
        _formats[name] = Format(name, title, frozenset(techniques), extensions, confidence, version, sniffer, function)
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


def format_named(name: str) -> Format | None:
    """The registered format of that name."""
    _load()
    return _formats.get(name)


def sniff(head: bytes, tail: bytes = b"", size: int | None = None, name: str = "") -> list[Candidate]:
    """Which formats the content could be, most certain first; judged by content, never by extension alone.

    Formats that are recognised but cannot be read are in the list as well.
    """
    probe = Probe(head, tail, len(head) if size is None else size, name)
    found = [(f.name, f.sniff(probe)) for f in formats()]
    found += [(r.name, r.sniff(probe)) for r in RECOGNISED if r.name not in _formats]
    candidates = [Candidate(n, g.certainty, g.reason) for n, g in found if g is not None]
    return sorted(candidates, key=lambda c: (-c.certainty, c.format))


def _load() -> None:
    """Import our readers and the laboratory's own, once. A broken foreign reader is logged and left out."""
    global _loaded
    if _loaded:
        return
    with _lock:
        if _loaded:
            return
        from . import readers

        for module in pkgutil.iter_modules(readers.__path__):
            importlib.import_module(f"{readers.__name__}.{module.name}")
        for point in entry_points(group=ENTRY_POINTS):
            try:
                point.load()
            except Exception:
                log.exception("reader %s of group %s could not be loaded", point.name, ENTRY_POINTS)
        _loaded = True
