"""Makes the cubes of a release: counts, protects, audits. Reads only; service.keep writes what comes out.

Public first. Partners may see the public cube too, so what it shows stays shown in theirs, and theirs is audited with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import Session

from app.platform.kernel.errors import Conflict
from app.releases import repository
from app.releases.evidence import Evidence, unpack
from app.trends import cube_facts
from app.trends.disclosure import complementary, growing, sticky
from app.trends.disclosure.cubes import Cube, Publication, family
from app.trends.disclosure.growing import Protected, Tell
from app.trends.disclosure.knowledge import Knowledge
from app.trends.disclosure.linear_audit import WIDTH
from app.trends.domain import LONDON, MIN_DENOMINATOR, MIN_FOR_ZERO, ROUND_TO, Audience
from app.trends.measures import measure_of
from harm_messages import Register

AUDIENCES = (Audience.PUBLIC, Audience.PARTNER)
COMPARED = 24
"""Earlier releases a new one is compared with."""


@dataclass(frozen=True)
class Prepared:
    """A release that is made and not yet kept."""

    evidence: Evidence
    documents: dict[Audience, dict[str, Any]]
    counts: dict[str, Any]
    definitions: dict[str, Any]
    protection: dict[str, Any]
    months: tuple[str, str]
    facts_digest: str


def last_complete_month(now: datetime) -> str:
    """The month before the one that is running, in the service's own time zone."""
    here = now.astimezone(LONDON)
    year, month = (here.year, here.month - 1) if here.month > 1 else (here.year - 1, 12)
    return f"{year}-{month:02d}"


@dataclass(frozen=True)
class Gathered:
    """What is read for a release; nothing more is read after it."""

    facts: cube_facts.CubeFacts
    earlier: list[Evidence]


def gather(session: Session, register: Register, now: datetime, tell: Tell = lambda *_: None) -> Gathered:
    """Count the facts of complete months, and read what earlier releases showed. Raises Conflict."""
    tell("count", 0, 1)
    facts = cube_facts.count(session, register, None, last_complete_month(now))
    if facts is None:
        raise Conflict(
            "There is no sample in a complete month yet, so there is nothing to release.",
            hint="A release holds whole months only: make it when the first month is over.",
        )
    tell("count", 1, 1)
    return Gathered(facts, [unpack(row.content) for row in repository.evidence_of_newest(session, COMPARED)])


def build(gathered: Gathered, *, programs: float = growing.PROGRAMS, tell: Tell = lambda *_: None) -> Prepared:
    """Protect and audit. Takes minutes for large cubes; needs no database. `programs`: most linear programs of 1,000
    unknowns for each audience."""
    facts = gathered.facts
    cube = facts.cube()
    published: dict[Audience, Publication] = {}
    counts: dict[str, Any] = {}
    for audience in AUDIENCES:
        pub = _start(cube, facts, audience, gathered.earlier)
        for wider in published.values():
            pub.fix(wider)
        made = growing.grow(cube, pub, programs, _telling(tell, audience))
        published[audience] = made.pub
        counts[audience.value] = _counts(cube, made)
    return Prepared(
        Evidence(facts, published),
        {audience: document(cube, audience, pub) for audience, pub in published.items()},
        counts,
        {name: _definition(name) for name in ("samples", "found")},
        _protection(programs),
        (cube.axes.months[0], cube.axes.months[-1]),
        facts.digest(),
    )


def _telling(tell: Tell, audience: Audience) -> Tell:
    return lambda what, done, total: tell(f"{what} {audience.value}", done, total)


def _start(cube: Cube, facts: cube_facts.CubeFacts, audience: Audience, earlier: Sequence[Evidence]) -> Publication:
    """Primary suppression and the figures of earlier releases, the oldest first."""
    pub = Publication.first(cube, audience.threshold)
    sums = Knowledge(cube, pub).sums
    for one in earlier:
        before, was = one.facts.cube(), one.published[audience]
        n, f, _ = was.shares(before)
        old = sticky.Earlier(one.facts.marks, was.known_n, was.known_f, n, f)
        sticky.keep(pub, facts.marks, old, sums, Knowledge(before, was).sums)
    return pub


def _counts(cube: Cube, made: Protected) -> dict[str, Any]:
    """What a release says of itself: nothing finer than how much is shown and how much is not."""
    pub = made.pub
    n, _, _ = pub.shares(cube)
    return {
        "samples": int(n[0, 0, 0]) if pub.shown_n[0, 0, 0] else None,
        "counts_of_samples": int(pub.shown_n.sum()),
        "counts_of_found": int(pub.shown_f.sum()),
        "withheld_counts_of_samples": made.withheld_n,
        "withheld_counts_of_found": made.withheld_f,
        "tables": [complementary.table_name(t) for t in family() if t not in made.left_out],
        "tables_left_out": [complementary.table_name(t) for t in made.left_out],
        "programs": made.programs,
        "bounded": made.audit.bounded if made.audit else 0,
    }


def _definition(name: str) -> dict[str, str]:
    measure = measure_of(name)
    return {"title": measure.title, "definition": measure.definition, "version": measure.version}


def _protection(programs: float) -> dict[str, Any]:
    return {
        "thresholds": {audience.value: audience.threshold for audience in AUDIENCES},
        "rounded_to": ROUND_TO,
        "share_from": MIN_DENOMINATOR,
        "zero_from": MIN_FOR_ZERO,
        "audited_width": int(WIDTH),
        "programs": int(programs),
        "version": "1",
    }


def document(cube: Cube, audience: Audience, pub: Publication) -> dict[str, Any]:
    """What may be published, and nothing else: labels and shown counts. What is not in `cells` is not shown.

    A cell: time, region, expected ("" is all of them), samples, and for each class that is published in this table
    [numerator or None, denominator].
    """
    axes = cube.axes
    published = pub.offered_f | pub.shown_f
    n, f, tested = pub.shares(cube)
    cells = []
    for node in zip(*np.nonzero(pub.shown_n), strict=True):
        classes = {
            name: [int(f[(c, *node)]) if pub.shown_f[(c, *node)] else None, int(tested[(c, *node)])]
            for c, name in enumerate(axes.classes)
            if tested[(c, *node)] >= pub.least and published[(c, *node)]
        }
        cells.append([*axes.key_of(node), int(n[node]), classes])
    return {
        "format": "mast-cube/1",
        "audience": audience.value,
        "threshold": pub.least,
        "rounded_to": ROUND_TO,
        "months": list(axes.months),
        "regions": list(axes.regions),
        "expected": list(axes.expected),
        "found": list(axes.classes),
        "cells": cells,
    }
