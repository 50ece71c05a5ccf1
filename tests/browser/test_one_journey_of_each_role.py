"""One journey of each role, each in a browser of its own: a sample from the tent to the client and into the figures, on real files,
then an administrator and a partner. What `make test` runs of the screens, beside the intake without a network."""

from __future__ import annotations

import csv
import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from app.platform.kernel.place import local
from tests.browser import steps
from tests.browser.steps import Files
from tests.support.site import LAPTOP, PHONE, TABLET, Desk, Site, bare, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser(whole=True)

SHARED = Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


@pytest.fixture
def files(site: Site) -> Files:
    """Real instrument files where there are any."""
    return Files.find(SHARED if SHARED.is_dir() else None, site)


def test_a_sample_goes_the_whole_road_from_the_tent_to_the_clients_screen(desk: Desk, files: Files) -> None:
    # another desk is open before anything happens
    chemist = desk.sign_in(Role.CHEMIST, LAPTOP, path="/bench")
    seen_by_chemist: list[str] = []
    chemist.on("response", lambda answer: _keep_text(answer, seen_by_chemist))

    number, code = _reception_registers(desk, chemist)
    client = _client_opens(desk, code)
    path = _chemist_finds(chemist, number, files)
    _chemist_submits(chemist, path)
    _verifier_verifies(desk, path)
    _lead_releases(desk, path, client)
    _client_reads(client)
    _health_worker_records(desk, number)
    _researcher_counts(desk)
    _chemist_amends(chemist, path, client)

    chemist_saw = "".join(seen_by_chemist) + chemist.content()
    assert bare(code) not in re.sub(r"[^A-Za-z0-9]", "", chemist_saw).upper(), "the bench knows the ticket"


def _keep_text(answer: object, kept: list[str]) -> None:
    kind = answer.headers.get("content-type", "")  # type: ignore[attr-defined]
    if answer.request.resource_type in ("document", "fetch", "xhr") and ("html" in kind or "json" in kind):  # type: ignore[attr-defined]
        try:
            kept.append(answer.text())  # type: ignore[attr-defined]
        except Exception:  # a redirect has no body, and a page that was left has forgotten its own
            return


def _reception_registers(desk: Desk, chemist: Page) -> tuple[str, str]:
    reception = desk.sign_in(Role.RECEPTION, TABLET, path="/reception", has_touch=True)
    expect(reception.locator("h1")).to_have_text("New sample")
    reception.locator("#expected").press_sequentially("mand", delay=20)
    expect(reception.get_by_role("option").first).to_contain_text("MDMA")
    reception.locator("#expected").fill("")
    number, code = steps.register(reception)
    expect(chemist.locator("#bench-list")).to_contain_text(number.removeprefix("#"))
    assert len(bare(code)) == 12
    reception.emulate_media(media="print")
    expect(reception.locator(".label__code").first).to_be_visible()
    expect(reception.locator(".label svg")).to_have_count(2)
    reception.emulate_media(media="screen")
    assert scroll_overflow(reception) == 0
    return number, code


def _client_opens(desk: Desk, code: str) -> Page:
    phone = desk.context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    phone.goto(f"/t#{bare(code)}")
    expect(phone.locator("h1")).to_have_text("Your sample is in the queue")
    expect(phone.locator(".ticket-code")).to_contain_text(code.strip())
    expect(phone.locator(".waiting__before")).to_contain_text("ahead of yours")
    assert scroll_overflow(phone) == 0
    return phone


def _chemist_finds(page: Page, number: str, files: Files) -> str:
    page.get_by_role("link", name=number.removeprefix("#")).click()
    expect(page.locator("h1")).to_contain_text(number.removeprefix("#"))
    path = re.sub(r"^https?://[^/]+|\?.*$", "", page.url)
    for kind, file in (("infrared", files.infrared), ("mass spectrum", files.mass)):
        steps.upload(page, file)
        expect(page.locator("#bench-files")).to_contain_text(file.name)
        method = "FTIR" if kind == "infrared" else "GC-MS"
        expect(page.locator("#bench-files .findings")).to_contain_text(method)
        expect(page.locator("#bench-spectrum .plot__title, #bench-spectrum figcaption").first).to_contain_text(method)
        page.locator("#bench-panel").get_by_role("link", name=re.compile("^Matches")).click()
        expect(page.locator("#bench-spectrum .bench-candidates").first).to_be_visible()
        steps.plot_is_drawn(page)
        _candidates_say_how_far_they_hold(page, kind)
    # two compounds by two techniques: one taken from the matches, one by name
    page.goto(f"{path}?tab=matches")
    page.locator("#bench-readings").get_by_role("link", name=re.compile("^FTIR")).click()
    expect(page.locator("#bench-spectrum")).to_contain_text("FTIR")
    with page.expect_navigation():
        page.locator('[data-key="a"]').filter(has_text="MDMA").click()
    expect(page.locator("#bench-findings .findings")).to_contain_text("MDMA")
    _strip_by_hand(page)
    if files.real:
        _caffeine_by_name(page)
    return path


