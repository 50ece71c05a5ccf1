"""The arithmetic of protection: one row alone, and every pair of nested tables against each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.trends import differencing
from app.trends.differencing import Selection
from app.trends.domain import (
    MIN_DENOMINATOR,
    Audience,
    Count,
    Dimension,
    Row,
    protect,
    rounded,
    wilson,
    withheld,
)

PUBLIC, PARTNER = Audience.PUBLIC, Audience.PARTNER
MONTH, REGION, FORM = Dimension.MONTH, Dimension.REGION, Dimension.FORM
EXPECTED, EXPECTED_CLASS = Dimension.EXPECTED, Dimension.EXPECTED_CLASS
HIDDEN = (None, None, None)


def row(numerator: int, denominator: int, audience: Audience = PUBLIC) -> Row:
    return protect(Count(("2026-05",), numerator, denominator), (MONTH,), audience, incomplete=False)


@pytest.mark.parametrize(
    ("audience", "numerator", "denominator", "shown"),
    [
        # (numerator, denominator, share shown)
        (PUBLIC, 0, 9, HIDDEN),
        (PUBLIC, 5, 9, HIDDEN),
        (PUBLIC, 0, 10, (0, 10, False)),
        (PUBLIC, 10, 10, (10, 10, False)),
        (PUBLIC, 1, 60, (None, 60, False)),
        (PUBLIC, 9, 60, (None, 60, False)),
        (PUBLIC, 10, 60, (10, 60, True)),
        (PUBLIC, 51, 60, (None, 60, False)),
        (PUBLIC, 50, 60, (50, 60, True)),
        (PUBLIC, 0, 60, (0, 60, True)),
        (PUBLIC, 60, 60, (60, 60, True)),
        (PUBLIC, 0, 17, (0, 15, False)),
        (PUBLIC, 0, 18, (0, 20, True)),
        (PUBLIC, 12, 22, (10, 20, True)),
        (PUBLIC, 13, 23, (15, 25, True)),
        (PARTNER, 0, 4, HIDDEN),
        (PARTNER, 0, 9, (None, 10, False)),
        (PARTNER, 9, 9, (None, 10, False)),
        (PARTNER, 0, 10, (0, 10, False)),
        (PARTNER, 4, 30, (None, 30, False)),
        (PARTNER, 5, 30, (5, 30, True)),
        (PARTNER, 26, 30, (None, 30, False)),
        (PARTNER, 25, 30, (25, 30, True)),
    ],
)
def test_a_row_shows_what_its_audience_may_see(
    audience: Audience, numerator: int, denominator: int, shown: tuple[int | None, int | None, bool | None]
) -> None:
    got = row(numerator, denominator, audience)
    assert (got.numerator, got.denominator, got.value is not None) == (shown[0], shown[1], bool(shown[2]))
    assert got.n == got.denominator
    assert bool(got.suppressed) == (got.value is None), "what is missing says why"


COUNTS = st.integers(1, 400).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d)))
AUDIENCES = st.sampled_from([PUBLIC, PARTNER])


@given(COUNTS, AUDIENCES)
def test_no_published_row_allows_a_small_count_on_either_side(counts: tuple[int, int], audience: Audience) -> None:
    got, least = row(*counts, audience), audience.threshold
    if got.denominator is None:
        return
    assert counts[1] >= least
    if got.numerator is None:
        return
    for side in (counts[0], counts[1] - counts[0]):
        assert side == 0 or side >= least
    # and nothing that would round to the same figures and could be published is smaller either
    assert got.numerator == 0 or got.numerator >= least
    rest = got.denominator - got.numerator
    assert (rest == 0) == (counts[0] == counts[1]), "a rounded complement is zero only where it truly is"


@given(COUNTS, AUDIENCES)
def test_what_is_published_is_rounded_to_five_and_shares_need_twenty(
    counts: tuple[int, int], audience: Audience
) -> None:
    got = row(*counts, audience)
    for figure in (got.n, got.numerator, got.denominator):
        assert figure is None or (figure % 5 == 0 and figure >= 0)
    if got.value is None:
        assert got.low is got.high is None
        return
    assert got.numerator is not None
    assert got.denominator is not None
    assert got.denominator >= MIN_DENOMINATOR
    assert got.value == got.numerator / got.denominator, "from the rounded counts: it reveals no more than they do"
    assert (got.low, got.high) == wilson(got.numerator, got.denominator)
    assert got.low is not None
    assert got.high is not None
    assert 0 <= got.low <= got.value <= got.high <= 1


@given(COUNTS, COUNTS, AUDIENCES)
def test_equal_published_counts_give_equal_rows(
    first: tuple[int, int], second: tuple[int, int], audience: Audience
) -> None:
    a, b = row(*first, audience), row(*second, audience)
    if (a.numerator, a.denominator) == (b.numerator, b.denominator) and a.numerator is not None:
        assert replace(a, suppressed="") == replace(b, suppressed="")


@given(st.integers(0, 10_000))
def test_rounding_moves_a_count_by_two_at_most(count: int) -> None:
    assert abs(rounded(count) - count) <= 2


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(20, 100)
    assert (round(low, 4), round(high, 4)) == (0.1334, 0.2888)  # worked example, Newcombe 1998, method 3
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0


def test_a_withheld_row_shows_nothing_but_why() -> None:
    got = withheld(row(30, 60))
    assert (got.n, got.numerator, got.denominator, got.value, got.low, got.high) == (None,) * 6
    assert got.suppressed


# -- tables against each other ----------------------------------------------------------------------------------

MONTHS, REGIONS = ("2025-11", "2025-12", "2026-01"), ("North East", "Wales")
WHATS = (("mdma", "entactogen"), ("mda", "entactogen"), ("heroin", "opioid.opiate"), ("x", "opioid"))
COLUMNS = (MONTH, REGION, EXPECTED, EXPECTED_CLASS)


@st.composite
def worlds(draw: st.DrawFn) -> list[Count]:
    """A small world of samples: cells by month, region and what was expected."""
    cells = []
    for month, region, what in itertools.product(MONTHS, REGIONS, WHATS):
        denominator = draw(st.sampled_from([0, 0, 1, 3, 9, 10, 12, 40]))
        if denominator:
            numerator = draw(st.integers(0, denominator))
            cells.append(Count((month, region, *what), numerator, denominator))
    return draw(st.permutations(cells))


def cells_for(world: list[Count], selection: Selection) -> list[Count]:
    """As the repository counts them: by the columns of the question, nothing else."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for cell in world:
        key = tuple(cell.key[COLUMNS.index(d)] for d in selection.columns)
        both = sums.setdefault(key, [0, 0])
        both[0] += cell.numerator
        both[1] += cell.denominator
    return [Count(key, *both) for key, both in sums.items()]


