"""Reading versions: whose they are, their files, who signed, what was withdrawn."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.care.message_packs import repository
from app.care.message_packs.checking import history_problems
from app.care.message_packs.domain import PackState, missing_signatures
from app.care.message_packs.provider import Packs
from app.care.message_packs.tables import PackSignature, PackVersion, PackWithdrawal
from app.intake.people import service as people
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden, NotFound
from harm_messages import Problem


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version with what stands around it. `authors`: names of those who changed something in it."""

    row: PackVersion
    in_force: bool
    authors: Sequence[str]
    signed: Sequence[PackSignature]
    withdrawn: Sequence[PackWithdrawal]
    missing: str


def agency_of(actor: Actor) -> uuid.UUID:
    """The agency someone acts for. Raises Forbidden where there is none."""
    if actor.agency_id is None:
        raise Forbidden("Message packs belong to an agency, and this account has none.")
    return actor.agency_id


def get_version(
    session: Session, packs: Packs, actor: Actor, version_id: uuid.UUID, *, lock: bool = False
) -> PackVersion:
    """A version of the actor's agency or the shipped one. Raises NotFound, also for a foreign one."""
    row = repository.version_of_agency(session, agency_of(actor), version_id, lock=lock)
    if row is None and version_id == packs.shipped_id:
        return packs.shipped_row()
    if row is None:
        raise NotFound("version")
    return row


def numbered(session: Session, packs: Packs, actor: Actor, number: int) -> PackVersion:
    """A version by its number; 0 is the shipped one. Raises NotFound."""
    if number == 0:
        return get_version(session, packs, actor, packs.shipped_id)
    mine = PackVersion.agency_id == agency_of(actor), PackVersion.number == number
    row = session.exec(select(PackVersion).where(*mine)).first()
    if row is None:
        raise NotFound("version")
    return row


def view_of(session: Session, packs: Packs, actor: Actor, version_id: uuid.UUID, now: datetime) -> VersionView:
    """One version. Raises NotFound."""
    return _views(session, packs, actor, [get_version(session, packs, actor, version_id)], now)[0]


def views_page(
    session: Session, packs: Packs, actor: Actor, now: datetime, *, before: uuid.UUID | None = None, limit: int = 50
) -> list[VersionView]:
    """Versions of the actor's agency, newest first; the shipped one stands at the end."""
    query = select(PackVersion).where(PackVersion.agency_id == agency_of(actor))
    if before is not None:
        query = query.where(col(PackVersion.id) < before)
    rows = list(session.exec(query.order_by(col(PackVersion.id).desc()).limit(limit)))
    if len(rows) < limit:
        rows.append(get_version(session, packs, actor, packs.shipped_id))
    return _views(session, packs, actor, rows, now)


def in_force_view(session: Session, packs: Packs, actor: Actor, now: datetime) -> VersionView:
    """The version in force for the actor's agency."""
    return view_of(session, packs, actor, in_force_id(session, packs, actor, now), now)


def in_force_id(session: Session, packs: Packs, actor: Actor, now: datetime) -> uuid.UUID:
    """The key of the version in force."""
    found = repository.in_force(session, agency_of(actor), now)
    return found[0] if found else packs.shipped_id


def _views(
    session: Session, packs: Packs, actor: Actor, rows: Sequence[PackVersion], now: datetime
) -> list[VersionView]:
    current = in_force_id(session, packs, actor, now)
    marks = repository.signatures(session, rows)
    names = people.display_names(session, {uuid.UUID(one) for row in rows for one in row.authors})
    held = {row.id: [mark for mark in marks if mark.version_id == row.id] for row in rows}
    return [
        VersionView(
            row,
            row.id == current,
            [names.get(uuid.UUID(one), "someone") for one in row.authors],
            held[row.id],
            withdrawals_of(session, actor, row),
            still_missing(row, held[row.id]) if row.state is PackState.IN_REVIEW else "",
        )
        for row in rows
    ]


def still_missing(row: PackVersion, held: Sequence[PackSignature]) -> str:
    """What is missing of the rule of signing, with these signatures that hold; "" when nothing is."""
    authors = {uuid.UUID(one) for one in row.authors}
    return missing_signatures([(mark.person_id, mark.clinician) for mark in held], authors)


def withdrawals_of(session: Session, actor: Actor, row: PackVersion) -> list[PackWithdrawal]:
    """What the actor's agency withdrew from a version; from a shipped pack it stays withdrawn when MAST is updated."""
    key = None if row.state is PackState.SHIPPED else row.id
    return repository.withdrawals(session, agency_of(actor), key)


def parent_of(session: Session, packs: Packs, actor: Actor, row: PackVersion) -> PackVersion | None:
    """The version it was begun from."""
    return None if row.parent_id is None else get_version(session, packs, actor, row.parent_id)


def parent_texts(session: Session, packs: Packs, actor: Actor, row: PackVersion) -> dict[str, str]:
    """The files of the version it was begun from; none where it was begun from nothing."""
    parent = parent_of(session, packs, actor, row)
    return packs.texts_of(session, parent) if parent else {}


def problems_of_history(
    session: Session, packs: Packs, actor: Actor, row: PackVersion, files: dict[str, str], now: datetime
) -> list[Problem]:
    """What the version it was begun from, and the one in force, say about these files."""
    parent = parent_of(session, packs, actor, row)
    if parent is None:
        return []
    current = get_version(session, packs, actor, in_force_id(session, packs, actor, now))
    gone = {
        (one.kind, one.target)
        for version in {parent.id: parent, current.id: current}.values()
        for one in withdrawals_of(session, actor, version)
    }
    return history_problems(files, packs.texts_of(session, parent), gone)
