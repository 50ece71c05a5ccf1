"""What may be wrong with the entries of an infrared or Raman library: one curve under two compounds, and entries of one
compound that contradict each other. numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spectra.infrared_library import InfraredLibrary
from spectra.library_check.faults import Fault, Severity, compound_of, fault, thresholds
from spectra.library_check.sides import Side, closest, contradiction, listed, sides_of
from spectra.similarity.infrared import InfraredScore

Tell = Callable[[str, int, int], None]
_NEAREST = 20
_STEP = "Comparing curves"
_MEASURE = "first derivative r"
_REASONS = (
    "Another salt, hydrate or crystal form and another way of sampling look different too. If it is neither, at least one "
    "has the wrong name or key."
)


@dataclass(frozen=True, slots=True)
class _Row:
    """The entries most like one, with r and the share of its points compared, (k,) each."""

    entries: NDArray[np.int64]
    r: NDArray[np.float32]
    overlap: NDArray[np.float64]


def infrared(library: InfraredLibrary, tell: Tell) -> Iterator[Fault]:
    """Compare every entry with every other by first derivatives."""
    number: dict[str, int] = {}
    codes = np.array([number.setdefault(compound_of(library, entry), len(number)) for entry in range(len(library))])
    rows = _rows(library, codes, tell)
    yield from _one_curve(library, codes, rows)
    for code in np.flatnonzero(np.bincount(codes, minlength=1) > 1):
        found = _unlike(library, codes, rows, np.flatnonzero(codes == code))
        if found is not None:
            yield found


def _rows(library: InfraredLibrary, codes: NDArray[np.int64], tell: Tell) -> list[_Row]:
    """What each entry is like: the nearest few, and every entry of its own compound."""
    rule = InfraredScore("first_derivative", air=not library.raman)
    several, out = np.bincount(codes, minlength=1)[codes] > 1, {}
    order = np.argsort(library.resolution, kind="stable")  # the engine keeps the library at one coarser resolution
    for done, entry in enumerate(order.tolist()):
        if done % 100 == 0:
            tell(_STEP, done, len(library))
        top = len(library) if several[entry] else _NEAREST
        curve = np.asarray(library.curves[entry], dtype=np.float64)
        found = library.engine.find(curve, int(library.resolution[entry]), rule, top)
        kept = (np.arange(found.entries.size) < _NEAREST) | (codes[found.entries] == codes[entry])
        out[entry] = _Row(found.entries[kept], found.scores[kept], found.overlaps[kept])
    tell(_STEP, len(library), len(library))
    return [out[entry] for entry in range(len(library))]


def _one_curve(library: InfraredLibrary, codes: NDArray[np.int64], rows: Sequence[_Row]) -> Iterator[Fault]:
    """One fault for each group of entries of several compounds whose curves are one."""
    limits, linked = thresholds()["infrared"], np.zeros((len(rows), len(rows)), dtype=np.bool_)
    for entry, row in enumerate(rows):
        same = (row.r >= limits["same"]) & (row.overlap >= limits["overlap"]) & (codes[row.entries] != codes[entry])
        linked[entry, row.entries[same]] = True
    linked |= linked.T
    members = np.flatnonzero(linked.any(axis=0))
    groups = sides_of(linked[np.ix_(members, members)]) if members.size else []
    for group in groups:
        yield _of_group(library, rows, members[group].tolist())


def _of_group(library: InfraredLibrary, rows: Sequence[_Row], group: Sequence[int]) -> Fault:
    first, *others = group
    equal = [k for k in others if np.array_equal(library.curves[k], library.curves[first], equal_nan=True)]
    r = max(float(one) for k in others for one in rows[first].r[rows[first].entries == k])
    figures = {"also": others[0], "entries": list(group), "likeness": round(r, 4)}
    if equal:
        why = f"Point for point the spectrum of {_named(library, equal)}, another compound: one of the two names is wrong."
        return fault(
            library, first, "same_spectrum_other_compound", Severity.ERROR, "same spectrum, another compound", why,
            **figures | {"also": equal[0]},
        )  # fmt: skip
    keyless = any(compound_of(library, entry).startswith("name:") for entry in group)
    why = (
        f"Its curve and that of {_named(library, others)} are one ({_MEASURE} {r:.3f}), under names of different compounds. "
        "Either name may be wrong, both may be right where infrared cannot tell them apart, or they are synonyms."
    )
    return fault(
        library, first, "one_curve", Severity.NOTE if keyless else Severity.WARNING, "one curve, two compounds", why,
        **figures,
    )  # fmt: skip


def _unlike(
    library: InfraredLibrary, codes: NDArray[np.int64], rows: Sequence[_Row], members: NDArray[np.int64]
) -> Fault | None:
    """The contradiction of one compound; a note where nothing looks like another compound, since forms differ."""
    limits, at = thresholds()["infrared"], {int(entry): k for k, entry in enumerate(members)}
    r = np.zeros((members.size, members.size), dtype=np.float32)
    for entry, k in at.items():
        for other, value in zip(rows[entry].entries.tolist(), rows[entry].r, strict=True):
            if other in at:
                r[k, at[other]] = r[at[other], k] = max(value, r[at[other], k])
    parts = sides_of(r > limits["own"])
    if len(parts) < 2:
        return None
    sides = [_side(library, codes, rows, members[part]) for part in parts]
    found = contradiction(library, sides, _MEASURE, closest(r, parts), _REASONS)
    return found if any(side.near for side in sides) else replace(found, severity=Severity.NOTE)


def _side(library: InfraredLibrary, codes: NDArray[np.int64], rows: Sequence[_Row], entries: NDArray[np.int64]) -> Side:
    others = np.full(len(library), -1.0)
    for entry in entries:
        np.maximum.at(others, rows[entry].entries, rows[entry].r)
    others[codes == codes[entries[0]]] = -1.0
    return Side.of(library, entries, others, codes, thresholds()["infrared"]["looks_like"])


def _named(library: InfraredLibrary, entries: Sequence[int]) -> str:
    return listed([f"{library.names[entry]} ({library.ids[entry]})" for entry in entries])
