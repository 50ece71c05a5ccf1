"""Roles, verdict, outcome, confidence and limitations of findings, from what was expected and what ran.

The rules of role, verdict and outcome stand in harm_messages, that of the SWGDRUG minimum in spectra; this only puts the
question to them, with the facts a page is made from. Imports no table of another feature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from app.laboratory.readings.domain import AnalysisStatus, ScopeFact
from app.results.finding import Amount, NewFinding, look_alikes
from app.results.grounds import SubmissionSnapshot
from app.results.whole import MethodSays
from harm_messages import types as hm
from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.roles import derive_role
from harm_messages.verdicts import whole_of
from harm_messages.vocabulary import Confidence, FindingRole, Outcome, Verdict
from spectra.minimum_identification import MinimumIdentification, TechniqueEvidence, evaluate
from spectra.sample.answer import State as MethodState

CLASS_ONLY = frozenset({"reagent", "strip"})
"""Methods whose positive result names a class and no substance of it."""

LABORATORY = frozenset({"gc_ms", "lc_ms", "qnmr", "lc_uv", "gc_fid"})
"""Methods that are done in a laboratory; a result that stands on one has the grade “confirmed”."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One analysis a chemist names for a finding. `ran`: its status is ok and its blank did not fail.

    `read`: its file was read, or someone read it on the instrument. `both_results`: of a hyphenated method both
    results were used, its retention time having been compared with a standard. `against`: why it says nothing for the substance.
    """

    method: str
    words: str
    category: str
    specific: bool
    ran: bool = True
    strip_reading: str = ""
    read: bool = True
    both_results: bool = False
    against: str = ""


def derive_confidence(
    evidence: Sequence[Evidence], *, names_substance: bool = True, names_class: bool = True, seen: bool = True
) -> tuple[Confidence, tuple[str, ...]]:
    """The level and why. `seen=False` asks how sure it is that something was not seen.

    “Confirmed” is the minimum of the SWGDRUG Recommendations (spectra.minimum_identification, with its edition): one rule,
    told on the bench as the minimum and here as a level. MAST reads it strictly in two ways that are said with every answer:
    a colour test or a strip shows a class and counts for the class only, and GC-MS counts once unless the chemist says that
    its retention time agreed with a standard. How specific a method is stands in app/laboratory/identification/methods.toml.
    """
    usable, reasons = _usable(evidence, seen)
    level, why = _level(usable, names_substance, names_class)
    return level, (*reasons, why)


def minimum_identification(evidence: Sequence[Evidence], *, names_substance: bool = True) -> MinimumIdentification:
    """The SWGDRUG minimum for what was found, with what is missing. `names_substance=False` asks it for the class."""
    usable, reasons = _usable(evidence, seen=True)
    found = _minimum(usable, names_substance)
    return replace(found, not_counted=tuple(dict.fromkeys((*reasons, *found.not_counted))))


def _minimum(usable: Sequence[Evidence], names_substance: bool) -> MinimumIdentification:
    return evaluate(
        [
            TechniqueEvidence(
                e.method, e.words, says="class" if e.method in CLASS_ONLY else "", both_results=e.both_results
            )
            for e in usable
        ],
        of="substance" if names_substance else "class",
    )


def _usable(evidence: Sequence[Evidence], seen: bool) -> tuple[list[Evidence], list[str]]:
    """Analyses that count, one per method, and a sentence for each that does not."""
    usable: dict[str, Evidence] = {}
    reasons: list[str] = []
    for e in evidence:
        if not e.ran:
            reasons.append(f"{e.words}: did not run well, so it does not count.")
        elif not e.read:
            reasons.append(
                f"{e.words}: was not read yet, or warnings of its file were not looked at, so it does not count."
            )
        elif e.against:
            reasons.append(f"{e.words} does not count. {e.against}")
        elif e.method == "strip" and e.strip_reading == "faint":
            reasons.append("The strip line is faint, so it does not count: repeat it.")
        elif e.method == "strip" and e.strip_reading != ("positive" if seen else "negative"):
            reasons.append(f"The strip reads {e.strip_reading or 'nothing'}, so it does not count.")
        elif e.method not in usable or e.both_results:
            usable[e.method] = e
    return list(usable.values()), list(dict.fromkeys(reasons))


def _level(usable: list[Evidence], names_substance: bool, names_class: bool) -> tuple[Confidence, str]:
    if not usable:
        return Confidence.TENTATIVE, "No analysis that counts stands behind it."
    words = ", ".join(e.words for e in usable)
    if not names_substance and not names_class:
        return Confidence.TENTATIVE, f"{words}: seen, but it has no name yet."
    strip = any(e.method == "strip" for e in usable)
    if not names_substance:
        enough = strip or any(e.category in ("A", "B") for e in usable)
        return (Confidence.CLASS_ONLY if enough else Confidence.TENTATIVE), f"{words}: only the class is named."
    minimum = _minimum(usable, names_substance)
    if minimum.met:
        return Confidence.CONFIRMED, _agree(minimum)
    if specific := [e.words for e in usable if e.specific]:
        return (
            Confidence.INDICATED,
            f"{', '.join(specific)}: one specific technique. A second, independent one confirms.",
        )
    if strip:
        return Confidence.CLASS_ONLY, "A strip shows a class, not which substance of it."
    return Confidence.TENTATIVE, f"{words}: cannot name one substance by itself."


def _agree(minimum: MinimumIdentification) -> str:
    first, *others = minimum.used
    if minimum.rule == "category_a":
        return f"{first} (SWGDRUG category A) and {others[0]}, independent of it, agree."
    return f"{first}, {', '.join(others)} agree: three techniques, two of them uncorrelated ones of SWGDRUG category B."


@dataclass(frozen=True, slots=True)
class Signal:
    """Share of one reading's signal, 0 to 1; `limit_percent`: from which share on it would have been seen there."""

    analysis_id: str
    method: str
    share: float
    low: float
    high: float
    grade: str = ""
    limit_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """What follows from one finding."""

    role: FindingRole
    substance_class: str
    confidence: Confidence
    by_rule: Confidence
    reasons: tuple[str, ...]
    methods: tuple[str, ...]
    limitations: tuple[str, ...]
    minimum: MinimumIdentification | None = None
    signal: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """What follows from all of them."""

    findings: tuple[Derived, ...]
    verdict: Verdict
    outcome: Outcome


