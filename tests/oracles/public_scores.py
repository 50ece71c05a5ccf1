"""Scores of pairs of spectra by ms_entropy and matchms. Runs in a Python of its own, because their pins conflict.

    PYTHON_WITH_BOTH tests/oracles/public_scores.py < pairs.json > scores.json        (see test_public_scores.py)
    PYTHON_WITH_BOTH tests/oracles/public_scores.py --make > tests/oracles/public_scores.json

Spectra are lists of [m/z, intensity] and a precursor; accurate ones are compared within 0.01 Da.
"""

from __future__ import annotations

import json
import sys

import numpy as np

TOLERANCE = 0.01


def made_pairs() -> list[dict]:
    """Forty invented pairs of spectra with shared, shifted, weak and own peaks; masses 0.06 Da or more apart."""
    rng = np.random.default_rng(20)
    pairs = []
    for number in range(40):
        accurate = number % 2 == 0
        masses = np.sort(rng.choice(np.arange(40, 240), int(rng.integers(4, 24)), replace=False)).astype(float)
        if accurate:
            masses += np.round(rng.uniform(0, 0.4, masses.size), 4)
        shift = float(rng.choice([0, 14, 28]))
        spectra = []
        for moved in (0.0, shift):
            own = rng.random(masses.size) < 0.8
            own[int(rng.integers(masses.size))] = True
            mz = masses[own] + moved * (masses[own] > 120)
            if accurate:
                mz = mz + np.round(rng.choice([-0.004, 0.0, 0.004], mz.size), 4)
            height = np.round(rng.lognormal(3, 1.8, mz.size) + 0.01, 3)
            peaks = sorted([round(float(m), 4), float(h)] for m, h in zip(mz, height, strict=True))
            spectra.append({"peaks": peaks, "precursor_mz": 250.0 + moved})
        pairs.append({"accurate": accurate, "query": spectra[0], "reference": spectra[1]})
    return pairs


def entropies(query: np.ndarray, reference: np.ndarray, accurate: bool) -> dict[str, float]:
    """Weighted and unweighted entropy similarity by ms_entropy, which cleans accurate spectra itself."""
    import ms_entropy

    ways = {
        "entropy": ms_entropy.calculate_entropy_similarity,
        "entropy_unweighted": ms_entropy.calculate_unweighted_entropy_similarity,
    }
    noise = 0.01 if accurate else 0.0
    return {
        name: float(way(query, reference, ms2_tolerance_in_da=TOLERANCE, clean_spectra=True, noise_threshold=noise))
        for name, way in ways.items()
    }


def cosines(query: dict, reference: dict) -> dict[str, float]:
    """Cosine, weighted cosine (1, ½) and modified cosine by matchms."""
    import matchms
    from matchms.similarity import CosineGreedy, ModifiedCosineGreedy

    def spectrum(given: dict) -> matchms.Spectrum:
        mz, height = np.array(given["peaks"]).T
        return matchms.Spectrum(mz, height, {"precursor_mz": given["precursor_mz"]}, metadata_harmonization=False)

    ways = {
        "cosine": CosineGreedy(TOLERANCE),
        "weighted_cosine": CosineGreedy(TOLERANCE, mz_power=1.0, intensity_power=0.5),
        "modified_cosine": ModifiedCosineGreedy(TOLERANCE),
    }
    a, b = spectrum(query), spectrum(reference)
    return {name: float(way.pair(a, b)["score"]) for name, way in ways.items()}


def scored(pairs: list[dict]) -> dict:
    """The pairs with `scores`, and which versions computed them."""
    import matchms
    import ms_entropy

    for pair in pairs:
        query, reference = (np.array(pair[side]["peaks"], dtype=np.float32) for side in ("query", "reference"))
        entropy = entropies(query, reference, pair["accurate"])
        pair["scores"] = entropy | cosines(pair["query"], pair["reference"])
    return {"ms_entropy": ms_entropy.__version__, "matchms": matchms.__version__, "pairs": pairs}


if __name__ == "__main__":
    given = made_pairs() if "--make" in sys.argv else json.load(sys.stdin)
    text = json.dumps(scored(given))
    # One pair a line.
    sys.stdout.write(text.replace('{"accurate"', '\n{"accurate"') + "\n")
