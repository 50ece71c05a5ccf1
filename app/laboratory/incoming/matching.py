"""Files that wait, sorted by what their names say: those whose sample is certain, and those a person looks at one by one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.laboratory.incoming import service
from app.laboratory.incoming.domain import IncomingState, OpenSample, Suggestion, suggest
from app.laboratory.incoming.tables import IncomingFile
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, NotFound, Stale

MOST = 200
"""So many files are assigned at one press. More wait for the next."""
WAITING_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """A file that waits and the sample its name carries the number of."""

    row: IncomingFile
    suggestion: Suggestion

    @property
    def token(self) -> str:
        """What a form sends back of it: the file as it was seen, and the sample it was shown with."""
        return f"{self.row.id}.{self.row.version}.{self.suggestion.sample.sample_id}"


@dataclass(frozen=True, slots=True)
class Sorted:
    """Files that wait. `matched`: oldest first; `rest`: newest first."""

    matched: tuple[Match, ...]
    rest: tuple[IncomingFile, ...]


def sort_waiting(
    session: Session, actor: Actor, candidates: Sequence[OpenSample], *, apart: Collection[uuid.UUID] = ()
) -> Sorted:
    """What waits, sorted by its name. `apart`: files a person wants to look at although their names are clear.

    A name that is not certain, a file that cannot be read, and one whose content is there already are left to a person.
    """
    waiting = service.incoming_page(session, actor, state=IncomingState.WAITING, limit=WAITING_SHOWN)
    seen = _contents_assigned(session, actor, {row.sha256 for row in waiting})
    matched: list[Match] = []
    for row in reversed(waiting):
        found = _certain(row, candidates)
        if found is None or row.id in apart or row.sha256 in seen or len(matched) == MOST:
            continue
        seen.add(row.sha256)
        matched.append(Match(row, found))
    chosen = {match.row.id for match in matched}
    return Sorted(tuple(matched), tuple(row for row in waiting if row.id not in chosen))


def _certain(row: IncomingFile, candidates: Sequence[OpenSample]) -> Suggestion | None:
    if row.problem is not None and not row.problem.get("asks"):
        return None
    found = suggest(row.file_name, (c for c in candidates if row.session_id in (None, c.session_id)))
    return found if found is not None and found.certain else None


def _contents_assigned(session: Session, actor: Actor, wanted: Collection[str]) -> set[str]:
    """Which of these contents belong to a sample already, under whatever name they came."""
    query = select(IncomingFile.sha256).where(
        IncomingFile.agency_id == actor.agency_id,
        IncomingFile.state == IncomingState.ATTACHED,
        col(IncomingFile.sha256).in_(list(wanted)),
    )
    return set(session.exec(query))


@dataclass(frozen=True, slots=True)
class Assigned:
    """What became of the files of one press."""

    done: int
    left: int


def assign_matched(begin: Callable[[], UnitOfWork], matches: Sequence[Match], wanted: Collection[str]) -> Assigned:
    """Give each file that still matches as it was seen to its sample, each in a unit of work of its own.

    `wanted`: the tokens a person saw. A file that was decided, changed or matched otherwise since is left as it is, so the
    same press again does nothing.
    """
    done = 0
    for match in matches:
        if match.token not in wanted:
            continue
        try:
            with begin() as uow:
                sample_id = match.suggestion.sample.sample_id
                service.attach(uow, match.row.id, match.row.version, sample_id, by_name=True)
        except (Conflict, NotFound, Stale):
            continue  # someone else was faster; what stands now is on the page
        done += 1
    return Assigned(done, len(wanted) - done)
