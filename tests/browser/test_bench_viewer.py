"""The viewer of the bench in a real browser: what is taken out of a run by dragging, pressing and typing, points that come when
someone looks closer, and what is drawn of two mass spectra."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.browser.test_bench_frame import CAFFEINE, read_one
from tests.support.curves import jcamp, mixture
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow
from tests.support.small_files import MDMA, small_ms, small_run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

DRAWN = """() => {
    window.drawn = { hollow: 0, words: [] };
    const { strokeRect, fillText } = CanvasRenderingContext2D.prototype;
    const drawing = CanvasRenderingContext2D.prototype;
    drawing.strokeRect = function (...at) { drawn.hollow += 1; return strokeRect.apply(this, at); };
    drawing.fillText = function (words, ...at) { drawn.words.push(words); return fillText.call(this, words, ...at); };
}"""
HIGHEST = """async () => {
    const { sticksOf } = await import("/static/common/spectrum_mass.js");
    const data = await (await fetch(document.querySelector("#plot").dataset.url, { headers: { Accept: "application/json" } })).json();
    const most = (mode, way) => Math.max(...sticksOf(data, mode)[way].map((one) => Math.abs(one.y)));
    return { mirror: [most("mirror", "up"), most("mirror", "down")], absolute: [most("absolute", "up"), most("absolute", "down")],
        recorded: Math.max(...data.query.intensity), alone: sticksOf(data, "mirror").up.filter((one) => one.alone).map((one) => one.mz) };
}"""
LEGEND = ".plot__keys li"


def bench(desk: Desk, sample: str, size: tuple[int, int] = TABLET) -> Page:
    page = desk.sign_in(Role.CHEMIST, size)
    page.add_init_script(f"({DRAWN})()")
    page.goto(f"/bench/samples/{sample}?tab=matches")
    expect(page.locator("#plot canvas")).to_be_visible()
    steps.ready(page)
    return page


def drag(page: Page, low: float, high: float, selector: str = "#plot .u-over") -> None:
    """Across a plot, in parts of its width."""
    over = steps.box(page.locator(selector))
    middle = over["y"] + over["height"] / 2
    page.mouse.move(over["x"] + low * over["width"], middle)
    page.mouse.down()
    page.mouse.move(over["x"] + (low + high) / 2 * over["width"], middle)
    page.mouse.move(over["x"] + high * over["width"], middle)
    page.mouse.up()


MEAN_SPECTRUM = re.compile(r"/plot\?.*start=")


def test_a_run_gives_traces_of_ions_and_mean_spectra_by_hand_and_by_keys(
    desk: Desk, road: Road, clients: Clients
) -> None:
    sample = read_one(road, clients, small_run([(340.0, MDMA), (385.0, CAFFEINE)]), "run.cdf")
    page = bench(desk, sample)
    top = steps.box(page.locator("#plot .plot__area"))["y"]
    drag(page, 0.25, 0.45)
    expect(page.locator("#bench-below h3").first).to_have_text("Mean spectrum")
    expect(page.locator("#peak-plot canvas")).to_be_visible()
    expect(page.locator("#peak-plot .plot__keys")).to_contain_text("Mean of")
    expect(page.locator("#plot .plot__keys")).to_contain_text("Mean spectrum")  # the stretch is shaded
    assert "start=" in page.url
    _press_stick(page, 58)
    expect(page.locator(f"#plot {LEGEND}")).to_contain_text(["TIC", "m/z 58"])
    expect(page.locator("#bench-below h3").first).to_have_text("Mean spectrum")
    assert steps.box(page.locator("#plot .plot__area"))["y"] == pytest.approx(top, abs=1), "the plot stays where it is"
    # the same by keys: two ions typed, a stretch typed, a raw scan, and a peak's trace with Enter
    page.locator(".bench-extract > summary").focus()
    page.keyboard.press("Enter")
    page.locator(".bench-ions").fill("58 194")
    page.keyboard.press("Enter")
    expect(page.locator(f"#plot {LEGEND}")).to_contain_text(["TIC", "m/z 58", "m/z 194"])
    expect(page.locator(".bench-extract > summary")).to_be_visible()
    page.locator(".bench-extract > summary").click()
    page.locator("[name=start]:visible").fill("6.35")
    page.locator("[name=end]:visible").fill("6.5")
    page.keyboard.press("Enter")
    expect(page.locator("#peak-plot .plot__keys")).to_contain_text("Mean of 10 scans")
    page.locator("#peak-plot .plot__menu > summary").click()
    page.get_by_role("button", name="Next peak").click()
    page.route(MEAN_SPECTRUM, lambda route: None)  # the key works while the spectrum it is pressed in is on its way
    page.get_by_role("button", name="Show its trace in the run").click()
    expect(page.locator(f"#plot {LEGEND}")).to_contain_text(["m/z 58", "m/z 194", "m/z 55"])
    page.keyboard.press("]")
    expect(page.locator(".bench-peak")).to_contain_text("Peak 1 at")
    page.get_by_role("link", name="Raw", exact=True).click()
    expect(page.locator("#peak-plot .plot__keys")).to_contain_text("Raw scan at 6.42 min")
    expect(page.get_by_role("link", name="Raw", exact=True)).to_have_attribute("aria-current", "true")
    page.keyboard.down("Shift")
    drag(page, 0.3, 0.6)
    page.keyboard.up("Shift")
    expect(page.locator("#plot [data-plot=reset]")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".bench-peak")).to_contain_text("Peak 1 at")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert scroll_overflow(page) == 0


def _press_stick(page: Page, mz: int) -> None:
    """Where the cursor reads it."""
    over = steps.box(page.locator("#peak-plot .u-over"))
    for at in np.arange(0.01, 1, 0.01):
        page.mouse.move(over["x"] + at * over["width"], over["y"] + 30)
        said = page.locator("#peak-plot .plot__readout span").first.inner_text()
        if re.fullmatch(rf"m/z\s{mz}(\.\d+)?", said):
            page.mouse.click(over["x"] + at * over["width"], over["y"] + 30)
            return
    raise AssertionError(f"no stick at {mz}")


def test_the_points_of_a_stretch_come_when_someone_looks_closer(desk: Desk, road: Road, clients: Clients) -> None:
    sample = read_one(road, clients, small_run([(340.0, MDMA), (3000.0, CAFFEINE)], n_scans=6000), "long.cdf")
    page = bench(desk, sample)
    page.locator("#plot .plot__menu > summary", has_text="View").click()
    page.locator("#plot [data-range] [name=low]").fill("49")
    page.locator("#plot [data-range] [name=high]").fill("52")
    with page.expect_response(lambda answer: "low=" in answer.url and "/plot" in answer.url) as come:
        page.get_by_role("button", name="Show range").click()
    (line,) = come.value.json()["series"]
    assert not line["thinned"]
    assert len(line["steps"]) == pytest.approx(361, abs=3), "six minutes: what is seen, and half of that on each side"
    expect(page.locator("#plot")).to_have_attribute("data-detail", re.compile(r"^47\.5 53\.5$"))
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(400)
    expect(page.locator("#plot")).to_have_attribute("data-detail", re.compile(r"^47\.5 53\.5$"))  # all are there


def test_two_mass_spectra_are_drawn_hollow_where_one_is_alone_and_absolute_as_recorded(
    desk: Desk, road: Road, clients: Clients
) -> None:
    peaks = {**MDMA, 91: 400.0}
    words = " ".join(f"{m} {3 * h:.0f};" for m, h in peaks.items())
    page = bench(desk, read_one(road, clients, small_ms("a", words), "a.msp"))
    plot = page.locator("#plot")
    seen: dict[str, Any] = page.evaluate(HIGHEST)
    assert 91 in seen["alone"]
    assert page.evaluate("drawn.hollow") >= int(plot.get_attribute("data-alone") or 0) >= len(seen["alone"])
    assert seen["mirror"] == [100, 100]
    assert seen["absolute"] == [pytest.approx(seen["recorded"])] * 2
    plot.locator(".plot__menu > summary", has_text="View").click()
    assert "Intensity as recorded" not in page.evaluate("drawn.words")
    absolute = page.get_by_role("button", name="Absolute")
    absolute.click()
    expect(absolute).to_have_attribute("aria-pressed", "true")
    expect(plot.locator(".plot__keys")).to_contain_text("(below, scaled)")
    page.wait_for_function("() => drawn.words.includes('Intensity as recorded')")
    page.get_by_role("button", name="Mirror").click()
    expect(absolute).to_have_attribute("aria-pressed", "false")


def test_a_picture_is_taken_along_as_png_with_what_it_is_of(desk: Desk, road: Road, clients: Clients) -> None:
    page = bench(desk, read_one(road, clients, jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})), "street.jdx"))
    page.locator("#plot .plot__menu > summary", has_text="View").click()
    page.evaluate("drawn.words.length = 0")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Save as PNG").click()
    file: Path = taken.value.path()
    content = file.read_bytes()
    assert taken.value.suggested_filename == f"{page.locator('#plot').get_attribute('data-file')}.png"
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    canvas = steps.box(page.locator("#plot canvas"))
    assert width >= canvas["width"]
    assert height > canvas["height"] + 40, "with lines of words below"
    words = " ".join(page.evaluate("drawn.words"))
    for word in ("Sample ", "FTIR", "Libraries: ", "Cocaine"):
        assert word in words, word


PLACED = """async () => {
    const { placed } = await import("/static/common/spectrum_parts.js");
    const frame = { left: 0, right: 100, top: 0 }, room = { size: 10, gap: 2, lift: 5, most: 9 };
    const at = (x, tip, firm = false) => ({ x, tip, half: 10, firm });
    const where = (drawn, ...wanted) => {
        const over = (left, right) => Math.min(...[...drawn, ...wanted].filter(({ x }) => x > left && x < right).map(({ tip }) => tip));
        return placed(wanted, frame, room, over).map(({ label: { x }, box }) => [x, ...box]);
    };
    return {
        apart: where([], at(30, 50), at(70, 60)),
        close: where([], at(30, 50), at(42, 52)),
        under: where([at(45, 30)], at(50, 60)),
        slope: where([at(45, 57)], at(50, 60)),
        firm: where([at(45, 30)], at(50, 60, true)),
        edge: where([], at(2, 50)),
        high: where([], at(50, 8)),
    };
}"""


def test_labels_leave_each_other_the_drawing_and_the_frame_alone(desk: Desk) -> None:
    page = desk.context().new_page()
    page.goto("/sign-in")
    placed = page.evaluate(PLACED)  # x, then left, top, right, bottom of each that is written
    assert placed["apart"] == [[30, 20, 38, 40, 48], [70, 60, 48, 80, 58]]
    assert placed["close"] == [[30, 20, 38, 40, 48]], "of two that want a place the later goes"
    assert placed["under"] == [], "it would be written across what is higher"
    assert placed["slope"] == [[50, 40, 45, 60, 55]], "a little higher than its tip, clear of its neighbour"
    assert placed["firm"] == [[50, 40, 18, 60, 28]], "what must be named stands above what is higher"
    assert placed["edge"] == [[2, 0, 38, 20, 48]], "inside the frame"
    assert placed["high"] == [], "no room below the frame"
