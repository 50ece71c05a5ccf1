"""What someone may have meant who typed or scanned into Find: a ticket, the label of a bag, the number of a sample, or a
substance. And what there is of it that this person may see."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlencode

from sqlmodel import Session

from app.intake.samples import queue, substances, tickets
from app.intake.sessions import service as sessions
from app.laboratory.library import service as libraries
from app.laboratory.library.registry import LibraryRegistry
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.place import local
from app.platform.kernel.sample_numbers import BLOCK, number_written
from app.results.where_found import samples_where_found
from app.screens.navigation import BENCH
from harm_messages.register import Match, Register

TELLERS = frozenset({Role.HEALTH_WORKER, Role.SESSION_LEAD})
"""Who may go from a client's ticket to the sample."""
READS_LIBRARIES = BENCH | {Role.HEALTH_WORKER, Role.RESEARCHER, Role.ADMIN}
MOST_ROWS = 50
LOOKED_THROUGH = 2_000
"""A library with more entries than this is offered as a search, not looked through for one field."""
_NUMBER = re.compile(r"#?\s*(\d{1,6})")
_LABEL = re.compile(r"\S*/samples/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?", re.IGNORECASE)
"""What a scanner reads from the label of a bag (app/screens/reception/labels_page.py), whatever name the server had then."""
_SEPARATORS = re.compile(r"[\s\-–—_.·]+")


class Kind(StrEnum):
    """What was typed."""

    NOTHING = "nothing"
    TICKET = "ticket"
    LABEL = "label"
    NUMBER = "number"
    WORDS = "words"


def kind_of(typed: str, register: Register) -> Kind:
    """A ticket is taken for one also with a wrong letter in it, as long as it is the name of nothing."""
    text = typed.strip()
    if not text:
        return Kind.NOTHING
    if label_in(text) is not None:
        return Kind.LABEL
    number = number_in(text)
    if number is not None and (number < BLOCK or not register.search(text, 1)):  # DF118 is a name of dihydrocodeine
        return Kind.NUMBER
    bare = _SEPARATORS.sub("", text.rsplit("#", 1)[-1])
    if tickets.is_valid(bare.upper()):
        return Kind.TICKET
    nearly = abs(len(bare) - tickets.LENGTH) <= 1 and bare.isalnum() and any(c.isdigit() for c in bare)
    return Kind.TICKET if nearly and not register.search(text, 1) else Kind.WORDS


def label_in(typed: str) -> uuid.UUID | None:
    """The key of the sample whose label was scanned."""
    found = _LABEL.fullmatch(typed.strip())
    return uuid.UUID(found[1]) if found else None


def number_in(typed: str) -> int | None:
    """The number of a sample in 010, #010, 10 or B07."""
    found = _NUMBER.fullmatch(typed.strip())
    return int(found[1]) if found else number_written(typed.strip().removeprefix("#"))


@dataclass(frozen=True, slots=True)
class Door:
    """A page to open."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class FoundSample:
    """A sample as a row of the answer. `where`: its form, when it came and to which session, to know it by without its ticket. `why`: what it has to do with what was asked."""

    number: int
    where: str
    expected: str
    state: str
    why: str
    doors: tuple[Door, ...]


@dataclass(frozen=True, slots=True)
class FoundSubstance:
    """A substance as it was understood, with what people call it, its samples and where libraries have it."""

    name: str
    called: str
    samples: tuple[FoundSample, ...]
    more: int
    entries: tuple[Door, ...]


def doors(actor: Actor, sample_id: uuid.UUID) -> tuple[Door, ...]:
    """Pages of a sample this person may open, the one their work is on first."""
    found = [
        Door("Bench", f"/bench/samples/{sample_id}") if actor.has(*BENCH) else None,
        Door("Consultation", f"/consultations/samples/{sample_id}") if actor.has(*TELLERS) else None,
        Door("Sample details", f"/samples/{sample_id}"),
    ]
    offered = [door for door in found if door is not None]
    if actor.has(Role.SESSION_LEAD) and not actor.has(Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER):
        offered.reverse()  # a lead asks how far it has come
    return tuple(offered)


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples of the sessions that are looked through."""

    checking: dict[uuid.UUID, sessions.CheckingSession]
    rows: tuple[tuple[uuid.UUID, queue.QueueRow], ...]


