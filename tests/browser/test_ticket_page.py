"""The client's page over time: reached by cookie, beside another ticket, and after its ticket stopped working."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.support.road import Road
from tests.support.site import PASSWORDS, PHONE, Desk, bare

from . import steps

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

STREAM = "**/api/v1/tickets/events*"
REFUSED = "status (of )?(401|404)|MIME type"
HIDE_AND_SHOW = """() => {
    for (const hidden of [true, false]) {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }
}"""


def _waits(page: Page) -> None:
    expect(page.locator(".waiting__stage")).to_be_visible()
    expect(page.locator("#live-status")).to_contain_text("Updated")


def _listens(context: BrowserContext, path: str) -> Page:
    """A tab whose stream is open, not just asked for."""
    page = context.new_page()
    with page.expect_response(STREAM) as opened:
        page.goto(path)
    assert opened.value.status == 200
    _waits(page)
    return page


def _address(road: Road, sample_id: str) -> str:
    return f"/t#{bare(road.codes[sample_id])}"


def _withdraw(road: Road, sample_id: str) -> None:
    road.post("reception", f"/api/v1/samples/{sample_id}/withdraw", {"reason": "client_asked"})


def _ended(page: Page, sentence: str) -> None:
    """Nothing of the result is left, the code is gone, and another can be typed."""
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    expect(page.get_by_label("Ticket code")).to_be_visible()
    expect(page.get_by_label("Ticket code")).to_have_value("")
    expect(page.locator(".result, .waiting__stage, .ticket-code, .client-actions")).to_have_count(0)
    assert "#" not in page.url


# -- reached by cookie ------------------------------------------------------------------------------------------


def test_a_page_reached_by_cookie_ends_with_its_ticket(desk: Desk, road: Road) -> None:
    desk.watch.expect(REFUSED)
    sample_id = road.register()
    context = desk.context(PHONE)
    _listens(context, _address(road, sample_id)).close()
    page = _listens(context, "/t")
    _withdraw(road, sample_id)
    _ended(page, "Show your ticket code again")


# -- two tickets on one phone -----------------------------------------------------------------------------------


def test_each_tab_follows_its_own_sample_whichever_was_opened_last(desk: Desk, road: Road) -> None:
    desk.watch.expect(REFUSED)
    first, result_id, etag = road.verified(words_spoken="mandy")
    second, *_ = road.verified()
    context = desk.context(PHONE)
    mine = _listens(context, _address(road, first))
    other = _listens(context, _address(road, second))
    # the first tab's phone was in a pocket: it listens anew, with a cookie that is the second's by now
    with mine.expect_response(lambda r: "/tickets/events" in r.url and r.status == 200):
        mine.evaluate(HIDE_AND_SHOW)
    road.step("session_lead", result_id, "release", etag)
    expect(mine.locator(".result__headline")).to_be_visible()
    assert bare(mine.locator(".ticket-code").inner_text()).removeprefix("Ticket") == bare(road.codes[first])
    expect(other.locator(".waiting__stage")).to_be_visible()


def test_streams_that_were_cut_come_back_each_for_its_own_sample(desk: Desk, road: Road) -> None:
    desk.watch.expect(REFUSED + "|ERR_|failed request")
    samples = [road.verified(), road.verified()]
    context = desk.context(PHONE)
    pages = [_listens(context, _address(road, sample_id)) for sample_id, *_ in samples]
    site = desk.site
    site.kill()
    for page in pages:
        expect(page.locator("#live-status")).to_have_text("Connection lost, trying again")
        expect(page.locator(".waiting__stage")).to_be_visible()  # what was known stays on the screen
    site.start()
    for page, (_, result_id, etag) in zip(pages, samples, strict=True):
        road.step("session_lead", result_id, "release", etag)
        expect(page.locator(".result__headline")).to_be_visible(timeout=30_000)


def test_the_stream_of_one_sample_is_refused_to_the_cookie_of_another(desk: Desk, road: Road) -> None:
    first, second = road.register(), road.register()
    context = desk.context(PHONE)
    page = _listens(context, _address(road, first))
    own = page.locator("#ticket").get_attribute("data-part-url")
    assert own is not None
    assert first not in own
    assert context.request.get(own).status == 200
    _listens(context, _address(road, second))
    assert context.request.get(own).status == 401
    events = page.locator("#ticket").get_attribute("data-live-url")
    assert events is not None
    assert context.request.get(events).status == 401


def test_a_tab_without_a_code_never_turns_into_the_page_of_another_ticket(desk: Desk, road: Road) -> None:
    desk.watch.expect(REFUSED)
    first, second = road.register(), road.register()
    context = desk.context(PHONE)
    _listens(context, _address(road, first)).close()
    page = _listens(context, "/t")
    _listens(context, _address(road, second))
    road.analysis(first)
    _ended(page, "Another ticket was opened in this browser")


def test_a_code_in_the_address_hides_the_page_of_the_cookie_until_its_own_is_there(desk: Desk, road: Road) -> None:
    desk.watch.expect(REFUSED)
    first, result_id, etag = road.verified()
    road.step("session_lead", result_id, "release", etag)
    context = desk.context(PHONE)
    page = context.new_page()
    page.goto(_address(road, first))
    expect(page.locator(".result__headline")).to_be_visible()
    wrong = context.new_page()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    wrong.route("**/api/v1/tickets/view*", hold)
    wrong.goto("/t#3RWX7KDN9FHT")
    steps.until(lambda: bool(held), wrong, "the code was never sent")
    expect(wrong.locator(".result__headline")).to_be_hidden()
    held[0].continue_()
    _ended(wrong, "There is no result for this code")
    _ended(wrong, "Check the code on your ticket.")


# -- tickets that stopped working -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["withdrawn", "replaced"])
def test_a_result_leaves_the_screen_when_its_ticket_stops_working(desk: Desk, road: Road, how: str) -> None:
    desk.watch.expect(REFUSED)
    sample_id, result_id, etag = road.verified()
    page = _listens(desk.context(PHONE), _address(road, sample_id))
    road.step("session_lead", result_id, "release", etag)
    expect(page.locator(".result__headline")).to_be_visible()
    if how == "withdrawn":
        _withdraw(road, sample_id)
    else:
        key = {"Idempotency-Key": f"again-{sample_id}"}
        said = {"password": PASSWORDS[Role.RECEPTION][1]}
        again = road.post("reception", f"/api/v1/samples/{sample_id}/ticket", said, headers=key)
    _ended(page, "There is no result for this code")
    asked: list[str] = []
    # a browser fetches the icon of a tab when it likes
    page.on("request", lambda request: None if "/static/" in request.url else asked.append(request.url))
    page.evaluate(HIDE_AND_SHOW)
    page.wait_for_timeout(700)
    assert not asked, "it still asks for what is gone"
    if how == "replaced":  # the new ticket opens it in the same tab, live again
        page.get_by_label("Ticket code").fill(again["code"])
        page.get_by_role("button", name="Show my result").click()
        expect(page.locator(".result__headline")).to_be_visible()


def test_a_page_stays_when_only_the_server_or_a_proxy_is_in_trouble(desk: Desk, road: Road) -> None:
    desk.watch.expect("50[23]|404|MIME type")
    sample_id, result_id, etag = road.verified()
    page = _listens(desk.context(PHONE), _address(road, sample_id))
    answers = iter([(502, "text/html", "<h1>Bad gateway</h1>"), (404, "text/html", "<h1>Sign in to the wifi</h1>")])

    def trouble(route: Any) -> None:
        answer = next(answers, None)
        if answer is None:
            route.continue_()
        else:
            status, kind, body = answer
            route.fulfill(status=status, content_type=kind, body=body)

    page.route("**/api/v1/tickets/view*", trouble)
    road.step("session_lead", result_id, "release", etag)
    expect(page.locator("#live-status")).to_contain_text("trying again")
    expect(page.locator("#ticket")).not_to_contain_text("gateway")
    expect(page.locator(".waiting__stage")).to_be_visible()
    expect(page.locator(".result__headline")).to_be_visible(timeout=15_000)


# -- closing it, and coming back --------------------------------------------------------------------------------


def test_closing_the_result_leaves_no_code_and_back_does_not_bring_it(desk: Desk, road: Road) -> None:
    desk.watch.expect(REFUSED)
    sample_id, *_ = road.released()
    code = bare(road.codes[sample_id])
    page = desk.context(PHONE).new_page()
    page.goto("/about")
    page.goto(f"/t#{code}")
    expect(page.locator(".result__headline")).to_be_visible()
    page.get_by_role("button", name="Hide my result on this phone").click()
    expect(page.get_by_label("Ticket code")).to_be_visible()
    assert "#" not in page.url
    page.go_back()
    expect(page.get_by_label("Ticket code")).to_be_visible()
    expect(page.locator(".result__headline")).to_be_hidden()
    assert "#" not in page.url
    history = page.context.new_cdp_session(page).send("Page.getNavigationHistory")
    assert not [entry["url"] for entry in history["entries"] if code in entry["url"]]


def test_a_page_from_the_browsers_memory_looks_again(desk: Desk, road: Road) -> None:
    sample_id, result_id, etag = road.verified()
    page = _listens(desk.context(PHONE), _address(road, sample_id))
    # what a browser does that keeps pages: Chromium run by tests keeps none
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    road.step("session_lead", result_id, "release", etag)
    page.wait_for_timeout(500)
    expect(page.locator(".waiting__stage")).to_be_visible()
    with page.expect_response(lambda r: "/tickets/events" in r.url and r.status == 200):
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator(".result__headline")).to_be_visible()
