"""Small spectra for tests: hypothesis strategies with many ties and collisions, and plain builders."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from spectra import MassLibrary, MassSpectrum


def nominal_spectra() -> st.SearchStrategy[MassSpectrum]:
    """Few integer masses and intensities, so that equal scores are common."""
    peaks = st.dictionaries(st.integers(40, 56), st.integers(0, 6), min_size=1, max_size=9)
    return peaks.filter(lambda p: max(p.values()) > 0).map(
        lambda p: MassSpectrum(list(p), [float(v) for v in p.values()], precursor_mz=float(max(p) + 1))
    )


def accurate_spectra() -> st.SearchStrategy[MassSpectrum]:
    """Masses on a coarse lattice with small offsets: some within, some just outside the tolerance of 0.01."""
    mass = st.builds(
        lambda base, off: base + off / 1000, st.integers(50, 58), st.sampled_from([0, 3, 9, 12, 20, 60, 100])
    )
    peaks = st.dictionaries(mass, st.integers(1, 9), min_size=1, max_size=7)
    precursor = st.sampled_from([60.0, 61.0, 61.004, 62.0])
    return st.builds(lambda p, m: MassSpectrum(list(p), [float(v) for v in p.values()], m, "ESI"), peaks, precursor)


def library_of(spectra: list[MassSpectrum], accurate: bool = False, **columns: list[str]) -> MassLibrary:
    """A library of spectra, every entry its own compound unless told otherwise."""
    names = columns.get("names", [f"n{i}" for i in range(len(spectra))])
    compounds = columns.get("compounds", [f"c{i}" for i in range(len(spectra))])
    return MassLibrary.from_arrays(
        np.concatenate([s.mz for s in spectra]),
        np.concatenate([s.intensity for s in spectra]),
        np.r_[0, np.cumsum([s.mz.size for s in spectra])],
        names=names,
        compounds=compounds,
        precursor_mz=[np.nan if s.precursor_mz is None else s.precursor_mz for s in spectra],
        formulas=columns.get("formulas"),
        accurate=accurate,
    )


MDMA = MassSpectrum([58, 56, 77, 135, 51, 59, 136, 105, 193], [999, 55, 52, 50, 48, 35, 26, 13, 4])
MDA = MassSpectrum([44, 136, 135, 51, 77, 179], [999, 220, 106, 77, 74, 10])
