"""From probabilities to an answer a chemist can read: which compounds, how sure, what is left. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.index.mass_index import MassIndex
from spectra.mixture.accurate_beam import Search
from spectra.mixture.accurate_candidates import Shortlist
from spectra.mixture.accurate_inclusion import Evidence
from spectra.mixture.accurate_model import Float32, Model
from spectra.mixture.accurate_series import SeriesTable
from spectra.mixture.accurate_stack import Stack
from spectra.types import Component, FloatArray, MixtureExplanation

IntArray = NDArray[np.int64]
SIGNAL = "Signal is no measure of amount here: shares are shares of ions, and substances ionise very differently."
NOTHING = "No library entry resembles this sample. This is not evidence that nothing is there."
MOST_BANDS = 8


@dataclass(frozen=True, eq=False)
class Context:
    """What an answer is written from."""

    library: MassIndex
    sample: Stack
    series: SeriesTable
    short: Shortlist
    found: Search
    seen: Evidence
    model: Model

    def key(self, code: int) -> str:
        """Compound key of a code."""
        return self.library.compounds[self.entry(int(np.flatnonzero(self.series.compound == code)[0]))]

    def entry(self, s: int) -> int:
        """The entry of lowest energy of one series."""
        return int(self.series.entries[self.series.offsets[s]])


@dataclass(frozen=True, eq=False)
class Named:
    """The compounds named: `place` (n,) in the evidence, their columns, shares (n,), standard error of ln share (n,)."""

    place: IntArray
    columns: IntArray
    shares: Float32
    error: FloatArray


def nothing_found(sample: Stack) -> MixtureExplanation:
    """The answer when no candidate is left."""
    mean = sample.y.mean(axis=0)
    return MixtureExplanation(
        (), 1.0, True, (NOTHING,), residual_ratio=1.0, residual_bands=_bands(sample.mz, mean),
        fitted=np.zeros(mean.size), residual=mean, axis=sample.mz, calibrated=True,
    )  # fmt: skip


def explanation(context: Context, probability: FloatArray, most: int) -> MixtureExplanation:
    """Name what is likely enough; where much stays unexplained, only what is nearly certain."""
    rule = load("mixtures_accurate")["report"]
    named, hidden = _named(context, probability, rule["least_probability"], most)
    left, fitted = _unexplained(context, named)
    incomplete = left > rule["incomplete"]
    unsure: list[str] = []
    if incomplete:
        sure = probability >= rule["incomplete_probability"]
        unsure = [_name(context, int(k)) for k in named.place if not sure[k]]
        if unsure:
            named, hidden = _named(context, np.where(sure, probability, 0.0), rule["least_probability"], most)
            left, fitted = _unexplained(context, named)
    components = _components(context, named, probability, hidden)
    withheld = _ties(context, probability, named, hidden)
    if unsure:
        withheld = (f"Too much is unexplained to name what is only likely; left out: {'; '.join(unsure)}.", *withheld)
    mean = context.sample.y.mean(axis=0)
    residual = mean - fitted
    return MixtureExplanation(
        components, left, incomplete, (*_reasons(components, context, left, incomplete), *withheld),
        residual_ratio=left, residual_bands=_bands(context.sample.mz, residual) if incomplete else (),
        fitted=fitted, residual=residual, axis=context.sample.mz, calibrated=True, withheld=withheld,
    )  # fmt: skip


def _named(context: Context, probability: FloatArray, least: float, most: int) -> tuple[Named, dict[int, list[int]]]:
    """Compounds of at least `least` probability, one per precursor unless the next is nearly certain too.

    Second value: for each place named, the places left out as its isomers.
    """
    rule = load("mixtures_accurate")["report"]
    precursor = context.series.precursor[context.short.series[context.seen.candidate]]
    kept: list[int] = []
    hidden: dict[int, list[int]] = {}
    for k in np.lexsort((np.arange(probability.size), -probability)):
        same = [j for j in kept if abs(precursor[j] - precursor[k]) <= rule["isomer_da"]]
        if probability[k] < least or len(kept) == most:
            break
        if same and probability[k] < rule["isomer_probability"]:
            hidden[same[0]].append(int(k))
            continue
        kept.append(int(k))
        hidden[int(k)] = []
    return _fitted(context, np.array(kept, dtype=np.int64)), hidden


def _fitted(context: Context, place: IntArray) -> Named:
    """Joint fit of the compounds named; those that get no share to speak of stay out."""
    floor = load("mixtures_accurate")["report"]["share_floor"]
    while place.size:
        columns, start = _starting_columns(context, place)
        shares, _ = context.found.likelihood.fit(columns[None, :], start[None, :], 6)
        part = shares[0] / shares[0].sum()
        if part.min() >= floor or place.size == 1:
            error = context.found.likelihood.errors(columns, shares[0])
            return Named(place, columns, shares[0], error)
        place = np.delete(place, int(part.argmin()))
    return Named(place, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), np.zeros(0))


def _starting_columns(context: Context, place: IntArray) -> tuple[IntArray, Float32]:
    """The columns of the best fitted set that holds exactly these compounds, else each compound's own best column."""
    codes = context.series.compound[context.short.series[context.found.data.candidate]]
    wanted = sorted(context.seen.compound[place].tolist())
    for one in context.found.sets:
        if len(one.columns) == len(wanted) and sorted(codes[list(one.columns)].tolist()) == wanted:
            at = {int(codes[j]): k for k, j in enumerate(one.columns)}
            order = [at[int(c)] for c in context.seen.compound[place]]
            return np.array(one.columns, dtype=np.int64)[order], one.shares[order]
    own = [(context.seen.column[k], context.seen.best[k]) for k in place]
    start = [one.shares[one.columns.index(int(j))] for j, one in own]
    return np.array([j for j, _ in own], dtype=np.int64), np.array(start, dtype=np.float32)


