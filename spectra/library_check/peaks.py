"""Faults of peak lists by themselves: too few, all alike, the same list twice, an accession twice. numpy only."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from spectra.library_check.faults import Fault, Severity, compound_of, fault, thresholds
from spectra.mass_library import MassLibrary

Tell = Callable[[str, int, int], None]


def repeated_ids(library: MassLibrary) -> Iterator[Fault]:
    """An accession used more than once; importing marks the later ones with #2, #3 …"""
    first: dict[str, int] = {}
    for entry in range(len(library)):
        own = library.ids[entry]
        plain, _, number = own.rpartition("#")
        key = plain if plain and number.isdigit() else own
        if key in first:
            why = f"The accession {key} is that of {library.names[first[key]]} as well, so it names no one spectrum."
            yield fault(library, entry, "accession_twice", Severity.NOTE, "accession used twice", why, also=first[key])
        else:
            first[key] = entry


def peaks(library: MassLibrary, tell: Tell) -> Iterator[Fault]:
    """Too few peaks, or peaks that all have one intensity."""
    limits, table = thresholds()["peaks"], library.table
    counts = np.diff(np.asarray(table.offsets))
    for entry in np.flatnonzero(counts < limits["least"]):
        n = int(counts[entry])
        why = f"It has {n} peak{'' if n == 1 else 's'}; so few match almost anything."
        yield fault(library, int(entry), "few_peaks", Severity.NOTE, "very few peaks", why, peaks=n)
    for entry in np.flatnonzero(counts >= limits["equal_from"]):
        part = table.intensity[table.offsets[entry] : table.offsets[entry + 1]]
        if float(part.min()) >= 0.999 * float(part.max()):
            why = f"All {part.size} peaks have the same intensity: the intensities were lost."
            yield fault(
                library, int(entry), "equal_intensities", Severity.ERROR, "all intensities equal", why,
                peaks=int(part.size),
            )  # fmt: skip
    tell("Looking at peaks", len(library), len(library))


def duplicates(library: MassLibrary, tell: Tell) -> Iterator[Fault]:
    """Peak lists that stand more than once: under one compound superfluous, under different ones wrong at least once."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    least = thresholds()["peaks"]["duplicates_from"]
    table = library.table
    for entry in range(len(library)):
        a, b = int(table.offsets[entry]), int(table.offsets[entry + 1])
        if b - a < least:
            continue  # two such lists are alike by chance
        scaled = np.asarray(table.intensity[a:b], dtype=np.float64) / float(table.intensity[a:b].max())
        body = np.round(np.r_[np.asarray(table.mz[a:b], dtype=np.float64), 1000 * scaled], 2)
        precursor = np.round(np.nan_to_num(np.asarray(table.precursor[entry : entry + 1], dtype=np.float64)), 2)
        groups[hashlib.sha256(body.tobytes() + precursor.tobytes()).digest()].append(entry)
    for same in groups.values():
        for entry in same[1:]:
            yield _twice(library, same[0], entry)
    tell("Looking for the same spectrum twice", len(library), len(library))


def _twice(library: MassLibrary, first: int, again: int) -> Fault:
    where = f"{library.names[first]} ({library.ids[first]})"
    keys = [compound_of(library, entry) for entry in (first, again)]
    if keys[0] == keys[1]:
        why = f"Peak for peak the spectrum of {where}; once is enough."
        return fault(library, again, "same_spectrum", Severity.NOTE, "same spectrum twice", why, also=first)
    if any(key.startswith("name:") for key in keys):  # without an InChIKey a synonym looks like another compound
        why = f"Peak for peak the spectrum of {where} under another name: a synonym, or one name is wrong."
        return fault(
            library, again, "same_spectrum_other_name", Severity.WARNING, "same spectrum, another name", why, also=first
        )
    why = f"Peak for peak the spectrum of {where}, another compound: one of the two names is wrong."
    return fault(
        library, again, "same_spectrum_other_compound", Severity.ERROR, "same spectrum, another compound", why,
        also=first,
    )  # fmt: skip
