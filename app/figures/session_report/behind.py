"""Whose samples stand behind each figure of a report to pass on, so that two reports can be compared. Pure.

A figure has a name, which stands beside its cell (sheets.Sheet.marks). Behind it stand samples, each by a short hash of
its key, with what it adds: "1" to a number of samples, who ticked something to a number of people, its wait to a median.
Figures of one kind add alike, so that one can be compared with another; those of two kinds never look near each other.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from app.care.consultations.domain import Intention, Moment, Referral
from app.care.consultations.session_facts import TalkFact
from app.figures.session_report.counting import UNEXPECTED
from app.figures.session_report.domain import PARTS, column_of
from app.intake.samples.session_facts import SampleFact
from app.results.session_facts import ResultFact
from harm_messages.vocabulary import FindingRole

Behind = dict[str, dict[str, str]]
"""Name of a figure → hash of a sample → what it adds."""

LEAST = 5
"""The fewest samples that may be told of."""

FLOW = ("flow/samples", "flow/analysed", "flow/released", "flow/told")
WAITS = ("wait/half", "wait/nine of ten")
TALKS, NALOXONE, NALOXONE_SAID = "talks/all", "talks/naloxone", "talks/naloxone said"


def whole(expected: str) -> str:
    """Samples of one expectation."""
    return f"expected/{expected}/samples"


def part(expected: str, name: str) -> str:
    """Those of them whose result compares so."""
    return f"expected/{expected}/{name}"


def found(name: str, role: FindingRole, expected: str) -> str:
    """Those of them in which something else was found."""
    return f"expected/{expected}/found {role.value} {name}"


def intends(intention: Intention, moment: Moment) -> str:
    """People who intend something."""
    return f"intends/{moment.value}/{intention.value}"


def asked(moment: Moment) -> str:
    """People who said anything."""
    return f"intends/{moment.value}/asked"


def referred(where: Referral) -> str:
    """Talks after which somebody was sent on."""
    return f"talks/to {where.value}"


def groups(names: Iterable[str]) -> dict[str, set[str]]:
    """Figures that decide together which of them are printed: all that count samples do."""
    out: dict[str, set[str]] = defaultdict(set)
    for name in names:
        first = name.split("/", 1)[0]
        out["samples" if first in ("flow", "expected") else first].add(name)
    return dict(out)


def moved(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    """How many samples stand behind one of two figures only, or add something else to the other."""
    return sum(one.get(key) != other.get(key) for key in one.keys() | other.keys())


def few(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether they differ, by fewer samples than may be told apart."""
    return 0 < moved(one, other) < LEAST


def token(sample_id: UUID) -> str:
    """A short hash of a sample's key, which itself tells when it was registered."""
    return hashlib.sha256(b"mast session report\n" + sample_id.bytes).hexdigest()[:16]


def behind(samples: Sequence[SampleFact], results: Mapping[UUID, ResultFact], talks: Sequence[TalkFact]) -> Behind:
    """Of the same facts the report is counted from; no sample among them was withdrawn."""
    out: Behind = defaultdict(dict)
    for sample in samples:
        who, result = token(sample.id), results.get(sample.id)
        reached = (True, sample.analysed_at is not None, sample.released_at is not None, sample.told_at is not None)
        for name, there in zip(FLOW, reached, strict=True):
            if there:
                out[name][who] = "1"
        if sample.released_at is not None:
            for name in WAITS:
                out[name][who] = f"{(sample.released_at - sample.received_at).total_seconds():.0f} s"
        column = column_of(result.verdict if result else None)
        out[whole(sample.expected)][who] = "1"
        for name, columns in PARTS.items():
            if column in columns:
                out[part(sample.expected, name)][who] = "1"
        for one in result.found if result else ():
            if one.role in UNEXPECTED:
                out[found(one.found, one.role, sample.expected)][who] = "1"
    for name, added in _said(talks).items():
        out[name] = {token(key): said for key, said in added.items()}
    return dict(out)


def _said(talks: Iterable[TalkFact]) -> dict[str, dict[UUID, str]]:
    """What each talk adds; several talks about one sample add together."""
    parts: dict[str, dict[UUID, list[object]]] = defaultdict(lambda: defaultdict(list))
    for talk in talks:
        parts[TALKS][talk.sample_id].append(1)
        if talk.naloxone_given is not None:
            parts[NALOXONE_SAID][talk.sample_id].append(1)
        if talk.naloxone_given:
            parts[NALOXONE][talk.sample_id].append(1)
        if talk.referral:
            parts[referred(Referral(talk.referral))][talk.sample_id].append(1)
        for moment in Moment:
            people: dict[str, set[int]] = defaultdict(set)
            for person, at, intention in talk.ticks:
                if at is moment:
                    people[intends(intention, moment)].add(person)
                    people[asked(moment)].add(person)
            for name, who in people.items():
                parts[name][talk.sample_id].append([moment.value, sorted(who)])
    return {
        name: {key: f"talks {json.dumps(said)}" for key, said in by_sample.items()} for name, by_sample in parts.items()
    }
