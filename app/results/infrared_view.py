"""What stands beside an infrared fit: why each part is named, where the best two differ, and what would have been seen.

Made of what is stored with the comparison. Words and figures only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def infrared_view(answer: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]] = ()) -> InfraredView:
    """`limits` are those of substances of the register, `others` of everything else in the library; `short` says the
    weightiest of them in a few sentences. `lead_only`: most is unexplained, so that the parts are no findings.

    `candidates` name what the best explanation is compared with, which is no part of it.
    """
    found = answer.get("infrared")
    if not found:
        return InfraredView()
    names = {part["compound"]: str(part["substance"]) for part in answer.get("components", [])}
    called = {str(one["compound"]): str(one["substance"]) for one in (*found["limits"], *candidates)} | names
    rows = [one for one in found["limits"] if one["compound"] not in names]
    limits = [(bool(one["substance_id"]), _limit(one)) for one in rows]
    return InfraredView(
        why=tuple(
            (names[one["compound"]], tuple(_band(band) for band in one["bands"]))
            for one in found["bands"]
            if one["compound"] in names and one["bands"]
        ),
        limits=tuple(limit for known, limit in limits if known),
        others=tuple(limit for known, limit in limits if not known),
        short=tuple(readings.limits_in_short([one for one in rows if one["substance_id"]] or rows)),
        lead_only=bool(found.get("mostly_unexplained")),
        summary=readings.fit_words(answer),
        differences=tuple(_difference(one, called) for one in found["differences"]),
        alignment=_alignment(found["alignment"]),
        noise=f"Signal to noise {found['signal_to_noise']:.0f}." if found["signal_to_noise"] else "",
    )


def _band(band: Mapping[str, Any]) -> Band:
    return Band(
        f"{band['position']:.0f}",
        "missing" if band["missing"] or band["found"] is None else f"{band['found']:.0f}",
        "–" if band["error"] is None else _off(float(band["error"])),
        f"{band['weight'] * 100:.0f} %",
        bool(band["missing"]),
    )


def _off(error: float) -> str:
    """An error in cm⁻¹ with its sign; none for what rounds to nothing."""
    return "0.0" if abs(error) < 0.05 else f"{error:+.1f}".replace("-", "−")


def _limit(one: Mapping[str, Any]) -> Limit:
    if one["seen"] is None:
        return Limit(one["substance"], "–", "this reading cannot say")
    said = "perhaps there: look again" if one["seen"] else "not seen"
    return Limit(one["substance"], limit_percent(one["limit"]), said)


def _difference(one: Mapping[str, Any], called: Mapping[str, str]) -> str:
    supports = called.get(one["supports"], one["supports"])
    return f"{one['low']:.0f}–{one['high']:.0f} cm⁻¹: the reading goes with {supports}"


def _alignment(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    wider = "wider" if found["blur"] >= 0 else "sharper"
    shift = f"{found['shift']:+.1f}".replace("-", "−")
    return (
        f"Against the library the whole reading is shifted by {shift} cm⁻¹ and its bands are {wider} by "
        f"{abs(found['blur']) ** 0.5:.1f} cm⁻¹. The same for many samples is a matter for the instrument, not for them."
    )
