"""A clinician's path without Python: edit a message, see the check, sign by two, see the new page and the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.operations.demo import PEOPLE
from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Clients, Desk, bare, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

AUTHOR, OTHER = [person for person in PEOPLE if person.role is Role.CLINICIAN]
NEW = "Rest where it is cool."


def test_a_message_is_edited_checked_signed_by_two_and_seen_while_the_old_page_stays(
    desk: Desk, road: Road, clients: Clients
) -> None:
    sample_id = road.released()[0]
    client = desk.context(PHONE).new_page()
    client.goto(f"/t#{bare(road.codes[sample_id])}")
    expect(client.locator(".result__headline")).to_be_visible()
    expect(client.locator("#ticket")).not_to_contain_text(NEW)

    # begin a draft, open the message, type: the card and the check follow without being asked
    author = desk.sign_in(Role.CLINICIAN, TABLET, person=AUTHOR)
    expect(author.locator("h1")).to_have_text("Messages")
    author.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    author.evaluate("document.documentElement.dataset.text = 'largest'")
    assert scroll_overflow(author) == 0, "200 % on a phone"
    author.evaluate("delete document.documentElement.dataset.text")
    author.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
    author.get_by_text("Begin a draft", exact=True).click()
    author.get_by_label("What to change").fill("Water for hot days")
    steps.press(author, "Begin draft")
    version = author.url.split("?")[0]
    author.goto(f"{version}/message?path=messages/en/M-HEAT.md")
    card = author.locator("#card")
    words = card.input_value()
    card.fill(f"{words}\n\n{NEW} This is safe.")
    look = author.locator("#look")
    expect(look).to_contain_text(NEW)
    expect(look).to_contain_text("It says “safe”.")
    expect(author.get_by_role("button", name="Save message")).to_be_in_viewport(ratio=1)
    steps.press(author, "Save message")
    author.goto(version)
    mend = "must be fixed before this can be signed"  # the page asks again until the whole check has ended
    expect(author.locator("main")).to_contain_text(mend, timeout=120_000)
    author.reload()
    expect(author.get_by_role("button", name="Send to review")).to_be_disabled()

    # mended, compared, sent to review
    author.goto(f"{version}/message?path=messages/en/M-HEAT.md")
    card.fill(f"{words}\n\n{NEW}")
    steps.press(author, "Save message")
    expect(look).to_contain_text("No problems found.")
    unread = author.get_by_text("One of the versions cannot be read yet.")
    steps.until(
        lambda: bool(author.goto(f"{version}/compare")) and not unread.count(),
        author, "the worker did not read the version", seconds=60,
    )  # fmt: skip
    expect(author.locator(".pack-diff ins").filter(has_text=NEW)).to_have_count(1)
    expect(author.locator("main")).to_contain_text("MDMA pill, 232 mg")
    author.goto(version)
    expect(author.locator("#check-part")).not_to_contain_text("still running", timeout=120_000)
    steps.press(author, "Send to review")
    expect(author.locator("main")).to_contain_text("The version needs two signatures")

    # two sign, one of them a clinician who changed nothing
    _sign(author, version)
    expect(author.locator("main")).to_contain_text("a clinician who changed nothing in this version is missing")
    expect(client.locator("#ticket")).not_to_contain_text(NEW)
    other = desk.sign_in(Role.CLINICIAN, TABLET, person=OTHER)
    _sign(other, version)
    expect(other.locator("main")).to_contain_text("in force now")

    # the open page changes by itself, and says no more that nobody has signed
    expect(client.locator("#ticket")).to_contain_text(NEW)
    expect(client.locator(".sign-off")).to_have_count(0)

    # the page shown before is made again as it was
    lead, url = clients("session_lead"), f"/api/v1/samples/{sample_id}/shown"
    now, before = [row for row in lead.get(url).json() if row["shown_to"] == "client"]
    assert before["pack_digest"] != now["pack_digest"]
    for row, there in ((before, False), (now, True)):
        again = lead.get(f"{url}/{row['id']}").json()
        assert again["exact"], again["why"]
        assert (NEW in str(again["messages"])) is there


def _sign(page: Page, version: str) -> None:
    page.goto(version)
    expect(page.get_by_role("heading", name="What changes")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Sign this version")).to_be_in_viewport(ratio=1)
    page.get_by_label("I have read and approve").check()
    steps.press(page, "Sign this version")
