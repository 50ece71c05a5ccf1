"""Messages that no rule emits: what staff may add to a page. A row of the pack's `snippets.yaml` each.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from harm_messages.content import Sourced, Status
from harm_messages.types import BODY_SLOTS, Severity, Slot

SNIPPET_SLOTS = (Slot.SAFER_USE, Slot.NEXT)


class SnippetRow(Sourced):
    """A message that no rule emits: staff add it to one page (`snippet`), or two people to all of a place (`urgent`)."""

    id: str = Field(pattern=r"^SN-[A-Z0-9-]+$")
    message: str
    kind: Literal["snippet", "urgent"] = "snippet"
    severity: Severity = Severity.S4
    slot: Slot = Slot.NEXT
    status: Status


def snippet_complaints(rows: Sequence[SnippetRow]) -> list[tuple[str, str]]:
    """(id, sentence) of rows that stand where a snippet may not stand."""
    wrong = []
    for row in rows:
        if row.kind == "snippet" and (row.slot not in SNIPPET_SLOTS or row.severity.rank < Severity.S3.rank):
            wrong.append((row.id, "a snippet is S3 or S4 and stands under safer_use or next"))
        if row.kind == "urgent" and row.slot not in BODY_SLOTS:
            wrong.append((row.id, "an urgent message is a card: its slot is danger, difference, strength or mixing"))
    return wrong
