"""The tables there are, what is counted in each cell, and which drawn cells add up to a question. Pure.

Drawn are months by nothing, region and what was expected; quarters by region, what was expected and both; years by both,
and of years which classes were found together.
Everything wider is a sum of drawn cells, so that years add up exactly; a sum of k cells has k times the variance. There are
no other tables: no weeks, no free windows of days, no filter by what was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue, TypeAdapter

OTHERS = "all_others"
NOT_KNOWN = "not_known"
ANOTHER = "another:"
"""Before a class that holds other listed ones: what is left of it without them."""
LEAST_MEAN = 5
"""A table is drawn where its mean cell holds so many samples (by perturbed totals): finer ones would be noise alone."""
MOST_REGIONS, MOST_EXPECTED, MOST_CLASSES, MOST_SUBSTANCES, MOST_PROFILES, MOST_AMOUNTS = 12, 30, 24, 30, 6, 30

Geography = tuple[bool, bool]
"""Whether a table is split by region, and by what was expected."""
ALL, REGION, EXPECTED, BOTH = (False, False), (True, False), (False, True), (True, True)
DRAWN: Mapping[str, tuple[Geography, ...]] = {
    "month": (ALL, REGION, EXPECTED),
    "quarter": (REGION, EXPECTED, BOTH),
    "year": (BOTH,),
}
SAMPLES = "samples"
VERDICTS: Mapping[str, frozenset[str]] = {
    "open": frozenset({"inconclusive", "no_expectation"}),
    "no_expectation": frozenset({"no_expectation"}),
    "rest": frozenset({"not_as_expected", "nothing_detected"}),
    "nothing_detected": frozenset({"nothing_detected"}),
    "expected_plus_active": frozenset({"expected_plus_active"}),
    "expected_plus_inert": frozenset({"expected_plus_inert"}),
    "partly_as_expected": frozenset({"partly_as_expected"}),
}
"""Groups of verdicts that are drawn; the others are what is left of all. A sample stands in two of them at most."""


@dataclass(frozen=True)
class Lists:
    """The labels of a year's tables, fixed before it is struck: no row is there or missing because of a sample.

    `profiles`: for each scope that is common, the classes a sample of it was not tested for. `amounts`: substance, unit
    and basis of which medians are given; ("turnaround", "min", "") are the waits.
    """

    regions: tuple[str, ...]
    expected: tuple[str, ...]
    classes: tuple[str, ...]
    substances: tuple[str, ...]
    profiles: tuple[frozenset[str], ...]
    amounts: tuple[tuple[str, str, str], ...]

    def features(self, kind: str) -> tuple[str, ...]:
        """What is counted in each cell of a month, quarter or year, in the order it is stored. Substances from quarters on."""
        profiles = (f"profile {k}" for k in range(len(self.profiles)))
        found = (f"found {name}" for name in (*self.classes, *(self.substances if kind != "month" else ())))
        return (SAMPLES, *VERDICTS, *profiles, *found)

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Of which is counted, by year, in how many samples both were found.

        Each finding counts in its narrowest listed class alone, so that it is drawn once for each other one in its sample:
        “another:opioid” are the opioids that no narrower listed class holds.
        """
        names = [self.widened(name) for name in sorted(self.classes)]
        return tuple(
            (a, b)
            for k, a in enumerate(names)
            for b in names[k + 1 :]
            if not a.startswith(ANOTHER) or not b.startswith(ANOTHER)
        )

    def widened(self, name: str) -> str:
        """The class as it is counted in pairs."""
        return f"{ANOTHER}{name}" if any(other.startswith(f"{name}.") for other in self.classes) else name

    def shape(self, geography: Geography) -> tuple[int, int]:
        """Rows and columns of a table."""
        return (len(self.regions) if geography[0] else 1, len(self.expected) if geography[1] else 1)

    def as_data(self) -> dict[str, JsonValue]:
        """For the database."""
        return {
            "regions": list(self.regions), "expected": list(self.expected), "classes": list(self.classes),
            "substances": list(self.substances), "profiles": [[*sorted(p)] for p in self.profiles],
            "amounts": [[*one] for one in self.amounts],
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, JsonValue]) -> Lists:
        """Lists from the data they were kept as."""
        return _LISTS.validate_python(data)


_LISTS = TypeAdapter(Lists)


