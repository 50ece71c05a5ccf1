"""Small instrument files written in code: what the tests of readers read. No file of anybody else is stored."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from instruments import Limits, read
from spectra.types import Reading

SMALL = Limits(
    text_rows=5_000, points=50_000, total_points=200_000, spectra=1_000, expanded_bytes=4_000_000, text_bytes=4_000_000
)


def one(content: bytes | str, name: str = "", **hints: Any) -> Reading:
    """The only reading of some content."""
    readings = read(content.encode() if isinstance(content, str) else content, name, **hints)
    assert len(readings) == 1, [r.title for r in readings]
    return readings[0]


def every(step: int, cases: Iterable[Any]) -> list[Any]:
    """Cases for `parametrize`: the first and every `step`-th after it in `make test`, the others in `make test-all`."""
    return [case if i % step == 0 else pytest.param(case, marks=pytest.mark.long) for i, case in enumerate(cases)]


def codes(reading: Reading) -> set[str]:
    """The codes of a reading's remarks."""
    return {r.code for r in reading.remarks}


# --- JCAMP-DX -------------------------------------------------------------------------------------------------

SQZ = "@ABCDEFGHI", "@abcdefghi"
DIF = "%JKLMNOPQR", "%jklmnopqr"
DUP = " STUVWXYZs"


def _pseudo(value: int, alphabet: tuple[str, str]) -> str:
    digits = str(abs(value))
    return alphabet[value < 0][int(digits[0])] + digits[1:]


def _with_dup(tokens: Sequence[str]) -> str:
    out, i = "", 0
    while i < len(tokens):
        n = 1
        while i + n < len(tokens) and tokens[i + n] == tokens[i]:
            n += 1
        count = str(n)
        out += tokens[i] + (DUP[int(count[0])] + count[1:] if n > 1 else "")
        i += n
    return out


def asdf_lines(first: int, step: int, y: Sequence[int], form: str, per_line: int = 7) -> list[str]:
    """(X++(Y..Y)) lines in AFFN, PAC, SQZ, DIF or DIFDUP; in DIF forms each line begins with its check value."""
    lines: list[str] = []
    for start in range(0, len(y), per_line):
        chunk, x = list(y[start : start + per_line]), first + step * start
        if form == "AFFN":
            lines.append(f"{x} " + " ".join(str(v) for v in chunk))
        elif form == "PAC":
            lines.append(f"{x}" + "".join(f"{v:+d}" for v in chunk))
        elif form == "SQZ":
            lines.append(f"{x}" + "".join(_pseudo(v, SQZ) for v in chunk))
        else:
            if start:
                chunk, x = [y[start - 1], *chunk], x - step
            steps = [_pseudo(b - a, DIF) for a, b in pairwise(chunk)]
            lines.append(f"{x}" + _pseudo(chunk[0], SQZ) + (_with_dup(steps) if form == "DIFDUP" else "".join(steps)))
    if form.startswith("DIF"):
        lines.append(f"{first + step * (len(y) - 1)}" + _pseudo(y[-1], SQZ))
    return lines


def jcamp(
    y: Sequence[int],
    *,
    first: int = 400,
    step: int = 1,
    form: str = "AFFN",
    end: bool = True,
    factor: float = 1.0,
    title: str = "made",
    **records: Any,
) -> str:
    """A one-block infrared file; `records` override or add labels (underscores become blanks)."""
    header: dict[str, Any] = {
        "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM", "XUNITS": "1/CM", "YUNITS": "ABSORBANCE", "XFACTOR": 1,
        "YFACTOR": factor, "FIRSTX": first, "LASTX": first + step * (len(y) - 1), "NPOINTS": len(y),
        "FIRSTY": y[0] * factor,
    }  # fmt: skip
    header |= {k.replace("_", " "): v for k, v in records.items()}
    lines = [f"##TITLE={title}", *(f"##{k}={v}" for k, v in header.items() if v is not None), "##XYDATA=(X++(Y..Y))"]
    return "\n".join([*lines, *asdf_lines(first, step, y, form), *(["##END="] if end else [])]) + "\n"


def mass_jcamp(pairs: Sequence[tuple[float, float]], title: str = "made", end: str = "##END=", **records: Any) -> str:
    """A mass spectrum as PEAK TABLE."""
    header = {"DATA TYPE": "MASS SPECTRUM", "XUNITS": "M/Z", "YUNITS": "RELATIVE ABUNDANCE", "NPOINTS": len(pairs)} | {
        k.replace("_", " "): v for k, v in records.items()
    }
    lines = [f"##TITLE={title}", "##JCAMP-DX=5.00", *(f"##{k}={v}" for k, v in header.items()), "##PEAK TABLE=(XY..XY)"]
    return "\n".join([*lines, *(f"{a},{b}" for a, b in pairs), end]) + "\n"


