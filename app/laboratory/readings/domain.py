"""Analyses and what a strip can say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.laboratory.identification.domain import Method
from app.platform.kernel.event import Event
from harm_messages.vocabulary import StripReading


class AnalysisStatus(StrEnum):
    """How the analysis went."""

    OK = "ok"
    REPEAT = "repeat"
    CONTAMINATED = "contaminated"
    INSUFFICIENT_SAMPLE = "insufficient_sample"
    INSTRUMENT_FAULT = "instrument_fault"


class UploadState(StrEnum):
    """Where an uploaded file stands."""

    WAITING = "waiting"
    READ = "read"
    REFUSED = "refused"
    ASKS = "asks"


@dataclass(frozen=True, slots=True)
class Quality:
    """What the guards of a result ask about a sample's analyses. Lists hold words for the screen."""

    files_waiting: int = 0
    files_unseen: tuple[str, ...] = ()
    qc_failed: tuple[str, ...] = ()
    instruments_overdue: tuple[str, ...] = ()
    methods_inactive: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignalShare:
    """What part of a reading's signal belongs to a substance of the register (0 to 1): not its weight."""

    substance_id: str
    share: float
    low: float
    high: float
    grade: str = ""


@dataclass(frozen=True, slots=True)
class ScopeFact:
    """One analysis as what it could see: the ground of every "not seen" sentence.

    `classes` are register classes or their beginnings ("*" is all); `excludes` is taken away again. A strip sees
    its target only (`classes` or `substances`). `counts` is False for runs that failed, and no negative may rest
    on them.
    """

    analysis_id: UUID
    method: Method
    title: str
    method_version: str
    category: str
    specific: bool
    status: AnalysisStatus
    qc_passed: bool
    classes: tuple[str, ...]
    excludes: tuple[str, ...]
    lod_percent: float | None
    lod_words: str
    limits: tuple[str, ...]
    substances: tuple[str, ...] = ()
    strip_target: str = ""
    strip_reading: StripReading | None = None
    strip_brand: str = ""
    strip_lot: str = ""
    strip_cut_off_ng_ml: float | None = None
    strip_dilution: str = ""
    read: bool = True
    reading_ids: tuple[str, ...] = ()
    printed: tuple[tuple[str, float], ...] | None = None
    """Register id and the limit (%) printed for it in this very reading; None where none is printed for anything."""
    shown: tuple[str, ...] = ()
    """Register ids this very reading shows, named or not: no negative about them may rest on it."""
    shares: tuple[SignalShare, ...] = ()
    blind: tuple[str, ...] = ()
    """Register ids this run could not have seen whatever their amount: no negative about them may rest on it."""

    @property
    def ran(self) -> bool:
        """It went well, its blank passed and, for an instrument, someone or something has read it."""
        return self.status is AnalysisStatus.OK and self.qc_passed and self.read

    @property
    def counts(self) -> bool:
        """Whether a negative may rest on this run."""
        return self.ran and self.strip_reading not in (StripReading.INVALID, StripReading.FAINT)


@dataclass(frozen=True, slots=True)
class StripCandidate:
    """A candidate of a spectrum, as far as the strip check needs it."""

    substance: str
    substance_id: str = ""
    drug_class: str = ""


@dataclass(frozen=True, slots=True)
class StripResult:
    """A strip of the sample. `label` is the target in words."""

    target: str
    reading: StripReading
    label: str = ""


def covers(target: str, candidate: StripCandidate) -> bool:
    """Whether a candidate is what a strip reacts to: the same register id, or a class at or under the target."""
    wanted = target.strip().lower()
    return wanted in (candidate.substance_id, candidate.drug_class) or candidate.drug_class.startswith(wanted + ".")


def strip_warnings(strips: Sequence[StripResult], infrared: Sequence[StripCandidate] | None) -> list[str]:
    """Sentences for strips that say something an infrared answer does not; `infrared` None: no FTIR was read.

    In 12,684 public samples technician FTIR found 62.8 % of what fentanyl strips found: the strip wins.
    """
    out = []
    for strip in strips:
        name = strip.label or strip.target
        if strip.reading is StripReading.POSITIVE and infrared is not None:
            if not any(covers(strip.target, one) for one in infrared):
                out.append(
                    f"The {name} strip is positive, but FTIR does not show it. FTIR misses small amounts: treat the "
                    "sample as containing it, and confirm with another method."
                )
        elif strip.reading is StripReading.FAINT:
            out.append(f"The {name} strip shows a faint line. Repeat it before relying on it.")
        elif strip.reading is StripReading.INVALID:
            out.append(f"The {name} strip is invalid and says nothing. Repeat it with a fresh strip.")
    return out


# -- warnings of a reader: whether a chemist has looked at them, and when that has to be asked again ----------------

WARNING = "warning"


def warnings_in(remarks: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Remarks that ask to be looked at."""
    return [remark for remark in remarks if remark.get("level") == WARNING]


def codes_in(readings_remarks: Iterable[Iterable[Mapping[str, str]]]) -> frozenset[str]:
    """Codes of the warnings of all readings of a file."""
    return frozenset(str(remark.get("code", "")) for remarks in readings_remarks for remark in warnings_in(remarks))


@dataclass(frozen=True, slots=True)
class ReadingsInQuestion(Event):
    """Readings of a sample are to be replaced or taken away. A result that stands on them answers with its state, in a word."""

    sample_id: UUID


@dataclass(frozen=True, slots=True)
class ReadingsChanged(Event):
    """Something of a sample's analyses or readings changed, so what is concluded from all of them is out of date."""

    sample_id: UUID
    session_id: UUID
    agency_id: UUID
