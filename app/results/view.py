"""A result as screens read it: the version, its findings, and who did what. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from app.intake.people import service as people
from app.intake.samples import lookup
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from app.results import repository
from app.results.domain import ChangeReason, State
from app.results.left_open import LeftOpen, left_open_from
from app.results.named import dismissals_from
from app.results.tables import Finding, ResultVersion


@dataclass(frozen=True, slots=True)
class ResultView:
    """One version with its findings. `before`: the version it follows; `names`: person id → display name."""

    result: ResultVersion
    findings: tuple[Finding, ...]
    names: Mapping[uuid.UUID, str]
    before: ResultVersion | None = None
    under_review: bool = False

    @property
    def authors(self) -> str:
        """Everyone who wrote it, the one who began it first."""
        return " and ".join(self.names.get(person, "someone") for person in author_ids(self.result))

    @property
    def verifier(self) -> str:
        """Who verified it, or nothing."""
        return self.names.get(self.result.verifier_id, "") if self.result.verifier_id else ""

    @property
    def releaser(self) -> str:
        """Who released it, or nothing."""
        return self.names.get(self.result.released_by, "") if self.result.released_by else ""

    @property
    def left_open(self) -> tuple[LeftOpen, ...]:
        """Who confirmed that something named stays open."""
        return left_open_from(self.result.left_open)

    @property
    def present(self) -> tuple[Finding, ...]:
        """Findings that say something is there."""
        return tuple(f for f in self.findings if f.abundance != "not_detected")


class ClientState(StrEnum):
    """What a client's screen may say about results of a sample."""

    NONE = "none"
    RELEASED = "released"
    UNDER_REVIEW = "under_review"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class ClientResult:
    """What the client sees now. `changed_at`: since when it differs from what was shown before, if it ever did; `before`:
    that version.

    `reason` is the kind of change, for a fixed sentence on the client's screen; what staff typed stays with the version.
    """

    state: ClientState
    view: ResultView | None = None
    changed_at: datetime | None = None
    reason: ChangeReason | None = None
    before: ResultView | None = None


def author_ids(row: ResultVersion) -> tuple[uuid.UUID, ...]:
    """Anyone who began or edited this version."""
    return (row.author_id, *(uuid.UUID(other) for other in row.co_author_ids))


def views(session: Session, rows: Sequence[ResultVersion]) -> list[ResultView]:
    """Versions with findings and names, in a fixed number of queries."""
    findings = repository.findings_of(session, [row.id for row in rows])
    known = {row.id: row for row in rows}
    for key in {row.supersedes_id for row in rows if row.supersedes_id} - known.keys():
        if row := repository.version_by_id(session, key):
            known[key] = row
    persons = {p for row in rows for p in (*author_ids(row), row.verifier_id, row.released_by)}
    persons |= {one.by for row in rows for one in dismissals_from(row.dismissals)}
    persons |= {one.by for row in rows for one in left_open_from(row.left_open)}
    names = people.display_names(session, persons)
    return [
        ResultView(row, tuple(findings[row.id]), names, known.get(row.supersedes_id) if row.supersedes_id else None)
        for row in rows
    ]


def view(session: Session, row: ResultVersion) -> ResultView:
    """One version with findings and names."""
    return views(session, [row])[0]


def versions(session: Session, sample_id: uuid.UUID) -> list[ResultView]:
    """All versions of a sample, newest first. Scope the sample to its agency before."""
    return views(session, repository.versions_of(session, sample_id))


def latest(session: Session, sample_id: uuid.UUID) -> ResultView | None:
    """The newest version, whatever its state."""
    rows = repository.versions_of(session, sample_id)
    return view(session, rows[0]) if rows else None


def client_result(session: Session, sample_id: uuid.UUID) -> ClientResult:
    """What a client sees: the released version; while it is being amended, the same with a note; or its retraction."""
    rows = repository.versions_of(session, sample_id)
    releases = [row for row in rows if row.released_at is not None]
    if not releases:
        return ClientResult(ClientState.NONE)
    shown = releases[0]
    if shown.state is State.RETRACTED:
        return ClientResult(ClientState.RETRACTED, None, shown.closed_at, shown.change_reason)
    found = view(session, shown)
    if shown.state is State.AMENDED:
        shown_view = ResultView(found.result, found.findings, found.names, found.before, under_review=True)
        return ClientResult(ClientState.UNDER_REVIEW, shown_view, shown.closed_at, shown.change_reason)
    if len(releases) == 1:
        return ClientResult(ClientState.RELEASED, found)
    return ClientResult(
        ClientState.RELEASED, found, shown.released_at, releases[1].change_reason, view(session, releases[1])
    )


def released(session: Session, sample_id: uuid.UUID) -> ResultView | None:
    """The version clients see, or None: not released yet, or retracted. `under_review` while it is being amended."""
    return client_result(session, sample_id).view


def released_of(session: Session, sample_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, ResultView]:
    """The version clients see of each of these samples, in a fixed number of queries; none where it was retracted."""
    query = select(ResultVersion).where(
        col(ResultVersion.sample_id).in_(list(sample_ids)), col(ResultVersion.released_at).is_not(None)
    )
    newest = {row.sample_id: row for row in session.exec(query.order_by(col(ResultVersion.number)))}
    stands = [row for row in newest.values() if row.state is not State.RETRACTED]
    return {found.result.sample_id: found for found in views(session, stands)}


def own(session: Session, actor: Actor, result_id: uuid.UUID, *, lock: bool = False) -> ResultVersion:
    """A version by its id, if its sample is of the actor's agency; else NotFound."""
    row = repository.version_by_id(session, result_id, lock=lock)
    if row is None:
        raise NotFound("result")
    try:
        lookup.get_sample(session, actor, row.sample_id)
    except NotFound as error:
        raise NotFound("result") from error
    return row