# --- mzML -----------------------------------------------------------------------------------------------------

ACCESSION = {"mz": "MS:1000514", "intensity": "MS:1000515", "time": "MS:1000595", "wavelength": "MS:1000617"}


def binary(
    kind: str,
    values: Sequence[float],
    *,
    dtype: str = "<f8",
    compression: str = "none",
    raw: bytes | None = None,
    text: str | None = None,
    unit: str = "",
) -> str:
    """One binaryDataArray. `raw` or `text` replace the true bytes or base64 by something hostile."""
    data = np.asarray(values, dtype=dtype).tobytes() if raw is None else raw
    accessions = ["MS:1000523" if dtype == "<f8" else "MS:1000521"]
    if compression == "zlib":
        data, packed = zlib.compress(data), "MS:1000574"
    elif compression in ("linear", "pic", "slof"):
        import pynumpress

        array = np.asarray(values, dtype=np.float64)
        encoded = (
            pynumpress.encode_pic(array)
            if compression == "pic"
            else pynumpress.encode_linear(array, pynumpress.optimal_linear_fixed_point(array))
            if compression == "linear"
            else pynumpress.encode_slof(array, pynumpress.optimal_slof_fixed_point(array))
        )
        data = bytes(encoded) if raw is None else raw
        packed = {"linear": "MS:1002312", "pic": "MS:1002313", "slof": "MS:1002314"}[compression]
    else:
        packed = "MS:1000576"
    params = "".join(f'<cvParam cvRef="MS" accession="{a}" name="x"/>' for a in [*accessions, packed])
    units = f' unitCvRef="UO" unitAccession="{unit}" unitName="x"' if unit else ""
    body = base64.b64encode(data).decode() if text is None else text
    return (
        f'<binaryDataArray encodedLength="{len(body)}">{params}'
        f'<cvParam cvRef="MS" accession="{ACCESSION[kind]}" name="{kind} array"{units}/>'
        f"<binary>{body}</binary></binaryDataArray>"
    )


def spectrum(
    index: int,
    mz: Sequence[float],
    intensity: Sequence[float],
    *,
    level: int = 1,
    minutes: float | None = None,
    seconds: float | None = None,
    precursor: float | None = None,
    length: int | None = None,
    arrays: str | None = None,
    axis: str = "mz",
    **coding: Any,
) -> str:
    """One spectrum element."""
    body = binary(axis, mz, **coding) + binary("intensity", intensity, **coding) if arrays is None else arrays
    time = minutes if minutes is not None else seconds
    unit = ("UO:0000031", "minute") if minutes is not None else ("UO:0000010", "second")
    scan = "" if time is None else (
        f'<scanList count="1"><scan><cvParam cvRef="MS" accession="MS:1000016" name="scan start time" value="{time}" '
        f'unitCvRef="UO" unitAccession="{unit[0]}" unitName="{unit[1]}"/></scan></scanList>'
    )  # fmt: skip
    ion = "" if precursor is None else (
        '<precursorList count="1"><precursor><selectedIonList count="1"><selectedIon><cvParam cvRef="MS" '
        f'accession="MS:1000744" name="selected ion m/z" value="{precursor}"/></selectedIon></selectedIonList>'
        "</precursor></precursorList>"
    )  # fmt: skip
    return (
        f'<spectrum index="{index}" id="scan={index + 1}" defaultArrayLength="{len(mz) if length is None else length}">'
        f'<cvParam cvRef="MS" accession="MS:1000511" name="ms level" value="{level}"/>{scan}{ion}'
        f'<binaryDataArrayList count="2">{body}</binaryDataArrayList></spectrum>'
    )


def mzml(
    *spectra: str, chromatograms: Sequence[str] = (), count: int | None = None, prolog: str = "", close: bool = True
) -> bytes:
    """A complete mzML document around spectrum elements."""
    number = len(spectra) if count is None else count
    traces = (
        f'<chromatogramList count="{len(chromatograms)}">{"".join(chromatograms)}</chromatogramList>'
        if chromatograms
        else ""
    )
    listed = (
        f'<spectrumList count="{number}" defaultDataProcessingRef="d">{"".join(spectra)}</spectrumList>'
        if spectra
        else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{prolog}<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">'
        '<instrumentConfigurationList count="1"><instrumentConfiguration id="IC1">'
        '<cvParam cvRef="MS" accession="MS:1000483" name="Made Instrument" value=""/>'
        '<cvParam cvRef="MS" accession="MS:1000529" name="instrument serial number" value="007"/>'
        f'</instrumentConfiguration></instrumentConfigurationList><run id="r">{listed}{traces}'
        + ("</run></mzML>" if close else "")
    ).encode()


