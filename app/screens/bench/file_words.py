"""Which files can be read here, in words for people: from the readers that are registered, so that no screen promises more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from instruments import Format, formats

_FAMILIES: tuple[tuple[str, frozenset[str]], ...] = (
    ("Infrared, Raman, UV", frozenset({"IR", "Raman", "UV"})),
    ("Mass spectra and runs", frozenset({"MS", "GC-MS", "LC-MS"})),
    ("Chromatograms", frozenset({"GC", "LC", "chromatography"})),
)
_TABLES = "text"
_SHORT = re.compile(r".*\(([A-Z]{2,6})\)$")
_DROPPED = re.compile(
    r"^(an?|the)\s+|\s*\(\.[^)]*\)$|\s+(files?|folders?|spectrum|spectral group|chromatogram|records?|library|run|series)$"
)


def file_words() -> tuple[str, ...]:
    """Which files can be read here: one sentence per family of instruments, then tables, then vendor folders if there are any."""
    return _words(formats())


def takes_folders() -> bool:
    """Whether any vendor's folder can be read."""
    return any(f.sniff_folder is not None and (f.extra is None or f.extra.installed) for f in formats())


@lru_cache(maxsize=4)
def _words(known: tuple[Format, ...]) -> tuple[str, ...]:
    usable = [f for f in known if f.extra is None or f.extra.installed]
    out = []
    for family, techniques in _FAMILIES:
        if names := _names(f for f in usable if f.name != _TABLES and f.techniques & techniques):
            out.append(f"{family}: {', '.join(names)}.")
    if any(f.name == _TABLES for f in usable):
        out.append("Tables of any of them: CSV, TXT.")
    if folders := _names(f for f in usable if f.sniff_folder is not None):
        out.append(f"Vendor folders as one zip each: {', '.join(folders)}.")
    return tuple(out)


def _names(some: Iterable[Format]) -> list[str]:
    """Titles as words of a list: without article, without ending."""
    found = []
    for known in some:
        name = _SHORT.sub(r"\1", known.title)
        while (shorter := _DROPPED.sub("", name)) != name:
            name = shorter
        found.append(name)
    return sorted(dict.fromkeys(found), key=str.lower)
