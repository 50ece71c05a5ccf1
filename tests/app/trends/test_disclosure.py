"""Cubes against linear combinations: known answers, every world, and an enumerator of whole tables beside the programs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from app.trends.disclosure import auditing, cubes, growing, linear_audit, sticky, targets
from app.trends.disclosure.auditing import audited
from app.trends.disclosure.complementary import differencing
from app.trends.disclosure.cubes import Axes, Cube, Publication, family, mask_of
from app.trends.disclosure.growing import grow
from app.trends.disclosure.knowledge import Knowledge
from app.trends.disclosure.linear_audit import Budget, System, bounds
from app.trends.disclosure.targets import targets_of
from app.trends.domain import Audience, Count, rounded
from app.trends.domain import protect as protect_row
from tests.support.cubes import ENDLESS, PUBLIC, cube_of, shown, worlds

# -- one cell -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 70), st.integers(0, 70), st.sampled_from([Audience.PUBLIC, Audience.PARTNER]))
def test_the_first_suppression_is_that_of_a_row(a: int, b: int, audience: Audience) -> None:
    numerator, denominator = min(a, b), max(a, b)
    cube = cube_of([[[denominator]]], [[[[numerator]]]], ("opioid",))
    pub = Publication.first(cube, audience.threshold)
    n, f, tested = pub.shares(cube)
    row = protect_row(Count((), numerator, denominator), (), audience, incomplete=False)
    assert bool(pub.shown_n[0, 0, 0]) == (row.n is not None)
    assert bool(pub.shown_f[0, 0, 0, 0]) == (row.numerator is not None)
    if row.n is not None:
        assert n[0, 0, 0] == tested[0, 0, 0, 0] == row.n
    if row.numerator is not None:
        assert f[0, 0, 0, 0] == row.numerator or f[0, 0, 0, 0] == row.numerator - 5 == row.denominator - 5


def test_rounding_is_that_of_the_rows() -> None:
    counts = np.arange(200)
    assert cubes.rounded(counts).tolist() == [rounded(int(c)) for c in counts]


def test_a_cube_holds_every_margin_at_four_widths_of_time() -> None:
    cube = cube_of(np.arange(16).reshape(4, 2, 2))
    assert len(family()) == 16
    at = {cube.axes.key_of(node): int(cube.n[node]) for node in np.ndindex(cube.n.shape)}
    assert at["", "", ""] == at["2026", "", ""] == sum(range(16))
    assert at["2026-Q1", "", ""] == sum(range(12))
    assert at["2026-Q2", "r1", "e0"] == at["2026-04", "r1", "e0"] == 14
    everywhere = sum(mask_of(cube.axes, table).astype(int) for table in family())
    assert (everywhere == 1).all(), "each node belongs to one table"


def test_a_cube_with_a_single_cell_that_is_not_empty() -> None:
    for count in (3, 9, 10, 400):
        cube = cube_of([[[count, 0], [0, 0]]], [[[[count, 0], [0, 0]]]], ("opioid",))
        made = grow(cube, Publication.first(cube, PUBLIC), ENDLESS)
        assert made.audit is not None
        assert made.audit.bounded == 0
        assert bool(made.pub.shown_n.any()) == (count >= PUBLIC)


# -- what programs say ----------------------------------------------------------------------------------------------


def table_2x2(low: float, high: float) -> System:
    """Row totals 20 and 20, column totals 20 and 20, all known within `low` and `high` of the truth; cells 3 17 / 17 3."""
    rows = sparse.csr_matrix(np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]], float))
    truth = np.array([3.0, 17, 17, 3])
    total = rows @ truth
    return System(
        rows, total + low, total + high, np.zeros(4), np.full(4, np.inf), truth, sparse.identity(4).tocsr(),
        np.zeros(4), np.full(4, 8.0),
    )  # fmt: skip


def test_known_bounds_of_a_two_by_two_table() -> None:
    low, high = bounds(table_2x2(0, 0))
    assert low.tolist() == [0, 0, 0, 0]
    assert high == pytest.approx([20, 20, 20, 20])
    low, high = bounds(table_2x2(-2, 2))
    assert high == pytest.approx([22, 22, 22, 22])


def test_three_tables_that_give_a_cell_only_together_are_found() -> None:
    """a+b, b+c and a+c are published, no single one of them and no pair gives a: half of their sum less one does."""
    rows = sparse.csr_matrix(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], float))
    truth = np.array([4.0, 30, 26])
    planted = System(
        rows, rows @ truth - 2, rows @ truth + 2, np.zeros(3), np.full(3, np.inf), truth,
        sparse.csr_matrix(np.array([[1.0, 0, 0]])), np.zeros(1), np.full(1, 8.0),
    )  # fmt: skip
    found = linear_audit.audit(planted, Budget(ENDLESS))
    assert not found.proven[0]
    assert (found.low[0], found.high[0]) == pytest.approx((1, 7))
    assert set(found.blamed[0]) == {0, 1, 2}
    for left_out in range(3):
        two = [i for i in range(3) if i != left_out]
        pair = System(
            rows[two], planted.low[two], planted.high[two], planted.lower, planted.upper, truth, planted.targets,
            planted.fixed, planted.width,
        )  # fmt: skip
        assert linear_audit.audit(pair, Budget(ENDLESS)).proven[0]


def whole_tables(cube: Cube, pub: Publication, most: int) -> Iterator[np.ndarray]:  # type: ignore[type-arg]
    """Every table of whole numbers that would have been published alike."""
    filled = np.argwhere(cube.samples > 0)
    known = np.argwhere(pub.known_n)
    n, _, _ = pub.shares(cube)
    for values in itertools.product(range(most + 1), repeat=len(filled)):
        table = np.zeros_like(cube.samples)
        table[tuple(filled.T)] = values
        sums = cube.sums(table)
        if all(rounded(int(sums[tuple(k)])) == n[tuple(k)] and sums[tuple(k)] >= pub.least for k in known):
            yield sums


@pytest.mark.parametrize(
    "samples",
    [
        [[[4, 11], [10, 0]]],
        [[[3, 11]], [[7, 0]]],
        [[[12, 13], [2, 0]]],
        [[[11, 2], [1, 0]]],
    ],
)
@pytest.mark.parametrize("protected", [False, True])
def test_programs_agree_with_an_enumeration_of_all_tables(samples: list[list[list[int]]], protected: bool) -> None:
    cube = cube_of(samples)
    pub = Publication.first(cube, PUBLIC)
    if protected:
        grow(cube, pub, ENDLESS)
    open_ = targets_of(cube, pub)
    if not len(open_):
        return
    every = np.ones(cube.samples.shape, bool)
    system, _ = Knowledge(cube, pub).system(every, np.zeros_like(cube.found, bool), open_)
    low, high = bounds(system)
    most = 18
    tables = np.array([sums.ravel()[open_.node] for sums in whole_tables(cube, pub, most)])
    assert len(tables), "the truth is one of them"
    for i in range(len(open_)):
        smallest, largest = int(tables[:, i].min()), int(tables[:, i].max())
        assert low[i] <= smallest + 1e-6
        assert high[i] >= largest - 1e-6
        if high[i] < most - 2:  # elsewhere the enumeration ends before the table does
            assert largest >= high[i] - 2, "fractions add little to what whole numbers allow"
            assert smallest <= low[i] + 2


# -- a whole cube -----------------------------------------------------------------------------------------------------


@given(worlds(), st.sampled_from([5, 10]))
@settings(max_examples=8, deadline=None)
def test_after_protection_nothing_withheld_is_known_within_four(cube: Cube, least: int) -> None:
    made = grow(cube, Publication.first(cube, least), ENDLESS)
    found = audited(cube, made.pub, Budget(ENDLESS))
    assert found.bounded == 0
    width = found.high - found.low
    assert (width > Knowledge(cube, made.pub).widths(found.targets)).all()
    if least == PUBLIC:
        assert (width > 8).all()


@given(worlds())
@settings(max_examples=6, deadline=None)
def test_protection_only_takes_away_and_is_the_same_every_time(cube: Cube) -> None:
    first = Publication.first(cube, PUBLIC)
    one = grow(cube, Publication.first(cube, PUBLIC), ENDLESS).pub
    two = grow(cube, Publication.first(cube, PUBLIC), ENDLESS).pub
    assert not (one.shown_n & ~first.shown_n).any()
    assert not (one.shown_f & ~first.shown_f).any()
    assert not (one.shown_f & ~one.shown_n).any()
    assert (one.shown_n == two.shown_n).all()
    assert (one.shown_f == two.shown_f).all()


def test_switching_complementary_suppression_off_is_caught() -> None:
    cube = cube_of([[[40, 4], [30, 25]]])
    bare = Publication.first(cube, PUBLIC)
    assert audited(cube, bare, Budget(ENDLESS)).bounded > 0, "40 and 44 are both shown: the 4 is their difference"
    made = grow(cube, Publication.first(cube, PUBLIC), ENDLESS)
    assert made.audit is not None
    assert made.audit.bounded == 0
    assert made.withheld_n > 0


def test_switching_it_off_is_caught_in_most_random_worlds() -> None:
    random = np.random.default_rng(7)
    caught = 0
    for _ in range(8):
        cube = cube_of(random.choice([0, 2, 5, 9, 14, 40], (2, 2, 3)))
        caught += audited(cube, Publication.first(cube, PUBLIC), Budget(ENDLESS)).bounded > 0
    assert caught >= 6


def test_differencing_alone_is_not_enough_and_the_programs_see_it() -> None:
    """24 is published as 23–27, 10 and 11 as 10–12 each: no two of them give the 3 away, all three do."""
    cube = cube_of([[[10, 11, 3]]])
    pub = Publication.first(cube, PUBLIC)
    differencing(cube, pub)
    found = audited(cube, pub, Budget(ENDLESS))
    assert found.bounded > 0
    assert grow(cube, pub, ENDLESS).audit.bounded == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("large", [20, auditing.LARGE])
def test_large_cubes_are_proven_in_pieces_that_agree_with_the_whole(
    large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(3)
    samples = random.poisson(14, (6, 3, 3))
    found = random.binomial(samples, 0.3)
    cube = cube_of(samples, [found], ("opioid",))
    monkeypatch.setattr(auditing, "SMALL", 0)
    monkeypatch.setattr(auditing, "LARGE", large)
    made = grow(cube, Publication.first(cube, PUBLIC), ENDLESS)
    assert made.audit is not None
    assert made.audit.bounded == 0
    monkeypatch.setattr(auditing, "SMALL", 10**6)
    assert audited(cube, made.pub, Budget(ENDLESS)).bounded == 0, "what pieces prove the whole proves"


@pytest.mark.parametrize("programs", [0.0, 0.1, 0.5])
def test_when_the_budget_ends_whole_tables_go_and_nothing_is_left_unaudited(programs: float) -> None:
    random = np.random.default_rng(5)
    samples = random.poisson(12, (3, 3, 3))
    cube = cube_of(samples, [random.binomial(samples, 0.4)], ("opioid",))
    made = grow(cube, Publication.first(cube, PUBLIC), programs)
    assert made.left_out or programs
    assert made.audit is not None
    assert made.audit.bounded == 0
    for table in made.left_out:
        assert not (made.pub.shown_n & mask_of(cube.axes, table)).any()
    assert audited(cube, made.pub, Budget(ENDLESS)).bounded == 0


def test_a_table_with_few_large_cells_is_left_out() -> None:
    samples = np.full((3, 3, 4), 2)
    made = grow(cube_of(samples), Publication.first(cube_of(samples), PUBLIC), ENDLESS)
    assert (3, True, True) in made.left_out


def test_a_wider_class_is_hidden_where_a_few_more_than_the_narrower_were_found() -> None:
    cube = cube_of([[[100]]], [[[[33]]], [[[30]]]], ("opioid", "opioid.nitazene"))
    pub = Publication.first(cube, PUBLIC)
    assert not pub.shown_f[0].any()
    assert pub.shown_f[1].all()
    kinds = targets_of(cube, pub).kind
    assert targets.MORE in kinds


# -- across releases --------------------------------------------------------------------------------------------------


def marks_of(axes: Axes, buckets: dict[int, list[int]]) -> sticky.Marks:
    """From finest cell (flat) to the buckets of its samples."""
    size = int(np.prod(axes.atom_shape))
    matrix = sparse.lil_matrix((size, sticky.BUCKETS), dtype=np.int64)
    for atom, inside in buckets.items():
        for bucket in inside:
            matrix[atom, bucket] += 1
    return sticky.Marks(axes, matrix.tocsr(), ())


def released(buckets: dict[int, list[int]]) -> tuple[Cube, sticky.Marks]:
    cube = cube_of([[[len(buckets.get(0, [])), len(buckets.get(1, []))]]])
    return cube, marks_of(cube.axes, buckets)


def again(before: dict[int, list[int]], now: dict[int, list[int]]) -> tuple[Cube, Publication]:
    old_cube, old_marks = released(before)
    cube, marks = released(now)
    old = Publication.first(old_cube, PUBLIC)
    pub = Publication.first(cube, PUBLIC)
    n, f, _ = old.shares(old_cube)
    earlier = sticky.Earlier(old_marks, old.shown_n, old.shown_f, n, f)
    sticky.keep(pub, marks, earlier, Knowledge(cube, pub).sums, Knowledge(old_cube, old).sums)
    return cube, pub


def test_a_few_more_samples_leave_the_figure_as_it_was() -> None:
    cube, pub = again({0: list(range(40)), 1: list(range(100, 130))}, {0: list(range(47)), 1: list(range(100, 130))})
    assert shown(cube, pub)["2026-01", "", "e0"] == 40
    assert shown(cube, pub)["2026-01", "", "e1"] == 30
    assert pub.moved_n[0, 0, 1]
    assert not pub.moved_n[0, 0, 2]


def test_as_many_new_samples_as_the_threshold_make_a_new_figure() -> None:
    cube, pub = again({0: list(range(40)), 1: []}, {0: list(range(50)), 1: []})
    assert shown(cube, pub)["2026-01", "", "e0"] == 50


def test_samples_that_were_exchanged_count_as_changed() -> None:
    cube, pub = again({0: list(range(40))}, {0: list(range(3, 43))})
    assert shown(cube, pub)["2026-01", "", "e0"] == 40
    assert pub.moved_n[0, 0, 1], "three left and three came: the set is another"


def test_two_releases_of_few_changes_cannot_be_subtracted() -> None:
    before = {0: list(range(40)), 1: list(range(200, 240))}
    for more in range(1, PUBLIC):
        cube, pub = again(before, {**before, 0: list(range(40 + more))})
        after = shown(cube, pub)
        old_cube, _ = released(before)
        assert after == shown(old_cube, Publication.first(old_cube, PUBLIC)), more


def test_a_moved_figure_is_known_less_exactly() -> None:
    cube, pub = again({0: list(range(40)), 1: list(range(100, 115))}, {0: list(range(44)), 1: list(range(100, 115))})
    known = Knowledge(cube, pub)
    node = (0, 0, 1)
    assert (known._low_n[node], known._high_n[node]) == (40 - 2 - 9, 40 + 2 + 9)
    assert (known._low_n[0, 0, 2], known._high_n[0, 0, 2]) == (15 - 2, 15 + 2)


# -- the public cube inside that of partners --------------------------------------------------------------------------


@given(worlds())
@settings(max_examples=6, deadline=None)
def test_partners_see_what_the_public_sees_and_their_audit_knows_it(cube: Cube) -> None:
    public = grow(cube, Publication.first(cube, 10), ENDLESS).pub
    partner = Publication.first(cube, 5)
    partner.fix(public)
    made = grow(cube, partner, ENDLESS)
    assert not (public.shown_n & ~made.pub.known_n).any()
    assert audited(cube, made.pub, Budget(ENDLESS)).bounded == 0
    floor = made.pub.floor_n[public.shown_n]
    assert (floor == 10).all()


def test_an_unproven_target_is_never_published_as_proven() -> None:
    found = linear_audit.audit(table_2x2(0, 0), Budget(0.0))
    assert not found.proven.any()
    assert growing.PROGRAMS > 0
