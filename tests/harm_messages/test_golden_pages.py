"""The worked cases as whole pages, each reviewed line by line against the table in messages.md.

After a change of wording: MAST_WRITE_GOLDEN=1 pytest tests/harm_messages/test_golden_pages.py, then read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harm_messages import Page, evaluate
from tests.harm_messages.message_cases import CASES, NOW, pack_of

GOLDEN = Path(__file__).parent / "golden"


def page_of(case: str) -> Page:
    facts, context = CASES[case]
    return evaluate(pack_of(case), facts, context, "en", NOW)


def as_text(page: Page) -> str:
    staff = ", ".join(page.staff_actions) or "nothing"
    alerts = "".join(f"ALERT {a.tier}{' (held)' if a.held else ''}: {a.evidence}\n" for a in page.alert_proposals)
    cards = ", ".join(f"{m.severity} {m.slot} {m.id}" for m in page.cards) or "none"
    logged = ", ".join(f"{message} {version}" for message, version in page.display_log)
    verdict = f"VERDICT: {page.verdict.value} · OUTCOME: {page.outcome.value} · WORDS: {page.visible_words()}"
    return f"{page.to_plain()}\nCARDS: {cards}\nLOGGED: {logged}\nSTAFF: {staff}\n{alerts}{verdict}\n"


@pytest.mark.parametrize("case", CASES)
def test_worked_case_gives_exactly_the_reviewed_page(case: str) -> None:
    file = GOLDEN / f"{case}.txt"
    text = as_text(page_of(case))
    if os.environ.get("MAST_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
