"""What `mast identify --json` gives: one block per reading, per peak of a run, with the keys people script against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.codec import plain
from app.laboratory.identification.identify import NOTHING_KNOWN, Context, identify_blocks
from app.laboratory.identification.parts import Candidate, DetectionLimit
from app.laboratory.identification.runs import RunPeak
from app.laboratory.library.domain import Libraries
from instruments import describe
from spectra import Reading

_OF_CANDIDATE = ("rank", "substance", "compound", "entry", "library", "score", "score_name", "matched_peaks",
                 "explained_fraction", "ambiguous_with")  # fmt: skip
_OF_PART = ("substance", "compound", "low", "high", "grade", "probability", "not_distinguished")
_OF_PEAK = ("retention_time_s", "area_percent", "signal_to_noise", "retention_index", "remarks")
_OF_PROBABILITY = ("probabilities", "p_not_in_library", "not_distinguished")
_OF_LIMIT = ("substance", "compound", "substance_id", "limit", "seen", "estimate", "low", "high", "sentence")


@dataclass(frozen=True, slots=True)
class IdentifiedBlock:
    """One block: the number of its reading in the file (from 0), and the answer of the reading or of one peak."""

    file: str
    number: int
    reading: Reading
    answer: Answer
    peak: RunPeak | None = None

    @property
    def limits(self) -> tuple[str, ...]:
        """What is in the register and was not seen, each with its limit in this reading; then those of the method."""
        unseen = (limit for limit in self.detection_limits if limit.substance_id and limit.seen is not True)
        return (*(limit.sentence for limit in unseen), *self.answer.limits)

    @property
    def detection_limits(self) -> tuple[DetectionLimit, ...]:
        """From which share on each substance would have been seen; empty for what is no spectrum of bands."""
        return self.answer.infrared.limits if self.answer.infrared is not None else ()


def identify_each(
    file: str, readings: Sequence[Reading], libraries: Libraries, context: Context = NOTHING_KNOWN
) -> Iterator[IdentifiedBlock]:
    """The blocks of the readings of one file, in its order."""
    for number, reading in enumerate(readings):
        for block in identify_blocks(reading, libraries, context):
            yield IdentifiedBlock(file, number, reading, block.answer, block.peak)


def as_json(block: IdentifiedBlock) -> dict[str, JsonValue]:
    """A block with the contract's keys."""
    answer, about = block.answer, describe(block.reading)
    return {
        "file": block.file,
        "reading": block.number,
        "title": block.reading.title,
        "kind": about["kind"],
        "level": answer.level.value,
        "headline": answer.headline,
        "candidates": [_candidate(row) for row in answer.candidates],
        "components": [
            _keys(part, _OF_PART[:2]) | {"fraction": part.share} | _keys(part, _OF_PART[2:])
            for part in answer.components
        ],
        "unexplained_fraction": answer.unexplained_fraction,
        "sentences": list(answer.sentences),
        "limits": list(block.limits),
        "warnings": about["warnings"],
        **_of_bands(answer, block.detection_limits),
        "set": list(answer.set),
        **(_keys(answer.probability, _OF_PROBABILITY) if answer.probability is not None else {}),
        **({"peak": block.peak.number} | _keys(block.peak, _OF_PEAK) if block.peak is not None else {}),
    }


def _keys(part: object, names: Sequence[str]) -> dict[str, JsonValue]:
    return {name: plain(getattr(part, name)) for name in names}


def _of_bands(answer: Answer, limits: Sequence[DetectionLimit]) -> dict[str, JsonValue]:
    found = answer.infrared
    if found is None or answer.fit is None:
        return {}
    return {
        "detection_limits": [_keys(limit, _OF_LIMIT) for limit in limits],
        "mostly_unexplained": found.mostly_unexplained,
        "residual_bands": list(answer.fit.residual_bands),
        "alignment": plain(found.alignment),
    }


def _candidate(row: Candidate) -> dict[str, JsonValue]:
    """The contract's keys; of a spectrum of bands also the shift in cm⁻¹ and the aligned score it is ranked by."""
    out = _keys(row, _OF_CANDIDATE)
    return out | {"shift": row.shift, "aligned": row.aligned} if row.alignment is not None else out
