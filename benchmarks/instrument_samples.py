"""Files for `benchmarks/readers.py`, made in code: the same bytes on every run, no file of anybody else.

Numbers have the digits and the regularity that instruments give them, for both decide how fast a file reads.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">\n'
    '<cvList count="2"><cv id="MS" fullName="PSI-MS" version="4" URI="x"/><cv id="UO" fullName="UO" version="1" URI="x"/></cvList>\n'
    '<fileDescription><fileContent><cvParam cvRef="MS" accession="MS:1000579" name="MS1 spectrum" value=""/></fileContent></fileDescription>\n'
    '<softwareList count="1"><software id="made" version="1"/></softwareList>\n'
    '<instrumentConfigurationList count="1"><instrumentConfiguration id="IC1"><cvParam cvRef="MS" accession="MS:1000483" name="made" value=""/>'
    "</instrumentConfiguration></instrumentConfigurationList>\n"
    '<dataProcessingList count="1"><dataProcessing id="d"/></dataProcessingList>\n<run id="r" defaultInstrumentConfigurationRef="IC1">\n'
)


def profile_scan(rng: np.random.Generator, points: int) -> tuple[Floats, Floats]:
    """m/z (P,) on the uneven grid of a time-of-flight instrument and counts (P,) with peaks above noise."""
    mz = np.linspace(np.sqrt(50), np.sqrt(600), points) ** 2 + rng.normal(0, 1e-6)
    intensity = rng.poisson(3, points).astype(np.float64)
    for centre in rng.uniform(55, 590, 60):
        near = slice(*np.searchsorted(mz, (centre - 0.2, centre + 0.2)))
        intensity[near] += np.round(rng.exponential(2e4) * np.exp(-(((mz[near] - centre) / 0.02) ** 2)))
    return mz, intensity


def centroid_scan(rng: np.random.Generator, points: int) -> tuple[Floats, Floats]:
    """m/z (P,) in order and intensities (P,) as a quadrupole or an ion trap gives them."""
    return np.sort(rng.uniform(40, 500, points)), np.round(rng.exponential(1e4, points), 1)


def _array(values: Floats, accession: str, dtype: str, packed: bool) -> str:
    raw = values.astype(dtype).tobytes()
    data = base64.b64encode(zlib.compress(raw, 6) if packed else raw).decode()
    number = "MS:1000523" if dtype == "<f8" else "MS:1000521"
    coding = ("MS:1000574", "zlib compression") if packed else ("MS:1000576", "no compression")
    name = "m/z array" if accession == "MS:1000514" else "intensity array"
    return (
        f'<binaryDataArray encodedLength="{len(data)}"><cvParam cvRef="MS" accession="{number}" name="{"64" if dtype == "<f8" else "32"}-bit float" value=""/>'
        f'<cvParam cvRef="MS" accession="{coding[0]}" name="{coding[1]}" value=""/>'
        f'<cvParam cvRef="MS" accession="{accession}" name="{name}" value=""/><binary>{data}</binary></binaryDataArray>'
    )


def _spectrum(index: int, mz: Floats, intensity: Floats, packed: bool, kind: str) -> str:
    return (
        f'<spectrum index="{index}" id="scan={index + 1}" defaultArrayLength="{mz.size}">'
        '<cvParam cvRef="MS" accession="MS:1000511" name="ms level" value="1"/>'
        '<cvParam cvRef="MS" accession="MS:1000579" name="MS1 spectrum" value=""/>'
        f'<cvParam cvRef="MS" accession="{"MS:1000128" if kind == "profile" else "MS:1000127"}" name="{kind} spectrum" value=""/>'
        '<scanList count="1"><cvParam cvRef="MS" accession="MS:1000795" name="no combination" value=""/><scan><cvParam cvRef="MS" '
        f'accession="MS:1000016" name="scan start time" value="{index / 120:.5f}" unitCvRef="UO" unitAccession="UO:0000031" '
        'unitName="minute"/></scan></scanList><binaryDataArrayList count="2">'
        + _array(mz, "MS:1000514", "<f8", packed)
        + _array(intensity, "MS:1000515", "<f4", packed)
        + "</binaryDataArrayList></spectrum>\n"
    )


def mzml(path: Path, megabytes: float, *, profile: bool = False, packed: bool = True) -> int:
    """An mzML file of about so many megabytes, written scan by scan; how many points it holds."""
    rng = np.random.default_rng(1)
    points, index = 0, 0
    with path.open("wb") as stream:
        stream.write(HEAD.encode() + b'<spectrumList count="000000000" defaultDataProcessingRef="d">\n')
        while stream.tell() < megabytes * 1e6:
            mz, intensity = profile_scan(rng, 20_000) if profile else centroid_scan(rng, 400)
            stream.write(_spectrum(index, mz, intensity, packed, "profile" if profile else "centroid").encode())
            points, index = points + mz.size, index + 1
        stream.write(b"</spectrumList></run></mzML>\n")
        stream.seek(len(HEAD.encode()) + len('<spectrumList count="'))
        stream.write(f"{index:09d}".encode())
    return points


def mzxml(path: Path, scans: int) -> int:
    """An mzXML file of centroid scans under zlib."""
    rng = np.random.default_rng(2)
    with path.open("w", encoding="latin-1") as stream:
        stream.write(
            '<?xml version="1.0" encoding="ISO-8859-1"?>\n<mzXML xmlns="http://sashimi.sourceforge.net/schema_revision/mzXML_3.2">'
            f'<msRun scanCount="{scans}" startTime="PT0S" endTime="PT{scans}S">\n'
        )
        for i in range(1, scans + 1):
            mz, intensity = centroid_scan(rng, 400)
            data = base64.b64encode(zlib.compress(np.column_stack([mz, intensity]).astype(">f4").tobytes())).decode()
            stream.write(
                f'<scan num="{i}" msLevel="1" peaksCount="400" retentionTime="PT{i / 2}S"><peaks precision="32" byteOrder="network" '
                f'contentType="m/z-int" compressionType="zlib" compressedLen="{len(data)}">{data}</peaks></scan>\n'
            )
        stream.write("</msRun></mzXML>\n")
    return scans * 400


def _library(records: int, peaks: int = 60) -> Iterator[tuple[int, Floats, Floats]]:
    rng = np.random.default_rng(3)
    for i in range(records):
        yield i, np.sort(rng.uniform(40, 400, peaks)), np.round(rng.exponential(100, peaks) + 1)


def msp(path: Path, records: int) -> int:
    """An MSP library with one peak per line."""
    with path.open("w") as stream:
        for i, mz, intensity in _library(records):
            stream.write(
                f"Name: made {i}\nFormula: C17H21NO4\nMW: 303\nInChIKey: ZPUCINDJVBIVPJ-UHFFFAOYSA-N\nNum Peaks: {mz.size}\n"
            )
            stream.writelines(f"{a:.4f} {b:.2f}\n" for a, b in zip(mz, intensity, strict=True))
            stream.write("\n")
    return records * 60


def mgf(path: Path, records: int) -> int:
    """An MGF file."""
    with path.open("w") as stream:
        for i, mz, intensity in _library(records):
            stream.write(f"BEGIN IONS\nTITLE=made {i}\nPEPMASS=304.15\nCHARGE=1+\nRTINSECONDS={i / 2}\n")
            stream.writelines(f"{a:.5f} {b:.1f}\n" for a, b in zip(mz, intensity, strict=True))
            stream.write("END IONS\n\n")
    return records * 60


def massbank(path: Path, records: int) -> int:
    """MassBank records, one after the other."""
    with path.open("w") as stream:
        for i, mz, intensity in _library(records):
            stream.write(
                f"ACCESSION: MADE-{i}\nRECORD_TITLE: made; LC-ESI-QTOF; MS2\nLICENSE: CC0\nCH$NAME: made {i}\nCH$FORMULA: C17H21NO4\n"
                f"AC$INSTRUMENT: made\nAC$INSTRUMENT_TYPE: LC-ESI-QTOF\nAC$MASS_SPECTROMETRY: MS_TYPE MS2\nPK$NUM_PEAK: {mz.size}\n"
                "PK$PEAK: m/z int. rel.int.\n"
            )
            stream.writelines(f"  {a:.4f} {b:.1f} {int(b)}\n" for a, b in zip(mz, intensity, strict=True))
            stream.write("//\n")
    return records * 60


def infrared(points: int) -> tuple[Floats, NDArray[np.int64]]:
    """Wavenumbers (P,) and an absorbance (P,) in whole ten-thousandths."""
    x = np.linspace(400, 4000, points)
    y = sum(h * np.exp(-(((x - c) / 15) ** 2)) for c, h in ((700, 0.5), (1030, 0.8), (1720, 1.0), (2950, 0.4)))
    return x, np.round((0.02 + np.asarray(y)) * 10_000).astype(np.int64)


def jcamp(path: Path, points: int, form: str) -> int:
    """An infrared JCAMP-DX file in AFFN or DIFDUP."""
    from tests.instruments.instrument_files import jcamp as made

    _, y = infrared(points)
    path.write_text(made(y.tolist(), first=400, step=1, form=form, factor=0.0001))
    return points


def csv(path: Path, points: int, delimiter: str = ",", decimal: str = ".") -> int:
    """An infrared table."""
    x, y = infrared(points)
    rows = (
        f"{a:.4f};{b / 10_000:.4f}\n".replace(".", decimal).replace(";", delimiter) for a, b in zip(x, y, strict=True)
    )
    path.write_text(f"Wavenumber (cm-1){delimiter}Absorbance\n" + "".join(rows))
    return points


def andi_ms(path: Path, scans: int) -> int:
    """An ANDI-MS run (netCDF-3)."""
    from scipy.io import netcdf_file

    rng = np.random.default_rng(4)
    mz, intensity = zip(*(centroid_scan(rng, 200) for _ in range(scans)), strict=True)
    with netcdf_file(str(path), "w") as out:
        out.experiment_type = b"Centroided Mass Spectrum"
        out.createDimension("scan_number", scans)
        out.createDimension("point_number", scans * 200)
        columns: tuple[tuple[str, str, str, Any], ...] = (
            ("scan_acquisition_time", "d", "scan_number", np.arange(scans) * 0.5),
            ("scan_index", "i", "scan_number", np.arange(scans) * 200),
            ("point_count", "i", "scan_number", np.full(scans, 200)),
            ("total_intensity", "d", "scan_number", [i.sum() for i in intensity]),
            ("mass_values", "f", "point_number", np.concatenate(mz)),
            ("intensity_values", "f", "point_number", np.concatenate(intensity)),
        )
        for name, code, dimension, values in columns:
            out.createVariable(name, code, (dimension,))[:] = values
    return scans * 200


MADE: dict[str, tuple[str, Callable[[Path], int]]] = {
    "mzML, centroids, zlib": ("made.mzML", lambda p: mzml(p, 20)),
    "mzML, profile, zlib": ("profile.mzML", lambda p: mzml(p, 20, profile=True)),
    "mzXML": ("made.mzXML", lambda p: mzxml(p, 4_000)),
    "MGF": ("made.mgf", lambda p: mgf(p, 4_000)),
    "MSP": ("made.msp", lambda p: msp(p, 4_000)),
    "MassBank": ("made.massbank.txt", lambda p: massbank(p, 2_000)),
    "JCAMP-DX, AFFN": ("affn.jdx", lambda p: jcamp(p, 100_000, "AFFN")),
    "JCAMP-DX, DIFDUP": ("difdup.jdx", lambda p: jcamp(p, 100_000, "DIFDUP")),
    "CSV, infrared": ("ir.csv", lambda p: csv(p, 200_000)),
    "CSV, decimal comma": ("comma.csv", lambda p: csv(p, 200_000, ";", ",")),
    "ANDI-MS": ("made.cdf", lambda p: andi_ms(p, 5_000)),
}
"""Format → file name and what writes it and answers its number of points."""
