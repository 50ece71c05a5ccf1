"""Several mass libraries asked together and reported apart: each answer says which library it came from.

Why: an in-house library and two public ones are one question for a chemist, but their entries never mix. Imports
`spectra` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spectra.index.precursor_error import cost
from spectra.mass_library import MassLibrary
from spectra.similarity import Score, score_named
from spectra.types import Candidate, Identification, LibraryEntry, MassSpectrum, SpectrumError


class LibrarySet:
    """Libraries in the order of the laboratory's trust; `names` one per library, made different where they repeat.

    >>> first = MassLibrary.from_arrays([58, 91], [9, 1], [0, 2], names=["A"], compounds=["a"], info={"name": "own"})
    >>> other = MassLibrary.from_arrays([58, 91], [9, 2], [0, 2], names=["B"], compounds=["b"], info={"name": "own"})
    >>> both = LibrarySet([first, other])
    >>> [(c.rank, c.library, c.entry, c.name) for c in both.search(MassSpectrum([58, 91], [9, 1]))]
    [(1, 'own', 0, 'A'), (2, 'own (2)', 0, 'B')]
    """

    def __init__(self, libraries: Sequence[MassLibrary]) -> None:
        self.libraries = tuple(libraries)
        self.names = tuple(_different([str(lib.info.get("name", "")) or "library" for lib in libraries]))

    def __len__(self) -> int:
        return len(self.libraries)

    def __iter__(self) -> Iterator[tuple[str, MassLibrary]]:
        return iter(zip(self.names, self.libraries, strict=True))

    def __getitem__(self, name: str) -> MassLibrary:
        if name not in self.names:
            raise KeyError(f"there is no library called {name!r} here; there are {', '.join(self.names) or 'none'}")
        return self.libraries[self.names.index(name)]

    def search(
        self,
        query: MassSpectrum,
        top: int = 10,
        score: str | Score = "composite",
        tolerance: float | None = None,
        precursor_tolerance: float | None = None,
    ) -> list[Candidate]:
        """The `top` best entries of all libraries, exactly: in the order of `MassLibrary.search`, then library, then entry.

        Arguments and errors as `MassLibrary.search`. `library` and `entry` together address an entry; entries with
        one accession in two libraries are two candidates.
        """
        apart = self.search_each(query, top, score, tolerance, precursor_tolerance)
        rows = [row for name in self.names for row in apart[name]]
        full = (score if isinstance(score, Score) else score_named(score)).full
        rows.sort(key=lambda row: cost(row.precursor_error or 0.0) - row.score / full)
        return [replace(row, rank=k) for k, row in enumerate(rows[:top], start=1)]

    def search_each(
        self,
        query: MassSpectrum,
        top: int = 10,
        score: str | Score = "composite",
        tolerance: float | None = None,
        precursor_tolerance: float | None = None,
    ) -> dict[str, list[Candidate]]:
        """The `top` best entries of every library, apart. Scores of libraries of unlike kinds do not compare."""
        if len({lib.accurate for lib in self.libraries}) > 1 and isinstance(score, Score):
            raise SpectrumError("a score object fits unit-mass or accurate libraries, not both: ask by name")
        return {
            name: [replace(c, library=name) for c in lib.search(query, top, score, tolerance, precursor_tolerance)]
            for name, lib in self
        }

    def identify_each(self, query: MassSpectrum) -> dict[str, Identification]:
        """What every library says about one spectrum, apart: see `MassLibrary.identify`."""
        return {name: lib.identify(query) for name, lib in self}

    def entry(self, candidate: Candidate) -> LibraryEntry:
        """The library entry behind a candidate of this set."""
        return self[candidate.library].entry(candidate.entry)


def _different(names: Sequence[str]) -> Iterator[str]:
    """The names, a repeated one with its number."""
    seen: set[str] = set()
    for name in names:
        chosen, k = name, 1
        while chosen in seen:
            k += 1
            chosen = f"{name} ({k})"
        seen.add(chosen)
        yield chosen
