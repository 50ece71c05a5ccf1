"""The public surface of `spectra` and the signatures that scripts rely on."""

from __future__ import annotations

import doctest
import inspect
import pkgutil
import subprocess
import sys
from dataclasses import fields
from importlib import import_module

import pytest

import spectra
from spectra import InfraredLibrary, InfraredSpectrum, MassLibrary, MassSpectrum

MODULES = sorted(m.name for m in pkgutil.walk_packages(spectra.__path__, "spectra."))


def test_every_public_name_can_be_imported() -> None:
    assert set(spectra.__all__) == set(dir(spectra))
    for name in spectra.__all__:
        assert getattr(spectra, name) is not None
    with pytest.raises(AttributeError):
        _ = spectra.Nonsense


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (MassSpectrum, ["mz", "intensity", "precursor_mz", "ionisation"]),
        (InfraredSpectrum, ["wavenumber", "absorbance"]),
        (
            MassLibrary.from_arrays,
            ["mz", "intensity", "offsets", "names", "compounds", "precursor_mz", "energy", "accurate"],
        ),
        (MassLibrary.build, ["entries"]),
        (MassLibrary.open, ["path"]),
        (MassLibrary.save, ["self", "path"]),
        (MassLibrary.search, ["self", "query", "top", "score", "tolerance", "precursor_tolerance"]),
        (MassLibrary.search_many, ["self", "queries", "top", "score", "tolerance", "precursor_tolerance"]),
        (MassLibrary.identify, ["self", "query"]),
        (MassLibrary.explain, ["self", "query", "max_components"]),
        (spectra.read_run, ["run", "libraries", "top", "least_percent", "searched", "most", "accurate", "blank"]),
        (spectra.recalibrate, ["spectrum", "lock_masses", "window_ppm"]),
        (spectra.screen_spectrum, ["library", "spectrum", "calibration", "tolerance", "negative"]),
        (spectra.find_components, ["run", "accurate"]),
        (spectra.RetentionLadder.from_run, ["run", "carbons", "first_carbon"]),
        (InfraredLibrary.from_arrays, ["wavenumber", "absorbance", "names", "compounds"]),
        (InfraredLibrary.search, ["self", "query", "top", "score", "max_shift"]),
        (InfraredLibrary.explain, ["self", "query", "max_components"]),
    ],
)
def test_signatures_of_the_contract_stay(call: object, names: list[str]) -> None:
    assert list(inspect.signature(call).parameters)[: len(names)] == names  # type: ignore[arg-type]


def test_answers_of_the_contract_keep_their_fields() -> None:
    assert [f.name for f in fields(spectra.Screening)] == ["found", "set_aside", "calibration", "reasons"]
    wanted = {"spectrum", "locks", "missing", "before_ppm", "after_ppm", "window_ppm", "estimated", "reasons"}
    assert {f.name for f in fields(spectra.Recalibration)} >= wanted


def test_defaults_of_the_contract_stay() -> None:
    search = inspect.signature(MassLibrary.search).parameters
    assert (search["top"].default, search["score"].default) == (10, "composite")
    assert inspect.signature(MassLibrary.explain).parameters["max_components"].default == 4
    infrared = inspect.signature(InfraredLibrary.search).parameters
    assert (infrared["score"].default, infrared["max_shift"].default) == ("aligned", 6.0)
    assert inspect.signature(InfraredLibrary.explain).parameters["max_components"].default == 5


@pytest.mark.parametrize("module", MODULES)
def test_every_example_in_a_docstring_runs(module: str) -> None:
    assert doctest.testmod(import_module(module)).failed == 0


def test_types_alone_load_neither_scipy_nor_pyteomics() -> None:
    code = "import sys, spectra.types; assert not {'scipy', 'pyteomics', 'lxml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_spectra_loads_nothing_of_the_application_or_the_web() -> None:
    code = (
        "import sys, spectra; [getattr(spectra, n) for n in spectra.__all__]; "
        "assert not {'app', 'instruments', 'harm_messages', 'fastapi', 'sqlmodel', 'starlette'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
