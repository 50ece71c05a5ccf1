"""Tables against each other over quarters, years, sites, what was found and methods: small worlds of single samples,
every question, every pair of rows of which one set lies within the other by its words."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.trends import differencing
from app.trends.differencing import Columns, Selection
from app.trends.domain import SPREADING, Audience, Count, Dimension, protect

D = Dimension
MONTHS = ("2025-11", "2026-01", "2026-03", "2026-04")
SITES = (("Durham", "Hall"), ("Durham", "Barn"), ("Cardiff", "Hall"))
CLASSES = {"mdma": "entactogen", "mda": "entactogen", "heroin": "opioid.opiate"}
ONE_VALUED = (D.MONTH, D.QUARTER, D.YEAR, D.AGENCY, D.SITE)
LEAST = Audience.PUBLIC.threshold


@dataclass(frozen=True)
class One:
    """A sample."""

    month: str
    agency: str
    site: str
    found: frozenset[str]
    methods: frozenset[str]
    hit: bool

    def values(self, dimension: Dimension) -> frozenset[str]:
        if dimension is D.FOUND:
            return self.found
        if dimension is D.FOUND_CLASS:
            return frozenset(CLASSES[f] for f in self.found)
        if dimension is D.METHOD:
            return self.methods
        period = {
            D.MONTH: self.month,
            D.QUARTER: f"{self.month[:4]}-Q{(int(self.month[5:]) + 2) // 3}",
            D.YEAR: self.month[:4],
        }
        return frozenset({period.get(dimension) or (self.agency if dimension is D.AGENCY else self.site)})


@st.composite
def worlds(draw: st.DrawFn) -> list[One]:
    """A few hundred samples in clumps, most of a size that something else can be nearly all of."""
    samples: list[One] = []
    for _ in range(draw(st.integers(2, 9))):
        agency, site = draw(st.sampled_from(SITES))
        month, hit = draw(st.sampled_from(MONTHS)), draw(st.booleans())
        found = draw(st.frozensets(st.sampled_from(sorted(CLASSES)), max_size=2))
        methods = draw(st.frozensets(st.sampled_from(["ftir", "strip"]), max_size=2))
        samples += [One(month, agency, site, found, methods, hit)] * draw(st.sampled_from([1, 3, 8, 12, 30]))
    return samples


def recount(world: list[One], columns: Columns, held: Mapping[Dimension, str]) -> list[Count]:
    """As the repository counts: a sample once per value of what it has several of."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for sample in world:
        if not all(any(differencing.fits(d, v, wanted) for v in sample.values(d)) for d, wanted in held.items()):
            continue
        for values in itertools.product(*(sorted(sample.values(d)) for d in columns)):
            key = dict(zip(columns, values, strict=True))
            if D.FOUND in key and D.FOUND_CLASS in key and CLASSES[key[D.FOUND]] != key[D.FOUND_CLASS]:
                continue  # beside the substance, the class is that of the substance
            both = sums.setdefault(values, [0, 0])
            both[0] += sample.hit
            both[1] += 1
    return [Count(key, *both) for key, both in sums.items()]


def questions() -> Iterator[Selection]:
    dimensions = (*ONE_VALUED, D.FOUND, D.FOUND_CLASS, D.METHOD)
    filters: list[dict[Dimension, str]] = [{}]
    filters += [{D.FOUND: f} for f in CLASSES] + [{D.FOUND_CLASS: c} for c in ("entactogen", "opioid")]
    filters += [{D.METHOD: "ftir"}, {D.QUARTER: "2026-Q1"}, {D.YEAR: "2026"}, {D.MONTH: "2026-01"}]
    for size in (1, 2):
        for by in itertools.combinations(dimensions, size):
            if D.SITE in by and D.AGENCY not in by:
                continue
            for where in filters:
                both = D.FOUND in by and D.FOUND_CLASS in where  # against a member of that class: left to the log
                if not set(where) & set(by) and not both:
                    yield Selection(by, where)


QUESTIONS = list(questions())


