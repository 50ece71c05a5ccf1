"""What is published of a cube, grown from coarse to fine: nothing known within four, the budget, classes left out of tables."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.releases.building import document
from app.releases.lookup import Book, rows
from app.trends.disclosure import complementary
from app.trends.disclosure.auditing import audited
from app.trends.disclosure.cubes import Cube, Publication, family, mask_of
from app.trends.disclosure.growing import grow
from app.trends.disclosure.linear_audit import Budget
from app.trends.domain import Audience, Dimension
from tests.support.cubes import ENDLESS, PUBLIC, cube_of, worlds


@given(worlds(), st.sampled_from([5, 10]))
@settings(max_examples=6, deadline=None)
def test_what_is_grown_is_known_within_four_nowhere_in_the_whole_cube(cube: Cube, least: int) -> None:
    first = Publication.first(cube, least)
    made = grow(cube, Publication.first(cube, least), ENDLESS)
    assert not (made.pub.shown_n & ~first.shown_n).any()
    assert not (made.pub.shown_f & ~first.shown_f).any()
    assert not (made.pub.shown_n & ~made.pub.offered_n).any()
    assert not (made.pub.shown_f & ~made.pub.offered_f).any()
    assert audited(cube, made.pub, Budget(ENDLESS)).bounded == 0
    again = grow(cube, Publication.first(cube, least), ENDLESS).pub
    assert (again.shown_n == made.pub.shown_n).all()
    assert (again.shown_f == made.pub.shown_f).all()


def test_coarse_tables_outlive_a_budget_that_the_fine_ones_exceed() -> None:
    random = np.random.default_rng(11)
    samples = random.poisson(9, (6, 3, 3))
    cube = cube_of(samples, [random.binomial(samples, 0.4), random.binomial(samples, 0.1)], ("opioid", "stimulant"))
    grown = grow(cube, Publication.first(cube, PUBLIC), 4.0)
    assert grown.pub.shown_n[0, 0, 0]
    assert grown.left_out, "or the test shows nothing"
    assert audited(cube, grown.pub, Budget(ENDLESS)).bounded == 0
    none = grow(cube, Publication.first(cube, PUBLIC), 0.0)
    assert audited(cube, none.pub, Budget(ENDLESS)).bounded == 0, "nothing is published unaudited"


def test_what_the_public_cannot_see_stays_hidden_beside_what_partners_are_given() -> None:
    random = np.random.default_rng(4)
    samples = random.poisson(11, (3, 2, 3))
    cube = cube_of(samples, [random.binomial(samples, 0.4)], ("opioid",))
    public = grow(cube, Publication.first(cube, 10), ENDLESS).pub
    partner = Publication.first(cube, 5)
    partner.fix(public)
    made = grow(cube, partner, ENDLESS).pub
    assert not (public.shown_n & ~made.shown_n).any()
    assert not (public.offered_n & ~made.offered_n).any(), "its hidden counts are looked after in both"
    assert not (public.offered_f & ~made.offered_f).any()
    assert audited(cube, made, Budget(ENDLESS)).bounded == 0


# -- a class in some of the tables ------------------------------------------------------------------------------------


def common_and_rare() -> Cube:
    """Four months, two regions: opioids everywhere, of one psychedelic three or four in each cell."""
    samples = np.full((4, 2, 1), 60)
    return cube_of(samples, [np.full((4, 2, 1), 30), np.full((4, 2, 1), 4)], ("opioid", "psychedelic"))


def test_a_class_that_few_cells_of_a_table_could_show_is_left_out_of_that_table_alone() -> None:
    cube = common_and_rare()
    pub = grow(cube, Publication.first(cube, PUBLIC), ENDLESS).pub
    finest, regions = mask_of(cube.axes, (3, True, False)), mask_of(cube.axes, (0, True, False))
    assert (pub.shown_f[0] & finest).any(), "the common class is there"
    assert not (pub.offered_f[1] & finest).any()
    assert (pub.shown_f[1] & regions).any(), "four of a month are too few, sixteen of a region are not"
    assert audited(cube, pub, Budget(ENDLESS)).bounded == 0


def test_a_class_left_out_of_a_table_has_no_marker_there_and_the_look_up_says_why() -> None:
    cube = common_and_rare()
    pub = grow(cube, Publication.first(cube, PUBLIC), ENDLESS).pub
    made = document(cube, Audience.PUBLIC, pub)
    cells = {(t, r, e): (n, classes) for t, r, e, n, classes in made["cells"]}
    assert "opioid" in cells["2026-01", "r0", ""][1]
    assert "psychedelic" not in cells["2026-01", "r0", ""][1]
    assert "psychedelic" in cells["", "r0", ""][1]
    looked_up = rows(Book(made, cells), Audience.PUBLIC, [Dimension.MONTH, Dimension.REGION], {}, "psychedelic")
    assert {row.suppressed for row in looked_up} == {"fewer than 10 were tested, or not published at this detail"}


def test_a_class_is_published_in_a_table_only_where_it_is_in_every_margin_of_it() -> None:
    random = np.random.default_rng(5)
    samples = random.poisson(14, (6, 3, 2))
    found = [random.binomial(samples, share) for share in (0.5, 0.15, 0.04)]
    cube = cube_of(samples, found, ("opioid", "stimulant", "psychedelic"))
    pub = grow(cube, Publication.first(cube, PUBLIC), 400.0).pub
    published = {table: (pub.offered_f & mask_of(cube.axes, table)).any(axis=(1, 2, 3)) for table in family()}
    assert any(classes.any() and not classes.all() for classes in published.values()), "or the test shows nothing"
    for (level, region, expected), classes in published.items():
        for (wider, r, e), more in published.items():
            if wider <= level and r <= region and e <= expected:
                assert not (classes & ~more).any()


def test_a_class_an_earlier_release_showed_in_a_table_is_looked_after_there_though_nothing_of_it_is_shown_now() -> None:
    cube = common_and_rare()
    wanted = Publication.first(cube, PUBLIC)
    regions = mask_of(cube.axes, (0, True, False))
    wanted.fixed_f[1] |= regions
    wanted.shown_f[1] &= ~regions
    pub = grow(cube, wanted, ENDLESS).pub
    assert not (pub.shown_f[1] & regions).any()
    assert (pub.offered_f[1] & regions).any()


def test_one_count_that_bounds_two_is_withheld_rather_than_two() -> None:
    lists = [[(False, -1, 4), (False, -1, 9)], [(False, -1, 7), (False, -1, 9)], [(True, 0, 2)]]
    assert list(complementary._cover(lists)) == [(False, -1, 9), (True, 0, 2)]
