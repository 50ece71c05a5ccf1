"""How sure a finding is, by rule and with its reasons. Pure: imports the words of results, of spectra the SWGDRUG rule.

“Confirmed” is the minimum of the SWGDRUG Recommendations (spectra.minimum_identification, with its edition): one rule,
told on the bench as the minimum and here as a level. MAST reads it strictly in two ways that are said with every answer:
a colour test or a strip shows a class and counts for the class only, and GC-MS counts once unless the chemist says that
its retention time agreed with a standard. How specific a method is stands in app/laboratory/identification/methods.toml.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harm_messages.vocabulary import Confidence
from spectra.minimum_identification import MinimumIdentification, TechniqueEvidence, evaluate

CLASS_ONLY = frozenset({"reagent", "strip"})
"""Methods whose positive result names a class and no substance of it."""

LABORATORY = frozenset({"gc_ms", "lc_ms", "qnmr", "lc_uv", "gc_fid"})
"""Methods that are done in a laboratory; a result that stands on one has the grade “confirmed”."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One analysis a chemist names for a finding. `ran`: its status is ok and its blank did not fail.

    `read`: its file was read, or somebody read it on the instrument. `both_results`: of a hyphenated method both
    results were used, its retention time having been compared with a standard.
    """

    method: str
    words: str
    category: str
    specific: bool
    ran: bool = True
    strip_reading: str = ""
    read: bool = True
    both_results: bool = False


def derive_confidence(
    evidence: Sequence[Evidence], *, names_substance: bool = True, names_class: bool = True, seen: bool = True
) -> tuple[Confidence, tuple[str, ...]]:
    """The level and why. `seen=False` asks how sure it is that something was not seen."""
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
