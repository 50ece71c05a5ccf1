"""Words that nobody says at a desk do not come back into screens, docs or docstrings (docs/look.md, "Words")."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.code import ROOT

RIDDLES = re.compile(
    r"\b(anew|gravest|green light|mend(?:s|ed|ing)?|meanwhile|somebody|whoever|wiggles?)\b", re.IGNORECASE
)
"""Old, translated or clever words, each with a plain one: again, most serious, correct, in the meantime, someone, anyone who."""
REPLACED = (
    "Nothing is warned of now",
    "No alert is not a green light: what nobody has handed in, nobody has tested",
    "No figure is a green light",
    "No alert is told to partners now",
    "Look at all series now",
    "What MAST looks for by itself",
    "All series were last looked at on",
    "drifts upwards in what is taken for",
    "Nobody is warned by these yet",
    "Write it anew",
    "This draft is not needed",
    "the detection (as author)",
    "The health side agrees",
    "Drift added up (CUSUM)",
    "Outside of this service",
    "Say that nothing was found",
    "Take back “nothing found”",
    "Nothing to look at in 4 figures",
    "Quality of this reading",
    "What speaks for it",
    "What speaks against it",
    "Why, and how far it holds",
    "What GC-MS cannot tell",
    "What would have been seen in this reading",
    "What the mixture leaves over",
    "As a mixture",
    "All parts together",
    "Where the unexplained should lie",
    "Why these parts",
    "Use these parts as findings",
    "Use as finding",
    "Perhaps a mixture of",
    "Resembles",
    "Enrol as own standard",
    "Subtract by hand",
    "the least wiggle",
    "This reading has not been compared yet",
    "Read it like this",
    "As the file says",
    "It stands on",
    "Keep these words: it has no name in the register yet",
    "Another person verifies it now",
    "Verified. A session lead releases it",
    "The finding is saved in the draft",
    "You wrote these findings, so another person has to verify them",
    "This is not yours to do",
    "Somebody was faster",
    "There is nothing here",
    "This cannot be done now",
    "What did they say it is?",
    "Words that are in no list are kept as they were said",
    "The sample is not registered yet",
    "Without consent to analysis nothing may be analysed",
    "Count it in figures",
    "May be asked later how it went",
    "Weighed at the desk; starts the custody ledger",
    "Shown this once: it is kept nowhere",
    "Another sample of the same people",
    "The ticket is lost",
    "What is recorded",
    "How far it is",
    "Correct what is recorded",
    "Write into the custody ledger",
    "Half within",
    "Nine of ten within",
    "Wait for a result",
    "Waits for a chemist",
    "Analysed, waits for a second person",
    "Result ready to tell",
    "To be done",
    "1 of 2 in date; out of date:",
    "Tell people what was found, and note what they intend",
    "What do they intend?",
    "Sent on to",
    "How long was the talk",
    "Add, pin up or take out a message",
    "How often staff took messages off pages",
    "Nothing to mend in this message",
    "nobody: every page says so",
    "I have read what changes, and I stand for it",
    "Without an end where left out",
    "Drawn as / it fits best",
    "withheld: could be subtracted",
    "new questions left. Asking the same again costs none",
    "fewer than 5 samples on one side",
    "Name to show",
    "No file waits",
    "It belongs to no sample",
    "samples are before yours",
    "This page changes by itself",
    "Type its code to see where your sample is and what was found. Nobody asks for your name",
    "Close my result on this screen",
)
"""Texts of screens that said a thing less plainly than it is said now."""
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


def test_replaced_texts_stay_replaced() -> None:
    shown = {p: re.sub(r"\{#.*?#\}", "", p.read_text(encoding="utf-8"), flags=re.DOTALL) for p in _templates()}
    shown |= {p: "\n".join(text for _, text in _said(p) if text not in _docstrings(p)) for p in _modules()}
    assert [(str(p.relative_to(ROOT)), old) for p, text in shown.items() for old in REPLACED if old in text] == []


@cache
def _docstrings(module: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    alone = (node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    return frozenset(each.value for each in alone if isinstance(each.value, str))
