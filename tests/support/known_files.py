"""Instrument files whose content a test knows, made of the starter libraries' own figures."""

from __future__ import annotations

from spectra import starter_mass_library
from tests.support.curves import jcamp, mixture
from tests.support.small_files import small_ms


def ei_of(name: str) -> bytes:
    """The EI figures of a substance as a file."""
    library = starter_mass_library()
    spectrum = library.spectrum(list(library.names).index(name))
    peaks = " ".join(f"{mz:.0f} {height:.0f};" for mz, height in zip(spectrum.mz, spectrum.intensity, strict=True))
    return small_ms("unknown", peaks)


def ir_of(**parts: float) -> bytes:
    """An infrared file of the curves of these, each times its factor."""
    return jcamp(mixture(parts))
