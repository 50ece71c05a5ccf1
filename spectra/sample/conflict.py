"""Whether an EI and an infrared reading can be of one sample, each standing for all of it.

Why a question and no more: two files under one number are mixed up by hand, and only a hand can say so. Imports the standard
library and `spectra.sample` only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from spectra.sample.answer import Conflict
from spectra.sample.one_compound import Weighed
from spectra.sample.states import Scene

LIKELY = 0.05


def figure(listed: Mapping[str, float], ratio: Mapping[str, float], outside: float) -> float:
    """C = ln Z − ln((1 − q) Σ p L + q Z). L is the likelihood ratio of a compound, 1 without a reference; Z is half the mean L of all
    references and half 1, as if the infrared reading were of any other sample. EI's own doubt q, P(not in its library), bounds C:
    a method that is not sure of its compound contradicts nothing."""
    if not ratio or not listed:
        return 0.0
    z = 0.5 * sum(ratio.values()) / len(ratio) + 0.5
    total = sum(listed.values())
    matched = sum(p * ratio.get(c, 1.0) for c, p in listed.items()) / max(total, 1e-12)
    return math.log(z) - math.log((1.0 - outside) * matched + outside * z)


def conflict_of(scene: Scene, weighed: Weighed) -> Conflict | None:
    """The figure and its words where both readings show one compound each; None where one is missing, and where EI is blind to
    what infrared fits best, because then nothing was to be seen."""
    heard, naming, listed = scene.heard, scene.naming, dict(scene.listed)
    fits = min(weighed.residuals, key=lambda c: (weighed.residuals[c], c), default="")
    if not heard.mass or not heard.infrared or not fits or naming.blind(heard.mass[0].method, fits):
        return None
    value, asked = figure(listed, weighed.ratio, scene.outside), scene.fit.conflict["asked_at"]
    leader = max(listed, key=lambda c: listed[c], default="")
    known = any(c in weighed.ratio for c, p in listed.items() if p >= LIKELY)
    if value >= asked and weighed.ratio.get(fits, 1.0) > 1.0:
        text = f"EI gives {naming.name(leader)}, and infrared fits {naming.name(fits)} best, so the two files may not be of one sample."
    elif value >= asked:
        text = (
            f"EI gives {naming.name(leader)}, which infrared does not confirm, and infrared fits no reference well, so the two files may "
            "not be of one sample."
        )
    elif known:
        text = "Nothing speaks against both files being of one sample."
    else:
        text = "Infrared has no reference for what EI gives, so it cannot be told whether both files are of one sample."
    return Conflict(value, asked, text, (heard.mass[0].key, heard.infrared[0].key))
