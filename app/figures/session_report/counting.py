"""Counts one session for its own report: samples, results, talks, ledgers and pages, exactly, for the session's lead. Pure.

A withdrawn sample counts as received and withdrawn, and its milligrams stay in the ledger; it is in no other count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.care.alerts.service import Alert
from app.care.consultations.domain import AdjustmentKind, Intention, Moment, Referral, WhyNotRelevant
from app.care.consultations.session_facts import PageChange, TalkFact
from app.intake.custody.domain import Balance, CustodyKind, balance
from app.intake.custody.service import LedgerLine
from app.intake.samples.domain import percentile
from app.intake.samples.queue import SampleFact
from app.laboratory.readings.machines import AnalysisFact
from app.platform.kernel.actor import Role
from app.results.session_facts import ResultFact
from harm_messages.vocabulary import FindingRole, Verdict


class Column(StrEnum):
    """How a result compares with what was expected; each sample stands in exactly one."""

    AS_EXPECTED = "as_expected"
    PLUS_INERT = "expected_plus_inert"
    PLUS_ACTIVE = "expected_plus_active"
    NOT_AS_EXPECTED = "not_as_expected"
    NOTHING_SEEN = "nothing_detected"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARED = "not_compared"


COLUMN_WORDS: dict[Column, str] = {
    Column.AS_EXPECTED: "As expected",
    Column.PLUS_INERT: "Expected plus a cutting agent",
    Column.PLUS_ACTIVE: "Expected plus another drug",
    Column.NOT_AS_EXPECTED: "Partly or not as expected",
    Column.NOTHING_SEEN: "Nothing seen above the limits",
    Column.INCONCLUSIVE: "Inconclusive",
    Column.NOT_COMPARED: "No result, or nothing to compare it with",
}

PARTS: dict[str, tuple[Column, ...]] = {
    "As expected": (Column.AS_EXPECTED,),
    "Expected plus something": (Column.PLUS_INERT, Column.PLUS_ACTIVE),
    "Partly or not as expected": (Column.NOT_AS_EXPECTED, Column.NOTHING_SEEN),
    "Inconclusive, or not compared": (Column.INCONCLUSIVE, Column.NOT_COMPARED),
}
"""The columns a report to pass on has: small ones are put together."""


def column_of(verdict: Verdict | None) -> Column:
    """The column of a result; None: there is no result that stands.

    >>> column_of(None) is Column.NOT_COMPARED
    True
    """
    if verdict in (None, Verdict.NO_EXPECTATION):
        return Column.NOT_COMPARED
    return Column.NOT_AS_EXPECTED if verdict is Verdict.PARTLY_AS_EXPECTED else Column(verdict)


@dataclass(frozen=True, slots=True)
class Flow:
    """How far samples came. Waits in seconds from received to released, withdrawn samples left out."""

    received: int
    withdrawn: int
    analysed: int
    released: int
    told: int
    retracted: int
    wait_p50_s: float | None
    wait_p90_s: float | None


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """Samples expected to be one thing; the columns add up to `samples`."""

    expected: str
    samples: int
    columns: Mapping[Column, int]


@dataclass(frozen=True, slots=True)
class UnexpectedRow:
    """Samples of one expectation in which something else was found."""

    found: str
    role: FindingRole
    expected: str
    samples: int


@dataclass(frozen=True, slots=True)
class Talks:
    """Consultations. People are counted once per talk and moment, whatever they ticked."""

    talks: int
    people: int
    minutes_p50: float | None
    people_before: int
    people_after: int
    intentions: tuple[tuple[Intention, int, int], ...]
    """Each intention with how many people said it before and after the result."""
    naloxone_given: int
    naloxone_said: int
    """Talks in which it was written down whether naloxone was given."""
    referrals: tuple[tuple[Referral, int], ...]
    disposal_mg: float


@dataclass(frozen=True, slots=True)
class Custody:
    """All ledgers of the session added up, in mg. `gaps`: the number of each sample whose ledger leaves something open, and what."""

    balance: Balance
    weighed_in: int
    not_weighed_in: int
    destructions: int
    gaps: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """What staff changed on clients' pages and left so."""

    changed: Mapping[AdjustmentKind, int]
    reasons: Mapping[WhyNotRelevant, int]
    urgent: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything, in true counts. For the session's own people; not for passing on."""

    flow: Flow
    expected: tuple[ExpectedRow, ...]
    unexpected: tuple[UnexpectedRow, ...]
    talks: Talks
    made_at: datetime


UNEXPECTED = (FindingRole.SUBSTITUTE, FindingRole.ADULTERANT, FindingRole.BYPRODUCT, FindingRole.CUTTING)


@dataclass(frozen=True, slots=True)
class OwnAffairs:
    """What is reported to the session's own people alone.

    `machines`: instruments that were used and not in date when the session closed, or are not now: name, how it stood,
    analyses. `held`: batches whose controls failed, so that their results are not released: name, method, samples.
    """

    custody: Custody
    alerts: Sequence[Alert]
    pages: Pages
    machines: tuple[tuple[str, str, int], ...]
    held: tuple[tuple[str, str, int], ...]
    staff: Mapping[Role, int]
    staff_people: int


