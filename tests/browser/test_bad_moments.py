"""What goes wrong in a tent, seen on the screen of the one it happens to: each is a sentence, and nothing is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.browser.test_every_page import HEAT, changed_draft
from tests.support.curves import jcamp, mixture
from tests.support.road import SAMPLE, Road, ok
from tests.support.site import PHONE, TABLET, Clients, Desk, Site, bare
from tests.support.waiting import while_it_holds

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.long]


def _hold(page: Page, address: str) -> list[Route]:
    """Requests to this address wait in the list until the test lets them go."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(re.compile(address), keep)
    return held


def _newest_first(page: Page, held: list[Route], *, least: int = 2) -> None:
    """Let what is held go, the newest request before the older ones, each read by the page before the next goes."""
    steps.until(lambda: len(held) >= least, page, "not enough was asked")
    while held:
        route = held.pop()
        with page.expect_event("requestfinished"):
            route.continue_()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")


def test_a_session_that_ended_on_a_form_says_that_it_was_not_saved_and_how_to_get_back(desk: Desk, road: Road) -> None:
    page = desk.sign_in(Role.RECEPTION, TABLET, path=f"/sessions/{road.session_id}/reception")
    steps.choose(page, "#expected", "keta", "^Ketamine")
    steps.describe(page)
    page.context.clear_cookies()  # what 45 minutes of silence do
    steps.press(page, "Register sample")
    expect(page.locator("h1")).to_have_text("Sign in")
    said = page.locator("main").get_by_role("status").first.inner_text()
    assert "ended" in said
    assert "not saved" in said


def test_of_two_who_change_one_draft_the_second_is_told_and_chooses(desk: Desk, road: Road) -> None:
    desk.watch.expect("status 409|status of 409")
    sample_id = road.register()
    road.draft(sample_id, [road.analysis(sample_id, method="gc_ms")])
    pages = [desk.sign_in(role, path=f"/bench/samples/{sample_id}") for role in (Role.CHEMIST, Role.VERIFIER)]
    for page in pages:
        page.get_by_text("Edit finding", exact=True).click()
    first, second = pages
    second.locator("#f0-abundance").select_option(label="trace")
    first.locator("#f0-abundance").select_option(label="minor")
    steps.press(first, "Save finding")
    expect(first.locator("#bench-findings .findings")).to_contain_text("minor")
    # the other one's page does not pull the form from under their hands, and says so
    expect(second.locator("#bench-findings")).to_contain_text("Someone else changed these findings")
    steps.press(second, "Save finding")
    expect(second.get_by_role("alert").first).to_contain_text("Someone else changed the same fields")
    expect(second.locator("#bench-findings .findings")).to_contain_text("minor")
    expect(second.locator(".bench-clash")).to_be_in_viewport()
    second.locator(".bench-clash select").select_option(label="Yours: trace")
    steps.press(second, "Save your choice")
    expect(second.locator("#bench-findings .findings")).to_contain_text("trace")


def test_news_that_was_on_its_way_does_not_pull_the_form_from_under_somebody_who_began_to_type(
    desk: Desk, road: Road
) -> None:
    sample_id = road.register()
    road.draft(sample_id, [road.analysis(sample_id, method="gc_ms")])
    page = desk.sign_in(Role.CHEMIST, path=f"/bench/samples/{sample_id}")
    held = _hold(page, rf"/bench/samples/{sample_id}/findings$")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('mast:result'))")
    steps.until(lambda: bool(held), page, "the live part asked for itself again")
    page.get_by_text("Add a finding by name").click()
    page.locator("#new-substance").press_sequentially("caf")
    held.pop().continue_()
    expect(page.locator("#bench-findings")).to_contain_text("Someone else changed these findings")
    page.locator("#new-substance").press_sequentially("f")
    expect(page.locator("#new-substance")).to_have_value("caff")
    expect(page.get_by_role("option", name=re.compile("^Caffeine")).first).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")


def test_a_preview_is_of_the_newest_text(desk: Desk, clients: Clients) -> None:
    page = desk.sign_in(Role.CLINICIAN, path=f"/messages/{changed_draft(clients)}/message?path={HEAT}")
    steps.ready(page)
    held = _hold(page, "/message/look$")
    card = page.locator("#card")
    text = card.input_value()
    for n, words in enumerate(("Older words.", "Newer words.")):
        card.fill(f"{text}\n\n{words}")
        steps.until(lambda n=n: len(held) > n, page, "no preview was asked for")  # type: ignore[misc]
    for route in held:
        route.continue_()
    expect(page.locator("#look")).to_contain_text("Newer words.")
    expect(page.locator("#look")).not_to_contain_text("Older words.")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_tablet_that_is_to_send_while_it_sends_does_so_once_more_at_once(desk: Desk, road: Road) -> None:
    page = desk.sign_in(Role.RECEPTION, TABLET, path=f"/sessions/{road.session_id}/reception")
    steps.ready(page)
    held = _hold(page, "/health$")
    for _ in range(2):
        page.evaluate("dispatchEvent(new Event('online'))")
        steps.until(lambda: bool(held), page, "the server was not asked for")
    held.pop().continue_()
    steps.until(lambda: bool(held), page, "it waits for its next round", seconds=8)
    page.unroute_all(behavior="ignoreErrors")


