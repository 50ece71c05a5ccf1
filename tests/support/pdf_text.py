"""The text of a PDF that Chromium printed, page by page."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass

from pypdf import PdfReader


@dataclass(frozen=True)
class Sheet:
    """One page: its size in millimetres and its text in the order in which it is drawn, white space as single spaces."""

    width: float
    height: float
    text: str


def sheets(pdf: bytes) -> list[Sheet]:
    """The pages of a file. Ligatures are taken apart: “ﬁ” is “fi”."""
    found = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        width, height = (float(x) / 72 * 25.4 for x in (page.mediabox.width, page.mediabox.height))
        text = unicodedata.normalize("NFKC", page.extract_text())
        found.append(Sheet(width, height, " ".join(text.split())))
    return found
