"""Reception without the network: thirty samples, a killed tab, answers that get lost. Nothing is lost or doubled, and the tablet
keeps nothing of anybody else."""

from __future__ import annotations

import contextlib
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.road import Road, ok
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser(whole=True)

LOST = "ERR_|status 401|status of 401|status 409|status of 409|status 422|status of 422|Service Worker"
WORDS = "unmistakable words"
CONSENTS = [[f"consent_{name}", "yes"] for name in ("analysis", "age_18_attested", "understands_not_safe")]
ENTRIES = [["form", "powder"], ["expected_words", WORDS], *CONSENTS]
REGISTER = """async ([session, entries, count]) => {
    const outbox = (await import("/static/joined/intake.js")).$outbox();
    const labels = [];
    for (let n = 0; n < count; n++) labels.push((await outbox.keep(session, entries))?.label);
    return labels;
}"""
STORED = """async () => {
    const found = { own: [], outbox: [], codes: [], drafts: [] };
    const names = (await indexedDB.databases()).map((one) => one.name);
    if (!names.includes("mast")) return { ...found, caches: {}, databases: names };  // to open it would be to make it
    const open = indexedDB.open("mast");
    const base = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
    for (const name of base.objectStoreNames) {
        const asked = base.transaction(name).objectStore(name).getAll();
        found[name] = await new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); });
    }
    base.close();
    const caches_ = {};
    for (const name of await caches.keys()) {
        for (const request of await (await caches.open(name)).keys()) {
            const path = new URL(request.url).pathname;
            caches_[path] = path.startsWith("/static/") ? "" : await (await caches.match(request)).text();
        }
    }
    return { ...found, caches: caches_, databases: names };
}"""