def _unexplained(context: Context, named: Named) -> tuple[float, FloatArray]:
    """Share (by m · y) of the signal on ions that no named compound shows at any energy; and the fit (B,), mean over
    energies. Heavy ions count more: they tell of intact molecules."""
    ions = context.sample.mz.size
    fitted, shown = np.zeros(ions), np.zeros(ions, dtype=bool)
    if named.place.size:
        fitted = named.shares.astype(np.float64) @ context.found.mean[named.columns, :ions].astype(np.float64)
        parts = context.found.data.candidate[named.columns]
        shown = context.found.most[parts, :ions].max(axis=0) > load("mixtures_accurate")["report"]["shown"]
    heavy = context.sample.y * context.sample.mz
    return float(heavy[:, ~shown].sum() / heavy.sum()), fitted


def _components(
    context: Context, named: Named, probability: FloatArray, hidden: dict[int, list[int]]
) -> tuple[Component, ...]:
    rule = load("mixtures_accurate")["report"]
    if not named.place.size:
        return ()
    share = (named.shares / named.shares.sum()).astype(np.float64)
    spread = rule["interval_factor"] * named.error
    alike = [_not_distinguished(context, named, i) for i in range(named.place.size)]
    out = []
    for i in np.lexsort((named.place, -share)):
        k = int(named.place[i])
        s = int(context.short.series[context.found.data.candidate[named.columns[i]]])
        others = dict.fromkeys(int(context.seen.compound[j]) for j in hidden.get(k, []))
        others.update(dict.fromkeys(alike[i]))
        low, high = _interval(float(share[i]), float(spread[i]))
        out.append(
            Component(
                context.library.compounds[context.entry(s)], float(share[i]), low, high,
                "probable" if probability[k] >= rule["probable"] and not alike[i] else "possible",
                context.library.names[context.entry(s)], float(probability[k]),
                tuple(context.key(c) for c in others), context.entry(s),
            )
        )  # fmt: skip
    return tuple(out)


def _interval(share: float, spread: float) -> tuple[float, float]:
    """share/(1−share) times and over e^spread, as a share; the only part has the whole."""
    if share >= 1.0:
        return 1.0, 1.0
    odds = share / (1.0 - share)
    low, high = odds * np.exp(-spread), odds * np.exp(min(spread, 50.0))
    return float(low / (1.0 + low)), float(high / (1.0 + high))


