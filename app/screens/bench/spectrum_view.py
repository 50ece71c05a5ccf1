"""What stands beside the picture of a spectrum or a run: peaks compared, probabilities as bars, a mixture, a summary; and beside
an infrared fit: why each part is named, where the best two differ, and what would have been seen.

Made of what is stored with the comparison and, for the entry that is drawn, of the points themselves. Words and figures only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from app.laboratory.identification import parts
from app.laboratory.identification.answer import NAMING_LEVELS, Answer, PeakAnswer, RunRow
from app.laboratory.identification.infrared_answer import limits_in_short
from app.laboratory.identification.mixtures import PROBABLE
from app.laboratory.identification.parts import ALL_OF_IT, Candidate, Component, Residual, whole_percent
from app.laboratory.readings import plots
from app.platform.kernel.errors import MastError
from app.platform.plots import PeaksCompared, Plot
from app.results.bench import Bench, Shown
from app.results.domain import NameState
from app.results.named import Named
from spectra.infrared.sentences import limit_percent

NB = "\u00a0"
MOST_NAMED = 5
MASS_KINDS = ("mass_spectrum", "mass_run")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its figure. `low` and `high` only where there is an interval."""

    name: str
    share: float
    words: str
    low: float | None = None
    high: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate at its place in the list of the reading, from 0. `void`: why its own standard is no evidence now; `share`: of the
    signal, where it is a part of the mixture."""

    place: int
    candidate: Candidate
    void: str = ""
    share: str = ""


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


@dataclass(frozen=True, slots=True)
class SpectrumView:
    """Everything beside the picture; empty where there is nothing to say."""

    is_mass: bool = False
    head: tuple[str, str] = ("", "")
    answer: Answer = field(default_factory=Answer)
    comparison: PeaksCompared | None = None
    own: tuple[CandidateRow, ...] = ()
    others: tuple[CandidateRow, ...] = ()
    outdated: tuple[str, ...] = ()
    probabilities: tuple[Bar, ...] = ()
    components: tuple[Bar, ...] = ()
    residual: Plot | None = None
    summary: str = ""
    infrared: InfraredView = field(default_factory=InfraredView)

    @property
    def fitted(self) -> bool:
        """Whether there is a fit to draw, so that no single candidate is drawn unless someone asks for it."""
        return self.answer.infrared is not None and self.answer.infrared.curves is not None


def view_of(
    shown: Shown | None,
    picture: Callable[[], Plot],
    void_now: Callable[[Candidate], str] = lambda candidate: candidate.void,
) -> SpectrumView:
    """`picture` gives the plot with the entry that is drawn; it is asked for mass spectra only, and may fail.

    `void_now` says why an own standard counts no more at this moment, whatever was so when it was compared.
    """
    if shown is None:
        return SpectrumView()
    answer = answer_shown(shown)
    places = list(enumerate(shown.candidates))
    named = answer.level in NAMING_LEVELS and not _alone(answer)
    shares = {part.compound: _with_interval(part) for part in answer.components if part.compound and named}
    own = tuple(CandidateRow(k, c, void_now(c), shares.get(c.compound, "")) for k, c in places if c.own_run is not None)
    mass = shown.reading.kind in MASS_KINDS
    return SpectrumView(
        is_mass=mass,
        head=head_of(shown.answer or Answer(), mass=mass),
        answer=answer,
        comparison=_comparison(picture) if mass and shown.candidates else None,
        own=own,
        outdated=tuple(row.candidate.substance for row in own if row.void and not row.candidate.void),
        others=tuple(CandidateRow(k, c, share=shares.get(c.compound, "")) for k, c in places if c.own_run is None),
        probabilities=tuple(_probabilities(answer)),
        components=tuple(_component(part, _whole_of(answer)) for part in answer.components),
        residual=_residual(answer.residual),
        summary=run_words(answer) if shown.peak is None else "",
        infrared=infrared_view(answer, shown.candidates),
    )


def head_of(answer: Answer, *, mass: bool) -> tuple[str, str]:
    """What stands above the picture, short enough for one line: the headline, of a probable mixture its names alone; and in
    small type how sure they are and what is left over."""
    rest = None if mass or not answer.components else answer.unexplained_fraction
    left = "" if rest is None or "unexplained" in answer.headline else f"{whole_percent(rest)} unexplained"
    if not answer.headline.startswith(PROBABLE):
        return answer.headline, left
    names = answer.headline.removeprefix(PROBABLE).removesuffix(".")
    return names, " · ".join(part for part in ("probable", left) if part)


def _alone(answer: Answer) -> bool:
    return len(answer.components) == 1 and answer.components[0].share >= ALL_OF_IT


def _whole_of(answer: Answer) -> str:
    """What the shares of the parts are shares of; empty where one part has all of it."""
    if answer.infrared is not None and answer.infrared.mostly_unexplained:
        return "of the part that is explained"
    return "" if _alone(answer) else "of the signal"


def _with_interval(part: Component, to: str = "–") -> str:
    """`64 % (62–66)`, of the signal, with its interval where rounding leaves one."""
    low, high = f"{part.low * 100:.0f}", f"{part.high * 100:.0f}"
    between = f" ({low}{to}{high})" if low != high else ""
    return f"{part.share * 100:.0f}{NB}%{between}"


def named_here(b: Bench) -> tuple[Named, ...]:
    """What the reading in the middle names and “Add all” adds: everything but what was dismissed. Empty where all of it is
    recorded with this analysis already."""
    shown = b.shown
    if shown is None or not b.editable:
        return ()
    here = [one for one in b.named if any(m.reading_id == shown.reading.id for m in one.mentions)]
    rest = tuple(one for one in here if one.state is not NameState.DISMISSED)
    new = any(one.is_open for one in rest) or str(shown.analysis.analysis.id) not in b.used
    return rest if new else ()


def answer_shown(shown: Shown) -> Answer:
    """The answer for what is shown: of a run with a peak chosen, that peak's own, with nothing of the highest one."""
    answer, peak = shown.answer or Answer(), shown.peak
    if peak is None:
        return answer
    own = peak.answer or PeakAnswer(answer.sentences, answer.set)  # the first answers kept none for a peak
    return replace(
        answer, headline=peak.headline, level=peak.level, sentences=own.sentences, set=own.set, in_house=own.in_house,
        probability=own.probability, components=(), residual=None,
    )  # fmt: skip


