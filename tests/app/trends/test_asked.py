"""Questions over HTTP: written down, counted, and never two answers to one person that give a few samples away."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import sqlalchemy.exc
from sqlmodel import select

from app.people import service as people
from app.platform.db import Database
from app.platform.kernel.actor import Actor, Role
from app.trends import repository_snapshot, service
from app.trends.asked import repository
from app.trends.asked.budget import Budget
from app.trends.asked.tables import TrendAnswer, TrendQuestion
from app.trends.domain import Dimension, Question, TrendTable
from app.trends.repository import delete

from .conftest import Figures

WITHHELD = "withheld: could be subtracted"
OPERATOR = Actor(None, "operator", frozenset({Role.RESEARCHER}), None, via="command line")


def log(figures: Figures) -> list[TrendQuestion]:
    with figures.world.runtime.read() as session:
        return list(session.exec(select(TrendQuestion).order_by(TrendQuestion.asked_at, TrendQuestion.id)))  # type: ignore[arg-type]


def answers(figures: Figures) -> list[TrendAnswer]:
    with figures.world.runtime.read() as session:
        return list(session.exec(select(TrendAnswer)))


def set_budget(figures: Figures, monkeypatch: pytest.MonkeyPatch, per_day: int, per_90_days: int = 2000) -> None:
    monkeypatch.setattr(figures.world.runtime.settings, "trend_questions_per_day", per_day)
    monkeypatch.setattr(figures.world.runtime.settings, "trend_questions_per_90_days", per_90_days)


def halves(figures: Figures, n: int = 60, **more: Any) -> list[Any]:
    """Samples half of which are as expected."""
    return figures.add(n // 2, **more) + figures.add(n - n // 2, verdict="not_as_expected", **more)


def festivals(figures: Figures) -> None:
    """Two places, each nearly all of its region and of its form: “in Wales” and “as powder” differ by eight samples."""
    halves(figures, 60, region="Wales", form="powder")
    figures.add(4, region="Wales", form="tablet")
    figures.add(4, region="Kent", form="powder")
    halves(figures, 60, region="Kent", form="tablet")


def later(figures: Figures, clock: Any, **span: float) -> None:
    """Time passes; whoever was signed in signs in again."""
    clock.advance(**span)
    figures.world.clients.clear()


# -- written down -------------------------------------------------------------------------------------------------------


def test_a_question_is_written_down_with_who_asked_what_when_and_what_they_saw(figures: Figures, clock: Any) -> None:
    clock.set(datetime(2026, 6, 13, 9, 30, tzinfo=UTC))
    keys = halves(figures) + halves(figures, region="Wales") + figures.add(4, region="Rutland")
    figures.rows(by="region", where="form=powder")
    (line,) = log(figures)
    researcher = figures.world.actors[Role.RESEARCHER]
    assert (line.person_id, line.via, line.audience) == (researcher.person_id, "session", "public")
    assert line.question == {
        "measure": "expected_found", "by": ["region"], "where": {"form": "powder"}, "audience": "public",
    }  # fmt: skip
    assert (line.rows_shown, line.rows_withheld, line.repeats) == (2, 1, 0)
    assert line.asked_at == line.last_at == clock.now
    answer, other = answers(figures)
    assert answer.predicate != other.predicate
    assert answer.labels.split() == ["all", "hit", "rest"]
    assert (answer.figures["denominator"], answer.figures["numerator"]) == (60, 30)
    assert answer.question_id == line.id
    kept = repr(answer.model_dump()) + repr(line.model_dump())
    assert not any(str(key) in kept or key.bytes in answer.sketches for key in keys), "no key of a sample"


def test_the_page_and_the_download_are_the_same_question_as_the_api(figures: Figures) -> None:
    halves(figures)
    figures.rows(by="month")
    assert figures.page(split="month").status_code == 200
    got = figures.world.as_(Role.RESEARCHER).get("/trends.csv", params={"by": "month"})
    assert got.status_code == 200
    (line,) = log(figures)
    assert line.repeats == 2


def test_a_session_lead_is_written_down_too(figures: Figures) -> None:
    halves(figures)
    figures.rows(Role.SESSION_LEAD, by="month")
    (line,) = log(figures)
    assert line.audience == "partner"
    assert line.question["agency"] == str(figures.world.agency_id)


def test_a_question_asked_again_costs_nothing_and_adds_nothing(figures: Figures) -> None:
    halves(figures, month="2026-05")
    halves(figures, month="2026-04")
    first = figures.ask(by=["month", "region"])
    written = len(answers(figures))
    again = figures.ask(by=["region", "month"])
    assert first.headers["X-Questions-Left"] == again.headers["X-Questions-Left"] == "199"
    assert first.json()["questions_left"] == 199
    assert written == len(answers(figures)) == 2
    assert [line.repeats for line in log(figures)] == [1]
    without = [{k: v for k, v in row.items() if k != "as_of"} for row in again.json()["rows"]]
    assert sorted(without, key=str) == sorted(first.json()["rows"], key=str)


def test_refused_questions_cost_nothing(figures: Figures) -> None:
    halves(figures)
    assert figures.ask(by="month", where="region=Atlantis").status_code == 422
    assert figures.ask(by="month", measure="purity").status_code == 422
    assert not log(figures)


@pytest.mark.parametrize("step", ["add_answers", "question", "earlier"])
def test_when_the_log_cannot_be_written_no_figure_is_given(
    figures: Figures, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    halves(figures)

    def broken(*_: Any, **__: Any) -> None:
        raise sqlalchemy.exc.OperationalError("INSERT", {}, Exception("the disk is away"))

    monkeypatch.setattr(repository, step, broken)
    got = figures.ask(by="month")
    assert got.status_code == 503
    assert "rows" not in got.json()
    assert not log(figures)


# -- subtracting --------------------------------------------------------------------------------------------------------


def test_sets_that_do_not_nest_by_their_words_but_differ_by_a_few_are_not_both_shown(figures: Figures) -> None:
    """A festival that was the only place of its region, and its form: no rule on words can know."""
    festivals(figures)
    assert figures.rows(by="region")["Wales",]["denominator"] == 65
    assert figures.rows(by="form")["powder",]["suppressed"] == WITHHELD
    assert figures.rows(agency="other", by="form")["powder",]["denominator"] == 65, "somebody who saw nothing before"


def test_a_token_of_the_same_person_is_the_same_person(figures: Figures) -> None:
    festivals(figures)
    figures.rows(by="region")
    world = figures.world
    actor = world.actors[Role.RESEARCHER]
    with world.runtime.db.begin(actor) as uow:
        _, secret = people.issue_token(uow, "a script", [Role.RESEARCHER], 30, world.runtime.pepper)
    client = world.anonymous()
    client.headers["Authorization"] = f"Bearer {secret}"
    rows = client.get("/api/v1/trends", params={"by": "form"}).json()["rows"]
    assert {row["form"]: row["suppressed"] for row in rows}["powder"] == WITHHELD
    assert [line.via for line in log(figures)] == ["session", "token"]


def test_a_session_lead_who_is_a_researcher_too_cannot_take_their_own_agency_from_all_of_them(figures: Figures) -> None:
    """Session leads see groups of five of their own agency; seven samples of another one are nobody's to see."""
    world, actor = figures.world, figures.world.actors[Role.RESEARCHER]
    with world.runtime.db.begin(actor) as uow:
        uow.session.add(people.PersonRole(person_id=actor.person_id, role=Role.SESSION_LEAD))
        _, secret = people.issue_token(
            uow, "a lead", [Role.SESSION_LEAD], 30, world.runtime.pepper, person_id=actor.person_id
        )
    halves(figures, 60, region="Wales")
    halves(figures, 60, region="Kent")
    figures.add(7, region="Wales", agency=world.other_agency_id)
    assert figures.rows(by="region", measure="samples")["Wales",]["n"] == 65
    lead = world.anonymous()
    lead.headers["Authorization"] = f"Bearer {secret}"
    rows = lead.get("/api/v1/trends", params={"by": "region", "measure": "samples"}).json()["rows"]
    assert {row["region"]: (row["n"], row["suppressed"]) for row in rows} == {
        "Kent": (60, ""),
        "Wales": (None, WITHHELD),
    }


