"""Facts as the rules see them: merged findings with role and band, what is said of an untested sample, pairs, alerts.

Built once without and, if the person said what else they take, once with it: what is logged never
depends on the self-report. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harm_messages.amounts import derive_band
from harm_messages.content import PairRow
from harm_messages.derived_finding import DerivedFinding, Source
from harm_messages.evidence import Evidence, Tested, as_tested, technique
from harm_messages.meeting import alert_matches, in_group, refuse_unknown, taken
from harm_messages.merging import known, merged
from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.roles import (
    Expectation,
    expectation,
    expected_possible,
    expected_targets,
    finding_class,
    role_of,
)
from harm_messages.types import (
    Abundance,
    AlertFact,
    Confidence,
    Context,
    Facts,
    FindingFact,
    FindingRole,
    Outcome,
    Verdict,
)
from harm_messages.verdicts import always_warn, differs, outcome_of, verdict_of
from harm_messages.vocabulary import Family, State, Technique


@dataclass(frozen=True, slots=True)
class PairHit:
    """A dangerous pair that met, and the findings on its sides."""

    row: PairRow
    seen: frozenset[int]


@dataclass(frozen=True, slots=True)
class Derived:
    """What rules match on. `seen` is visible to people; `raw` also holds what is too weak to show them, `weak` only that:
    staff hear of it."""

    pack: Pack
    facts: Facts
    context: Context
    evidence: Evidence
    want: Expectation
    raw: tuple[FindingFact, ...]
    seen: tuple[DerivedFinding, ...]
    weak: tuple[DerivedFinding, ...]
    outcome: Outcome
    verdict: Verdict
    gaps: frozenset[str]
    pairs: tuple[PairHit, ...]
    alerts: tuple[AlertFact, ...]

    @property
    def shown(self) -> tuple[DerivedFinding, ...]:
        """What a test of this sample showed."""
        return tuple(s for s in self.seen if s.source == "result")

    @property
    def named(self) -> tuple[str, ...]:
        """What the tests had to see: the substances and classes the person named."""
        return expected_targets(self.facts.expected, self.pack)


def derive(pack: Pack, facts: Facts, context: Context, also_taking: Iterable[str] = ()) -> Derived:
    """Everything the rules may ask about these facts, computed once."""
    facts = as_tested(facts)
    want, evidence = expectation(facts.expected, pack), Evidence(pack, facts)
    raw = tuple(merged(known(facts, pack)))
    possible = expected_possible(raw, want, pack)
    every = sorted(
        (_seen(f, possible, want, pack, facts) for f in raw),
        key=lambda s: (-s.fact.abundance.rank, -s.confidence.rank, s.name, s.fact.model_dump_json()),
    )
    tested = tuple(s for s in every if not _too_weak(s))
    outcome = outcome_of(evidence)
    alerts = tuple(a for a in facts.alerts if alert_matches(a, facts, tested, want, pack))
    seen = (*tested, *_declared(evidence, want, tested), *_warned(alerts, want, pack, tested, facts))
    return Derived(
        pack=pack,
        facts=facts,
        context=context,
        evidence=evidence,
        want=want,
        raw=raw,
        seen=seen,
        weak=tuple(s for s in every if _too_weak(s)),
        outcome=outcome,
        verdict=verdict_of(evidence, raw, outcome),
        gaps=_gaps(evidence, want, [s.drug_class for s in tested]),
        pairs=_pairs(pack, seen, (*also_taking, *facts.same_visit)),
        alerts=alerts,
    )


def _seen(
    fact: FindingFact, possible: bool, want: Expectation, pack: Pack, facts: Facts, source: Source = "result"
) -> DerivedFinding:
    role = role_of(fact, possible, want, pack)
    warn = always_warn(fact, pack, unexpected=role is not FindingRole.EXPECTED)
    drug_class = finding_class(fact, pack)
    row = pack.substances[fact.substance] if fact.substance is not None else None
    name, long_name = _names(fact, drug_class, role, pack)
    firm = fact.confidence is Confidence.CONFIRMED
    return DerivedFinding(
        fact=fact,
        substance=fact.substance,
        drug_class=drug_class,
        confidence=fact.confidence,
        unknown=fact.unidentified,
        name=name,
        name_with_class=long_name,
        role=role,
        band=derive_band(pack, fact.substance, fact.amount if firm else None, facts.form),
        psychoactive=row.psychoactive if row is not None else _class_is_active(pack, drug_class),
        differs=differs(fact) and source == "result",
        always_warn=warn,
        family=pack.family(fact.substance, drug_class) if not fact.unidentified else Family.UNKNOWN,
        technique=_technique(fact),
        source=source,
    )


def _too_weak(seen: DerivedFinding) -> bool:
    """Not to be shown: presumptive only, of nothing that weak evidence is enough to warn of."""
    weak = seen.confidence is Confidence.TENTATIVE and "strip" not in seen.fact.methods
    return weak and not (seen.always_warn or seen.unknown)


def _technique(fact: FindingFact) -> Technique:
    """The most telling test behind a finding. A class that nobody says a method for is not called a strip."""
    order = (Technique.LAB_MACHINE, Technique.INFRARED, Technique.STRIP, Technique.COLOUR_TEST)
    kinds = {technique(m) for m in fact.methods}
    return next((t for t in order if t in kinds), Technique.OTHER)


def _class_is_active(pack: Pack, drug_class: str) -> bool:
    return any(row.psychoactive for c, row in pack.substances.classes.items() if drug_class and within(c, drug_class))


def class_plain(pack: Pack, drug_class: str) -> str:
    """The class in plain words of the pack's own first language, also for beginnings such as "opioid"."""
    row = pack.substances.classes.get(drug_class)
    if row is not None:
        return row.plain
    return pack.words(pack.manifest.default_locale).class_kind.format(kind=drug_class.rsplit(".", 1)[-1])


