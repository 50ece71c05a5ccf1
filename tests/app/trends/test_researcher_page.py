"""The researcher's page over HTTP: every kind of figure with its chart and table, drawings for slides, hostile names."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from app.care.counted.tables import TrendFinding
from app.figures.trends.measures import MEASURED, MEASURES
from app.platform.kernel.actor import Role
from tests.app.trends.conftest import Figures

SVG = "{http://www.w3.org/2000/svg}"
BUDGET_BYTES = 100_000


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database; test_trends_over_http.py asks for figures of both."""
    return sqlite_url


def svg_of(figures: Figures, **params: Any) -> Any:
    return figures.world.as_(Role.RESEARCHER).get("/trends.svg", params=params)


def test_the_form_makes_the_question_of_the_api_and_the_link_opens_it_again(year: Figures) -> None:
    form = {
        "figure": "found", "substance": "entactogen", "by": ["month", "", ""], "where": ["", "region=Wales", ""],
        "from": "2025-02", "to": "",
    }  # fmt: skip
    page = year.page(**form)
    assert page.status_code == 200
    link = re.search(r'href="(/trends\?[^"]+)" data-permalink', page.text)
    assert link is not None
    asked = parse_qs(urlsplit(link.group(1).replace("&amp;", "&")).query)
    assert asked == {
        "measure": ["found"], "by": ["month"], "where": ["region=Wales"], "found": ["entactogen"], "from": ["2025-02"],
    }  # fmt: skip
    again = year.page(**asked)
    assert re.findall(r"<td.*?</td>", again.text) == re.findall(r"<td.*?</td>", page.text)
    assert '<option value="entactogen" selected>' in again.text
    assert '<option value="region=Wales" selected>' in again.text


def test_a_figure_that_lacks_its_substance_says_so_and_offers_the_field(year: Figures) -> None:
    page = year.page(figure="found", by="month")
    assert page.status_code == 422
    assert "which substance or class" in page.text
    field = re.search(
        r'<span class="sentence__field" data-figures="[^"]*\bfound\b[^"]*"( data-off)?><label for="substance"',
        page.text,
    )
    assert field is not None
    assert not field.group(1), "the field is hidden although it is needed"
    assert '<option value="found" selected>' in page.text


def test_what_else_was_found_with_a_substance_is_asked_of_its_class_and_of_whole_years_and_says_so(
    year: Figures,
) -> None:
    page = year.page(figure="found_with", substance="mdma", **{"from": "2025-03", "to": "2025-05"})
    assert page.status_code == 200
    assert "counted for classes and by year. MDMA is counted as a drug like MDMA." in page.text
    link = re.search(r'href="(/trends\?[^"]+)" data-permalink', page.text)
    assert link is not None
    assert "measure=found_with%3Aentactogen&amp;by=year&amp;from=2025-01&amp;to=2025-12" in link.group(1)
    wide = year.page(figure="found_with", substance="opioid").text
    assert "Choose one of the classes in the list." in wide
    assert "opioid.nitazene," not in wide, "no ids"
    cited = re.search(r"data-citation>([^<]+)<", year.page(measure="samples", by="month").text)
    assert cited is not None
    assert ".." not in cited.group(1)


def test_a_page_weighs_little_and_holds_no_style_and_no_script_of_its_own(year: Figures) -> None:
    page = year.page(measure="samples", by=["quarter", "region", "expected"])
    assert page.status_code == 200
    assert len(gzip.compress(page.content)) < BUDGET_BYTES
    assert "style=" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    heat = year.page(measure="expected_found", by=["month", "region"], drawn="heat").text
    assert 'class="table table--keep heat"' in heat
    assert "drawn=heat" in heat


def test_every_figure_is_offered_with_the_fields_it_needs(year: Figures) -> None:
    text = year.page().text
    offered = re.search(r'<select name="figure".*?</select>', text, re.DOTALL)
    assert offered is not None
    assert re.findall(r'value="(\w+)"', offered.group()) == list(MEASURED)
    for name in MEASURED:
        needing = re.findall(rf'data-figures="[^"]*\b{name}\b[^"]*"', text)
        assert len(needing) == (1 if name == "found" else len(MEASURES[name].asks)), name


# ---- drawings ----


def test_a_chart_is_a_file_with_its_source(year: Figures) -> None:
    got = svg_of(year, measure="expected_found", by=["month", "region"], chart=1)
    assert got.status_code == 200
    assert got.headers["content-type"].startswith("image/svg+xml")
    root = ElementTree.fromstring(got.content)
    words = [e.text or "" for e in root.iter(f"{SVG}text")]
    assert "The expected substance was found: Wales" in words
    whole = " ".join(words)
    for part in (
        "By month and region",
        "Numerator:",
        "moved by a small random amount",
        "as of 13 june 2026",
        "People choose what they bring",
        "definition version 1",
        "/trends?",
    ):
        assert part.lower() in whole.lower(), part