def derive(pack: Pack, findings: Sequence[NewFinding], snapshot: SubmissionSnapshot) -> Whole:
    """Everything a version says beyond what was typed."""
    scope = snapshot.scope
    by_id = {fact.analysis_id: fact for fact in scope}
    register = pack.substances
    known = tuple(e for e in snapshot.expected if e in register or e in register.intents or register.is_class(e))
    known_by = MethodWords(snapshot.matrix or ())
    levels = [confidence_of(finding, by_id, pack, known_by) for finding in findings]
    facts = [
        finding_fact(finding, level, _methods(finding, by_id), pack)
        for finding, (level, _, _) in zip(findings, levels, strict=True)
    ]
    outcome, verdict = whole_of(
        hm.Facts(
            expected=known,
            form=snapshot.form,
            unit_mass_mg=snapshot.unit_mass_mg,
            findings=tuple(facts),
            scope=tuple(scope_fact(s) for s in scope),
            strips=tuple(strip_facts(scope)),
        ),
        pack,
    )
    if outcome is Outcome.NOT_TESTED_FOR_EXPECTED:
        # That no test could see what was expected is worked out again with every page, from the same grounds; a version and
        # the figures keep it as inconclusive, which is how both are to count it.
        outcome = Outcome.INCONCLUSIVE
    return Whole(
        tuple(
            Derived(
                role=derive_role(fact, facts, known, pack),
                substance_class=class_of(pack, finding),
                confidence=level,
                by_rule=by_rule,
                reasons=reasons,
                methods=_methods(finding, by_id),
                limitations=_limitations(finding, by_id),
                minimum=minimum_of(finding, by_id, pack, known_by),
                signal=signal_of(finding, by_id),
            )
            for finding, fact, (level, by_rule, reasons) in zip(findings, facts, levels, strict=True)
        ),
        verdict,
        outcome,
    )


def class_of(pack: Pack, finding: NewFinding) -> str:
    """The register class of what was found."""
    if finding.substance_id:
        return pack.substances[finding.substance_id].drug_class
    return finding.substance_class


def confidence_of(
    finding: NewFinding, by_id: Mapping[UUID, ScopeFact], pack: Pack, known_by: MethodWords
) -> tuple[Confidence, Confidence, tuple[str, ...]]:
    """Level as shown, level by rule, reasons. A person's override stands, and the rule's reasons stay beside it."""
    by_rule, reasons = derive_confidence(
        _evidence(finding, by_id, pack, known_by),
        names_substance=bool(finding.substance_id),
        names_class=bool(finding.substance_class),
        seen=finding.seen,
    )
    level = finding.confidence or by_rule
    if finding.seen and finding.cannot_tell_from and level in (Confidence.CONFIRMED, Confidence.INDICATED):
        also = " or ".join(finding.cannot_tell_from)
        reasons = (*reasons, f"It may also be {also}, so it is indicated at most.")
        level = Confidence.INDICATED
    return level, by_rule, reasons


def minimum_of(
    finding: NewFinding, by_id: Mapping[UUID, ScopeFact], pack: Pack, known_by: MethodWords
) -> MinimumIdentification | None:
    """The SWGDRUG minimum of what was found; None for what was not seen or has no name.

    It asks for a combination that excludes a false identification, so look-alikes that remain keep it from being met.
    """
    if not finding.seen or not (finding.substance_id or finding.substance_class):
        return None
    evidence = _evidence(finding, by_id, pack, known_by)
    found = minimum_identification(evidence, names_substance=bool(finding.substance_id))
    if not finding.cannot_tell_from:
        return found
    also = " or ".join(finding.cannot_tell_from)
    excludes = f"A technique that tells it from {also}."
    return replace(found, met=False, rule="", missing=(*found.missing, excludes))


