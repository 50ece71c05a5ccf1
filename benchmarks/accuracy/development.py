"""The development sets as readings of known compounds, each with the library entries it may not see.

Why: fitting and measuring must leave out the same entries. Reads the shared data folder; writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instruments import read
from spectra import MassLibrary, MassSpectrum, Provenance, entries_from_readings


@dataclass(frozen=True, eq=False)
class Case:
    """One reading: its compound, its contributor, and the entries (numbers) the library must do without."""

    spectrum: MassSpectrum
    compound: str
    name: str
    without: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EiLibrary:
    """SWGDRUG first (`drugs` entries), then MassBank EI; `accession` and `compound` per entry."""

    library: MassLibrary
    drugs: int
    accession: NDArray[np.str_]
    compound: NDArray[np.str_]


def queries(data: Path, name: str) -> list[dict[str, Any]]:
    """The readings of one development set as they are stored."""
    return [json.loads(line) for line in (data / "ms" / "dev" / f"{name}.jsonl").read_text().splitlines()]


@cache
def ei_library(data: Path) -> EiLibrary:
    """SWGDRUG 3.4 and MassBank EI through `from_arrays`: peaks, names and compound keys, nothing else."""
    entries, _ = entries_from_readings(read(data / "ms" / "lib" / "SWGDRUG_3.4.msp"), Provenance("SWGDRUG 3.4", "free"))
    bank = np.load(data / "ms" / "lib" / "massbank_ei.npz")
    sizes = np.r_[0, np.cumsum([e.spectrum.mz.size for e in entries])]
    compounds = [*(e.compound for e in entries), *(str(key)[:14] for key in bank["inchikey"])]
    library = MassLibrary.from_arrays(
        np.concatenate([*(e.spectrum.mz for e in entries), bank["mz"]]),
        np.concatenate([*(e.spectrum.intensity for e in entries), bank["intensity"]]),
        np.r_[sizes, bank["offsets"][1:] + sizes[-1]],
        names=[*(e.substance for e in entries), *bank["name"]],
        compounds=compounds,
    )
    accession = np.array([""] * len(entries) + [str(a) for a in bank["accession"]])
    return EiLibrary(library, len(entries), accession, np.array(compounds))


def ei_cases(data: Path) -> dict[str, list[Case]]:
    """NIST readings, and MassBank readings in three ways: `drugs` against SWGDRUG alone, `others` with MassBank less the
    reading's own spectrum, `foreign` with MassBank less every entry of its compound.
    """
    ei = ei_library(data)
    number = np.arange(len(ei.library))
    out: dict[str, list[Case]] = {"nist": [], "drugs": [], "others": [], "foreign": []}
    for q in queries(data, "ei_nist_replicates"):
        out["nist"].append(Case(_ei(q), q["truth"][0], q["name"], number[:0]))
    for q in queries(data, "ei_massbank_vs_swgdrug"):
        key, spectrum = q["truth"][0], _ei(q)
        bank = number >= ei.drugs
        left_out = {
            "drugs": number[bank],
            "others": number[ei.accession == q["id"]],
            "foreign": number[bank & (ei.compound == key)],
        }
        for way, without in left_out.items():
            out[way].append(Case(spectrum, key, q["name"], without))
    return out


def _ei(query: dict[str, Any]) -> MassSpectrum:
    peaks = np.array(query["peaks"], dtype=float)
    return MassSpectrum(peaks[:, 0], peaks[:, 1])


@cache
def msms_library(data: Path) -> tuple[MassLibrary, NDArray[np.str_], NDArray[np.str_]]:
    """MassBank MS/MS, with compound and contributor per entry."""
    bank = np.load(data / "ms" / "lib" / "massbank_ms2.npz")
    compounds = [str(key)[:14] for key in bank["inchikey"]]
    library = MassLibrary.from_arrays(
        bank["mz"],
        bank["intensity"],
        bank["offsets"],
        names=[str(n) for n in bank["name"]],
        compounds=compounds,
        precursor_mz=bank["precursor_mz"],
        accurate=True,
    )
    return library, np.array(compounds), np.array([str(s) for s in bank["source"]])


def msms_cases(data: Path) -> Iterator[Case]:
    """Readings of one contributor against all others' spectra of that compound."""
    _, compound, contributor = msms_library(data)
    for q in queries(data, "ms2_crosslab"):
        peaks = np.array(q["peaks"], dtype=float)
        spectrum = MassSpectrum(peaks[:, 0], peaks[:, 1], q["precursor_mz"], "ESI")
        own = np.flatnonzero((compound == q["truth"][0]) & (contributor == q["contributor"]))
        yield Case(spectrum, q["truth"][0], q["name"], own)
