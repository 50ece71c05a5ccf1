"""Saved queries of Trends: named, found again, renamed, removed, each person's own; one whose meaning is gone says so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from app.figures.trends.tables import SavedQuery
from app.platform.kernel.actor import Role
from tests.app.trends.conftest import Figures
from tests.support.road import ok

WALES = "measure=samples&by=month&where=region%3DWales"
API = "/api/v1/trends/queries"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database; test_trends_over_http.py asks for figures of both."""
    return sqlite_url


@pytest.fixture
def months(figures: Figures, clock: Any) -> Figures:
    """Half a year of two regions."""
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    for month in range(1, 6):
        for region in ("North East", "Wales"):
            figures.add(60, month=f"2026-{month:02d}", region=region)
    figures.strike()
    return figures


def researcher(figures: Figures) -> Any:
    return figures.world.as_(Role.RESEARCHER)


def save(figures: Figures, name: str, question: str = WALES, role: Role = Role.RESEARCHER) -> Any:
    return figures.world.as_(role).post("/trends/saved", data={"called": name, "question": question})


def saved(figures: Figures, role: Role = Role.RESEARCHER) -> list[dict[str, Any]]:
    return list(ok(figures.world.as_(role).get(API)))


def in_menu(text: str) -> list[str]:
    menu = re.search(r'<details class="menu menu--text saved.*?</details>', text, re.DOTALL)
    assert menu is not None
    return re.findall(r"<li><a[^>]*>([^<]+)</a></li>", menu.group())


def asked(text: str) -> str:
    """The question a page answers, in the words of its link."""
    link = re.search(r'href="/trends\?([^"]+)" data-permalink', text)
    assert link is not None, text[:2000]
    return link.group(1).replace("&amp;", "&")


def test_a_query_is_named_found_in_the_menu_and_opens_again(months: Figures) -> None:
    answer = save(months, "Wales by month")
    assert answer.status_code == 303
    page = researcher(months).get(answer.headers["Location"]).text
    assert in_menu(page) == ["Standard figure", "Wales by month"]
    assert "Query saved." in page
    assert asked(page) == WALES
    key = saved(months)[0]["id"]
    opened = researcher(months).get(f"/trends/saved/{key}")
    assert (opened.status_code, opened.headers["Location"]) == (303, f"/trends?{WALES}")


def test_the_form_offers_to_save_what_is_asked_and_to_rename_what_is_saved(months: Figures) -> None:
    fresh = months.page(measure="samples", by="month", where="region=Wales").text
    assert f'name="question" value="{WALES.replace("&", "&amp;")}"' in fresh
    assert "Rename" not in fresh
    save(months, "Wales by month")
    again = months.page(measure="samples", by="month", where="region=Wales").text
    assert 'name="question"' not in again
    assert "Rename" in again
    assert "Remove query" in again


def test_trends_opens_with_the_query_used_last_and_the_standard_figure_stays_within_reach(
    months: Figures, clock: Any
) -> None:
    assert asked(months.page().text) == "measure=expected_found&by=month"
    save(months, "Wales by month")
    clock.set(datetime(2026, 6, 13, 0, 5, tzinfo=UTC))
    save(months, "By region", "measure=samples&by=region")
    assert asked(months.page().text) == "measure=samples&by=region"
    clock.set(datetime(2026, 6, 13, 0, 9, tzinfo=UTC))
    first = next(one for one in saved(months) if one["name"] == "Wales by month")
    researcher(months).get(f"/trends/saved/{first['id']}")
    assert asked(months.page().text) == WALES
    page = researcher(months).get("/trends?measure=expected_found&by=month").text
    assert asked(page) == "measure=expected_found&by=month"
    assert '<a href="/trends?measure=expected_found&amp;by=month" aria-current="true">Standard figure' in page


def test_a_page_that_is_fetched_ahead_does_not_count_as_used(months: Figures, clock: Any) -> None:
    save(months, "Wales by month")
    clock.set(datetime(2026, 6, 13, 0, 5, tzinfo=UTC))
    save(months, "By region", "measure=samples&by=region")
    clock.set(datetime(2026, 6, 13, 0, 9, tzinfo=UTC))
    first = next(one for one in saved(months) if one["name"] == "Wales by month")
    researcher(months).get(f"/trends/saved/{first['id']}", headers={"Sec-Purpose": "prefetch"})
    assert asked(months.page().text) == "measure=samples&by=region"


def test_a_query_keeps_how_its_chart_is_drawn(months: Figures) -> None:
    save(months, "Heat", "measure=samples&by=month&by=region&drawn=heat")
    page = months.page().text
    assert asked(page) == "measure=samples&by=month&by=region&drawn=heat"
    assert "heat" in page
    assert saved(months)[0]["question"] == "measure=samples&by=month&by=region&drawn=heat"


