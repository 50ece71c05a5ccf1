"""What a step of a result means for those who tell: tasks for what is asked of staff, and for a danger added later.

Staff are asked behind a closed gate too: the danger does not depend on whether a page may open. It follows every step
of a result, in its transaction (app/reactions.py). Imports nothing that imports app.results.service.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from pydantic import JsonValue
from sqlmodel import Session

from app.care.consultations import facts, related_facts, repository
from app.care.consultations.domain import ShownTo
from app.intake.people import service as people
from app.intake.samples import service as samples
from app.intake.tasks import service as tasks
from app.intake.tasks.service import TaskKind
from app.platform.db import UnitOfWork
from app.platform.kernel.place import local
from app.platform.kernel.sample_numbers import sample_number
from app.results.domain import Action
from app.results.grounds import frozen
from app.results.loading import StepTaken
from app.results.view import ResultView
from harm_messages import Context, Facts, GateClosed, HarmMessageError, Pack, Page, Severity, evaluate
from harm_messages.derived import class_plain, derive
from harm_messages.staffing_types import AlertProposal, StaffAction
from harm_messages.types import LicenceMode

if TYPE_CHECKING:
    from app.results.tables import ResultVersion

ASKS = (Action.SUBMIT, Action.VERIFY, Action.RELEASE)
# Staff act on every result, also where the licence lets nobody be told.
FOR_STAFF = Context(licence_mode=LicenceMode.FOH_GENERAL, released=True)
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

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Read:
    """One version as the rules read it, without alerts and without what staff did to its page."""

    view: ResultView
    facts: Facts
    page: Page

    def dangers(self, pack: Pack) -> set[str]:
        """Classes of what is always warned of, as it stands in this version."""
        seen = derive(pack, self.facts, FOR_STAFF).seen
        return {s.drug_class or s.name for s in seen if s.always_warn}


def after_step(uow: UnitOfWork, step: StepTaken) -> None:
    """Open the tasks that follow from this step. A result the pack has no words for is a task too, never an error."""
    row, action, pack, every = step.row, step.action, step.pack, step.every
    if action not in ASKS:
        return
    sample = step.there.sample
    view = next(v for v in every if v.result.id == row.id)
    made = facts.facts_of(view, pack)
    made = related_facts.for_staff(uow.session, sample, made, pack, uow.now).to(made)
    try:
        now_read = _read(pack, view, made, uow.now)
    except GateClosed as shut:
        # no pack is in force: no page may open, and what is to be done is to be done all the same
        _ask_staff(uow, sample, row, shut, "", pack)
        return
    except HarmMessageError as error:
        _log.error("no_words_for_result", sample_id=str(sample.id), error=type(error).__name__)
        words = f"The message pack has no words for what was found in sample {sample_number(sample.number)}. Its client is told in person."
        tasks.open_once(uow, sample, TaskKind.TELL_LEAD, f"no_words@{row.number}", words, result_id=row.id)
        return
    _ask_staff(uow, sample, row, now_read.page, now_read.page.headline, pack)
    if action is Action.RELEASE:
        told = [v for v in every if v.result.released_at is not None and v.result.number < row.number]
        if told:
            _compare(uow, sample, told[0], now_read, pack)


def _read(pack: Pack, view: ResultView, made: Facts, now: datetime) -> _Read:
    return _Read(view, made, evaluate(pack, made, FOR_STAFF, pack.manifest.default_locale, now))


# -- what is asked of staff ------------------------------------------------------------------------------------


def _ask_staff(
    uow: UnitOfWork, sample: samples.Sample, row: ResultVersion, asked: Page | GateClosed, headline: str, pack: Pack
) -> None:
    """One task for each thing asked, on an open page or behind a closed gate, and a new one when something else asks it in
    a later version."""
    names = {one.action.partition(":")[0] for one in asked.staff}
    if strange := sorted(names - set(_WORDS) - NO_TASK - ALERTS - {"tell_lead_now"}):  # of a newer pack
        _log.warning("unknown_staff_actions", actions=strange)
    known = "" if row.verified_at is not None else " This is not verified yet."
    snapshot = frozen(row)
    methods = {one.method.value: one.title for one in (snapshot.scope if snapshot else ())}
    each = [
        *lead_tasks(asked.staff, headline, known),
        *alert_tasks(asked.alert_proposals, known),
        *bench_tasks(asked.staff, pack, methods),
    ]
    there = tasks.rows_of_sample(uow.session, sample.id)
    for ask in each:
        _open_or_reword(uow, sample, row, ask, [task for task in there if task.kind is ask.kind])


def _open_or_reword(
    uow: UnitOfWork, sample: samples.Sample, row: ResultVersion, ask: Ask, there: Sequence[tasks.Task]
) -> None:
    """Say an open task about the same thing as it stands now; open one where something asks that has not asked before."""
    causes = set(ask.causes)
    known = {cause for task in there for cause in tasks.causes_of(task)}
    for task in (one for one in there if one.closed_at is None):
        own = tasks.causes_of(task)
        if ask.kind is TaskKind.PROPOSE_ALERT and task.detail.get("tier") == ask.detail["tier"]:
            # the same event at another state of the evidence: the open task says so, and asks no second time
            tasks.reword(uow, task, ask.words, {**ask.detail, "causes": [*sorted(own | causes)]})
            return
        if task.result_id == row.id and own & causes:
            tasks.reword(uow, task, ask.words)  # verified since
    if not causes <= known:
        detail: dict[str, JsonValue] = {"causes": [*sorted(causes)], **ask.detail}
        tasks.open_once(uow, sample, ask.kind, f"{ask.key}@{row.number}", ask.words, result_id=row.id, detail=detail)


# -- a danger added to what was told ----------------------------------------------------------------------------


def _compare(uow: UnitOfWork, sample: samples.Sample, before: ResultView, now_read: _Read, pack: Pack) -> None:
    try:
        old = _read(pack, before, facts.facts_of(before, pack), uow.now)
    except HarmMessageError:
        return  # today's pack cannot say what it was; nothing can be compared
    why = _added(old, now_read, pack)
    if not why:
        return
    shown = shown_to_whom(uow.session, sample, before.result.id)
    words = (
        f"The result of sample {sample_number(sample.number)} was amended, and a danger was added. "
        f"{'Its page was shown before. Find the people who saw it.' if shown else 'Nobody had seen its page before.'}"
    )
    detail: dict[str, JsonValue] = {
        "number": sample.number, "before": old.page.headline, "after": now_read.page.headline, "why": [*why],
        "shown": [*shown],
    }  # fmt: skip
    row = now_read.view.result
    tasks.open_once(uow, sample, TaskKind.AMENDED, f"version {row.number}", words, result_id=row.id, detail=detail)


def _added(old: _Read, new: _Read, pack: Pack) -> list[str]:
    """Why the new version is more dangerous; [] if it is not."""
    why = []
    before, after = old.page.top_severity, new.page.top_severity
    if after.rank < before.rank and after.rank <= Severity.S1.rank:
        why.append(f"the most serious card is {after} now, and was {before}")
    added = sorted(new.dangers(pack) - old.dangers(pack))
    if added:
        names = ", ".join(pack.substances.label(c) if pack.substances.is_class(c) else c for c in added)
        why.append(f"new, and always warned of: {names}")
    return why


def shown_to_whom(session: Session, sample: samples.Sample, told: uuid.UUID) -> list[str]:
    """Who saw the page of this version and when, as sentences for a task; the earliest first."""
    rows = [row for row in reversed(repository.shown(session, sample.id)) if row.result_id == told]
    talks = [row for row in reversed(repository.of_sample(session, sample.id)) if row.result_id == told]
    names = people.display_names(session, [*(row.by_id for row in rows), *(talk.by_id for talk in talks)])
    lines = [
        (row.at, "the client, on their own screen" if row.shown_to == ShownTo.CLIENT else _staff(names, row.by_id))
        for row in rows
    ]
    lines += [(talk.at, f"the client, told in person by {names.get(talk.by_id, 'someone')}") for talk in talks]
    return [f"{who}, {local(at):%-d %b %H:%M}" for at, who in sorted(lines)]


def _staff(names: Mapping[uuid.UUID, str], by: uuid.UUID | None) -> str:
    return f"{names.get(by, 'someone') if by else 'someone'} (staff)"


# -- what is asked of staff, as tasks: which kind, about what, and in which words; what still runs (wait_for) opens none --


@dataclass(frozen=True, slots=True)
class Ask:
    """One task to be there. `key`: what it is about, within its kind; `causes`: why, none of which asks twice."""

    kind: TaskKind
    key: str
    words: str
    causes: tuple[str, ...]
    detail: Mapping[str, JsonValue] = field(default_factory=dict)


def lead_tasks(staff: Iterable[StaffAction], headline: str, known: str) -> list[Ask]:
    """Tell the lead; at most one."""
    said = headline or "No message can be shown for this result now. Look at what was found."
    return [
        Ask(TaskKind.TELL_LEAD, one.action, f"{said}{known}", tuple(f":{cause}" for cause in one.causes))
        for one in staff
        if one.action == "tell_lead_now"
    ][:1]


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
        detail: dict[str, JsonValue] = {"tier": tier, "held": not firm}
        detail |= {"evidence": " ".join(evidence), "lacking": " ".join(lacking)}
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
