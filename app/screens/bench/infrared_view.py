"""What stands beside an infrared fit: why each part is named, where the best two differ, and what would have been seen.

Made of what is stored with the comparison. Words and figures only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.laboratory.identification import parts
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.infrared_answer import limits_in_short
from app.laboratory.identification.parts import Candidate
from app.laboratory.readings import service as readings
from spectra.infrared.sentences import limit_percent


@dataclass(frozen=True, slots=True)
class Band:
    """One band that speaks for a part: where the reference has it, where the reading has it."""

    position: str
    found: str
    error: str
    weight: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """From which share on one substance would have been seen in this very reading."""

    name: str
    limit: str
    said: str


@dataclass(frozen=True, slots=True)
class InfraredView:
    """Everything beside the picture of an infrared fit; empty where there is nothing to say."""

    why: tuple[tuple[str, tuple[Band, ...]], ...] = ()
    limits: tuple[Limit, ...] = ()
    others: tuple[Limit, ...] = ()
    short: tuple[str, ...] = ()
    lead_only: bool = False
    summary: str = ""
    differences: tuple[str, ...] = ()
    alignment: str = ""
    noise: str = ""

    def __bool__(self) -> bool:
        return bool(self.why or self.limits or self.others or self.alignment)


def infrared_view(answer: Answer, candidates: Sequence[Candidate] = ()) -> InfraredView:
    """`limits` are those of substances of the register, `others` of everything else in the library; `short` says the
    weightiest of them in a few sentences. `lead_only`: most is unexplained, so that the parts are no findings.

    `candidates` name what the best explanation is compared with, which is no part of it.
    """
    found = answer.infrared
    if found is None:
        return InfraredView()
    names = {part.compound: part.substance for part in answer.components}
    called = {limit.compound: limit.substance for limit in found.limits}
    called |= {row.compound: row.substance for row in candidates} | names
    rows = [limit for limit in found.limits if limit.compound not in names]
    limits = [(bool(limit.substance_id), _limit(limit)) for limit in rows]
    return InfraredView(
        why=tuple(
            (names[part.compound], tuple(_band(band) for band in part.bands))
            for part in found.bands
            if part.compound in names and part.bands
        ),
        limits=tuple(limit for known, limit in limits if known),
        others=tuple(limit for known, limit in limits if not known),
        short=tuple(limits_in_short([limit for limit in rows if limit.substance_id] or rows)),
        lead_only=found.mostly_unexplained,
        summary=readings.fit_words(answer),
        differences=tuple(_difference(window, called) for window in found.differences),
        alignment=_alignment(found.alignment),
        noise=f"Signal to noise {found.signal_to_noise:.0f}." if found.signal_to_noise else "",
    )


def _band(band: parts.Band) -> Band:
    return Band(
        f"{band.position:.0f}",
        "missing" if band.missing or band.found is None else f"{band.found:.0f}",
        "–" if band.error is None else _off(band.error),
        f"{band.weight * 100:.0f} %",
        band.missing,
    )


def _off(error: float) -> str:
    """An error in cm⁻¹ with its sign; none for what rounds to nothing."""
    return "0.0" if abs(error) < 0.05 else f"{error:+.1f}".replace("-", "−")


def _limit(limit: parts.DetectionLimit) -> Limit:
    if limit.seen is None:
        return Limit(limit.substance, "–", "this reading cannot say")
    return Limit(limit.substance, limit_percent(limit.limit), "perhaps there: look again" if limit.seen else "not seen")


def _difference(window: parts.Difference, called: Mapping[str, str]) -> str:
    supports = called.get(window.supports, window.supports)
    return f"{window.low:.0f}–{window.high:.0f} cm⁻¹: the reading goes with {supports}"


def _alignment(found: parts.AxisShift | None) -> str:
    if found is None:
        return ""
    wider = "wider" if found.blur >= 0 else "sharper"
    shift = f"{found.shift:+.1f}".replace("-", "−")
    return (
        f"Against the library the whole reading is shifted by {shift} cm⁻¹ and its bands are {wider} by "
        f"{abs(found.blur) ** 0.5:.1f} cm⁻¹. The same for many samples is a matter for the instrument, not for them."
    )
