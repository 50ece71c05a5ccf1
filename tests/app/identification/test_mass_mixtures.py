"""A mass spectrum of two substances is explained as a mixture, also over energies; a fault costs the mixture only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.laboratory.identification.mixtures import at_energies, energy_of, with_joint_mixture
from app.laboratory.identification.ranking import SearchConditions, not_compared
from app.laboratory.library.domain import Opened, Technique
from app.laboratory.library.registry import LibraryRegistry
from app.operations.demo_mass import MIXTURE, noisy
from spectra import MassLibrary, MassSpectrum, MixtureExplanation, Reading, ReadingKind, SpectrumError
from tests.support.identify import identify_readings


@pytest.fixture
def registry(tmp_path: Path) -> LibraryRegistry:
    return LibraryRegistry(tmp_path)


def reading_of(spectrum: MassSpectrum, **meta: Any) -> Reading:
    kind = ReadingKind.MASS_SPECTRUM
    return Reading(kind, spectrum.mz, spectrum.intensity, "m/z", "intensity", meta=meta, scans=(spectrum,))


def test_two_substances_become_parts_with_shares_and_the_contract_tells_them(registry: LibraryRegistry):
    (block,) = identify_readings([reading_of(noisy(MIXTURE, 1))], registry)
    parts = {p["substance"]: p for p in block["components"]}
    assert set(parts) == {"Cocaine", "Phenacetin"}
    assert parts["Cocaine"]["low"] <= parts["Cocaine"]["fraction"] <= parts["Cocaine"]["high"]
    assert parts["Cocaine"]["fraction"] > parts["Phenacetin"]["fraction"] > 0.1
    assert parts["Cocaine"]["probability"] > 0.9
    assert 0 <= block["unexplained_fraction"] < 0.2
    assert {"set", "probabilities", "p_not_in_library", "not_distinguished"} <= set(block)


def test_what_is_withheld_beside_the_one_part_named_is_said_with_the_answer(
    registry: LibraryRegistry, monkeypatch: pytest.MonkeyPatch
):
    tie = "Not named, because it is not clear enough: one of these may be there: A, B."
    whole = MassLibrary.explain

    def tied(*args: Any, **more: Any) -> MixtureExplanation:
        found = whole(*args, **more)
        return replace(found, components=found.components[:1], withheld=(tie,), reasons=(*found.reasons, tie))

    monkeypatch.setattr(MassLibrary, "explain", tied)
    (block,) = identify_readings([reading_of(noisy({"cocaine": 1.0}, 3))], registry)
    assert len(block["components"]) == 1
    assert block["sentences"].count(tie) == 1


def test_a_fault_of_the_mixture_method_leaves_the_rest_of_the_answer(
    registry: LibraryRegistry, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any, **__: Any) -> None:
        raise SpectrumError("no")

    monkeypatch.setattr(MassLibrary, "explain", broken)
    (block,) = identify_readings([reading_of(noisy(MIXTURE, 1))], registry)
    assert block["components"] == []
    assert block["candidates"][0]["substance"] == "Cocaine"


@pytest.mark.parametrize(
    ("meta", "energy"),
    [({"msp": {"Collision_energy": "20 eV"}}, 20.0), ({"cone voltage": "-60"}, 60.0), ({"CE": 35}, 35.0),
     ({"energy_unit": "3"}, None), ({"Collision_energy": "ramp"}, None), ({}, None), ({"ce": "9" * 400}, None),
     ({"ce": "12345678 eV"}, None), ({"ce": "9" * 20 + ".5"}, None)],
)  # fmt: skip
def test_the_energy_is_what_the_file_says_of_it(meta: dict[str, Any], energy: float | None):
    assert energy_of(reading_of(MassSpectrum([182.1175], [1.0], ionisation="ESI"), **meta)) == energy


ENERGIES = {
    "A": ([304.1543], [182.1176, 304.1543], [82.0651, 105.0335, 182.1176]),
    "B": ([205.1335], [178.1090, 205.1335], [91.0542, 123.0250, 178.1090]),
}


def library() -> MassLibrary:
    mz, intensity, offsets, names, energy = [], [], [0], [], []
    for name, levels in ENERGIES.items():
        for level, masses in enumerate(levels):
            mz += masses
            intensity += [100.0] * len(masses)
            offsets.append(len(mz))
            names.append(name)
            energy.append(level)
    return MassLibrary.from_arrays(mz, intensity, offsets, names=names, compounds=names, energy=energy, accurate=True)


def test_readings_of_one_file_at_several_energies_are_explained_together(
    registry: LibraryRegistry, monkeypatch: pytest.MonkeyPatch
):
    book = Opened("k", "ESI", Technique.MS, True, False, "", "", "", library())
    monkeypatch.setattr(LibraryRegistry, "mass", lambda self, names=(), *, accurate: [book] if accurate else [])
    asked: list[int] = []
    explain = MassLibrary.explain
    monkeypatch.setattr(
        MassLibrary, "explain", lambda self, q, most=4: (asked.append(len(q)), explain(self, q, most))[1]
    )
    readings = [
        reading_of(
            MassSpectrum([*ENERGIES["A"][k], *ENERGIES["B"][k]], np.ones(len(ENERGIES["A"][k]) + len(ENERGIES["B"][k])),
                         ionisation="ESI"),
            collision_energy=f"{energy} eV",
        )
        for k, energy in ((1, 30), (0, 20), (2, 50))
    ]  # fmt: skip
    together = at_energies(readings, range(3))
    assert together is not None
    assert (together.places, together.energies) == ((1, 0, 2), (20.0, 30.0, 50.0))
    plain = [not_compared("x") for _ in readings]
    found = with_joint_mixture(plain, together, registry, SearchConditions())
    assert asked == [3]
    for one in found:
        assert {p.substance for p in one.components} == {"A", "B"}
        assert one.energies == (20.0, 30.0, 50.0)
        assert "20, 30, 50" in one.sentences[-1]
    assert plain[0].components == ()


def test_one_energy_alone_is_no_series():
    spectrum = MassSpectrum([182.1175, 304.1543], [1, 2], ionisation="ESI")
    assert at_energies([reading_of(spectrum, ce=20), reading_of(spectrum, ce=20)], range(2)) is None
    assert at_energies([reading_of(spectrum), reading_of(spectrum, ce=20)], range(2)) is None