def _not_distinguished(context: Context, named: Named, i: int) -> list[int]:
    """Codes of compounds that, put in place of part i and fitted again, cost at most `swap_loss` more."""
    limit = load("mixtures_accurate")["report"]["swap_loss"]
    data, likelihood = context.found.data, context.found.likelihood
    codes = context.series.compound[context.short.series[data.candidate]]
    taken = codes[named.columns]
    free = np.flatnonzero(~np.isin(codes, taken))
    if not free.size:
        return []
    mu = np.tensordot(np.delete(named.shares, i), data.expected[np.delete(named.columns, i)], axes=1)[None, :]
    base = likelihood.terms(mu)
    grid = named.shares[i] * np.array([0.4, 0.7, 1.0, 1.5], dtype=np.float32)
    held = float(likelihood.gains(mu, base, int(named.columns[i]), grid).max()) - float(data.penalty[named.columns[i]])
    gain = np.array([likelihood.gains(mu, base, int(j), grid).max() for j in free]) - data.penalty[free]
    close = free[gain >= held - limit]
    return sorted({int(codes[j]) for j in close}, key=lambda c: -float(gain[codes[free] == c].max()))


def _name(context: Context, place: int) -> str:
    return context.library.names[context.entry(int(context.short.series[context.seen.candidate[place]]))]


def _bands(mz: FloatArray, residual: FloatArray) -> tuple[float, ...]:
    """m/z of the ions with the most unexplained signal, rising."""
    strong = np.argsort(-residual, kind="stable")[:MOST_BANDS]
    return tuple(float(m) for m in np.sort(mz[strong[residual[strong] > 0]]))


def _reasons(
    parts: tuple[Component, ...],
    context: Context,
    left: float,
    incomplete: bool,
) -> tuple[str, ...]:
    """Plain sentences: what shares mean, what could not be told apart, what is missing."""
    said = [SIGNAL]
    energies = context.sample.y.shape[0]
    if energies == 1:
        said.append("One energy only: several energies tell substances apart much better.")
    if not np.isfinite(context.series.precursor).any():
        said.append("The library states no precursor masses: nothing could be checked against the intact molecule.")
    if not parts:
        said.append("No library entry is likely enough to be named. This is not evidence that nothing is there.")
    for part in parts:
        names = _names_of(context, part.not_distinguished)
        if names:
            said.append(f"This method does not tell {part.name} from: {'; '.join(names)}.")
        if part.entry is not None and _precursor_missing(context, part.entry):
            said.append(f"The intact molecule of {part.name} is in none of the spectra; its fragments are.")
    if incomplete:
        said.append(f"{left:.0%} of the signal is not explained by the library: something else is there.")
    return tuple(said)


def _ties(context: Context, probability: FloatArray, named: Named, hidden: dict[int, list[int]]) -> tuple[str, ...]:
    """Sentences on isomers of which none is likely enough to be named, and one or another is."""
    least = load("mixtures_accurate")["report"]["group_probability"]
    precursor = context.series.precursor[context.short.series[context.seen.candidate]]
    near = load("mixtures_accurate")["report"]["isomer_da"]
    said = [int(k) for k in named.place] + [j for isomers in hidden.values() for j in isomers]
    free = [int(k) for k in np.lexsort((np.arange(probability.size), -probability)) if int(k) not in said]
    free = [k for k in free if not (np.abs(precursor[named.place] - precursor[k]) <= near).any()]
    out = []
    while free:
        first = free[0]
        group = [k for k in free if k == first or abs(precursor[k] - precursor[first]) <= near]
        free = [k for k in free if k not in group]
        if len(group) > 1 and probability[group].sum() >= least:
            names = [_name(context, k) for k in group if probability[k] >= 0.1 * probability[first]]
            out.append(f"Probably one of these is there, and this method does not tell which: {'; '.join(names)}.")
    return tuple(out)


def _names_of(context: Context, keys: tuple[str, ...]) -> list[str]:
    wanted = dict.fromkeys(keys)
    found = {}
    for s in context.short.series:
        entry = context.entry(int(s))
        if context.library.compounds[entry] in wanted:
            found[context.library.compounds[entry]] = context.library.names[entry]
    return [found[k] for k in wanted if k in found]


def _precursor_missing(context: Context, entry: int) -> bool:
    s = int(context.series.of_entry[entry])
    at = np.flatnonzero(context.short.series == s)
    return bool(at.size) and bool(context.short.seen[at[0]] <= 0)
