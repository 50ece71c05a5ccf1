"""The client's page in two languages: how one is chosen, what is in which, and that nothing of a ticket goes along."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.care.consultations import words
from app.care.consultations.domain import Shut, Stage
from app.care.consultations.words import WORDS, Words, preferred, words_of
from app.care.message_packs.provider import Packs
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results.domain import ChangeReason
from app.results.finding import NewFinding
from tests.app.conftest import application_with
from tests.support.packs import approved_pack

from .conftest import CHEMIST, LEAD, VIEW, WORKER, Desk

COOKIE = "__Host-mast-language"
WELSH = {"Accept-Language": "cy-GB,cy;q=0.9,en;q=0.8"}
UNKNOWN = "3333 3333 3333"
SCREENS = Path(__file__).parents[3] / "app" / "screens"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What a page says does not depend on the kind of database."""
    return sqlite_database


@pytest.fixture
def client(world: Any) -> TestClient:
    return world.anonymous()  # type: ignore[no-any-return]


def html_lang(page: str) -> str:
    return re.findall(r"<html[^>]* lang=\"(\w+)\"", page)[0]


def in_welsh(lab: Desk, sample_id: Any, browser: TestClient) -> str:
    """The page of a typed code, as a browser without JavaScript gets it."""
    assert browser.post("/t", data={"code": lab.codes[sample_id]}).status_code == 303
    return browser.get("/t?lang=cy").text


# -- the words --------------------------------------------------------------------------------------------------


def test_each_language_has_every_word_in_the_same_shape() -> None:
    english, welsh = WORDS["en"], WORDS["cy"]
    for name in Words.model_fields:
        ours, theirs = getattr(welsh, name), getattr(english, name)
        if isinstance(theirs, dict):
            assert set(ours) == set(theirs), name
            assert all(ours.values()), name
        else:
            assert ours.strip(), name
            assert re.findall(r"\{\w+\}", ours) == re.findall(r"\{\w+\}", theirs), name
            assert ours != theirs or name == "staff", name
    assert set(english.stages) == set(english.steps) == set(Stage)
    assert set(english.shut) == set(Shut)
    assert set(english.reasons) == set(ChangeReason)


def test_a_language_that_leaves_a_word_to_the_english_is_not_loaded() -> None:
    with pytest.raises(ValueError, match=r"Cymraeg has no words for: .+ skip,"):
        words._complete(Words(name="Cymraeg"))


def test_numbers_before_a_sample_are_said_in_the_language() -> None:
    said = [words_of("cy").before(n) for n in (None, 0, 1, 12)]
    assert said == [
        "",
        "Eich un chi yw'r nesaf.",
        "Mae 1 sampl o flaen eich un chi.",
        "Mae 12 sampl o flaen eich un chi.",
    ]


# -- how it is chosen -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "en"),
        ("cy", "cy"),
        ("cy-GB,en;q=0.8", "cy"),
        ("en-GB,cy;q=0.9", "en"),
        ("fr, cy;q=0.2, *;q=0.1", "cy"),
        ("en;q=0.5, cy;q=0.7", "cy"),
        ("cy;q=0", "en"),
        ("cy;q=nonsense, de", "en"),
        ("cy;q=nan", "en"),
        ("*", "en"),
        (";;,,q=", "en"),
    ],
)
def test_a_first_visit_follows_what_the_browser_prefers(header: str, chosen: str) -> None:
    assert preferred(header, ("en", "cy")) == chosen


def test_the_entry_is_english_unless_the_browser_prefers_welsh(client: TestClient) -> None:
    english, welsh = client.get("/t").text, client.get("/t", headers=WELSH).text
    assert (html_lang(english), html_lang(welsh)) == ("en", "cy")
    assert "Your ticket" in english
    assert "<h1>Eich tocyn</h1>" in welsh
    assert "Your ticket" not in welsh
    assert "Show my result" not in welsh


def test_a_choice_is_kept_by_the_browser_and_goes_before_what_it_prefers(client: TestClient) -> None:
    answer = client.get("/t?lang=cy")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=cy;")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=31536000"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert html_lang(client.get("/t").text) == "cy"
    assert "set-cookie" not in client.get("/t").headers
    client.get("/t?lang=en")
    assert html_lang(client.get("/t", headers=WELSH).text) == "en"


