"""A passkey in a real browser with a virtual authenticator: added with the password, then nothing is typed any more; as the second
factor of an administrator, and as the proof before a release."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.ports import free_port
from tests.support.site import PASSWORDS, Desk, Site, serving, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

SEND = """([to, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action: to });
  for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(form);
  form.submit();
}"""
"""A form as the bench sends it: every result of the example is released, which its route says once the proof is there."""
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def site(browser: Browser, example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A passkey is bound to a name, so this service has one."""
    port = free_port()
    more = {
        "MAST_PUBLIC_URL": f"http://localhost:{port}",
        "MAST_ADMINISTRATORS_SECOND_FACTOR": "true",
        "MAST_PROVE_AGAIN_MINUTES": "30",
    }
    with serving(example, tmp_path_factory.mktemp("site") / "data", port=port, more=more) as running:
        yield running


def with_device(desk: Desk, site: Site) -> tuple[str, Page]:
    """The address of the service by its name, and a page of a browser that can keep a passkey."""
    page = desk.context().new_page()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return f"http://localhost:{site.port}", page


def add_passkey(page: Page, device: str, password: str) -> None:
    """Where the page of the account, or of the second factor, is open."""
    page.get_by_label("Name of this device").fill(device)
    page.locator("#passkey-password").fill(password)
    steps.press(page, "Add passkey")


def test_a_passkey_is_added_and_signs_in(desk: Desk, site: Site) -> None:
    here, page = with_device(desk, site)
    name, password = PASSWORDS[Role.CHEMIST]
    page.goto(f"{here}/sign-in")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
    sign_in(page, name, password)

    page.goto(f"{here}/account")
    add_passkey(page, "Laptop of the bench", password)
    expect(page.locator("main")).to_contain_text("Your passkey is added.")
    expect(page.get_by_role("row", name=re.compile("Passkey “Laptop of the bench”"))).to_be_visible()
    assert steps.axe(page) == []

    page.context.clear_cookies()
    page.goto(f"{here}/sign-in")
    steps.press(page, "Sign in with a passkey")
    expect(page).not_to_have_url(re.compile("/sign-in"))
    page.goto(f"{here}/account")
    expect(page.locator("h1")).to_have_text("Your account")


def test_an_administrator_adds_one_before_anything_else_opens(desk: Desk, site: Site) -> None:
    here, page = with_device(desk, site)
    name, password = PASSWORDS[Role.ADMIN]

    def by_password() -> None:
        page.goto(f"{here}/sign-in?next=/people")
        sign_in(page, name, password)
        expect(page.locator("h1")).to_have_text("Your second factor")

    by_password()
    assert steps.axe(page) == []
    add_passkey(page, "Laptop", password)
    expect(page).not_to_have_url(re.compile("/account"))
    page.context.clear_cookies()
    by_password()
    steps.press(page, "Use your passkey")
    expect(page).not_to_have_url(re.compile("/account|/sign-in"))


def test_a_passkey_is_the_proof_before_a_release_and_the_form_goes_on(desk: Desk, site: Site) -> None:
    here, page = with_device(desk, site)
    name, password = PASSWORDS[Role.SESSION_LEAD]
    page.goto(f"{here}/sign-in?next=/account")
    sign_in(page, name, password)
    add_passkey(page, "Laptop", password)
    expect(page.locator("main")).to_contain_text("Your passkey is added.")
    with contextlib.closing(sqlite3.connect(site.folder / "mast.sqlite3", timeout=30)) as database, database:
        ((sample, result),) = database.execute("SELECT sample_id, id FROM result_version ORDER BY id DESC LIMIT 1")
        database.execute("UPDATE staff_session SET proven_at = '2026-01-01 00:00:00.000000'")
    desk.watch.expect("403|409")  # the question, and what the route says of a result that is released
    page.evaluate(SEND, [f"/bench/samples/{sample}/act", {"action": "release", "result": result, "version": "5"}])
    expect(page.locator("h1")).to_contain_text("Is it you")
    assert steps.axe(page) == []
    steps.press(page, "Continue with a passkey")
    expect(page.locator("main")).to_contain_text("A result that is released cannot be released.")
