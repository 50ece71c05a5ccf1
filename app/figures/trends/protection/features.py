"""How each measure is made of drawn features: which are added, and which taken away. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.figures.trends.protection.lattice import SAMPLES, Lists

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


_EVERY, _KNOWN = _only(samples=1), _only(samples=1, open=-1)
_VERDICTS: Mapping[str, Figure] = {
    "as_expected": Figure(
        _KNOWN, _only(rest=1, expected_plus_active=1, expected_plus_inert=1, partly_as_expected=1), rest=True
    ),
    "expected_plus_active": Figure(_KNOWN, _only(expected_plus_active=1)),
    "expected_plus_inert": Figure(_KNOWN, _only(expected_plus_inert=1)),
    "partly_as_expected": Figure(_KNOWN, _only(partly_as_expected=1)),
    "not_as_expected": Figure(_KNOWN, _only(rest=1, nothing_detected=-1)),
    "nothing_detected": Figure(_KNOWN, _only(nothing_detected=1)),
    "inconclusive": Figure(_EVERY, _only(open=1, no_expectation=-1)),
    "no_expectation": Figure(_EVERY, _only(no_expectation=1)),
}
_NAMED: Mapping[str, Figure] = {
    "samples": Figure(_EVERY),
    "expected_found": Figure(_KNOWN, _only(rest=1), rest=True),
    "not_as_expected": Figure(_KNOWN, _only(rest=1)),
    "other_active": Figure(_KNOWN, _only(expected_plus_active=1)),
}
MEASURED = (
    "samples",
    "expected_found",
    "not_as_expected",
    "other_active",
    "verdict",
    "found",
    "found_with",
    "median_amount",
    "turnaround",
)
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
