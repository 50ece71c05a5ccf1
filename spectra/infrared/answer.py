"""The answer to one infrared reading: what a screen, a message or a notebook needs, frozen and complete.

Imports numpy and `spectra.types` only, so that readers of answers need not load the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spectra.types import FloatArray, MixtureExplanation


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the reading differs from the library as an instrument, not as a substance.

    `shift` in cm⁻¹: the reading's bands lie this much above the references'. `blur` in (cm⁻¹)²: variance by which
    its bands are wider (negative: sharper). `tilt`: exponent of (ν/1800), the loss of intensity towards one end.
    """

    shift: float = 0.0
    blur: float = 0.0
    tilt: float = 0.0


@dataclass(frozen=True, slots=True)
class DiagnosticBand:
    """One band that speaks for a component given the others.

    `position` where the reference has it after alignment and `found` where the reading has it (cm⁻¹, None when
    `missing`); `error` = found − position; `weight` (0–1) its share of the component's own evidence.
    """

    position: float
    found: float | None
    error: float | None
    weight: float
    missing: bool = False


@dataclass(frozen=True, slots=True)
class DetectionLimit:
    """What would have been seen of one compound in this very reading. All numbers are shares of signal, 0–1.

    `limit`: from this share on it would have been seen; `estimate` with `low` and `high`: the share fitted when the
    compound is added. `seen` is None when the reading cannot say. `estimator` names the rule behind the numbers.
    """

    compound: str
    name: str
    limit: float
    estimate: float
    low: float
    high: float
    seen: bool | None
    estimator: str = ""


@dataclass(frozen=True, slots=True)
class DifferenceWindow:
    """A range `low`–`high` (cm⁻¹) in which the two best hits differ most, and the compound the reading supports."""

    low: float
    high: float
    supports: str


@dataclass(frozen=True, eq=False)
class InfraredExplanation(MixtureExplanation):
    """A mixture explanation in absorbance, with the alignment and everything needed to draw and to doubt it.

    `axis` (M,) cm⁻¹ rising, the compared range; `fitted`, `residual`, `baseline`, `expected` (M,) and `contributions`
    (K, M, one row per component) in the reading's own absorbance, NaN where not compared. fitted = baseline +
    Σ contributions; residual = reading − fitted. `expected` is the half width (2 sd of noise and reference mismatch)
    within which the residual should lie. `noise` in absorbance; `signal_to_noise` = strongest absorbance / noise.
    `bands` holds one tuple per component. `components[k].entry` is the library entry of contribution k.
    `mostly_unexplained`: more is left over than explained, so that no name can be relied on. `about_residual`: what is
    left over, in words; empty where no more is left than this noise allows.

    >>> answer = InfraredExplanation((), 1.0)
    >>> answer.alignment is None, answer.limits, answer.contributions.shape
    (True, (), (0, 0))
    """

    alignment: Alignment | None = None
    contributions: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    baseline: FloatArray = field(default_factory=lambda: np.zeros(0))
    expected: FloatArray = field(default_factory=lambda: np.zeros(0))
    bands: tuple[tuple[DiagnosticBand, ...], ...] = ()
    limits: tuple[DetectionLimit, ...] = ()
    differences: tuple[DifferenceWindow, ...] = ()
    noise: float = 0.0
    signal_to_noise: float = 0.0
    mostly_unexplained: bool = False
    about_residual: tuple[str, ...] = ()
