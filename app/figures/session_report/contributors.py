"""Which samples contribute to each figure of a report to pass on, and whether a later report may follow. Pure.

A figure has a name, which stands beside its cell (sheets.Sheet.marks). Contributors it stand samples, each by a short hash of
its key, with what it adds: "1" to a number of samples, who ticked something to a number of people, its wait to a median.
Figures of one kind add alike, so that one can be compared with another; those of two kinds never look near each other.

The report is given out whole and kept as it was. A later one may follow only if no two of them can be subtracted: compared
with each one before it,

1. no figure that reads otherwise now stands on samples of which 1 to 4 came, went or changed;
2. where a figure is printed that was not, or no longer, no figure of its group moved by 1 to 4 samples, printed or not:
   which of a group are printed depends on all of them;
3. no number that is new differs by 1 to 4 samples from any number that was printed before, its own or another one.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.care.consultations.domain import Intention, Moment, Referral
from app.care.consultations.session_facts import TalkFact
from app.figures.session_report.counting import PARTS, UNEXPECTED, column_of
from app.figures.session_report.sheets import Sheet, Withheld
from app.intake.samples.queue import SampleFact
from app.results.session_facts import ResultFact
from harm_messages.vocabulary import FindingRole

Contributors = dict[str, dict[str, str]]
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
    """Talks after which someone was sent on."""
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


def contributors_of(
    samples: Sequence[SampleFact], results: Mapping[UUID, ResultFact], talks: Sequence[TalkFact]
) -> Contributors:
    """Of the same facts the report is counted from; no sample among them was withdrawn."""
    out: Contributors = defaultdict(dict)
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


Reading = int | str
"""A number, or the words why there is none."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a report said of each figure, and what stood behind all of them, also those it did not print. Stored under these names."""

    shown: Mapping[str, Reading]
    behind: Mapping[str, Mapping[str, str]]

    def numbers(self) -> dict[str, int]:
        """The figures that are printed."""
        return {name: value for name, value in self.shown.items() if isinstance(value, int)}

    def of(self, name: str) -> Mapping[str, str]:
        """What stands behind one figure; nothing where nobody counted."""
        return self.behind.get(name, {})


def issued(tables: Sequence[Sheet], contributors: Contributors) -> Issued:
    """A report as it reads."""
    shown: dict[str, Reading] = {}
    for table in tables:
        for row, marks in zip(table.rows, table.marks, strict=True):
            for cell, mark in zip(row[1:], marks, strict=True):
                if mark:
                    shown[mark] = cell.why if isinstance(cell, Withheld) else int(cell)
    return Issued(shown, contributors)


def differencing_risks(earlier: Sequence[Issued], new: Issued) -> set[str]:
    """Names of the figures for which a report may not follow those before it; empty where it may."""
    news = {name: n for name, n in new.numbers().items() if all(one.shown.get(name) != n for one in earlier)}
    return {
        name for one in earlier for name in (*_otherwise(one, new), *_came_or_went(one, new), *_near(one, new, news))
    }


def _otherwise(before: Issued, new: Issued) -> Iterator[str]:
    for name in before.shown.keys() | new.shown.keys():
        if before.shown.get(name) != new.shown.get(name) and few(before.of(name), new.of(name)):
            yield name


def _came_or_went(before: Issued, new: Issued) -> Iterator[str]:
    then, now = before.numbers(), new.numbers()
    for names in groups({*before.behind, *new.behind, *then, *now}).values():
        if any((name in then) is not (name in now) for name in names):
            yield from (name for name in names if few(before.of(name), new.of(name)))


def _near(before: Issued, new: Issued, news: Mapping[str, int]) -> Iterator[str]:
    for name in news:
        if any(few(before.of(other), new.of(name)) for other in before.numbers()):
            yield name
