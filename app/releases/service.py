"""Use cases of releases: make one, keep it, look a table up in it, prove it. A release is never changed once it is kept."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlmodel import Session

from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, NotFound
from app.platform.kernel.ids import new_id
from app.releases import lookup, repository
from app.releases.building import AUDIENCES, Gathered, Prepared, build, gather
from app.releases.evidence import canonical, pack, sha256, unpack
from app.releases.tables import Release, ReleaseCube, ReleaseEvidence
from app.trends import cube_facts
from app.trends.disclosure.growing import PROGRAMS, Tell
from app.trends.domain import Audience, Dimension, TrendTable
from app.trends.measures import measure_of
from harm_messages import Register

__all__ = [
    "AUDIENCES", "Audience", "Choices", "Gathered", "Prepared", "Release", "build", "choices", "cube_table", "document",
    "gather", "keep", "make", "newest", "of_name", "release", "releases", "withdrawn_since",
]  # fmt: skip

_CITATION = (
    "Drug checking figures, release {number} (samples of {first} to {last}), made {day} with MAST. sha-256 {digest}."
)
_LEVEL = re.compile(r"\d{4}\.(\d+)")
_WITHDRAWN = ((10, "fewer than 10"), (50, "10 to 49"))


def newest(session: Session) -> Release | None:
    """The newest release, or None."""
    return repository.newest(session)


def releases(session: Session) -> list[Release]:
    """All of them, the newest first."""
    return repository.all_of_them(session)


def release(session: Session, release_id: uuid.UUID) -> Release:
    """One of them. Raises NotFound."""
    row = session.get(Release, release_id)
    if row is None:
        raise NotFound("release")
    return row


def of_name(session: Session, name: str) -> Release:
    """By its number (2026.2) or its key. Raises NotFound."""
    row = repository.by_number(session, name)
    if row is None:
        try:
            return release(session, uuid.UUID(name))
        except ValueError:
            raise NotFound("release") from None
    return row


def make(
    uow: UnitOfWork,
    register: Register,
    *,
    note: str = "",
    programs: float = PROGRAMS,
    tell: Tell = lambda *_: None,
) -> Release:
    """Gather, build and keep in one transaction. A job gathers and builds before it, so that no other writer waits."""
    return keep(uow, build(gather(uow.session, register, uow.now, tell), programs=programs, tell=tell), note=note)


def keep(uow: UnitOfWork, made: Prepared, *, note: str = "") -> Release:
    """Write a prepared release. Raises Conflict where a sample was withdrawn while it was being made."""
    _still_there(uow.session, made)
    before = repository.newest(uow.session)
    number = _next_number(uow)
    cubes = {audience: canonical(content) for audience, content in made.documents.items()}
    first, last = made.months
    row = Release(
        id=new_id(), number=number, made_at=uow.now, made_by=uow.actor.person_id, first_month=first, last_month=last,
        facts_digest=made.facts_digest, content_digest="", counts=made.counts, definitions=made.definitions,
        protection=made.protection, citation="", supersedes=before.id if before else None, note=note[:500],
    )  # fmt: skip
    row.content_digest = digest_of(row, {audience.value: sha256(text) for audience, text in cubes.items()})
    row.citation = _CITATION.format(
        number=number, first=first, last=last, day=f"{uow.now:%Y-%m-%d}", digest=row.content_digest
    )
    uow.session.add(row)
    uow.session.flush()
    for audience, text in cubes.items():
        uow.session.add(
            ReleaseCube(
                release_id=row.id, audience=audience.value, sha256=sha256(text), content=made.documents[audience]
            )
        )
    content = pack(made.evidence)
    uow.session.add(ReleaseEvidence(release_id=row.id, sha256=sha256(content), content=content))
    uow.session.flush()
    after = {"number": number, "months": [first, last], "content_digest": row.content_digest}
    audit.record(uow, "make", "release", row.id, after=after)
    return row


def digest_of(row: Release, cubes: Mapping[str, str]) -> str:
    """The digest of a release: of its cubes' digests and of what is said about it."""
    about = {
        "number": row.number, "months": [row.first_month, row.last_month], "facts": row.facts_digest,
        "counts": row.counts, "definitions": row.definitions, "protection": row.protection, "note": row.note,
        "cubes": dict(cubes),
    }  # fmt: skip
    return sha256(canonical(about))


def _still_there(session: Session, made: Prepared) -> None:
    now = cube_facts.keys(session, *made.months)
    if not np.isin(made.evidence.facts.keys, now).all():
        raise Conflict(
            "A sample was taken out of the figures while the release was being made. Nothing was released.",
            hint="Make it again: it will be without that sample.",
        )


def _next_number(uow: UnitOfWork) -> str:
    used = [_LEVEL.fullmatch(number) for number in repository.numbers(uow.session, uow.now.year)]
    return f"{uow.now.year}.{max((int(m[1]) for m in used if m), default=0) + 1}"


def document(session: Session, row: Release, audience: Audience) -> dict[str, Any]:
    """The whole cube of an audience, for packaging. Raises NotFound."""
    held = repository.cube(session, row.id, audience.value)
    if held is None:
        raise NotFound("cube")
    return held.content


def _book(session: Session, row: Release, audience: Audience) -> lookup.Book:
    held = repository.cube(session, row.id, audience.value)
    if held is None:
        raise NotFound("cube")
    return lookup.book(audience.value, held.sha256, held.content)


def cube_table(
    session: Session,
    row: Release,
    audience: Audience,
    by: Sequence[Dimension],
    where: Mapping[Dimension, str],
    found: str = "",
) -> TrendTable:
    """A table of a release: how many samples, or with `found` the share in which a class was found. Raises Invalid."""
    there = _book(session, row, audience)
    split = tuple(dict.fromkeys(by))
    lookup.check(split, where, found, there)
    return TrendTable(
        measure=measure_of("found" if found else "samples"),
        dimensions=split,
        audience=audience,
        filters={d.value: value for d, value in where.items()},
        found=found,
        made_at=row.made_at,
        rows=tuple(lookup.rows(there, audience, split, where, found)),
    )


@dataclass(frozen=True, slots=True)
class Choices:
    """What a look-up may name. The same for every audience of a release."""

    months: list[str]
    quarters: list[str]
    years: list[str]
    regions: list[str]
    expected: list[str]
    found: list[str]


def choices(session: Session, row: Release, audience: Audience) -> Choices:
    """Values for the form of a page."""
    there = _book(session, row, audience)
    return Choices(
        months=there.labels(Dimension.MONTH),
        quarters=there.labels(Dimension.QUARTER),
        years=there.labels(Dimension.YEAR),
        regions=there.labels(Dimension.REGION),
        expected=there.labels(Dimension.EXPECTED),
        found=list(there.document["found"]),
    )


def withdrawn_since(session: Session, row: Release) -> str:
    """How many of its samples have left the figures since, in three bands; empty where it cannot be known.

    Anybody may ask at any minute: in steps of five, each step would date the withdrawal of one sample.
    """
    held = repository.evidence(session, row.id)
    if held is None:
        return ""
    then = unpack(held.content).facts.keys
    gone = int((~np.isin(then, cube_facts.keys(session, row.first_month, row.last_month))).sum())
    return next((words for below, words in _WITHDRAWN if gone < below), "50 or more")
