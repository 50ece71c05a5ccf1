"""What one more entry would change: rough trials choose what exact ones would, exact ones are the change of the loss."""

from __future__ import annotations

import numpy as np
import pytest

from spectra import MassSpectrum
from spectra.mixture import ei_beam
from spectra.mixture.ei_beam import GRID, Beam, search
from spectra.mixture.ei_likelihood import Problem, Single
from spectra.mixture.ei_trials import LEAST_ION, SIZES, Trials
from spectra.mixture.unit_mass import weigh
from spectra.starter import starter_mass_library


@pytest.fixture(scope="module")
def problem() -> Problem:
    """Two parts of the starter library against all of it."""
    library = starter_mass_library()
    one, two = (library.spectrum(list(library.names).index(name)) for name in ("Cocaine", "Caffeine"))
    mz = np.union1d(one.mz, two.mz)
    both = np.zeros(mz.size)
    for spectrum, share in ((one, 1.0), (two, 0.4)):
        both[np.searchsorted(mz, spectrum.mz)] += share * spectrum.intensity / spectrum.intensity.max()
    weighed = weigh(library, MassSpectrum(mz, both), 2)
    assert weighed is not None
    return weighed[0]


def _change(problem: Problem, mu: Single, candidate: int, share: float, size: float = 1.0) -> float:
    column = np.where(problem.columns[candidate] >= LEAST_ION, problem.columns[candidate], 0)
    return float(problem.loss(mu * np.float32(size) + np.float32(share) * column).sum() - problem.loss(mu).sum())


def test_an_exact_trial_is_the_least_change_of_the_loss_and_says_where(problem: Problem) -> None:
    trials = Trials(problem)
    models = problem.columns[:2] * np.float32(0.7)
    added = np.flatnonzero(trials.count)
    row = np.repeat([0, 1], added.size)
    both = np.tile(added, 2)
    value, share = trials.exact(models, row, both, np.broadcast_to(GRID, (both.size, GRID.size)))
    every = [
        [(_change(problem, models[f], k, g, s), g) for s in SIZES for g in GRID] for f, k in zip(row, both, strict=True)
    ]
    least = [min(one) for one in every]
    assert value == pytest.approx([one[0] for one in least], abs=2e-3, rel=1e-4)
    assert share.tolist() == [one[1] for one in least]


def test_a_rough_trial_is_near_the_exact_change(problem: Problem) -> None:
    trials, mu = Trials(problem), problem.columns[0] * np.float32(0.5)
    rough = trials.rough(mu, GRID)
    wanted = np.array([[_change(problem, mu, k, float(g)) for g in GRID] for k in range(len(problem.columns))])
    assert (np.abs(rough - wanted) < 0.1 + 0.002 * np.abs(wanted)).all()
    assert np.ptp(wanted) > 10


def test_the_sets_that_are_refitted_are_those_of_trying_every_pair(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    beam = Beam(width=4, tried=3, refitted=6, enough=0.0)
    quick = search(problem, 2, beam)
    monkeypatch.setattr(ei_beam, "PER_SET", 1000)
    monkeypatch.setattr(ei_beam, "IN_ALL", 1000)
    monkeypatch.setattr(ei_beam, "AROUND", np.arange(-GRID.size, GRID.size))
    whole = search(problem, 2, beam)
    assert [level.members.tolist() for level in quick] == [level.members.tolist() for level in whole]
    assert len(quick) == 2
