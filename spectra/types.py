"""The shared vocabulary of readings, libraries and answers: frozen, validated values.

Imports numpy only, so that `instruments` can use it without pulling in the search code.
Arrays are copied once, sorted where the physics has an order, and made read-only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class SpectrumError(ValueError):
    """A spectrum that cannot be what it says: wrong lengths, not finite, empty."""


class ReadingKind(StrEnum):
    """What an instrument file holds, named as the laboratory names it."""

    IR = "ir"
    RAMAN = "raman"
    UV = "uv"
    MASS_SPECTRUM = "mass_spectrum"
    MASS_RUN = "mass_run"
    CHROMATOGRAM = "chromatogram"
    OTHER = "other"


class Level(StrEnum):
    """How much a warning matters: errors stop an import, warnings ask, information is kept."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a reader or a quality check noticed. `code` is stable; `text` is one sentence for a chemist."""

    level: Level
    code: str
    text: str


def _array(values: ArrayLike, name: str) -> FloatArray:
    array = np.array(values, dtype=np.float64, copy=True)
    if array.ndim != 1:
        raise SpectrumError(f"{name} must be one-dimensional, got {array.ndim} dimensions")
    return array


def _frozen(array: FloatArray) -> FloatArray:
    array.setflags(write=False)
    return array


def _pair(x: ArrayLike, y: ArrayLike, x_name: str, y_name: str) -> tuple[FloatArray, FloatArray]:
    xs, ys = _array(x, x_name), _array(y, y_name)
    if xs.shape != ys.shape:
        raise SpectrumError(f"{x_name} has {xs.size} values but {y_name} has {ys.size}")
    if xs.size == 0:
        raise SpectrumError(f"{x_name} is empty")
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise SpectrumError(f"{x_name} or {y_name} holds a value that is not a finite number")
    return xs, ys


@dataclass(frozen=True, eq=False)
class MassSpectrum:
    """Peaks of one mass spectrum.

    `mz` (P,) in Da (Th) rising, `intensity` (P,) ≥ 0 in any unit; both read-only float64.
    Peaks may be given in any order. `precursor_mz` in Da. Raises SpectrumError on NaN,
    infinite, negative or mismatched arrays, and on m/z ≤ 0.
    """

    mz: FloatArray
    intensity: FloatArray
    precursor_mz: float | None = None
    ionisation: str = "EI"
    retention_time_s: float | None = None
    ms_level: int | None = None

    def __init__(
        self,
        mz: ArrayLike,
        intensity: ArrayLike,
        precursor_mz: float | None = None,
        ionisation: str = "EI",
        retention_time_s: float | None = None,
        ms_level: int | None = None,
    ) -> None:
        m, i = _pair(mz, intensity, "m/z", "intensity")
        if (m <= 0).any():
            raise SpectrumError("m/z must be greater than zero")
        if (i < 0).any():
            raise SpectrumError("intensity must not be negative")
        order = np.argsort(m, kind="stable")
        object.__setattr__(self, "mz", _frozen(m[order]))
        object.__setattr__(self, "intensity", _frozen(i[order]))
        object.__setattr__(self, "precursor_mz", precursor_mz)
        object.__setattr__(self, "ionisation", ionisation)
        object.__setattr__(self, "retention_time_s", retention_time_s)
        object.__setattr__(self, "ms_level", ms_level)

    @property
    def base_peak_mz(self) -> float:
        """m/z of the most intense peak, in Da."""
        return float(self.mz[int(np.argmax(self.intensity))])


@dataclass(frozen=True, eq=False)
class InfraredSpectrum:
    """One infrared (or Raman) spectrum: `wavenumber` (N,) in cm⁻¹ strictly rising, `absorbance` (N,).

    Either direction is accepted; stored rising. `resolution` in cm⁻¹ where the instrument told it, `technique` "IR" or
    "Raman" where it is known. Raises SpectrumError on NaN, infinite or mismatched arrays, and on a wavenumber that
    repeats.
    """

    wavenumber: FloatArray
    absorbance: FloatArray
    resolution: float | None = None
    technique: str = ""

    def __init__(
        self, wavenumber: ArrayLike, absorbance: ArrayLike, resolution: float | None = None, technique: str = ""
    ) -> None:
        w, a = _pair(wavenumber, absorbance, "wavenumber", "absorbance")
        order = np.argsort(w, kind="stable")
        w, a = w[order], a[order]
        if w.size > 1 and (np.diff(w) <= 0).any():
            raise SpectrumError("wavenumber repeats a value; average the points that share one")
        object.__setattr__(self, "wavenumber", _frozen(w))
        object.__setattr__(self, "absorbance", _frozen(a))
        object.__setattr__(self, "resolution", resolution)
        object.__setattr__(self, "technique", technique)


@dataclass(frozen=True, eq=False)
class MassRun:
    """Scans of one chromatographic or flow run. `retention_time` (S,) in seconds, one per scan."""

    scans: tuple[MassSpectrum, ...]
    retention_time: FloatArray

    def __init__(self, scans: Sequence[MassSpectrum], retention_time: ArrayLike) -> None:
        times = _array(retention_time, "retention time")
        if len(scans) != times.size:
            raise SpectrumError(f"{len(scans)} scans but {times.size} retention times")
        object.__setattr__(self, "scans", tuple(scans))
        object.__setattr__(self, "retention_time", _frozen(times))

    @property
    def total_ion_current(self) -> FloatArray:
        """Sum of intensities per scan, (S,)."""
        return np.array([float(s.intensity.sum()) for s in self.scans])