def test_there_is_no_chart_beyond_the_last(year: Figures) -> None:
    assert svg_of(year, measure="expected_found", by="month", chart=1).status_code == 404
    assert svg_of(year, measure="expected_found", by="month", chart=-1).status_code == 422
    assert svg_of(year, measure="expected_found", by="month", chart="x").status_code == 422


HOSTILE = ("<script>alert(1)</script>", '"><svg onload=x>', "]]>&<b>", "=1+1", "a\u202eb")


def test_a_hostile_name_of_a_region_stays_text(figures: Figures, clock: Any) -> None:
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    for region in HOSTILE:
        figures.add(90, region=region)
        figures.add(90, region=region, verdict="not_as_expected")
    figures.strike()
    page = figures.page(measure="expected_found", by=["month", "region"])
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<svg onload" not in page.text
    told = set()
    for chart in range(len(HOSTILE)):
        got = svg_of(figures, measure="expected_found", by=["month", "region"], chart=chart)
        root = ElementTree.fromstring(got.content)
        assert not root.findall(f".//{SVG}script")
        text = " ".join(e.text or "" for e in root.iter(f"{SVG}text"))
        told |= {region for region in HOSTILE if region in text}
    assert told == set(HOSTILE)


# ---- every kind of figure ----


def amounts(figures: Figures, *, region: str) -> None:
    """Sixty tablets of MDMA in a region, from 60 to 178 mg."""
    keys = figures.add(60, region=region, form="tablet", turnaround=95)
    with figures.world.runtime.db.begin() as uow:
        for place, key in enumerate(keys):
            uow.session.connection().execute(
                sa.update(TrendFinding)
                .where(TrendFinding.sample_id == key)
                .values(amount=60.0 + 2 * place, unit="mg_per_unit", basis="base")
            )


def test_every_kind_of_figure_has_its_chart_its_table_and_its_definition(figures: Figures, clock: Any) -> None:
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    amounts(figures, region="North East")
    with_caffeine = (("mdma", "entactogen"), ("caffeine", "stimulant.other"))
    figures.add(60, region="Wales", found=with_caffeine, turnaround=200)
    figures.add(40, region="Wales")
    figures.strike()
    for params, kind, words in (
        ({"measure": "samples", "by": "region"}, "bars", ["Samples", "about"]),
        ({"measure": "expected_found", "by": "region"}, "bars", ["Share", "95 % interval"]),
        ({"measure": "verdict:as_expected", "by": "region"}, "bars", ["Result compared with what was expected: As expected"]),
        ({"figure": "found", "substance": "stimulant.other", "by": "region"}, "bars", ["Out of"]),
        ({"figure": "median_amount", "substance": "mdma", "by": "month"}, "trend", ["Median amount of MDMA", "mg per unit, as base"]),
        ({"figure": "turnaround", "by": ["month", "region"]}, "trend", ["1\u00a0h 35\u00a0min", "Time from received"]),
    ):  # fmt: skip
        page = figures.page(**params)
        assert page.status_code == 200, re.findall(r"notice--problem.*?</div>", page.text, re.DOTALL)
        assert f"multiple--{kind}" in page.text
        shown = page.text.split('id="figure-title"')[1]
        assert not re.search(r"\{\d\}", shown)
        for word in words:
            assert word.lower() in shown.lower(), word
        table = re.search(r'id="trend-table".*?</table>', shown, re.DOTALL)
        assert table is not None
        assert table.group().count("<tr") > 1
        drawing = re.search(r'href="(/trends\.svg\?[^"]+)"', shown)
        assert drawing is not None
        got = figures.world.as_(Role.RESEARCHER).get(drawing.group(1).replace("&amp;", "&"))
        assert got.status_code == 200
        ElementTree.fromstring(got.content)


def test_a_baseline_stands_beside_every_row_and_on_the_chart(year: Figures) -> None:
    page = year.page(
        measure="expected_found", by=["month", "region"], baseline="2025-01..2025-12", where="region=Wales"
    )
    assert page.status_code == 200, page.text
    assert "ch-baseline" in page.text
    assert "Long dashes: 2025." in page.text
    head = re.search(r'id="trend-table".*?</thead>', page.text, re.DOTALL)
    assert head is not None
    assert ">2025<" in head.group()
    assert ">Difference<" in head.group()
    assert '<option value="2025-01..2025-12" selected>' in page.text
