"""What every comparison shares: the rows of several libraries as one ranking, and the answer as it is stored.

Knows no technique; app.laboratory.readings.matching and accurate_mass put their candidates through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.laboratory.library.shelf import Opened
from app.laboratory.readings.domain import NEVER_ABSENT, MethodInfo
from app.laboratory.readings.substances import SubstanceIndex
from spectra import (
    STARTER_NOTICE,
    Candidate,
    IdentificationLevel,
    MixtureExplanation,
    Remark,
    group_by_compound,
)

ENGINE_VERSION = "2"


@dataclass(frozen=True, slots=True)
class Names:
    """How to look for candidates: how many, and how they are called in the register; and what else is known.

    A peak of a run brings its retention time (s), index and instrument; `mixtures` False leaves mixtures out;
    `negative`: the ions are negative. `widening` multiplies limits of detection, for an instrument that has drifted.
    """

    top: int = 10
    index: SubstanceIndex = field(default_factory=SubstanceIndex)
    retention_time_s: float | None = None
    retention_index: float | None = None
    instrument: str = ""
    mixtures: bool = True
    negative: bool = False
    widening: float = 1.0


@dataclass(frozen=True, slots=True)
class Matched:
    """What one spectrum was found to resemble, ready to be stored."""

    score_name: str
    candidates: list[dict[str, Any]]
    answer: dict[str, Any]
    limits: list[str]
    libraries: list[dict[str, Any]]


def not_compared(reason: str, limits: Sequence[str] = ()) -> Matched:
    """The answer for a reading that is kept and shown, but cannot be compared."""
    answer = {
        "level": "not_compared", "headline": reason, "sentences": [reason], "quality": [], "set": [],
        "components": [], "unexplained_fraction": None, "incomplete": None, "searched": "", "peaks": [],
    }  # fmt: skip
    return Matched("", [], answer, list(limits) or [NEVER_ABSENT], [])


def tagged(one: Opened, rows: Sequence[Candidate]) -> list[Candidate]:
    """`library` becomes the shelf's key, so that an entry can be opened again whatever the library calls itself."""
    return [replace(row, library=one.key) for row in rows]


def merged(found: Sequence[Candidate], how: Names) -> list[Candidate]:
    """Candidates of several libraries as one ranking; what a library cannot tell apart stays said."""
    unified = [how.index.unified(c) for c in found]
    alike: dict[str, set[str]] = {}
    for row in unified:
        alike.setdefault(row.compound, set()).update(row.ambiguous_with)
    rows = group_by_compound(unified)[: how.top]
    out = []
    for row in rows:
        others = [*row.ambiguous_with, *sorted(alike[row.compound] - set(row.ambiguous_with) - {row.name})]
        out.append(replace(row, ambiguous_with=tuple(others)))
    return regrouped(out)


def regrouped(rows: list[Candidate]) -> list[Candidate]:
    """Ambiguity groups again, now that look-alikes of each library are in; margin to the next other group."""
    groups: list[int] = []
    leaders: list[Candidate] = []
    for row in rows:
        for number, leader in enumerate(leaders, start=1):
            if row.name in leader.ambiguous_with or leader.name in row.ambiguous_with:
                groups.append(number)
                break
        else:
            leaders.append(row)
            groups.append(len(leaders))
    out = []
    for row, group in zip(rows, groups, strict=True):
        other = next((r.score for r, g in zip(rows, groups, strict=True) if g != group), None)
        out.append(replace(row, ambiguity_group=group, margin=None if other is None else row.score - other))
    return out


def named_rows(rows: Sequence[Candidate], level: IdentificationLevel) -> list[Candidate]:
    """The best row and everything this method cannot tell from it; nothing where the level names nothing."""
    if not rows or level in (IdentificationLevel.NOTHING_ABOVE_LIMIT, IdentificationLevel.RELATED):
        return []
    return [c for c in rows if c.ambiguity_group == rows[0].ambiguity_group]


HEADLINES = {
    IdentificationLevel.CONSISTENT_WITH: "Consistent with {names}.",
    IdentificationLevel.CLASS_ONLY: "A formula, not one substance: {names}.",
    IdentificationLevel.RELATED: "Unknown, perhaps related to {names}.",
    IdentificationLevel.NOTHING_ABOVE_LIMIT: "Nothing can be named from this spectrum.",
}