def _names(fact: FindingFact, drug_class: str, role: FindingRole, pack: Pack) -> tuple[str, str]:
    if fact.unidentified:
        return "", ""
    plain = class_plain(pack, drug_class)
    if fact.substance is None:
        return plain, plain
    name = pack.substances[fact.substance].in_sentence
    row = pack.substances.classes[drug_class]
    own = pack.substances[fact.substance].psychoactive or not row.psychoactive
    tells = row.say_class and own and role is not FindingRole.EXPECTED and name not in plain.split()
    return name, f"{name} ({plain})" if tells else name


# -- what no test showed -----------------------------------------------------------------------------


def _declared(evidence: Evidence, want: Expectation, tested: Iterable[DerivedFinding]) -> Iterator[DerivedFinding]:
    """What the person said it is, where nothing could test that: its card and its help stand on the page all the same."""
    here = {s.substance for s in tested} | {s.drug_class for s in tested if s.substance is None}
    firm = [s for s in tested if s.confidence.rank >= Confidence.INDICATED.rank and not _adds_weight(s)]
    if any(s.psychoactive or s.always_warn for s in firm):
        return
    for target in expected_targets(want.ids, evidence.pack):
        if target not in here and not evidence.looked(target):
            yield from _told(target, want, evidence.pack, evidence.facts, "declared")


def _adds_weight(seen: DerivedFinding) -> bool:
    return seen.role in (FindingRole.CUTTING, FindingRole.BYPRODUCT, FindingRole.EXCIPIENT)


def _warned(
    alerts: Iterable[AlertFact], want: Expectation, pack: Pack, tested: Iterable[DerivedFinding], facts: Facts
) -> Iterator[DerivedFinding]:
    """What a warning that matches is about, at its own severity and with its own help."""
    here = {s.substance for s in tested} | {s.drug_class for s in tested if s.substance is None}
    about = dict.fromkeys(one for a in alerts for one in (*a.substances, *a.classes))
    for target in about:
        if target not in here and (target in pack.substances or pack.substances.is_class(target)):
            yield from _told(target, want, pack, facts, "warned")


def _told(target: str, want: Expectation, pack: Pack, facts: Facts, source: Source) -> Iterator[DerivedFinding]:
    is_class = target not in pack.substances
    fact = FindingFact(
        substance=None if is_class else target,
        drug_class=target if is_class else None,
        abundance=Abundance.INDICATION,
        confidence=Confidence.TENTATIVE,
    )
    yield _seen(fact, False, want, pack, facts, source)


def _gaps(evidence: Evidence, want: Expectation, found: Iterable[str]) -> frozenset[str]:
    """Classes worth a word because of what was found or expected, which nothing that ran could see."""
    pack = evidence.pack
    here = {c for c in found if c}
    about = here | {pack.substances[s].drug_class for s in want.substances} | want.classes
    return frozenset(
        row.watch
        for row in pack.scope_watch
        if any(within(c, a) for c in about for a in row.about)
        and not any(within(c, row.watch) for c in here)
        and evidence.could_see(row.watch) is None
        and not strip_spoke(evidence, row.watch)
    )


def strip_spoke(evidence: Evidence, drug_class: str) -> Tested | None:
    """The strip for this class that gave a reading, if one did."""
    read = (State.REACTED, State.FAINT, State.NO_REACTION)
    return next((t for t in evidence.strips if t.state in read and within(drug_class, t.target)), None)


# -- pairs -----------------------------------------------------------------------------------------


def _one_thing(a: DerivedFinding, b: DerivedFinding) -> bool:
    """Whether the one is only what the method cannot tell from the other: then the sample holds one of them, no pair."""
    return any(
        weak.confidence is Confidence.TENTATIVE and weak.substance in other.fact.look_alikes
        for weak, other in ((a, b), (b, a))
    )


def _pairs(pack: Pack, seen: tuple[DerivedFinding, ...], also_taking: tuple[str, ...]) -> tuple[PairHit, ...]:
    refuse_unknown(also_taking, pack)
    hits: list[PairHit] = []
    here_in: dict[str, set[int]] = {name: set() for name in pack.groups}
    for i, s in enumerate(seen):
        for name, group in pack.groups.items():
            if in_group(group, s.substance, s.drug_class):
                here_in[name].add(i)
    for row in pack.pairs:
        sides = here_in[row.a], here_in[row.b]
        if not sides[0] and not sides[1]:
            continue
        met = {frozenset((i, j)) for i in sides[0] for j in sides[1] if i != j and not _one_thing(seen[i], seen[j])}
        for here, other in ((sides[0], row.b), (sides[1], row.a)):
            if any(taken(pack.groups[other], w, pack) for w in also_taking):
                met.update(frozenset((i,)) for i in here)
        if met:
            hits.append(PairHit(row, frozenset().union(*met)))
    return tuple(hits)
