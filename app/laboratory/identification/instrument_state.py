"""What is known of the instrument a reading was measured on, that day: limits widened, own factors, libraries transferred.

Readings do not know where this comes from: the part that wires a process brings an `InstrumentFor` along
(app.laboratory.instrument_checks does).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.parts import Component, Weight
from app.laboratory.library.domain import Opened
from spectra import MixtureExplanation
from spectra.infrared import DetectionLimit, InfraredExplanation
from spectra.infrared.sentences import about_clear, limit_sentence

Weights = Callable[[Sequence[Component]], list[Weight] | None]
"""From the parts of a mixture to their weight shares; None where one of them has no response factor."""
Transferred = Callable[[Sequence[Opened]], list[Opened]]


@dataclass(frozen=True, slots=True)
class InstrumentState:
    """How far an instrument is to be trusted on a day. `sentences` stand in the limits of every reading of it."""

    name: str = ""
    widening: float = 1.0
    sentences: tuple[str, ...] = ()
    transferred: Transferred | None = None
    weights: Weights | None = None
    most_unexplained: float = 0.2


WEIGHTS = (
    "Shares by weight are of what was seen here, from the laboratory's response factors on this instrument: what was not "
    "seen is not in them."
)

InstrumentFor = Callable[[uuid.UUID], InstrumentState]
"""From the key of an analysis to what is known of its instrument on that day."""


def widened(explained: MixtureExplanation | None, factor: float) -> MixtureExplanation | None:
    """An answer with every limit of detection multiplied by `factor`, at most 1 (nothing would have been seen)."""
    if explained is None or factor == 1.0:
        return explained
    limits = {key: min(1.0, value * factor) for key, value in explained.detection_limits.items()}
    if not isinstance(explained, InfraredExplanation) or not explained.limits:
        return replace(explained, detection_limits=limits)
    wider = tuple(replace(one, limit=min(1.0, one.limit * factor)) for one in explained.limits)
    said = _said(explained, explained.limits, wider)
    reasons = tuple(said.get(reason, reason) for reason in explained.reasons)
    return replace(explained, detection_limits=limits, limits=wider, reasons=reasons)


def silenced(explained: MixtureExplanation | None) -> MixtureExplanation | None:
    """An answer without any promise of what would have been seen: nothing was measured that could show it."""
    if not isinstance(explained, InfraredExplanation):
        return explained
    silent = tuple(replace(one, limit=1.0, seen=None) for one in explained.limits)
    promises = {*_said(explained, explained.limits, silent), about_clear([1.0])}
    kept = tuple(reason for reason in explained.reasons if reason not in promises)
    return replace(
        explained, limits=silent, detection_limits=dict.fromkeys(explained.detection_limits, 1.0),
        reasons=(*kept, "Of no compound can this reading say that it would have been seen."),
    )  # fmt: skip


def _said(
    explained: InfraredExplanation, limits: Sequence[DetectionLimit], wider: Sequence[DetectionLimit]
) -> dict[str, str]:
    """The engine's sentences with limits, and what they say with the wider ones."""
    named = {part.compound for part in explained.components}
    pairs = [(a, b) for a, b in zip(limits, wider, strict=True) if a.compound not in named]
    out = {limit_sentence(a): limit_sentence(b) for a, b in pairs}
    clear = [(a.limit, b.limit) for a, b in pairs if a.seen is False]
    if clear:
        before, after = ([pair[k] for pair in clear] for k in (0, 1))
        out[about_clear(before)] = about_clear(after)
    return out


def with_instrument(answer: Answer, state: InstrumentState) -> Answer:
    """The answer with what is known of the instrument, and shares by weight where every part has a factor.

    Not where the answer is incomplete or more than `most_unexplained` of the reading is left over: the weights of the
    parts would be of a sum that is not the sample.
    """
    parts, left = answer.components, answer.unexplained_fraction
    complete = not answer.incomplete and left is not None and left <= state.most_unexplained
    weights = state.weights(parts) if state.weights is not None and parts and complete else None
    limits = (*answer.limits, *state.sentences)
    if weights is not None:
        parts = tuple(replace(part, weight=weight) for part, weight in zip(parts, weights, strict=True))
        limits = (*limits, WEIGHTS)
    widened_by = state.widening if state.widening != 1.0 else None
    return replace(answer, components=parts, limits=limits, limits_widened=widened_by)
