"""The figures: each with its name, its formula in symbols and in a sentence, and a version. Printed wherever a figure is.
Also how each is made of drawn features: which are added, and which taken away.

A measure is asked for by its name, those about one thing with what they are about: `median_amount:fentanyl`,
`method_agreement:opioid.fentanyl:strip:ftir`. A version goes up when the same question would be answered differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from app.figures.trends.domain import EXPECTATION_KNOWN, Kind, Measure
from app.figures.trends.protection.lattice import SAMPLES, Lists
from app.platform.kernel.errors import Invalid

_SAID = "Released samples of clients who agreed to aggregate figures and said what they expected."
_ALL = "Released samples of clients who agreed to aggregate figures, and samples of imported history."
_SHARE = "p = x / n, 95 % interval after Wilson (1927), wider by the variance of the noise"
_MEASURED = (
    "n: those in which the amount of {0} was measured, in the unit and basis of the row. A blank is no measurement; what a 0 "
    "means is said by the map of an import."
)
_RANKS = "between order statistics r and s of a binomial of n and p (Conover 1999, section 3.2)"

_EVERY = (
    Measure(
        "expected_found",
        "The expected substance was found",
        f"{_SAID} Numerator: at least one expected substance was found, whatever else was. Denominator: all of "
        "them, inconclusive results left out.",
        "the expected substance was found",
        frozenset({"as_expected", "expected_plus_inert", "expected_plus_active", "partly_as_expected"}),
        formula=f"x = verdict as_expected, expected_plus_inert, expected_plus_active or partly_as_expected; {_SHARE}",
        denominator=EXPECTATION_KNOWN,
    ),
    Measure(
        "not_as_expected",
        "The expected substance was not found",
        f"{_SAID} Numerator: none of the expected substances was found (something else was, or nothing above the "
        "method's limit). Denominator: all of them, inconclusive results left out.",
        "the expected substance was not found",
        frozenset({"not_as_expected", "nothing_detected"}),
        formula=f"x = verdict not_as_expected or nothing_detected; {_SHARE}",
        denominator=EXPECTATION_KNOWN,
    ),
    Measure(
        "other_active",
        "Another active drug besides the expected one",
        f"{_SAID} Numerator: the expected substance was found together with another psychoactive substance. "
        "Denominator: all of them, inconclusive results left out.",
        "another active drug was found besides it",
        frozenset({"expected_plus_active"}),
        formula=f"x = verdict expected_plus_active; {_SHARE}",
        denominator=EXPECTATION_KNOWN,
    ),
    Measure(
        "verdict",
        "Result compared with what was expected: {0}",
        f"{_ALL} Numerator: the result reads {{0}}. Denominator: samples with an expectation and a result that is not "
        "inconclusive; for the results inconclusive and no_expectation themselves all samples.",
        formula=f"x = verdict {{0}}; {_SHARE}",
        asks=("verdict",),
    ),
    Measure(
        "found",
        "A substance or class was found",
        f"{_ALL} Numerator: the chosen substance, or a member of the chosen class, was found. Denominator: samples "
        "tested for it: those in which it was found, those of which a test of just that (an amount) said "
        "anything, and those in which a method whose scope covers it looked and the result is not open. A method "
        "covers a class if it sees the class as such, though members may lie outside its scope. Not found is not "
        "absent: each method has a limit. What only a strip or a colour test reacted to was not found, and neither makes a "
        "sample one that was tested.",
        version="3",
        formula=f"x = found, n = tested for it; {_SHARE}",
    ),
    Measure(
        "found_with",
        "Found together with {0}",
        f"{_ALL} Denominator: those in which {{0}} was found. Numerator: those of them in which the other substance was "
        "found too, one row for each. Shares overlap and add up to no whole: a sample may hold several. In figures that were "
        "moved the others are classes, each finding counting in its narrowest one. Not found is not absent: each method has a "
        "limit.",
        version="2",
        formula=f"x = {{0}} and the other found, n = {{0}} found; {_SHARE}",
        kind=Kind.TOGETHER,
        asks=("substance or class",),
    ),
    Measure(
        "median_amount",
        "Median amount of {0}",
        f"{_ALL} {_MEASURED} Value: the median of the amounts, with the 95 % interval of order statistics (Conover 1999, "
        "section 3.2), which needs 6 samples.",
        kind=Kind.MEDIAN,
        asks=("substance",),
        formula=f"median of n amounts; interval {_RANKS} with p = 0.5",
    ),
    Measure(
        "quantiles",
        "Amounts of {0}",
        f"{_ALL} {_MEASURED} Value: the median; q10, q25, q75 and q90: the amounts below which 10, 25, 75 and 90 % of "
        "the samples lie, by linear interpolation (Hyndman and Fan 1996, type 7), each with its 95 % interval of order "
        "statistics (Conover 1999, section 3.2).",
        kind=Kind.QUANTILES,
        asks=("substance",),
        formula=f"quantile of type 7 at p = 0.1, 0.25, 0.5, 0.75, 0.9; interval {_RANKS}",
    ),
    Measure(
        "distribution",
        "Spread of the amounts of {0}",
        f"{_ALL} Denominator: those in which the amount of {{0}} was measured, in the unit and basis of the row. Numerator: "
        "those whose amount lies in the band, from band_from (within) to band_to (without). The bands of a unit are fixed.",
        kind=Kind.DISTRIBUTION,
        asks=("substance",),
        formula=f"x = band_from ≤ amount < band_to, n = amount measured; {_SHARE}",
    ),
    Measure(
        "strength",
        "Strength of {0}: amount in one tablet or blotter",
        f"{_ALL} {_MEASURED} Only amounts per unit: milligrams in one tablet or capsule, micrograms on one blotter. Value: "
        "the median; q10 to q90 as for quantiles.",
        kind=Kind.QUANTILES,
        asks=("substance",),
        formula=f"quantile of type 7 at p = 0.1, 0.25, 0.5, 0.75, 0.9; interval {_RANKS}",
    ),
    Measure("samples", "Samples", f"{_ALL} n: how many.", kind=Kind.COUNT, formula="n"),
    Measure(
        "method_agreement",
        "{2} against {1}: {0}",
        f"{_ALL} n: those in which {{1}} or {{2}} looked for {{0}}; with_both: those in which both did. Sensitivity: "
        "of the samples in which {1} saw it, the share in which {2} saw it too. Specificity: of those in which {1} "
        "did not, the share in which {2} did not either. 95 % Wilson intervals. {1} is the yardstick, not the truth.",
        kind=Kind.AGREEMENT,
        asks=("substance or class", "method that is the yardstick", "method that is compared"),
        formula=f"sensitivity = both saw it / {{1}} saw it; specificity = neither did / {{1}} did not; each {_SHARE}",
    ),
    Measure(
        "turnaround",
        "Time from received to first released",
        "Released samples of clients who agreed to aggregate figures; not those of imported history. n: those of which both "
        "moments are known. Value: the median of the minutes between them; q10 to q90 as for quantiles of amounts.",
        kind=Kind.TURNAROUND,
        formula=f"quantile of type 7 of the minutes at p = 0.1, 0.25, 0.5, 0.75, 0.9; interval {_RANKS}",
    ),
    Measure(
        "outcomes",
        "What people did or intended, {0} the result",
        "Released samples of clients who agreed to aggregate figures. Denominator: samples of which anybody said what they "
        "intended, {0} they knew the result. Numerator: those of which someone said just this, one row for each; samples, "
        "not people. Shares overlap: people say several things. What too few samples have in all has no row.",
        kind=Kind.OUTCOMES,
        asks=("moment: before or after",),
        formula=f"x = said {{0}} the result, n = anything said {{0}} the result; {_SHARE}",
    ),
)
MEASURES = {measure.name: measure for measure in _EVERY}
VERDICTS = (*sorted(EXPECTATION_KNOWN), "inconclusive", "no_expectation")
MOMENTS = ("before", "after")


def form_of(measure: Measure) -> str:
    """How a measure is asked for: `median_amount:SUBSTANCE`."""
    return ":".join([measure.name, *(what.partition(":")[0].upper().replace(" ", "_") for what in measure.asks)])


def measure_of(asked: str) -> Measure:
    """The measure someone asks for, with what it is about. Raises Invalid."""
    name, *about = asked.split(":")
    measure = MEASURES.get(name)
    if measure is None:
        near = get_close_matches(name, MEASURES, n=3)
        raise Invalid(
            f"There is no figure called “{name}”.",
            fields={"measure": "unknown"},
            hint=f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(MEASURES)}.",
        )
    if len(about) != len(measure.asks) or not all(about):
        raise Invalid(f"“{asked}” is not complete: ask for {form_of(measure)}.", fields={"measure": "incomplete"})
    choices = {"verdict": VERDICTS, "outcomes": MOMENTS}.get(name, ())
    if choices and about[0] not in choices:
        raise Invalid(
            f"“{about[0]}” is none of {', '.join(choices)}.", fields={"measure": "unknown"}, hint="Choose one of them."
        )
    told = {part: getattr(measure, part).format(*about) for part in ("title", "definition", "formula")}
    measure = replace(measure, **(told if about else {}), about=tuple(about))
    if measure.name == "verdict":
        of = EXPECTATION_KNOWN if about[0] in EXPECTATION_KNOWN else frozenset[str]()
        return replace(measure, numerator=frozenset(about), denominator=of)
    return measure


ClassOf = Callable[[str], str]
Coefficients = Mapping[str, int]
Counting = Callable[[Lists], Coefficients | None]
"""Which drawn features are added and taken away, by the lists of a year; None: that year does not have them."""


@dataclass(frozen=True)
class Figure:
    """How a measure is made of drawn features. `rest`: the part counts what is not the numerator."""

    whole: Counting
    part: Counting | None = None
    rest: bool = False


def _only(**coefficients: int) -> Counting:
    return lambda lists: coefficients


_ANY, _KNOWN = _only(samples=1), _only(samples=1, open=-1)
_VERDICTS: Mapping[str, Figure] = {
    "as_expected": Figure(
        _KNOWN, _only(rest=1, expected_plus_active=1, expected_plus_inert=1, partly_as_expected=1), rest=True
    ),
    "expected_plus_active": Figure(_KNOWN, _only(expected_plus_active=1)),
    "expected_plus_inert": Figure(_KNOWN, _only(expected_plus_inert=1)),
    "partly_as_expected": Figure(_KNOWN, _only(partly_as_expected=1)),
    "not_as_expected": Figure(_KNOWN, _only(rest=1, nothing_detected=-1)),
    "nothing_detected": Figure(_KNOWN, _only(nothing_detected=1)),
    "inconclusive": Figure(_ANY, _only(open=1, no_expectation=-1)),
    "no_expectation": Figure(_ANY, _only(no_expectation=1)),
}
_NAMED: Mapping[str, Figure] = {
    "samples": Figure(_ANY),
    "expected_found": Figure(_KNOWN, _only(rest=1), rest=True),
    "not_as_expected": Figure(_KNOWN, _only(rest=1)),
    "other_active": Figure(_KNOWN, _only(expected_plus_active=1)),
}
MEASURED = (*_NAMED, "verdict", "found", "found_with", "median_amount", "turnaround")
"""Measures that the tables hold."""


def figure_of(name: str, about: Sequence[str], found: str, class_of: ClassOf) -> Figure:
    """Of a measure by its name: `about` of a verdict, `found` of what was looked for. Raises KeyError for one no table holds."""
    if name == "verdict":
        return _VERDICTS[about[0]]
    if name != "found":
        return _NAMED[name]

    def part(lists: Lists) -> Coefficients | None:
        return {f"found {found}": 1} if found in lists.classes or found in lists.substances else None

    def tested(lists: Lists) -> Coefficients | None:
        lacking = [k for k, profile in enumerate(lists.profiles) if _unseen(found, profile, lists, class_of)]
        return {SAMPLES: 1, **{f"profile {k}": -1 for k in lacking}}

    return Figure(tested, part)


def _unseen(found: str, profile: frozenset[str], lists: Lists, class_of: ClassOf) -> bool:
    """Whether a sample of this profile was not tested for something: by the narrowest listed class it lies under."""
    name = found
    while name:
        if name in lists.classes:
            return name in profile
        name = name.rpartition(".")[0] if "." in name or name != found else class_of(found)
        if name == found:
            break
    return profile == frozenset(lists.classes)