def answer_of(
    level: IdentificationLevel,
    rows: Sequence[Candidate],
    named: Sequence[Candidate],
    sentences: Sequence[str],
    quality: Sequence[Remark],
    shelf: Sequence[Opened],
) -> dict[str, Any]:
    """The answer as it is stored and shown: level, headline, sentences, quality, the set of compounds."""
    shown = [c.name for c in (named or rows[:1])]
    headline = HEADLINES[level].format(names=listed(shown, "or")) if shown else ""
    if not headline:
        headline = sentences[0] if sentences else HEADLINES[IdentificationLevel.NOTHING_ABOVE_LIMIT]
    return {
        "level": level.value,
        "headline": headline,
        "sentences": list(sentences),
        "quality": [{"level": r.level.value, "code": r.code, "text": r.text} for r in quality],
        "set": [c.compound for c in named],
        "components": [],
        "unexplained_fraction": None,
        "incomplete": None,
        "searched": "Searched: " + ", ".join(f"{one.name} ({len(one):,})" for one in shelf) + ".",
        "peaks": [],
    }


def components_of(
    explained: MixtureExplanation | None, index: SubstanceIndex, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The parts of a mixture with their shares, as stored. `names`: compound key → name, for what is not told apart."""
    if explained is None:
        return {}
    parts, called = [], names or {}
    for part in explained.components:
        known = index.find(part.compound, part.name)
        parts.append({
            "substance": part.name or part.compound, "compound": part.compound, "substance_id": known.id,
            "substance_class": known.drug_class, "share": round(part.share, 4), "low": round(part.low, 4),
            "high": round(part.high, 4), "grade": part.grade, "probability": rounded(part.probability),
            "not_distinguished": [called.get(key, key) for key in part.not_distinguished[:12]],
        })  # fmt: skip
    return {
        "components": parts,
        "unexplained_fraction": round(explained.unexplained_fraction, 4),
        "incomplete": explained.incomplete,
        "component_notes": list(explained.reasons),
        "detection_limits": {k: round(v, 4) for k, v in explained.detection_limits.items()},
        "residual_bands": [round(b, 1) for b in explained.residual_bands],
    }


def rows_as_json(rows: Sequence[Candidate], shelf: Sequence[Opened], index: SubstanceIndex) -> list[dict[str, Any]]:
    """Candidates as stored: the contract's keys, the register id, and where the entry can be opened."""
    homes = {one.key: one for one in shelf}
    out = []
    for row in rows:
        home, known = homes[row.library], index.find(row.compound, row.name)
        out.append({
            "rank": row.rank, "substance": row.name, "compound": row.compound, "substance_id": known.id,
            "substance_class": known.drug_class, "entry": row.entry_id, "library": home.name, "library_key": home.key,
            "entry_index": row.entry, "starter": home.starter, "score": round(row.score, 4),
            "score_name": row.score_name, "reverse_score": rounded(row.reverse_score),
            "matched_peaks": row.matched_peaks, "explained_fraction": rounded(row.explained_fraction),
            "ambiguous_with": list(row.ambiguous_with), "ambiguity_group": row.ambiguity_group, "shift": row.shift,
            "margin": rounded(row.margin),
        })  # fmt: skip
    return out


def rounded(value: float | None) -> float | None:
    """Four decimals are more than any score means."""
    return None if value is None else round(value, 4)


def limits_of(info: MethodInfo, shelf: Sequence[Opened]) -> list[str]:
    """The method's sentences, and the notice of the starters when nothing else was searched."""
    out = list(info.all_limits)
    if shelf and all(one.starter for one in shelf):
        out.append(f"Only starter libraries were searched ({STARTER_NOTICE}).")
    return out


def libraries_of(shelf: Sequence[Opened]) -> list[dict[str, Any]]:
    """Which libraries were searched."""
    return [
        {"key": one.key, "name": one.name, "n_entries": len(one), "starter": one.starter, "source": one.source}
        for one in shelf
    ]


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a phrase: “A, B and C”, the longest lists cut short."""
    shown = list(dict.fromkeys(names))
    if len(shown) > 6:
        return ", ".join(shown[:6]) + f" {word} {len(shown) - 6} more"
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)
