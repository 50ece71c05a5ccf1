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
    CONFIRM = "confirm"
    STRIP_AGAIN = "strip_again"
    TEST_AGAIN = "test_again"
    MORE_SAMPLE = "more_sample"
    REVIEW = "review"
    SEND_ON = "send_on"


@dataclass(frozen=True, slots=True)
class KindInfo:
    """How a kind is called, who may tick it off, and whether they say what was done. `urgent`: before all else; the others are
    work for the bench."""

    title: str
    closed_by: frozenset[Role]
    says_what: bool
    asks: str = ""
    urgent: bool = True


_ALL = frozenset({Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD})
_CHEMISTS = frozenset({Role.CHEMIST, Role.VERIFIER})
_BENCH = frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})
KINDS: dict[TaskKind, KindInfo] = {
    TaskKind.TELL_LEAD: KindInfo("Tell the session lead now", _ALL, says_what=False),
    TaskKind.PROPOSE_ALERT: KindInfo("Propose an alert", _BENCH, says_what=True, asks="Why no alert is needed"),
    TaskKind.STRIP_LOT: KindInfo("A strip of a recalled lot was read", _ALL, says_what=False),
    TaskKind.AMENDED: KindInfo(
        "A danger was added to a result", frozenset({Role.SESSION_LEAD}), says_what=True, asks="What was done"
    ),
    TaskKind.REVIEW: KindInfo("Two tests disagree", _CHEMISTS, says_what=True, asks="What was decided"),
    TaskKind.CONFIRM: KindInfo("Confirm it with another test", _BENCH, says_what=False, urgent=False),
    TaskKind.STRIP_AGAIN: KindInfo("Read another strip", _ALL, says_what=False, urgent=False),
    TaskKind.TEST_AGAIN: KindInfo("Repeat a test", _BENCH, says_what=False, urgent=False),
    TaskKind.MORE_SAMPLE: KindInfo("Ask for more of the sample", _ALL, says_what=False, urgent=False),
    TaskKind.SEND_ON: KindInfo("Send it to a laboratory", _BENCH, says_what=False, urgent=False),
}


def why_not_closed(kind: TaskKind, roles: frozenset[Role], words: str) -> str:
    """Why this person may not tick it off so; "" when they may.

    >>> why_not_closed(TaskKind.TELL_LEAD, frozenset({Role.CHEMIST}), "")
    ''
    """
    info = KINDS[kind]
    if not roles & info.closed_by:
        who = {TaskKind.AMENDED: "the session lead", TaskKind.REVIEW: "a chemist"}.get(kind)
        return f"This is for {who} to close." if who else "Your role cannot close this."
    return f"Say briefly: {info.asks.lower()}." if info.says_what and not words else ""
