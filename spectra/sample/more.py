"""Likelihood ratios of what is no full spectrum: strips and reagents, retention indices, accurate mass.

Why one place: each speaks for some compounds, is exactly 1 for the others, and never separates what it cannot. Imports the standard
library and `spectra.sample` only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from spectra.sample.answer import SampleTest, TestResult
from spectra.sample.constants import Fitted
from spectra.sample.heard import MassWord, Place
from spectra.sample.naming import Naming

STRIPS = frozenset({"strip", "immunoassay", "lateral_flow", "test_strip"})


def test_kind(method: str) -> str:
    """The table of constants for a test."""
    return "strip" if method in STRIPS else "reagent"


def test_ratio(test: SampleTest, compound: str, share: float | None, naming: Naming, fit: Fitted) -> float:
    """What a strip or reagent says of one compound.

    A positive one speaks for "some member of the class is there" and multiplies every member alike, so that members share it in
    proportion and none is raised over another. A negative one says nothing of small amounts.
    """
    if not naming.members(test.target, [compound]) or naming.blind(test.method, compound):
        return 1.0
    numbers = fit.tests[test_kind(test.method)]
    if test.result is TestResult.POSITIVE:
        return numbers["positive"]
    if test.result is TestResult.NEGATIVE and share is not None and share >= numbers["far_above"]:
        return numbers["negative"]
    return 1.0


def tests_worth(tests: Sequence[SampleTest], compound: str, share: float | None, naming: Naming, fit: Fitted) -> float:
    """ln of all tests together; two results of one test on one target count once, the stronger one."""
    by_target: dict[tuple[str, str], float] = {}
    for test in tests:
        worth = math.log(test_ratio(test, compound, share, naming, fit))
        key = (test.method, test.target)
        if abs(worth) > abs(by_target.get(key, 0.0)):
            by_target[key] = worth
    return sum(by_target[key] for key in sorted(by_target))


def retention_worth(
    index: float | None, compound: str, standards: Mapping[str, tuple[float, float]], fit: Fitted
) -> float:
    """ln of Student's t density of the distance to the laboratory's own standard over an even one; 0 without either value."""
    if index is None or compound not in standards:
        return 0.0
    expected, own = standards[compound]
    scatter = own if own > 0 else fit.retention["scatter"]
    freedom, z = fit.retention["freedom"], (index - expected) / scatter
    ln_norm = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    ln_density = ln_norm - math.log(scatter) - (freedom + 1) / 2 * math.log1p(z * z / freedom)
    return ln_density + math.log(fit.retention["window"])


def accurate_worth(compound: str, words: Sequence[MassWord], fit: Fitted) -> float:
    """ln of what accurate masses say of the compound's formula; isomers of one formula get one value, the unknown 0."""
    heard = [_formula_worth(compound, word, fit) for word in words if compound in word.references]
    return sum(heard) / len(heard) if heard else 0.0


def _formula_worth(compound: str, word: MassWord, fit: Fitted) -> float:
    formula = word.formulas.get(compound, "")
    same = [c for c in word.listed if c == compound or (formula and word.formulas.get(c) == formula)]
    p = sum(word.listed[c] for c in same) * (1.0 - (word.outside or 0.0))
    return fit.accurate["beta"] * math.log(max(p, fit.accurate["floor"]) / fit.accurate["even"])


def worth_of_place(
    place: Place,
    tests: Sequence[SampleTest],
    accurate: Sequence[MassWord],
    standards: Mapping[str, tuple[float, float]],
    naming: Naming,
    fit: Fitted,
) -> dict[tuple[str, str], float]:
    """ln of everything here, by (reading, compound) of one place; what says nothing is left out."""
    out = {}
    for rival in place.rivals:
        worth = tests_worth(tests, rival.compound, rival.share, naming, fit)
        worth += retention_worth(place.retention_index, rival.compound, standards, fit)
        worth += accurate_worth(rival.compound, accurate, fit)
        if worth:
            out[place.reading, rival.compound] = worth
    return out
