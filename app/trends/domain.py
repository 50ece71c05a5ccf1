"""Measures and disclosure control: pure arithmetic on counts of samples.

Rules (docs/methods/trends.md): counts under the threshold of the audience are suppressed, also where the
complement is that small; what remains is rounded to base 5; shares are given only where the rounded denominator is 20
or more; a zero is shown as zero only when its denominator is at least 10. Shares and intervals are computed from the
rounded counts, so that they reveal no more than the counts do. See differencing.py for tables against each other.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
ROUND_TO = 5
MIN_DENOMINATOR = 20
MIN_FOR_ZERO = 10


QUICK_TESTS = frozenset({"strip", "reagent", "visual"})
"""Strips, colour tests and looking at it: they react or they do not. What they react to was not found, and what they do not
react to is no sample tested for it; they stand with the tests, for comparing one method with another."""


def only_quick(methods: Iterable[str]) -> bool:
    """Whether nothing but quick tests stands behind a finding. Of one whose method nobody wrote down nobody can say so.

    >>> only_quick(["strip"]), only_quick(["strip", "gc_ms"]), only_quick([])
    (True, False, False)
    """
    named = frozenset(methods)
    return bool(named) and named <= QUICK_TESTS


class Audience(StrEnum):
    """Who will see the table decides how small a count may be."""

    PUBLIC = "public"
    PARTNER = "partner"
    OPERATOR = "operator"

    @property
    def threshold(self) -> int:
        """Smallest count that is shown: 1–9 are hidden from the public and researchers, 1–4 from partners."""
        return {Audience.PUBLIC: 10, Audience.PARTNER: 5, Audience.OPERATOR: 0}[self]


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
conditions on samples (repository.holding), not on cells.
"""


class Hidden(StrEnum):
    """Columns the counting functions take like dimensions, but nobody may ask for."""

    BUCKET = "bucket"


BUCKETS = 1024


def bucket_of(sample_id: UUID) -> int:
    """The bucket of a sample, 0 to 1023. From a hash of its key, so that it says nothing about the sample itself."""
    return int.from_bytes(hashlib.sha256(sample_id.bytes).digest()[:2], "big") % BUCKETS


# Fixed for partners: finer tables would let two of them be subtracted from each other.
MOST_DIMENSIONS = 4
PARTNER_DIMENSIONS = frozenset({Dimension.MONTH, Dimension.REGION, Dimension.EXPECTED, Dimension.EXPECTED_CLASS})


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


EXPECTATION_KNOWN = frozenset(
    {
        "as_expected",
        "expected_plus_inert",
        "expected_plus_active",
        "partly_as_expected",
        "not_as_expected",
        "nothing_detected",
    }
)


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know: the measure, how to split it, filters, the substance, the months.

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
class FoundFact:
    """One substance found in a sample."""

    found: str
    found_class: str
    role: str
    abundance: str
    confidence: str
    amount: float | None = None
    unit: str = ""
    basis: str = ""
    methods: tuple[str, ...] = ()


class Seen(StrEnum):
    """What a method said about a target of its own (a strip), or that a target lay in or outside what it can see.

    `looked`: whether it saw it is told by the findings that name the method. `invalid` counts for nothing.
    """

    DETECTED = "detected"
    NOT_DETECTED = "not_detected"
    LOOKED = "looked"
    EXCLUDED = "excluded"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class TestFact:
    """One method and one target. With a `unit` it measured an amount of 0: nothing was found, and medians count it."""

    __test__ = False

    method: str
    target: str
    seen: Seen
    unit: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeFact:
    """How many people intended one thing, `before` or `after` they knew the result."""

    moment: str
    intention: str
    people: int


