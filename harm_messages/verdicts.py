"""Verdict and outcome as pure decisions, each next to its truth table.

Never a word of reassurance: the vocabularies have none. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harm_messages.evidence import Evidence, as_tested
from harm_messages.loading import load_pack
from harm_messages.pack import Pack
from harm_messages.roles import (
    counts_as_found,
    expectation,
    expected_found,
    expected_possible,
    expected_targets,
    finding_class,
    role_of,
    undecided,
)
from harm_messages.types import (
    Abundance,
    Confidence,
    Facts,
    FindingFact,
    FindingRole,
    Outcome,
    RunStatus,
    ScopeFact,
    StripFact,
    StripReading,
    Verdict,
)

# -- outcome ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutcomeCase:
    """What an outcome depends on."""

    named: bool
    class_only: bool
    unidentified: bool
    waiting: bool
    too_little: bool
    all_ran: bool
    saw_expected: bool


OUTCOMES: tuple[tuple[str, Callable[[OutcomeCase], bool], Outcome], ...] = (
    (
        "named, and nothing left open",
        lambda c: c.named and not c.unidentified and not c.waiting,
        Outcome.IDENTIFIED,
    ),
    (
        "named or its class known, something left open",
        lambda c: c.named or c.class_only,
        Outcome.PARTLY_IDENTIFIED,
    ),
    ("a method still runs", lambda c: c.waiting, Outcome.PENDING),
    ("seen but not named", lambda c: c.unidentified, Outcome.INCONCLUSIVE),
    (
        "every planned method ran and passed, and one could see what was expected",
        lambda c: c.all_ran and c.saw_expected,
        Outcome.NOTHING_FOUND,
    ),
    (
        "every planned method ran, none could see what was expected",
        lambda c: c.all_ran,
        Outcome.NOT_TESTED_FOR_EXPECTED,
    ),
    ("too little sample", lambda c: c.too_little, Outcome.INSUFFICIENT),
    ("anything else", lambda c: True, Outcome.INCONCLUSIVE),
)


def derive_outcome(
    findings: Iterable[FindingFact],
    scope: Iterable[ScopeFact],
    strips: Iterable[StripFact] = (),
    *,
    saw_expected: bool = True,
) -> Outcome:
    """What the analysis came to. `nothing_found` only when every planned method ran and passed QC, and
    `saw_expected`: one of them could have seen what was expected."""
    present = [f for f in findings if f.abundance is not Abundance.NOT_DETECTED]
    planned = list(scope)
    readings = [s.reading for s in strips]
    firm = [f for f in present if counts_as_found(f) and not f.unidentified]
    case = OutcomeCase(
        named=any(f.substance is not None and f.confidence.rank >= Confidence.INDICATED.rank for f in firm),
        class_only=bool(firm) or StripReading.POSITIVE in readings,
        unidentified=any(f.unidentified or f.confidence is Confidence.TENTATIVE for f in present)
        or StripReading.FAINT in readings,
        waiting=any(s.status is RunStatus.PENDING for s in planned),
        too_little=any(s.status is RunStatus.INSUFFICIENT_SAMPLE for s in planned),
        all_ran=bool(planned) and all(s.counts for s in planned) and StripReading.INVALID not in readings,
        saw_expected=saw_expected,
    )
    return next(outcome for _, holds, outcome in OUTCOMES if holds(case))


# -- verdict ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerdictCase:
    """What a verdict depends on."""

    stated: bool
    outcome: Outcome
    some: bool
    every: bool
    other_active: bool
    unidentified: bool
    inert: bool
    undecided: bool
    waiting: bool

    @property
    def replaced(self) -> bool:
        """Nothing that was named nor what looks like it, but something else."""
        return self.missing and (self.other_active or self.inert)

    @property
    def missing(self) -> bool:
        """Neither what was named nor anything that may be it."""
        return not self.some and not self.undecided

    @property
    def partly(self) -> bool:
        """Something that was named is missing, or something seen has no name."""
        return not self.every or self.unidentified


# The analysis did not come to an end, or did not look for what was asked.
OPEN = (Outcome.INCONCLUSIVE, Outcome.NOT_TESTED_FOR_EXPECTED, Outcome.INSUFFICIENT, Outcome.PENDING)
VERDICTS: tuple[tuple[str, Callable[[VerdictCase], bool], Verdict], ...] = (
    ("nobody said what it should be", lambda c: not c.stated, Verdict.NO_EXPECTATION),
    ("nothing above the limits", lambda c: c.outcome is Outcome.NOTHING_FOUND, Verdict.NOTHING_DETECTED),
    ("the analysis did not come to an end", lambda c: c.outcome in OPEN, Verdict.INCONCLUSIVE),
    ("a test that could see it still runs", lambda c: c.waiting and not c.every, Verdict.INCONCLUSIVE),
    ("something else in its place", lambda c: c.replaced, Verdict.NOT_AS_EXPECTED),
    ("not there, the rest not named", lambda c: c.missing, Verdict.INCONCLUSIVE),
    ("there, or looks like it, with another drug", lambda c: c.other_active, Verdict.EXPECTED_PLUS_ACTIVE),
    ("what was named or a look-alike: not decided", lambda c: c.undecided, Verdict.INCONCLUSIVE),
    ("one of several missing, or a part not named", lambda c: c.partly, Verdict.PARTLY_AS_EXPECTED),
    ("there, with cuts", lambda c: c.inert, Verdict.EXPECTED_PLUS_INERT),
    ("there, nothing else seen", lambda c: True, Verdict.AS_EXPECTED),
)  # fmt: skip


def differs(finding: FindingFact) -> bool:
    """Whether "differs from expected" may be said: only of what was named. A strip or a colour test never carries it,
    however grave the class."""
    return not finding.unidentified and finding.confidence.rank >= Confidence.INDICATED.rank


def always_warn(finding: FindingFact, pack: Pack, unexpected: bool) -> bool:
    """Weak evidence is enough: by class, by substance, or (novel benzodiazepines) when unexpected."""
    if finding.unidentified:
        return False
    if finding.substance in pack.flags.always_warn:
        return True
    row = pack.substances.classes.get(finding_class(finding, pack))
    return row is not None and (row.always_warn == "yes" or (row.always_warn == "when_unexpected" and unexpected))


def derive_verdict(
    findings: Iterable[FindingFact],
    expected: Iterable[str],
    *,
    outcome: Outcome | None = None,
    pack: Pack | None = None,
    waiting: bool = False,
) -> Verdict:
    """How the findings compare with what was expected. Pass the outcome: without it an empty list of
    findings is inconclusive, because nothing says that anybody looked. `waiting`: a planned method that could see
    what was expected still runs. Strips and colour tests carry no verdict."""
    used = pack or load_pack()
    want = expectation(expected, used)
    present = [f for f in findings if f.abundance is not Abundance.NOT_DETECTED and (f.unidentified or differs(f))]
    possible = expected_possible(present, want, used)
    roles = [(f, role_of(f, possible, want, used)) for f in present if counts_as_found(f)]
    others = [f for f, r in roles if r in (FindingRole.SUBSTITUTE, FindingRole.ADULTERANT) and not f.unidentified]
    each = [expected_found(present, expectation((one,), used), used) for one in want.ids]
    case = VerdictCase(
        stated=want.stated,
        outcome=outcome or derive_outcome(present, ()),
        some=expected_found(present, want, used),
        every=bool(each) and all(each),
        other_active=bool(others),
        unidentified=any(f.unidentified for f in present),
        inert=any(r is FindingRole.CUTTING for _, r in roles),
        undecided=any(undecided(f, want, used) for f in present),
        waiting=waiting,
    )
    return next(verdict for _, holds, verdict in VERDICTS if holds(case))


def outcome_of(evidence: Evidence) -> Outcome:
    """The outcome of everything measured on one sample."""
    facts = evidence.facts
    named = expected_targets(facts.expected, evidence.pack)
    # no test looks for what nobody can name
    saw = any(evidence.looked(target) for target in named) if named else not facts.expected_words.strip()
    return derive_outcome(facts.findings, facts.scope, facts.strips, saw_expected=saw)


def verdict_of(evidence: Evidence, findings: Iterable[FindingFact], outcome: Outcome) -> Verdict:
    """The verdict of everything measured on one sample."""
    named = expected_targets(evidence.facts.expected, evidence.pack)
    waiting = any(evidence.pending(target) for target in named)
    return derive_verdict(findings, evidence.facts.expected, outcome=outcome, pack=evidence.pack, waiting=waiting)


def whole_of(facts: Facts, pack: Pack) -> tuple[Outcome, Verdict]:
    """Outcome and verdict of one sample, as the laboratory records them."""
    facts = as_tested(facts)
    evidence = Evidence(pack, facts)
    outcome = outcome_of(evidence)
    return outcome, verdict_of(evidence, facts.findings, outcome)