@dataclass(frozen=True, eq=False)
class Reading:
    """What one instrument file (or one block of it) says, in its own units, nothing converted.

    `x` and `y` (N,) as recorded; for a mass run `x` is retention time in `x_unit` and `y` the total
    ion current, and `scans` holds the spectra. `meta` is what the file says about itself;
    `remarks` what the reader noticed. `source_sha256` identifies the bytes it came from.
    """

    kind: ReadingKind
    x: FloatArray
    y: FloatArray
    x_unit: str
    y_unit: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    source_sha256: str = ""
    format: str = ""
    reader: str = ""
    reader_version: str = ""
    title: str = ""
    instrument: str = ""
    ms_level: int | None = None
    scans: tuple[MassSpectrum, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        x, y = _array(self.x, "x"), _array(self.y, "y")
        if x.shape != y.shape:
            raise SpectrumError(f"x has {x.size} values but y has {y.size}")
        object.__setattr__(self, "x", _frozen(x))
        object.__setattr__(self, "y", _frozen(y))
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))

    @property
    def n_points(self) -> int:
        """Number of points; for a run, of scans."""
        return int(self.x.size)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Texts of the remarks a person should read."""
        return tuple(r.text for r in self.remarks if r.level is not Level.INFO)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a library entry or library came from, and under which terms."""

    source: str
    licence: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class LibraryEntry:
    """One reference spectrum. `compound` is equal for the same compound (InChIKey first block where known)."""

    id: str
    substance: str
    compound: str
    technique: str
    spectrum: MassSpectrum | InfraredSpectrum
    provenance: Provenance
    formula: str = ""
    form: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One library entry that resembles the query.

    `score` is in the scale of `score_name`; `reverse_score` ignores query peaks the entry lacks;
    `explained_fraction` (0–1) is the share of query intensity that matched; `ambiguous_with` names
    compounds this method cannot tell from this one; entries of the same `ambiguity_group` belong together.
    `precursor_error` in ppm (above 0 where the reading's precursor lies higher) where an identity search compared it.
    """

    entry: int
    name: str
    compound: str
    score: float
    score_name: str
    reverse_score: float | None = None
    matched_peaks: int | None = None
    explained_fraction: float | None = None
    rank: int = 0
    library: str = ""
    entry_id: str = ""
    ambiguity_group: int | None = None
    ambiguous_with: tuple[str, ...] = ()
    shift: float | None = None
    margin: float | None = None
    precursor_error: float | None = None


class IdentificationLevel(StrEnum):
    """How far an answer goes; the wording on every screen follows from it."""

    IDENTIFIED = "identified"
    CONSISTENT_WITH = "consistent_with"
    CLASS_ONLY = "class_only"
    RELATED = "related"
    NOTHING_ABOVE_LIMIT = "nothing_above_limit"


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer for one spectrum as a set of compounds with probabilities, and the chance it is none of them.

    `calibrated` is False while the probabilities come from a default curve and not from measured data; `calibration`
    names the data and procedure behind them. `not_distinguished` are compounds (keys) that this method cannot tell
    from the best one, whatever the probabilities say. `score_name` is the score the ranking rests on.
    """

    level: IdentificationLevel
    compounds: tuple[tuple[str, float], ...]
    set: tuple[str, ...]
    p_not_in_library: float | None
    reasons: tuple[str, ...] = ()
    calibrated: bool = False
    calibration: str = ""
    not_distinguished: tuple[str, ...] = ()
    score_name: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a mixture. `share` is a share of signal (0–1), not of weight, with its interval.

    `probability` that it is there, where the method gives one; `not_distinguished` are compounds (keys) that would
    explain the reading as well in its place.
    """

    compound: str
    share: float
    low: float
    high: float
    grade: str = "possible"
    name: str = ""
    probability: float | None = None
    not_distinguished: tuple[str, ...] = ()
    entry: int | None = None


@dataclass(frozen=True, eq=False)
class MixtureExplanation:
    """A non-negative combination of library entries that explains a reading, and what it leaves unexplained.

    `detection_limits` maps compound to the share that would have been seen in this very reading. `axis`, `fitted`
    and `residual` are parallel arrays: m/z or cm⁻¹, the sum of the parts, and query less fit. `withheld` are those of
    the `reasons` that tell of compounds which may be there and are not named, `general` those that say what a library of general
    chemicals counted or would explain.
    """

    components: tuple[Component, ...]
    unexplained_fraction: float
    incomplete: bool = False
    reasons: tuple[str, ...] = ()
    detection_limits: Mapping[str, float] = field(default_factory=dict)
    residual_ratio: float | None = None
    residual_bands: tuple[float, ...] = ()
    fitted: FloatArray | None = None
    residual: FloatArray | None = None
    axis: FloatArray | None = None
    calibrated: bool = False
    withheld: tuple[str, ...] = ()
    general: tuple[str, ...] = ()
