"""A spectrum as a mixture: the parts with their shares, in sentences and as stored, and what they leave over.

Infrared and mass spectra share the words; the fit itself stands in spectra.mixture. Accurate-mass readings of one file at
several energies are one sample: explained together, because each energy excludes parts that another allows. Which energy
a reading has is what its file says of it; nothing is guessed. Knows the registry, no database.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog

from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.parts import Residual, share_words, whole_percent
from app.laboratory.identification.ranking import SearchConditions, listed, with_components
from app.laboratory.library.domain import Libraries, Opened
from instruments import InstrumentError, to_mass_spectrum
from spectra import Candidate as Hit
from spectra import Component, MassSpectrum, MixtureExplanation, Reading, ReadingKind, SpectrumError

PROBABLE = "Consistent with a mixture of "
MIXTURE_SHARE = 0.20  # a part below stands in the headline only when it is probable
MIXTURE_SECONDS = 0.3
MOST_RESIDUAL = 200
_KEY = re.compile(r"(?:^|[_ ])(?:collision[_ ]?energy|cone[_ ]?voltage|cone|energy|ce)$", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
MOST_ENERGIES = 6
MOST_VOLTS = 10_000.0
WEAK_GRADES = frozenset({"possible"})  # a part a fit cannot do without is more than one it could name as well

_log = structlog.get_logger(__name__)


def mixture_sentences(explained: MixtureExplanation | None) -> list[str]:
    """The parts with their shares, and what stays unexplained."""
    if explained is None or not explained.components:
        return []
    parts = ", ".join(f"{c.name or c.compound} {share_words(c.share)}" for c in explained.components)
    out = [f"Mixture analysis: {parts}, {whole_percent(explained.unexplained_fraction)} unexplained."]
    if explained.incomplete:
        out.append("Too much is unexplained. Something here is not in the library, and small components may be wrong.")
    return out


def main_parts(explained: MixtureExplanation | None) -> list[Component]:
    """The parts that may stand in a headline, where there are two and more: large ones, and those that are probable."""
    if explained is None:
        return []
    main = [c for c in explained.components if c.share >= MIXTURE_SHARE or c.grade not in WEAK_GRADES]
    return main if len(main) > 1 else []


def mixture_headline(explained: MixtureExplanation, main: Sequence[Component]) -> str:
    """“Consistent with” where every part is probable and little is left over, else “perhaps”."""
    sure = not explained.incomplete and not any(c.grade in WEAK_GRADES for c in main)
    return f"{PROBABLE if sure else 'Possible mixture: '}{listed([c.name for c in main])}."


def mixture_of(queries: Sequence[MassSpectrum], library: Opened) -> MixtureExplanation | None:
    """One reading, or one sample at several energies (lowest first), as a mixture of entries of a library.

    A fault costs the mixture only; so does a reading that shares nothing with the library.
    """
    began = time.perf_counter()
    try:
        explained = library.mass.explain(list(queries) if len(queries) > 1 else queries[0])
    except (SpectrumError, ValueError, ArithmeticError, np.linalg.LinAlgError):
        _log.warning("mixture_failed", library=library.name, exc_info=True)
        return None
    if (took := time.perf_counter() - began) > MIXTURE_SECONDS:
        _log.warning("mixture_slow", library=library.name, seconds=round(took, 3))
    return explained


def with_mixture(
    answer: Answer, explained: MixtureExplanation | None, library: Opened, conditions: SearchConditions
) -> Answer:
    """Parts of a mixture, with what they leave. Into the headline come parts the method calls probable, as “perhaps”."""
    if explained is None or not explained.components:
        return answer
    others = [key for part in explained.components for key in part.not_distinguished]
    names = names_of(library, others, ()) if others else {}
    answer = with_components(answer, explained, conditions.index, names)
    more = mixture_sentences(explained) if len(explained.components) > 1 else []
    sentences = (*answer.sentences, *more, *explained.withheld)
    answer = replace(answer, residual=_residual(explained), sentences=sentences)
    probable = [c.name or c.compound for c in explained.components if c.grade not in WEAK_GRADES]
    if len(probable) < 2 or explained.incomplete:
        return answer
    mixture = f"Possible mixture: {listed(probable)}."
    alone = answer.level is Level.CONSISTENT_WITH
    return replace(answer, mixture=mixture, headline=f"{answer.headline} {mixture}" if alone else mixture)


def _residual(explained: MixtureExplanation) -> Residual | None:
    """What is left of the reading, as sticks: the strongest in either direction, in percent of its base peak."""
    if explained.axis is None or explained.residual is None or explained.fitted is None:
        return None
    axis, rest, fitted = (
        np.asarray(a, dtype=np.float64) for a in (explained.axis, explained.residual, explained.fitted)
    )
    top = float(np.abs(rest + fitted).max()) if rest.size else 0.0
    if top <= 0:
        return None
    keep = np.sort(np.argsort(-np.maximum(np.abs(rest), fitted), kind="stable")[:MOST_RESIDUAL])
    return Residual(
        tuple(round(float(m), 4) for m in axis[keep]),
        tuple(round(100 * float(r) / top, 3) for r in rest[keep]),
        tuple(round(100 * float(f) / top, 3) for f in fitted[keep]),
    )


def names_of(library: Opened, compounds: Sequence[str], rows: Sequence[Hit]) -> dict[str, str]:
    """Compound key → a name of it; the key itself where the library has none."""
    known = {row.compound: row.name for row in rows}
    wanted = {c for c in compounds if c not in known}
    if wanted:
        for number, compound in enumerate(library.mass.compounds):
            if compound in wanted:
                known.setdefault(compound, library.mass.names[number])
    return {c: known.get(c, c) for c in compounds}


# -- one sample at several energies --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AtEnergies:
    """Readings of one file at rising energies: `places` in the file, energies as the file says them (eV or V)."""

    places: tuple[int, ...]
    energies: tuple[float, ...]
    spectra: tuple[MassSpectrum, ...]


def energy_of(reading: Reading) -> float | None:
    """Collision energy or cone voltage as the file says it; None where it does not, or not as a number."""
    for key, value in _flat(reading.meta):
        if _KEY.search(key.strip()):
            found = _NUMBER.search(str(value))
            energy = abs(float(found.group().replace(",", "."))) if found else MOST_VOLTS
            if energy < MOST_VOLTS:  # a file may write anything
                return energy
    return None


def _flat(meta: Mapping[str, object]) -> list[tuple[str, object]]:
    out: list[tuple[str, object]] = []
    for key, value in meta.items():
        out += _flat(value) if isinstance(value, Mapping) else [(str(key), value)]
    return out


def at_energies(readings: Sequence[Reading], accurate: Collection[int]) -> AtEnergies | None:
    """The accurate-mass spectra of a file (their places in `accurate`) where two and more differ in energy."""
    found: dict[float, tuple[int, MassSpectrum]] = {}
    for place in sorted(accurate):
        reading = readings[place]
        energy = energy_of(reading) if reading.kind is ReadingKind.MASS_SPECTRUM else None
        if energy is None or energy in found:
            continue
        try:
            found[energy] = place, to_mass_spectrum(reading)
        except (InstrumentError, SpectrumError):
            continue
    if not 2 <= len(found) <= MOST_ENERGIES:
        return None
    rising = sorted(found)
    return AtEnergies(
        tuple(found[e][0] for e in rising), tuple(rising), tuple(found[e][1] for e in rising)
    )  # fmt: skip


def with_joint_mixture(
    answers: Sequence[Answer], together: AtEnergies, libraries: Libraries, conditions: SearchConditions
) -> list[Answer]:
    """The answers of a file, those of the energies with the mixture all of them give together."""
    library = max((one for one in libraries.mass(accurate=True) if not one.own), key=len, default=None)
    explained = None if library is None else mixture_of(together.spectra, library)
    if library is None or explained is None or not explained.components:
        return list(answers)
    shown = ", ".join(f"{energy:g}" for energy in together.energies)
    words = f"The mixture is that of the readings at {shown} (energy as the file says) together."
    out = list(answers)
    for place in together.places:
        answer = with_mixture(out[place], explained, library, conditions)
        out[place] = replace(answer, energies=together.energies, sentences=(*answer.sentences, words))
    return out
