"""What the messages ask of staff, as tasks in plain English: which kind, about what, and in which words. Pure.

What still runs (wait_for) opens no task: the worklist shows it, and nobody could do it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.tasks.domain import TaskKind
from harm_messages.derived import class_plain
from harm_messages.pack import Pack
from harm_messages.staffing_types import AlertProposal, StaffAction

NO_TASK = frozenset({"wait_for"})
ALERTS = frozenset({"propose_alert", "hold_alert"})
"""Alerts are asked for once per tier, with everything that is proposed for it: see `alert_tasks`."""

# action → kind and what to do; {what}: the target or method it is about, {lot}: as it stands on the strip
_WORDS: dict[str, tuple[TaskKind, str]] = {
    "confirm": (TaskKind.CONFIRM, "Confirm it with a method that names it: {what}."),
    "confirm_finding": (TaskKind.CONFIRM, "One technique is not enough to be sure. Confirm it with an independent one."),
    "second_strip": (TaskKind.STRIP_AGAIN, "Read a second strip for {what}, at the dilution of its leaflet."),
    "repeat_strip": (TaskKind.STRIP_AGAIN, "Repeat the strip for {what} with a new strip. Until then nothing is known of it. Have two people read it."),
    "repeat_strip_diluted_10x": (TaskKind.STRIP_AGAIN, "Dilute ten times more and repeat the strip for {what}: something in this sample can fool it, or it was not diluted as its leaflet says."),
    "repeat_test": (TaskKind.TEST_AGAIN, "{what} gave nothing to rely on. Run it again."),
    "ask_for_more_sample": (TaskKind.MORE_SAMPLE, "There was too little for {what}. Ask whether there is more, and run it again."),
    "review_by_chemist": (TaskKind.REVIEW, "The strip for {what} reacted, and a method that sees it did not see it. Decide which is right. Until then the client is told to act as if it were there, and partners are told nothing."),
    "send_to_laboratory": (TaskKind.SEND_ON, "Nothing here can see {what} in the amounts people take. Send it to a method that can."),
    "strip_lot_recalled": (TaskKind.STRIP_LOT, "A strip of lot {lot} was read, and that lot was recalled. Read another one."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """One task to be there. `key`: what it is about, within its kind; `causes`: why, none of which asks twice."""

    kind: TaskKind
    key: str
    words: str
    causes: tuple[str, ...]
    detail: Mapping[str, Any] = field(default_factory=dict)


def lead_task(staff: Iterable[StaffAction], headline: str, known: str) -> Ask | None:
    """Tell the lead; None where nothing asks for it."""
    action = next((one for one in staff if one.action == "tell_lead_now"), None)
    said = headline or "No message can be shown for this result now. Look at what was found."
    causes = tuple(f":{cause}" for cause in action.causes) if action else ()
    return Ask(TaskKind.TELL_LEAD, "tell_lead_now", f"{said}{known}", causes) if action else None


def alert_tasks(proposals: Sequence[AlertProposal], known: str) -> list[Ask]:
    """One task per tier. It is held only where everything proposed for that tier is; better evidence is another cause."""
    found = []
    for tier in sorted({one.tier for one in proposals}):
        each = [one for one in proposals if one.tier == tier]
        firm = [one for one in each if not one.held]
        stands = firm or each
        evidence = list(dict.fromkeys(one.evidence for one in stands))
        lacking = list(dict.fromkeys(one.lacking for one in stands if one.lacking))
        words = f"{' '.join(evidence)}{known} "
        words += (
            f"The message pack asks for {tier}."
            if firm
            else f"The message pack asks for a draft of {tier} that is held until the evidence is better."
        )
        words += f" Lacking: {' '.join(lacking)}" if lacking else ""
        causes = tuple(f"{tier}:{one.group}:{'held' if one.held else 'now'}:{one.evidence}" for one in stands)
        detail = {"tier": tier, "held": not firm, "evidence": " ".join(evidence), "lacking": " ".join(lacking)}
        found.append(Ask(TaskKind.PROPOSE_ALERT, f"propose_alert:{tier}", words, causes, detail))
    return found


def bench_tasks(staff: Iterable[StaffAction], pack: Pack, methods: Mapping[str, str]) -> list[Ask]:
    """What is to be done about strips, tests and the sample. What is asked of one strip is one task."""
    grouped: dict[tuple[TaskKind, str], list[StaffAction]] = {}
    for one in staff:
        name, _, more = one.action.partition(":")
        if name in _WORDS:
            grouped.setdefault((_WORDS[name][0], more), []).append(one)
    return [
        Ask(
            kind,
            f"{kind}:{more}",
            " ".join(_sentence(one, pack, methods) for one in actions),
            tuple(one.action for one in actions),
        )
        for (kind, more), actions in grouped.items()
    ]


def unknown(staff: Iterable[StaffAction]) -> list[str]:
    """Actions nobody here knows: of a newer pack."""
    names = {one.action.partition(":")[0] for one in staff}
    return sorted(names - set(_WORDS) - NO_TASK - ALERTS - {"tell_lead_now"})


def _sentence(one: StaffAction, pack: Pack, methods: Mapping[str, str]) -> str:
    name, _, more = one.action.partition(":")
    what = methods.get(more) or _label(more, pack)
    said = _WORDS[name][1].format(what=what, lot=more)
    return said[:1].upper() + said[1:]


def _label(target: str, pack: Pack) -> str:
    if target in pack.substances:
        return pack.substances[target].in_sentence
    plural = pack.words(pack.manifest.default_locale).plurals.get(target)
    if plural or pack.substances.is_class(target):
        return plural or class_plain(pack, target)
    return target.replace("_", " ")
