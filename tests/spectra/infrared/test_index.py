"""The infrared index: bounds that leave nothing out, scores that do not depend on how they were found, files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import InfraredLibrary, InfraredSpectrum, LibraryFileError
from spectra.index import infrared_bounds, store
from spectra.index.infrared_search import RankedEntries, Ranking, Search
from spectra.infrared_grid import GRID, curve, in_units
from spectra.similarity.infrared import InfraredScore
from spectra.starter import starter_infrared_library

KINDS = ("own", "moved", "mixed", "noise", "partial", "narrow")
RULE = InfraredScore()
RAMAN = {"technique": "Raman"}


def _curves(n: int, seed: int = 5) -> np.ndarray:
    """Curves of eight bands out of a common stock, so that many resemble each other; every tenth one is repeated."""
    rng = np.random.default_rng(seed)
    stock = np.exp(-(((GRID - rng.uniform(420, 3980, 60)[:, None]) / rng.uniform(6, 30, 60)[:, None]) ** 2))
    out = np.array([rng.uniform(0.1, 1, 8) @ stock[rng.choice(60, 8, replace=False)] for _ in range(n)])
    out += rng.normal(0, 2e-4, (n, 1)) * GRID / 4000
    out[10::10] = out[5:-5:10][: len(out[10::10])]
    return out


@pytest.fixture(scope="module")
def bounded() -> Iterator[InfraredLibrary]:
    """320 curves, most with one mask and bounds in small blocks, some with other ranges; 80 compounds."""
    curves = _curves(320)
    curves[::7, GRID < 650] = np.nan
    curves[3::50, GRID > 1800] = np.nan
    curves[40, 0] += 3000.0
    names = [f"{k % 80}" for k in range(320)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(infrared_bounds, "WORTH_IT", 64)
        patch.setattr(infrared_bounds, "BLOCK", 128)
        library = InfraredLibrary.from_arrays(GRID, curves, names=names, compounds=names)
        assert library.engine.bounds() is not None
        yield library


def _query(library: InfraredLibrary, kind: str, seed: int) -> InfraredSpectrum:
    rng = np.random.default_rng(seed)
    stored = np.nan_to_num(np.asarray(library.curves[rng.choice(len(library), 3)], dtype=float))
    y = {"mixed": rng.dirichlet([1.0, 1.0, 1.0]) @ stored, "noise": np.zeros(GRID.size)}.get(kind, stored[0])
    y = np.interp(GRID + rng.uniform(-7, 7) * (kind != "own"), GRID, y)
    y = y + rng.normal(0, 0.0 if kind == "own" else 0.01, GRID.size)
    low, high = {"partial": (650, 4000), "narrow": (700, 1700)}.get(kind, (400, 4000))
    part = (low <= GRID) & (high >= GRID)
    return InfraredSpectrum(GRID[part], y[part])


def _all_scored(
    library: InfraredLibrary, query: InfraredSpectrum, top: int, rule: InfraredScore, groups: np.ndarray | None
) -> RankedEntries:
    """The answer by scoring every entry, in small blocks of one mask."""
    ranking, held = Ranking(top, groups), library.features(rule.name)
    search = Search(rule, {4: rule.feature(curve(query))}, library.resolution, held, ranking)
    for entries, mask in held.patterns:
        moved = rule.moved(rule.feature(curve(query)), mask)
        for at in range(0, entries.size, 37):
            search.score(moved, entries[at : at + 37])
    return ranking.found()


@settings(max_examples=20, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 10_000),
    top=st.sampled_from([1, 5, 12]),
    reach=st.sampled_from([6.0, 6.0, 0.0, 14.0]),
    by_compound=st.booleans(),
)
def test_the_bounded_search_gives_what_scoring_every_entry_gives(
    bounded: InfraredLibrary, kind: str, seed: int, top: int, reach: float, by_compound: bool
) -> None:
    query, rule = _query(bounded, kind, seed), InfraredScore(max_shift=reach)
    groups = bounded.codes if by_compound else None
    found = bounded.engine.find(curve(query), 4, rule, top, groups)
    expected = _all_scored(bounded, query, top, rule, groups)
    assert found.entries.tolist() == expected.entries.tolist()
    assert found.scores.tolist() == expected.scores.tolist()
    assert found.shifts.tolist() == expected.shifts.tolist()
    assert found.overlaps.tolist() == expected.overlaps.tolist()


def test_a_score_is_the_quotient_of_whole_numbers_rounded_once() -> None:
    library = starter_infrared_library()
    held = library.features("first_derivative")
    query = InfraredSpectrum(GRID, np.roll(library.spectrum(3).absorbance, 1) + 0.1 * library.spectrum(5).absorbance)
    units, known = in_units(RULE.feature(curve(query)))
    whole = [int(v * 2**26) for v in units.tolist()]
    for hit in library.search(query, top=12, score="first_derivative"):
        step, mask = round((hit.shift or 0.0) / 2), held.masks[held.pattern[hit.entry]]
        row = [int(v * 2**26) for v in held.values[hit.entry].astype(float).tolist()]
        shared = [k for k in range(GRID.size) if 0 <= k + step < GRID.size and mask[k] and known[k + step]]
        dot = sum(whole[k + step] * row[k] for k in shared)
        energy_q, energy_l = sum(whole[k + step] ** 2 for k in shared), sum(row[k] ** 2 for k in shared)
        unit = Fraction(1, 2**52)
        expected = float(dot * unit) / sqrt(float(energy_q * unit) * float(energy_l * unit))
        assert hit.score == float(np.float32(expected))


def test_scores_do_not_depend_on_the_company_of_an_entry() -> None:
    curves, names = _curves(40), [str(k) for k in range(40)]
    library = InfraredLibrary.from_arrays(GRID, curves, names=names, compounds=names)
    order = np.random.default_rng(1).permutation(40)
    mixed = InfraredLibrary.from_arrays(GRID, curves[order], names=names, compounds=names)
    query = _query(library, "mixed", 4)
    for score in ("first_derivative", "second_derivative", "correlation", "euclid", "peaks", "peaks_reverse"):
        plain = {c.entry: (c.score, c.shift) for c in library.search(query, top=40, score=score)}
        again = {int(order[c.entry]): (c.score, c.shift) for c in mixed.search(query, top=40, score=score)}
        assert plain == again
        assert len(plain) > 10


def test_a_bounded_library_answers_from_the_disk_as_from_memory(bounded: InfraredLibrary, tmp_path: Path) -> None:
    bounded.save(tmp_path / "lib")
    opened = InfraredLibrary.open(tmp_path / "lib")
    assert isinstance(opened.curves, np.memmap)
    assert opened.engine.bounds() is not None
    for kind in KINDS:
        query = _query(bounded, kind, 3)
        assert opened.search(query, score="first_derivative") == bounded.search(query, score="first_derivative")
        assert opened.search_compounds(query, score="first_derivative") == bounded.search_compounds(
            query, score="first_derivative"
        )


def test_a_raman_library_on_the_grid_of_infrared_is_refused(tmp_path: Path) -> None:
    library = InfraredLibrary.from_arrays(GRID, _curves(1), names=["a"], compounds=["a"], info=RAMAN)
    arrays = {**library.engine.arrays(), **library.catalogue.arrays(), "curves": library.curves}
    store.save_arrays(tmp_path / "lib", "mast-infrared-library", 2, arrays, {"library": RAMAN})
    with pytest.raises(LibraryFileError, match=r"another grid\. Import it again"):
        InfraredLibrary.open(tmp_path / "lib")


def test_a_library_of_a_later_format_is_refused_with_a_sentence(tmp_path: Path) -> None:
    starter_infrared_library().save(tmp_path / "lib")
    header = json.loads((tmp_path / "lib" / "header.json").read_text())
    body = {key: header[key] for key in ("format", "version", "arrays", "info")} | {"version": 4}
    checksum = store._digest(store._canonical(body))
    (tmp_path / "lib" / "header.json").write_text(json.dumps({**body, "checksum": checksum}))
    with pytest.raises(LibraryFileError, match="format version 4, this program reads version 2 and 3"):
        InfraredLibrary.open(tmp_path / "lib")
