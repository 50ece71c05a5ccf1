"""Trends over HTTP: who may ask what, the same rows as JSON and CSV, what is refused, and what goes in and out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from sqlmodel import select

from app.care.counted.tables import TrendFinding, TrendSample, TrendTest
from app.figures.trends import service
from app.figures.trends.domain import Dimension
from app.figures.trends.service import Question
from app.intake.samples.domain import SubmitterType
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.web.csv_text import neutral
from app.results.finding import NewFinding
from tests.app.results.conftest import Lab

from .conftest import Figures

FOUND = "found"


# -- what goes in and out ---------------------------------------------------------------------------------------


@pytest.fixture
def lab(world: Any) -> Lab:
    return Lab(world, world.session())


def counted(lab: Lab) -> dict[Any, TrendSample]:
    return {row.sample_id: row for row in lab.read(lambda s: list(s.exec(select(TrendSample))))}


def test_a_release_counts_and_a_retraction_takes_it_out_again(lab: Lab) -> None:
    view = lab.released()
    (row,) = counted(lab).values()
    assert (row.sample_id, row.verdict, row.submitter_group) == (view.result.sample_id, "as_expected", "client")
    lab.act(view, "retract", Role.SESSION_LEAD, reason="mixed up")
    assert not counted(lab)
    assert not lab.read(lambda s: list(s.exec(select(TrendFinding))))
    assert lab.read(lambda s: s.exec(select(AuditEntry).where(AuditEntry.verb == "remove_from_aggregates")).one())


@pytest.mark.parametrize("submitter", [SubmitterType.POLICE_BACK_OF_HOUSE, SubmitterType.PARTNER_AGENCY])
def test_samples_of_police_and_partners_are_never_mixed_with_clients(
    lab: Lab, figures: Figures, submitter: SubmitterType
) -> None:
    lab.released(lab.sample(submitter_type=submitter))
    assert [row.submitter_group for row in counted(lab).values()] == ["other"]
    figures.add(40, group="other")
    assert figures.strike() == [], "no sample of a client, so no month begins"


@pytest.mark.parametrize("methods", [("strip",), ("strip", "gc_ms")])
def test_what_only_a_strip_reacted_to_was_not_found_and_stands_with_the_tests(
    lab: Lab, methods: tuple[str, ...]
) -> None:
    sample_id = lab.sample(("heroin",))
    strip = lab.analysis(sample_id, "strip", strip_target="opioid.nitazene", strip_reading="positive")
    others = [lab.analysis(sample_id, method) for method in methods if method != "strip"]
    view = lab.draft(sample_id, NewFinding(None, "opioid.nitazene", analysis_ids=(strip, *others)))
    for action, by in (("submit", Role.CHEMIST), ("verify", Role.VERIFIER), ("release", Role.SESSION_LEAD)):
        view = lab.act(view, action, by)
    found = [(row.found, row.found_class) for row in lab.read(lambda s: list(s.exec(select(TrendFinding))))]
    assert found == ([("opioid.nitazene", "opioid.nitazene")] if others else [])
    tests = lab.read(lambda s: list(s.exec(select(TrendTest).where(TrendTest.method == "strip"))))
    assert [(row.target, row.seen) for row in tests] == [("opioid.nitazene", "detected")]


# -- who sees what ----------------------------------------------------------------------------------------------


def near(value: int | None, true: int, reach: int = 12) -> bool:
    return value is not None and abs(value - true) <= reach


def test_a_researcher_reads_figures_that_are_moved_and_a_lead_those_of_partners(year: Figures) -> None:
    own, lead = year.rows(by="month", measure="samples"), year.rows(Role.SESSION_LEAD, by="month", measure="samples")
    assert (
        list(own)
        == list(lead)
        == [(f"2025-{m:02d}",) for m in range(1, 13)] + [(f"2026-{m:02d}",) for m in range(1, 6)]
    )
    assert all(near(row["n"], 160) for row in own.values())
    assert [row["n"] for row in own.values()] != [160] * 17
    assert [row["n"] for row in own.values()] != [row["n"] for row in lead.values()]
    assert year.rows(agency="other", by="month", measure="samples") == own, "the same for everybody"
    assert all(row["suppressed"] is False for row in own.values())


def test_there_is_no_finer_table_for_anybody(year: Figures) -> None:
    fine = ("form", "site", "agency", "service_type", "found", "method", "week")
    for role, by in product((Role.RESEARCHER, Role.SESSION_LEAD), fine):
        for params in ({"by": by}, {"by": "month", "where": f"{by}=powder"}):
            got = year.ask(role, **params)
            assert got.status_code == 403, params
            assert "There is no table by" in got.json()["detail"]
            assert "month, quarter, year, region" in got.json()["hint"]


def test_what_is_asked_off_the_tables_is_told_with_those_there_are(year: Figures) -> None:
    for params, status, words in (
        ({"by": "month", "measure": FOUND, "found": "nitazene"}, 422, "entactogen"),
        ({"by": "month", "measure": FOUND, "found": "eutylone"}, 403, "by quarter and year"),
        ({"by": "month", "where": "region=Atlantis"}, 422, "North East"),
        ({"by": "month", "measure": FOUND, "found": "analogues:mephedrone"}, 403, "samples, expected_found"),
        ({"by": "region", "measure": "median_amount:mdma"}, 422, "20 samples"),
        ({"by": "month", "measure": "quantiles:mdma"}, 403, "samples, expected_found"),
        ({"by": ["month", "region", "expected"]}, 403, "longer periods"),
        ({"by": ["month", "year"]}, 422, "one of month, quarter and year"),
    ):
        got = year.ask(**params)
        assert got.status_code == status, params
        assert words in got.text, params


def test_others_see_no_trends_and_partner_agencies_read_releases_alone(year: Figures) -> None:
    for role in set(Role) - {Role.RESEARCHER, Role.SESSION_LEAD}:
        for url in ("/api/v1/trends", "/api/v1/trends/measures", "/trends", "/trends.csv", "/trends.svg"):
            assert year.world.as_(role).get(url).status_code == 403, (role, url)


# -- what counts as found ---------------------------------------------------------------------------------------


def test_a_class_covers_what_lies_under_it_and_a_substance_is_counted_by_quarter(year: Figures) -> None:
    for found, true in (("entactogen", 360), ("stimulant.cathinone", 120), ("stimulant", 120), ("eutylone", 120)):
        got = year.ask(by="quarter", measure=FOUND, found=found, **{"from": "2026-01"})
        if found in ("stimulant",):
            assert got.status_code == 422, "one class alone lies under it, so it has no row"
            continue
        (row,) = got.json()["rows"]
        assert near(row["numerator"], true, 40), found
        assert near(row["denominator"], 480, 40)
        assert row["low"] <= true / 480 <= row["high"]


def test_what_was_not_tested_or_is_inconclusive_or_without_expectation_is_in_no_denominator_that_needs_it(
    figures: Figures, clock: Any
) -> None:
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    figures.add(200, verdict="as_expected")
    figures.add(200, verdict="not_as_expected")
    figures.add(200, verdict="inconclusive", found=())
    figures.add(200, verdict="no_expectation", expected="unknown", expected_class="")
    figures.add(300, month="2026-04")
    figures.add(200, month="2026-04", tests=(("ftir", "*", "looked"), ("ftir", "opioid.nitazene", "excluded")))
    figures.add(100, month="2026-04", tests=(("strip", "opioid.nitazene", "not_detected"),), found=())
    figures.strike()
    for month, figure, name, true, reach in (
        ("2026-05", {}, "denominator", 400, 25),
        ("2026-05", {"measure": FOUND, "found": "entactogen"}, "denominator", 600, 25),
        ("2026-05", {"measure": "verdict:inconclusive"}, "numerator", 200, 30),
        ("2026-04", {"measure": FOUND, "found": "entactogen"}, "denominator", 500, 30),
        ("2026-04", {"measure": FOUND, "found": "opioid.nitazene"}, "denominator", 300, 30),
    ):
        assert near(figures.rows(by="month", **figure)[month,][name], true, reach), (month, figure)


# -- JSON, CSV and the page -------------------------------------------------------------------------------------


def test_json_and_csv_and_the_download_hold_the_same_rows(year: Figures) -> None:
    params = {"by": ["month", "region"], "where": "region=North East", "from": "2026-04", "to": "2026-05"}
    table = year.ask(**params).json()
    researcher = year.world.as_(Role.RESEARCHER)
    accepted = researcher.get("/api/v1/trends", params=params, headers={"Accept": "text/csv"})
    download = researcher.get("/trends.csv", params=params)
    assert accepted.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="mast-trends.csv"' in download.headers["content-disposition"]
    short, long = (list(csv.DictReader(io.StringIO(got.text))) for got in (accepted, download))
    assert len(short) == len(table["rows"]) == 2
    for line, more, row in zip(short, long, table["rows"], strict=True):
        assert {**line, "citation": more["citation"], "licence": "CC-BY-4.0"} == more
        assert "https://testserver/trends?" in more["citation"]
        values = {name: row[name] for name in ("month", "region", "numerator", "denominator")}
        values |= {name: table[name] for name in ("protection", "as_of")} | {"value": round(row["value"], 3)}
        values |= {
            "filters": "region: North East; from: 2026-04; to: 2026-05",
            "definition": table["measure"]["definition"],
        }
        assert {name: line[name] for name in values} == {name: str(value) for name, value in values.items()}
    assert table["as_of"] == "2026-06-13"
    assert table["filters"] == {"region": "North East", "from": "2026-04", "to": "2026-05"}


def test_every_column_of_a_download_is_explained_to_anybody(year: Figures) -> None:
    got = year.world.anonymous().get("/trends/columns.csv")
    explained = {line["column"]: line["meaning"] for line in csv.DictReader(io.StringIO(got.text))}
    for params in (
        {"by": ["month", "region"]},
        {"by": "quarter", "where": "expected=mdma"},
        {"by": "year", "measure": "samples"},
    ):
        header = year.world.as_(Role.RESEARCHER).get("/trends.csv", params=params).text.splitlines()[0].lstrip("\ufeff")
        assert set(header.split(",")) <= explained.keys()
    assert all(meaning.endswith(".") or "," in meaning for meaning in explained.values())


def test_a_cell_that_begins_like_a_formula_is_neutralised(figures: Figures, clock: Any) -> None:
    for start in "=+-@\t\r\n":
        assert neutral(f"{start}cmd") == f"'{start}cmd"
    assert neutral(-5) == -5
    assert neutral("5") == "5"
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    regions = [f"{start}HYPERLINK(1)" for start in "=+-@"]
    for region in regions:
        figures.add(90, region=region)
    figures.strike()
    text = figures.world.as_(Role.RESEARCHER).get("/trends.csv", params={"by": "region"}).text
    assert {f"'{region}" for region in regions} <= {line["region"] for line in csv.DictReader(io.StringIO(text))}


def test_the_page_shows_every_complete_month_with_the_words_about_noise(year: Figures) -> None:
    page = year.page(split="month")
    assert page.status_code == 200
    body = page.text.split('id="trend-table"')[1].split("</table>")[0]
    assert body.count("<tr") == 18
    assert "75\u00a0%" in body or "74\u00a0%" in body or "76\u00a0%" in body
    assert "moved by a small random amount" in page.text
    assert "As of 13 June 2026. Fewer than 10 results came later." in page.text
    assert "Numerator: at least one expected substance was found" in page.text
    assert "/trends.csv?" in page.text
    assert page.text.count('class="multiple multiple--trend ') == 1
    assert "2026-06" not in body


def test_a_bad_question_is_refused_in_a_sentence(year: Figures) -> None:
    for params, words in (
        ({"measure": "purity"}, "no figure called “purity”"),
        ({"measure": "found"}, "which substance or class"),
        ({"found": "mdma"}, "goes with the figure “found” only"),
        ({"by": "month", "from": "2026-13"}, "written like 2026-11"),
        ({"by": "month", "from": "2026-05", "to": "2026-04"}, "after the last one"),
        ({"where": "region"}, "not a filter like region=North East"),
        ({"where": "planet=Mars"}, "not a filter like region=North East"),
        ({"where": ["region=Wales", "region=Kent"]}, "two filters for region"),
        ({"by": "planet"}, "by.0"),
        ({"from": "May"}, "from"),
        ({"where": "region=a\x00b"}, "control character"),
    ):
        got = year.ask(**params)
        assert got.status_code == 422, params
        assert words in got.json()["detail"], params


def test_an_operator_sees_true_counts_and_the_log_says_so(figures: Figures) -> None:
    figures.add(3, region="Rutland")
    runtime = figures.world.runtime
    with runtime.db.begin() as uow:
        asked = Question("expected_found", (Dimension.REGION, Dimension.AGENCY), {Dimension.AGENCY: "no uuid"})
        assert not service.unprotected_table(uow, asked, runtime.pack.substances).rows
        table = service.unprotected_table(
            uow, Question("expected_found", (Dimension.SITE,), months=("2026-05", "2026-05")), runtime.pack.substances
        )
    assert [(r.numerator, r.denominator) for r in table.rows] == [(3, 3)]
    with runtime.read() as session:
        entries = list(session.exec(select(AuditEntry).where(AuditEntry.verb == "read_unprotected")))
    assert entries[-1].after == {"by": ["site"], "where": {"from": "2026-05", "to": "2026-05"}, "found": ""}
