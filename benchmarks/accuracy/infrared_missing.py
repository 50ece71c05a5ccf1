"""I4: a component that is not in the library: alarm, wrong names, and true names kept. Compounds of the grades' training
lie in the other fold of library entries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.infrared_sets import (
    TWIN,
    Sample,
    dev_mixtures,
    incomplete,
    mixtures,
    references,
    repeats,
    spectrum,
)
from benchmarks.accuracy.infrared_simulation import HARD, TYPICAL
from spectra.types import MixtureExplanation


@dataclass(frozen=True, eq=False)
class Answer:
    """One reading and its answer."""

    sample: Sample
    answer: MixtureExplanation

    @property
    def sure(self) -> set[str]:
        """Names graded better than possible."""
        return {c.compound for c in self.answer.components if c.grade != "possible"}

    @property
    def minor(self) -> set[str]:
        """All names but the largest."""
        return {c.compound for c in self.answer.components[1:]}


def rows(data: Path, quick: bool) -> list[Row]:
    """Development mixtures and own ones, each complete and with one component missing."""
    out = []
    count = 40 if quick else 150
    sets = {
        "dev typical": dev_mixtures(data, "typical"),
        "own typical": mixtures(data, TYPICAL, count, 401),
        "own hard": mixtures(data, HARD, count, 402),
        "own, stress .5": mixtures(data, TYPICAL, count // 2, 403, 0.5),
    }
    for name, samples in sets.items():
        out += figures(name, answers(data, samples), answers(data, incomplete(data, samples, 404)), "typical" in name)
    samples = repeats(data, count // 2, 405)
    gone = [replace(s, removed=(*s.removed, *_every(data, s.entries[-1]))) for s in samples]
    return out + alarms("real repeats", answers(data, samples), answers(data, gone), None)


def _every(data: Path, entry: int) -> list[int]:
    """All entries of the compound of one."""
    keys = references(data).compounds
    return [e for e, key in enumerate(keys) if key == keys[entry]]


def answers(data: Path, samples: list[Sample]) -> list[Answer]:
    """Every reading explained by the library without its removed entries."""
    refs = references(data)
    return [Answer(s, refs.library(s.removed).explain(spectrum(refs, s))) for s in samples]


def figures(name: str, whole: list[Answer], less: list[Answer], asked: bool) -> list[Row]:
    """Rows of one set. Bars are asked of typical readings."""
    plain = np.array([x.sample.twin < TWIN for x in less])
    wrong = np.array([bool((x.sure & x.minor) - set(x.sample.truth)) for x in less])
    any_wrong = np.array([bool(x.sure - set(x.sample.truth)) for x in less])
    all_wrong = np.array([bool(x.minor - set(x.sample.truth)) for x in less])
    n = len(less)
    kept, left = _kept(whole), _kept(less)
    return [
        *alarms(name, whole, less, 0.99 if asked else None),
        Row(
            "I4",
            f"{name}: AUROC, no twin left",
            auroc(ratios(whole), ratios(less)[plain]),
            int(plain.sum()),
            share=False,
        ),
        Row("I4", f"{name}: a wrong minor name stands", float(wrong.mean()), n, 0.08 if asked else None, at_most=True),
        Row("I4", f"{name}: any wrong name stands", float(any_wrong.mean()), n),
        Row("I4", f"{name}: a wrong minor name of any grade", float(all_wrong.mean()), n),
        Row("I4", f"{name}: true names kept, complete", *kept, 0.97 if asked else None),
        Row("I4", f"{name}: true names kept, one missing", *left, 0.40 if asked else None),
    ]


def alarms(name: str, whole: list[Answer], less: list[Answer], asked: float | None) -> list[Row]:
    """How well the residual tells complete readings from incomplete ones, and how often the alarm rings on each."""
    n = len(less)
    return [
        Row("I4", f"{name}: AUROC of the residual", auroc(ratios(whole), ratios(less)), n, asked, share=False),
        Row("I4", f"{name}: alarm when complete", float(np.mean([x.answer.incomplete for x in whole])), n),
        Row("I4", f"{name}: alarm when one is missing", float(np.mean([x.answer.incomplete for x in less])), n),
    ]


def ratios(found: list[Answer]) -> np.ndarray:
    """The residual of each."""
    return np.array([x.answer.residual_ratio or 0.0 for x in found])


def _kept(found: list[Answer]) -> tuple[float, int]:
    """Share of the true names the library holds that stand above possible, and of how many."""
    hits = [
        c in x.sure
        for x in found
        for c, e in zip(x.sample.truth, x.sample.entries, strict=True)
        if e not in x.sample.removed
    ]
    return float(np.mean(hits)), len(hits)


def auroc(low: np.ndarray, high: np.ndarray) -> float:
    """Probability that a value of `high` exceeds one of `low`, ties half.

    >>> auroc(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.875
    """
    if not low.size or not high.size:
        return float("nan")
    above = (high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean()
    return float(above)
