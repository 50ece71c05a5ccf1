"""Real readings of other laboratories and techniques: what a simulator cannot show. Few, so figures, not bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.infrared_sets import references, spectrum_of
from spectra import InfraredSpectrum
from spectra.infrared import InfraredExplanation

CAFFEINE = "sample-spectra_skipped_Caffeine 58-08-21.dx"
POWDER = "Acetominophen Caffeine Acetylsalicylic acid.SPA"
DRUGS = range(12)


def rows(data: Path, quick: bool) -> list[Row]:
    """Caffeine across two laboratories, the analgesic powder by another technique, MDMA against MDE."""
    return [*caffeine(data), *powder(data), *sisters(data)]


def caffeine(data: Path) -> list[Row]:
    """Another laboratory's caffeine against the ENFSI references: its own entry left out, and ENFSI's drugs absent."""
    refs = references(data)
    foreign = tuple(e for e, name in enumerate(refs.names) if name.casefold().startswith("caffeine") and e not in DRUGS)
    library = refs.library(foreign)
    reading = spectrum_of(data / "ir" / "dirty_jdx" / CAFFEINE)
    answer = library.explain(reading)
    caffeine_key, out = refs.compounds[4], []
    first = answer.components[0].compound if answer.components else ""
    out.append(
        Row("real", "caffeine across laboratories: first name right", float(first == caffeine_key), 1, share=False)
    )
    out.append(_number("caffeine: wrong names", len({c.compound for c in answer.components} - {caffeine_key})))
    out.append(_number("caffeine: wrong names above possible", _wrong(answer, {caffeine_key})))
    drugs = {refs.compounds[e] for e in DRUGS} - {caffeine_key}
    apparent = [abs(limit.estimate) for limit in answer.limits if limit.compound in drugs]
    seen = [limit.compound for limit in answer.limits if limit.compound in drugs and limit.seen]
    out.append(
        _number("caffeine: largest apparent share of an absent drug", max(apparent, default=0.0), ", ".join(seen))
    )
    out.append(_number("caffeine: absent drugs said to be seen", len(seen)))
    for share in (0.03, 0.05, 0.075, 0.10):
        out.append(_spiked(refs.x, refs.curves[3], reading, library, refs.compounds[3], share))
    return out


def _spiked(x: np.ndarray, drug: np.ndarray, reading: InfraredSpectrum, library: object, key: str, share: float) -> Row:
    """Fentanyl of the library's own laboratory added by calculation to the foreign caffeine."""
    y = np.interp(x, reading.wavenumber, reading.absorbance)
    y = (1 - share) * (y - y.min()) / float(np.ptp(y)) + share * drug
    answer: InfraredExplanation = library.explain(InfraredSpectrum(x, y), watch=[key])  # type: ignore[attr-defined]
    limit = next((one for one in answer.limits if one.compound == key), None)
    note = "not asked" if limit is None else f"seen {limit.seen}, limit {limit.limit:.3f}, {limit.estimator}"
    named = any(c.compound == key for c in answer.components)
    value = 0.0 if limit is None else limit.estimate
    return _number(f"caffeine + {share:.1%} fentanyl reads", value, f"{note}{', named' if named else ''}")


def powder(data: Path) -> list[Row]:
    """The three-component analgesic powder against references of another technique: most must stay unexplained."""
    refs = references(data)
    same = tuple(e for e, source in enumerate(refs.sources) if source == "spa")
    answer = refs.library(same).explain(spectrum_of(data / "ir" / "spa" / POWDER))
    mostly = any(reason.startswith("Most of this is unexplained") for reason in answer.reasons)
    bands = ", ".join(f"{b:.0f}" for b in answer.residual_bands)
    return [
        Row("real", "analgesic powder: most is unexplained, said", float(mostly), 1, 1.0, share=False),
        _number("analgesic powder: bands listed", len(answer.residual_bands), bands),
        _number("analgesic powder: names above possible", _wrong(answer, set())),
    ]


def sisters(data: Path) -> list[Row]:
    """MDMA and MDE: each as the reading, with the other and with only the other in the library."""
    refs, out = references(data), []
    for one, other in ((1, 10), (10, 1)):
        reading = InfraredSpectrum(refs.x, refs.curves[one])
        found = refs.library().explain(reading)
        out.append(_number(f"{refs.names[one]}: wrong names", _names(found, {refs.compounds[one]})))
        less = refs.library((one,)).explain(reading)
        name = f"{refs.names[one]} not in the library: {refs.names[other]} above possible"
        out.append(_number(name, _wrong(less, {refs.compounds[one]}), f"residual {less.residual_ratio:.3f}"))
        out.append(_number(f"{refs.names[one]} not in the library: alarm", float(less.incomplete)))
    return out


def _names(answer: InfraredExplanation, truth: set[str]) -> int:
    return len({c.compound for c in answer.components} - truth)


def _wrong(answer: InfraredExplanation, truth: set[str]) -> int:
    return len({c.compound for c in answer.components if c.grade != "possible"} - truth)


def _number(what: str, value: float, note: str = "") -> Row:
    return Row("real", what, float(value), 1, share=False, note=note)
