"""Use cases of research projects: write, propose, approve by a second person, withdraw."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from app.figures.exports.domain import APPROVERS, Column, ProjectState, ProjectStep, period_problems, runs, state_words
from app.figures.exports.schemas import ProjectIn
from app.figures.exports.tables import ResearchExtract, ResearchPlacement, ResearchProject
from app.intake.people import service as people
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.kernel.actor import Actor, Role, agency_of
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.platform.kernel.place import day_of
from app.platform.kernel.versions import check_version

_STEPS: dict[ProjectStep, tuple[tuple[ProjectState, ...], str, str]] = {
    ProjectStep.PROPOSE: ((ProjectState.DRAFT,), "Only a draft can be proposed.", ""),
    ProjectStep.SEND_BACK: (
        (ProjectState.PROPOSED,), "Only a proposal can be sent back.", "Say what needs to change."
    ),
    ProjectStep.APPROVE: ((ProjectState.PROPOSED,), "This project does not wait for approval.", ""),
    ProjectStep.WITHDRAW: (
        (ProjectState.DRAFT, ProjectState.PROPOSED, ProjectState.APPROVED),
        "This project is withdrawn already.", "Say why it ends.",
    ),
}  # fmt: skip
"""From which states a step is taken, what is said in any other, and what is said where a reason is asked for."""


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project as this person sees it on this day. `names`: display names by key."""

    row: ResearchProject
    names: dict[uuid.UUID, str]
    state_words: str
    running: bool
    may_change: bool
    may_approve: bool
    may_withdraw: bool
    may_extract: bool


def researchers(session: Session, actor: Actor) -> list[tuple[uuid.UUID, str]]:
    """Who may be named: researchers of the actor's agency whose account is on."""
    found = people.people(session, actor)
    return [(p.id, p.display_name) for p, roles in found if Role.RESEARCHER in roles and p.disabled_at is None]


def page(
    session: Session, actor: Actor, now: datetime, *, before: uuid.UUID | None = None, limit: int = 50
) -> list[ProjectView]:
    """Projects the actor may see, newest first: a researcher's own; all of the agency for those who approve."""
    own = col(ResearchProject.researcher_id) == actor.person_id, col(ResearchProject.created_by) == actor.person_id
    mine = sa.true() if actor.has(*APPROVERS) else sa.or_(*own)
    here = col(ResearchProject.agency_id) == agency_of(actor)
    rows = newest(session, ResearchProject, here, mine, before=before, limit=limit)
    return [view_of(session, actor, row, now) for row in rows]


def get_project(session: Session, actor: Actor, project_id: uuid.UUID, *, lock: bool = False) -> ResearchProject:
    """One project the actor may see. Raises NotFound: foreign, absent and someone else's answer alike.

    `lock` reads it as it is now and holds it until the transaction ends.
    """
    row = row_of(session, ResearchProject, actor.agency_id, project_id, "project", lock=lock)
    if actor.person_id not in (row.researcher_id, row.created_by) and not actor.has(*APPROVERS):
        raise NotFound("project")
    return row


def running(
    session: Session, actor: Actor, project_id: uuid.UUID, now: datetime, *, lock: bool = False
) -> ResearchProject:
    """A project whose extracts this person may have today. Raises NotFound, Forbidden (not its researcher), Conflict."""
    row = get_project(session, actor, project_id, lock=lock)
    if actor.person_id != row.researcher_id or not actor.has(Role.RESEARCHER):
        raise Forbidden("Extracts of a project are made and fetched by its named researcher only.")
    if not runs(row.state, row.starts_on, row.ends_on, day_of(now)):
        raise Conflict(
            "This project does not run today, so there is no extract.",
            hint="It has to be approved, and today has to lie between its first and last day.",
        )
    return row


def view_of(session: Session, actor: Actor, row: ResearchProject, now: datetime) -> ProjectView:
    """A project with what this person may do to it now."""
    today = day_of(now)
    state = row.state
    names = people.display_names(
        session, [row.researcher_id, row.created_by, row.proposed_by, row.approved_by, row.withdrawn_by]
    )
    running = runs(state, row.starts_on, row.ends_on, today)
    return ProjectView(
        row,
        names,
        state_words(state, row.ends_on, today),
        running,
        state is ProjectState.DRAFT,
        state is ProjectState.PROPOSED and not _why_not_approved(actor, row),
        state is not ProjectState.WITHDRAWN,
        running and actor.person_id == row.researcher_id and actor.has(Role.RESEARCHER),
    )


def extracts(session: Session, actor: Actor, project_id: uuid.UUID) -> list[ResearchExtract]:
    """What was made for a project, newest first; without the rows."""
    project = get_project(session, actor, project_id)
    query = select(ResearchExtract).where(ResearchExtract.project_id == project.id)
    query = query.options(defer(ResearchExtract.content))  # type: ignore[arg-type]  # a mapped column, typed as its value
    return list(session.exec(query.order_by(col(ResearchExtract.number).desc())))


