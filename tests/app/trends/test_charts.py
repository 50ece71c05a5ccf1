"""What is drawn of a table: geometry, words beside it, and that nothing hidden is drawn as a figure."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.figures.trends.charts import Drawn, heat, pictures, svg, words
from app.figures.trends.charts.groups import grouped
from app.figures.trends.charts.scene import Area, Box, Dot, Line, Scene, Titled, Words
from app.figures.trends.charts.svg import LOOKS, Source
from app.figures.trends.charts.words import Scale, duration, interval, said
from app.figures.trends.domain import Kind, Row, TrendTable
from tests.app.trends.made_tables import amount, count, hidden, measure, share, table

SAMPLES = measure(Kind.COUNT, name="samples", title="Samples")
HOSTILE = '"><script>alert(1)</script>&\x00\x1b]]>'
SVG = "{http://www.w3.org/2000/svg}"


def marks(scene: Scene) -> list[object]:
    return [m for part in scene.parts for m in (part.marks if isinstance(part, Titled) else (part,))]


def of_style(scene: Scene, style: str) -> list[object]:
    return [m for m in marks(scene) if getattr(m, "style", "") == style]


def words_of(scene: Scene) -> list[str]:
    return [m.text for m in marks(scene) if isinstance(m, Words)]


def titles_of(scene: Scene) -> list[str]:
    return [part.title for part in scene.parts if isinstance(part, Titled)]


def months(*values: Row) -> TrendTable:
    return table(list(values), "month")


# ---- trends ----


def test_a_higher_share_stands_higher_and_a_later_month_further_right() -> None:
    (picture,) = pictures(months(share({"month": "2026-01"}, 20, 100), share({"month": "2026-02"}, 60, 100))).charts
    low, high = (m for m in marks(picture.scene) if isinstance(m, Dot))
    assert high.y < low.y
    assert high.x > low.x
    assert len(of_style(picture.scene, "line")) == 1
    (band,) = of_style(picture.scene, "band")
    assert isinstance(band, Area)
    assert len(band.points) == 4


def test_a_month_without_samples_is_a_gap_and_no_line_or_band_crosses_it() -> None:
    drawn = pictures(months(share({"month": "2026-01"}, 20, 100), share({"month": "2026-03"}, 60, 100))).charts[0].scene
    assert not of_style(drawn, "line")
    assert not of_style(drawn, "band")
    first, last = (m for m in marks(drawn) if isinstance(m, Dot))
    labels = {m.text: m.x for m in marks(drawn) if isinstance(m, Words)}
    assert labels["Feb"] == pytest.approx((first.x + last.x) / 2)


def test_a_month_without_a_share_says_why_in_words_and_has_no_dot() -> None:
    (picture,) = pictures(months(share({"month": "2026-01"}, 20, 100), hidden({"month": "2026-02"}))).charts
    assert sum(isinstance(m, Dot) for m in marks(picture.scene)) == 1
    assert "under 20" in words_of(picture.scene)
    assert "Feb 2026: no share under 20 samples" in titles_of(picture.scene)
    assert "1 of 2 has no figure." in picture.summary


def test_a_perturbed_figure_is_limited_where_it_is_shown() -> None:
    over = Row({"month": "2026-01"}, 40, 42, 40, 1.05, 0.9, 1.0, "", False)
    (picture,) = pictures(months(over)).charts
    assert "Jan 2026: 100\u00a0% of about 40 samples (90–100\u00a0%)" in titles_of(picture.scene)
    few = Row({"month": "2026-01"}, -3, None, None, None, None, None, "", False, few=True)
    (picture,) = pictures(table([few], "month", of=SAMPLES)).charts
    assert "Jan 2026: few or none" in titles_of(picture.scene)


def test_a_period_that_is_not_whole_is_hollow_and_dotted_and_no_end_of_the_comparison() -> None:
    (picture,) = pictures(
        months(
            share({"month": "2026-01"}, 20, 100),
            share({"month": "2026-02"}, 25, 100),
            share({"month": "2026-03"}, 90, 100, incomplete=True),
        )
    ).charts
    assert len(of_style(picture.scene, "dot-hollow")) == 1
    assert len(of_style(picture.scene, "line-dotted")) == 1
    assert picture.summary.startswith("Jan 2026: 20\u00a0% (13\u2060–\u206029\u00a0%). Feb 2026: 25\u00a0%")
    assert "overlap. The difference may be chance" in picture.summary
    assert "90" not in picture.summary


def test_where_no_figure_can_be_shown_the_axis_says_no_number_that_looks_like_one() -> None:
    (shares,) = pictures(months(hidden({"month": "2026-01"}))).charts
    assert "100\u00a0%" in words_of(shares.scene), "a share lies between none and all"
    row = hidden({"month": "2026-01"}, unit="mg_per_unit")
    of = measure(Kind.MEDIAN, name="median_amount")
    (amounts,) = pictures(table([row], "month", of=of)).charts
    assert not [w for w in words_of(amounts.scene) if re.fullmatch(r"[\d.]+", w) and w != "2026"]
    grid = pictures(months(hidden({"month": "2026-01"})), drawn=Drawn.HEAT).charts[0].grid
    assert grid is not None
    assert grid.key == ()


def test_charts_of_one_table_share_their_axis() -> None:
    rows = [share({"month": "2026-01", "region": "A"}, 5, 100), share({"month": "2026-01", "region": "B"}, 45, 100)]
    first, second = pictures(table(rows, "month", "region")).charts
    assert [w for w in words_of(first.scene) if "%" in w] == [w for w in words_of(second.scene) if "%" in w]


def test_every_period_between_the_first_and_the_last_has_its_place_and_a_row_without_a_date_has_none() -> None:
    for dimension, *places in (
        ("month", "2025-11", "2025-12", "2026-01", "2026-02"),
        ("quarter", "2025-Q3", "2025-Q4", "2026-Q1"),
        ("year", "2024", "2025", "2026"),
    ):
        rows = [share({dimension: value}, 20, 100) for value in (places[-1], "", places[0])]
        drawn = grouped(table(rows, dimension))
        assert list(drawn.places) == places
        assert len(drawn.groups[0].points) == 2


# ---- the other kinds ----


def test_things_side_by_side_are_bars_with_their_figure_in_words() -> None:
    (picture,) = pictures(
        table([share({"region": "tablet"}, 20, 100), share({"region": "powder"}, 60, 100)], "region")
    ).charts
    short, long = of_style(picture.scene, "bar")
    assert isinstance(short, Box)
    assert isinstance(long, Box)
    assert long.width == pytest.approx(3 * short.width)
    assert "20\u00a0% of 100" in words_of(picture.scene)
    assert picture.summary.startswith("Highest: powder, 60\u00a0%")


def test_amounts_of_different_units_never_share_a_chart_or_an_axis() -> None:
    rows = [amount({"month": "2026-01"}, 120.0), amount({"month": "2026-01"}, 80.0, unit="percent_ww")]
    titles = [c.title for c in pictures(table(rows, "month", of=measure(Kind.MEDIAN, name="median_amount"))).charts]
    assert titles == ["mg per unit, as base", "% by weight, as base"]


# ---- heat tables ----


def many(groups: int = 12) -> TrendTable:
    rows = [
        count(
            {"month": month, "region": f"form {k:02d}"}, None if k == 3 or (k, month) == (4, "2026-01") else 10 * k + 10
        )
        for month in ("2026-01", "2026-02")
        for k in range(groups)
    ]
    return table(rows, "month", "region", of=SAMPLES)


def test_many_lines_over_time_become_a_heat_table_that_prints_every_figure() -> None:
    (picture,) = pictures(many()).charts
    assert picture.kind == "heat"
    assert picture.grid is not None
    lines = dict(picture.grid.lines)
    assert [c.text for c in lines["form 11"]] == ["120", "120"]
    assert lines["form 11"][0].step == heat.STEPS
    assert lines["form 00"][0].step == 1
    assert [c.text for c in lines["form 04"]] == ["under 20", "50"]
    assert lines["form 04"][0].step == 0
    assert "form 03" not in lines, "a line without any figure tells nothing"
    assert picture.grid.left_off == "1 more line has no figure in any period. The table has all of them."
    assert picture.grid.columns == (("Jan", "2026"), ("Feb", "2026"))


def test_what_is_not_drawn_is_said() -> None:
    drawn = pictures(many(40), drawn=Drawn.CHARTS)
    assert {c.kind for c in drawn.charts} == {"trend"}, "how it is drawn can be chosen"
    assert len(drawn.charts) == 24
    assert drawn.left_off == "24 of 39 charts are drawn. The table has all rows."


# ---- as text ----


def all_kinds() -> list[TrendTable]:
    key = {"month": "2026-01", "region": HOSTILE}
    return [
        table([share(key, 20, 100, baseline_value=0.3)], "month", "region"),
        table([share({"region": HOSTILE}, 20, 100), hidden({"region": "B"})], "region"),
        many(),
    ]


def test_hostile_names_stay_text_in_the_page_and_in_the_file() -> None:
    for made in all_kinds():
        for picture in pictures(made, lambda dimension, value: value, baseline=HOSTILE).charts:
            page = svg.inline(picture.scene, label=picture.summary + HOSTILE)
            assert "<script" not in page
            assert "style=" not in page, "the content security policy refuses it"
            file = svg.slide(picture.scene, Source(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE))
            root = ElementTree.fromstring(file)
            assert not root.findall(f".//{SVG}script")
            assert not [word for word in ("<script", "href", "url(") if word in file]
            assert any("alert(1)" in (e.text or "") for e in root.iter(f"{SVG}text"))


def test_every_style_that_is_drawn_has_a_look_on_a_slide_and_a_class_on_the_page() -> None:
    css = (Path(__file__).parents[3] / "app/screens/trends/trends.css").read_text(encoding="utf-8")
    drawn = {
        getattr(m, "style", "")
        for made in all_kinds()
        for c in pictures(made, baseline="2024").charts
        for m in marks(c.scene)
    }
    assert drawn <= set(LOOKS)
    on_page = {style for style in LOOKS if not style.startswith("heat-") and style not in ("part", "in-cell")}
    missing = {style for style in on_page if not re.search(rf"\.ch-{style}\b(?!-)", css)}
    assert not missing


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 400), st.integers(1, 400), st.booleans(), st.booleans()),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_every_figure_is_drawn_inside_its_frame(rows: list[tuple[int, int, int, bool, bool]]) -> None:
    made = [
        hidden({"month": f"2026-{m:02d}"}) if hide else share({"month": f"2026-{m:02d}"}, min(a, b), b, incomplete=part)
        for m, a, b, hide, part in {row[0]: row for row in rows}.values()
    ]
    (picture,) = pictures(table(made, "month")).charts
    scene = picture.scene
    for mark in marks(scene):
        for x, y in _points(mark):
            assert 0 <= x <= scene.width + 1e-6
            assert 0 <= y <= scene.height + 1e-6
    dots = sum(isinstance(m, Dot) for m in marks(scene))
    assert dots == sum(row.value is not None for row in made)


def _points(mark: object) -> list[tuple[float, float]]:
    match mark:
        case Line(x1, y1, x2, y2):
            return [(x1, y1), (x2, y2)]
        case Box(x, y, width, height):
            return [(x, y), (x + width, y + height)]
        case Dot(x, y, r):
            return [(x - r, y - r), (x + r, y + r)]
        case Area(points):
            return list(points)
        case Words(x, y):
            return [(x, y)]
    raise AssertionError(mark)


@given(
    st.lists(st.floats(0, 1e7, allow_nan=False), min_size=1),
    st.sampled_from([Scale.COUNT, Scale.AMOUNT, Scale.MINUTES]),
)
def test_an_axis_ends_above_everything_on_it_and_not_far_above(values: list[float], scale: Scale) -> None:
    top = words.top_of(values, scale)
    assert top >= max(values) * (1 - 1e-9)
    assert math.isfinite(top)
    assert top <= max(max(values) * 2.6, 1.0) or scale is Scale.MINUTES


def test_a_share_near_none_or_all_never_reads_as_none_or_all_and_minutes_read_as_a_clock_says_them() -> None:
    shares = [said(value, Scale.SHARE) for value in (0.0, 0.004, 0.67, 0.997, 1.0)]
    assert shares == [f"{number}\u00a0%" for number in ("0", "0.4", "67", "99.7", "100")]
    assert interval(0.995, 0.998, Scale.SHARE) == "99.5–99.8\u00a0%"
    assert [duration(m) for m in (45, 200, 3200)] == ["45\u00a0min", "3\u00a0h 20\u00a0min", "2\u00a0d 5\u00a0h"]


def test_an_axis_of_counts_has_whole_ticks_and_one_of_amounts_round_ones() -> None:
    for highest in range(1, 500):
        values = [v for v, _ in words.ticks(words.top_of([float(highest)], Scale.COUNT), Scale.COUNT)]
        assert all(v == round(v) for v in values), values
    assert [v for v, _ in words.ticks(300.0, Scale.AMOUNT)] == [0, 100, 200, 300]
