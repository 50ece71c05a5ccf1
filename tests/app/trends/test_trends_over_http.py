"""Trends over HTTP: who may ask what, the same rows as JSON and CSV, what is refused, and what goes in and out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden
from app.platform.web.csv_text import neutral
from app.results.finding import NewFinding
from app.samples import service as samples
from app.samples.domain import ConsentAnswer, ConsentKind, SubmitterType
from app.trends import service
from app.trends.domain import Dimension
from app.trends.service import FoundFact, Question, ReleaseFact
from app.trends.tables import TrendFinding, TrendSample, TrendTest
from tests.app.results.conftest import YES, Lab

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


@pytest.mark.parametrize("answer", [ConsentAnswer.NO, ConsentAnswer.NOT_ASKED])
def test_without_consent_nothing_is_counted(lab: Lab, answer: ConsentAnswer) -> None:
    lab.released(lab.sample(consents=YES | {ConsentKind.AGGREGATE_DATA: answer}))
    assert not counted(lab)


def test_a_withdrawal_takes_a_counted_sample_out(lab: Lab) -> None:
    view = lab.released()
    assert counted(lab)
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        samples.withdraw(uow, samples.get_sample(uow.session, uow.actor, view.result.sample_id), "asked")
    assert not counted(lab)


@pytest.mark.parametrize("submitter", [SubmitterType.POLICE_BACK_OF_HOUSE, SubmitterType.PARTNER_AGENCY])
def test_samples_of_police_and_partners_are_never_mixed_with_clients(
    lab: Lab, figures: Figures, submitter: SubmitterType
) -> None:
    lab.released(lab.sample(submitter_type=submitter))
    assert [row.submitter_group for row in counted(lab).values()] == ["other"]
    figures.add(40, group="other")
    assert figures.rows(by="region") == {}
    assert figures.rows(Role.SESSION_LEAD, by="month") == {}


def fact(received: datetime, **more: Any) -> ReleaseFact:
    values = {
        "sample_id": uuid4(), "agency_id": uuid4(), "session_id": uuid4(), "day": service.day_of(received),
        "released_at": received, "agency": "", "region": "Wales", "site": "Hall", "service_type": "festival", "client": True,
        "form": "powder", "expected": "mdma", "expected_class": "entactogen", "verdict": "as_expected",
        "outcome": "identified",
    }  # fmt: skip
    return ReleaseFact(**{**values, **more})


@pytest.mark.parametrize(
    ("received", "month"),
    [
        (datetime(2026, 6, 30, 22, 59, tzinfo=UTC), "2026-06"),
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), "2026-07"),  # half past midnight in London, summer time
        (datetime(2026, 11, 30, 23, 30, tzinfo=UTC), "2026-11"),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026-12"),
        (datetime(2026, 3, 31, 23, 0, tzinfo=UTC), "2026-04"),
    ],
)
def test_the_month_is_the_one_on_the_wall_in_london(lab: Lab, received: datetime, month: str) -> None:
    sample_id = lab.sample()
    release(lab, sample_id, received)
    assert [r.month for r in counted(lab).values()] == [month]


def release(lab: Lab, sample_id: UUID, received: datetime, **more: Any) -> None:
    with lab.runtime.db.begin() as uow:
        row = samples.sample_for_system(uow.session, sample_id)
        assert row is not None
        ids = {"sample_id": row.id, "agency_id": row.agency_id, "session_id": row.session_id}
        service.record_release(uow, fact(received, **ids, **more))


def test_a_new_version_replaces_what_the_old_one_counted(lab: Lab) -> None:
    sample_id = lab.sample()
    for verdict, found in (("as_expected", "mdma"), ("not_as_expected", "eutylone")):
        seen = FoundFact(found, "x", "expected", "major", "confirmed")
        release(lab, sample_id, datetime(2026, 6, 1, tzinfo=UTC), verdict=verdict, found=(seen, seen))
    assert [r.verdict for r in counted(lab).values()] == ["not_as_expected"]
    assert [f.found for f in lab.read(lambda s: list(s.exec(select(TrendFinding))))] == ["eutylone"]


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


def test_a_lead_sees_their_own_agency_and_a_researcher_both(figures: Figures) -> None:
    figures.add(30)
    figures.add(20, agency=figures.world.other_agency_id)
    assert figures.rows(by="month")["2026-05",]["denominator"] == 50
    assert figures.rows(Role.SESSION_LEAD, by="month")["2026-05",]["denominator"] == 30
    assert figures.rows(Role.SESSION_LEAD, agency="other", by="month")["2026-05",]["denominator"] == 20


def test_a_lead_is_offered_only_what_their_own_agency_saw(figures: Figures) -> None:
    figures.add(30)
    figures.add(30, agency=figures.world.other_agency_id, region="Wales", found=(("heroin", "opioid.opiate"),))
    own, all_of_it = figures.page(Role.SESSION_LEAD, split="month").text, figures.page(split="month").text
    assert "region=Wales" not in own
    assert 'value="heroin"' not in own
    assert "region=Wales" in all_of_it
    assert 'value="heroin"' in all_of_it


def test_what_few_samples_have_is_not_offered_by_name(figures: Figures) -> None:
    figures.add(30)
    figures.add(9, region="Rutland", expected="heroin", expected_class="opioid.opiate", found=(("xylazine", "s.a"),))
    page = figures.page(split="month").text
    for rare in ("Rutland", "expected=heroin", "xylazine"):
        assert rare not in page
    assert "Rutland" in figures.page(Role.SESSION_LEAD, split="month").text


def test_somebody_without_an_agency_sees_no_agency() -> None:
    with pytest.raises(Forbidden):
        service.audience_of(Actor(None, "x", frozenset({Role.SESSION_LEAD}), None))


@pytest.mark.parametrize("fine", ["form", "site", "agency", "service_type", "found", "method", "week"])
def test_leads_cannot_split_or_filter_finely(figures: Figures, fine: str) -> None:
    figures.add(1)
    for params in ({"by": fine}, {"by": "month", "where": f"{fine}=powder"}):
        got = figures.ask(Role.SESSION_LEAD, **params)
        assert got.status_code == 403
        assert "small groups could be recognised" in got.json()["detail"]


def test_a_site_is_named_with_its_agency(figures: Figures) -> None:
    figures.add(30)
    for params in ({"by": "site"}, {"by": "month", "where": "site=Church hall"}):
        got = figures.ask(**params)
        assert got.status_code == 422
        assert "two agencies may have sites of one name" in got.json()["detail"]
    assert figures.rows(by=["site", "agency"])["Church hall", ""]["denominator"] == 30


@pytest.mark.parametrize("role", [Role.PUBLIC_HEALTH, Role.POLICE])
def test_partner_agencies_read_releases_and_no_live_figures(world: Any, role: Role) -> None:
    for url in ("/api/v1/trends", "/api/v1/trends/measures", "/trends", "/trends.csv"):
        assert world.as_(role).get(url).status_code == 403


@pytest.mark.parametrize("role", [Role.CHEMIST, Role.VERIFIER, Role.RECEPTION, Role.HEALTH_WORKER, Role.ADMIN])
def test_others_see_no_trends(world: Any, role: Role) -> None:
    for url in ("/api/v1/trends", "/trends", "/trends.csv"):
        assert world.as_(role).get(url).status_code == 403


# -- what counts as found ---------------------------------------------------------------------------------------


def test_a_class_covers_what_lies_under_it_and_nothing_that_only_begins_alike(figures: Figures) -> None:
    figures.add(30, found=(("metonitazene", "opioid.nitazene"),))
    figures.add(30, found=(("mdma", "entactogen"),))
    assert figures.rows(by="region", measure=FOUND, found="opioid.nitazene")["North East",]["numerator"] == 30
    assert figures.rows(by="region", measure=FOUND, found="opioid")["North East",]["numerator"] == 30
    assert figures.rows(by="region", measure=FOUND, found="opioid.fentanyl")["North East",]["numerator"] == 0
    assert figures.rows(by="region", measure=FOUND, found="metonitazene")["North East",]["numerator"] == 30


@pytest.mark.parametrize("name", ["opi", "opi%", "%", "opioid_nitazene", "o_ioid", "Ecstasy", "nobody"])
def test_a_name_the_register_does_not_know_is_refused_and_never_reads_as_found_in_none(
    figures: Figures, name: str
) -> None:
    figures.add(30, found=(("metonitazene", "opioid.nitazene"),))
    got = figures.ask(by="region", measure=FOUND, found=name)
    assert got.status_code == 422
    assert "neither a substance nor a class" in got.json()["detail"]


def test_a_class_is_withheld_where_its_commonest_member_leaves_few_others(figures: Figures) -> None:
    figures.add(30, found=(("heroin", "opioid.opiate"),))
    figures.add(3, found=(("metonitazene", "opioid.nitazene"),))
    figures.add(30, found=(("mdma", "entactogen"),))
    assert figures.rows(by="region", measure=FOUND, found="heroin")["North East",]["numerator"] == 30
    assert figures.rows(by="region", measure=FOUND, found="opioid")["North East",]["numerator"] is None
    figures.add(20, found=(("metonitazene", "opioid.nitazene"),))
    # somebody else: who saw the samples without heroin before could take those without an opioid from them
    assert figures.rows(agency="other", by="region", measure=FOUND, found="opioid")["North East",]["numerator"] == 55


def test_several_opioids_in_one_sample_count_once(figures: Figures) -> None:
    figures.add(20, found=(("heroin", "opioid.opiate"), ("codeine", "opioid.opiate")))
    figures.add(20)
    row = figures.rows(by="region", measure=FOUND, found="opioid")["North East",]
    assert (row["numerator"], row["denominator"]) == (20, 40)


def test_inconclusive_samples_are_in_no_denominator_and_no_expectation_in_none_about_expectations(
    figures: Figures,
) -> None:
    figures.add(20, verdict="as_expected")
    figures.add(20, verdict="not_as_expected")
    figures.add(20, verdict="inconclusive", found=())
    figures.add(20, verdict="no_expectation", expected="unknown", expected_class="")
    assert figures.rows(by="region")["North East",]["denominator"] == 40
    assert figures.rows(by="region", measure=FOUND, found="mdma")["North East",]["denominator"] == 60


# -- differencing -----------------------------------------------------------------------------------------------


def test_a_month_cannot_be_split_into_a_form_that_leaves_a_few_others(figures: Figures) -> None:
    figures.add(40, verdict="as_expected")
    figures.add(40, verdict="not_as_expected")
    figures.add(4, form="tablet")
    month = figures.rows(by="month")["2026-05",]
    split = figures.rows(by=["month", "form"])
    assert month["denominator"] == 85
    assert split["2026-05", "powder"]["denominator"] is None
    assert split["2026-05", "powder"]["suppressed"] == "withheld: could be subtracted"
    assert split["2026-05", "tablet"]["denominator"] is None
    filtered = figures.rows(by="month", where="form=powder")
    assert filtered["2026-05",]["denominator"] is None


def test_a_filter_by_a_value_that_few_samples_have_answers_like_one_that_none_has(figures: Figures) -> None:
    figures.add(40)
    figures.add(9, region="Rutland")
    few, none = (figures.ask(by="month", where=f"region={r}") for r in ("Rutland", "Atlantis"))
    assert few.status_code == none.status_code == 422
    assert few.json()["detail"].replace("Rutland", "Atlantis") == none.json()["detail"]
    assert "fewer than 10 samples" in few.json()["detail"]
    assert figures.rows(Role.SESSION_LEAD, by="month", where="region=Rutland")["2026-05",]["denominator"] == 10


def test_sums_over_chosen_months_are_refused_but_a_whole_year_is_not(figures: Figures) -> None:
    figures.add(40, month="2025-11")
    figures.add(3, month="2026-01")
    figures.add(40, month="2026-02")
    got = figures.ask(by="region", **{"from": "2026-02"})
    assert got.status_code == 422
    assert "one whole calendar year" in got.json()["detail"]
    year = {"from": "2026-01", "to": "2026-12"}
    assert figures.rows(by="region", **year)["North East",]["denominator"] == 45
    months = figures.rows(by="month", **year)
    assert list(months) == [("2026-01",), ("2026-02",)]
    assert months["2026-02",]["denominator"] is None, "the year less February would be January's three"


# -- JSON, CSV and the page -------------------------------------------------------------------------------------


def test_json_and_csv_and_the_download_hold_the_same_rows(figures: Figures) -> None:
    figures.add(30)
    figures.add(30, verdict="not_as_expected")
    figures.add(12, month="2026-06", verdict="as_expected")
    figures.add(30, month="2026-04", region="Wales")
    params = {"by": ["month", "region"], "where": "region=North East", "from": "2026-05", "to": "2026-06"}
    table = figures.ask(**params).json()
    researcher = figures.world.as_(Role.RESEARCHER)
    accepted = researcher.get("/api/v1/trends", params=params, headers={"Accept": "text/csv"})
    download = researcher.get("/trends.csv", params=params)
    assert accepted.text == download.text
    assert accepted.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="mast-trends.csv"' in download.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(accepted.text)))
    assert len(lines) == len(table["rows"]) == 2
    for line, row in zip(lines, table["rows"], strict=True):
        assert (line["month"], line["region"]) == (row["month"], row["region"])
        for name in ("numerator", "denominator"):
            assert line[name] == ("" if row[name] is None else str(row[name]))
        assert line["value"] == ("" if row["value"] is None else str(round(row["value"], 3)))
        assert line["suppressed"] == row["suppressed"]
        assert line["incomplete"] == ("yes" if row["incomplete"] else "no")
        assert line["definition"] == table["measure"]["definition"]
        assert line["filters"] == "region: North East; from: 2026-05; to: 2026-06"
        assert line["protection"] == table["protection"]
    assert table["filters"] == {"region": "North East", "from": "2026-05", "to": "2026-06"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_begins_like_a_formula_is_neutralised(figures: Figures, start: str) -> None:
    assert neutral(f"{start}cmd") == f"'{start}cmd"
    if start not in "\t\r\n":
        region = f"{start}HYPERLINK(1)"
        figures.add(40, region=region)
        text = figures.world.as_(Role.RESEARCHER).get("/trends.csv", params={"by": "region"}).text
        assert [line["region"] for line in csv.DictReader(io.StringIO(text))] == [f"'{region}"]
    assert neutral(-5) == -5
    assert neutral("5") == "5"


def test_the_page_shows_shares_suppressed_rows_and_incomplete_months(figures: Figures, clock: Any) -> None:
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    figures.add(30, month="2026-04", verdict="not_as_expected")
    figures.add(60, month="2026-04")
    figures.add(30, month="2026-05")
    figures.add(30, month="2026-05", verdict="not_as_expected")
    figures.add(5, month="2026-06")
    page = figures.page(split="month")
    assert page.status_code == 200
    text = page.text
    body = text.split("<tbody")[1]
    rows = body.split("</tr>")
    assert "incomplete" in rows[0]
    assert "67\u00a0%" in rows[0]
    assert "incomplete" not in rows[1]
    assert "50\u00a0%" in rows[1]
    assert "fewer than 10 samples" in rows[2]
    assert "incomplete" in rows[2]
    assert "Numerator: at least one expected substance was found" in text
    assert "rounded to 5" in text
    assert "/trends.csv?" in text
    assert text.count('class="multiple multiple--trend ') == 1


def test_the_page_is_empty_before_the_first_release_and_says_what_would_fill_it(figures: Figures) -> None:
    page = figures.page()
    assert page.status_code == 200
    assert "No released sample fits this question" in page.text
    assert "client agreed to aggregate figures" in page.text


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({"figure": "found:nobody"}, 422, "neither a substance nor a class"),
        ({"split": "region", "from": "2026-02"}, 422, "whole calendar year"),
        ({"split": "month", "where": "region=Atlantis"}, 422, "fewer than 10 samples"),
        ({"measure": "purity"}, 422, "There is no figure called"),
        ({"split": "site"}, 422, "Name the agency with the site"),
    ],
)
def test_a_question_without_an_answer_says_why_and_keeps_the_form(
    figures: Figures, params: dict[str, str], status: int, words: str
) -> None:
    figures.add(30)
    page = figures.page(**params)
    assert page.status_code == status
    assert words in page.text
    assert '<select name="figure"' in page.text
    assert "<tbody" not in page.text


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"measure": "purity"}, "no figure called “purity”"),
        ({"measure": "found"}, "which substance or class"),
        ({"found": "mdma"}, "goes with the figure “found” only"),
        ({"by": "month", "from": "2026-13"}, "written like 2026-11"),
        ({"by": "month", "from": "2026-05", "to": "2026-04"}, "after the last one"),
        ({"where": "region"}, "not a filter like region=North East"),
        ({"where": "planet=Mars"}, "not a filter like region=North East"),
        ({"where": ["region=Wales", "region=Kent"]}, "two filters for region"),
        ({"by": ["month", "region", "form"], "where": ["expected=mdma", "service_type=festival"]}, "4 things at most"),
        ({"by": "planet"}, "by.0"),
        ({"from": "May"}, "from"),
        ({"where": "region=a\x00b"}, "control character"),
    ],
)
def test_a_bad_question_is_refused_in_a_sentence(figures: Figures, params: dict[str, Any], words: str) -> None:
    got = figures.ask(**params)
    assert got.status_code == 422
    assert words in got.json()["detail"]


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