def questions() -> Iterator[Selection]:
    """Every question about this world that the service would answer."""
    values = {
        MONTH: MONTHS, REGION: REGIONS, EXPECTED: [w[0] for w in WHATS],
        EXPECTED_CLASS: ["entactogen", "opioid", "opioid.opiate"],
    }  # fmt: skip
    for size in (1, 2):
        for by in itertools.combinations(COLUMNS, size):
            yield Selection(by, {})
            for year in ("2025", "2026"):
                yield Selection(by, {}, (f"{year}-01", f"{year}-12"))
            for dimension in COLUMNS:
                for value in values[dimension]:
                    yield Selection(by, {dimension: value})


QUESTIONS = list(questions())


@dataclass(frozen=True)
class Published:
    """A row somebody may get: what it fixes, the cells it sums as bits, its counts."""

    fixed: frozenset[tuple[str, str]]
    cells: int
    numerator: int | None
    denominator: int


def published(world: list[Count], least: int) -> list[Published]:
    """Every row anybody could get about this world."""
    out = {}
    for asked in QUESTIONS:
        cells = cells_for(world, asked)
        if any(differencing.total_of(cells, asked, d, v) < least for d, v in asked.where.items()):
            continue
        hidden = differencing.exposed(cells, asked, least)
        for found in differencing.rows_of(cells, asked):
            shown = protect(found, asked.by, PUBLIC, incomplete=False)
            if found.key in hidden or shown.denominator is None:
                continue
            split = shown.numerator is not None
            inside = sum(
                1 << i for i, one in enumerate(world) if _belongs(one, asked) and _row(one, asked) == found.key
            )
            fixed = _fixed(asked, found.key)
            out[fixed] = Published(fixed, inside, found.numerator if split else None, found.denominator)
    return list(out.values())


