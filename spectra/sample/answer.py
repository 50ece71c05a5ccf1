"""What is asked about a whole sample, and the one answer to it: readings and tests in, parts with a matrix part × method out.

Imports `spectra.types` and the standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from spectra.types import Identification, InfraredSpectrum, MassRun, MassSpectrum, MixtureExplanation

if TYPE_CHECKING:
    from spectra.infrared_library import InfraredLibrary
    from spectra.mass_library import MassLibrary


class StandsFor(StrEnum):
    """What of the sample a reading shows: all of it (direct inlet, the sum of a run, infrared), or what one peak holds."""

    WHOLE_SAMPLE = "whole_sample"
    ONE_PEAK = "one_peak"


class TestResult(StrEnum):
    """What a strip or a reagent showed. A faint or an invalid one says nothing."""

    __test__ = False  # not a class of tests, whatever pytest thinks of its name

    POSITIVE = "positive"
    NEGATIVE = "negative"
    FAINT = "faint"
    INVALID = "invalid"


class State(StrEnum):
    """What one method says of one compound. The last three leave every probability as it is."""

    SEEN = "seen"
    NOT_SEEN = "not_seen"
    """Not seen though it would have been."""
    NOT_TOLD_APART = "not_told_apart"
    """One of a set that this method cannot tell apart was seen."""
    NOT_VISIBLE = "not_visible"
    """Could not have been seen: no reference, below the limit of this very reading, or a kind the method is blind to."""
    NOT_TESTED = "not_tested"


class Blindness(StrEnum):
    """Why a method says nothing of a compound."""

    NO_REFERENCE = "no_reference"
    BELOW_LIMIT = "below_limit"
    KIND = "kind"
    REFUSED = "refused"
    """Its reading supports no answer, so the method was not tested."""


@dataclass(frozen=True, slots=True)
class SampleReading:
    """One reading of the sample. `key` is the caller's name for it, `method` a short name of data/swgdrug.toml (“gc_ms”, “ftir”).

    Of a run every peak becomes a place of its own. `retention_index` is that of the spectrum where it is one peak of a run. Two
    readings of equal content count once, whatever their keys. `source` says where the bytes came from. `area_percent` is that of
    the peak it stands for. `refused`: why the file supports no answer, "" where it does.
    """

    key: str
    method: str
    data: MassSpectrum | InfraredSpectrum | MassRun | None
    stands_for: StandsFor = StandsFor.WHOLE_SAMPLE
    retention_index: float | None = None
    area_percent: float | None = None
    source: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SampleTest:
    """A strip or a reagent: `target` is a class or a compound of the register, `cut_off` in ng/mL where it is known."""

    key: str
    method: str
    target: str
    result: TestResult
    cut_off: float | None = None


@dataclass(frozen=True, eq=False)
class SampleLibraries:
    """Reference spectra by technique; None where there is none. `accurate` holds accurate masses (MS/MS or ambient)."""

    mass: MassLibrary | None = None
    infrared: InfraredLibrary | None = None
    accurate: MassLibrary | None = None
    retention: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Compound → retention index of the laboratory's own standard and its standard deviation, on the phase of these readings."""


@dataclass(frozen=True, slots=True)
class SampleRegister:
    """What is known of compounds beside their spectra. Keys of libraries lead to one key of a compound (first InChIKey block).

    `same`: key or folded name of an entry → the compound it is a form of (salt, hydrate, base; a compound known by name only).
    `seen_as`: method → compound → the compound it is seen as (what decomposes in the inlet). `blind`: method → compounds it
    cannot see whatever their amount. `classes`: compound → its class and every wider one. `names`: compound → what it is called.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seen_as: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    blind: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SampleSettings:
    """`expected`: compounds asked about apart from the answer. `what_if`: weight of an expected compound in a declared what-if, logged
    and shown beside the answer; None asks for none. `most` parts at most."""

    expected: tuple[str, ...] = ()
    what_if: float | None = None
    most: int = 6


@dataclass(frozen=True, slots=True)
class Support:
    """What one method says of one part: a state, its figures and a sentence.

    `probability` and `share` (0–1, of the signal, with 95 % interval) where the method saw it; `limit` (share) from which on it
    would have seen it; `why` where it could not, and where its reading does not count. `apart_from` are compounds it cannot tell
    it from, or what it gives instead of what it did not see. `ratio` is the likelihood ratio the state put into the answer,
    exactly 1 for the states that say nothing.
    """

    state: State
    sentence: str
    probability: float | None = None
    share: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    why: Blindness | None = None
    apart_from: tuple[str, ...] = ()
    ratio: float = 1.0
    readings: tuple[str, ...] = ()
    """Keys of the readings or tests that stand behind it."""


@dataclass(frozen=True, slots=True)
class SamplePart:
    """One thing the sample holds: the best compound of its place, the set that competes for the place, and each method's word.

    `set` holds compounds with their probability, best first, the smallest that carries the mass asked for; `single` says that one
    name alone may be given. `probability`, and every one of the set, is None where the answer withholds probabilities or the
    method gives none. `support` has one row per method, `names` the name of every compound spoken of.
    `changed` is the sentence on what a second method changed, "" where it changed nothing.
    """

    compound: str
    name: str
    probability: float | None
    set: tuple[tuple[str, float | None], ...]
    single: bool
    support: Mapping[str, Support]
    names: Mapping[str, str] = field(default_factory=dict)
    changed: str = ""
    only: str = ""
    """The method that alone names it, where others looked."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can answer, and must before a release. `key` is stable for the same question on the same readings."""

    key: str
    code: str
    text: str
    compounds: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Whether two files can be of one sample: `figure` is C of docs/methods/sample-answer.md; from `asked_at` on it is asked. `sentence` says how far."""

    figure: float
    asked_at: float
    sentence: str
    readings: tuple[str, str]


@dataclass(frozen=True, slots=True)
class CalibrationNote:
    """Which fit the figures rest on: version, date, data, what it was not fitted on, and why probabilities are withheld ("" if not)."""

    version: str
    date: str
    data: str
    not_fitted_on: tuple[str, ...]
    withheld: str = ""


@dataclass(frozen=True, eq=False)
class MethodAnswer:
    """A method's own answers, one per reading (or per peak of a run), untouched. Keys of readings; peaks as `key#1`."""

    identifications: Mapping[str, Identification] = field(default_factory=dict)
    explanations: Mapping[str, MixtureExplanation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the methods say of an expected substance, apart from the answer, which it never enters."""

    compound: str
    support: Mapping[str, Support]
    sentence: str


@dataclass(frozen=True, eq=False)
class SampleAnswer:
    """One answer for a sample.

    `parts`, largest first. `only_in`: method → names that it alone gives. `none_of_these` (0–1): none of the names for the sample taken
    as one compound; None where the answer withholds probabilities or no calibration speaks of it. `questions` are open until someone
    answers them. `reasons` are whole sentences: what was compared, what counted once, what was refused and why.
    """

    parts: tuple[SamplePart, ...]
    only_in: Mapping[str, tuple[str, ...]]
    none_of_these: float | None
    questions: tuple[Question, ...]
    conflict: Conflict | None
    by_method: Mapping[str, MethodAnswer]
    calibration: CalibrationNote
    reasons: tuple[str, ...]
    expected: tuple[Expected, ...] = ()
    what_if: str = ""