@dataclass(frozen=True)
class Median:
    """A perturbed median of one cell, as it reads; `n` is the perturbed number of figures behind it."""

    n: int
    value: float | None
    low: float | None
    high: float | None


Medians = Mapping[tuple[Geography, str, int], Median]
"""By table, `substance/unit/basis` and place of the region."""


@dataclass(frozen=True)
class Struck:
    """One period as it was struck. Arrays are feature × region × expected, of one strength; `pairs` of a year, in their order."""

    label: str
    lists: Lists
    struck_at: str
    tables: Mapping[Geography, NDArray[np.int64]]
    medians: Medians
    pairs: NDArray[np.int64]
    partial: bool

    @cached_property
    def kind(self) -> str:
        """month, quarter or year."""
        return kind_of(self.label)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each feature stands in its tables."""
        return {name: k for k, name in enumerate(self.lists.features(self.kind))}


def kind_of(label: str) -> str:
    """Of a period: 2026-05 is a month, 2026-Q2 a quarter, 2026 a year."""
    return {4: "year"}.get(len(label), "quarter" if "Q" in label else "month")


def quarter_of(month: str) -> str:
    """2026-05 lies in 2026-Q2."""
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def months_of(label: str) -> tuple[str, ...]:
    """The months of a period."""
    if kind_of(label) == "month":
        return (label,)
    first, last = (1, 12) if kind_of(label) == "year" else (int(label[6]) * 3 - 2, int(label[6]) * 3)
    return tuple(f"{label[:4]}-{m:02d}" for m in range(first, last + 1))


def after(month: str, by: int = 1) -> str:
    """So many months later."""
    at = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{at // 12}-{at % 12 + 1:02d}"


@dataclass(frozen=True)
class Part:
    """A drawn table, some cells of which are part of a figure; `collapsed`: how many of its cells are added for one."""

    period: Struck
    geography: Geography
    collapsed: int


def cover(struck: Mapping[str, Struck], months: Sequence[str], wanted: Geography) -> list[Part] | None:
    """The drawn tables that add up to these months; None where they do not cover them.

    Tables of just this split come first, the widest periods before narrower ones: so a year of nothing else is the sum of
    its months. Where a table was left out, finer ones are added, with the least noise.
    """
    own = {label: one for label, one in struck.items() if wanted in one.tables}
    return _covered(own, struck, months, wanted) or _covered(struck, struck, months, wanted)


def _covered(
    usable: Mapping[str, Struck], struck: Mapping[str, Struck], months: Sequence[str], wanted: Geography
) -> list[Part] | None:
    left, parts = list(months), list[Part]()
    for kind in ("year", "quarter", "month"):
        for label in sorted({holding(month, kind) for month in left}):
            inside = [m for m in months_of(label) if m in left]
            best = _least(usable, label, wanted)
            if best is None or not inside or len(inside) < sum(m in struck for m in months_of(label)):
                continue
            shorter = {k: one for k, one in usable.items() if one.kind in _SHORTER[kind]}
            finer = _covered(shorter, struck, inside, wanted) if shorter and best.collapsed > 1 else None
            if finer is None or best.collapsed <= sum(part.collapsed for part in finer):
                parts.append(best)
                left = [m for m in left if m not in inside]
    return parts if not left and parts else None


_SHORTER = {"year": ("quarter", "month"), "quarter": ("month",), "month": ()}


def holding(month: str, kind: str) -> str:
    """The month, quarter or year in which a month lies."""
    return {"month": month, "quarter": quarter_of(month)}.get(kind, month[:4])


def _least(struck: Mapping[str, Struck], label: str, wanted: Geography) -> Part | None:
    """Of the tables of a period the one from which the wanted one is summed with the fewest cells."""
    one = struck.get(label)
    if one is None:
        return None
    can = [g for g in one.tables if all(has or not want for has, want in zip(g, wanted, strict=True))]
    parts = [Part(one, g, prod(one.lists.shape(g)) // prod(one.lists.shape(wanted))) for g in can]
    return min(parts, key=lambda part: part.collapsed, default=None)


def labels(struck: Iterable[Struck], dimension: str) -> list[str]:
    """Regions or expectations of these periods, each once; what was joined or not recorded comes last."""
    found = dict.fromkeys(label for one in struck for label in getattr(one.lists, dimension))
    return sorted(found, key=lambda label: (label in (OTHERS, NOT_KNOWN), label))