def _fixed(asked: Selection, key: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """The attributes of a row, with everything wider that they imply."""
    classes = dict(WHATS)
    fixed = {(d.value, v) for d, v in zip(asked.by, key, strict=True)}
    fixed |= {("within " + d.value if d is EXPECTED_CLASS else d.value, v) for d, v in asked.where.items()}
    if asked.one_year and MONTH not in asked.by:
        fixed.add(("year", asked.one_year))
    for name, value in tuple(fixed):
        if name == "month":
            fixed.add(("year", value[:4]))
        if name == "expected":
            fixed.add(("expected_class", classes[value]))
    for name, value in tuple(fixed):
        if name.endswith("expected_class"):
            parts = value.split(".")
            fixed |= {("within expected_class", ".".join(parts[:n])) for n in range(1, len(parts) + 1)}
    return frozenset(fixed)


def _values(cell: Count) -> dict[Dimension, str]:
    return dict(zip(COLUMNS, cell.key, strict=True))


def _belongs(cell: Count, asked: Selection) -> bool:
    values = _values(cell)
    first, last = asked.months
    in_time = (not first or values[MONTH] >= first) and (not last or values[MONTH] <= last)
    return in_time and all(differencing.fits(d, values[d], v) for d, v in asked.where.items())


def _row(cell: Count, asked: Selection) -> tuple[str, ...]:
    return tuple(_values(cell)[d] for d in asked.by)


@given(worlds())
@settings(max_examples=15, deadline=None)
def test_no_two_published_nested_rows_differ_by_a_small_group(world: list[Count]) -> None:
    rows = published(world, PUBLIC.threshold)
    for wide, narrow in itertools.permutations(rows, 2):
        if not wide.fixed < narrow.fixed:
            continue
        assert narrow.cells & wide.cells == narrow.cells
        denominator = wide.denominator - narrow.denominator
        left_over = [denominator]
        if wide.numerator is not None and narrow.numerator is not None:
            numerator = wide.numerator - narrow.numerator
            left_over += [numerator, denominator - numerator]
        for left in left_over:
            assert left == 0 or left >= PUBLIC.threshold, (sorted(narrow.fixed), sorted(wide.fixed))


def test_the_property_would_notice_unprotected_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differencing, "exposed", lambda *_: set())
    world = [
        Count(("2026-01", "Wales", "mdma", "entactogen"), 20, 40),
        Count(("2026-01", "Wales", "x", "opioid"), 2, 4),
    ]
    rows = published(world, PUBLIC.threshold)
    assert any(w.fixed < n.fixed and 0 < w.denominator - n.denominator < 10 for w, n in itertools.permutations(rows, 2))


@given(worlds(), st.randoms())
@settings(max_examples=10, deadline=None)
def test_the_order_of_cells_does_not_matter(world: list[Count], random: object) -> None:
    shuffled = list(world)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for asked in QUESTIONS[::17]:
        one, two = cells_for(world, asked), cells_for(shuffled, asked)
        assert differencing.rows_of(one, asked) == differencing.rows_of(two, asked)
        assert differencing.exposed(one, asked, 10) == differencing.exposed(two, asked, 10)


def cell(n: int, **values: str) -> Count:
    full = {"month": "2026-01", "region": "North East", "form": "powder"} | values
    return Count(tuple(full[name] for name in ("month", "region", "form")), n // 2, n)


def test_a_form_that_is_nearly_all_of_its_month_is_withheld() -> None:
    cells = [cell(40), cell(6, form="tablet")]
    by_form = Selection((MONTH, FORM), {})
    counted = [Count((c.key[0], c.key[2]), c.numerator, c.denominator) for c in cells]
    assert differencing.exposed(counted, by_form, 10) == {("2026-01", "powder")}
    by_month = Selection((MONTH,), {})
    assert not differencing.exposed([Count(("2026-01",), 23, 46)], by_month, 10)


def test_two_even_halves_are_both_shown() -> None:
    counted = [Count(("2026-01", "powder"), 20, 40), Count(("2026-01", "tablet"), 20, 40)]
    assert not differencing.exposed(counted, Selection((MONTH, FORM), {}), 10)


def test_a_member_of_a_class_that_leaves_few_others_hides_the_class_and_not_itself() -> None:
    world = [Count(("mdma", "entactogen"), 20, 40), Count(("mda", "entactogen"), 2, 4)]
    by_class = Selection((EXPECTED_CLASS,), {})
    swapped = [Count((c.key[1], c.key[0]), c.numerator, c.denominator) for c in world]
    assert by_class.columns == (EXPECTED_CLASS, EXPECTED)
    assert differencing.exposed(swapped, by_class, 10) == {("entactogen",)}
    by_expected = Selection((EXPECTED,), {})
    others = [Count(("heroin",), 20, 40)]
    assert not differencing.exposed([Count(("mdma",), 20, 40), *others], by_expected, 10)


def test_a_found_class_is_withheld_where_one_member_leaves_a_few_others() -> None:
    rows = [Count(("2026-01",), 33, 90)]
    assert differencing.members_exposed(rows, {("2026-01",): {"heroin": 30}}, 10) == {("2026-01",)}
    assert not differencing.members_exposed(rows, {("2026-01",): {"heroin": 33}}, 10)
    assert not differencing.members_exposed(rows, {("2026-01",): {"heroin": 20, "fentanyl": 9}}, 10)


def test_opi_is_not_a_class_of_opioids() -> None:
    assert differencing.fits(EXPECTED_CLASS, "opioid.nitazene", "opioid")
    assert not differencing.fits(EXPECTED_CLASS, "opioid.nitazene", "opi")
    assert not differencing.fits(EXPECTED, "opioid.nitazene", "opioid")


@pytest.mark.parametrize("denominator", range(5, 10))
def test_the_reason_of_a_hidden_count_does_not_say_whether_it_is_none_a_few_or_all(denominator: int) -> None:
    hidden = [row(n, denominator, PARTNER) for n in range(denominator + 1)]
    assert len({(r.suppressed, r.n, r.denominator) for r in hidden}) == 1
    assert all(r.numerator is None for r in hidden)
