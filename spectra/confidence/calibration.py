"""Calibration: from scores to probabilities, sets and the chance of "not in the library", with where it came from.

Why: a probability that nobody checked against readings of known samples is a guess. A calibration is a value: frozen,
kept as JSON, named in every answer. Fitting stands in `fitting`. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from spectra.types import FloatArray, SpectrumError

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Source:
    """Readings a calibration was fitted on."""

    name: str
    readings: int
    compounds: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Reliability: `n` first answers with probability in [low, high), their mean probability, and the share right."""

    low: float
    high: float
    n: int
    stated: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything that turns a ranking into an honest answer.

    `kind` "ei" or "msms"; `ranking` the version of the score it belongs to; `weights` of that score; `temperature` T of
    p = softmax(score/T'), T' = T · exp(quality_slope · max(0, quality_knee − quality) + peak_slope · max(0, ln(peak_knee
    / peaks))): worse readings spread wider. `set_mass`: a set is the smallest that carries this much, and at most
    `largest` compounds (0: any number). A set of one needs `single_mass` and at least `single_peaks` peaks. `not_in_library`: coefficients of a logistic. `library_sizes`:
    smallest number of compounds and of peaks per entry it was made for. `own`: fitted on this laboratory's readings.
    `library_checksum` (SHA-256 over compounds and peak counts) where it holds for one library alone.
    """

    kind: str
    name: str
    ranking: str
    made_on: str
    library: str
    procedure: str
    weights: Mapping[str, float]
    temperature: float
    set_mass: float
    largest: int = 0
    quality_slope: float = 0.0
    quality_knee: float = 0.92
    peak_slope: float = 0.0
    peak_knee: float = 20.0
    single_mass: float = 0.0
    single_peaks: int = 0
    not_in_library: Mapping[str, float] = field(default_factory=dict)
    sources: Sequence[Source] = ()
    reliability: Sequence[Bin] = ()
    least_compounds: int = 0
    least_peaks: float = 0.0
    own: bool = False
    library_checksum: str = ""
    note: str = ""
    schema: int = SCHEMA

    @property
    def described(self) -> str:
        """One line for a report: name, date, how many readings of how many compounds."""
        readings, compounds = sum(s.readings for s in self.sources), sum(s.compounds for s in self.sources)
        return f"{self.name} of {self.made_on}: {readings} readings of {compounds} compounds against {self.library}"

    def probabilities(self, scores: FloatArray, quality: float, peaks: int) -> FloatArray:
        """Softmax of scores (K,), best first; `quality` 0–1 of the best match, `peaks` of the reading. (K,), sum 1."""
        spread = self.quality_slope * max(0.0, self.quality_knee - quality)
        spread += self.peak_slope * max(0.0, float(np.log(self.peak_knee / max(peaks, 1))))
        weight = np.exp((scores - scores[0]) / (self.temperature * float(np.exp(spread))))
        return np.asarray(weight / weight.sum())

    def set_size(self, probabilities: FloatArray, peaks: int) -> int:
        """How many compounds (best first) the set has: the fewest that carry `set_mass`, not above `largest`; one only when sure.

        >>> rule = Calibration("ei", "", "", "", "", "", {}, 1.0, 0.9, single_mass=0.95)
        >>> [rule.set_size(np.array(p), 50) for p in ([0.97, 0.02, 0.01], [0.92, 0.05, 0.03], [0.5, 0.3, 0.2])]
        [1, 2, 3]
        """
        size = int(np.searchsorted(np.cumsum(probabilities), self.set_mass - 1e-12)) + 1
        sure = float(probabilities[0]) >= self.single_mass and peaks >= self.single_peaks
        return min(max(size, 1 if sure else 2), self.largest or probabilities.size, probabilities.size)

    def p_not_in_library(self, figures: Mapping[str, float]) -> float | None:
        """Logistic of the figures this calibration has coefficients for; None where it has none.

        >>> rule = Calibration("ei", "", "", "", "", "", {}, 1.0, 0.9, not_in_library={"intercept": 2.0, "composite": -4.0})
        >>> rule.p_not_in_library({"composite": 0.5})
        0.5
        """
        if not self.not_in_library:
            return None
        z = self.not_in_library["intercept"]
        z += sum(c * figures[name] for name, c in self.not_in_library.items() if name != "intercept")
        return float(1.0 / (1.0 + np.exp(-np.clip(z, -30.0, 30.0))))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as JSON, whole or not at all."""
        target = Path(path)
        draft = target.with_name(target.name + ".part")
        draft.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.replace(target)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they are stored."""
        body = {**asdict(self), "weights": dict(self.weights), "not_in_library": dict(self.not_in_library)}
        return {
            **body,
            "sources": [asdict(s) for s in self.sources],
            "reliability": [asdict(b) for b in self.reliability],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Calibration:
        """From what `as_json` gave. Raises SpectrumError when it is not a calibration this version understands."""
        if body.get("schema") != SCHEMA:
            raise SpectrumError(f"this calibration has format {body.get('schema')!r}; expected {SCHEMA}: make it again")
        try:
            sources = tuple(Source(**s) for s in body.get("sources", ()))
            reliability = tuple(Bin(**b) for b in body.get("reliability", ()))
            made = cls(**{**body, "sources": sources, "reliability": reliability})
        except (TypeError, AttributeError) as error:
            raise SpectrumError(f"this calibration is not complete ({error}): make it again") from error
        if not (made.temperature > 0 and 0 < made.set_mass <= 1):
            raise SpectrumError("this calibration has no usable temperature or set mass: make it again")
        return made

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Calibration:
        """Read what `save` wrote. Raises SpectrumError when the file is not a calibration."""
        try:
            body = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SpectrumError(f"{Path(path).name} cannot be read as a calibration: {error}") from error
        if not isinstance(body, dict):
            raise SpectrumError(f"{Path(path).name} holds no calibration: make it again")
        return cls.from_json(body)


@lru_cache(maxsize=8)
def shipped(kind: str) -> Calibration:
    """The calibration that comes with MAST for "ei" or "msms": public data, other laboratories' instruments."""
    text = files("spectra").joinpath("data", "calibration", f"{kind}.json").read_text(encoding="utf-8")
    return Calibration.from_json(json.loads(text))