def chromatogram(
    times: Sequence[float], values: Sequence[float], *, unit: str = "UO:0000031", name: str = "TIC"
) -> str:
    """One stored chromatogram."""
    return (
        f'<chromatogram index="0" id="{name}" defaultArrayLength="{len(times)}"><cvParam cvRef="MS" '
        'accession="MS:1000235" name="total ion current chromatogram"/><binaryDataArrayList count="2">'
        + binary("time", times, unit=unit) + binary("intensity", values) + "</binaryDataArrayList></chromatogram>"
    )  # fmt: skip


def mzxml(*scans: tuple[float, Sequence[float], Sequence[float]], close: bool = True, packed: bool = False) -> bytes:
    """An mzXML document of (seconds, m/z, intensity)."""
    body = ""
    for i, (seconds, mz, intensity) in enumerate(scans, start=1):
        flat = np.column_stack([mz, intensity]).astype(">f4").tobytes()
        data = base64.b64encode(zlib.compress(flat) if packed else flat).decode()
        kind = "zlib" if packed else "none"
        body += (
            f'<scan num="{i}" msLevel="1" peaksCount="{len(mz)}" retentionTime="PT{seconds}S"><peaks precision="32" '
            f'byteOrder="network" contentType="m/z-int" compressionType="{kind}" compressedLen="0">{data}</peaks></scan>'
        )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<mzXML xmlns="http://sashimi.sourceforge.net/schema_revision/mzXML_3.2">'
        f'<msRun scanCount="{len(scans)}"><msInstrument><msModel category="msModel" value="Made"/></msInstrument>{body}</msRun>'
        + ("</mzXML>" if close else "")
    ).encode()


# --- libraries and tables ---------------------------------------------------------------------------------------

MSP = """Name: Cocaine
Synon: Benzoylmethylecgonine
Synon: Coke
InChIKey: ZPUCINDJVBIVPJ-UHFFFAOYSA-N
Formula: C17H21NO4
Num Peaks: 5
82 999; 83 389; 94 400; 182 750;
303 200;
"""

MGF = """COM=made
BEGIN IONS
TITLE=one
PEPMASS=304.15 1000
CHARGE=1+
RTINSECONDS=25.5
MSLEVEL=2
82.06 10
182.11 999 1+
END IONS

BEGIN IONS
TITLE=two
PEPMASS=150.1
91.05 50
119.08 100
END IONS
"""

EZCHROM = """Version:\t3
Maxchannels:\t2
Sample ID:\tmixed standard
Data File:\tC:\\Data\\standard.dat
Acquisition Date and Time:\t12/3/2019 8:57:06 AM
Sampling Rate:\t10.000000\t5.000000\tHz
Total Data Points:\t4\t3\tPts.
X Axis Title:\tMinutes\tMinutes
Y Axis Title:\tpA\t25 µV
X Axis Multiplier:\t0.016667\t0.016667
Y Axis Multiplier:\t0.5\t0.001
2
4
6
8
1000
2000
-3000
"""

MASSBANK = """ACCESSION: MADE-1
RECORD_TITLE: Cocaine; LC-ESI-QTOF; MS2
LICENSE: CC BY
CH$NAME: Cocaine
CH$FORMULA: C17H21NO4
AC$INSTRUMENT: Made QTOF
AC$INSTRUMENT_TYPE: LC-ESI-QTOF
AC$MASS_SPECTROMETRY: MS_TYPE MS2
MS$FOCUSED_ION: PRECURSOR_M/Z 304.1543
PK$NUM_PEAK: 2
PK$PEAK: m/z int. rel.int.
  182.117 1000 999
  304.154 500 499
//
"""


def table(delimiter: str = ",", decimal: str = ".", header: str = "Wavenumber (cm-1),Absorbance", rows: int = 60,
          end: str = "\n", digits: int = 4) -> str:  # fmt: skip
    """An infrared table of a falling axis; `header` is written with commas and gets the delimiter."""
    lines = [header.replace(",", delimiter)] if header else []
    for i in range(rows):
        x, y = f"{3800 - 16.0 * i:.{digits}f}", f"{0.5 + 0.4 * np.sin(i / 5):.{digits}f}"
        lines.append(
            (x + delimiter + y).replace(".", decimal)
            if delimiter != decimal
            else f'"{x}"{delimiter}"{y}"'.replace(".", decimal)
        )
    return end.join(lines) + end


# --- archives ---------------------------------------------------------------------------------------------------


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of named members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def gzip_of_zeros(megabytes: int) -> bytes:
    """A small gzip that unpacks to many zeros."""
    return gzip.compress(bytes(megabytes * 1024 * 1024), compresslevel=9)


def zlib_bomb(megabytes: int) -> bytes:
    """zlib data of zeros."""
    return zlib.compress(bytes(megabytes * 1024 * 1024), 9)
