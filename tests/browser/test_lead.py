"""What the person who leads a session looks at: forty files in one press, the board, the wall in the room."""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.road import Road, infrared_file, ok
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

FILES = 38
OCTETS = {"Content-Type": "application/octet-stream"}


def page_scrolls(page: Page) -> int:
    """By how many pixels the page itself is higher than the window."""
    return int(page.evaluate("document.documentElement.scrollHeight - innerHeight"))


def test_forty_files_are_assigned_at_one_press_and_two_presses_are_one(
    desk: Desk, road: Road, clients: Clients
) -> None:
    chemist = clients("chemist")
    samples = [road.register() for _ in range(FILES)]
    numbers = [ok(chemist.get(f"/api/v1/samples/{sample}"))["number"] for sample in samples]
    for n, number in enumerate(numbers):
        sent = chemist.post(
            f"/api/v1/incoming?filename={number:03d}_ftir.jdx", content=infrared_file(n), headers=OCTETS
        )
        assert sent.status_code == 201
    for n in range(2):
        name = f"unnamed_{'ab'[n]}.jdx"
        assert chemist.post(
            f"/api/v1/incoming?filename={name}", content=infrared_file(60 + n), headers=OCTETS
        ).is_success
    page = desk.sign_in(Role.CHEMIST, TABLET, path="/bench/incoming")
    press = page.get_by_role("button", name=f"Assign all {FILES} matched")
    expect(press).to_be_in_viewport(ratio=1)
    assert page_scrolls(page) == 0
    began = time.monotonic()
    press.dblclick(no_wait_after=True)
    expect(page.locator("main")).to_contain_text(re.compile("files? assigned"))
    took = time.monotonic() - began
    print(f"{FILES} files assigned in {took:.1f} s")
    attached = ok(chemist.get("/api/v1/incoming?state=attached&limit=200"))["rows"]
    ours = [row for row in attached if row["sample_id"] in set(samples)]
    assert sorted(row["sample_id"] for row in ours) == sorted(samples)
    for sample in samples[:3]:
        assert len(ok(chemist.get(f"/api/v1/samples/{sample}/analyses"))) == 1, "assigned once"
    expect(page.locator("main")).to_contain_text("unnamed_a.jdx")
    expect(press).to_have_count(0)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert scroll_overflow(page) == 0


def test_the_board_fits_the_window_and_a_change_comes_by_itself(desk: Desk, road: Road) -> None:
    page = desk.sign_in(Role.SESSION_LEAD, TABLET)
    expect(page.locator(".lane")).to_have_count(5)
    assert page.url.endswith(f"/sessions/{road.session_id}"), "the lead begins here"
    assert page_scrolls(page) == 0
    buttons = page.locator(".actionbar .button")
    expect(page.get_by_role("link", name="Register samples")).to_be_in_viewport(ratio=1)
    boxes = sorted((box["x"], box["width"]) for one in buttons.all() if (box := one.bounding_box()))
    assert all(b - (a + w) >= 8 for (a, w), (b, _) in itertools.pairwise(boxes)), "buttons stand apart"
    first = page.locator("#lane-received a").first
    kept = first.get_attribute("href")
    first.focus()
    untouched = page.locator("#lane-ready").element_handle()
    fresh = road.register()
    expect(page.locator(f"#lane-received a[href='/bench/samples/{fresh}']")).to_have_count(1)
    held = "document.activeElement.getAttribute('href')"
    steps.until(lambda: page.evaluate(held) == kept, page, "the keyboard does not stay where it was")
    assert untouched is not None
    assert untouched.evaluate("one => one.isConnected"), "a column that did not change was not sent again"
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert scroll_overflow(page) == 0


def test_the_wall_is_read_from_across_the_room_and_says_when_it_is_out_of_date(desk: Desk, road: Road) -> None:
    desk.watch.expect("status 404|status of 404|ERR_FAILED|net::")
    lead = desk.sign_in(Role.SESSION_LEAD, TABLET, path=f"/sessions/{road.session_id}/wall-link")
    steps.press(lead, "Make wall link")
    link = lead.locator("main code").inner_text()
    wall = desk.context((1920, 1080)).new_page()
    wall.clock.install()
    wall.goto(link)
    expect(wall.locator("main")).to_contain_text("Samples waiting")
    small = "() => [...document.querySelectorAll('body *')].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && e.checkVisibility() && parseFloat(getComputedStyle(e).fontSize) < 32).map((e) => e.textContent)"
    assert wall.evaluate(small) == []
    assert page_scrolls(wall) == 0
    assert wall.context.cookies() == []
    wall.route("**/wall", lambda route: route.abort())
    expect(wall.locator("#stale")).to_be_hidden()
    wall.clock.run_for(45_000)
    expect(wall.locator("#stale")).to_be_visible()
    wall.unroute("**/wall")
    wall.clock.run_for(11_000)
    expect(wall.locator("#stale")).to_be_hidden()
    lead.reload()
    steps.press(lead, "End wall screen")
    wall.clock.run_for(11_000)
    expect(wall.locator("h1")).to_have_text("This screen has ended")