def rows_of(session: Session, actor: Actor, chosen: Sequence[sessions.CheckingSession]) -> Rows:
    """Every sample of these sessions, withdrawn ones too."""
    found = [(s.id, row) for s in chosen for row in queue.queue(session, actor, s.id, everything=True)]
    return Rows({s.id: s for s in chosen}, tuple(found))


def samples_numbered(rows: Rows, actor: Actor, register: Register, number: int) -> list[FoundSample]:
    """Those with this number, one of each session."""
    hits = [(key, row) for key, row in rows.rows if row.number == number]
    return [_found(rows, actor, register, key, row, "") for key, row in hits]


def _found(
    rows: Rows, actor: Actor, register: Register, session_id: uuid.UUID, row: queue.QueueRow, why: str
) -> FoundSample:
    named = ", ".join(substances.labels(register, row.expected)) or row.words_spoken or "not known"
    came = f"{row.form.value.replace('_', ' ')} · {local(row.received_at):%H:%M} · {rows.checking[session_id].name}"
    return FoundSample(row.number, came, named, row.state, why, doors(actor, row.id))


def meant(register: Register, words: str) -> list[Match]:
    """What the words may mean: an exact reading; where there is none, what begins like it or holds it."""
    return register.resolve(words) or register.search(words, 5)


def substances_found(
    session: Session, actor: Actor, register: Register, rows: Rows, registry: LibraryRegistry, words: str
) -> list[FoundSubstance]:
    """Each thing the words may mean, with the samples expected to be it, for the bench also those it was found in."""
    return [_substance(session, actor, register, rows, registry, match) for match in meant(register, words)]


def _substance(
    session: Session, actor: Actor, register: Register, rows: Rows, registry: LibraryRegistry, match: Match
) -> FoundSubstance:
    ids = _ids(register, match)
    found = _found_in(session, actor, rows, ids)
    hits = [
        _found(rows, actor, register, key, row, _why(row.id in found, bool(ids & set(row.expected))))
        for key, row in rows.rows
        if row.id in found or ids & set(row.expected)
    ]
    called = ", ".join(match.also[:6])
    name = register[match.id].name if match.id in register else match.label
    more = max(0, len(hits) - MOST_ROWS)
    return FoundSubstance(name, called, tuple(hits[:MOST_ROWS]), more, tuple(_entries(actor, registry, name)))


def _ids(register: Register, match: Match) -> set[str]:
    """The register ids a match stands for: a class with its members, a word for several with what it covers."""
    if match.id in register:
        return {match.id}
    intent = register.intents.get(match.id)
    covered = set(intent.covers) if intent is not None else {one.id for one in register.members(match.id)}
    return {match.id, *covered}


def _found_in(session: Session, actor: Actor, rows: Rows, ids: set[str]) -> set[uuid.UUID]:
    """Findings are read at the bench; elsewhere a result is told as the client's page, not as a list."""
    if not actor.has(*BENCH) or not rows.rows:
        return set()
    return samples_where_found(session, [row.id for _, row in rows.rows], ids)


def _why(found: bool, expected: bool) -> str:
    if found and expected:
        return "found, as expected"
    return "found" if found else "expected"


def _entries(actor: Actor, registry: LibraryRegistry, name: str) -> Iterable[Door]:
    """Where this person's libraries have the substance: the entry itself, or in a large library the search for it."""
    if not actor.has(*READS_LIBRARIES):
        return
    for one in registry.of(actor.agency_id).all():
        address = f"/libraries/{quote(one.key)}"
        if len(one) > LOOKED_THROUGH:
            yield Door(f"Search {one.name}", f"{address}?{urlencode({'q': name})}")
            continue
        hits, _ = libraries.entries(registry.of(actor.agency_id), one.key, name, limit=20)
        exact = next((hit for hit in hits if hit.substance.casefold() == name.casefold()), None)
        if exact is not None:
            yield Door(one.name, f"{address}/entries/{exact.number}")
