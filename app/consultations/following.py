"""What a step of a result means for those who tell: tasks for what its rules ask of staff, and for a danger added later.

Asked by app.results after every step, in its transaction. Imports nothing that imports app.results.service.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session

from app.consultations import facts, repository
from app.consultations.domain import ShownTo
from app.people import service as people
from app.platform.db import UnitOfWork
from app.results.derivation import scope_fact
from app.results.domain import Action
from app.results.grounds import frozen
from app.results.view import ResultView, versions
from app.samples import service as samples
from app.tasks import service as tasks
from app.tasks.service import TaskKind
from harm_messages import Context, Facts, GateClosed, HarmMessageError, Pack, Page, Severity, evaluate
from harm_messages.derived import derive
from harm_messages.types import LicenceMode

if TYPE_CHECKING:
    from app.results.tables import ResultVersion

PLACE = ZoneInfo("Europe/London")
ASKS = (Action.SUBMIT, Action.VERIFY, Action.RELEASE)
# Staff act on every result, also where the licence lets nobody be told.
FOR_STAFF = Context(licence_mode=LicenceMode.FOH_GENERAL, released=True)
_ACTIONS = {
    "tell_lead_now": TaskKind.TELL_LEAD, "propose_alert": TaskKind.PROPOSE_ALERT,
    "strip_lot_recalled": TaskKind.STRIP_LOT,
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


def after_step(uow: UnitOfWork, row: ResultVersion, action: Action, pack: Pack) -> None:
    """Open the tasks that follow from this step. A result the pack has no words for is a task too, never an error."""
    if action not in ASKS:
        return
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    every = versions(uow.session, row.sample_id)
    view = next(v for v in every if v.result.id == row.id)
    try:
        now_read = _read(pack, view, uow.now)
    except GateClosed:
        return  # no pack is in force: every page says so already
    except HarmMessageError as error:
        _log.error("no_words_for_result", sample_id=str(sample.id), error=type(error).__name__)
        words = f"The message pack has no words for what was found in sample #{sample.number:03d}. Its client is told in person."
        tasks.open_once(uow, sample, TaskKind.TELL_LEAD, f"no_words@{row.number}", words, result_id=row.id)
        return
    _ask_staff(uow, sample, row, now_read.page, pack)
    if action is Action.RELEASE:
        told = [v for v in every if v.result.released_at is not None and v.result.number < row.number]
        if told:
            _compare(uow, sample, told[0], now_read, pack)


def _read(pack: Pack, view: ResultView, now: datetime) -> _Read:
    stood_on = frozen(view.result)
    assert stood_on is not None, "only what was submitted is read"
    made = facts.facts_of(stood_on, view.findings, [scope_fact(one) for one in stood_on.scope], pack)
    return _Read(view, made, evaluate(pack, made, FOR_STAFF, pack.manifest.default_locale, now))


# -- what rules ask of staff ------------------------------------------------------------------------------------


def _ask_staff(uow: UnitOfWork, sample: samples.Sample, row: ResultVersion, page: Page, pack: Pack) -> None:
    """One task for each thing asked, and a new one when another rule asks it in a later version."""
    spoke = {m.rule_id for m in page.messages() if m.rule_id}
    there = tasks.rows_of_sample(uow.session, sample.id)
    for action in page.staff_actions:
        name, _, more = action.partition(":")
        kind = _ACTIONS.get(name)
        if kind is None:
            _log.warning("unknown_staff_action", action=action)
            continue
        causes = sorted(f"{more}:{r.id}" for r in pack.rules if action in r.staff_action and r.id in spoke) or [action]
        words = _asked(row, page, kind, more)
        for task in there:
            if task.kind is kind and task.result_id == row.id and set(causes) & set(task.detail.get("causes", ())):
                tasks.reword(uow, task, words)  # verified since
        known = {cause for task in there if task.kind is kind for cause in task.detail.get("causes", ())}
        if not set(causes) <= known:
            detail = {"causes": causes, **({"tier": more} if kind is TaskKind.PROPOSE_ALERT else {})}
            cause = f"{action}@{row.number}"
            tasks.open_once(uow, sample, kind, cause, words, result_id=row.id, detail=detail)


def _asked(row: ResultVersion, page: Page, kind: TaskKind, more: str) -> str:
    if kind is TaskKind.STRIP_LOT:
        return f"A strip of lot {more} was read, and that lot was recalled. Read another one."
    known = "" if row.verified_at is not None else " This is not verified yet."
    wanted = f" The message pack asks for {more}." if kind is TaskKind.PROPOSE_ALERT else ""
    return f"{page.headline}{known}{wanted}"


# -- a danger added to what was told ----------------------------------------------------------------------------


def _compare(uow: UnitOfWork, sample: samples.Sample, before: ResultView, now_read: _Read, pack: Pack) -> None:
    try:
        old = _read(pack, before, uow.now)
    except HarmMessageError:
        return  # today's pack cannot say what it was; nothing can be compared
    why = _added(old, now_read, pack)
    if not why:
        return
    shown = shown_to_whom(uow.session, sample, [before])
    words = (
        f"Sample #{sample.number:03d}: the result was amended, and a danger was added. "
        f"{'Its page was shown before: find whoever saw it.' if shown else 'Nobody had seen its page before.'}"
    )
    detail = {
        "number": sample.number, "before": old.page.headline, "after": now_read.page.headline, "why": why,
        "shown": shown,
    }  # fmt: skip
    row = now_read.view.result
    tasks.open_once(uow, sample, TaskKind.AMENDED, f"version {row.number}", words, result_id=row.id, detail=detail)


def _added(old: _Read, new: _Read, pack: Pack) -> list[str]:
    """Why the new version is more dangerous; [] if it is not."""
    why = []
    before, after = old.page.top_severity, new.page.top_severity
    if after.rank < before.rank and after.rank <= Severity.S1.rank:
        why.append(f"the gravest card is {after} now; it was {before}")
    added = sorted(new.dangers(pack) - old.dangers(pack))
    if added:
        names = ", ".join(pack.substances.label(c) if pack.substances.is_class(c) else c for c in added)
        why.append(f"new, and always warned of: {names}")
    return why


def shown_to_whom(session: Session, sample: samples.Sample, told: Sequence[ResultView]) -> list[str]:
    """Who saw the page of these versions and when, as sentences for a task; the earliest first."""
    keys = {view.result.id for view in told}
    rows = [row for row in reversed(repository.shown(session, sample.id)) if row.result_id in keys]
    talks = [row for row in reversed(repository.of_sample(session, sample.id)) if row.result_id in keys]
    names = people.display_names(session, [*(row.by_id for row in rows), *(talk.by_id for talk in talks)])
    lines = [
        (row.at, "the client, on their own screen" if row.shown_to == ShownTo.CLIENT else _staff(names, row.by_id))
        for row in rows
    ]
    lines += [(talk.at, f"the client, told in person by {names.get(talk.by_id, 'somebody')}") for talk in talks]
    return [f"{who}, {at.astimezone(PLACE):%-d %b %H:%M}" for at, who in sorted(lines)]


def _staff(names: Mapping[uuid.UUID, str], by: uuid.UUID | None) -> str:
    return f"{names.get(by, 'somebody') if by else 'somebody'} (staff)"