def _stored(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(STORED)
    return found


def _ready(page: Page) -> None:
    """The tablet has its tickets and keeps the form."""

    def kept() -> bool:
        found = _stored(page)
        return len(found["codes"]) == 60 and any(path.endswith("/reception/kept") for path in found["caches"])

    steps.until(kept, page, "the tablet was not made ready", seconds=40)


def _labels(clients: Clients, road: Road) -> list[str]:
    rows = ok(clients("reception").get(f"/api/v1/sessions/{road.session_id}/samples?limit=200"))["rows"]
    return sorted(row["label"] for row in rows if row["label"][0].isalpha())


def _again(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('online'))")


def test_thirty_samples_without_the_network_arrive_once_each_with_the_numbers_on_their_bags(
    desk: Desk, road: Road, clients: Clients
) -> None:
    desk.watch.expect(LOST)
    address = f"/sessions/{road.session_id}/reception"
    others = ok(clients("reception").get(f"/api/v1/sessions/{road.session_id}/samples?limit=200"))["rows"]
    page = desk.sign_in(Role.RECEPTION, TABLET, path=address, service_workers="allow")
    _ready(page)
    context = page.context
    page.goto(address)  # from now on the worker looks after it
    page.evaluate("localStorage['mast.labels'] = '40x30'")
    context.grant_permissions(
        []
    )  # and no other: without Background Sync, so that every answer comes by the route below
    context.set_offline(True)
    page.goto(address)
    expect(page.locator("#connection")).to_have_text(re.compile("^Offline"))
    # typed words get a suggestion without the server, and the sample a number and a ticket
    steps.choose(page, "#expected", "mand", "^MDMA")
    steps.describe(page)
    page.locator("form[data-intake]").evaluate("(form) => form.requestSubmit()")
    expect(page.locator("h1")).to_have_text(re.compile(r"^Sample A\d+ is saved on this tablet$"))
    # the first it was lent: A01, or A61 where the page was left before the first loan came
    first = int(re.findall(r"\d+", page.locator("h1").inner_text())[0])
    expect(page.locator("html.label-40x30 .kept-ticket .qr")).to_be_visible()  # sized for its printer
    code = page.locator("#ticket-code").inner_text()
    assert re.fullmatch(r"\w{4} \w{4} \w{4}", code)
    button = steps.box(page.get_by_role("button", name="Done: next sample"))
    assert button["y"] + button["height"] <= TABLET[1]
    page.get_by_role("button", name="Done: next sample").click()
    expect(page.locator("form[data-intake]")).to_be_visible()
    on_bags = [f"A{first:02d}", *page.evaluate(REGISTER, [road.session_id, ENTRIES, 14])]
    page.close()  # the tab dies
    page = context.new_page()
    page.goto(address)
    on_bags += page.evaluate(REGISTER, [road.session_id, ENTRIES, 15])
    page.reload()
    expect(page.locator("#connection summary")).to_have_text("Offline · 30 saved here")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert scroll_overflow(page) == 0
    page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
    held = _stored(page)
    assert len(held["outbox"]) == 30
    assert "Keep this page open until 0 are left." in page.locator("#connection").inner_html()
    assert WORDS not in str(held)
    assert code.replace(" ", "") not in str(held)

    # the network is back, and three of ten answers are lost on their way
    chance = random.Random(7)
    came: list[str] = []

    def lossy(route: Route) -> None:
        answer = route.fetch()
        came.append(answer.json().get("label", answer.text()))
        with contextlib.suppress(Error):  # the tab was closed meanwhile
            route.abort() if chance.random() < 0.3 else route.fulfill(response=answer)

    context.route("**/offline-samples", lossy)
    context.set_offline(False)
    second = context.new_page()
    second.goto(address)
    for _ in range(200):
        for one in (page, second):
            _again(one)
        if not len(_stored(page)["outbox"]):
            break
        page.wait_for_timeout(100)
    expect(page.locator("#connection")).to_be_hidden()
    assert _labels(clients, road) == sorted(on_bags) == [f"A{n:02d}" for n in range(first, first + 30)]
    assert len(came) > 30  # some were sent twice
    assert [label for n, label in enumerate(came) if label not in came[:n]] == on_bags  # the oldest first

    # what stays on the tablet: unused tickets, sealed, and nothing of anybody
    held = _stored(second)
    assert held["databases"] == ["mast"]
    assert held["outbox"] == held["drafts"] == []
    pages = {path: text for path, text in held["caches"].items() if not path.startswith("/static/")}
    assert sorted(pages) == ["/reception/last", "/reception/words", f"{address}/kept"]
    kept = pages[f"{address}/kept"]
    for row in others:
        assert row["id"] not in str(held)
        assert f">{row['label']}<" not in kept
    for secret in (WORDS, "Rosa", on_bags[0], code.replace(" ", "")):
        assert secret not in kept
    page.unroute_all(behavior="ignoreErrors")
    context.unroute_all(behavior="ignoreErrors")


def test_where_the_browser_syncs_what_waits_is_sent_although_the_page_is_closed(
    desk: Desk, road: Road, clients: Clients
) -> None:
    desk.watch.expect(f"{LOST}|Not everything is sent yet")
    address = f"/sessions/{road.session_id}/reception"
    page = desk.sign_in(Role.RECEPTION, TABLET, path=address, service_workers="allow")
    _ready(page)
    context = page.context
    page.goto(address)
    context.set_offline(True)
    page.goto(address)
    steps.describe(page)
    page.locator("form[data-intake]").evaluate("(form) => form.requestSubmit()")
    expect(page.locator("h1")).to_contain_text("is saved on this tablet")
    label = page.locator("h1").inner_text().split()[1]
    page.locator("#connection summary").click()
    expect(page.locator("#connection")).to_contain_text("You may close this page.")
    other = context.new_page()
    page.close()
    registrations: list[dict[str, Any]] = []
    cdp = context.new_cdp_session(other)
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    cdp.send("ServiceWorker.enable")
    scope = f"{desk.site.url}/reception"
    steps.until(lambda: any(one["scopeURL"] == scope for one in registrations), other, "no service worker")
    key = next(one["registrationId"] for one in registrations if one["scopeURL"] == scope)
    sync = {"origin": desk.site.url, "registrationId": key, "tag": "mast-outbox", "lastChance": False}
    cdp.send("ServiceWorker.dispatchSyncEvent", sync)  # nobody answers: it is kept
    assert label not in _labels(clients, road)
    context.set_offline(False)

    def sent() -> bool:
        cdp.send("ServiceWorker.dispatchSyncEvent", sync)  # as a browser does again after a failure
        return label in _labels(clients, road)

    steps.until(sent, other, "the browser did not send the sample")
    cdp.send("ServiceWorker.dispatchSyncEvent", sync)
    other.goto(address)
    expect(other.locator("form[data-intake]")).to_be_visible()
    steps.until(lambda: _stored(other)["outbox"] == [], other, "what was sent is still kept")
    expect(other.locator("#connection")).to_be_hidden()
    assert _labels(clients, road).count(label) == 1


def test_what_the_server_does_not_take_is_shown_with_its_reason_and_leaving_is_asked(
    desk: Desk, road: Road, clients: Clients
) -> None:
    desk.watch.expect(LOST)
    address = f"/sessions/{road.session_id}/reception"
    page = desk.sign_in(Role.RECEPTION, TABLET, path=address, service_workers="allow")
    _ready(page)
    context = page.context
    context.set_offline(True)
    (label,) = page.evaluate(
        REGISTER, [road.session_id, [["form", "powder"], ["logo", "Batman"], ["consent_analysis", "yes"]], 1]
    )
    # signing out is asked about
    page.evaluate("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()")
    expect(page.locator("dialog.leaving")).to_contain_text("1 sample is still on this tablet")
    page.get_by_role("button", name="Stay signed in").click()
    expect(page.locator("dialog.leaving")).to_have_count(0)
    # nobody is signed in any more
    cookies = context.cookies()
    context.clear_cookies()
    context.set_offline(False)
    _again(page)
    expect(page.locator("#connection summary")).to_have_text("Sign in to send 1 sample")
    context.add_cookies(cookies)  # type: ignore[arg-type]
    _again(page)
    # two consents are missing: the form comes back filled, is mended, and the sample keeps its number
    expect(page.locator("#connection summary")).to_have_text("1 needs you")
    page.locator("#connection summary").click()
    page.get_by_role("button", name=f"Open {label}").click()
    expect(page.locator("#request-problem")).to_contain_text("adults only")
    expect(page.locator("[name=logo]")).to_have_value("Batman")
    steps.tick_consents(page)
    page.locator("form[data-intake]").evaluate("(form) => form.requestSubmit()")
    steps.until(lambda: label in _labels(clients, road), page, "the mended sample was not sent")
    expect(page.locator("#connection")).to_be_hidden()


def test_a_draft_is_offered_after_a_crash_and_gone_once_the_form_is_saved(desk: Desk, road: Road) -> None:
    address = f"/sessions/{road.session_id}/reception"
    page = desk.sign_in(Role.RECEPTION, TABLET, path=address)
    steps.choose(page, "#expected", "keta", "^Ketamine")
    page.locator("[name=form][value=powder]").check(force=True)
    page.locator("[name=logo]").evaluate(
        "(field) => { field.value = 'Owl'; field.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    steps.kept(page)
    assert "Owl" not in str(_stored(page)["drafts"])
    context = page.context
    page.close()
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Continue with it").click()
    expect(page.locator("[name=logo]")).to_have_value("Owl")
    expect(page.locator("[name=form][value=powder]")).to_be_checked()
    assert page.evaluate("new FormData(document.querySelector('form[data-intake]')).getAll('expected')") == ["ketamine"]
    steps.tick_consents(page)
    page.locator("form[data-intake]").evaluate("(form) => form.requestSubmit()")
    expect(page.locator("#ticket-code")).to_be_visible()
    steps.until(lambda: _stored(page)["drafts"] == [], page, "the draft outlived the saved form")
