"""The parts of an answer: candidates, shares of a mixture, limits of detection, formulae and what is known of them.

Shares are parts of 1 of the signal (not of the weight), wavenumbers cm⁻¹, masses m/z, errors of masses ppm, times
seconds, areas percent. Nearly every field has a default, because answers of earlier versions lack some. How a part is
stored says app.laboratory.identification.codec: BESIDE and IF_KNOWN are for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Strict

# as they are: a stored text that only looks like a number is refused
Number = Annotated[float, Strict()]
Count = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]

BESIDE = {"stored": "beside"}
"""Marks a part whose keys are stored on the level of its owner; where it is None, none of them is."""
IF_KNOWN = {"stored": "if_known"}
"""Marks a value that is stored only where it is not None."""
ALL_OF_IT = 0.995
"""A single part with a share from here on has all of the signal by definition: the figure measures nothing."""


def whole_percent(share: float) -> str:
    """A share or a probability in whole percent, never 0 and never 100, which no measurement gives.

    >>> whole_percent(0.0), whole_percent(0.424), whole_percent(0.999)
    ('under 1\xa0%', '42\xa0%', 'over 99\xa0%')
    """
    if share < 0.01:
        return "under 1\u00a0%"
    return "over 99\u00a0%" if share > 0.99 else f"{share * 100:.0f}\u00a0%"


def share_words(share: float) -> str:
    """A part's share of the signal; one that stands by itself has all of it by definition.

    >>> share_words(0.424), share_words(1.0)
    ('42\xa0% of the signal', 'alone')
    """
    return "alone" if share >= ALL_OF_IT else f"{whole_percent(share)} of the signal"


@dataclass(frozen=True, slots=True)
class QualityRemark:
    """What was noticed about the reading itself."""

    level: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class SearchedLibrary:
    """A library that was searched."""

    key: str
    name: str
    n_entries: Count = 0
    starter: Flag = False
    source: str = ""


# -- candidates ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnRun:
    """The run of the laboratory's own standard behind a candidate. `void`: why it is no evidence, "" where it is."""

    own: Flag = True
    void: str = ""
    lot: str = ""
    instrument: str = ""
    measured_on: str = ""
    standard_id: str = ""
    retention_time_s: Number | None = None
    retention_index: Number | None = None


@dataclass(frozen=True, slots=True)
class FormulaFit:
    """How a candidate fits by its formula: the strongest ion with its error, and its isomers by name."""

    mz: Number = 0.0
    formula: str = ""
    adduct: str = ""
    error_ppm: Number = 0.0
    isomers: tuple[str, ...] = ()
    isotope_cosine: Number | None = None


@dataclass(frozen=True, slots=True)
class Alignment:
    """How well a candidate's bands fit once shift, width, tilt and baseline are fitted, 0 to 1; None: not aligned."""

    aligned: Number | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One compound a reading resembles, with the library entry that stands for it.

    `score` is that of `score_name`; `margin` its lead over the next other group. `ambiguous_with` are names that this
    method cannot tell from it. `substance_id` and `substance_class` are the register's, "" where it has no such row.
    `entry_index` is None for a formula, which has no spectrum.
    """

    rank: Count = 0
    substance: str = ""
    compound: str = ""
    substance_id: str = ""
    substance_class: str = ""
    entry: str = ""
    library: str = ""
    library_key: str = ""
    entry_index: Count | None = None
    starter: Flag = False
    score: Number = 0.0
    score_name: str = ""
    reverse_score: Number | None = None
    matched_peaks: Count | None = None
    explained_fraction: Number | None = None
    ambiguous_with: tuple[str, ...] = ()
    ambiguity_group: Count | None = None
    shift: Number | None = None
    margin: Number | None = None
    alignment: Alignment | None = field(default=None, metadata=BESIDE)
    formula_fit: FormulaFit | None = field(default=None, metadata=BESIDE)
    own_run: OwnRun | None = field(default=None, metadata=BESIDE)

    @property
    def aligned(self) -> float | None:
        """The aligned score of the candidate; None for what is no spectrum of bands, or was not aligned."""
        return self.alignment.aligned if self.alignment is not None else None

    @property
    def void(self) -> str:
        """Why the own standard behind it was no evidence when this was compared."""
        return self.own_run.void if self.own_run is not None else ""


# -- parts of an answer --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Probability per compound among the entries of one library, and what the method cannot tell apart, by name."""

    calibrated: Flag = False
    calibration: str = ""
    probabilities: tuple[tuple[str, Number], ...] = ()
    probability_names: Mapping[str, str] = field(default_factory=dict)
    p_not_in_library: Number | None = None
    not_distinguished: tuple[str, ...] = ()
    probabilities_of: str = ""


