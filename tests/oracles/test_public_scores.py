"""Our scores against those of ms_entropy and matchms: a stored table always, the programs themselves where present.

MAST_ORACLES names a Python that has both, for instance in a virtual environment from `benchmarks/peers.txt`.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectra import MassLibrary, MassSpectrum
from spectra.similarity import score_named

HERE = Path(__file__).parent
SCORES = ("entropy", "entropy_unweighted", "cosine", "weighted_cosine", "modified_cosine")
TOLERANCE = 0.01
CLOSE = 2e-5
"""ms_entropy works in float32; matchms in float64."""


def _stored() -> dict[str, Any]:
    return dict(json.loads((HERE / "public_scores.json").read_text(encoding="utf-8")))


def _spectrum(given: dict[str, Any]) -> MassSpectrum:
    mz, intensity = zip(*given["peaks"], strict=True)
    return MassSpectrum(mz, intensity, given["precursor_mz"], "ESI")


def _ours(pair: dict[str, Any], name: str) -> float:
    score = score_named(name, TOLERANCE if pair["accurate"] else None)
    return score.pair(_spectrum(pair["query"]), _spectrum(pair["reference"]))


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_that_of_the_public_implementations_as_stored(name: str) -> None:
    table = _stored()
    assert table["ms_entropy"]
    assert table["matchms"]
    expected = [pair["scores"][name] for pair in table["pairs"]]
    assert len(expected) >= 40
    assert np.ptp(expected) > 0.3
    np.testing.assert_allclose([_ours(pair, name) for pair in table["pairs"]], expected, atol=CLOSE)


@pytest.mark.parametrize("name", SCORES)
def test_search_gives_the_same_scores(name: str) -> None:
    for pair in _stored()["pairs"][:12]:
        reference = _spectrum(pair["reference"])
        library = MassLibrary.from_arrays(
            reference.mz,
            reference.intensity,
            [0, reference.mz.size],
            names=["a"],
            compounds=["a"],
            precursor_mz=[reference.precursor_mz],
            accurate=pair["accurate"],
        )
        found = library.search(_spectrum(pair["query"]), score=name)
        # Unit-mass libraries round intensities to one part in ten thousand.
        assert (found[0].score if found else 0.0) == pytest.approx(pair["scores"][name], abs=3e-4)


def test_the_public_implementations_still_give_what_is_stored() -> None:
    python = os.environ.get("MAST_ORACLES")
    if not python:
        pytest.skip("MAST_ORACLES names no Python with ms_entropy and matchms")
    pairs = [{k: p[k] for k in ("accurate", "query", "reference")} for p in _stored()["pairs"]]
    done = subprocess.run(
        [python, str(HERE / "public_scores.py")], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    for fresh, stored in zip(json.loads(done.stdout)["pairs"], _stored()["pairs"], strict=True):
        assert fresh["scores"] == pytest.approx(stored["scores"], abs=1e-6)