def test_the_operator_of_the_command_line_is_one_person(figures: Figures) -> None:
    festivals(figures)
    one, two = (table(figures, OPERATOR, Dimension(d)) for d in ("region", "form"))
    assert [r.denominator for r in one.rows if r.key["region"] == "Wales"] == [65]
    assert [r.suppressed for r in two.rows if r.key["form"] == "powder"] == [WITHHELD]


def table(figures: Figures, actor: Actor, *by: Dimension, measure: str = "expected_found") -> TrendTable:
    runtime, budget = figures.world.runtime, Budget()
    asked = Question(measure, by)
    with runtime.read() as session:
        draft = service.draft(session, actor, runtime.now(), asked, runtime.pack.substances, budget)
    with runtime.begin(actor) as uow:
        return service.answered(uow, draft, budget)


def test_two_requests_at_once_are_one_after_the_other(figures: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reads what was given before only once the other's answer is written down."""
    festivals(figures)
    read = repository.earlier

    def slowly(*arguments: Any) -> Any:
        found = read(*arguments)
        time.sleep(0.4)
        return found

    monkeypatch.setattr(repository, "earlier", slowly)
    actor = figures.world.actors[Role.RESEARCHER]
    got: dict[str, TrendTable] = {}
    together = threading.Barrier(2)

    def ask(dimension: Dimension) -> None:
        together.wait(10)
        got[dimension.value] = table(figures, actor, dimension)

    threads = [threading.Thread(target=ask, args=(d,)) for d in (Dimension.REGION, Dimension.FORM)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    wales = [r.denominator for r in got["region"].rows if r.key["region"] == "Wales"]
    powder = [r.denominator for r in got["form"].rows if r.key["form"] == "powder"]
    assert sorted([*wales, *powder], key=str) == [65, None]
    assert len(log(figures)) == 2


def test_the_same_question_twice_at_once_is_one_question(figures: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    halves(figures)
    actor = figures.world.actors[Role.RESEARCHER]
    together = threading.Barrier(4)

    def ask() -> None:
        together.wait(10)
        table(figures, actor, Dimension.MONTH)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [line.repeats for line in log(figures)] == [3]
    assert len(answers(figures)) == 1


# -- over time ------------------------------------------------------------------------------------------------------------


def test_few_changes_or_none_give_the_earlier_figures_again_and_many_give_new_ones(
    figures: Figures, clock: Any
) -> None:
    clock.set(datetime(2026, 6, 1, 12, tzinfo=UTC))
    halves(figures, 60)
    first = figures.rows(by="month")["2026-05",]
    assert "as_of" not in first
    later(figures, clock, days=2)
    unchanged = figures.rows(by="month")["2026-05",]
    assert unchanged == {**first, "as_of": "2026-06-01"}
    figures.add(7)
    later(figures, clock, days=2)
    assert figures.rows(by="month")["2026-05",] == unchanged, "that something came does not show"
    figures.add(5)
    figures.add(10, verdict="not_as_expected")
    later(figures, clock, days=2)
    moved = figures.rows(by="month")["2026-05",]
    assert (moved["denominator"], moved["numerator"]) == (80, 40)
    assert "as_of" not in moved
    lines = log(figures)
    assert [(line.repeats, line.asked_at.day) for line in lines] == [(2, 1), (0, 7)], "new figures cost a question"


def test_samples_that_are_withdrawn_do_not_show_as_a_difference_either(figures: Figures, clock: Any) -> None:
    keys = halves(figures, 60)
    first = figures.rows(by="month")["2026-05",]
    with figures.world.runtime.db.begin() as uow:
        delete(uow.session, keys[:3])
    assert figures.rows(by="month")["2026-05",]["denominator"] == first["denominator"]
    # a question in other words about what is left now: three fewer than what was shown
    assert figures.rows(by="region", where="month=2026-05")["North East",]["suppressed"] == WITHHELD
    assert figures.rows(agency="other", by="region", where="month=2026-05")["North East",]["denominator"] == 55


def test_a_row_that_falls_under_the_threshold_by_a_few_stays_as_it_was(figures: Figures) -> None:
    keys = figures.add(12)
    assert figures.rows(by="month")["2026-05",]["denominator"] == 10
    with figures.world.runtime.db.begin() as uow:
        delete(uow.session, keys[:4])
    assert figures.rows(by="month")["2026-05",]["denominator"] == 10
    assert figures.rows(agency="other", by="month")["2026-05",]["denominator"] is None


# -- the budget -----------------------------------------------------------------------------------------------------------


def test_a_spent_budget_is_told_with_when_it_frees_up_and_known_questions_are_still_answered(
    figures: Figures, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    clock.set(datetime(2026, 6, 13, 9, 0, tzinfo=UTC))
    set_budget(figures, monkeypatch, 2)
    halves(figures)
    assert figures.ask(by="month").json()["questions_left"] == 1
    later(figures, clock, hours=1)
    assert figures.ask(by="region").json()["questions_left"] == 0
    later(figures, clock, hours=1)
    refused = figures.ask(by="form")
    assert refused.status_code == 429
    body = refused.json()
    assert body["type"] == "urn:mast:problem:questions_spent"
    assert body["free_at"] == "2026-06-14T09:00:00+00:00"
    assert "10:00 on 14 June 2026" in body["hint"], "on the clock on the wall"
    assert refused.headers["Retry-After"] == str(22 * 3600 + 1)
    assert figures.ask(by="month").status_code == 200
    assert figures.ask(agency="other", by="form").status_code == 200, "somebody else's budget is their own"
    later(figures, clock, hours=22, seconds=1)
    assert figures.ask(by="form").status_code == 200


def test_the_page_says_that_the_budget_is_spent_and_keeps_the_form(
    figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_budget(figures, monkeypatch, 1)
    halves(figures)
    assert figures.page(split="month").status_code == 200
    page = figures.page(split="region")
    assert page.status_code == 429
    assert "as many new questions as one person may" in page.text
    assert 'action="/trends"' in page.text


def test_new_figures_for_a_known_question_need_a_question_too(
    figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_budget(figures, monkeypatch, 1)
    halves(figures)
    assert figures.ask(by="month").status_code == 200
    figures.add(20)
    figures.add(20, verdict="not_as_expected")
    assert figures.ask(by="month").status_code == 429


@pytest.mark.postgres
def test_on_postgresql_figures_and_the_sets_behind_them_are_of_one_moment(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.read() as session:
        from app.trends.asked.service import one_moment

        one_moment(session)
        assert session.connection().execute(sa.text("SHOW transaction_isolation")).scalar_one() == "repeatable read"
    with database.read() as session:
        assert session.connection().execute(sa.text("SHOW transaction_isolation")).scalar_one() == "read committed"
    database.close()


# -- who reads the log ----------------------------------------------------------------------------------------------------


def test_an_administrator_reads_what_the_people_of_their_agency_asked_page_by_page(figures: Figures) -> None:
    halves(figures)
    for by in ("month", "region", "form"):
        figures.rows(by=by)
    figures.rows(agency="other", by="service_type")
    admin = figures.world.as_(Role.ADMIN)
    first = admin.get("/api/v1/trends/questions", params={"limit": 2}).json()
    rest = admin.get("/api/v1/trends/questions", params={"limit": 2, "cursor": first["next"]}).json()
    asked = [line["question"]["by"] for line in (*first["rows"], *rest["rows"])]
    assert asked == [["form"], ["region"], ["month"]]
    assert rest["next"] is None
    assert {line["who"] for line in first["rows"]} == {"Researcher Own"}
    assert figures.world.as_(Role.RESEARCHER).get("/api/v1/trends/questions").status_code == 403


def test_the_operator_reads_the_whole_log_in_words(figures: Figures) -> None:
    from app.trends.asked import listing

    halves(figures)
    figures.rows(by="month", where="region=North East", **{"from": "2026-05", "to": "2026-06"})
    figures.rows(by="month", where="region=North East", **{"from": "2026-05", "to": "2026-06"})
    table(figures, OPERATOR, Dimension.REGION)
    with figures.world.runtime.read() as session:
        newest, oldest = listing.everything(session)
        own = listing.everything(session, username="researcher.own")
    assert [line.id for line in own] == [oldest.id]
    assert "operator (command line): expected_found; by region. 1 rows shown, 0 not." in newest.words
    assert "Researcher Own (session): expected_found; by month; region = North East; months: 2026-05 to 2026-06." in (
        oldest.words
    )
    assert "asked again 1×" in oldest.words


# -- the sets behind figures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        Question("expected_found", (Dimension.MONTH, Dimension.REGION), {Dimension.EXPECTED_CLASS: "entactogen"}),
        Question("samples", (Dimension.FOUND,), {Dimension.FORM: "powder"}),
        Question("found", (Dimension.FOUND_CLASS,), {Dimension.FOUND: "mdma"}, "opioid"),
        Question("found", (Dimension.METHOD,), {}, "mdma", ("2026-01", "2026-12")),
    ],
)
def test_sketches_counted_in_memory_are_those_counted_by_the_database(
    figures: Figures, monkeypatch: pytest.MonkeyPatch, asked: Question
) -> None:
    halves(figures, 40, region="Wales")
    figures.add(30, month="2025-12", expected="mda", form="tablet")
    figures.add(25, found=(("mdma", "entactogen"), ("heroin", "opioid.opiate")), verdict="expected_plus_active")
    runtime, made = figures.world.runtime, []
    for large in (1_000_000, 1):
        monkeypatch.setattr(repository_snapshot, "LARGE", large)
        with runtime.read() as session:
            actor = figures.world.actors[Role.RESEARCHER]
            draft = service.draft(session, actor, runtime.now(), asked, runtime.pack.substances, Budget())
        made.append({c.predicate: c for c in draft.candidates})
    by_sql, in_memory = made
    assert by_sql.keys() == in_memory.keys()
    assert by_sql
    for predicate, one in by_sql.items():
        other = in_memory[predicate]
        assert one.shown == other.shown
        assert {label: s.tolist() for label, s in one.sets.items()} == {
            label: s.tolist() for label, s in other.sets.items()
        }
    everything = sum(int(one.sets["all"].sum()) for one in by_sql.values())
    assert everything >= 65, "and they are not empty"


def test_the_place_of_a_withheld_row_does_not_tell_its_figure(figures: Figures) -> None:
    """The commonest come first, by what is shown; withheld ones after them by name."""
    mdma, caffeine, mda = (("mdma", "entactogen"), ("caffeine", "stimulant.other"), ("mda", "entactogen"))
    figures.add(60, found=(mdma, caffeine), region="Wales")
    figures.add(20, found=(mdma, mda), region="Wales")
    figures.add(20, found=(mdma,), region="Wales")
    figures.add(4, found=(caffeine,), region="Wales")
    figures.add(40, found=(), region="Wales")
    assert figures.rows(by="region", measure="found", found="caffeine")["Wales",]["numerator"] == 65
    rows = figures.ask(by="region", measure="found_with:mdma").json()["rows"]
    assert [(row["with"], row["numerator"]) for row in rows] == [("mda", 20), ("caffeine", None)]
    assert rows[1]["suppressed"] == WITHHELD


# -- links of other sites -------------------------------------------------------------------------------------------

PATHS = ("/trends", "/trends.csv", "/trends.svg", "/api/v1/trends")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", PATHS)
def test_a_link_of_another_site_asks_nothing_with_somebodys_cookie(figures: Figures, path: str, site: str) -> None:
    halves(figures)
    browser = figures.world.as_(Role.RESEARCHER)
    link = f"{path}?measure=samples&by=region&where=form%3Dpowder"
    told = browser.get(link, headers={"Sec-Fetch-Site": site, "Accept": "text/html"})
    assert (log(figures), answers(figures)) == ([], []), "it cost a question, and decides what may be asked later"
    assert "Opened from another site" in told.text
    if path == "/trends":
        assert told.status_code == 200
        assert "press Show" in told.text
        assert "trend-table" not in told.text
        for chosen in ("samples", "region", "form=powder"):
            assert f'<option value="{chosen}" selected>' in told.text, "the form is filled in"
    else:
        assert told.status_code == 403
        assert "costs nothing" in told.text


@pytest.mark.parametrize("site", ["same-origin", "none", ""])
@pytest.mark.parametrize("path", PATHS)
def test_the_page_itself_a_bookmark_and_an_old_browser_are_answered(figures: Figures, path: str, site: str) -> None:
    halves(figures)
    headers = {"Sec-Fetch-Site": site} if site else {}
    told = figures.world.as_(Role.RESEARCHER).get(f"{path}?measure=samples&by=region", headers=headers)
    assert told.status_code == 200
    assert "Opened from another site" not in told.text
    assert len(log(figures)) == 1


def test_a_token_is_no_cookie_and_may_ask_from_anywhere(figures: Figures) -> None:
    halves(figures)
    world = figures.world
    with world.runtime.db.begin(world.actors[Role.RESEARCHER]) as uow:
        _, secret = people.issue_token(uow, "a script", [Role.RESEARCHER], 30, world.runtime.pepper)
    headers = {"Authorization": f"Bearer {secret}", "Sec-Fetch-Site": "cross-site"}
    told = world.anonymous().get("/api/v1/trends?measure=samples&by=region", headers=headers)
    assert told.status_code == 200
    assert len(log(figures)) == 1
