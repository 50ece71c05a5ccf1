"""A consultation with what the person also takes: on the screen, and in no address, storage, profile, file, log or print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support import traces
from tests.support.browser import FLAGS, WHOLE, find_chromium
from tests.support.budget import size
from tests.support.pdf_text import sheets
from tests.support.planted import SENTINEL
from tests.support.road import Road
from tests.support.site import PASSWORDS, PHONE, TABLET, Desk, Site, scroll_overflow, serving, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request, Route

pytestmark = [pytest.mark.browser(whole=True), pytest.mark.long]

MARK = traces.spellings("wychwood-tonic")
SERVE = (sys.executable, "-c", "from tests.support.planted import serve; serve()")
RUNS = size(4, 10)
EARLIEST_MS, LATEST_MS = (
    300,
    2300,
)  # pressed so long after the list had appeared, an earlier build posted it by a form of the browser's own
HELD_BACK_MS = size(3_000, 10_000)
STORED = """async () => {
    const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, JSON.stringify(history.state), location.href];
    for (const { name } of await indexedDB.databases()) {
        const db = await new Promise((done) => { const asked = indexedDB.open(name); asked.onsuccess = () => done(asked.result); });
        for (const store of db.objectStoreNames) {
            const asked = db.transaction(store).objectStore(store).getAll();
            found.push(JSON.stringify(await new Promise((done) => { asked.onsuccess = () => done(asked.result); })));
        }
        db.close();
    }
    for (const name of await caches.keys()) for (const asked of await (await caches.open(name)).keys()) {
        found.push(asked.url, await (await (await caches.open(name)).match(asked)).text());
    }
    return found;
}"""
FIELDS = """() => [...document.querySelectorAll("#also input")].filter((i) => i.type === "checkbox" ? i.checked : i.value).map((i) => i.value)"""


@pytest.fixture(scope="module")
def site(browser: Browser, example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose pack holds the sentinel, with its temporary files beside its data."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "tmp").mkdir()
    more = {"TMPDIR": str(folder / "tmp"), "MAST_LOG_LEVEL": "DEBUG"}
    with serving(example, folder / "data", command=SERVE, more=more) as running:
        yield running


@pytest.fixture(scope="module")
def sample(road: Road) -> str:
    """A released result: MDMA."""
    return road.released()[0]


@contextmanager
def remembering(desk: Desk, profile: Path, *flags: str) -> Iterator[BrowserContext]:
    """A whole browser that keeps a profile on the disk, as the one on a tablet does, signed in as the health worker."""
    context = desk.browser.browser_type.launch_persistent_context(
        profile,
        executable_path=find_chromium(WHOLE),
        headless=True,
        args=[*FLAGS, *flags],
        base_url=desk.site.url,
        viewport={"width": TABLET[0], "height": TABLET[1]},
        locale="en-GB",
    )
    desk.watch.attach(context)
    try:
        yield context
    finally:
        context.close()


def _note(context: BrowserContext, requests: list[Request]) -> None:
    """List what this browser asks for."""

    def note(request: Request) -> None:
        requests.append(request)

    context.on("request", note)


def _ticks(page: Page) -> list[str]:
    """What stands in the fields of the panel."""
    found: list[str] = page.evaluate(FIELDS)
    return found


def _shows(page: Page) -> None:
    """With the keyboard alone: find it by name, tick it, ask."""
    find = page.get_by_label("Find by name")
    if not find.is_visible():
        page.locator(".also__more > summary").click()
    expect(find).to_be_enabled()
    find.focus()
    page.keyboard.type("wychwood ton")
    expect(page.locator("#also-found")).to_have_text("1 name")
    expect(page.locator(".also [data-words]:visible")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert SENTINEL in _ticks(page)
    expect(page.locator("#client-page [data-origin=self_reported]")).to_have_count(1)


def test_it_is_on_the_screen_and_nowhere_else(desk: Desk, site: Site, sample: str, tmp_path: Path) -> None:
    desk.watch.expect("422")  # a consultation with nothing in it
    requests: list[Request] = []
    target = f"/consultations/samples/{sample}"
    with remembering(desk, tmp_path / "profile") as context:
        _note(context, requests)
        page = context.new_page()
        page.goto("/sign-in")
        sign_in(page, *PASSWORDS[Role.HEALTH_WORKER])
        page.goto(target)
        _shows(page)
        expect(page.locator(".also__ticked")).to_contain_text(SENTINEL)
        card = page.locator("#client-page [data-origin=self_reported]")
        expect(card).to_contain_text("Mixing: MAOI")
        expect(card).to_contain_text("Because of what you also take")
        expect(page.locator("#client-page")).to_contain_text(f"also take: {SENTINEL}")
        assert page.url.endswith(target), "the answer is no page of the history"
        assert steps.axe(page) == []
        printed = " ".join(sheet.text for sheet in sheets(page.pdf(prefer_css_page_size=True)))
        assert "MDMA" in printed
        assert "Mixing: MAOI" not in printed
        assert not MARK.search(printed)
        assert not MARK.search(" ".join(page.evaluate(STORED)))
        assert not MARK.search(str(context.storage_state(indexed_db=True)))

        page.reload()
        expect(page.locator("#client-page")).to_be_visible()
        assert _ticks(page) == [], "a reload restores no field"
        expect(page.locator("[data-origin=self_reported]")).to_have_count(0)
        _shows(page)
        page.goto("/consultations")
        page.go_back()
        expect(page.locator(".result__headline")).to_be_visible()
        assert _ticks(page) == [], "nor does going back"
        expect(page.locator("[data-origin=self_reported]")).to_have_count(0)
        _shows(page)
        # what a browser does that keeps whole pages in memory: Chromium run by tests keeps none
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
        assert _ticks(page) == []
        expect(page.locator("[data-origin=self_reported]")).to_have_count(0)
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        expect(page.locator("#client-page[data-live] .result__headline")).to_be_visible()
        _shows(page)
        page.get_by_role("button", name="Save consultation").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing was recorded")
        page.get_by_label("Take less").check()
        steps.press(page, "Save consultation")
        expect(page.get_by_role("status").filter(has_text="Saved at")).to_be_visible()
        history = context.new_cdp_session(page).send("Page.getNavigationHistory")
        assert not MARK.search(str(history))
        page.goto("/consultations")  # the profile is written down with it in view of nothing
    _nowhere(requests, site, tmp_path / "profile", sample)


def _nowhere(requests: list[Request], site: Site, profile: Path, sample: str) -> None:
    """Neither asked for by an address, nor on a disk of either side."""
    told = [r for r in requests if MARK.search(r.post_data or "")]
    assert (
        len([r for r in told if "mast-by-itself" not in r.headers]) == 4
    )  # beside those of a live line that comes back
    assert {r.url for r in told} == {f"{site.url}/consultations/samples/{sample}/with"}
    assert not [r.url for r in requests if MARK.search(r.url + str(r.headers))]
    assert not [r.url for r in requests if "wychwood+ton&" in (r.post_data or "")], "what is typed is never sent"
    found = dict(traces.in_files(profile))
    assert any(sample in content for content in found.values()), "the profile does remember where the browser has been"
    assert not [where for where, content in found.items() if MARK.search(content)]
    kept = {
        where: content
        for folder in (site.folder, site.folder.parent / "tmp")
        for where, content in traces.in_files(folder)
    }
    assert [where for where in kept if where.endswith("-wal")], "the write-ahead log is among them"
    assert [where for where in kept if where.endswith("server.log")], "and so is the log"
    assert not [where for where, content in kept.items() if MARK.search(content)]


def test_clear_takes_it_away_and_a_changed_result_keeps_it(desk: Desk, road: Road) -> None:
    sample, result, etag = road.released()
    page = desk.sign_in(Role.HEALTH_WORKER, PHONE, path=f"/consultations/samples/{sample}")
    _shows(page)
    road.step("chemist", result, "amend", etag, reason="more", change_reason="more_tests")
    expect(page.locator("#client-page .result__changed:visible")).to_contain_text("looked at again")
    expect(page.locator("#client-page [data-origin=self_reported]")).to_have_count(1)
    assert scroll_overflow(page) == 0
    page.get_by_label("Find by name").fill("nobody takes this")
    expect(page.locator("#also-found")).to_contain_text("does not mean there is no danger")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("[data-origin=self_reported]")).to_have_count(0)
    expect(page.locator("#client-page[data-live] .result__headline")).to_be_visible()
    assert _ticks(page) == []


@contextmanager
def held_back(page: Page) -> Iterator[Callable[[], None]]:
    """The script of the list does not come until it is let go."""
    waiting: list[Route] = []
    held = True

    def hold(route: Route) -> None:
        waiting.append(route) if held else route.continue_()

    def let_go() -> None:
        nonlocal held
        held = False
        while waiting:
            with suppress(PlaywrightError):  # a page that was left has taken its requests with it
                waiting.pop().continue_()

    page.route("**/also.js", hold)
    yield let_go
    let_go()


def _press(page: Page, number: int) -> None:
    """By finger or by keyboard, where the list is and where it would be: nothing answers."""
    more = page.locator(".also__more")
    if more.get_attribute("open") is None:
        more.locator("> summary").click()
    row = page.locator("#also .chip", has_text=SENTINEL)
    row.scroll_into_view_if_needed()
    box = steps.box(row)
    page.mouse.click(box["x"] + 12, box["y"] + box["height"] / 2)
    if number % 2:
        page.evaluate("document.querySelector('#also').focus()")
        for key in ("Tab", "Space", "Space", "Tab", "Enter"):  # the list is shut and opened; so are all names
            page.keyboard.press(key)
        assert page.evaluate("document.activeElement.closest('#also') !== null"), (
            "the form of the consultation is beyond"
        )
    for button in page.locator("#also button").all():
        button.dispatch_event("click")  # not in sight while nothing is ticked: no finger reaches it, a script would
    page.locator("#also-find").click(force=True)
    page.keyboard.type("wychwood tonic")
    page.keyboard.press("Enter")


def test_G1_pressed_before_its_script_has_come_it_reaches_no_request_and_no_profile(
    desk: Desk, site: Site, sample: str, tmp_path: Path
) -> None:
    """Runs of one browser: pressed, loaded again, left and closed, and the window brought back after the last."""
    requests: list[Request] = []
    target, profile = f"/consultations/samples/{sample}", tmp_path / "profile"
    with remembering(desk, profile) as context:
        _note(context, requests)
        page = context.new_page()
        page.goto("/sign-in")
        sign_in(page, *PASSWORDS[Role.HEALTH_WORKER])
        for number in range(RUNS):
            page = context.new_page()
            with held_back(page) as let_go:
                page.goto(target, wait_until="commit")
                expect(page.locator("#also .chip", has_text=SENTINEL)).to_be_attached()
                page.wait_for_timeout(EARLIEST_MS + number * (LATEST_MS - EARLIEST_MS) / (RUNS - 1))
                _press(page, number)
                assert page.locator("#also :is(input, button):not(:disabled)").count() == 0
                assert _ticks(page) == []
                assert page.url.endswith(target), "nothing was sent"
                assert not MARK.search(" ".join(page.evaluate(STORED)))
                page.reload(wait_until="commit")
                expect(page.locator("#also .chip", has_text=SENTINEL)).to_be_attached()
                _press(page, number)
                if number == RUNS - 1:
                    page.wait_for_timeout(HELD_BACK_MS)
                let_go()
                expect(page.locator("#also[data-ready]")).to_have_count(1)
                assert _ticks(page) == [], "what was pressed early is not remembered for later"
                if number < RUNS - 1:
                    page.close()
        history = context.new_cdp_session(page).send("Page.getNavigationHistory")
        assert not MARK.search(str(history))
        _shows(page)  # and now that it has come, it works
        assert len([r for r in requests if MARK.search(r.post_data or "")]) == 1
        before = len(requests)
    with remembering(desk, profile, "--restore-last-session") as context:
        _note(context, requests)
        for page in context.pages:
            page.wait_for_load_state()
            assert _ticks(page) == [], "a window that is brought back brings none of it"
            assert page.locator("[data-origin=self_reported]").count() == 0
        page = context.new_page()
        page.goto(target)
        assert _ticks(page) == []
    assert {r.method for r in requests[before:]} <= {"GET"}
    assert not [r.url for r in requests if MARK.search(r.url + str(r.headers))]
    found = dict(traces.in_files(profile))
    assert any(sample in content for content in found.values()), "the profile does remember where the browser has been"
    assert not [where for where, content in found.items() if MARK.search(content)]


def test_G1_without_scripts_the_list_is_not_drawn_and_a_table_stands_there(desk: Desk, sample: str) -> None:
    requests: list[Request] = []
    page = desk.sign_in(Role.HEALTH_WORKER, TABLET, path=f"/consultations/samples/{sample}", java_script_enabled=False)
    _note(page.context, requests)
    table = page.get_by_role("table", name="What not to mix")
    expect(table).to_be_visible()
    expect(table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="lithium"))).to_contain_text(
        "mushrooms"
    )
    assert page.locator("#also :is(input, button, form, summary):visible").count() == 0
    assert page.locator("#also [name]").count() == 0
    page.locator("#also .chip", has_text=SENTINEL).dispatch_event("click")
    page.keyboard.press("Enter")
    assert {r.method for r in requests} <= {"GET"}, "a picture or a style at most"
    assert not [r.url for r in requests if MARK.search(r.url)]