def words(asked: Selection, key: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """What a row fixes, with every wider period."""
    fixed = {(d.value, v) for d, v in zip(asked.by, key, strict=True)}
    fixed |= {(("within " if d is D.FOUND_CLASS else "") + d.value, v) for d, v in asked.where.items()}
    for name, value in tuple(fixed):
        if name == "month":
            fixed.add(("quarter", f"{value[:4]}-Q{(int(value[5:]) + 2) // 3}"))
        if name in {"month", "quarter"}:
            fixed.add(("year", value[:4]))
        if name == "found":
            fixed.add(("found_class", CLASSES[value]))
    for name, value in tuple(fixed):
        if name.endswith("found_class"):
            parts = value.split(".")
            fixed |= {("within found_class", ".".join(parts[:n])) for n in range(1, len(parts) + 1)}
    return frozenset(fixed)


def behind(world: list[One], asked: Selection, key: tuple[str, ...]) -> frozenset[int]:
    wanted = [*zip(asked.by, key, strict=True)]
    return frozenset(
        at
        for at, sample in enumerate(world)
        if all(v in sample.values(d) for d, v in wanted)
        and all(any(differencing.fits(d, v, w) for v in sample.values(d)) for d, w in asked.where.items())
    )


def published(
    world: list[One], *, protected: bool = True
) -> dict[frozenset[tuple[str, str]], tuple[frozenset[int], bool]]:
    """By its words every row somebody may get: its samples, and whether its numerator is shown."""
    out = {}
    for asked in QUESTIONS:
        cells = recount(world, asked.columns, asked.held)
        hidden = differencing.exposed(cells, asked, LEAST, lambda c, h: recount(world, c, h)) if protected else set()
        for row in differencing.rows_of(cells, asked):
            shown = protect(row, asked.by, Audience.PUBLIC, incomplete=False)
            if row.key not in hidden and shown.denominator is not None:
                samples = behind(world, asked, row.key)
                assert len(samples) == row.denominator, "the test counts as the rows do"
                out[words(asked, row.key)] = samples, shown.numerator is not None
    return out


def near(world: list[One], rows: Mapping[frozenset[tuple[str, str]], tuple[frozenset[int], bool]]) -> list[str]:
    """Pairs that lie within each other by their words and differ by a few."""
    found = []
    for (narrow, (some, split)), (wide, (many, wide_split)) in itertools.permutations(rows.items(), 2):
        if not wide < narrow:
            continue
        assert some <= many
        rest = many - some
        hits = sum(world[at].hit for at in rest)
        left = [len(rest), *([hits, len(rest) - hits] if split and wide_split else [])]
        if any(0 < n < LEAST for n in left):
            found.append(f"{sorted(narrow)} in {sorted(wide)}: {left}")
    return found


@given(worlds())
@settings(max_examples=25, deadline=None)
def test_no_two_published_rows_that_nest_differ_by_a_small_group(world: list[One]) -> None:
    assert not near(world, published(world))


def test_the_property_would_notice_unprotected_rows() -> None:
    durham = One("2026-01", "Durham", "Hall", frozenset({"mdma"}), frozenset({"ftir"}), hit=True)
    other = One("2026-03", "Durham", "Barn", frozenset({"mdma", "heroin"}), frozenset({"ftir", "strip"}), hit=False)
    world = [durham] * 30 + [other] * 4
    pairs = Counter(line.split(" in ")[0].count("found") for line in near(world, published(world, protected=False)))
    assert len(pairs) > 1, "pairs about what was found and others"


def cells(*given_cells: tuple[tuple[str, ...], int]) -> list[Count]:
    return [Count(key, n // 2, n) for key, n in given_cells]


@pytest.mark.parametrize(
    ("asked", "narrow", "wide"),
    [
        (Selection((D.MONTH,), {}), "2026-02", "2026-03"),  # same quarter
        (Selection((D.MONTH,), {}), "2026-02", "2026-12"),  # same year
        (Selection((D.QUARTER,), {}), "2026-Q1", "2026-Q4"),
    ],
)
def test_a_period_that_is_nearly_all_of_a_longer_one_is_withheld(asked: Selection, narrow: str, wide: str) -> None:
    others = (("2025-01",), 40) if D.MONTH in asked.by else (("2025-Q1",), 40)
    counted = cells(((narrow,), 40), ((wide,), 4), others)
    assert differencing.exposed(counted, asked, LEAST) == {(narrow,)}
    apart = cells(((narrow,), 40), ((wide.replace("2026", "2024"),), 14), others)
    assert not differencing.exposed(apart, asked, LEAST)


def test_a_week_widens_to_all_time_only() -> None:
    """The week of New Year lies in two months and two years; what is near it by chance is for the log to see."""
    weeks = cells((("2026-W01",), 40), (("2026-W02",), 4), (("2025-W30",), 40))
    assert not differencing.exposed(weeks, Selection((D.WEEK,), {}), LEAST)
    assert differencing.exposed(weeks[:2], Selection((D.WEEK,), {}), LEAST) == {("2026-W01",)}


def test_a_site_that_is_nearly_all_of_its_agency_is_withheld() -> None:
    counted = cells((("Durham", "Hall"), 40), (("Durham", "Barn"), 4), (("Cardiff", "Hall"), 40))
    assert differencing.exposed(counted, Selection((D.AGENCY, D.SITE), {}), LEAST) == {("Durham", "Hall")}


def test_a_filter_by_what_spreads_is_no_column() -> None:
    asked = Selection((D.MONTH,), {D.FOUND: "mdma", D.REGION: "Wales"})
    assert (asked.columns, dict(asked.held)) == ((D.MONTH, D.REGION), {D.FOUND: "mdma"})
    assert asked.fits(("2026-01", "Wales"))
    assert {D.FOUND, D.FOUND_CLASS, D.METHOD} == SPREADING
