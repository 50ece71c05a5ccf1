"""Words that nobody says at a desk do not come back into screens, docs or docstrings (docs/look.md, "Words")."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.code import ROOT

RIDDLES = re.compile(
    r"\b(anew|gravest|green light|mend(?:s|ed|ing)?|meanwhile|somebody|whoever|wiggles?)\b", re.IGNORECASE
)
"""Old, translated or clever words, each with a plain one: again, most serious, correct, in the meantime, someone, anyone who."""
COUNTED_SYLLABLES = ROOT / "harm_messages" / "readability.py"


def _templates() -> list[Path]:
    return sorted((ROOT / "app").rglob("*.html"))


def _guides() -> list[Path]:
    """Decisions are left as they were written."""
    return [ROOT / "README.md", *(p for p in sorted((ROOT / "docs").rglob("*.md")) if "decisions" not in p.parts)]


def _modules() -> list[Path]:
    folders = ("app", "harm_messages", "instruments", "spectra")
    return [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py")) if p != COUNTED_SYLLABLES]


def _said(module: Path) -> Iterator[tuple[int, str]]:
    """Texts and docstrings; names of variables are nobody's words."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _lines(text: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(text.read_text(encoding="utf-8").splitlines(), 1)


@pytest.mark.parametrize(
    ("files", "read"), [(_templates, _lines), (_guides, _lines), (_modules, _said)], ids=["screens", "guides", "code"]
)
def test_plain_words(files, read) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {riddle[0]}"
        for file in files()
        for line, text in read(file)
        for riddle in RIDDLES.finditer(re.sub(r"`[^`]*`", "", text))
    ]
    assert found == []
