"""How sure a finding is, by rule and with its reasons. Pure: imports the words of results only.

After the SWGDRUG Recommendations (version 8.1, part III B): a technique of category A wants another one of category A
or B that is independent of it. Stricter than they are in two ways: a colour test or a strip (category C) warns but does
not confirm, and GC-MS counts once, because MAST does not know whether the retention time was compared with a standard.
Category and specificity of each method stand in app/readings/methods.toml; here only which of them are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.results.domain import Confidence

PRINCIPLES: dict[str, frozenset[str]] = {
    "ftir": frozenset({"infrared"}),
    "raman": frozenset({"raman"}),
    "dart_ms": frozenset({"mass"}),
    "ambient_ms": frozenset({"mass"}),
    "lc_ms": frozenset({"mass", "liquid chromatography"}),
    "gc_ms": frozenset({"mass", "gas chromatography"}),
    "qnmr": frozenset({"nmr"}),
    "lc_uv": frozenset({"liquid chromatography", "ultraviolet"}),
    "gc_fid": frozenset({"gas chromatography"}),
    "tlc": frozenset({"thin layer"}),
    "uv": frozenset({"ultraviolet"}),
}
"""What each instrumental method measures: two are independent when the second measures something the first does not."""

LABORATORY = frozenset({"gc_ms", "lc_ms", "qnmr", "lc_uv", "gc_fid"})
"""Methods that are done in a laboratory; a result that stands on one has the grade “confirmed”."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One analysis a chemist names for a finding. `ran`: its status is ok and its blank did not fail.

    `read`: its file was read, or somebody read it on the instrument.
    """

    method: str
    words: str
    category: str
    specific: bool
    ran: bool = True
    strip_reading: str = ""
    read: bool = True


def derive_confidence(
    evidence: Sequence[Evidence], *, names_substance: bool = True, names_class: bool = True, seen: bool = True
) -> tuple[Confidence, tuple[str, ...]]:
    """The level and why. `seen=False` asks how sure it is that something was not seen."""
    usable, reasons = _usable(evidence, seen)
    level, why = _level(usable, names_substance, names_class)
    return level, (*reasons, why)


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
        else:
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
    pair = _independent_pair(usable)
    if pair:
        return Confidence.CONFIRMED, f"{pair[0]} (SWGDRUG category A) and {pair[1]}, independent of it, agree."
    if specific := [e.words for e in usable if e.specific]:
        return (
            Confidence.INDICATED,
            f"{', '.join(specific)}: one specific technique. A second, independent one confirms.",
        )
    if strip:
        return Confidence.CLASS_ONLY, "A strip shows a class, not which substance of it."
    return Confidence.TENTATIVE, f"{words}: cannot name one substance by itself."


def _independent_pair(usable: list[Evidence]) -> tuple[str, str] | None:
    for first in usable:
        if first.category != "A":
            continue
        own = PRINCIPLES.get(first.method, frozenset())
        for second in sorted(usable, key=lambda e: e.category):
            other = PRINCIPLES.get(second.method, frozenset())
            if second is not first and second.category in ("A", "B") and other - own:
                return first.words, second.words
    return None