def test_the_switch_is_two_links_that_work_without_scripts_and_know_no_ticket(lab: Desk, client: TestClient) -> None:
    sample_id = lab.sample()
    page = in_welsh(lab, sample_id, client)
    links = re.findall(r'<a href="(/t\?[^"]*)" lang="(\w+)" hreflang="\w+"( aria-current="true")?>(\w+)</a>', page)
    assert [(lang, bool(current), name) for _, lang, current, name in links] == [
        ("en", False, "English"), ("cy", True, "Cymraeg"),
    ]  # fmt: skip
    for href, *_ in links:
        assert lab.codes[sample_id] not in href
        assert str(sample_id) not in href
    assert html_lang(client.get(links[0][0].replace("&amp;", "&")).text) == "en"


def test_a_switch_in_the_tab_of_one_ticket_never_shows_that_of_another(lab: Desk, client: TestClient) -> None:
    first, second = lab.sample(), lab.sample()
    page = in_welsh(lab, first, client)
    english = re.findall(r'href="(/t\?lang=en[^"]*)"', page)[0].replace("&amp;", "&")
    assert "Mae eich sampl yn y ciw" in page
    client.post("/t", data={"code": lab.codes[second]})
    assert "Your sample is in the queue" not in client.get(english).text
    assert "Ticket code" in client.get(english).text


# -- what is in which -------------------------------------------------------------------------------------------


def test_wrong_codes_and_lost_tickets_are_told_in_welsh(lab: Desk, client: TestClient) -> None:
    client.get("/t?lang=cy")
    form = client.post("/t", data={"code": UNKNOWN})
    assert form.status_code == 404
    assert "Nid oes canlyniad ar gyfer y cod hwn." in form.text
    assert "Gwiriwch y cod ar eich tocyn." in form.text
    answer = client.post(VIEW, json={"code": UNKNOWN})
    assert answer.json()["detail"].startswith("Nid oes canlyniad")
    assert answer.json()["type"] == "urn:mast:problem:ticket_unknown"
    assert client.get("/t/part").json()["detail"].startswith("Dangoswch god eich tocyn eto")
    limited = [client.post("/t", data={"code": UNKNOWN}) for _ in range(12)][-1]
    assert limited.status_code == 429
    assert "Arhoswch 60 eiliad" in limited.text


def test_a_result_is_welsh_and_what_is_not_translated_is_marked_as_english(lab: Desk, client: TestClient) -> None:
    sample_id = lab.sample(("diazepam",))
    lab.found(sample_id, NewFinding("bromazolam"))
    page = in_welsh(lab, sample_id, client)
    assert html_lang(page) == "cy"
    assert "Mae hwn yn edrych fel bromazolam (benzo stryd)." in page
    assert "Dywedoch chi wrthym: diazepam" in page
    assert "Os yw rhywun yn sâl" in page
    assert "Ffoniwch 999" in page
    grave = page.split("severity--1")[1].split("</section>")[0]
    assert 'lang="en"' not in grave
    serious = page.split("severity--2")[1].split("</section>")[0]
    assert "DIFRIFOL" in serious
    assert re.search(r'class="severity__heading" lang="en"[^>]*>If you take benzos every day<', serious)
    assert re.search(r'class="severity__text" lang="en"', serious)
    assert "Nid yw rhai rhannau o hwn yn eich iaith chi eto." in page
    assert "Peiriant a roddodd rai o&#39;r geiriau hyn" in page or "Peiriant a roddodd rai o'r geiriau hyn" in page
    for english in ("We found", "If someone is unwell", "You told us", "What this test cannot see", "Print large"):
        assert english not in page
    assert 'lang="' not in client.get("/t?lang=en").text.split('id="ticket"')[1].split("client-actions")[0]


def test_the_part_that_changes_live_stays_in_the_language_of_its_tab(lab: Desk, client: TestClient) -> None:
    page = in_welsh(lab, lab.sample(), client)
    part = re.findall(r'data-part-url="([^"]*)"', page)[0].replace("&amp;", "&")
    client.get("/t?lang=en")  # in another tab
    assert "Mae eich sampl yn y ciw" in client.get(part).text
    opened = client.post(f"{VIEW}?lang=cy", json={"code": lab.codes[lab.sample()]}, headers={"Accept": "text/html"})
    assert "Mae eich sampl yn y ciw" in opened.text


