"""Every page, for the role it is made for: on a tablet and on phones, light and dark, by keyboard, and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from app.platform.security.policy import STAFF
from tests.browser import steps
from tests.browser.steps import project_on
from tests.support.largest import with_largest_letters
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Clients, Desk, Site, bare, scroll_overflow
from tests.support.small_files import small_film
from tests.support.waiting import while_it_holds

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

MOST_TABS = 90
HEAT = "messages/en/M-HEAT.md"
GAP = re.compile(r"^None$|(?<=[a-z,:] )None\b| \. ,|from until|: see below", re.MULTILINE)
"""Words round a value that was not there; a sentence may begin with “None of them”."""


@dataclass(frozen=True)
class Look:
    """A page to look at: who opens it, where, what shows that it is there, and the control that matters on it."""

    name: str
    role: Role | None
    path: str
    ready: str
    action: str
    status: int = 200


@pytest.fixture(scope="module")
def there(road: Road, clients: Clients, site: Site) -> dict[str, str]:
    """Something for every word in braces of the addresses below, brought there over HTTP."""
    chemist, example = clients("chemist"), site.folder / "example-files" / "mdma-infrared.jdx"
    found = {"session": road.session_id, "queued": road.register(), "read": road.register()}
    upload = road.upload(road.analysis(found["read"]), example.read_bytes(), example.name)
    long_name = "scan_" * 20 + "1.jdx"  # what an instrument sent and nobody has said a sample for
    sent = {"content": example.read_bytes(), "headers": {"Content-Type": "application/octet-stream"}}
    assert chemist.post("/api/v1/incoming", params={"filename": long_name}, **sent).status_code == 201
    found["submitted"] = road.register()
    result_id, etag = road.draft(found["submitted"], [road.analysis(found["submitted"], method="gc_ms")])
    road.step("chemist", result_id, "submit", etag)
    found["verified"], found["released"] = road.verified()[0], road.released()[0]
    while_it_holds(lambda: chemist.get(f"/api/v1/uploads/{upload}").json()["state"] == "waiting")
    found["mixture"] = _sample_with(clients, road, "mixture-gcms.msp")
    found["run"] = _sample_with(clients, road, "cocaine-cut-gcms.mzML")
    found["standard"] = chemist.get("/api/v1/standards").json()["rows"][0]["id"]
    found["reading"] = chemist.get(f"/api/v1/uploads/{upload}/readings").json()[0]["id"]
    found["instrument"] = road.post("chemist", "/api/v1/instruments", {"name": "Alpha of the tent", "method": "ftir"})[
        "id"
    ]
    film = {"content": small_film(2.5), "headers": {"Content-Type": "application/octet-stream"}}
    check = f"/api/v1/instruments/{found['instrument']}/checks/uploads?material=polystyrene_film&filename=film.jdx"
    assert chemist.post(check, **film).status_code == 201
    notice = {"tier": "T1", "session_id": road.session_id, "words": "Red hearts are very strong.", "forms": ["tablet"]}
    road.post("chemist", "/api/v1/alerts", notice)
    found["alert"], found["told_alert"] = _alerts(road)
    found["draft"] = changed_draft(clients)
    found["project"], found["proposal"] = project_on(road, "propose", "approve"), project_on(road, "propose")
    asked = road.post("researcher", f"/api/v1/projects/{found['project']}/extracts", {})
    drawing = f"/api/v1/projects/{found['project']}/drawings/{asked['id']}"
    while_it_holds(lambda: clients("researcher").get(drawing).json()["state"] in ("waiting", "drawing"))
    found["history"] = _history(clients, site)
    found["person"] = clients("admin").get("/api/v1/people").json()[0]["id"]
    found["shown"] = _page_shown(clients, found["released"])
    return found | {f"{name}_code": bare(road.codes[found[name]]) for name in ("queued", "released")}


def _alerts(road: Road) -> tuple[str, str]:
    """A draft that can be submitted, and a public alert that is in force."""
    said = {
        "reach": "region", "session_id": road.session_id, "words": "A nitazene in brown powder.",
        "told_words": "Metonitazene was found, North East, November 2026. Found in: powders or crystals.",
        "substances": ["metonitazene"], "forms": ["powder"],
    }  # fmt: skip
    draft = road.post("session_lead", "/api/v1/alerts", {"tier": "T2", **said})
    row = road.post("chemist", "/api/v1/alerts", {"tier": "T3", **said})
    for act, role in (("submit", "chemist"), ("agree", "clinician"), ("approve", "session_lead")):
        row = road.act(role, f"/api/v1/alerts/{row['id']}/{act}", row)
    return draft["id"], row["id"]


def _page_shown(clients: Clients, released: str) -> str:
    """What a client was shown, kept once a health worker has opened it."""
    worker, here = clients("health_worker"), f"/consultations/samples/{released}"
    worker.get(here)
    found = re.search(rf"{here}/shown/([0-9a-f-]+)", worker.get(f"{here}/shown").text)
    assert found is not None
    return found.group(1)


def _history(clients: Clients, site: Site) -> str:
    """Sent files of another service with a name nobody knows, once they are read."""
    admin, folder = clients("admin"), site.folder / "example-files"
    parts = [("map", ("past-history.toml", (folder / "past-history.toml").read_bytes()))]
    for name in ("past-samples.csv", "past-detections.csv"):
        head, *rows = (folder / name).read_text(encoding="utf-8").splitlines()[:6]
        if name == "past-detections.csv":
            rows[0] = rows[0].replace(rows[0].split(",")[1], "4-something-methoxy-name (blue)")
        parts.append(("files", (name, "\n".join([head, *rows]).encode())))
    sent = admin.post("/history/uploads/files", files=parts)
    assert sent.status_code == 303, sent.text[:400]
    while_it_holds(lambda: "every 1s" in admin.get(sent.headers["location"]).text)
    return str(sent.headers["location"])


def changed_draft(clients: Clients) -> str:
    """A draft of the messages with one word changed."""
    clinician, url = clients("clinician"), "/api/v1/message-packs"
    base = clinician.get(f"{url}/in-force").json()["id"]
    made: str = clinician.post(url, json={"base_id": base, "reason": "Water"}).json()["id"]
    there = clinician.get(f"{url}/{made}/file", params={"path": HEAT}).json()
    changed = {"json": {"text": there["text"] + "- Rest.\n"}, "headers": {"If-Match": there["sha256"]}}
    assert clinician.put(f"{url}/{made}/file", params={"path": HEAT}, **changed).status_code == 200
    return made


def _sample_with(clients: Clients, road: Road, name: str) -> str:
    """The sample of the example a file was handed in for, once it is read."""
    chemist = clients("chemist")
    rows = chemist.get(f"/api/v1/sessions/{road.session_id}/samples").json()["rows"]

    def files(sample: str) -> list[dict[str, str]]:
        return [u for a in chemist.get(f"/api/v1/samples/{sample}/analyses").json() for u in a["uploads"]]

    for sample in (row["id"] for row in rows):
        while_it_holds(lambda one=sample: "waiting" in {u["state"] for u in files(one)})  # type: ignore[misc]
        if name in {u["file_name"] for u in files(sample)}:
            return str(sample)
    raise AssertionError(f"the example has no sample with {name}")


LOOKS = (
    Look("sign-in", None, "/sign-in", "h1:text('Sign in')", ".button--primary"),
    Look("ticket-entry", None, "/t", "h1:text('Your ticket')", ".button--primary"),
    Look("client-waits", None, "/t#{queued_code}", ".waiting__stage", "form[action='/t/forget'] button"),
    Look("client-result", None, "/t#{released_code}", ".result__headline", "a[href^='/t/print']"),
    Look("public-figures", None, "/figures?width=month", ".multiple svg", ".ask > summary"),
    Look("about", None, "/about", "h1:text('About')", ".foot a"),
    Look("nothing-here", None, "/nowhere", "h1:text('Page not found')", "main a", 404),
    Look("not-yours", Role.RECEPTION, "/audit", "h1:text('You do not have permission')", "main a", 403),
    Look("sessions", Role.RECEPTION, "/sessions", "h1:text('Sessions')", ".table a"),
    Look("board", Role.RECEPTION, "/sessions/{session}", "#board", ".button--primary"),
    Look("reception", Role.RECEPTION, "/sessions/{session}/reception", "h1:text('New sample')", ".actionbar .button--primary"),
    Look("sample", Role.RECEPTION, "/samples/{read}", "#sample-state", "main .button"),
    Look("hand-over", Role.RECEPTION, "/sessions/{session}/hand-over?sample={queued}", ".handing__list", ".actionbar .button--primary"),
    Look("correct", Role.RECEPTION, "/samples/{queued}/correct", "h1:has-text('Edit sample')", ".button--primary"),
    Look("worklist", Role.CHEMIST, "/bench", "#bench-list", ".table a"),
    Look("bench-empty", Role.CHEMIST, "/bench/samples/{queued}", "#bench-files", "#upload"),
    Look("incoming", Role.CHEMIST, "/bench/incoming", ".incoming", ".incoming form .button"),
    Look("bench-read", Role.CHEMIST, "/bench/samples/{read}", ".plot__area canvas", "[data-key=a]"),
    Look("bench-mixture", Role.CHEMIST, "/bench/samples/{mixture}?tab=evidence", "#residual canvas", "#bench-panel a"),
    Look("bench-run", Role.CHEMIST, "/bench/samples/{run}", ".plot__mark", ".bench-run a"),
    Look("bench-peak", Role.CHEMIST, "/bench/samples/{run}?peak=1&tab=evidence", ".bench-peaks", "#bench-panel a"),
    Look("subtraction", Role.CHEMIST, "/bench/readings/{reading}/subtraction", "#subtract-plot canvas", "main .table a"),
    Look("instruments", Role.CHEMIST, "/instruments", "#instruments .table", "#instruments .table a"),
    Look("instrument", Role.CHEMIST, "/instruments/{instrument}", "h1:text('Alpha of the tent')", "main .button--primary"),
    Look("instrument-learning", Role.CHEMIST, "/instruments/{instrument}/learning", "h1:text('Alpha of the tent')", "main a"),
    Look("standards", Role.CHEMIST, "/standards", "#standards .table", "#standards .table a"),
    Look("standard", Role.CHEMIST, "/standards/{standard}", ".standards-spread", "main summary"),
    Look("controls", Role.CHEMIST, "/standards/controls", ".findings", "main summary"),
    Look("bench-verifier", Role.VERIFIER, "/bench/samples/{submitted}", "#bench-findings", "[data-key=s]"),
    Look("bench-lead", Role.SESSION_LEAD, "/bench/samples/{verified}?ask=release", "#step-release", "#bench-bar .button--primary"),
    Look("bench-strips", Role.CHEMIST, "/bench/samples/{read}?part=strips", ".bench-strip", ".bench-strip input[type=radio]"),
    Look("plan-session", Role.SESSION_LEAD, "/sessions/new", "h1:text('Plan a session')", ".button--primary"),
    Look("session-report", Role.SESSION_LEAD, "/sessions/{session}/report", "h1:has-text('Report of')", "[data-print]"),
    Look("libraries", Role.CHEMIST, "/libraries", "h1:text('Libraries')", ".table a"),
    Look("library", Role.CHEMIST, "/libraries/starter-ei", "h1", "main a"),
    Look("history", Role.ADMIN, "/history", "h1:text('History')", ".button--primary"),
    Look("history-refused", Role.ADMIN, "{history}", ".map-lines", "main .actions .button"),
    Look("import-library", Role.ADMIN, "/libraries/import", "h1:text('Import a library')", ".button--primary"),
    Look("consultations", Role.HEALTH_WORKER, "/consultations", "#consultations", ".rows a"),
    Look("consultation", Role.HEALTH_WORKER, "/consultations/samples/{released}", "#client-page", ".actionbar .button--primary"),
    Look("consultation-waits", Role.HEALTH_WORKER, "/consultations/samples/{queued}", ".waiting__stage", ".actionbar .button--primary"),
    Look("paper", Role.HEALTH_WORKER, "/consultations/samples/{released}/print", ".result__headline", "[data-print]"),
    Look("paper-receipt", Role.HEALTH_WORKER, "/consultations/samples/{released}/print?paper=receipt", ".result__headline", "[data-print]"),
    Look("messages", Role.CLINICIAN, "/messages", "h1:text('Messages')", "main summary"),
    Look("messages-version", Role.CLINICIAN, "/messages/{draft}", "#check", "main a.button"),
    Look("messages-edit", Role.CLINICIAN, "/messages/{draft}/message?path=" + HEAT, "#look", ".actionbar .button--primary"),
    Look("messages-rules", Role.SESSION_LEAD, "/messages/{draft}/rules", ".pack-rows", ".pack-filter .button"),
    Look("messages-rule", Role.SESSION_LEAD, "/messages/{draft}/rule?id=R-HEROIN", "h2:text('As text')", ".actionbar a.button"),
    Look("messages-compare", Role.HEALTH_WORKER, "/messages/{draft}/compare", ".pack-diff", "main .button"),
    Look("shown", Role.HEALTH_WORKER, "/consultations/samples/{released}/shown", "h1:text('Pages shown')", "main a"),
    Look("urgent", Role.HEALTH_WORKER, "/consultations/urgent", "h1:text('Urgent messages')", ".button--primary"),
    Look("overrides", Role.SESSION_LEAD, "/consultations/overrides", "h1:text('Message removals')", "main a"),
    Look("alerts", Role.CHEMIST, "/alerts", "#alerts .rows", "#alerts .rows a"),
    Look("alert-draft", Role.CHEMIST, "/alerts/{alert}", "h2:text('Sign-off')", ".actionbar .button--primary"),
    Look("alert-edit", Role.CHEMIST, "/alerts/{alert}/edit", "h1:text('Edit draft')", ".button--primary"),
    Look("alert-in-force", Role.CLINICIAN, "/alerts/{told_alert}", "h2:text('Where it appears')", "main summary"),
    Look("alert-sheet", Role.SESSION_LEAD, "/alerts/{told_alert}/sheet", "h1:has-text('Warning')", "[data-print]"),
    Look("alerts-partner", Role.POLICE, "/alerts", "#told .notice", "#told .notice a"),
    Look("alerts-public", None, "/alerts/public", "#told .notice", "#told .notice a"),
    Look("write-alert", Role.CHEMIST, "/alerts/new?sample={released}", "h1:text('Write an alert')", ".button--primary"),
    Look("trends", Role.RESEARCHER, "/trends", ".multiple svg", ".ask > summary"),
    Look("trends-lead", Role.SESSION_LEAD, "/trends", "h1:text('Trends')", ".ask > summary"),
    Look("partner", Role.POLICE, "/partner", "#figures-table", ".ask > summary"),
    Look("partner-split", Role.PUBLIC_HEALTH, "/partner?width=month&split=expected&found=opioid", "#figures-table", ".ask > summary"),
    Look("projects", Role.RESEARCHER, "/projects", "h1:text('Research projects')", ".button--primary"),
    Look("project-new", Role.RESEARCHER, "/projects/new", "h1:text('Write a project')", ".button--primary"),
    Look("project", Role.RESEARCHER, "/projects/{project}", "h2:text('Extracts')", "main .button--primary"),
    Look("project-waits", Role.SESSION_LEAD, "/projects/{proposal}", "h2:text('Approval')", ".actionbar .button--primary"),
    Look("account", Role.RECEPTION, "/account", "h1:text('Your account')", ".button--primary"),
    Look("password", None, "/password#a-link", "h1:text('Set your password')", ".button--primary"),
    Look("people", Role.ADMIN, "/people", "h1:text('People')", ".button--primary"),
    Look("devices", Role.ADMIN, "/devices", "h1:text('Devices')", "main .button"),
    Look("retention", Role.ADMIN, "/retention", "h1:text('Retention')", ".foot a"),
    Look("find", Role.CHEMIST, "/find", "h1:text('Find or scan')", ".button--primary"),
    Look("table", Role.CHEMIST, "/bench/samples/{read}/table?reading={reading}", "h1:text('Spectrum data')", "main a"),
    Look("worksheet", Role.CHEMIST, "/bench/worksheet", "h1:text('Worksheet')", ".worksheet__cell"),
    Look("adjust", Role.HEALTH_WORKER, "/consultations/samples/{released}/adjust", "h1:text('Adjust messages')", "main .button"),
    Look("shown-page", Role.HEALTH_WORKER, "/consultations/samples/{released}/shown/{shown}", "h1:has-text('as it was shown')", "main a"),
    Look("entry", Role.CHEMIST, "/libraries/starter-ei/entries/0", "h1:text('MDMA')", "main a"),
    Look("messages-texts", Role.CLINICIAN, "/messages/{draft}/texts", ".pack-rows", ".pack-filter .button"),
    Look("messages-files", Role.CLINICIAN, "/messages/{draft}/files", "main li a, main td a", "main a"),
    Look("messages-file", Role.CLINICIAN, "/messages/{draft}/file?path=locales.yaml", "h1:text('locales.yaml')", "main textarea"),
    Look("person", Role.ADMIN, "/people/{person}", "h2:text('Signed in')", ".actionbar .button--primary"),
    Look("quantification", Role.CHEMIST, "/quantification", "h1:text('Quantification')", ".button--primary"),
    Look("curve-new", Role.CHEMIST, "/quantification/curves/new", "h1:text('New calibration curve')", ".button--primary"),
    Look("amounts", Role.CHEMIST, "/quantification/samples/{read}", "h1:has-text('Amounts of sample')", "main a"),
    Look("mixture-new", Role.CHEMIST, "/instruments/mixtures/new?reading={reading}", "h1:text('Use as weighed mixture')", "main a"),
    Look("standard-new", Role.CHEMIST, "/standards/new?reading={reading}", "h1:text('Save as in-house standard')", ".button--primary"),
    Look("queue", Role.RECEPTION, "/sessions/{session}/samples", "h1:text('Queue')", ".button--primary"),
    Look("close-session", Role.SESSION_LEAD, "/sessions/{session}/close", "h2:text('Still open')", ".actionbar .button--primary"),
    Look("tablets", Role.SESSION_LEAD, "/sessions/{session}/tablets", "h1:text('Tablets')", "main :is(a, button)"),
    Look("wall-link", Role.SESSION_LEAD, "/sessions/{session}/wall-link", "h1:text('Wall screen')", ".actionbar .button--primary"),
    Look("label-test", Role.RECEPTION, "/labels/test", "h1:text('Label 000')", ".actionbar .button--primary"),
    Look("audit", Role.ADMIN, "/audit", "h1:text('Audit log')", ".pager a"),
)  # fmt: skip


@pytest.fixture
def open_page(desk: Desk, clients: Clients, site: Site) -> Callable[..., Page]:
    """A new page of a role, with the cookies of its client, so that not every page costs a sign-in."""

    def opened(role: Role | None, size: tuple[int, int] = TABLET, **more: Any) -> Page:
        context = desk.context(size, **more)
        kept = clients(role.value).cookies.jar if role is not None else ()
        flags: Any = {"url": site.url, "httpOnly": True, "sameSite": "Lax"}
        context.add_cookies([{"name": one.name, "value": one.value or "", **flags} for one in kept])
        return context.new_page()

    return opened


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_page_is_whole_at_every_width_in_light_and_dark_and_by_keyboard(
    look: Look, there: dict[str, str], desk: Desk, open_page: Callable[..., Page]
) -> None:
    if look.status >= 400:
        desk.watch.expect(rf"status {look.status}|status of {look.status}")
    page = open_page(look.role)
    answer = page.goto(look.path.format_map(there))
    assert answer is not None
    assert answer.status == look.status
    expect(page.locator(look.ready).first).to_be_visible()
    of_a_client = re.match(r"/t(#|$)", look.path) is not None  # whose tab names no product
    assert re.fullmatch(r"[^–]+" if of_a_client else r".+ – MAST", page.title()), page.title()
    expect(page.locator("h1")).to_have_count(1)
    assert GAP.findall(page.locator("body").inner_text()) == []
    expect(page.locator("a[href=''], a[href='#']")).to_have_count(0)
    assert _tabs_to(page, look.action), f"{look.action} is not reached by the Tab key"
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
        assert steps.axe(page, rest=theme == "light") == [], theme
        desk.shot(page, f"page-{look.name}-tablet-{theme}")
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        desk.shot(page, f"page-{look.name}-phone-{theme}")
    for width in (320, PHONE[0]):  # colours move nothing
        page.set_viewport_size({"width": width, "height": PHONE[1]})
        assert scroll_overflow(page) == 0, f"scrolls sideways at {width} px"
    assert steps.axe(page, colours=False) == [], "phone"
    assert with_largest_letters(page) == []
    assert scroll_overflow(page) == 0, "scrolls sideways with the largest letters"
    desk.shot(page, f"page-{look.name}-phone-largest")


def _tabs_to(page: Page, selector: str) -> bool:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement !== null && document.activeElement.matches(s)", selector):
            return True
    return False


@pytest.mark.parametrize("role", sorted(STAFF), ids=lambda role: role.value)
def test_every_word_of_the_header_opens_a_page_of_that_role(
    role: Role, desk: Desk, open_page: Callable[..., Page]
) -> None:
    page = open_page(role)
    page.goto("/")
    expect(page.locator("h1")).to_have_count(1)
    assert steps.box(page.locator("header.top"))["height"] <= 48
    links = [a.get_attribute("href") for a in page.locator(".nav__wide a, .nav__more ul:not(.nav__folded) a").all()]
    assert links, "a role without pages"
    for href in links:
        answer = page.goto(href or "")
        assert answer is not None
        assert answer.status == 200, href
        expect(page.locator(".nav__wide [aria-current], .nav__more ul:not(.nav__folded) [aria-current]")).to_have_count(
            1
        )
        assert scroll_overflow(page) == 0


def test_the_road_works_without_scripts(desk: Desk, open_page: Callable[..., Page], road: Road, site: Site) -> None:
    plain = {"java_script_enabled": False}

    # sign in, register, get a ticket
    reception = desk.sign_in(Role.RECEPTION, TABLET, path=f"/sessions/{road.session_id}/reception", **plain)
    reception.locator("#expected").fill("mandy")
    reception.get_by_label("Crystal", exact=True).check()
    steps.tick_consents(reception)
    steps.press(reception, "Register sample")
    code = reception.locator("#ticket-code").inner_text()
    number = re.findall(r"\d{3}", reception.locator("h1").inner_text())[0]
    desk.shot(reception, "plain-1-ticket")

    # type the ticket
    client = open_page(None, PHONE, **plain)
    client.goto("/t")
    client.get_by_label("Ticket code").fill(code.lower())
    steps.press(client, "Show my result")
    expect(client.locator("h1")).to_have_text("Your sample is in the queue")

    # upload by a plain form, write a finding, submit
    chemist = open_page(Role.CHEMIST, **plain)
    chemist.goto("/bench")
    chemist.get_by_role("link", name=number.removeprefix("#")).click()
    chemist.locator("#upload").set_input_files(site.folder / "example-files" / "mdma-gcms.msp")
    steps.press(chemist, "Upload files")
    where = re.sub(r"\?.*", "", chemist.url)
    files = chemist.locator("#bench-files")
    steps.until(
        lambda: "being read" not in (_again(chemist, f"{where}?part=files") or files.inner_text()),
        chemist,
        "never read",
    )
    expect(files).to_contain_text("GC-MS")
    chemist.get_by_text("Add a finding by name").click()
    chemist.locator("#new-substance").fill("mdma")
    chemist.locator("#add-finding").get_by_label("GC-MS", exact=True).check()
    steps.press(chemist, "Add finding")
    expect(chemist.locator("#bench-findings .findings")).to_contain_text("MDMA")
    steps.press(chemist, re.compile("^Submit for verification"))
    desk.shot(chemist, "plain-2-submitted")

    # verify, release, read
    verifier = open_page(Role.VERIFIER, **plain)
    verifier.goto(where)
    steps.press(verifier, re.compile("^Verify"))
    lead = open_page(Role.SESSION_LEAD, **plain)
    lead.goto(where)
    lead.get_by_role("link", name=re.compile("^Release to client")).click()
    expect(lead.locator("#step-release")).to_contain_text("MDMA")  # what the client will read
    steps.press(lead, re.compile("^Release to client"))
    client.goto("/t")
    assert "MDMA" in client.locator("h1").inner_text()
    desk.shot(client, "plain-3-result")


def _again(page: Page, path: str) -> None:
    page.goto(path)
