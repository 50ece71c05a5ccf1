"""What stands beside the picture of a spectrum or a run: peaks compared, probabilities as bars, a mixture, a summary.

Made of what is stored with the comparison and, for the entry that is drawn, of the points themselves. Words only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.platform.kernel.errors import MastError
from app.results.bench import Shown
from app.results.infrared_view import InfraredView, infrared_view

FIRST_PEAKS = 10
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
class SpectrumView:
    """Everything beside the picture; empty where there is nothing to say."""

    is_mass: bool = False
    answer: Mapping[str, Any] = field(default_factory=dict)
    comparison: Mapping[str, Any] = field(default_factory=dict)
    own: tuple[tuple[int, dict[str, Any]], ...] = ()
    others: tuple[tuple[int, dict[str, Any]], ...] = ()
    outdated: tuple[str, ...] = ()
    probabilities: tuple[Bar, ...] = ()
    components: tuple[Bar, ...] = ()
    residual: Mapping[str, Any] | None = None
    summary: str = ""
    infrared: InfraredView = field(default_factory=InfraredView)

    @property
    def fitted(self) -> bool:
        """Whether there is a fit to draw, so that no single candidate is drawn unless somebody asks for it."""
        return bool(self.answer.get("infrared", {}).get("curves"))


def view_of(
    shown: Shown | None,
    picture: Callable[[], Mapping[str, Any]],
    void_now: Callable[[Mapping[str, Any]], str] = lambda candidate: str(candidate.get("void", "")),
) -> SpectrumView:
    """`picture` gives the plot with the entry that is drawn; it is asked for mass spectra only, and may fail.

    `void_now` says why an own standard counts no more at this moment, whatever was so when it was compared.
    """
    if shown is None:
        return SpectrumView()
    answer = said(shown)
    places = list(enumerate(shown.candidates))
    own = tuple((k, {**c, "void": void_now(c)}) for k, c in places if c.get("own"))
    mass = shown.reading.kind in MASS_KINDS
    return SpectrumView(
        is_mass=mass,
        answer=answer,
        comparison=_comparison(picture) if mass and shown.candidates else {},
        own=own,
        outdated=tuple(c["substance"] for k, c in own if c["void"] and not shown.candidates[k].get("void")),
        others=tuple((k, c) for k, c in places if not c.get("own")),
        probabilities=tuple(_probabilities(answer)),
        components=tuple(_components(answer)),
        residual=_residual(answer),
        summary=run_words(shown.answer) if shown.peak is None else "",
        infrared=infrared_view(answer, shown.candidates),
    )


def said(shown: Shown) -> dict[str, Any]:
    """The answer for what is shown: of a run with a peak chosen, that peak's own."""
    answer = dict(shown.answer)
    if shown.peak is None:
        return answer
    for key in ("components", "residual", "in_house", "probabilities", "p_not_in_library", "not_distinguished"):
        answer.pop(key, None)  # of the highest peak, not of this one
    own: dict[str, Any] = dict(shown.peak.get("answer", {}))
    return {**answer, "headline": shown.peak["headline"], "level": shown.peak["level"], **own}


def _comparison(picture: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return dict(picture().get("comparison", {}))
    except MastError:  # the points or the library are gone; the plot says so itself
        return {}


def _probabilities(answer: Mapping[str, Any]) -> list[Bar]:
    rows = list(answer.get("probabilities") or [])
    if not rows:
        return []
    names, members = answer.get("probability_names", {}), set(answer.get("set", []))
    shown = [(names.get(c, c), float(p), c in members) for c, p in rows if p >= 0.005][:6]
    bars = [Bar(name, p, percent(p), notes=("in the set",) if inside else ()) for name, p, inside in shown]
    none_of_them = answer.get("p_not_in_library")
    if none_of_them is not None:
        bars.append(Bar("Not in this library", float(none_of_them), percent(float(none_of_them))))
    return bars


def _components(answer: Mapping[str, Any]) -> list[Bar]:
    return [_component(part) for part in answer.get("components") or []]


def _component(part: Mapping[str, Any]) -> Bar:
    notes = []
    grade = str(part.get("grade") or "")
    if part.get("probability") is not None:
        probability = f"probability {percent(float(part['probability']))}"
        notes.append(f"{grade} ({probability})" if grade else probability)
    if weight := part.get("weight"):
        low_high = f"({weight['low'] * 100:.0f} to {weight['high'] * 100:.0f})"
        notes.append(f"{weight['value'] * 100:.0f} % {low_high} by weight of what was seen")
    alike = [str(name) for name in part.get("not_distinguished", [])]
    if alike:
        more = f" and {len(alike) - 4} more" if len(alike) > 4 else ""
        notes.append(f"cannot be told from {', '.join(alike[:4])}{more}")
    low, high = float(part["low"]), float(part["high"])
    words = f"{part['share'] * 100:.0f} % ({low * 100:.0f} to {high * 100:.0f}) of the signal"
    return Bar(str(part["substance"]), float(part["share"]), words, low, high, tuple(notes))


def _residual(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a mixture leaves over, for plots.spectrum: upwards what is unexplained, downwards what is too much."""
    kept = answer.get("residual")
    if not kept:
        return None
    over = [(m, r) for m, r in zip(kept["mz"], kept["residual"], strict=True) if r > 0.05]
    under = [(m, -r) for m, r in zip(kept["mz"], kept["residual"], strict=True) if r < -0.05]
    if not over and not under:
        return None
    most = sorted(over, key=lambda pair: -pair[1])[:5]
    words = ", ".join(f"m/z {m:g} ({r:.1f} %)" for m, r in most)
    return {
        "kind": "mass", "x_label": "m/z", "y_label": "% of the base peak", "labels": 6, "absolute": True,
        "query": {"label": "Unexplained", "mz": [m for m, _ in over], "intensity": [r for _, r in over]},
        "reference": {"label": "More than was measured", "mz": [m for m, _ in under],
                      "intensity": [r for _, r in under]} if under else None,
        "summary": f"Most is left over at {words}." if most else "Nothing is left over.",
    }  # fmt: skip


def percent(p: float) -> str:
    """A probability in words: never 0 or 100 %, which no measurement gives."""
    if p < 0.01:
        return "under 1 %"
    return "over 99 %" if p > 0.99 else f"{p * 100:.0f} %"


def run_words(answer: Mapping[str, Any]) -> str:
    """What a run holds in one or two sentences, from the stored summary: substances by area, and how many have no name.

    What a name cannot be told from stands with it: one of several isomers alone would say more than the spectrum does.
    """
    peaks = answer.get("peaks", [])
    if not peaks:
        return ""
    named = [row for row in answer.get("summary", []) if row["substance"]]
    unnamed = len(peaks) - sum(len(row["peaks"]) for row in named)
    shown = ", ".join(_with_area(row) for row in named[:MOST_NAMED])
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    count = f"{len(peaks)} {'peak was' if len(peaks) == 1 else 'peaks were'} compared"
    said = f"{count}. Consistent with, by share of the area: {shown}{more}." if shown else f"{count}; none has a name."
    return said + (f" {unnamed} without a name." if unnamed and shown else "")


def _with_area(row: Mapping[str, Any]) -> str:
    others = list(row["ambiguous_with"])
    also = f" and {len(others) - 2} more" if len(others) > 2 else ""
    name = row["substance"] + (f" (or {', '.join(others[:2])}{also})" if others else "")
    area = float(row["area_percent"] or 0.0)
    return f"{name} {area:.0f} %" if area >= 1 else f"{name} under 1 %"
