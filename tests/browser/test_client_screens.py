"""The client's page as it is seen, read aloud, enlarged and printed, for results from one card to fifteen findings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.support.pdf_text import sheets
from tests.support.road import Road, ok
from tests.support.site import PHONE, Desk, bare

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

FIFTEEN = (
    "mdma", "cocaine", "ketamine", "caffeine", "phenacetin", "levamisole", "lidocaine", "bromazolam", "xylazine",
    "mdmb-4en-pinaca", "tramadol", "pma", "paracetamol", "gbl", "25i-nbome",
)  # fmt: skip


def released(road: Road, substances: tuple[str, ...], expected: str = "mdma", strip: str = "") -> tuple[str, str, str]:
    """A sample in which these were found, and a strip for a class reacted: (sample, result, ETag)."""
    sample = road.register(expected=[expected])
    result = road.post("chemist", f"/api/v1/samples/{sample}/results")
    found = by_gc_ms(road, sample, substances)
    if strip:
        run = road.analysis(sample, method="strip", strip_target=strip, strip_reading="positive")
        found.append({"substance_class": strip, "analyses": [run]})
    return sample, result["id"], finished(road, result["id"], f'"{result["version"]}"', found)


def by_gc_ms(road: Road, sample: str, substances: tuple[str, ...]) -> list[dict[str, Any]]:
    runs = [road.analysis(sample, method="gc_ms")]
    return [{"substance": one, "abundance": "major", "analyses": runs} for one in substances]


def finished(road: Road, result: str, etag: str, findings: list[dict[str, Any]]) -> str:
    """Findings written down and taken to the client; the ETag of the result then."""
    url, headers = f"/api/v1/results/{result}/findings", {"If-Match": etag}
    response = road.as_("chemist").request("PUT", url, json={"findings": findings}, headers=headers)
    ok(response)
    etag = response.headers["ETag"]
    etag = road.finish(result, etag)
    return str(etag)


@pytest.fixture(scope="module")
def fifteen(road: Road) -> str:
    """A sample with fifteen findings, long names among them."""
    return released(road, FIFTEEN)[0]


@pytest.fixture(scope="module")
def opioid(road: Road) -> str:
    """Heroin, and a strip that reacted to a nitazene."""
    return released(road, ("heroin", "caffeine"), "heroin", "opioid.nitazene")[0]


def opened(desk: Desk, road: Road, sample: str, size: tuple[int, int] = PHONE, **more: Any) -> Page:
    page = desk.context(size, **more).new_page()
    page.goto(f"/t#{bare(road.codes[sample])}")
    expect(page.locator(".result__headline")).to_be_visible()
    return page


# -- how it looks -----------------------------------------------------------------------------------------------

# every colour an element or its ::before or ::after is drawn with, as [what, r, g, b]
COLOURS = """() => {
    const named = ["color", "backgroundColor", "borderTopColor", "borderLeftColor", "borderRightColor", "borderBottomColor",
                   "outlineColor", "fill", "stroke", "textDecorationColor", "backgroundImage", "boxShadow", "caretColor"];
    const found = [];
    for (const element of document.querySelectorAll("*")) for (const pseudo of [null, "::before", "::after", "::marker"]) {
        const style = getComputedStyle(element, pseudo);
        for (const name of named) for (const colour of (style[name] ?? "").match(/rgba?\\([^)]*\\)/g) ?? []) {
            const [r, g, b, a] = colour.match(/[\\d.]+/g).map(Number);
            if (a !== 0) found.push([`${element.tagName}.${element.className?.baseVal ?? element.className} ${pseudo ?? ""} ${name}`, r, g, b]);
        }
    }
    return found;
}"""
# the smallest contrast of letters with what is behind them, and the smallest size of what is to be read
LETTERS = """() => {
    const part = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
    const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let contrast = [99, ""], size = [99, ""];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.textContent.trim() || !element.checkVisibility() || element.closest(".visually-hidden")) continue;
        const style = getComputedStyle(element);
        const [a, b] = [light(rgb(style.color)), light(ground(element))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < contrast[0]) contrast = [ratio, node.textContent.trim().slice(0, 40)];
        const px = parseFloat(style.fontSize);
        if (element.closest(".client-page") && !element.closest("button") && px < size[0]) size = [px, node.textContent.trim().slice(0, 40)];
    }
    return { contrast, size };
}"""
HIGHLIGHTED = """() => {
    const style = getComputedStyle(document.body, "::highlight(being-read)");
    return [style.color, style.backgroundColor];
}"""


def test_nothing_on_it_is_green_faint_or_small_and_a_machine_finds_nothing_wrong(
    desk: Desk, road: Road, fifteen: str
) -> None:
    page = opened(desk, road, fifteen)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    for theme in ("light", "dark", "sun"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        green = [c for c in page.evaluate(COLOURS) if c[2] > max(c[1], c[3]) + 12]
        assert not green, (theme, green[:4])
        letters = page.evaluate(LETTERS)
        assert letters["contrast"][0] >= 7, (theme, letters)
        assert letters["size"][0] >= 20, (theme, letters)
        assert steps.axe(page, rest=theme == "light") == [], theme


def test_how_grave_a_card_is_stands_in_words_shape_and_place(desk: Desk, road: Road, fifteen: str) -> None:
    page = opened(desk, road, fifteen)
    shapes = {"0": "■ ACT NOW", "1": "▲ DANGER", "2": "◆ SERIOUS", "3": "● CAREFUL", "4": "– INFORMATION"}
    ranks = []
    for card in page.locator(".severity").all():
        found = re.search(r"severity--(\d)", card.get_attribute("class") or "")
        assert found is not None
        ranks.append(int(found[1]))
        words = card.locator(".severity__level").text_content() or ""
        assert " ".join(words.split()).upper() == shapes[found[1]]
    assert ranks == sorted(ranks), (ranks, "the gravest first")
    assert {0, 1} <= set(ranks)
    drugs = ("bromazolam", "GBL", "tramadol", "xylazine")
    first = page.locator(".client-page > .severity").first.inner_text()
    assert all(drug in first for drug in drugs), (first, "one card names all of a kind")
    shown = page.locator(".client-page > .severity")
    assert sum("severity--0" not in c and "severity--1" not in c for c in _classes(shown)) <= 3
    folded = page.locator(".client-page > details.more .severity")
    assert folded.count() > 0, "the rest waits behind More"
    assert not [c for c in _classes(folded) if "severity--0" in c or "severity--1" in c], "never what may kill"


def _classes(cards: Any) -> list[str]:
    return [card.get_attribute("class") or "" for card in cards.all()]


def test_help_and_limits_cannot_be_folded_away(desk: Desk, road: Road, opioid: str) -> None:
    page = opened(desk, road, opioid)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = false; })")
    for heading in ("If someone is unwell", "What this test cannot see"):
        section = page.locator("section", has=page.get_by_role("heading", name=heading))
        assert section.locator("details, summary").count() == 0
        assert section.locator("xpath=ancestor::details").count() == 0
        for line in section.locator("li, p:not(.no-print)").all():
            expect(line).to_be_visible()
    steps_of_help = page.locator(".unwell li")
    expect(steps_of_help.nth(1)).to_contain_text("999")  # after the signs by which it is known
    expect(page.locator(".unwell")).to_contain_text("naloxone")
    for line in steps_of_help.all():
        expect(line.locator("svg.pictogram[aria-hidden=true]")).to_have_count(1)
        assert (line.inner_text()).strip(), "a picture never stands alone"


# whether the dot between place and code is out of sight where the code begins a line
DOT = """() => {
    const code = document.querySelector("#where .ticket-code"), line = code.parentElement;
    const begins = code.offsetTop > line.firstElementChild.offsetTop;
    const dot = getComputedStyle(code, "::before");
    const left = code.getBoundingClientRect().left + parseFloat(dot.left);
    return begins ? getComputedStyle(line).overflowX === "clip" && left + parseFloat(dot.width) <= line.getBoundingClientRect().left + 1 : dot.content.startsWith('"·"');
}"""


def _end(page: Page, selector: str) -> float:
    """Where the first of these ends, in pixels from the top of the page."""
    box = steps.box(page.locator(selector).first)
    return float(box["y"] + box["height"] + page.evaluate("scrollY"))


def test_the_gravest_card_ends_in_the_first_view_of_a_phone_and_help_is_one_tap_from_anywhere(
    desk: Desk, road: Road, opioid: str
) -> None:
    worst = {"opioid": opioid, "eutylone": released(road, ("eutylone", "caffeine"))[0]}
    for name, sample in worst.items():
        page = opened(desk, road, sample)
        assert _end(page, ".client-page > .severity") <= 660, name
        header = steps.box(page.locator("header"))
        assert header["height"] <= 49
        assert page.evaluate(DOT) is True, "no line of the header begins with the dot"
        expect(page.locator("body")).not_to_contain_text("MAST")
        expect(page.get_by_role("link", name=re.compile("Staff|About"))).to_have_count(0)
        unwell = page.get_by_role("link", name="Someone is unwell")
        first = page.locator(".help-bar__unwell:visible, #unwell a:visible").first
        expect(first).to_be_in_viewport(ratio=1)  # the way to the number, or where that is in sight the number itself
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(unwell).to_be_in_viewport(ratio=1)
        call = page.locator("#unwell a").first
        call.evaluate("link => scrollBy(0, link.getBoundingClientRect().top - innerHeight)")
        if call.evaluate("link => link.getBoundingClientRect().top >= innerHeight - 1"):  # else it is in the first view
            expect(unwell).to_be_visible()  # the heading alone is no help
        call.evaluate(
            "link => scrollBy(0, link.getBoundingClientRect().bottom - document.querySelector('.help-bar').getBoundingClientRect().top)"
        )
        expect(unwell).to_be_hidden()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        unwell.click()
        expect(call).to_have_attribute("href", "tel:999")
        expect(call).to_be_in_viewport(ratio=1)
        expect(unwell).to_be_hidden()
        assert page.url.endswith(f"#{bare(road.codes[sample])}"), "the code stays in the address"
        page.close()
    page = desk.context(PHONE, java_script_enabled=False).new_page()
    page.goto("/t")
    page.get_by_label("Ticket code").fill(road.codes[opioid])
    steps.press(page, "Show my result")
    page.get_by_role("link", name="Someone is unwell").click()
    expect(page.locator("#unwell a").first).to_be_in_viewport(ratio=1)


# -- changed ----------------------------------------------------------------------------------------------------


# -- read aloud -------------------------------------------------------------------------------------------------

VOICES = """(voices) => {
    window.said = [];
    class Utterance extends EventTarget { constructor(text) { super(); this.text = text; } }
    const synthesis = new EventTarget();
    let speaking = null;
    Object.assign(synthesis, {
        getVoices: () => voices,
        speak(utterance) {
            const marked = [...(CSS.highlights.get("being-read") ?? [])].map(String).join("");
            const block = document.querySelector(".is-being-read");
            said.push({ text: utterance.text, lang: utterance.lang, voice: utterance.voice?.name, marked, block: block?.textContent ?? "" });
            speaking = utterance;
            if (!window.hold) setTimeout(() => { if (speaking === utterance) utterance.dispatchEvent(new Event("end")); }, 0);
        },
        cancel() { const was = speaking; speaking = null; was?.dispatchEvent(new Event("error")); },
        pause() {}, resume() {},
    });
    window.SpeechSynthesisUtterance = Utterance;
    Object.defineProperty(window, "speechSynthesis", { value: synthesis });
}"""
HERE = {"name": "Here", "lang": "en-GB", "localService": True, "default": False}
WELSH = {"name": "Yma", "lang": "cy-GB", "localService": True, "default": False}
CLOUD = {"name": "Cloud", "lang": "en-GB", "localService": False, "default": True}


@pytest.fixture
def listening(desk: Desk, road: Road) -> Callable[..., Page]:
    """The page of a sample in a browser with these voices; what they say is kept in `said`."""

    def heard(sample: str, *voices: dict[str, Any], hold: bool = False) -> Page:
        page = desk.context(PHONE).new_page()
        page.add_init_script(f"({VOICES})({list(voices)!r})".replace("True", "true").replace("False", "false"))
        page.add_init_script(f"window.hold = {str(hold).lower()}")
        page.goto(f"/t#{bare(road.codes[sample])}")
        expect(page.locator(".result__headline")).to_be_visible()
        return page

    return heard


def _in_order(text: str, words: list[str]) -> None:
    """Each of these words stands in the text after the one before it."""
    at = 0
    for word in words:
        found = text.find(word, at)
        assert found >= 0, f"{word!r} is not in what follows: {text[at : at + 600]!r}"
        at = found + len(word)


def _heard(page: Page) -> list[dict[str, str]]:
    """All that was said, once it has come to the end: a page that has not begun looks like one that has ended."""
    ended = "said.length > 0 && !document.querySelector('.reading-bar')"
    steps.until(lambda: bool(page.evaluate(ended)), page, "the voice has come to the end")
    return _said(page)


def _said(page: Page) -> list[dict[str, str]]:
    found: list[dict[str, str]] = page.evaluate("said")
    return found


def test_it_is_read_in_order_by_a_voice_of_this_device_and_shows_where(
    listening: Callable[..., Page], opioid: str
) -> None:
    page = listening(opioid, CLOUD, HERE)
    first = page.locator(".help-bar [data-read-aloud]")
    expect(first).to_have_text("Read aloud")
    lines = page.locator("#live-status, [role=status], [role=alert], [aria-live]")

    def announced() -> list[str]:
        return [re.sub(r"\d\d:\d\d:\d\d", "", one) for one in lines.all_inner_texts()]

    before = announced()
    first.focus()
    page.keyboard.press("Enter")
    said = _heard(page)
    expect(first).to_have_text("Read aloud")
    expect(first).to_be_focused()
    assert announced() == before, "a screen reader is told nothing meanwhile"
    assert {one["voice"] for one in said} == {"Here"}
    text = "\n".join(one["text"] for one in said)
    order = ["heroin", "act now", "Nitazene", "If someone is unwell", "nine nine nine", "naloxone", "You told us: heroin",
             "If you still choose", "What this test cannot see", "What you can do next"]  # fmt: skip
    _in_order(text, order)
    assert not re.search("[■▲◆●▾]|Read aloud|Print|ACT NOW|More", text), "no decoration, button or shape"
    assert "Take far less than you think" not in text, "nor what is folded away"
    unmarked = [one for one in said if not one["marked"] and not one["block"]]
    assert not unmarked
    for one in said:
        if one["marked"]:
            bare_of = re.sub(r"\W", "", one["marked"]).lower()
            assert bare_of == re.sub(r"\W", "", one["text"]).lower(), (
                "the sentence that is read is the one that is marked"
            )
    assert len([one for one in said if one["marked"]]) > 10
    colour, ground = page.evaluate(HIGHLIGHTED)
    assert colour != ground
    expect(page.locator(".reading-bar")).to_have_count(0)


def test_names_are_spelled_and_words_for_the_ear_stand_in_for_the_text(
    listening: Callable[..., Page], road: Road
) -> None:
    page = listening(released(road, ("2c-b", "mdmb-4en-pinaca"), "2c-b")[0], HERE)
    page.evaluate("document.querySelector('.severity__text').dataset.spoken = 'Said otherwise. Twice.'")
    page.evaluate("document.querySelector('.told p, .told li').lang = 'cy'")
    page.locator("[data-read-aloud='']").first.click()
    text = [one["text"] for one in _heard(page)]
    assert re.search("(2|two) C B", text[0])
    assert "2C-B" not in " ".join(text)
    at = text.index("Said otherwise.")
    assert text[at + 1] == "Twice."
    assert any("cannot be read aloud on this device" in one for one in text), (
        "a part without a voice is not passed over"
    )


def test_each_part_is_read_by_a_voice_of_its_own_language(listening: Callable[..., Page], opioid: str) -> None:
    page = listening(opioid, CLOUD, HERE, WELSH)
    page.evaluate("document.querySelector('.severity__text').lang = 'cy'")
    page.locator("[data-read-aloud='']").first.click()
    said = _heard(page)
    assert {(one["lang"], one["voice"]) for one in said} == {("en-GB", "Here"), ("cy-GB", "Yma")}
    assert "can each stop you breathing" in next(one["text"] for one in said if one["voice"] == "Yma")


def test_reading_stops_and_waits_by_button_and_by_escape(listening: Callable[..., Page], opioid: str) -> None:
    page = listening(opioid, HERE, hold=True)
    start = page.locator("[data-read-aloud='']").first
    start.click()
    expect(start).to_have_text("Stop reading")
    end = "speechSynthesis.current, said.length"
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Go on").click()
    said = _said(page)
    assert [one["text"] for one in said] == [said[0]["text"]] * 2, "it goes on from the same sentence"
    page.keyboard.press("Escape")
    expect(start).to_have_text("Read aloud")
    expect(page.locator(".reading-bar")).to_have_count(0)
    assert page.evaluate("CSS.highlights.has('being-read')") is False
    page.wait_for_timeout(50)
    assert page.evaluate(end) == 2, "nothing is said after it was stopped"
    start.click()
    page.locator(".reading-bar").get_by_role("button", name="Stop reading").click()
    expect(start).to_be_focused()
    page.evaluate("window.said = []")
    page.get_by_role("button", name="Read this aloud first").click()
    assert _said(page)[0]["text"] == "If someone is unwell"
    page.evaluate("document.querySelector('.result__headline').closest('#ticket').replaceChildren()")


def test_without_a_voice_of_this_device_no_button_is_shown(listening: Callable[..., Page], opioid: str) -> None:
    page = listening(opioid, CLOUD, WELSH)
    for button in page.locator("[data-read-aloud]").all():
        expect(button).to_be_hidden()
    assert page.locator("[data-read-aloud]").count() == 2


# -- on paper ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("paper", "width"), [("A4 sheets", 210), ("Receipt, 80 mm wide", 80)])
def test_paper_has_everything_in_order_numbered_and_without_the_code(
    desk: Desk, road: Road, opioid: str, paper: str, width: int
) -> None:
    page = opened(desk, road, opioid)
    page.get_by_role("link", name="Print large").click()
    page.get_by_role("link", name=paper).click()
    expect(page.get_by_role("link", name=paper)).to_have_attribute("aria-current", "page")
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print", exact=True).click()
    assert page.evaluate("window.printed")
    code = bare(road.codes[opioid])
    assert code not in page.url
    printed = sheets(page.pdf(prefer_css_page_size=True))
    assert {round(sheet.width) for sheet in printed} == {width}
    assert len(printed) > 2
    for number, sheet in enumerate(printed, 1):
        assert f"{number} / {len(printed)}" in sheet.text
    text = " ".join(sheet.text.replace(f"{n} / {len(printed)}", "") for n, sheet in enumerate(printed, 1))
    order = ["heroin", "■ ACT NOW Nitazene", "Take far less than you think", "If someone is unwell", "Call 999", "naloxone",
             "You told us: heroin", "If you still choose to take it", "What this test cannot see", "What you can do next",
             "not been approved"]  # fmt: skip
    _in_order(text, order)
    assert code not in bare(text)
    assert "Ticket" not in text
    assert "Back to the result" not in text
    assert "Read aloud" not in text
    page.emulate_media(media="print")
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.severity__text')).fontSize)")
    assert size >= (26 if width == 210 else 17)  # 20 and 13 pt
    page.set_viewport_size({"width": 673 if width == 210 else 272, "height": 900})


def test_the_page_itself_prints_unfolded_and_without_the_code(desk: Desk, road: Road, opioid: str) -> None:
    page = opened(desk, road, opioid)
    code = bare(road.codes[opioid])
    text = " ".join(sheet.text for sheet in sheets(page.pdf(prefer_css_page_size=True)))
    assert "Take far less than you think" in text
    assert "Also seen" in text
    assert code not in bare(text)
    # a browser prints the address at the edge of a sheet; what it has while it prints is asked of the page itself, since
    # headless printing takes the address from before
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert code not in page.url
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.url.endswith(f"#{code}"), "and it is in the address again"