def signal_of(finding: NewFinding, by_id: Mapping[UUID, ScopeFact]) -> tuple[Signal, ...]:
    """Share of the signal (not of the weight) in each reading it stands on, and from which share on it would be seen.

    Taken over from the comparisons, so that what was submitted keeps the figures it rested on.
    """
    if not finding.substance_id or not finding.seen:
        return ()
    return tuple(
        Signal(
            str(fact.analysis_id), fact.title, one.share, one.low, one.high, one.grade,
            dict(fact.printed or ()).get(finding.substance_id),
        )
        for fact in (by_id[key] for key in finding.analysis_ids if key in by_id)
        if fact.ran
        for one in fact.shares
        if one.substance_id == finding.substance_id
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MethodWords:
    """What each analysis says of each substance, where the answer of the whole sample knows it."""

    rows: tuple[MethodSays, ...] = ()

    def against(self, substance_id: str | None, analysis_id: UUID) -> str:
        """Why an analysis does not count for a substance it was named for: it would have shown it, or could not have. "" where it
        does count, and where nothing is known of it."""
        for row in self.rows:
            if row.substance_id == substance_id and analysis_id in row.analysis_ids:
                return row.sentence if row.state in (MethodState.NOT_SEEN, MethodState.NOT_VISIBLE) else ""
        return ""


def _evidence(
    finding: NewFinding, by_id: Mapping[UUID, ScopeFact], pack: Pack, known_by: MethodWords
) -> list[Evidence]:
    """The analyses it names. A strip for another class says nothing of it, and neither does a method that does not see it in the
    answer of the whole sample."""
    found = []
    for fact in (by_id[key] for key in finding.analysis_ids if key in by_id):
        words, ran = fact.title, fact.status is AnalysisStatus.OK and fact.qc_passed
        target, reading = fact.strip_target, fact.strip_reading.value if fact.strip_reading else ""
        if reading and finding.substance_id != target and not within(class_of(pack, finding), target):
            words, ran = f"{fact.title} ({target}, another class)", False
        both = fact.analysis_id in finding.retention_ids
        against = known_by.against(finding.substance_id, fact.analysis_id) if finding.seen else ""
        found.append(
            Evidence(fact.method.value, words, fact.category, fact.specific, ran, reading, fact.read, both, against)
        )
    return found


def scope_fact(s: ScopeFact) -> hm.ScopeFact:
    """A run in the words of harm_messages."""
    status = hm.RunStatus(s.status.value) if s.read else hm.RunStatus.PENDING
    return hm.ScopeFact(
        method=s.method.value,
        status=status,
        qc_passed=s.qc_passed,
        classes=s.classes,
        substances=s.substances,
        excludes=s.excludes,
        lod=s.lod_percent,
        printed=s.printed,
        shown=(*s.shown, *s.blind),
    )


def strip_facts(rows: Iterable[ScopeFact]) -> list[hm.StripFact]:
    """Strips that say something: read, their run in order. One whose run was not stands in the scope, as not tested."""
    return [
        hm.StripFact(
            target=row.strip_target,
            reading=row.strip_reading,
            brand=row.strip_brand,
            lot=row.strip_lot,
            cut_off_ng_ml=row.strip_cut_off_ng_ml,
            dilution=row.strip_dilution,
        )
        for row in rows
        if row.strip_reading is not None and row.status is AnalysisStatus.OK and row.qc_passed
    ]


def _methods(finding: NewFinding, by_id: Mapping[UUID, ScopeFact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(by_id[a].method.value for a in finding.analysis_ids if a in by_id and by_id[a].read))


def finding_fact(
    finding: NewFinding,
    level: Confidence,
    methods: tuple[str, ...],
    pack: Pack,
    amount: Amount | None = None,
) -> hm.FindingFact:
    """A finding in the words of harm_messages."""
    alike = look_alikes(finding.cannot_tell_from, finding.substance_id, pack.substances) if finding.seen else ()
    return hm.FindingFact(
        substance=finding.substance_id,
        drug_class=None if finding.substance_id else finding.substance_class or None,
        abundance=finding.abundance,
        confidence=level,
        amount=hm.AmountFact(**asdict(amount)) if amount else None,
        methods=methods,
        look_alikes=alike,
    )


def _limitations(finding: NewFinding, by_id: Mapping[UUID, ScopeFact]) -> tuple[str, ...]:
    said = [f"Cannot be told apart from {', '.join(finding.cannot_tell_from)}."] if finding.cannot_tell_from else []
    for key in finding.analysis_ids:
        if key in by_id:
            said += by_id[key].limits
    return tuple(dict.fromkeys(said))