def _candidates_say_how_far_they_hold(page: Page, kind: str) -> None:
    first = page.locator(".bench-candidates tbody tr").first
    score = float(first.locator("[data-label=Score]").inner_text().split()[0])
    assert score > 0
    if kind == "infrared":
        assert "MDMA" in first.inner_text()
        assert "cm⁻¹" in first.locator("[data-label=Shift]").inner_text()
    else:
        assert int(first.locator("[data-label=Peaks]").inner_text()) >= 5, "matched peaks"
    page.locator("#bench-panel").get_by_role("link", name="Limits").click()
    expect(page.locator("#bench-panel")).to_contain_text("Limitations of")
    limits = page.locator("#bench-spectrum").inner_text()
    assert '"Not seen" is not "absent"' in limits
    assert "starter" in limits, "the library's own limits"


def _strip_by_hand(page: Page) -> None:
    page.locator("#bench-readings").get_by_role("link", name=re.compile("^Strips")).click()
    page.get_by_label("Fentanyls", exact=True).check()
    steps.press(page, "Negative")  # three taps
    expect(page.locator("#bench-files")).to_contain_text("Fentanyl strip: negative")


def _caffeine_by_name(page: Page) -> None:
    page.get_by_text("Add a finding by name").click()
    steps.choose(page, "#new-substance", "caff", "^Caffeine")
    page.locator("#new-abundance").select_option(label="minor")
    for method in ("FTIR", "GC-MS"):
        page.locator("#add-finding").get_by_label(method, exact=True).check()
    steps.press(page, "Add finding")
    expect(page.locator("#bench-findings .findings")).to_contain_text("Caffeine")


def _chemist_submits(page: Page, path: str) -> None:
    page.goto(f"{path}?tab=sample")
    expect(page.locator(".bench-matrix")).to_be_visible()
    expect(page.locator("#bench-panel")).not_to_contain_text("being worked out", timeout=60_000)
    steps.answer_questions(page)
    steps.press(page, re.compile("^Submit for verification"))
    expect(page.locator("#bench-bar")).to_contain_text("Submitted")
    assert path not in page.url, "the next sample is open"
    steps.press(page, "Undo")
    expect(page).to_have_url(re.compile(re.escape(path)))
    expect(page.locator("#bench-findings")).to_contain_text("draft")
    steps.press(page, re.compile("^Submit for verification"))
    page.goto(path)
    expect(page.locator("#bench-findings")).to_contain_text("awaiting verification")
    blocked = page.get_by_role("button", name="Verify")
    expect(blocked).to_be_disabled()
    expect(page.locator("#bench-findings")).to_contain_text("Someone else must verify")


def _verifier_verifies(desk: Desk, path: str) -> None:
    page = desk.sign_in(Role.VERIFIER, LAPTOP, path=path)
    expect(page.locator("#bench-findings")).to_contain_text("MDMA")
    steps.plot_is_drawn(page)
    steps.press(page, re.compile("^Verify"))
    expect(page.locator("#bench-findings")).to_contain_text("ready to release")


def _lead_releases(desk: Desk, path: str, client: Page) -> None:
    expect(client.locator("h1")).to_contain_text("will be here soon")  # by itself, all the way
    page = desk.sign_in(Role.SESSION_LEAD, TABLET, path=path)
    page.get_by_role("link", name=re.compile("^Release to client")).click()
    expect(page.locator("#step-release")).to_contain_text("MDMA")  # what the client will read
    assert client.title() == "Your ticket"
    client.locator("h1").tap()
    client.evaluate("Object.defineProperty(navigator, 'vibrate', { value: (how) => { window.shook = how; } })")
    button = page.get_by_role("button", name=re.compile("^Release to client"))
    expect(button).to_be_enabled()
    with page.expect_navigation():
        button.click()
    expect(client).to_have_title("Your result is ready")
    assert client.evaluate("window.shook?.length") == 3, "a phone in a pocket shakes"
    expect(page.locator("#bench-findings")).to_contain_text("released")


def _client_reads(client: Page) -> None:
    words = client.locator("#ticket").inner_text()
    assert "MDMA" in client.locator("h1").inner_text()
    assert "You told us: MDMA" in words
    order = [words.upper().index(part) for part in ("YOU TOLD US", "IF SOMEONE IS UNWELL", "WHAT THIS TEST CANNOT SEE", "WHAT YOU CAN DO NEXT")]  # fmt: skip
    assert order == sorted(order), "the messages stand in their order"
    assert "infrared (FTIR)" in words, "methods by their plain names"
    assert "awaiting clinical sign-off" in words.lower()
    assert not re.search(r"\b(safe|pure|clean|passed?)\b", words, re.IGNORECASE)
    expect(client.locator("h1")).to_have_count(1)
    assert scroll_overflow(client) == 0


