"""What the screen and the API show of incoming files, with the sample each name speaks of today."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.intake.people import service as people
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.laboratory.incoming import repository
from app.laboratory.incoming.domain import REASON_WORDS, IncomingState, OpenSample, Suggestion, suggest
from app.laboratory.incoming.tables import IncomingFile
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from harm_messages.register import Register


@dataclass(frozen=True, slots=True)
class IncomingView:
    """One file as it is shown. `twins` are names under which the same bytes arrived too."""

    row: IncomingFile
    suggestion: Suggestion | None = None
    sample_label: str = ""
    sender: str = ""
    twins: tuple[str, ...] = ()
    earlier_version: bool = False

    @property
    def message(self) -> str:
        """One sentence: what became of it."""
        if self.row.state is IncomingState.ATTACHED:
            how = ", from its name" if self.row.by_name else ""
            which = f"sample {self.sample_label}" if self.sample_label else "a sample"
            return f"Received and safe; attached to {which}{how}."
        if self.row.state is IncomingState.SET_ASIDE:
            return sent_again_words(self.row)
        if self.row.problem is not None:
            return f"Received and safe, but it cannot be read as it is. {self.row.problem.get('detail', '')}".strip()
        return "Received and safe; it waits to be attached to a sample."


def sent_again_words(row: IncomingFile) -> str:
    """What became of a file that is here already."""
    if row.state is IncomingState.SET_ASIDE:
        why = REASON_WORDS[row.set_aside_reason] if row.set_aside_reason else "no reason given"
        gone = " Its bytes were deleted since." if row.blob_sha256 is None else ""
        return f"{row.file_name} was set aside ({why}).{gone}"
    return f"{row.file_name} arrived before."


def open_samples(
    session: Session,
    actor: Actor,
    now: datetime,
    session_id: uuid.UUID | None = None,
    register: Register | None = None,
) -> list[OpenSample]:
    """Samples a file may belong to: of the sessions that are open now (or of that one), neither told nor withdrawn."""
    found = []
    for s in sessions.sessions_now(session, actor, now):
        if session_id not in (None, s.id):
            continue
        for row in samples.queue(session, actor, s.id, now=now):
            expected = ", ".join(samples.labels(register, row.expected)) if register is not None else ""
            words = ", ".join(filter(None, (expected or row.words_spoken, row.form.value)))
            found.append(OpenSample(row.sample_id, row.number, s.id, s.name, words))
    return found


def get_incoming(session: Session, actor: Actor, incoming_id: uuid.UUID) -> IncomingFile:
    """A file of the actor's agency. Raises NotFound, also for a foreign one."""
    row = repository.file_of_agency(session, actor.agency_id, incoming_id) if actor.agency_id else None
    if row is None:
        raise NotFound("file")
    return row


def incoming_page(
    session: Session,
    actor: Actor,
    *,
    state: IncomingState | None = None,
    arrival: str = "",
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[IncomingFile]:
    """Files of the actor's agency, newest first."""
    if actor.agency_id is None:
        return []
    return repository.page(
        session, actor.agency_id, state=state, arrival_key=arrival, before=before, limit=limit
    )  # fmt: skip


def counts(session: Session, actor: Actor) -> dict[IncomingState, int]:
    """How many files stand where."""
    return repository.count_by_state(session, actor.agency_id) if actor.agency_id else dict.fromkeys(IncomingState, 0)


def views(
    session: Session, actor: Actor, rows: Sequence[IncomingFile], candidates: Sequence[OpenSample]
) -> list[IncomingView]:
    """Rows with what is known around them. The suggestion is today's: a sample told meanwhile is not offered."""
    if not rows or actor.agency_id is None:
        return []
    around = repository.relatives(session, actor.agency_id, rows)
    names = people.display_names(session, (row.received_by for row in rows))
    return [
        IncomingView(
            row=row,
            suggestion=suggestion_for(row, candidates),
            sample_label=_sample_label(session, actor, row),
            sender=names.get(row.received_by, "") if row.received_by else "",
            twins=_twins(row, around),
            earlier_version=any(_came_before(row, other) for other in around),
        )
        for row in rows
    ]


def suggestion_for(row: IncomingFile, candidates: Sequence[OpenSample]) -> Suggestion | None:
    """The sample a waiting file's name speaks of."""
    if row.state is not IncomingState.WAITING:
        return None
    return suggest(row.file_name, (c for c in candidates if row.session_id in (None, c.session_id)))


def _sample_label(session: Session, actor: Actor, row: IncomingFile) -> str:
    if row.sample_id is None:
        return ""
    return f"{samples.get_sample(session, actor, row.sample_id).number:03d}"


def _twins(row: IncomingFile, around: Sequence[IncomingFile]) -> tuple[str, ...]:
    names = {other.file_name for other in around if other.sha256 == row.sha256 and other.id != row.id}
    return tuple(sorted(names)[:3])


def _came_before(row: IncomingFile, other: IncomingFile) -> bool:
    """Whether `other` came earlier from the same place under the same name with other content: the instrument wrote the file anew."""
    same = (other.origin, other.folder, other.file_name) == (row.origin, row.folder, row.file_name)
    return same and other.sha256 != row.sha256 and other.id < row.id
