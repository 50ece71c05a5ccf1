"""What every comparison shares: the rows of several libraries as one ranking, and the answer they are put into.

Knows no technique; app.laboratory.identification.matching and accurate_mass put their rows through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.domain import NEVER_ABSENT, MethodInfo
from app.laboratory.identification.parts import Candidate, Component, MixtureFit, QualityRemark, SearchedLibrary
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library.domain import Opened
from instruments import assurance_sentence
from spectra import STARTER_NOTICE, IdentificationLevel, MixtureExplanation, Reading, Remark, group_by_compound
from spectra import Candidate as Hit
from spectra import Component as Part

_TURNED = frozenset({
    "absorbance", "transmittance", "reflectance", "log(1/R)", "kubelka-munk", "diffuse reflectance",
    "inverted absorbance", "single beam",
})  # fmt: skip
"""Infrared values that the readers turn into absorbance, or take as it."""


@dataclass(frozen=True, slots=True)
class SearchConditions:
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


def not_compared(reason: str, limits: Sequence[str] = ()) -> Answer:
    """The answer for a reading that is kept and shown, but cannot be compared."""
    return Answer(Level.NOT_COMPARED, reason, (reason,), limits=tuple(limits) or (NEVER_ABSENT,))


def tagged(library: Opened, rows: Sequence[Hit]) -> list[Hit]:
    """`library` becomes the registry's key, so that an entry can be opened again whatever the library calls itself."""
    return [replace(row, library=library.key) for row in rows]


def merged(found: Sequence[Hit], conditions: SearchConditions) -> list[Hit]:
    """Candidates of several libraries as one ranking; what a library cannot tell apart stays said."""
    unified = [conditions.index.unified(c) for c in found]
    alike: dict[str, set[str]] = {}
    for row in unified:
        alike.setdefault(row.compound, set()).update(row.ambiguous_with)
    rows = group_by_compound(unified)[: conditions.top]
    out = []
    for row in rows:
        others = [*row.ambiguous_with, *sorted(alike[row.compound] - set(row.ambiguous_with) - {row.name})]
        out.append(replace(row, ambiguous_with=tuple(others)))
    return regrouped(out)


def regrouped(rows: list[Hit]) -> list[Hit]:
    """Ambiguity groups again, now that look-alikes of each library are in; margin to the next other group."""
    groups: list[int] = []
    leaders: list[Hit] = []
    for row in rows:
        alike = (row.name in leader.ambiguous_with or leader.name in row.ambiguous_with for leader in leaders)
        number = next((number for number, same in enumerate(alike, start=1) if same), len(leaders) + 1)
        leaders += [row] if number > len(leaders) else []
        groups.append(number)
    out = []
    for row, group in zip(rows, groups, strict=True):
        other = next((r.score for r, g in zip(rows, groups, strict=True) if g != group), None)
        out.append(replace(row, ambiguity_group=group, margin=None if other is None else row.score - other))
    return out


def named_rows(rows: Sequence[Hit], level: IdentificationLevel) -> list[Hit]:
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
    rows: Sequence[Hit],
    named: Sequence[Hit],
    sentences: Sequence[str],
    quality: Sequence[Remark],
    registry: Sequence[Opened],
) -> Answer:
    """The answer without its candidates: level, headline, sentences, quality, the set of compounds, what was searched."""
    shown = [c.name for c in (named or rows[:1])]
    headline = HEADLINES[level].format(names=listed(shown, "or")) if shown else ""
    if not headline:
        headline = sentences[0] if sentences else HEADLINES[IdentificationLevel.NOTHING_ABOVE_LIMIT]
    return Answer(
        Level(level.value),
        headline,
        tuple(sentences),
        tuple(QualityRemark(r.level.value, r.code, r.text) for r in quality),
        tuple(c.compound for c in named),
        searched="Searched: " + ", ".join(f"{library.name} ({len(library):,})" for library in registry) + ".",
        libraries=libraries_of(registry),
    )


