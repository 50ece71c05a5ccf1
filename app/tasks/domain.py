"""Kinds of tasks, who may tick them off, and what must be said then. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.platform.kernel.actor import Role


class TaskKind(StrEnum):
    """What has to be done."""

    TELL_LEAD = "tell_lead"
    PROPOSE_ALERT = "propose_alert"
    STRIP_LOT = "strip_lot"
    AMENDED = "amended"


@dataclass(frozen=True, slots=True)
class KindInfo:
    """How a kind is called, who may tick it off, and whether they say what was done."""

    title: str
    closed_by: frozenset[Role]
    says_what: bool
    asks: str = ""


_ALL = frozenset({Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD})
_BENCH = frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})
KINDS: dict[TaskKind, KindInfo] = {
    TaskKind.TELL_LEAD: KindInfo("Tell the session lead now", _ALL, says_what=False),
    TaskKind.PROPOSE_ALERT: KindInfo("Propose an alert", _BENCH, says_what=True, asks="Why no alert is needed"),
    TaskKind.STRIP_LOT: KindInfo("A strip of a recalled lot was read", _ALL, says_what=False),
    TaskKind.AMENDED: KindInfo(
        "A danger was added to a result", frozenset({Role.SESSION_LEAD}), says_what=True, asks="What was done"
    ),
}


def why_not_closed(kind: TaskKind, roles: frozenset[Role], words: str) -> str:
    """Why this person may not tick it off so; "" when they may.

    >>> why_not_closed(TaskKind.TELL_LEAD, frozenset({Role.CHEMIST}), "")
    ''
    """
    info = KINDS[kind]
    if not roles & info.closed_by:
        return (
            "This is for the session lead to close." if kind is TaskKind.AMENDED else "Your role does not close this."
        )
    return f"Say it in a few words: {info.asks.lower()}." if info.says_what and not words else ""
