"""Many files at once on the bench: each with its own outcome, whatever happens to the others or to the network."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.road import Road, infrared_file, ok
from tests.support.site import LAPTOP, PHONE, TABLET, Clients, Desk

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request, Route

pytestmark = [pytest.mark.browser, pytest.mark.long]

MASS = b"Name: caffeine\nComment: by hand\nNum Peaks: 4\n55 200; 82 150; 109 600; 194 999\n"
SETTLED = re.compile(r"^(done|warning|asks|problem|unsent|cancelled|twin)$")
TOO_WIDE = """[...document.querySelectorAll(".drop, .drop *")].filter(
    (one) => one.getBoundingClientRect().right > document.documentElement.clientWidth).map((one) => one.outerHTML)"""
NO_NETWORK = r"htmx:error|ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_CONNECTION"


def _table() -> bytes:
    rows = "\n".join(f"{400 + 2 * i};0,{100 + (i * 37) % 400:03d}" for i in range(500))
    return f"Wavenumber (cm-1);Absorbance\n{rows}\n".encode()


def _zip(**members: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


TWELVE: dict[str, tuple[bytes, str, str]] = {
    "infrared-1.jdx": (infrared_file(1), "done", r"Infrared spectrum, 360 points, 400 to 3990 cm⁻¹ \(mdma\)\."),
    "infrared-2.jdx": (infrared_file(2), "done", r"Infrared spectrum, 360 points"),
    "infrared-3.DX": (infrared_file(3), "done", r"Infrared spectrum, 360 points"),
    "table.csv": (_table(), "done", r"Infrared spectrum, 500 points, 400 to 1398 cm⁻¹"),
    "caffeine.msp": (MASS, "done", r"Mass spectrum, 4 peaks \(caffeine\)\."),
    "two.msp": (MASS + b"\n" + MASS.replace(b"194 999", b"193 999"), "done", r"2 mass spectra\."),
    "misnamed.spc": (infrared_file(4), "warning", r"Infrared spectrum.*\.spc.*JCAMP-DX"),
    "comma.csv": (b"\r\n".join(b"%d,%02d" % (400 + i, (i * 7) % 100) for i in range(400)), "asks", r"\w+ .*\?|comma"),
    "cut-off.jdx": (infrared_file(5)[:700], "problem", r"\w+ \w+ \w+"),
    "picture.jdx": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "problem", r"\w+ \w+ \w+"),
    "letters.zip": (_zip(**{"a.doc": b"\xd0\xcf\x11\xe0" * 99, "b.doc": b"no"}), "problem", r"\w+ \w+ \w+"),
    "empty.msp": (b"", "unsent", r"This file is empty\. Export it again from the instrument\."),
}


def _bench(desk: Desk, road: Road, size: tuple[int, int] = LAPTOP, **more: Any) -> tuple[Page, str]:
    """A chemist before a new sample."""
    sample_id = road.register()
    page = desk.sign_in(Role.CHEMIST, size, path=f"/bench/samples/{sample_id}", **more)
    if more.get("java_script_enabled", True):
        expect(page.locator("form.drop[data-ready]")).to_be_visible()
        steps.ready(page)
    return page, sample_id


def _row(page: Page, name: str) -> Locator:
    return page.locator(".uploads > li").filter(has=page.locator(".uploads__name", has_text=name))


def _settled(page: Page, count: int) -> None:
    rows = page.locator(".uploads > li")
    expect(rows).to_have_count(count)
    for i in range(count):
        expect(rows.nth(i)).to_have_attribute("data-state", SETTLED, timeout=60_000)


def _arrived(clients: Clients, sample_id: str) -> list[str]:
    """Names of the files the server has of a sample."""
    analyses = ok(clients("chemist").get(f"/api/v1/samples/{sample_id}/analyses"))
    return sorted(upload["file_name"] for analysis in analyses for upload in analysis["uploads"])


@pytest.mark.parametrize("size", [LAPTOP, TABLET, PHONE], ids=["laptop", "tablet", "phone"])
def test_of_twelve_files_each_has_its_own_outcome(
    desk: Desk, road: Road, clients: Clients, size: tuple[int, int]
) -> None:
    page, sample_id = _bench(desk, road, size)
    page.locator("#upload").set_input_files([steps.file(name, content) for name, (content, _, _) in TWELVE.items()])  # type: ignore[arg-type]
    _settled(page, 12)
    for name, (_, state, words) in TWELVE.items():
        row = _row(page, name)
        expect(row).to_have_attribute("data-state", state)
        said = row.locator(".outcome").inner_text()
        assert re.search(words, said), f"{name}: {said}"
        assert not re.search(r"Traceback|Error\b|Exception|None|undefined|NaN|\[object", said), f"{name}: {said}"
    summary = page.get_by_role("status").filter(has_text="12 files")
    expect(summary).to_have_text(
        "12 files: 6 read, 1 read with warnings, 1 waiting for your answer, 3 not read, 1 not sent."
    )
    assert _arrived(clients, sample_id) == sorted(set(TWELVE) - {"empty.msp"})
    # nothing sticks out of the page, in light and in dark
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert page.evaluate(TOO_WIDE) == []
        assert steps.axe(page) == [], theme
    # what was found can be opened from its row
    _row(page, "table.csv").get_by_role("link", name="Open").click()
    assert "reading=" in page.url
    page.locator("#bench-panel").get_by_role("link", name="File", exact=True).click()
    expect(page.locator("#about-reading")).to_contain_text("table.csv")
    expect(page.locator("#about-reading")).to_contain_text(re.compile(r"Points\s*500"))


def test_the_question_of_a_file_is_reached_from_its_row(desk: Desk, road: Road) -> None:
    page, _ = _bench(desk, road)
    page.locator("#upload").set_input_files(
        [steps.file("a.jdx", infrared_file(6)), steps.file("comma.csv", TWELVE["comma.csv"][0])]
    )  # type: ignore[list-item]
    _settled(page, 2)
    expect(page.locator("#bench-files fieldset")).to_be_visible()
    expect(page.locator("#bench-readings [aria-current]")).to_contain_text("FTIR")  # its spectrum stands on top now
    _row(page, "comma.csv").get_by_role("link", name="Answer").click()
    target = page.evaluate("document.querySelector(location.hash)?.closest('fieldset, form') !== null && location.hash")
    assert target, page.url
    expect(page.locator(target)).to_be_in_viewport()
    # the list is only of this visit: once everything has its outcome it can go
    page.get_by_role("button", name="Clear this list").click()
    expect(page.locator(".uploads > li")).to_have_count(0)
    expect(page.locator("#bench-files")).to_contain_text("a.jdx")


def test_without_a_network_files_wait_and_go_by_themselves_each_once(desk: Desk, road: Road, clients: Clients) -> None:
    desk.watch.expect(NO_NETWORK)
    page, sample_id = _bench(desk, road, TABLET)
    page.context.set_offline(True)
    names = [f"tent-{i}.jdx" for i in range(4)]
    page.locator("#upload").set_input_files([steps.file(n, infrared_file(10 + i)) for i, n in enumerate(names)])  # type: ignore[misc]
    waiting = page.locator(".uploads [data-state=offline]").first
    expect(waiting).to_contain_text("The server did not answer. The file is still on this computer")
    expect(page.get_by_role("status").filter(has_text="4 files")).to_contain_text("to be sent again")
    expect(page.locator(".uploads :is([data-state=offline], [data-state=waiting])")).to_have_count(4)
    # a live part that cannot be fetched now says nothing aloud, and is fetched again
    page.evaluate("document.body.dispatchEvent(new CustomEvent('mast:sample'))")
    page.wait_for_timeout(500)
    expect(page.locator("#request-problem")).to_have_count(0)
    # whoever leaves now would lose them, so the browser asks
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("location.href = '/bench'")
    steps.until(lambda: asked == ["beforeunload"], page, "nobody asked before leaving")
    page.context.set_offline(False)
    _settled(page, 4)
    expect(page.locator(".uploads [data-state=done]")).to_have_count(4)
    expect(page.locator("#bench-files")).to_contain_text(names[-1])
    assert _arrived(clients, sample_id) == names


def test_a_file_whose_answer_was_lost_is_sent_again_and_is_one_file(desk: Desk, road: Road, clients: Clients) -> None:
    desk.watch.expect(NO_NETWORK)
    page, sample_id = _bench(desk, road)
    keys: list[str] = []
    content = infrared_file(20)

    def lose_the_first_answer(route: Route, request: Request) -> None:
        keys.append(request.headers["idempotency-key"])
        if len(keys) > 1:
            route.continue_()
            return
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": keys[0]}
        ok(clients("chemist").post(request.url, content=content, headers=headers))  # it arrived, nobody heard of it
        route.abort("connectionreset")

    page.route("**/uploads?*", lose_the_first_answer)
    steps.upload(page, steps.file("once.jdx", content))
    expect(_row(page, "once.jdx")).to_have_attribute("data-state", "offline")
    _row(page, "once.jdx").get_by_role("button", name="Try now").click()
    expect(_row(page, "once.jdx")).to_have_attribute("data-state", "done", timeout=60_000)
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert _arrived(clients, sample_id) == ["once.jdx"]


def test_a_server_in_trouble_is_a_sentence_and_a_button(desk: Desk, road: Road, clients: Clients) -> None:
    desk.watch.expect("status 500|status of 500")
    page, sample_id = _bench(desk, road)
    problem = {
        "title": "This did not work",
        "detail": "The disk is full. Your other files are unharmed.",
        "status": 500,
    }
    page.route(
        "**/uploads?*",
        lambda route: route.fulfill(status=500, content_type="application/problem+json", body=json.dumps(problem)),
        times=1,
    )
    steps.upload(page, steps.file("again.jdx", infrared_file(21)))
    row = _row(page, "again.jdx")
    expect(row).to_contain_text("The disk is full. Your other files are unharmed.")
    expect(row).to_have_attribute("data-state", "unsent")
    row.get_by_role("button", name="Try again").click()
    expect(row).to_have_attribute("data-state", "done", timeout=60_000)
    assert _arrived(clients, sample_id) == ["again.jdx"]


def test_files_can_be_drawn_back_until_they_are_sent(desk: Desk, road: Road, clients: Clients) -> None:
    desk.watch.expect("ERR_ABORTED")
    page, sample_id = _bench(desk, road)
    held: list[Route] = []
    page.route("**/uploads?*", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it is given
    names = ["one.jdx", "two.jdx", "three.jdx", "four.jdx"]
    page.locator("#upload").set_input_files([steps.file(n, infrared_file(30 + i)) for i, n in enumerate(names)])  # type: ignore[misc]
    steps.until(lambda: len(held) == 2, page, "two at once")
    expect(_row(page, "one.jdx").get_by_role("progressbar")).to_be_visible()
    expect(_row(page, "three.jdx")).to_have_attribute("data-state", "waiting")
    for name in ("three.jdx", "one.jdx"):
        _row(page, name).get_by_role("button", name="Cancel").click()
        expect(_row(page, name)).to_have_attribute("data-state", "cancelled")
    steps.until(lambda: len(held) == 3, page, "the next takes the place")
    for route in held[1:]:
        route.continue_()
    _settled(page, 4)
    assert _arrived(clients, sample_id) == ["four.jdx", "two.jdx"]
    page.unroute("**/uploads?*")
    _row(page, "three.jdx").get_by_role("button", name="Send it").click()
    expect(_row(page, "three.jdx")).to_have_attribute("data-state", "done", timeout=60_000)
    # all that are left at once
    page.route("**/uploads?*", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it is given
    more = [f"more-{i}.jdx" for i in range(4)]
    page.locator("#upload").set_input_files([steps.file(n, infrared_file(40 + i)) for i, n in enumerate(more)])  # type: ignore[misc]
    page.get_by_role("button", name="Cancel all that are not sent").click()
    _settled(page, 8)
    assert _arrived(clients, sample_id) == ["four.jdx", "three.jdx", "two.jdx"]


def test_what_is_too_large_or_there_already_is_said_before_anything_is_sent(
    desk: Desk, road: Road, clients: Clients, tmp_path: Path
) -> None:
    page, sample_id = _bench(desk, road)
    expect(page.locator("#upload-hint")).to_contain_text("up to 512 MiB each")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    huge, good = tmp_path / "huge.mzML", tmp_path / "good.jdx"
    with huge.open("wb") as stream:
        stream.truncate(513 * 1024 * 1024)  # holes: takes no room
    good.write_bytes(infrared_file(50))
    page.locator("#upload").set_input_files([huge, good])
    expect(_row(page, "huge.mzML")).to_contain_text("larger than the limit of 512 MiB")
    expect(_row(page, "good.jdx")).to_have_attribute("data-state", "done", timeout=60_000)
    page.locator("#upload").set_input_files([good])
    twin = _row(page, "good.jdx").last
    expect(twin).to_contain_text("already in the list")
    assert len(sent) == 1
    twin.get_by_role("button", name="Send it anyway").click()
    expect(twin).to_have_attribute("data-state", "done", timeout=60_000)
    assert _arrived(clients, sample_id) == ["good.jdx", "good.jdx"]


def _drop(page: Page, *paths: Path) -> None:
    """Let files go over the page as a person's hand does, with the browser's own drag: folders stay folders."""
    page.locator("h1").scroll_into_view_if_needed()
    box = steps.box(page.locator("h1"))  # beside the frame, which must do as well
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}

    def hand(kind: str) -> None:
        session.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 4, "y": box["y"] + 4, "data": data})

    hand("dragEnter")
    hand("dragOver")
    expect(page.locator("form.drop")).to_have_class(re.compile("is-over"))
    hand("drop")
    expect(page.locator("form.drop")).not_to_have_class(re.compile("is-over"))


@pytest.fixture
def dropped(tmp_path: Path) -> Path:
    """A folder as it lies on an instrument's computer."""
    folder = tmp_path / "2026-07-11"
    (folder / "deeper" / "still").mkdir(parents=True)
    (folder / "a.jdx").write_bytes(infrared_file(60))
    (folder / "deeper" / "still" / "b.jdx").write_bytes(infrared_file(61))
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "RUN1.D").mkdir()
    (folder / "RUN1.D" / "DATA.MS").write_bytes(b"\x01\x32" * 400)
    (folder / "nothing").mkdir()
    return folder


