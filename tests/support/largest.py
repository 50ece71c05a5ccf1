"""Looks at a page with letters of the largest size: what is cut off, broken, or in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHOOSE = """() => {
    document.documentElement.dataset.text = "largest";
    window.dispatchEvent(new CustomEvent("mast:theme"));
}"""
"""What a press on “Largest” does (common/theme.js)."""
FAULTS = """() => {
    const faults = new Set(), range = document.createRange();
    const name = (e) => `${e.tagName.toLowerCase()}.${e.className}`;
    const style = (e) => getComputedStyle(e);
    const holders = (e) => { const all = []; for (let a = e; a !== document.body; a = a.parentElement) all.push(a); return all; };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode, all = holders(text.parentElement), words = text.data.trim();
        const seen = text.parentElement.checkVisibility({ visibilityProperty: true });
        if (!words || !seen || all.some((a) => a.matches(".top__name, .alert-banner, .skip, svg") || style(a).clipPath !== "none")) continue;
        range.selectNodeContents(text);
        const box = range.getBoundingClientRect();
        const clips = (a) => style(a).display !== "inline" && [style(a).overflowX, style(a).overflowY].some((o) => o !== "visible");
        const holder = all.find(clips), frame = holder?.getBoundingClientRect();
        const moves = holder && [style(holder).overflowX, style(holder).overflowY].some((o) => o === "auto" || o === "scroll");
        const out = frame && (box.right > frame.right + 1 || box.left < frame.left - 1 || box.bottom > frame.bottom + 4);
        if (out && !moves) faults.add(`cut off in ${name(holder)}: ${words.slice(0, 40)}`);
        if (!text.parentElement.closest("h1, h2, h3, h4, button, .button, label, legend, summary")) continue;
        for (const word of text.data.matchAll(/\\p{L}{2,12}(?!\\p{L})/gu)) {
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].filter((r) => r.width).map((r) => Math.round(r.top)));
            if (lines.size > 1) faults.add(`broken in ${name(text.parentElement)}: ${word[0]}`);
        }
    }
    for (const e of document.querySelectorAll("body *")) {
        const { height, width } = e.getBoundingClientRect();
        const held = ["fixed", "sticky"].includes(style(e).position) && e.checkVisibility({ visibilityProperty: true });
        if (held && width > innerWidth / 2 && height > innerHeight / 4) faults.add(`covers the page: ${name(e)}`);
    }
    return [...faults].slice(0, 8);
}"""


def with_largest_letters(page: Page) -> list[str]:
    """Chooses them, and says what is wrong: text that is cut off and cannot be moved into sight, a short word of a heading or a
    control that is broken, a bar that covers a quarter of the screen. The name of the session in the header and the lines of alerts
    end in dots by design; what they lead to has them whole."""
    page.evaluate(CHOOSE)
    faults: list[str] = page.evaluate(FAULTS)
    return faults
