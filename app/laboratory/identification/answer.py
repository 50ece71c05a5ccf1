"""The answer of an identification as one typed tree: what a reading may be, how sure, and what limits it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from app.laboratory.identification import parts
from spectra import IdentificationLevel


class Level(StrEnum):
    """How far an answer goes: that of the identification, or that there was none."""

    IDENTIFIED = IdentificationLevel.IDENTIFIED.value
    CONSISTENT_WITH = IdentificationLevel.CONSISTENT_WITH.value
    CLASS_ONLY = IdentificationLevel.CLASS_ONLY.value
    RELATED = IdentificationLevel.RELATED.value
    NOTHING_ABOVE_LIMIT = IdentificationLevel.NOTHING_ABOVE_LIMIT.value
    NOT_COMPARED = "not_compared"
    NOT_READABLE = "not_readable"
    """Stored in a form that this version cannot read; never stored itself."""


NAMING_LEVELS = frozenset({Level.IDENTIFIED, Level.CONSISTENT_WITH, Level.CLASS_ONLY})
"""From here on an answer names a substance; below it is a likeness at most."""


@dataclass(frozen=True, slots=True)
class PeakAnswer:
    """What is kept of the answer of one peak of a run."""

    sentences: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    in_house: parts.InHouse | None = field(default=None, metadata=parts.IF_KNOWN)
    probability: parts.Probabilities | None = field(default=None, metadata=parts.BESIDE)


@dataclass(frozen=True, slots=True)
class Peak:
    """One component of a run as compared: its number from 1, time, area, spectrum, candidates and answer."""

    peak: parts.Count = 0
    retention_time_s: parts.Number = 0.0
    area_percent: parts.Number | None = None
    area: parts.Number | None = None
    width_s: parts.Number | None = None
    signal_to_noise: parts.Number | None = None
    own_share: parts.Number | None = None
    retention_index: parts.Number | None = None
    retention_note: str = ""
    remarks: tuple[str, ...] = ()
    level: Level = Level.NOT_COMPARED
    headline: str = ""
    answer: PeakAnswer | None = field(default=None, metadata=parts.IF_KNOWN)
    candidates: tuple[parts.Candidate, ...] = ()
    mz: tuple[parts.Number, ...] = ()
    intensity: tuple[parts.Number, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRow:
    """One compound of a run with the area of its peaks; `substance` is "" for a peak without a name."""

    substance: str = ""
    compound: str = ""
    substance_id: str = ""
    level: Level = Level.NOT_COMPARED
    headline: str = ""
    area_percent: parts.Number | None = None
    peaks: tuple[parts.Count, ...] = ()
    retention_time_s: parts.Number = 0.0
    ambiguous_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is said of a run as a whole."""

    components: parts.Count = 0
    compared: parts.Count = 0
    sentences: tuple[str, ...] = ()
    unexplained_percent: parts.Number | None = None
    peak_width_s: parts.Number | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reading resembles. Of a run it is that of the largest peak, with all of them in `peaks`.

    `set` holds the compounds that carry the answer; `sentences` say why and how far it holds; `searched` what was
    searched. `ranked_by` is set where another score than the shown one orders the candidates. `limits` are sentences
    on what the method, the instrument and the reader cannot tell.
    """

    level: Level = Level.NOT_COMPARED
    headline: str = ""
    sentences: tuple[str, ...] = ()
    quality: tuple[parts.QualityRemark, ...] = ()
    set: tuple[str, ...] = ()
    components: tuple[parts.Component, ...] = ()
    unexplained_fraction: parts.Number | None = None
    incomplete: parts.Flag | None = None
    searched: str = ""
    peaks: tuple[Peak, ...] = ()
    ranked_by: str | None = field(default=None, metadata=parts.IF_KNOWN)
    probability: parts.Probabilities | None = field(default=None, metadata=parts.BESIDE)
    fit: parts.MixtureFit | None = field(default=None, metadata=parts.BESIDE)
    residual: parts.Residual | None = field(default=None, metadata=parts.IF_KNOWN)
    mixture: str | None = field(default=None, metadata=parts.IF_KNOWN)
    energies: tuple[parts.Number, ...] | None = field(default=None, metadata=parts.IF_KNOWN)
    infrared: parts.Infrared | None = field(default=None, metadata=parts.IF_KNOWN)
    formula_screen: parts.FormulaScreen | None = field(default=None, metadata=parts.BESIDE)
    in_house: parts.InHouse | None = field(default=None, metadata=parts.IF_KNOWN)
    summary: tuple[RunRow, ...] | None = field(default=None, metadata=parts.IF_KNOWN)
    run: RunFacts | None = field(default=None, metadata=parts.IF_KNOWN)
    controls: tuple[str, ...] | None = field(default=None, metadata=parts.IF_KNOWN)
    limits_widened: parts.Number | None = field(default=None, metadata=parts.IF_KNOWN)
    score_name: str = ""
    candidates: tuple[parts.Candidate, ...] = ()
    libraries: tuple[parts.SearchedLibrary, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def compared(self) -> bool:
        """Whether the reading was compared with anything, and this version can read the answer."""
        return self.level not in (Level.NOT_COMPARED, Level.NOT_READABLE)

    def peak_at(self, number: int | None) -> Peak | None:
        """The peak of a run with this number; None where there is none."""
        return next((peak for peak in self.peaks if peak.peak == number), None)
