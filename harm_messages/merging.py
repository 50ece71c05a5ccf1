"""What was found as one line per thing: what strips add, what a method cannot tell apart, the strongest of everything.

Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable

from harm_messages.pack import Pack
from harm_messages.register import within
from harm_messages.roles import finding_class
from harm_messages.types import Abundance, Confidence, Facts, FindingFact, StripFact, StripReading


def known(facts: Facts, pack: Pack) -> list[FindingFact]:
    """Findings that are there, what the method cannot tell from them as a weak trace (no negative may be
    said of it, and it warns where weak evidence does), and what strips add where nothing more specific was found."""
    present = [f for f in facts.findings if f.abundance is not Abundance.NOT_DETECTED]
    alike = {one for f in present for one in f.look_alikes if one in pack.substances}
    present += [
        FindingFact(substance=one, abundance=Abundance.INDICATION, confidence=Confidence.TENTATIVE)
        for one in sorted(alike)
    ]
    present += [_reacted(s, pack) for s in facts.strips if s.reading in (StripReading.POSITIVE, StripReading.FAINT)]
    firm = [finding_class(f, pack) for f in present if _explains_a_class(f, pack)]
    return [
        f for f in present
        if f.substance is not None or f.drug_class is None or not any(within(c, f.drug_class) for c in firm)
    ]  # fmt: skip


def _reacted(strip: StripFact, pack: Pack) -> FindingFact:
    """What a strip that reacted tells: its class (also where a substance has the same id: ghb) or substance, or for a
    target nobody knows here, that something without a name is there. The page warns; it never shuts over one strip."""
    is_class = pack.substances.is_class(strip.target)
    known = strip.target in pack.substances and not is_class
    return FindingFact(
        substance=strip.target if known else None,
        drug_class=strip.target if is_class else None,
        abundance=Abundance.INDICATION,
        confidence=Confidence.CLASS_ONLY if strip.reading is StripReading.POSITIVE else Confidence.TENTATIVE,
        methods=("strip",),
    )


def _explains_a_class(fact: FindingFact, pack: Pack) -> bool:
    """A firm finding stands for its class, so the strip adds nothing. A by-product (norfentanyl) does not:
    what the strip saw may be the drug itself."""
    if fact.substance is None or fact.confidence.rank < Confidence.INDICATED.rank:
        return False
    row = pack.substances[fact.substance]
    return row.psychoactive or not pack.substances.classes[row.drug_class].psychoactive


def merged(findings: Iterable[FindingFact]) -> list[FindingFact]:
    """One line per thing: strongest confidence, largest abundance, highest amount, all methods and look-alikes."""
    merged: dict[tuple[str, str], FindingFact] = {}
    for finding in findings:
        key = (finding.substance or "", finding.drug_class or "") if not finding.substance else (finding.substance, "")
        old = merged.get(key)
        merged[key] = finding if old is None else _stronger(old, finding)
    return [merged[key] for key in sorted(merged)]


def _stronger(a: FindingFact, b: FindingFact) -> FindingFact:
    amounts = sorted((x for x in (a.amount, b.amount) if x is not None), key=lambda x: (x.upper, x.model_dump_json()))
    return a.model_copy(
        update={
            "confidence": max(a.confidence, b.confidence, key=lambda c: c.rank),
            "abundance": max(a.abundance, b.abundance, key=lambda x: x.rank),
            "amount": amounts[-1] if amounts else None,
            "methods": tuple(sorted({*a.methods, *b.methods})),
            "look_alikes": tuple(sorted({*a.look_alikes, *b.look_alikes})),
        }
    )
