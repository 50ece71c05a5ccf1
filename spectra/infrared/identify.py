"""Identification from one infrared reading taken as one substance: a set of compounds, a level, and plain reasons.

Why: a correlation is not an identification. What a mixture is made of is the question of `explain`. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectra.confidence.limits import decision
from spectra.confidence.reasons import listed
from spectra.index.infrared_index import InfraredIndex
from spectra.index.infrared_resolution import resolution_of
from spectra.infrared.search import compounds
from spectra.infrared_grid import curve
from spectra.similarity.infrared import InfraredScore
from spectra.types import Candidate, FloatArray, Identification, IdentificationLevel, InfraredSpectrum

COMPARED = 30
"""Compounds compared: alignment looks at twice as many references. What ranks lower never changed a name or a set."""
_SHOWN = 10


def identify(
    library: InfraredIndex, query: InfraredSpectrum, ranked: Sequence[Candidate] | None = None
) -> Identification:
    """Set of compounds for one reading, in the order of the aligned fit.

    The set holds the best compound and what cannot be told from it (within 0.03 of its score, or references too alike).
    The level follows from the exact first-derivative correlation of the best, the figure chemists compare with other
    software: "consistent with" from 0.70, "related" from 0.50, "class only" where the set is too large to be one answer.
    Probabilities are a softmax of the aligned scores at a default spread: nothing was calibrated, so `calibrated` is
    False, and no `p_not_in_library` is given. Misleads on mixtures: the largest part may be named as if it were all.
    `ranked`: the first `COMPARED` compounds by the aligned score, where the caller has them already.
    Raises SpectrumError on a reading that cannot be compared with this library.
    """
    rows = compounds(library, query, COMPARED) if ranked is None else ranked
    if not rows:
        reason = "No library entry resembles this spectrum."
        return Identification(IdentificationLevel.NOTHING_ABOVE_LIMIT, (), (), None, (reason,))
    own, rule = library.codes == library.codes[rows[0].entry], InfraredScore("first_derivative", air=not library.raman)
    plain = library.engine.find(curve(query, library.raman), resolution_of(query), rule, 1, among=own)
    match = float(plain.scores.max(initial=0.0))
    alike = [row for row in rows if row.ambiguity_group == rows[0].ambiguity_group]
    level = level_of(match, len(alike))
    named = level in (IdentificationLevel.CONSISTENT_WITH, IdentificationLevel.CLASS_ONLY)
    shares = _shares(rows)
    shown = max(_SHOWN, int((shares >= 1e-4).sum()))
    return Identification(
        level,
        tuple((row.compound, float(p)) for row, p in zip(rows[:shown], shares[:shown], strict=True)),
        tuple(row.compound for row in alike) if named else (),
        None,
        _reasons(library, rows, alike, level, match),
        not_distinguished=library.twins(rows[0].entry) if named else (),
        score_name=rows[0].score_name,
    )


def level_of(match: float, size: int) -> IdentificationLevel:
    """How far an answer goes whose best compound correlates by `match` and cannot be told from `size` − 1 others.

    >>> [level_of(*case).value for case in ((0.9, 1), (0.9, 20), (0.6, 1), (0.3, 1))]
    ['consistent_with', 'class_only', 'related', 'nothing_above_limit']
    """
    if match < decision("infrared", "related"):
        return IdentificationLevel.NOTHING_ABOVE_LIMIT
    if match < decision("infrared", "consistent"):
        return IdentificationLevel.RELATED
    if size > decision("infrared", "largest_set"):
        return IdentificationLevel.CLASS_ONLY
    return IdentificationLevel.CONSISTENT_WITH


def _shares(rows: Sequence[Candidate]) -> FloatArray:
    """Default probabilities of compounds, best first, (K,), sum 1."""
    scores = np.array([row.score for row in rows])
    weight = np.exp((scores - scores[0]) / decision("infrared", "spread"))
    return np.asarray(weight / weight.sum())


def _reasons(
    library: InfraredIndex,
    rows: Sequence[Candidate],
    alike: Sequence[Candidate],
    level: IdentificationLevel,
    match: float,
) -> tuple[str, ...]:
    best = rows[0]
    out = [
        f"Best match: {best.name}, {best.score_name} score {best.score:.2f}, first-derivative correlation {match:.2f} of 1."
    ]
    if level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        out.append("No score is high enough to name a compound. This is not evidence that nothing is there.")
    elif level is IdentificationLevel.RELATED:
        out.append("The match is too poor to name one compound: a mixture, or something not in the library.")
    elif level is IdentificationLevel.CLASS_ONLY:
        out.append(f"{len(alike)} compounds fit this spectrum: it speaks for their class, not for one of them.")
    if len(alike) > 1:
        out.append(f"This method does not tell {best.name} from: {listed([row.name for row in alike[1:]])}.")
    left = 1.0 - (best.explained_fraction or 0.0)
    if left >= decision("infrared", "unexplained"):
        out.append(
            f"{left:.0%} of the reading is not explained by the best entry: perhaps a mixture, look at `explain`."
        )
    out.append('The library was measured elsewhere, so the answer is never more than "consistent with".')
    out.append("The probabilities come from a default curve; they are not calibrated for this library.")
    if library.info.get("notice"):
        out.append(f"Library notice: {library.info['notice']}.")
    return tuple(out)
