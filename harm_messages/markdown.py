"""Message text: paragraphs, lists and strong only, as HTML and as plain text.

Why: message files are edited by clinicians and shown to the public, so nothing else may get through.
markdown-it reads, nh3 cleans again; values are put in after rendering and escaped. Imports no web.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from harm_messages.tagged import CLOSE, OPEN

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_STARTS = ("\n", "- ", ". ", "? ", "! ", "<p>", "<li>", OPEN)
_STRAY = re.compile(r"[{}]")
# A page that has lost contact with its server takes these out by itself.
_DOSE = '<span class="dose">'
_TAGS = {"p", "ul", "ol", "li", "strong"}
_ALLOWED = {
    "paragraph_open", "paragraph_close", "inline", "bullet_list_open", "bullet_list_close",
    "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close",
    "text", "strong_open", "strong_close", "softbreak",
}  # fmt: skip


def _parser() -> MarkdownIt:
    md = MarkdownIt("js-default")
    md.block.ruler.enableOnly(["list", "paragraph"])
    md.inline.ruler.enableOnly(["text", "emphasis", "newline"])
    return md


_MD = _parser()
_MARKUP = {
    "em": "Slanted text (*one star*)",
    "em_close": "Slanted text (*one star*)",
    "hardbreak": "A forced line break",
}
_FORBIDDEN = re.compile(r"<[a-zA-Z/!]|&[a-z#0-9]+;|\]\(|^#{1,6} |^>|`|^[ \t]*\||^---", re.MULTILINE)


def complaints(source: str) -> Iterator[tuple[int, str]]:
    """(lines after the first, what is more than paragraph, list or strong there)."""
    for m in _FORBIDDEN.finditer(source):
        said = f"“{m.group(0).strip()}” is not allowed: use paragraphs, lists and **strong** only."
        yield source.count("\n", 0, m.start()), said
    line = 0
    for token in _MD.parse(source):
        line = token.map[0] if token.map else line
        for inner in (token, *(token.children or [])):
            if inner.type not in _ALLOWED:
                kind = _MARKUP.get(inner.type.removesuffix("_open"), inner.type)
                yield line, f"{kind} is not allowed: use paragraphs, lists and **strong** only."
    stray = _STRAY.search(PLACEHOLDER.sub(lambda m: "." * len(m.group(0)), source))
    if stray:
        yield source.count("\n", 0, stray.start()), "There is a brace that is no placeholder such as {names}."


def placeholders(source: str) -> frozenset[str]:
    """The names between braces."""
    return frozenset(PLACEHOLDER.findall(source))


def fill(template: str, values: Mapping[str, str], quote: bool = False) -> str:
    """Every placeholder gets a value that is not empty, or KeyError: half-filled text never leaves.
    Where a sentence starts with one, it starts with a capital."""

    def put(match: re.Match[str]) -> str:
        value = values[match.group(1)]
        if not value.strip():
            raise KeyError(match.group(1))
        before = template[: match.start()]
        value = _starts_upper(value) if not before or before.endswith(_STARTS) else value
        return escape(value, quote=False) if quote else value

    return PLACEHOLDER.sub(put, template) if "{" in template else template


def to_html(source: str, values: Mapping[str, str]) -> str:
    """Rendered and cleaned, then filled with escaped values."""
    filled = fill(_html_template(source), values, quote=True)
    return filled.replace(OPEN, _DOSE).replace(CLOSE, "</span>")


def to_plain(source: str, values: Mapping[str, str]) -> str:
    """For reading aloud and printing: one line a paragraph, "- " before list items."""
    return fill(_plain_template(source), values).replace(OPEN, "").replace(CLOSE, "")


@lru_cache(maxsize=4096)
def _html_template(source: str) -> str:
    return nh3.clean(_MD.render(source), tags=_TAGS, attributes={}).strip()


@lru_cache(maxsize=4096)
def _plain_template(source: str) -> str:
    lines: list[str] = []
    bullet = ""
    for token in _MD.parse(source):
        if token.type == "list_item_open":
            bullet = f"{token.info}. " if token.info else "- "
        elif token.type == "inline":
            lines.append(bullet + _words(token))
            bullet = ""
    return "\n".join(lines)


def _words(token: Token) -> str:
    parts = [" " if t.type == "softbreak" else t.content for t in token.children or []]
    return "".join(parts).strip()


def _starts_upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