def write_project(uow: UnitOfWork, new: ProjectIn) -> ResearchProject:
    """Begin a draft. Raises Invalid with a sentence per field."""
    values = dict(_checked(uow, new))
    author = _person(uow.actor)
    row = ResearchProject(
        agency_id=agency_of(uow.actor), state=ProjectState.DRAFT, authors=[str(author)], created_by=author,
        created_at=uow.now, **values,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    _note(uow, row, "write")
    return row


def change_project(uow: UnitOfWork, project_id: uuid.UUID, version: int, new: ProjectIn) -> ResearchProject:
    """Change a draft. Anyone who changed it is one of its authors. Raises NotFound, Stale, Conflict, Invalid."""
    row = get_project(uow.session, uow.actor, project_id, lock=True)
    check_version("project", version, row.version)
    if row.state is not ProjectState.DRAFT:
        raise Conflict("Only a draft can be changed. Nothing was changed.")
    for name, value in _checked(uow, new):
        setattr(row, name, value)
    row.authors = sorted({*row.authors, str(_person(uow.actor))})
    return _step(uow, row, "change")


def take(uow: UnitOfWork, project_id: uuid.UUID, version: int, step: ProjectStep, reason: str = "") -> ResearchProject:
    """Take one step. Raises NotFound, Forbidden, Stale, Conflict, Invalid where a reason is missing or it is too late."""
    row = get_project(uow.session, uow.actor, project_id, lock=True)
    if (
        step is ProjectStep.APPROVE
        and row.state is ProjectState.PROPOSED
        and (why := _why_not_approved(uow.actor, row))
    ):
        raise Forbidden(why, hint="Ask another session lead or an administrator.")
    if step is ProjectStep.SEND_BACK and not uow.actor.has(*APPROVERS):
        raise Forbidden("Projects are sent back by session leads and administrators.")
    check_version("project", version, row.version)
    sources, otherwise, no_reason = _STEPS[step]
    if row.state not in sources:
        raise Conflict(f"{otherwise} Nothing was changed.")
    if no_reason and not reason:
        raise Invalid("The project has not changed.", fields={"reason": no_reason})
    match step:
        case ProjectStep.PROPOSE:
            row.state, row.proposed_by, row.proposed_at = ProjectState.PROPOSED, _person(uow.actor), uow.now
        case ProjectStep.SEND_BACK:
            row.state = ProjectState.DRAFT
        case ProjectStep.APPROVE:
            if day_of(uow.now) > row.ends_on:
                raise Invalid(
                    "Its last day has passed, so it was not approved.", hint="Send it back and set other days."
                )
            row.state, row.approved_by, row.approved_at = ProjectState.APPROVED, _person(uow.actor), uow.now
        case ProjectStep.WITHDRAW:  # no more extracts, none to be fetched, and where its samples stood is forgotten
            row.state, row.withdrawn_by, row.withdrawn_at = ProjectState.WITHDRAWN, _person(uow.actor), uow.now
            placements = sa.delete(ResearchPlacement).where(col(ResearchPlacement.project_id) == row.id)
            uow.session.connection().execute(placements)
    if step is not ProjectStep.APPROVE:
        row.reason = reason if no_reason else ""
    return _step(uow, row, step.name.lower(), reason)


def _why_not_approved(actor: Actor, row: ResearchProject) -> str:
    """Why this person may not approve; empty when they may. Denied unless everything holds."""
    if not actor.has(*APPROVERS):
        return "Projects are approved by session leads and administrators."
    if str(actor.person_id) in {*row.authors, str(row.created_by), str(row.proposed_by), str(row.researcher_id)}:
        return "You wrote or proposed this project, or are its researcher, so someone else approves it."
    return ""


def _checked(uow: UnitOfWork, new: ProjectIn) -> ProjectIn:
    wrong = period_problems(new.first_month, new.last_month, new.starts_on, new.ends_on, day_of(uow.now))
    if not new.title:
        wrong["title"] = "Give the project a title."
    if not new.purpose:
        wrong["purpose"] = "Enter the question, and why trends cannot answer it."
    if new.researcher_id not in {key for key, _ in researchers(uow.session, uow.actor)}:
        wrong["researcher_id"] = "Choose a researcher of your agency."
    if wrong:
        raise Invalid("The project was not saved. What you typed is still here.", fields=wrong)
    return new.model_copy(update={"columns": [column.value for column in Column if column in new.columns]})


def _step(uow: UnitOfWork, row: ResearchProject, verb: str, reason: str = "") -> ResearchProject:
    row.version += 1
    uow.session.add(row)
    uow.session.flush()
    _note(uow, row, verb, reason)
    return row


def _note(uow: UnitOfWork, row: ResearchProject, verb: str, reason: str = "") -> None:
    after = {
        "state": row.state.value, "researcher": str(row.researcher_id), "columns": row.columns,
        "months": [row.first_month, row.last_month], "days": [row.starts_on.isoformat(), row.ends_on.isoformat()],
    }  # fmt: skip
    audit.record(uow, verb, "research_project", row.id, version=row.version, after=after, reason=reason)


def _person(actor: Actor) -> uuid.UUID:
    if actor.person_id is None:
        raise Forbidden("A project is written and approved by people.")
    return actor.person_id