def _comparison(picture: Callable[[], Plot]) -> PeaksCompared | None:
    try:
        return picture().get("comparison")
    except MastError:  # the points or the library are gone; the plot says so itself
        return None


def _probabilities(answer: Answer) -> list[Bar]:
    found = answer.probability
    if found is None or not found.probabilities:
        return []
    names = found.probability_names
    shown = [(names.get(c, c), p, c in answer.set) for c, p in found.probabilities if p >= 0.005][:6]
    bars = [Bar(name, p, whole_percent(p), notes=("in the set",) if inside else ()) for name, p, inside in shown]
    none_of_them = found.p_not_in_library
    if none_of_them is not None:
        bars.append(Bar("Not in this library", none_of_them, whole_percent(none_of_them)))
    return bars


def _component(part: Component, whole: str) -> Bar:
    notes = []
    if part.probability is not None:
        probability = f"probability {whole_percent(part.probability)}"
        notes.append(f"{part.grade} ({probability})" if part.grade else probability)
    if weight := part.weight:
        low_high = f"({weight.low * 100:.0f} to {weight.high * 100:.0f})"
        notes.append(f"{weight.value * 100:.0f}{NB}% {low_high} by weight of what was seen")
    if alike := part.not_distinguished:
        more = f" and {len(alike) - 4} more" if len(alike) > 4 else ""
        notes.append(f"cannot be told from {', '.join(alike[:4])}{more}")
    words = f"{_with_interval(part, ' to ')} {whole}" if whole else "the only component"
    return Bar(part.substance, part.share, words, part.low, part.high, tuple(notes))


