"""Measures and disclosure control: pure arithmetic on counts of samples.

Rules (docs/methods/trends.md): counts under the threshold of the audience are suppressed, also where the
complement is that small; what remains is rounded to base 5; shares are given only where the rounded denominator is 20
or more; a zero is shown as zero only when its denominator is at least 10. Shares and intervals are computed from the
rounded counts, so that they reveal no more than the counts do. See differencing.py for tables against each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

ROUND_TO = 5
MIN_DENOMINATOR = 20
MIN_FOR_ZERO = 10


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

    MONTH = "month"
    REGION = "region"
    EXPECTED = "expected"
    EXPECTED_CLASS = "expected_class"
    FORM = "form"
    SERVICE_TYPE = "service_type"
    SITE = "site"
    AGENCY = "agency"


# Fixed for partners: finer tables would let two of them be subtracted from each other.
MOST_DIMENSIONS = 4
PARTNER_DIMENSIONS = frozenset({Dimension.MONTH, Dimension.REGION, Dimension.EXPECTED, Dimension.EXPECTED_CLASS})


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its definition, printed wherever the figure is."""

    name: str
    title: str
    definition: str
    phrase: str = ""
    numerator: frozenset[str] = frozenset()
    version: str = "1"


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

MEASURES: dict[str, Measure] = {
    m.name: m
    for m in (
        Measure(
            "expected_found",
            "The expected substance was found",
            "Released samples of clients who agreed to aggregate figures and said what they expected. Numerator: at "
            "least one expected substance was found, whatever else was. Denominator: all of them, inconclusive "
            "results left out.",
            "the expected substance was found",
            frozenset({"as_expected", "expected_plus_inert", "expected_plus_active", "partly_as_expected"}),
        ),
        Measure(
            "not_as_expected",
            "The expected substance was not found",
            "Released samples of clients who agreed to aggregate figures and said what they expected. Numerator: none "
            "of the expected substances was found (something else was, or nothing above the method's limit). "
            "Denominator: all of them, inconclusive results left out.",
            "the expected substance was not found",
            frozenset({"not_as_expected", "nothing_detected"}),
        ),
        Measure(
            "other_active",
            "Another active drug besides the expected one",
            "Released samples of clients who agreed to aggregate figures and said what they expected. Numerator: the "
            "expected substance was found together with another psychoactive substance. Denominator: all of them, "
            "inconclusive results left out.",
            "another active drug was found besides it",
            frozenset({"expected_plus_active"}),
        ),
        Measure(
            "found",
            "A substance or class was found",
            "Released samples of clients who agreed to aggregate figures. Numerator: the chosen substance, or a member "
            "of the chosen class, was found. Denominator: all samples of the row whose result is not inconclusive. Not "
            "found is not absent: each method has a limit.",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know: the measure, how to split it, filters, the substance, the months."""

    measure: str
    by: tuple[Dimension, ...]
    where: Mapping[Dimension, str] = field(default_factory=dict)
    found: str = ""
    months: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class FoundFact:
    """One substance found in a sample."""

    found: str
    found_class: str
    role: str
    abundance: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ReleaseFact:
    """What aggregates may know of one released sample."""

    sample_id: UUID
    agency_id: UUID
    session_id: UUID
    received_at: datetime
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


def rounded(count: int) -> int:
    """To the nearest multiple of 5, halves up."""
    return ROUND_TO * math.floor(count / ROUND_TO + 0.5)


def wilson(numerator: int, denominator: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    p, n = numerator / denominator, denominator
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(p, centre - half) if numerator else 0.0), min(1.0, max(p, centre + half))


def protect(count: Count, dimensions: tuple[Dimension, ...], audience: Audience, *, incomplete: bool) -> Row:
    """One row as this audience may see it."""
    key = {d.value: value for d, value in zip(dimensions, count.key, strict=True)}
    least = audience.threshold
    num, den = count.numerator, count.denominator

    def hidden(why: str, n: int | None = None) -> Row:
        return Row(key, n, None, n, None, None, None, why, incomplete)

    if den < least:
        return hidden(f"fewer than {least} samples")
    shown_den = rounded(den)
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


def unprotected(count: Count, dimensions: tuple[Dimension, ...], *, incomplete: bool) -> Row:
    """The true figures, for the operator only."""
    key = {d.value: value for d, value in zip(dimensions, count.key, strict=True)}
    low, high = wilson(count.numerator, count.denominator)
    share = count.numerator / count.denominator
    return Row(key, count.denominator, count.numerator, count.denominator, share, low, high, "", incomplete)