def with_components(
    answer: Answer,
    explained: MixtureExplanation | None,
    index: SubstanceIndex,
    names: Mapping[str, str] | None = None,
) -> Answer:
    """The answer with the parts of a mixture. `names`: compound key → name, for what is not told apart."""
    if explained is None:
        return answer
    return replace(
        answer,
        components=tuple(_component(part, index, names or {}) for part in explained.components),
        unexplained_fraction=round(explained.unexplained_fraction, 4),
        incomplete=explained.incomplete,
        fit=MixtureFit(
            tuple(explained.reasons),
            {compound: round(limit, 4) for compound, limit in explained.detection_limits.items()},
            tuple(round(band, 1) for band in explained.residual_bands),
        ),
    )


def _component(part: Part, index: SubstanceIndex, names: Mapping[str, str]) -> Component:
    known = index.find(part.compound, part.name)
    return Component(
        part.name or part.compound, part.compound, known.id, known.drug_class, round(part.share, 4),
        round(part.low, 4), round(part.high, 4), part.grade, rounded(part.probability),
        tuple(names.get(key, key) for key in part.not_distinguished[:12]),
    )  # fmt: skip


def as_candidates(rows: Sequence[Hit], registry: Sequence[Opened], index: SubstanceIndex) -> tuple[Candidate, ...]:
    """Rows of a ranking as candidates, each with its row of the register and where its entry can be opened."""
    libraries = {library.key: library for library in registry}
    return tuple(_candidate(row, libraries[row.library], index) for row in rows)


def _candidate(row: Hit, library: Opened, index: SubstanceIndex) -> Candidate:
    known = index.find(row.compound, row.name)
    return Candidate(
        rank=row.rank, substance=row.name, compound=row.compound, substance_id=known.id,
        substance_class=known.drug_class, entry=row.entry_id, library=library.name, library_key=library.key,
        entry_index=row.entry, starter=library.starter, score=round(row.score, 4), score_name=row.score_name,
        reverse_score=rounded(row.reverse_score), matched_peaks=row.matched_peaks,
        explained_fraction=rounded(row.explained_fraction), ambiguous_with=tuple(row.ambiguous_with),
        ambiguity_group=row.ambiguity_group, shift=row.shift, margin=rounded(row.margin),
    )  # fmt: skip


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Four decimals are more than any score means; None stays None."""
    return None if value is None else round(value, digits)


def limits_of(info: MethodInfo, registry: Sequence[Opened]) -> tuple[str, ...]:
    """The method's sentences, and the notice of the starters when nothing else was searched."""
    if registry and all(library.starter for library in registry):
        return (*info.limits, f"Only starter libraries were searched ({STARTER_NOTICE}).")
    return info.limits


def libraries_of(registry: Sequence[Opened]) -> tuple[SearchedLibrary, ...]:
    """Which libraries were searched."""
    return tuple(
        SearchedLibrary(library.key, library.name, len(library), library.starter, library.source)
        for library in registry
    )


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a phrase: “A, B and C”, the longest lists cut short."""
    shown = list(dict.fromkeys(names))
    if len(shown) > 6:
        return ", ".join(shown[:6]) + f" {word} {len(shown) - 6} more"
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)


# -- what a reading itself limits: how far its reader is proven, and what its values had to be taken for -------------


def with_reading_limits(answer: Answer, reading: Reading) -> Answer:
    """The answer with sentences on what may not be concluded from this very reading."""
    limits = answer.limits
    if answer.compared and (words := compared_as(reading.kind.value, reading.y_unit)):
        limits = (*limits, words)
    assurance = str(reading.meta.get("assurance", ""))
    if assurance not in ("", "high"):
        limits = (*limits, assurance_sentence(assurance))
    return replace(answer, limits=limits)


def compared_as(kind: str, y_unit: str) -> str:
    """The limit of a comparison of infrared values whose unit is none the readers turn into absorbance; else ""."""
    if kind != "ir" or y_unit.removesuffix(" (%)").partition(",")[0] in _TURNED:
        return ""
    what = f"gives its values as “{y_unit}”" if y_unit else "does not say whether its values are absorbance"
    return f"The file {what}: they were compared as if they were absorbance. Choose their unit under “Correct import settings”."