@dataclass(frozen=True, slots=True)
class ReleaseFact:
    """What aggregates may know of one sample: released here, or of an import of history."""

    sample_id: UUID
    agency_id: UUID | None
    agency: str
    session_id: UUID | None
    day: date | None
    released_at: datetime
    region: str
    site: str
    service_type: str
    client: bool
    form: str
    expected: str
    expected_class: str
    verdict: str
    outcome: str
    found: tuple[FoundFact, ...] = ()
    tests: tuple[TestFact, ...] = ()
    import_id: UUID | None = None
    submitter_type: str = ""
    grade: str = ""
    turnaround_min: int | None = None
    outcomes: tuple[OutcomeFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """An unprotected count of one row. Never leaves the server."""

    key: tuple[str, ...]
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Row:
    """A protected row. `value`, `low`, `high` are shares 0–1 with a 95 % Wilson interval."""

    key: dict[str, str]
    n: int | None
    numerator: int | None
    denominator: int | None
    value: float | None
    low: float | None
    high: float | None
    suppressed: str
    incomplete: bool
    more: Mapping[str, object] = field(default_factory=dict)
    """What only some figures have: unit and basis of a median, which half of an agreement a row is."""
    testing_changed: bool = False
    """A method came or went since the period before (figures/testing.py)."""


@dataclass(frozen=True, slots=True)
class TrendTable:
    """A table that may be published, with the definition of its figure."""

    measure: Measure
    dimensions: tuple[Dimension, ...]
    audience: Audience
    filters: dict[str, str]
    found: str
    made_at: datetime
    rows: tuple[Row, ...] = field(default=())
    questions_left: int | None = None
    """New questions this person may still ask now; nothing where questions are not counted."""


def rounded(count: int) -> int:
    """To the nearest multiple of 5, halves up."""
    return ROUND_TO * math.floor(count / ROUND_TO + 0.5)


def wilson(numerator: int, denominator: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    p, n = numerator / denominator, denominator
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(p, centre - half) if numerator else 0.0), min(1.0, max(p, centre + half))


def too_few(audience: Audience) -> str:
    """Why a row is not given: none or a few, which is not said."""
    return f"fewer than {audience.threshold} samples"


def protect(
    count: Count, dimensions: tuple[Dimension, ...], audience: Audience, *, incomplete: bool, share: bool = True
) -> Row:
    """One row as this audience may see it. Without `share` only how many samples there are."""
    key = {d.value: value for d, value in zip(dimensions, count.key, strict=True)}
    least = audience.threshold
    num, den = count.numerator, count.denominator

    def hidden(why: str, n: int | None = None) -> Row:
        return Row(key, n, None, n, None, None, None, why, incomplete)

    if den < least:
        return hidden(too_few(audience))
    shown_den = rounded(den)
    if not share:
        return Row(key, shown_den, None, None, None, None, None, "", incomplete)
    small = 0 < num < least or 0 < den - num < least
    if small or (num in (0, den) and den < MIN_FOR_ZERO):
        # one reason for both: a reason of its own would say that the count is none or all
        return hidden(f"fewer than {least} samples on one side", shown_den)
    shown_num = min(rounded(num), shown_den)
    if shown_den < MIN_DENOMINATOR:
        return Row(
            key, shown_den, shown_num, shown_den, None, None, None,
            f"no share under {MIN_DENOMINATOR} samples", incomplete,
        )  # fmt: skip
    low, high = wilson(shown_num, shown_den)
    return Row(key, shown_den, shown_num, shown_den, shown_num / shown_den, low, high, "", incomplete)


def withheld(row: Row) -> Row:
    """The same row without any figure, because another table could be subtracted from it."""
    return Row(row.key, None, None, None, None, None, None, "withheld: could be subtracted", row.incomplete)


def unprotected(count: Count, dimensions: tuple[Dimension, ...], *, incomplete: bool, share: bool = True) -> Row:
    """The true figures, for the operator only."""
    key = {d.value: value for d, value in zip(dimensions, count.key, strict=True)}
    if not share:
        return Row(key, count.denominator, None, None, None, None, None, "", incomplete)
    low, high = wilson(count.numerator, count.denominator)
    value = count.numerator / count.denominator
    return Row(key, count.denominator, count.numerator, count.denominator, value, low, high, "", incomplete)
