"""A page as plain data for programs: messages in reading order, and exactly what the display log would hold.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harm_messages.errors import GateClosed
from harm_messages.page import EmergencyLine, Message, Page


def answer_of(page: Page) -> dict[str, Any]:
    """What a reader sees, self-reported cards included: for memory and for a screen, not for a file that stays."""
    rows = [_row(section, message) for section, message in _sections(page)]
    return {
        "gate": None,
        "outcome": page.outcome.value,
        "verdict": page.verdict.value,
        "locale": page.locale,
        "pack": {
            "id": page.pack_id,
            "version": page.pack_version,
            "digest": page.pack_digest,
            "approved": page.approved,
        },
        "headline": page.headline,
        "told_us": page.told_us,
        "difference": page.difference.text if page.difference is not None else "",
        "top_severity": page.top_severity.value,
        "action": page.action.text if page.action is not None else "",
        "message_ids": [one for row in rows for one in (row["id"], *row["joined"])],
        "messages": rows,
        "emergency": [
            {"number": line.number, "step": line.step, "text": line.text, "message_ids": [m.id for m in line.parts]}
            for line in page.emergency
        ],
        "limits": [m.text for m in page.limits],
        "visible_words": page.visible_words(),
        **_for_staff(page.staff, page.alert_proposals),
        "logged": logged(page),
    }


def closed(gate: GateClosed) -> dict[str, Any]:
    """No page opens: why, no client text, and what staff are asked to do all the same. Nothing is logged, because
    nothing was shown."""
    return {
        "gate": {"code": gate.reason, "text": gate.text},
        "messages": [],
        "message_ids": [],
        **_for_staff(gate.staff, gate.alert_proposals),
        "logged": None,
    }


def _for_staff(staff: Iterable[Any], proposals: Iterable[Any]) -> dict[str, Any]:
    return {
        "staff_actions": [one.action for one in staff],
        "staff": [one.model_dump(mode="json") for one in staff],
        "alert_proposals": [one.model_dump(mode="json") for one in proposals],
    }


def logged(page: Page) -> dict[str, Any]:
    """What the append-only display log holds: never anything that the person said they also take."""
    shown = page.loggable()
    return {
        "pack_digest": shown.pack_digest,
        "locale": shown.locale,
        "messages": [{"id": message_id, "version": version} for message_id, version in shown.display_log],
    }


def _sections(page: Page) -> Iterator[tuple[str, Message]]:
    """Every message with the part of the page it stands in, in reading order."""
    for name, part in page.sections():
        for one in part:
            yield from ((name, m) for m in (one.parts if isinstance(one, EmergencyLine) else (one,)))


def _row(section: str, m: Message) -> dict[str, Any]:
    return {
        "id": m.id,
        "version": m.version,
        "section": section,
        "severity": m.severity.value,
        "severity_word": m.severity_word,
        "slot": m.slot.value,
        "topic": m.topic,
        "rule": m.rule_id,
        "title": m.title,
        "because": m.because,
        "text": m.text,
        "more_text": m.more_text,
        "spoken": m.spoken,
        "locale": m.locale,
        "fallback": m.fallback,
        "machine_drafted": m.machine_drafted,
        "pictogram": m.pictogram.value if m.pictogram is not None else None,
        "origin": m.origin,
        "joined": [message_id for message_id, _ in m.joined],
    }
