"""What is asked and answered: measures, questions, what is looked for, rows and tables. Pure.

How figures are protected is in protection/ and in docs/methods/trends.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import accumulate

from app.platform.kernel.errors import Invalid
from harm_messages import Register, Verdict

MIN_DENOMINATOR = 20


class Audience(StrEnum):
    """Who will see the table: perturbed figures in two strengths, or true counts."""

    RESEARCHER = "researcher"
    PUBLIC = "public"
    PARTNER = "partner"
    OPERATOR = "operator"


class Dimension(StrEnum):
    """What a table may be split by."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    REGION = "region"
    AGENCY = "agency"
    SITE = "site"
    FORM = "form"
    EXPECTED = "expected"
    EXPECTED_CLASS = "expected_class"
    SERVICE_TYPE = "service_type"
    SUBMITTER_TYPE = "submitter_type"
    FOUND = "found"
    FOUND_CLASS = "found_class"
    METHOD = "method"


SPREADING = frozenset({Dimension.FOUND, Dimension.FOUND_CLASS, Dimension.METHOD})
"""A sample stands in several rows of these: once for each substance or class found in it, or method that looked.

Cells split by them therefore must not be added up: what is wider is counted without them, and filters by them are
conditions on samples, not on cells.
"""


class Kind(StrEnum):
    """How a figure is made."""

    SHARE = "share"
    COUNT = "count"
    MEDIAN = "median"
    QUANTILES = "quantiles"
    DISTRIBUTION = "distribution"
    AGREEMENT = "agreement"
    TOGETHER = "together"
    TURNAROUND = "turnaround"
    OUTCOMES = "outcomes"


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its definition. `about` is what it was asked of, in order of `asks`.

    `formula` says the same in symbols. Of shares of verdicts: `numerator` and `denominator` are the verdicts that count;
    no denominator means every sample.
    """

    name: str
    title: str
    definition: str
    phrase: str = ""
    numerator: frozenset[str] = frozenset()
    version: str = "1"
    kind: Kind = Kind.SHARE
    asks: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    formula: str = ""
    denominator: frozenset[str] = frozenset()


EXPECTATION_KNOWN = frozenset(verdict.value for verdict in Verdict) - {"inconclusive", "no_expectation"}


@dataclass(frozen=True, slots=True)
class Question:
    """What someone wants to know: the measure, how to split it, filters, the substance, the months.

    `role` narrows what counts as found to `primary` or `trace`; `baseline` are the months to compare with.
    """

    measure: str
    by: tuple[Dimension, ...]
    where: Mapping[Dimension, str] = field(default_factory=dict)
    found: str = ""
    months: tuple[str, str] = ("", "")
    role: str = ""
    baseline: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Count:
    """An unprotected count of one row. Never leaves the server."""

    key: tuple[str, ...]
    numerator: int
    denominator: int


Value = str | int | float | bool | None
More = Mapping[str, Value]
"""What only some figures have beside those of every row, by name."""


DATA_BEGIN = "the data begin within this period"
NOT_OVER = "this period is not over"
STILL_COMING = "results of this period may still come in"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. `value`, `low`, `high`: a share with its 95 % interval, a median, or the range of a count.

    Perturbed counts may be negative and a perturbed share may pass 0 or 1: only so do parts add up without bias. Where it is
    shown it is limited. `why`: why there is no value. `few`: the count reads “few or none”; `sigma`: one standard deviation
    of the noise on it.
    """

    key: dict[str, str]
    n: int | None = None
    numerator: int | None = None
    denominator: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""
    incomplete: bool = False
    more: More = field(default_factory=dict)
    """What only some figures have: unit and basis of a median, which half of an agreement a row is."""
    testing_changed: bool = False
    """A method came or went since the period before (periods.py)."""
    few: bool = False
    sigma: float = 0.0
    incomplete_why: str = DATA_BEGIN
    """Why it is incomplete, where it is."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """Of the interval, where it has both."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def baseline(self) -> float | None:
        """The figure it is compared with."""
        value = self.more.get("baseline_value")
        return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True)
class TrendTable:
    """A table that may be given, with the definition of its figure.

    `as_of`: the day its newest period was struck, empty for true counts; `later`: how many results of its months came after,
    in words.
    """

    measure: Measure
    dimensions: tuple[Dimension, ...]
    audience: Audience
    filters: dict[str, str]
    found: str
    made_at: datetime
    rows: tuple[Row, ...] = field(default=())
    as_of: str = ""
    later: str = ""


EVERYTHING = "*"
ANALOGUES = "analogues:"
"""Before a substance: its class without the substance itself, `found=analogues:fentanyl`."""


class Amongst(StrEnum):
    """Which findings of a target count as found. An abundance nobody gave is neither primary nor trace."""

    ANY = ""
    PRIMARY = "primary"
    TRACE = "trace"

    @property
    def abundances(self) -> frozenset[str]:
        """Abundances of such findings; none: whatever it is."""
        return {Amongst.PRIMARY: frozenset({"major"}), Amongst.TRACE: frozenset({"trace"})}.get(self, frozenset())


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked about. `within`: the thing itself and all that lies under it, as the register knows it; `covering`:
    itself and the classes that hold it, up to everything. `name` alone is looked for where the register knows less.

    `besides` are findings that do not count although they lie within: a substance among its analogues, and findings
    of a mere class, which may be that very substance. `amongst` narrows what counts as found, never what was tested.
    """

    within: frozenset[str]
    covering: frozenset[str]
    name: str = ""
    besides: frozenset[str] = frozenset()
    amongst: Amongst = Amongst.ANY


def target_of(name: str, register: Register, *, amongst: Amongst = Amongst.ANY) -> Target:
    """The target of a name; after `analogues:` the other members of the class of a substance.

    Raises Invalid for the analogues of something that is no substance of the register.
    """
    besides = frozenset[str]()
    if name.startswith(ANALOGUES):
        name = name.removeprefix(ANALOGUES)
        row = register.get(name)
        if row is None or not row.drug_class:
            raise Invalid(
                f"“{name}” is no substance of the register, so it has no analogues here.",
                fields={"found": "no analogues"},
                hint="Ask for the class itself.",
            )
        besides = frozenset({name, row.drug_class, *(s.drug_class for s in register.members(row.drug_class))})
        name = row.drug_class
    row = register.get(name)
    members = () if row is not None else register.members(name)
    below = {s.id for s in members} | {s.drug_class for s in members}
    classes = classes_of(row.drug_class if row else name)
    return Target(frozenset({name} | below), frozenset({name, EVERYTHING, *classes}), name, besides, amongst)


def classes_of(name: str) -> Iterable[str]:
    """A class and the wider ones it lies under, the widest first."""
    return accumulate(name.split("."), "{}.{}".format)