def test_it_is_renamed_and_removed(months: Figures) -> None:
    save(months, "Wales by month")
    one = saved(months)[0]
    renamed = researcher(months).post(f"/trends/saved/{one['id']}", data={"called": "Cymru", "version": 1})
    assert in_menu(researcher(months).get(renamed.headers["Location"]).text) == ["Standard figure", "Cymru"]
    removed = researcher(months).post(f"/trends/saved/{one['id']}/remove")
    assert removed.status_code == 303
    page = researcher(months).get(removed.headers["Location"]).text
    assert in_menu(page) == ["Standard figure"]
    assert "Query removed." in page
    assert asked(page) == WALES, "what was on the screen stays on it, and can be saved again"
    assert saved(months) == []


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [("", 422, "Enter a name"), ("wales by MONTH", 409, "already have a query called"), ("x" * 81, 422, "80")],
)
def test_a_name_that_does_not_do_is_refused_beside_its_field_and_the_figure_stays(
    months: Figures, name: str, status: int, says: str
) -> None:
    save(months, "Wales by month")
    answer = save(months, name, "measure=samples&by=region")
    assert answer.status_code == status
    assert says in answer.text
    if name and status == 409:
        assert f'value="{name}"' in answer.text
        assert asked(answer.text) == "measure=samples&by=region"
    assert len(saved(months)) == 1


@pytest.mark.parametrize("question", ["measure=no_such", "measure=samples&by=phase_of_moon", "by=%00", "measure=found"])
def test_what_is_no_question_is_not_saved(months: Figures, question: str) -> None:
    assert save(months, "Mine", question).status_code == 422
    assert ok(researcher(months).get(API)) == []


def test_each_person_has_their_own(months: Figures) -> None:
    save(months, "Wales by month")
    key = saved(months)[0]["id"]
    assert saved(months, Role.SESSION_LEAD) == []
    lead = months.world.as_(Role.SESSION_LEAD)
    assert lead.get(f"/trends/saved/{key}").status_code == 404
    assert lead.post(f"/trends/saved/{key}", data={"called": "Mine now", "version": 1}).status_code == 404
    assert lead.post(f"/trends/saved/{key}/remove").status_code == 404
    assert save(months, "Wales by month", role=Role.SESSION_LEAD).status_code == 303, "names are each person's own too"
    assert [one["name"] for one in saved(months)] == ["Wales by month"]


@pytest.mark.parametrize(
    "words",
    ["measure=samples&by=phase_of_moon", "measure=no_such_figure&by=month", "measure=samples&where=planet%3DMars"],
)
def test_a_query_whose_meaning_is_gone_says_so_and_opens_the_standard_figure(months: Figures, words: str) -> None:
    """A dimension or a figure that a later version dropped."""
    save(months, "Old one")
    with months.world.runtime.db.begin() as uow:
        uow.session.connection().execute(sa.update(SavedQuery).values(question=words))
    key = saved(months)[0]["id"]
    for address in (f"/trends/saved/{key}", "/trends"):
        page = researcher(months).get(address)
        assert page.status_code == 200
        assert "“Old one” can no longer be answered" in page.text
        assert asked(page.text) == "measure=expected_found&by=month"
        assert f'action="/trends/saved/{key}/remove"' in page.text
    gone = researcher(months).post(f"/trends/saved/{key}/remove")
    assert researcher(months).get(gone.headers["Location"]).status_code == 200
    assert "can no longer be answered" not in months.page().text


def test_there_is_an_end_to_how_many(months: Figures) -> None:
    from app.figures.trends.saved import MOST

    for number in range(MOST):
        assert save(months, f"Query {number}").status_code == 303
    refused = save(months, "One more")
    assert refused.status_code == 409
    assert "Remove one first" in refused.text


def test_over_json_they_are_made_changed_and_removed(months: Figures) -> None:
    client = researcher(months)
    made = ok(client.post(API, json={"name": "Wales by month", "question": WALES}))
    assert (made["name"], made["question"]) == ("Wales by month", WALES)
    address = f"{API}/{made['id']}"
    assert client.put(address, json={"name": "Cymru"}).status_code == 428
    changed = client.put(address, json={"name": "Cymru"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["name"], changed.headers["ETag"]) == (200, "Cymru", '"2"')
    assert client.put(address, json={"name": "Again"}, headers={"If-Match": '"1"'}).status_code == 412
    assert client.get(f"/api/v1/trends?{made['question']}").status_code == 200
    assert client.delete(address).status_code == 204
    assert client.delete(address).status_code == 404
    assert ok(client.get(API)) == []