def flow(samples: Sequence[SampleFact], results: Mapping[UUID, ResultFact]) -> Flow:
    """How far they came."""
    there = [s for s in samples if s.withdrawn_at is None]
    waits = [(s.released_at - s.received_at).total_seconds() for s in there if s.released_at is not None]
    return Flow(
        received=len(samples),
        withdrawn=len(samples) - len(there),
        analysed=sum(s.analysed_at is not None for s in there),
        released=len(waits),
        told=sum(s.told_at is not None for s in there),
        retracted=sum(results[s.id].retracted for s in there if s.id in results),
        wait_p50_s=percentile(waits, 0.5),
        wait_p90_s=percentile(waits, 0.9),
    )


def expected_rows(samples: Iterable[SampleFact], results: Mapping[UUID, ResultFact]) -> tuple[ExpectedRow, ...]:
    """One row per expectation, the commonest first."""
    found: dict[str, Counter[Column]] = {}
    for s in samples:
        if s.withdrawn_at is None:
            verdict = results[s.id].verdict if s.id in results else None
            found.setdefault(s.expected, Counter())[column_of(verdict)] += 1
    rows = [ExpectedRow(name, counted.total(), {c: counted[c] for c in Column}) for name, counted in found.items()]
    return tuple(sorted(rows, key=lambda r: (-r.samples, r.expected)))


def unexpected_rows(samples: Iterable[SampleFact], results: Mapping[UUID, ResultFact]) -> tuple[UnexpectedRow, ...]:
    """What was found besides or instead of what was expected; a sample counts once per substance."""
    counted: Counter[tuple[str, FindingRole, str]] = Counter()
    for s in samples:
        if s.withdrawn_at is None and s.id in results:
            named = {(n.found, n.role) for n in results[s.id].found if n.role in UNEXPECTED}
            counted.update((found, role, s.expected) for found, role in named)
    rows = [UnexpectedRow(found, role, expected, n) for (found, role, expected), n in counted.items()]
    return tuple(sorted(rows, key=lambda r: (-r.samples, r.found, r.expected, r.role)))


def talks(rows: Sequence[TalkFact]) -> Talks:
    """Outcomes with before and after kept apart."""
    before, after = (Counter(i for t in rows for _, i in _ticked(t, moment)) for moment in Moment)
    said = [t.naloxone_given for t in rows if t.naloxone_given is not None]
    referred = Counter(Referral(t.referral) for t in rows if t.referral)
    return Talks(
        talks=len(rows),
        people=sum(t.people for t in rows),
        minutes_p50=percentile([t.minutes for t in rows if t.minutes is not None], 0.5),
        people_before=sum(_people(t, Moment.BEFORE) for t in rows),
        people_after=sum(_people(t, Moment.AFTER) for t in rows),
        intentions=tuple((i, before[i], after[i]) for i in Intention if before[i] or after[i]),
        naloxone_given=sum(said),
        naloxone_said=len(said),
        referrals=tuple((r, referred[r]) for r in Referral if referred[r]),
        disposal_mg=sum(t.disposal_mg or 0.0 for t in rows),
    )


def _ticked(talk: TalkFact, moment: Moment) -> set[tuple[int, Intention]]:
    return {(person, intention) for person, at, intention in talk.ticks if at is moment}


def _people(talk: TalkFact, moment: Moment) -> int:
    return len({person for person, _ in _ticked(talk, moment)})


def custody(samples: Sequence[SampleFact], lines: Iterable[LedgerLine]) -> Custody:
    """All ledgers added up; a ledger that leaves something open is named by the number of its sample."""
    by_sample: dict[UUID, list[LedgerLine]] = {s.id: [] for s in samples}
    for line in lines:
        by_sample[line.sample_id].append(line)
    balances = {key: balance((one.kind, one.mg) for one in rows) for key, rows in by_sample.items()}
    gaps = [(s.number, words) for s in samples for words in _gaps(by_sample[s.id], balances[s.id])]
    return Custody(
        balance=balance((one.kind, one.mg) for rows in by_sample.values() for one in rows),
        weighed_in=sum(b.received > 0 for b in balances.values()),
        not_weighed_in=sum(b.received == 0 for b in balances.values()),
        destructions=sum(one.kind is CustodyKind.DESTROYED for rows in by_sample.values() for one in rows),
        gaps=tuple(gaps),
    )


def _gaps(lines: Sequence[LedgerLine], now: Balance) -> Iterable[str]:
    for line in lines:
        if line.kind is CustodyKind.DESTROYED and not line.witnessed:
            yield f"{line.mg or 0:g} mg destroyed without a witness"
    if lines and not now.settled:
        if now.remaining > 0:
            yield f"{now.remaining:g} mg still here, or not written down where it went"
        else:
            yield f"{-now.remaining:g} mg more went than came in"


def pages(changes: Sequence[PageChange], urgent: int) -> Pages:
    """Messages taken off, pinned up and added."""
    return Pages(Counter(c.kind for c in changes), Counter(c.reason for c in changes if c.reason is not None), urgent)


def held(rows: Iterable[AnalysisFact], titles: Mapping[str, str]) -> tuple[tuple[str, str, int], ...]:
    """Batches whose controls failed, with their method and how many samples they hold back."""
    failed: dict[tuple[str, str], set[UUID]] = {}
    for row in rows:
        if row.qc_failed:
            failed.setdefault((row.batch, row.method.value), set()).add(row.sample_id)
    return tuple((batch, titles.get(method, method), len(keys)) for (batch, method), keys in sorted(failed.items()))