def _health_worker_records(desk: Desk, number: str) -> None:
    page = desk.sign_in(Role.HEALTH_WORKER, TABLET, path="/consultations")
    page.get_by_role("link", name=number.removeprefix("#")).click()
    expect(page.locator("#client-page")).to_contain_text("You told us: MDMA")
    save = page.get_by_role("button", name="Save consultation")
    expect(save).to_be_in_viewport(ratio=1)
    for chip in ("Take less", "Rather not say", "Given", "20"):
        expect(page.locator(".consult .chip", has_text=re.compile(f"^{chip}$"))).to_be_in_viewport(ratio=1)
    expect(page.get_by_label("Referred to")).to_be_in_viewport(ratio=1)
    page.get_by_label("Take less").check()
    page.get_by_label("10", exact=True).check()
    steps.press(page, "Save consultation")
    expect(page.get_by_role("status").filter(has_text="Saved at")).to_be_visible()
    expect(page.locator(".consult__choices")).to_contain_text("will take less, 10 min")


def _researcher_counts(desk: Desk) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path="/trends")
    page.locator(".ask > summary").click()
    page.get_by_label("Figure", exact=True).select_option(label="share in which the expected substance was found")
    page.get_by_label("Split by", exact=True).select_option(label="month")
    steps.press(page, "Show")
    expect(page.locator(".multiple svg").first).to_be_visible()
    expect(page.locator("#trend-table caption")).to_contain_text("with the number of samples behind it")
    this_month = local(datetime.now(UTC)).strftime("%Y-%m")
    expect(page.locator("#trend-table")).not_to_contain_text(this_month)  # it is not over
    expect(page.locator("#noise")).to_contain_text("moved by a small random amount")
    page.locator("summary", has_text="Definition").click()
    expect(page.locator(".below")).to_contain_text("Definition version")
    with page.expect_download() as got:
        page.get_by_role("link", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(got.value.path().read_text(encoding="utf-8-sig"))))
    assert "month" in rows[0], rows[0]
    assert all(row["as_of"] and row["licence"] for row in rows)


def _chemist_amends(page: Page, path: str, client: Page) -> None:
    page.goto(path)
    page.get_by_text("Amend", exact=False).first.click()
    page.locator("#amend-reason").fill("The strip was read too early")
    amend = page.locator("#bench-findings form").filter(has=page.locator("#amend-reason"))
    with page.expect_navigation():
        amend.get_by_role("button").click()
    expect(client.locator(".result__changed")).to_contain_text("looked at again")
    words = client.locator("#ticket").inner_text()
    assert "read too early" not in words, "the reason is for staff"


def test_somebody_new_sets_a_password_by_a_link_whose_secret_leaves_the_address_and_signs_in(desk: Desk) -> None:
    admin = desk.sign_in(Role.ADMIN, path="/people")
    admin.get_by_label("Full name").fill("Nadia New")
    admin.get_by_label("User name").fill("nadia")
    admin.get_by_label("Reception", exact=True).check()
    steps.press(admin, "Add person")
    link = admin.locator("main code").inner_text()
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.get_by_role("button", name="Copy link").click()
    expect(admin.locator("#copied")).to_have_text("The link is on the clipboard.")
    assert admin.evaluate("navigator.clipboard.readText()") == link
    # As under an address without https
    admin.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    admin.get_by_role("button", name="Copy link").click()
    expect(admin.locator("#copied")).to_contain_text("This browser does not allow copying.")
    assert admin.evaluate("getSelection().toString()") == link
    asked: list[str] = []
    phone = desk.context(PHONE).new_page()
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto("/password#" + link.partition("#")[2])
    expect(phone.locator("#link")).to_be_hidden()
    assert phone.url.endswith("/password")
    for label in ("New password", "Repeat new password"):
        phone.get_by_label(label, exact=True).fill("nadia at the door")
    steps.press(phone, "Set password")
    expect(phone.locator("main").get_by_role("status")).to_have_text("Your password is set. Sign in with it.")
    assert not [url for url in asked if link.partition("#")[2] in url.partition("#")[0]]
    phone.get_by_label("User name").fill("nadia")
    phone.get_by_label("Password").fill("nadia at the door")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.locator("h1")).not_to_have_text("Sign in")


def test_the_police_see_cubes_and_alerts_and_every_other_door_is_shut(desk: Desk) -> None:
    page = desk.sign_in(Role.POLICE, TABLET)
    assert page.url.endswith("/partner")
    assert [a.inner_text() for a in page.locator(".nav ul.nav__wide a").all()] == ["Figures", "Alerts"]
    page.locator(".ask > summary").click()
    page.get_by_label("Step in time", exact=True).select_option(label="month")
    steps.press(page, "Show")
    expect(page.locator("#figures-table")).to_be_visible()
    chart = page.locator(".multiple svg").first
    expect(page.get_by_role("region", name="Alerts").locator("h2")).to_be_in_viewport()
    top = chart.evaluate("(e) => e.getBoundingClientRect().top")
    assert top <= 240, top
    assert page.locator("[data-live]").count() == 0
    desk.watch.expect(r"status 403|status of 403")
    for address in ("/sessions", "/bench", "/reception", "/trends", "/consultations", "/projects", "/history"):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 403, address
        expect(page.locator("h1")).to_have_text("You do not have permission")
