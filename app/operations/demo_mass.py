"""Mass spectra of the example: a mixture, GC-MS runs with their blank, and an own standard with three replicates.

All are made up from the figures of the starter library, with noise, and say so in their names.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from app.laboratory.readings import arrays as reading_arrays
from app.laboratory.readings import references
from app.laboratory.standards import controlling
from app.laboratory.standards import service as standards
from app.laboratory.standards.domain import ControlKind, NewControl, NewReplicate, NewStandard
from app.platform.db import UnitOfWork
from app.platform.storage import BlobStore
from instruments import read
from spectra import MassSpectrum, starter_mass_library

SEED = 11
BATCH = "EX-1"
STANDARD = "cocaine"
MIXTURE = {"cocaine": 0.65, "phenacetin": 0.35}
BLEED = {73.0: 20.0, 207.0: 40.0, 281.0: 15.0}
PLASTICISER = (560.0, {"benzoic acid": 0.25})
RUN = ((492.0, {"cocaine": 1.0}), (431.0, {"phenacetin": 0.4}), (433.2, {"caffeine": 0.3}), PLASTICISER)
BLANK = (PLASTICISER,)
FIRST_S, SCANS, WIDTH_S = 400.0, 400, 1.6


def keep_references(uow: UnitOfWork, blobs: BlobStore, folder: Path) -> None:
    """Three runs of one reference material on three days, and the blank of the batch that is open."""
    arrays = reading_arrays.array_store(blobs.root)
    new = NewStandard("Cocaine", "ZPUCINDJVBIVPJ-LJISPDSOSA-N", STANDARD, "EX-0417", "made up", 98.5)
    row = None
    for replicate in range(3):
        found = references.Reference(noisy({STANDARD: 1.0}, 100 + replicate), 492.0 + 0.4 * replicate)
        source = standards.Source(found, None, None, f"example-cocaine-standard-{replicate + 1}.mzML")
        run = NewReplicate("GC-MS (example)", uow.now - timedelta(days=30 - 7 * replicate))
        if row is None:
            row = standards.enrol(uow, arrays, source, new, run)
        else:
            standards.add_run(uow, arrays, source, row.id, run)
    path = folder / "blank-gcms.mzML"
    received = blobs.put([path.read_bytes()])
    blank = NewControl(ControlKind.BLANK, BATCH)
    controlling.add_control(uow, controlling.control_run(arrays, received, path.name, read(path), blank), blank)


def write(folder: Path) -> None:
    """Write the files once."""
    (folder / "mixture-gcms.msp").write_text(msp("cocaine with phenacetin", noisy(MIXTURE, 1)))
    (folder / "cocaine-cut-gcms.mzML").write_text(mzml("cocaine, cut", RUN))
    (folder / "blank-gcms.mzML").write_text(mzml("blank", BLANK))


def noisy(parts: Mapping[str, float], seed: int) -> MassSpectrum:
    """A unit-mass spectrum of these substances of the starter library, every peak within a few percent."""
    noise = np.random.default_rng(SEED + seed)
    heights = _heights(parts)
    mz = np.array(sorted(heights))
    intensity = np.array([heights[m] for m in mz]) * noise.normal(1, 0.06, mz.size)
    return MassSpectrum(mz, np.round(999 * np.maximum(intensity, 0.5) / np.max(intensity)))


def _heights(parts: Mapping[str, float]) -> dict[float, float]:
    library = starter_mass_library()
    places = {name.casefold(): number for number, name in enumerate(library.names)}
    heights: dict[float, float] = {}
    for name, share in parts.items():
        spectrum = library.spectrum(places[name])
        for mz, height in zip(spectrum.mz, spectrum.intensity, strict=True):
            heights[float(mz)] = heights.get(float(mz), 0.0) + share * float(height)
    return heights


def msp(name: str, spectrum: MassSpectrum) -> str:
    """A spectrum as MSP."""
    lines = [f"Name: Example, made up: {name}", f"Num Peaks: {spectrum.mz.size}"]
    lines += [f"{m:g} {i:.0f};" for m, i in zip(spectrum.mz, spectrum.intensity, strict=True)]
    return "\n".join([*lines, "", ""])


def mzml(name: str, peaks: Sequence[tuple[float, Mapping[str, float]]]) -> str:
    """A GC-MS run as mzML: one scan a second, each substance a Gaussian peak on column bleed."""
    noise = np.random.default_rng(SEED)
    known = [(at, _heights(parts)) for at, parts in peaks]
    scans = []
    for k in range(SCANS):
        seconds = FIRST_S + k / 2
        heights = {m: h * noise.normal(1, 0.05) for m, h in BLEED.items()}
        for at, spectrum in known:
            share = float(np.exp(-0.5 * ((seconds - at) / WIDTH_S) ** 2))
            for mz, height in spectrum.items():
                heights[mz] = heights.get(mz, 0.0) + 60 * share * height * noise.normal(1, 0.03)
        kept = sorted((m, h) for m, h in heights.items() if h >= 2)
        scans.append(_scan(k, seconds, np.array([m for m, _ in kept]), np.array([h for _, h in kept])))
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">\n'
        f'<run id="example" defaultInstrumentConfigurationRef="i"><userParam name="title" value="Example: {name}"/>\n'
        f'<spectrumList count="{len(scans)}" defaultDataProcessingRef="d">\n'
    )
    return head + "\n".join(scans) + "\n</spectrumList></run></mzML>\n"


def _scan(number: int, seconds: float, mz: np.ndarray, intensity: np.ndarray) -> str:
    def array(values: np.ndarray, accession: str, what: str) -> str:
        text = base64.b64encode(values.astype("<f4").tobytes()).decode()
        return (
            f'<binaryDataArray encodedLength="{len(text)}"><cvParam cvRef="MS" accession="MS:1000521" name="32-bit '
            f'float"/><cvParam cvRef="MS" accession="MS:1000576" name="no compression"/><cvParam cvRef="MS" '
            f'accession="{accession}" name="{what}"/><binary>{text}</binary></binaryDataArray>'
        )

    time = (
        '<scanList count="1"><scan><cvParam cvRef="MS" accession="MS:1000016" name="scan start time" '
        f'value="{seconds / 60:.5f}" unitCvRef="UO" unitAccession="UO:0000031" unitName="minute"/></scan></scanList>'
    )
    return (
        f'<spectrum index="{number}" id="scan={number + 1}" defaultArrayLength="{mz.size}"><cvParam cvRef="MS" '
        'accession="MS:1000511" name="ms level" value="1"/><cvParam cvRef="MS" accession="MS:1000579" name="MS1 '
        'spectrum"/><cvParam cvRef="MS" accession="MS:1000127" name="centroid spectrum"/>'
        f'{time}<binaryDataArrayList count="2">{array(mz, "MS:1000514", "m/z array")}'
        f"{array(intensity, 'MS:1000515', 'intensity array')}</binaryDataArrayList></spectrum>"
    )
