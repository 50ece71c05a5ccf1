"""What one more entry would change: rough trials choose what exact ones would, exact ones are the change of the loss."""

from __future__ import annotations

import numpy as np
import pytest

from spectra import MassSpectrum
from spectra.mixture import ei_beam
from spectra.mixture.ei_beam import GRID, Beam, search
from spectra.mixture.ei_likelihood import Problem
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