def test_an_answer_that_arrives_after_a_newer_one_does_not_replace_it(desk: Desk, road: Road, clients: Clients) -> None:
    sample_id = road.register()
    upload = road.upload(road.analysis(sample_id), jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})), "street.jdx")
    while_it_holds(lambda: ok(clients("chemist").get(f"/api/v1/uploads/{upload}"))["state"] == "waiting")
    page = desk.sign_in(Role.CHEMIST, path=f"/bench/samples/{sample_id}?tab=evidence")
    steps.ready(page)
    held = _hold(page, r"/panel\?")
    tabs = page.locator("#bench-panel .bench-tabs")
    for name in ("Matches", "Limits"):
        tabs.get_by_role("link", name=name).click()
    _newest_first(page, held)
    expect(tabs.locator("[aria-current]")).to_have_text(re.compile("Limits"))
    assert page.url.endswith("tab=limits")

    page.unroute_all()
    held = _hold(page, r"/spectrum$")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('mast:spectrum'))")  # as a newer reading does
    steps.until(lambda: bool(held), page, "the spectrum was not asked for")
    tabs.get_by_role("link", name="Matches").click()
    expect(tabs.locator("[aria-current]")).to_have_text(re.compile("Matches"))
    for _ in range(2):  # it does not know of the press, and is asked for once more
        _newest_first(page, held, least=1)
    page.unroute_all()
    expect(tabs.locator("[aria-current]")).to_have_text(re.compile("Matches"))

    tabs.get_by_role("link", name="Evidence").click()
    page.get_by_role("link", name="Manual subtraction").click()
    page.wait_for_url("**/subtraction?**")
    steps.ready(page)  # what is moved before the script has arrived is asked for once
    slider = page.locator("#slider")
    fair = float(slider.get_attribute("data-optimum") or "0")
    held = _hold(page, r"/trial\?")
    for times, factor in enumerate((2 * fair, fair / 2), 1):
        slider.fill(f"{factor:.6g}")
        steps.until(lambda times=times: len(held) == times, page, "the factor was not asked for")
    _newest_first(page, held)
    expect(page.locator("#trial")).to_contain_text("The residual stays above zero")


def test_what_was_typed_before_the_scripts_had_arrived_is_looked_up_when_they_have(desk: Desk, road: Road) -> None:
    page = desk.sign_in(Role.RECEPTION, TABLET, path="/")
    held = _hold(page, "combobox.*[.]js")
    page.goto(f"/sessions/{road.session_id}/reception", wait_until="domcontentloaded")
    page.locator("#expected").press_sequentially("mand")
    steps.until(lambda: bool(held), page, "the script was asked for")
    found = page.get_by_role("option", name=re.compile("^MDMA")).first

    def looked_up() -> bool:
        while held:  # it may be asked for more than once: ahead, and by the module that needs it
            held.pop().continue_()
        return found.is_visible()

    steps.until(looked_up, page, "it was not looked up")
    page.unroute_all(behavior="ignoreErrors")


def test_a_ticket_is_not_in_any_address_the_server_sees(desk: Desk, road: Road, site: Site) -> None:
    code = bare(road.codes[road.register(**SAMPLE)])
    asked: list[str] = []
    context = desk.context(PHONE)
    context.on("request", lambda request: asked.append(request.url + str(request.headers)))
    page = context.new_page()
    page.goto(f"/t#{code}")
    expect(page.locator(".waiting__stage")).to_be_visible()
    sent = [text.split("#")[0] for text in asked]
    assert sent
    assert not [text for text in sent if code in text]
    assert code not in site.log()


def test_what_happens_between_reading_a_page_and_opening_its_stream_is_not_missed(desk: Desk, road: Road) -> None:
    made: list[str] = []

    def late(route: Any) -> None:
        if not made:
            made.append(road.register())
        route.continue_()

    page = desk.sign_in(Role.CHEMIST, path="/about")
    page.route("**/api/v1/events*", late)
    page.goto("/bench")
    expect(page.locator(f"#bench-list a[href$='{_when_made(page, made)}']")).to_be_visible()

    sample_id, result_id, etag = road.verified()

    def released(route: Any) -> None:
        nonlocal etag
        if etag:
            road.step("session_lead", result_id, "release", etag)
            etag = ""
        route.continue_()

    context = desk.context(PHONE)
    phone = context.new_page()
    phone.route("**/api/v1/tickets/events*", released)
    phone.goto(f"/t#{bare(road.codes[sample_id])}")
    expect(phone.locator(".result__headline")).to_be_visible()


def _when_made(page: Page, made: list[str]) -> str:
    steps.until(lambda: bool(made), page, "the stream was never opened")
    return made[0]
