"""A consultation with what the person also takes: on the screen, and in no address, storage, profile, file, log or print."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support import traces
from tests.support.browser import FLAGS, find_chromium
from tests.support.pdf_text import sheets
from tests.support.planted import SENTINEL
from tests.support.road import Road
from tests.support.site import PASSWORDS, PHONE, TABLET, Desk, Site, scroll_overflow, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MARK = traces.spellings("wychwood-tonic")
SERVE = (sys.executable, "-c", "from tests.support.planted import serve; serve()")
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
def remembering(desk: Desk, profile: Path) -> Iterator[BrowserContext]:
    """A browser that keeps a profile on the disk, as the one on a tablet does, signed in as the health worker."""
    context = desk.browser.browser_type.launch_persistent_context(
        profile,
        executable_path=find_chromium(),
        headless=True,
        args=list(FLAGS),
        base_url=desk.site.url,
        viewport={"width": TABLET[0], "height": TABLET[1]},
        locale="en-GB",
    )
    desk.watch.attach(context)
    try:
        yield context
    finally:
        context.close()


def _sign_in(page: Page) -> None:
    name, password = PASSWORDS[Role.HEALTH_WORKER]
    page.goto("/sign-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def _ticks(page: Page) -> list[str]:
    """What stands in the fields of the panel."""
    found: list[str] = page.evaluate(FIELDS)
    return found


def _shows(page: Page) -> None:
    """With the keyboard alone: find it by name, tick it, ask."""
    find = page.get_by_label("Find by name")
    find.focus()
    page.keyboard.type("wychwood ton")
    expect(page.locator("#also-found")).to_have_text("1 name")
    expect(page.locator(".also .choice:visible")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert SENTINEL in _ticks(page)
    page.get_by_role("button", name="Show what not to mix").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#client-page [data-origin=self_reported]")).to_have_count(1)


def test_it_is_on_the_screen_and_nowhere_else(desk: Desk, site: Site, sample: str, tmp_path: Path) -> None:
    desk.watch.expect("422")  # a consultation with nothing in it
    requests: list[Request] = []
    target = f"/consultations/samples/{sample}"
    with remembering(desk, tmp_path / "profile") as context:

        def note(request: Request) -> None:
            requests.append(request)

        context.on("request", note)
        page = context.new_page()
        _sign_in(page)
        page.goto(target)
        _shows(page)
        expect(page.locator("#client-page")).to_be_focused()
        card = page.locator("#client-page [data-origin=self_reported]")
        expect(card).to_contain_text("Mixing: MAOI")
        expect(card).to_contain_text("Because of what you also take")
        expect(page.locator("#client-page")).to_contain_text(f"also take: {SENTINEL}")
        assert page.url.endswith(target), "the answer is no page of the history"
        assert steps.axe(page) == []
        desk.shot(page, "self-report-tablet")
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
        page.get_by_role("button", name="Record the consultation").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing was recorded")
        page.get_by_label("Will take less").check()
        steps.press(page, "Record the consultation")
        expect(page.get_by_role("status").first).to_contain_text("Recorded.")
        history = context.new_cdp_session(page).send("Page.getNavigationHistory")
        assert not MARK.search(str(history))
        page.goto("/consultations")  # the profile is written down with it in view of nothing
    _nowhere(requests, site, tmp_path / "profile", sample)


def _nowhere(requests: list[Request], site: Site, profile: Path, sample: str) -> None:
    """Neither asked for by an address, nor on a disk of either side."""
    told = [r for r in requests if MARK.search(r.post_data or "")]
    assert len(told) == 4
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
    page.get_by_role("link", name="What else do they take?").click()
    _shows(page)
    road.step("chemist", result, "amend", etag, reason="more", change_reason="more_tests")
    expect(page.locator("#client-page .result__changed:visible")).to_contain_text("looked at again")
    expect(page.locator("#client-page [data-origin=self_reported]")).to_have_count(1)
    assert scroll_overflow(page) == 0
    desk.shot(page, "self-report-phone")
    page.get_by_label("Find by name").fill("nobody takes this")
    expect(page.locator("#also-found")).to_contain_text("does not mean there is no danger")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("[data-origin=self_reported]")).to_have_count(0)
    expect(page.locator("#client-page[data-live] .result__headline")).to_be_visible()
    assert _ticks(page) == []


def test_without_scripts_it_is_asked_for_by_a_form_and_cleared_by_another(desk: Desk, sample: str) -> None:
    page = desk.sign_in(Role.HEALTH_WORKER, TABLET, path=f"/consultations/samples/{sample}", java_script_enabled=False)
    page.get_by_label(SENTINEL).check()
    steps.press(page, "Show what not to mix")
    expect(page.locator("[data-origin=self_reported]")).to_have_count(1)
    assert not MARK.search(page.url)
    page.locator("#also summary").click()
    expect(page.locator("[value=ketamine]")).to_be_visible()
    steps.press(page, "Clear")
    expect(page.locator("[data-origin=self_reported]")).to_have_count(0)
    assert page.locator("#also input:checked").count() == 0


def test_the_client_sees_nothing_of_it(desk: Desk, road: Road, sample: str) -> None:
    page = desk.context(PHONE).new_page()
    page.goto(f"/t#{road.codes[sample]}")
    expect(page.locator(".result__headline")).to_be_visible()
    content: Any = page.content()
    assert not MARK.search(content)
    assert "self_reported" not in content