def _residual(kept: Residual | None) -> Plot | None:
    """What a mixture leaves over, for plots.spectrum: upwards what is unexplained, downwards what is too much."""
    if kept is None:
        return None
    over = [(m, r) for m, r in zip(kept.mz, kept.residual, strict=True) if r > 0.05]
    under = [(m, -r) for m, r in zip(kept.mz, kept.residual, strict=True) if r < -0.05]
    if not over and not under:
        return None
    most = sorted(over, key=lambda pair: -pair[1])[:5]
    words = ", ".join(f"m/z{NB}{m:g} ({r:.1f}{NB}%)" for m, r in most)
    return {
        "kind": "mass", "x_label": "m/z", "y_label": "% of the base peak", "labels": 6, "absolute": True,
        "query": {"label": "Unexplained", "mz": [m for m, _ in over], "intensity": [r for _, r in over]},
        "reference": {"label": "More than was measured", "mz": [m for m, _ in under],
                      "intensity": [r for _, r in under]} if under else None,
        "summary": f"Largest residual at {words}." if most else "No residual.",
    }  # fmt: skip


def run_words(answer: Answer) -> str:
    """What a run holds in one or two sentences, from the stored summary: substances by area, and how many have no name.

    What a name cannot be told from stands with it: one of several isomers alone would say more than the spectrum does.
    """
    peaks = answer.peaks
    if not peaks:
        return ""
    named = [row for row in answer.summary or () if row.substance]
    unnamed = len(peaks) - sum(len(row.peaks) for row in named)
    shown = ", ".join(_with_area(row) for row in named[:MOST_NAMED])
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    count = f"{len(peaks)} {'peak was' if len(peaks) == 1 else 'peaks were'} compared"
    said = f"{count}. Consistent with, by share of the area: {shown}{more}." if shown else f"{count}. None is named."
    return said + (f" {unnamed} not named." if unnamed and shown else "")


def _with_area(row: RunRow) -> str:
    others = row.ambiguous_with
    also = f" and {len(others) - 2} more" if len(others) > 2 else ""
    name = row.substance + (f" (or {', '.join(others[:2])}{also})" if others else "")
    area = row.area_percent or 0.0
    return f"{name} {area:.0f}{NB}%" if area >= 1 else f"{name} under 1{NB}%"


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
        summary=plots.fit_words(answer),
        differences=tuple(
            f"{one.low:.0f}–{one.high:.0f}{NB}cm⁻¹ (supports {called.get(one.supports, one.supports)})"
            for one in found.differences
        ),
        alignment=_alignment(found.alignment),
        noise=f"Signal to noise {found.signal_to_noise:.0f}." if found.signal_to_noise else "",
    )


def _band(band: parts.Band) -> Band:
    return Band(
        f"{band.position:.0f}",
        "missing" if band.missing or band.found is None else f"{band.found:.0f}",
        "–" if band.error is None else ("0.0" if abs(band.error) < 0.05 else f"{band.error:+.1f}".replace("-", "−")),
        f"{band.weight * 100:.0f}{NB}%",
        band.missing,
    )


def _limit(limit: parts.DetectionLimit) -> Limit:
    if limit.seen is None:
        return Limit(limit.substance, "–", "not known")
    return Limit(limit.substance, limit_percent(limit.limit), "possible, check again" if limit.seen else "not seen")


def _alignment(found: parts.AxisShift | None) -> str:
    if found is None:
        return ""
    wider = "wider" if found.blur >= 0 else "sharper"
    shift = f"{found.shift:+.1f}".replace("-", "−")
    return (
        f"Compared with the library, the spectrum is shifted by {shift}{NB}cm⁻¹ and its bands are {wider} by "
        f"{abs(found.blur) ** 0.5:.1f}{NB}cm⁻¹. If many samples show this, check the instrument."
    )
