"""What a session's report counts of results: the version that stands for each sample, and what it names; and for its board, who
has a sample in hand. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.laboratory.identification.domain import only_quick
from app.results import repository
from app.results.domain import State
from app.results.tables import ResultVersion
from harm_messages.vocabulary import FindingRole, Verdict


@dataclass(frozen=True, slots=True)
class Named:
    """A substance or class found well enough to be counted, and its role beside what was expected."""

    found: str
    role: FindingRole


@dataclass(frozen=True, slots=True)
class ResultFact:
    """The result of one sample. `verdict` None: none stands (not out yet, or retracted). `reacted`: what only a strip or a
    colour test points to: it was not found, and nobody counts it."""

    sample_id: uuid.UUID
    verdict: Verdict | None
    retracted: bool
    found: tuple[Named, ...] = ()
    reacted: tuple[str, ...] = ()


def facts_of_samples(
    session: Session, sample_ids: Iterable[uuid.UUID], *, individual_results: bool
) -> dict[uuid.UUID, ResultFact]:
    """By sample: the newest version that was released; back of house, where nothing is, the newest that was verified."""
    out = col(ResultVersion.released_at) if individual_results else col(ResultVersion.verified_at)
    query = select(ResultVersion).where(col(ResultVersion.sample_id).in_(list(sample_ids)), out.is_not(None))
    newest = {row.sample_id: row for row in session.exec(query.order_by(col(ResultVersion.number)))}
    stands = (State.RELEASED, State.AMENDED) if individual_results else (State.VERIFIED,)
    findings = repository.findings_of(session, [row.id for row in newest.values() if row.state in stands])
    return {
        key: ResultFact(
            key,
            (row.verdict or Verdict.INCONCLUSIVE) if row.state in stands else None,
            row.state is State.RETRACTED,
            tuple(Named(f.named, f.role) for f in findings.get(row.id, ()) if f.counts and not only_quick(f.methods)),
            tuple(f.named for f in findings.get(row.id, ()) if f.counts and only_quick(f.methods)),
        )
        for key, row in newest.items()
    }


@dataclass(frozen=True, slots=True)
class Hand:
    """How far the newest version of a sample's result is, who wrote it, and who verified it."""

    state: State
    author_id: uuid.UUID
    verifier_id: uuid.UUID | None


def hands_of(session: Session, sample_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Hand]:
    """By sample, of those that have a result in any state."""
    names = ("sample_id", "state", "author_id", "verifier_id")
    query = sa.select(*(col(getattr(ResultVersion, name)) for name in names))
    query = query.where(col(ResultVersion.sample_id).in_(list(sample_ids))).order_by(col(ResultVersion.number))
    rows = session.connection().execute(query)  # the newest comes last and stays
    return {row.sample_id: Hand(State(row.state), row.author_id, row.verifier_id) for row in rows}