def test_changes_withdrawals_and_shut_pages_are_told_in_welsh(lab: Desk, world: Any, client: TestClient) -> None:
    sample_id = lab.sample()
    view = lab.found(sample_id)
    draft = lab.act(view, "amend", CHEMIST, reason="typed by staff", change_reason=ChangeReason.MORE_TESTS)
    assert "Mae rhywun yn edrych ar y canlyniad hwn eto" in in_welsh(lab, sample_id, client)
    view = lab.finish(draft)
    changed = client.get("/t").text
    assert "Mae&#39;r canlyniad hwn wedi newid." in changed
    assert "Gwnaethom fwy o brofion." in changed
    lab.act(view, "retract", LEAD, reason="wrong bag", change_reason=ChangeReason.MIX_UP)
    retracted = client.get("/t").text
    assert "Tynnwyd y canlyniad hwn yn ôl" in retracted
    assert "Cymysgwyd dau sampl." in retracted
    closed = lab.sample(session_id=world.session(client_lookup=False))
    view = lab.found(closed)
    assert "gweithiwr yn dweud wrthych amdano wyneb yn wyneb" in in_welsh(lab, closed, client)
    lab.act(view, "amend", CHEMIST, reason="more")
    assert "Mae rhywbeth am eich canlyniad wedi newid." in client.get("/t").text


def test_paper_is_in_the_language_of_the_page(lab: Desk, client: TestClient) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    page = in_welsh(lab, sample_id, client)
    sheet = client.get(re.findall(r'href="(/t/print[^"]*)"', page)[0].replace("&amp;", "&")).text
    assert html_lang(sheet) == "cy"
    assert re.search(r"Argraffwyd \d\d:\d\d, (Llun|Maw|Mer|Iau|Gwen|Sad|Sul) \d", sheet), "the date too"
    assert "Dywedoch chi wrthym" in sheet


# -- what is kept of it -----------------------------------------------------------------------------------------


def test_a_worker_shows_the_page_in_welsh_on_a_screen_that_stays_english(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    worker, path = world.as_(WORKER), f"/consultations/samples/{sample_id}"
    english, welsh = worker.get(path), worker.get(f"{path}?lang=cy")
    assert html_lang(welsh.text) == "en"
    assert "set-cookie" not in welsh.headers, "a tablet many clients are shown does not keep the last one's language"
    shown = welsh.text.split('<div lang="cy">')[1].split("consult__choices")[0]
    assert "Dywedoch chi wrthym" in shown
    assert "What do they plan to do?" in welsh.text
    assert "Dywedoch chi wrthym" not in english.text
    assert [row.locale for row in lab.shown(sample_id) if row.shown_to == "staff"] == ["en", "cy"]
    assert f"{path}?lang=cy" in english.text, "the switch"
    assert "Dywedoch chi wrthym" in worker.get(f"{path}/part?lang=cy").text
    assert f'hx-get="{path}/part?lang=cy"' in welsh.text
    told = worker.post(f"{path}/with?lang=cy", data={"also": ["alcohol"]})
    assert "Dywedoch chi wrthym" in told.text
    assert f'data-with-url="{path}/with?lang=cy"' in welsh.text
    recorded = worker.post(f"{path}?lang=cy", data={"intention": ["take_less"]})
    assert recorded.headers["location"] == f"{path}?recorded=1&lang=cy"


# -- once a pack is signed --------------------------------------------------------------------------------------


def test_in_an_approved_pack_welsh_nobody_signed_is_shown_in_english_and_marked(lab: Desk, world: Any) -> None:
    runtime = replace(world.runtime, packs=Packs(approved_pack()))
    signed = replace(lab, world=replace(world, app=application_with(runtime), runtime=runtime))
    sample_id = signed.sample(("diazepam",))
    signed.found(sample_id, NewFinding("bromazolam"))
    browser = signed.world.anonymous()
    page = in_welsh(signed, sample_id, browser)
    assert html_lang(page) == "cy"
    headline = page.split('class="result__headline')[1].split("</h1>")[0]
    assert re.search(r'<span data-say lang="en"[^>]*>It looks like bromazolam \(a street benzo\)\.', headline)
    assert '<p class="result__told" lang="en">You told us: diazepam</p>' in page
    assert '<h2 lang="en">If someone is unwell</h2>' in page
    assert re.search(r'<p class="notice-first" lang="en"[^>]*>Some of this isn.{1,5}t in your language yet', page)
    assert "Argraffu&#39;n fawr" in page, "the page around it stays Welsh"
    assert signed.world.as_(Role.HEALTH_WORKER).get(f"/consultations/samples/{sample_id}").status_code == 200