def test_a_folder_is_read_to_the_bottom_and_a_vendors_folder_stays_together(
    desk: Desk, road: Road, clients: Clients, dropped: Path, tmp_path: Path
) -> None:
    page, sample_id = _bench(desk, road)
    single = tmp_path / "single.jdx"
    single.write_bytes(infrared_file(62))
    _drop(page, dropped, single)
    _settled(page, 5)
    expect(_row(page, "2026-07-11/a.jdx")).to_have_attribute("data-state", "done")
    expect(_row(page, "2026-07-11/deeper/still/b.jdx")).to_have_attribute("data-state", "done")
    expect(_row(page, "2026-07-11/nothing")).to_contain_text("no file in this folder")
    vendor, arrived = _row(page, "2026-07-11/RUN1.D"), ["a.jdx", "b.jdx", "single.jdx"]
    if page.locator("form[data-takes-zips]").count():  # it went as one zip, and its reader says what is wrong with it
        expect(vendor).to_have_attribute("data-state", "problem")
        arrived = ["RUN1.D.zip", *arrived]
    else:
        expect(vendor).to_contain_text("Export the measurement as mzML, CDF or CSV")
    assert _arrived(clients, sample_id) == arrived


def test_a_real_vendors_folder_is_dropped_as_it_is_and_read(
    desk: Desk, road: Road, clients: Clients, shared_data: Path
) -> None:
    folder = shared_data / "instruments" / "chemstation_d" / "brown.D"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    page, sample_id = _bench(desk, road)
    if not page.locator("form[data-takes-zips]").count():
        pytest.skip("the extra mast-lims[vendor] is not installed")
    _drop(page, folder)
    row = _row(page, "brown.D")
    expect(row).to_have_attribute("data-state", re.compile("^(done|warning)$"), timeout=90_000)
    expect(row).to_contain_text(re.compile(r"chromatogram|mass run|curve", re.IGNORECASE))
    assert _arrived(clients, sample_id) == ["brown.D.zip"]


def test_without_javascript_several_files_go_as_one_form(desk: Desk, road: Road, clients: Clients) -> None:
    desk.watch.expect("status 422|status of 422")
    page, sample_id = _bench(desk, road, java_script_enabled=False)
    files = [
        steps.file("plain-1.jdx", infrared_file(70)),
        steps.file("empty.jdx", b""),
        steps.file("plain-2.jdx", infrared_file(71)),
    ]
    page.locator("#upload").set_input_files(files)  # type: ignore[arg-type]
    steps.press(page, "Upload files")
    expect(page.get_by_role("alert").first).to_contain_text("empty.jdx: The file is empty.")
    expect(page.get_by_role("alert").first).to_contain_text("The other files are here.")
    assert _arrived(clients, sample_id) == ["plain-1.jdx", "plain-2.jdx"]
    expect(page.locator("#bench-files")).to_contain_text("plain-1.jdx")
