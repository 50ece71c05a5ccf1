"""All libraries of one kind joined into one that a sample is compared with, kept while none of them changes.

Libraries of drugs come first, in the order of the registry, and those of general chemicals `beside` them. A process keeps one for each
kind. Own standards are apart: they are compared by themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce

from app.laboratory.library.domain import AnyLibrary, Holds, Libraries, Opened
from spectra import InfraredLibrary, MassLibrary

Key = Callable[[str, str], str]
"""From the key and the name of an entry to the key its compound is known under."""
Join = Callable[[Sequence[Opened]], AnyLibrary]
"""Puts the libraries of one kind together; two ways that are equal give the same library."""
MOST_PEAKS = 6_000_000
"""Peaks of mass libraries that are put together, some 430 MB with their index (73 bytes each, measured); more, and the largest library is asked alone."""
MOST_CURVES = 30_000
"""Infrared entries that are put together, about as much."""


@dataclass(frozen=True, slots=True)
class JoinedLibraries:
    """What is asked of one kind: the libraries in it, in order, and those that were too large to be put beside the largest."""

    spectra: AnyLibrary
    libraries: tuple[Opened, ...]
    left_out: tuple[Opened, ...] = ()

    @property
    def general(self) -> tuple[Opened, ...]:
        """Those asked where the drugs do not explain a reading, because libraries of drugs stand beside them. Unit masses alone know that."""
        spectra = self.spectra
        beside = isinstance(spectra, MassLibrary) and spectra.general is not None and not spectra.accurate
        return tuple(one for one in self.libraries if beside and one.holds is Holds.GENERAL)

    @property
    def unused(self) -> tuple[Opened, ...]:
        """Those with a calibration of the laboratory's own, which holds for one library and not for several."""
        several = len(self.libraries) > 1
        return tuple(one for one in self.libraries if several and getattr(one.spectra, "calibration", None) is not None)


def mass_of(
    registry: Libraries, names: Collection[str] = (), *, accurate: bool, key: Key | None = None
) -> JoinedLibraries | None:
    """All mass libraries of unit or of accurate masses; None where there is none. Beside drugs an entry goes by its `key`."""
    libraries = _compared(registry.mass(names, accurate=accurate), names)
    return _joined(f"mass {accurate}", libraries, _Mass(key), lambda one: int(one.mass.table.mz.size), MOST_PEAKS)


def infrared_of(registry: Libraries, names: Collection[str] = ()) -> JoinedLibraries | None:
    """All infrared libraries, which lie on one grid. None is `beside` another: infrared mixtures know no general chemicals."""
    libraries = _compared(registry.infrared(names), names)
    return _joined("infrared", libraries, _infrared, len, MOST_CURVES)


def _joined(
    kind: str,
    libraries: Sequence[Opened],
    join: Join,
    size: Callable[[Opened], int],
    most: int,
) -> JoinedLibraries | None:
    if len(libraries) < 2:
        return JoinedLibraries(libraries[0].spectra, tuple(libraries)) if libraries else None
    if sum(map(size, libraries)) > most:
        largest = max(libraries, key=len)
        return JoinedLibraries(largest.spectra, (largest,), tuple(one for one in libraries if one is not largest))
    return _KEPT.get(kind, libraries, join)


def _compared(libraries: Sequence[Opened], names: Collection[str]) -> list[Opened]:
    """Libraries of drugs, then the others. A starter library is for training: beside a larger one of drugs it is asked by name only."""
    drugs = [one for one in libraries if one.holds is Holds.DRUGS and not one.own]
    imported = sum(len(one) for one in drugs if not one.starter)
    kept = [one for one in drugs if names or not one.starter or len(one) > imported]
    return [*kept, *(one for one in libraries if one.holds is Holds.GENERAL and not one.own)]


@dataclass(frozen=True, slots=True)
class _Mass:
    """Puts mass libraries together; two of one `key` are equal."""

    key: Key | None

    def __call__(self, libraries: Sequence[Opened]) -> MassLibrary:
        drugs, general = ([one.mass for one in libraries if one.holds is kind] for kind in Holds)
        parts = [reduce(MassLibrary.joined, some) for some in (drugs, general) if some]
        return parts[0].beside(parts[1], self.key) if len(parts) > 1 else parts[0]


def _infrared(libraries: Sequence[Opened]) -> InfraredLibrary:
    return reduce(InfraredLibrary.joined, (one.infrared for one in libraries))


class _Kept:
    """The latest of each kind. Made under a lock, so that two samples at once do not make it twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[JoinedLibraries, Join]] = {}

    def get(self, kind: str, libraries: Sequence[Opened], join: Join) -> JoinedLibraries:
        with self._lock:
            known, before = self._kept.get(kind, (None, None))
            if known is None or before != join or _parts(known.libraries) != _parts(libraries):
                known = JoinedLibraries(join(libraries), tuple(libraries))
            known = JoinedLibraries(known.spectra, tuple(libraries))
            self._kept[kind] = known, join
            return known


def _parts(libraries: Sequence[Opened]) -> list[tuple[int, Holds]]:
    """Which libraries these are: the very same opened ones, so that another edition under a name is another library."""
    return [(id(one.spectra), one.holds) for one in libraries]


_KEPT = _Kept()