@dataclass(frozen=True, slots=True)
class Weight:
    """A share by weight of what was seen, with its interval of 95 %."""

    value: Number
    low: Number
    high: Number


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a mixture with its share of the signal and how sure it is. `not_distinguished`: other names of it."""

    substance: str = ""
    compound: str = ""
    substance_id: str = ""
    substance_class: str = ""
    share: Number = 0.0
    low: Number = 0.0
    high: Number = 0.0
    grade: str = ""
    probability: Number | None = None
    not_distinguished: tuple[str, ...] = ()
    weight: Weight | None = field(default=None, metadata=IF_KNOWN)


@dataclass(frozen=True, slots=True)
class MixtureFit:
    """What is said of the fit of a mixture: notes, limits of detection by compound, bands or masses left over."""

    component_notes: tuple[str, ...] = ()
    detection_limits: Mapping[str, Number] = field(default_factory=dict)
    residual_bands: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Residual:
    """What a mixture leaves of a mass spectrum, and what it explains, in percent of the base peak."""

    mz: tuple[Number, ...] = ()
    residual: tuple[Number, ...] = ()
    fitted: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Isomer:
    """Another own standard, and whether the one that fits best excludes it; `by` what, with the reasons."""

    compound: str = ""
    name: str = ""
    excluded: Flag = False
    by: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InHouse:
    """What own standards say: how many were searched, compounds they support, and by retention too."""

    searched: Count = 0
    supports: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    retention_agrees: tuple[str, ...] | None = field(default=None, metadata=IF_KNOWN)
    isomers: tuple[Isomer, ...] | None = field(default=None, metadata=IF_KNOWN)


# -- infrared ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AxisShift:
    """How the whole reading lies against the library: shift (cm⁻¹), square of the added width (cm⁻²), tilt."""

    shift: Number = 0.0
    blur: Number = 0.0
    tilt: Number = 0.0


@dataclass(frozen=True, slots=True)
class DetectionLimit:
    """From which share on a substance would have been seen in this reading; `seen` None: the reading cannot say."""

    substance: str = ""
    compound: str = ""
    substance_id: str = ""
    substance_class: str = ""
    limit: Number = 1.0
    estimate: Number = 0.0
    low: Number = 0.0
    high: Number = 0.0
    seen: Flag | None = None
    estimator: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """One band that speaks for a part, where the reference has it and where the reading has it (cm⁻¹)."""

    position: Number = 0.0
    found: Number | None = None
    error: Number | None = None
    weight: Number = 0.0
    missing: Flag = False


@dataclass(frozen=True, slots=True)
class BandsOfPart:
    """The bands that speak for one part."""

    compound: str = ""
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A window (cm⁻¹) in which the two best explanations differ most, and the compound the reading goes with there."""

    low: Number
    high: Number
    supports: str = ""


@dataclass(frozen=True, slots=True)
class Curves:
    """The fit as it was answered: whole numbers of `unit` at the wavenumbers `x`; `parts` in the order of the parts."""

    unit: Number
    x: tuple[Number, ...] = ()
    fitted: tuple[Count, ...] = ()
    residual: tuple[Count, ...] = ()
    expected: tuple[Count, ...] = ()
    parts: tuple[tuple[Count, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Infrared:
    """What only a spectrum of bands has of an answer. `mostly_unexplained`: no name in it can be relied on."""

    alignment: AxisShift | None = None
    signal_to_noise: Number = 0.0
    mostly_unexplained: Flag = False
    residual_ratio: Number | None = None
    limits: tuple[DetectionLimit, ...] = ()
    bands: tuple[BandsOfPart, ...] = ()
    differences: tuple[Difference, ...] = ()
    curves: Curves | None = None


# -- accurate masses -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ion:
    """An ion of a formula: its mass error, and its height as a share of the strongest."""

    adduct: str = ""
    mz: Number = 0.0
    error_ppm: Number = 0.0
    height: Number = 0.0


@dataclass(frozen=True, slots=True)
class FormulaHit:
    """A formula of the register that fits an ion, with its isomers by name and all its ions."""

    mz: Number = 0.0
    formula: str = ""
    adduct: str = ""
    error_ppm: Number = 0.0
    isomers: tuple[str, ...] = ()
    ions: tuple[Ion, ...] = ()


@dataclass(frozen=True, slots=True)
class LockMass:
    """One lock mass: where it should be, where it was, and its error before and after."""

    expected: Number = 0.0
    measured: Number = 0.0
    before_ppm: Number | None = None
    after_ppm: Number | None = None


@dataclass(frozen=True, slots=True)
class MassScaleUsed:
    """How the masses were moved before they were compared. `estimated`: without a lock mass."""

    estimated: Flag = False
    before_ppm: Number | None = None
    after_ppm: Number | None = None
    window_ppm: Number = 0.0
    missing: tuple[Number, ...] = ()
    locks: tuple[LockMass, ...] = ()


@dataclass(frozen=True, slots=True)
class FormulaScreen:
    """What accurate masses say by formula; what was set aside with its reason; None: masses as measured."""

    formulas: tuple[FormulaHit, ...] = ()
    set_aside: tuple[str, ...] = ()
    mass_scale: MassScaleUsed | None = None
