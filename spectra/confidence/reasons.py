"""The sentences under an answer: why these compounds, what cannot be told apart, and what speaks against it.

Why: a chemist must see in plain words what the method cannot do for this very reading. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectra.confidence.calibration import Calibration
from spectra.confidence.limits import decision
from spectra.confidence.ranking import Ranked
from spectra.index.mass_index import MassIndex
from spectra.preprocess import prepare
from spectra.types import FloatArray, IdentificationLevel, MassSpectrum

_MOST_NAMES = 6


def reasons_for(
    library: MassIndex,
    query: MassSpectrum,
    ranked: Ranked,
    calibration: Calibration,
    fits: bool,
    level: IdentificationLevel,
    size: int,
    alike: Sequence[str],
    outside: float | None,
) -> tuple[str, ...]:
    """All sentences, the most telling first."""
    out = [_best(library, ranked), *_level(ranked, level, size, outside)]
    if level is not IdentificationLevel.NOTHING_ABOVE_LIMIT:
        out += _apart(library, ranked, size, alike)
    out += _against(library, query, ranked)
    out.append('The library was measured elsewhere, so the answer is never more than "consistent with".')
    out.append(_calibrated(calibration, fits))
    if remark := library.ionisation_remark(query):
        out.append(remark)
    if library.info.get("notice"):
        out.append(f"Library notice: {library.info['notice']}.")
    return tuple(out)


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, the first six.

    >>> listed(["A", "B"]), listed(list("abcdefgh"))
    ('A, B', 'a, b, c, d, e, f and 2 more')
    """
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def _best(library: MassIndex, ranked: Ranked) -> str:
    name = library.names[int(ranked.entries[0])]
    match = ranked.match[0]
    shown = f"{match:.0f} of 1000" if ranked.match_name == "composite" else f"{match:.2f} of 1"
    return f"Best match: {name}, {ranked.match_name} score {shown}, {_peaks(int(ranked.matched[0]))} matched."


def _peaks(n: int) -> str:
    return "1 peak" if n == 1 else f"{n} peaks"


def _level(ranked: Ranked, level: IdentificationLevel, size: int, outside: float | None) -> list[str]:
    out = []
    if level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        out.append("No score is high enough to name a compound. This is not evidence that nothing is there.")
    elif level is IdentificationLevel.RELATED:
        scale = "composite" if ranked.match_name == "composite" else "fraction"
        poor = float(ranked.match[0]) < decision("mass", f"consistent_{scale}")
        why = "The match is too poor" if poor else "Although the match is good, the evidence is too thin"
        out.append(f"{why} for more than a likeness: unknown, perhaps related to these compounds.")
    elif level is IdentificationLevel.CLASS_ONLY:
        out.append(f"{size} compounds fit this spectrum: it speaks for their class, not for one of them.")
    if outside is not None and outside >= decision("mass", "say_stranger"):
        out.append(f"The chance that the compound is not in this library is about {outside:.0%}.")
    return out


def _apart(library: MassIndex, ranked: Ranked, size: int, alike: Sequence[str]) -> list[str]:
    entry = dict(zip(ranked.compounds, ranked.entries.tolist(), strict=True))
    best = library.names[int(ranked.entries[0])]
    others = [library.names[entry[c]] for c in ranked.compounds[1:size]]
    out = [f"This method does not tell {best} from: {listed(others)}."] if others else []
    unlikely = [library.names[entry[c]] for c in alike if c not in ranked.compounds[:size]]
    if unlikely:
        out.append(
            f"Their reference spectra are nearly the same as that of {best}, though these fit less well: {listed(unlikely)}."
        )
    if alike:
        out.append(
            "Spectra this alike are told apart by retention time against the compound's own standard, not by a score."
        )
    formula = library.formulas[int(ranked.entries[0])]
    if formula:
        isomers = [
            library.names[e] for c, e in entry.items() if c != ranked.compounds[0] and library.formulas[e] == formula
        ]
        if isomers:
            out.append(f"Isomers ({formula}) among the best matches: {listed(isomers)}.")
    return out


def _against(library: MassIndex, query: MassSpectrum, ranked: Ranked) -> list[str]:
    """What speaks against trusting the match: few peaks, base peak, range, unexplained signal, precursor."""
    mine, theirs = prepare(query, library.accurate), library.table.peaks(int(ranked.entries[0]))
    best = library.names[int(ranked.entries[0])]
    out = []
    if ranked.peaks < decision("mass", "few_peaks"):
        out.append(f"The reading has only {_peaks(ranked.peaks)}; few peaks fit many compounds.")
    width = library.rule("weighted_cosine", None).window if library.accurate else 0.5
    top = float(mine.mz[int(np.argmax(mine.intensity))])
    if not (np.abs(theirs.mz - top) <= width).any():
        out.append(f"The strongest peak of the reading, m/z {top:.5g}, is missing in the entry of {best}.")
    strong = float(theirs.mz[int(np.argmax(theirs.intensity))])
    if mine.mz[0] <= strong <= mine.mz[-1] and not (np.abs(mine.mz - strong) <= width).any():
        out.append(f"The strongest peak of {best}, m/z {strong:.5g}, is missing in the reading.")
    return [
        *out,
        *_range(mine.mz, theirs.mz, theirs.intensity, best),
        *_unexplained(ranked),
        *_precursor(query, ranked),
    ]


def _range(mine: FloatArray, theirs: FloatArray, height: FloatArray, best: str) -> list[str]:
    strong = theirs[height >= 50.0]
    out = []
    if strong.size and strong[0] < mine[0] - 0.5:
        out.append(f"The reading starts at m/z {mine[0]:.0f}; {best} has strong peaks below, which were not compared.")
    if strong.size and strong[-1] > mine[-1] + 0.5:
        out.append(f"The reading ends at m/z {mine[-1]:.0f}; {best} has strong peaks above, which are missing here.")
    return out


def _unexplained(ranked: Ranked) -> list[str]:
    left = 1.0 - float(ranked.explained[0])
    better = ranked.figures.get("composite_reverse", 0.0) - ranked.figures.get("composite", 0.0)
    if left < decision("mass", "unexplained") and better < decision("mass", "reverse_lead"):
        return []
    return [f"{left:.0%} of the signal has no peak in the best entry: perhaps a mixture, look at the mixture answer."]


def _precursor(query: MassSpectrum, ranked: Ranked) -> list[str]:
    if ranked.figures.get("near") != 0.0:
        return []
    if query.precursor_mz is None:
        return ["The reading states no precursor m/z: every compound with such fragments is possible."]
    return [f"No library entry has the precursor m/z {query.precursor_mz:.4f}: these share fragments, nothing more."]


def _calibrated(calibration: Calibration, fits: bool) -> str:
    if not fits:
        return "The probabilities come from a default curve, made for other libraries; they are not calibrated for this one."
    if calibration.own:
        return f"The probabilities are calibrated on this laboratory's own readings ({calibration.described})."
    return (
        f"The probabilities are calibrated on public data, not on this laboratory's own ({calibration.described}); "
        "your own readings of known samples would make them yours."
    )
