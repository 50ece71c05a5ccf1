"""The text of a PDF that Chromium printed, page by page: enough of the format for its own files."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_DRAWN = re.compile(r"/(\w+) [\d.]+ Tf|<([0-9A-Fa-f]*)>|\bBT\b")
LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"}


@dataclass(frozen=True)
class Sheet:
    """One page: its size in millimetres and its text in the order in which it is drawn, white space as single spaces."""

    width: float
    height: float
    text: str


def sheets(pdf: bytes) -> list[Sheet]:
    """The pages of a file."""
    objects = {int(m[1]): m[2] for m in _OBJECT.finditer(pdf)}
    return [_sheet(body, objects) for body in objects.values() if re.search(rb"/Type\s*/Page\b", body)]


def _sheet(body: bytes, objects: dict[int, bytes]) -> Sheet:
    _, _, width, height = (float(x) / 72 * 25.4 for x in _found(rb"/MediaBox\s*\[([^\]]*)\]", body).split())
    parts = re.findall(rb"(\d+) 0 R", _found(rb"/Contents\s*(\[[^\]]*\]|\d+ 0 R)", body))
    content = b"".join(_stream(objects[int(n)]) for n in parts).decode("latin-1")
    text, letters = "", {}
    for drawn in _DRAWN.finditer(content):
        if drawn[1]:
            letters = _fonts(body, objects).get(drawn[1], {})
        elif drawn[2] is None:
            text += " "
        else:
            text += "".join(letters.get(int(drawn[2][i : i + 4], 16), "") for i in range(0, len(drawn[2]), 4))
    for one, two in LIGATURES.items():
        text = text.replace(one, two)
    return Sheet(width, height, " ".join(text.split()))


def _found(pattern: bytes, body: bytes) -> bytes:
    found = re.search(pattern, body, re.DOTALL)
    assert found is not None, pattern
    return found[1]


def _stream(body: bytes) -> bytes:
    content = _found(_STREAM.pattern, body)
    return zlib.decompress(content) if b"/FlateDecode" in body else content


def _fonts(body: bytes, objects: dict[int, bytes]) -> dict[str, dict[int, str]]:
    """Letters by glyph, per name of a font on this page."""
    shared = re.search(rb"/Resources (\d+) 0 R", body)
    where = objects[int(shared[1])] if shared else body
    named = re.findall(rb"/(\w+) (\d+) 0 R", _found(rb"/Font\s*<<(.*?)>>", where))
    return {name.decode(): _letters(objects[int(n)], objects) for name, n in named}


def _letters(font: bytes, objects: dict[int, bytes]) -> dict[int, str]:
    mapped = _stream(objects[int(_found(rb"/ToUnicode (\d+) 0 R", font))]).decode("latin-1")
    letters: dict[int, str] = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", mapped, re.DOTALL):
        for glyph, text in re.findall(r"<(\w+)>\s*<(\w+)>", block):
            letters[int(glyph, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", mapped, re.DOTALL):
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            for n in range(int(first, 16), int(last, 16) + 1):
                letters[n] = chr(int(text, 16) + n - int(first, 16))
    return letters
