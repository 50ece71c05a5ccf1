"""The files that are spoiled: small ones written in code, and the smaller real ones where they are at hand.

A family is what one reader (or a group that shares code) takes. Seeds are a few hundred bytes to a few
kilobytes, so that a hundred thousand spoiled copies take minutes.
"""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tests.fuzz import fuzz_seeds_binary as binary
from tests.fuzz.fuzz_mutate import BYTES, FOLDER, TEXT, XML, Mutator
from tests.fuzz.fuzz_seeds_binary import zip_of
from tests.instruments import instrument_files as made

DATA = (
    Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data") / "instruments"
)
REAL_BYTES = 64 * 1024
# Vendors' files are larger, and what code can write of them is little: without the real ones only the door is tried.
VENDOR_BYTES = 2 * 1024 * 1024
Y = [int(100 * np.sin(i / 3)) for i in range(40)]


@dataclass(frozen=True)
class Seed:
    """A file that reads well (or is rightly refused). `format` is the name to force it upon its reader."""

    name: str
    content: bytes
    format: str


@dataclass(frozen=True)
class Family:
    """What is spoiled together. `hints` are answers a person might give, tried now and then."""

    name: str
    seeds: tuple[Seed, ...]
    mutators: tuple[Mutator, ...]
    hints: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class _Recipe:
    format: str
    mutators: tuple[Mutator, ...]
    made: Callable[[], dict[str, bytes | str]]
    folders: tuple[str, ...] = ()
    hints: tuple[dict[str, str], ...] = ()
    largest: int = REAL_BYTES


def _text() -> dict[str, bytes | str]:
    plain = made.table(header="", rows=30)
    return {
        "comma.csv": made.table(rows=12),
        "semicolon.csv": made.table(";", ",", rows=12).encode("cp1252"),
        "utf16.txt": made.table("\t", ",", rows=12).encode("utf-16"),
        "utf16bare.txt": made.table("\t", ".", rows=12).encode("utf-16-le"),
        "cr.csv": made.table(end="\r", rows=12),
        "quoted.csv": made.table(",", ",", rows=12),
        "bare.txt": plain.replace(",", " "),
        "commas.csv": "".join(f"{400 + i},{7 * i % 100:02d}\n" for i in range(20)),
        "thousands.csv": "Wellenzahl [cm-1];Extinktion\n" + "".join(f"{4 - i // 9}.{900 - 100 * (i % 9):03d},5;0,{i:03d}\n" for i in range(12)),
        "peaks.txt": "m/z\tintensity\n" + "".join(f"{41 + 3 * i}.05\t{i * i}\n" for i in range(12)),
        "chrom.txt": "Sample: x\nDetector: UV 254 nm\n\nTime (min);Intensity (mAU)\n" + "".join(f"{i / 60:.3f};{i % 7}\n" for i in range(30)),
        "sections.txt": "[Header]\nData File,x\n\n[Peak Table]\n# of Peaks,1\nPeak#,R.Time\n1,2.5\n\n[LC Chromatogram(Ch1)]\nR.Time (min),Intensity\n"
        + "".join(f"{i / 100:.5f},{i * 3}\n" for i in range(20)),
        "many.csv": "nm;A;B;C\n" + "".join(f"{200 + i};0,{i:03d};0,{i * 2:03d};0,{i * 3:03d}\n" for i in range(15)),
        "raman.txt": "##NAMES=Anatase\n##RRUFFID=R1\n" + "".join(f"{100 + i}.5, {i * 2}.25\n" for i in range(20)) + "##END=\n",
    }  # fmt: skip


def _jcamp() -> dict[str, bytes | str]:
    forms = {f"{form}.jdx": made.jcamp(Y, form=form) for form in ("AFFN", "PAC", "SQZ", "DIF", "DIFDUP")}
    inner = made.jcamp(Y[:10], title="a") + made.mass_jcamp([(41, 1), (55, 2)], "b")
    linked = f"##TITLE=both\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=3\n{inner}##END=\n"
    scans = (
        "##TITLE=run\n##JCAMP-DX=5\n##DATA TYPE=MASS SPECTRUM\n##SCAN_DELAY_UNITS= seconds\n##IONIZATION_MODE= EI+\n"
        + "".join(
            f"##SCAN_NUMBER= {i}\n##RETENTION_TIME= {100 + i / 2}\n##TIC= {30 + i}\n##NPOINTS= 2\n##XYDATA= (XY..XY)\n 57, {10 + i}\n 43, 20\n"
            for i in range(1, 6)
        )
    )
    pages = (
        "##TITLE=pages\n##JCAMP-DX=5.00\n##DATA TYPE=MASS SPECTRUM\n##NTUPLES=MASS SPECTRUM\n##VAR_NAME=MASS, INTENSITY, RETENTION TIME\n"
        "##SYMBOL=X, Y, T\n##VAR_DIM=2,2,3\n##UNITS=M/Z, ABUNDANCE, MINUTES\n##FACTOR=1, 2, 1\n"
        + "".join(f"##PAGE=T={i}\n##NPOINTS=2\n##DATA TABLE=(XY..XY), PEAKS\n50,{i}\n60,1\n" for i in range(3))
        + "##END NTUPLES=MASS SPECTRUM\n##END=\n"
    )
    stepped = (
        "##TITLE=map\n##JCAMP-DX=5.00\n##DATA TYPE=INFRARED SPECTRUM\n##NTUPLES=IR\n##VAR_NAME=WAVENUMBER, ABSORBANCE, PAGE\n##SYMBOL=X, Y, N\n"
        "##VAR_TYPE=INDEPENDENT, DEPENDENT, PAGE\n##VAR_FORM=AFFN, ASDF, AFFN\n##VAR_DIM=5,5,2\n##UNITS=1/CM, ABSORBANCE, \n##FIRST=400, 1, 1\n"
        "##LAST=404, 5, 2\n##FACTOR=1, 1, 1\n"
        + "".join(f"##PAGE=N={i}\n##DATA TABLE=(X++(Y..Y)), XYDATA\n400 1 2 3\n403 4 5\n" for i in (1, 2))
        + "##END NTUPLES=IR\n##END=\n"
    )
    pairs = (
        made.jcamp(Y, XUNITS="NANOMETERS", DATA_TYPE="UV/VIS SPECTRUM").split("##XYDATA")[0] + "##XYPOINTS=(XY..XY)\n"
    )
    pairs += "".join(f"{400 + i}, {y}\n" for i, y in enumerate(Y)) + "##END=\n"
    return forms | {
        "mass.jdx": made.mass_jcamp([(41, 1), (55, 2), (91.05, 99)]), "link.jdx": linked, "scans.jdx": scans, "pages.jdx": pages,
        "map.jdx": stepped, "pairs.jdx": pairs, "transmittance.dx": made.jcamp([90, 95, 99, 80], YUNITS="%T", factor=0.01),
    }  # fmt: skip


def _mzml() -> dict[str, bytes | str]:
    a, b = [50.5, 60.25, 70.125], [1.0, 2.0, 3.0]
    packed = made.mzml(
        made.spectrum(0, a, b, compression="zlib", minutes=1), made.spectrum(1, a, b, compression="zlib", dtype="<f4", minutes=2),
        chromatograms=[made.chromatogram([1, 2], [3, 4])],
    )  # fmt: skip
    numpress = made.mzml(
        *(made.spectrum(i, a, b, compression=c, seconds=i) for i, c in enumerate(("linear", "pic", "slof")))
    )
    tandem = made.mzml(
        made.spectrum(0, a, b, minutes=1),
        made.spectrum(1, a, b, level=2, minutes=1.1, precursor=304.1543),
        made.spectrum(2, [], [], minutes=1.2),
    )
    diode = made.mzml(*(made.spectrum(i, [200, 300, 400], b, axis="wavelength", minutes=i) for i in range(3)))
    one = made.mzml(made.spectrum(0, a, b))
    indexed = one.replace(b"<mzML ", b'<indexedmzML xmlns="http://psi.hupo.org/ms/mzml"><mzML ', 1) + (
        b'<indexList count="1"><index name="spectrum"><offset idRef="scan=1">400</offset></index></indexList>'
        b"<indexListOffset>900</indexListOffset></indexedmzML>"
    )
    groups = one.replace(
        b'<instrumentConfigurationList count="1">',
        b'<referenceableParamGroupList count="1"><referenceableParamGroup id="g"><cvParam cvRef="MS" accession="MS:1000449" name="LTQ" value=""/>'
        b'</referenceableParamGroup></referenceableParamGroupList><instrumentConfigurationList count="1">',
    ).replace(b'id="IC1">', b'id="IC1"><referenceableParamGroupRef ref="g"/>')
    return {"packed.mzML": packed, "numpress.mzML": numpress, "tandem.mzML": tandem, "diode.mzML": diode, "indexed.mzML": indexed, "groups.mzML": groups,
            "packed.mzML.gz": gzip.compress(packed, mtime=0)}  # fmt: skip


def _mzxml() -> dict[str, bytes | str]:
    a, b = [50.5, 60.25], [1.0, 2.0]
    nested = (
        made.mzxml((1.0, a, b), (2.0, [50], [1]))
        .replace(b"</scan><scan ", b"<scan ", 1)
        .replace(b"</scan></msRun>", b"</scan></scan></msRun>")
    )
    return {
        "plain.mzXML": made.mzxml((1.0, a, b), (2.0, [50], [1])), "packed.mzXML": made.mzxml((1.0, a, b), (2.0, a, b), packed=True),
        "one.mzXML": made.mzxml((1.0, a, b)), "nested.mzXML": nested,
        "tandem.mzXML": made.mzxml((1.0, a, b)).replace(b"<peaks ", b'<precursorMz precursorIntensity="5">304.15</precursorMz><peaks ').replace(b'msLevel="1"', b'msLevel="2"'),
    }  # fmt: skip


def _msp() -> dict[str, bytes | str]:
    forms = {"lines": "82 999\n83 389\n94 400\n", "tabs": '82\t999\t"a"\n83\t389\t"b c"\n94\t400\n', "colons": "82:999 83:389 94:400\n",
             "brackets": "(82 999) (83 389)\n(94 400)\n", "commas": "82,05 999,5\n83,05 389\n94,1 400\n", "semicolons": "82 999; 83 389; 94 400;\n"}  # fmt: skip
    head = "Name: {}\nSynon: x\nSynon: y\nMW: 303\nPrecursorMZ: 304.15\nIon_mode: P\nSpectrum_type: MS2\nInstrument: QTOF\nNum Peaks: 3\n"
    return {f"{name}.msp": head.format(name) + rows + "\n" for name, rows in forms.items()} | {
        "library.msp": made.MSP + "\n" + made.MSP, "amdis.msl": "NAME:x\nFORM:C2H4\nCASNO:1-1-1\nNUM PEAKS: 3\n(82 999) (83 389)\n(94 400)\n\n"
    }  # fmt: skip


def _mzspeclib() -> dict[str, bytes | str]:
    text = (
        "<mzSpecLib>\nMS:1003186|library format version=1.0\nMS:1003188|library name=test\n<AttributeSet Spectrum=all>\n<AttributeSet Analyte=all>\n"
        "<Spectrum=1>\nMS:1003061|library spectrum name=Hydrogen chloride\nMS:1000894|retention time=98.43\n[1]MS:1000045|collision energy=29.4\n"
        "[1]UO:0000000|unit=UO:0000266|electronvolt\nMS:1003059|number of peaks=4\nMS:1000744|selected ion m/z=36.1\n<Analyte=1>\n"
        "MS:1000866|molecular formula=ClH\n<Peaks>\n35.0\t169.85\t?\n36.0\t999\t?\n37.0\t53.95\t?\n38.0\t323.71\t?\n\n"
    )
    attribute = '{"accession": "MS:1003061", "name": "library spectrum name", "value": "HCl"}'
    library = (
        '{"format_version": "1.0", "attributes": [], "analyte_attribute_sets": {}, "interpretation_attribute_sets": {}, "spectrum_attribute_sets": {}, '
        '"spectra": [{"attributes": ['
        + attribute
        + ', {"accession": "MS:1003059", "name": "number of peaks", "value": 2}], "analytes": {"1": {"id": "1", '
        '"attributes": []}}, "interpretations": {}, "mzs": [35.0, 36.0], "intensities": [1.5, 999], "peak_annotations": ["?", "?"]}]}'
    )
    return {
        "text.mzspeclib": text + text.partition("<Spectrum=1>")[1] + text.partition("<Spectrum=1>")[2],
        "library.json": library,
    }


def _archives() -> dict[str, bytes | str]:
    run = {"x.D/data.ms": b"\x01\x32\x00" + bytes(60), "x.D/acq.txt": b"a"}
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.msp"), made.MSP)
    members = {"stored.zip": stored.getvalue(), "one.zip": zip_of({"a.msp": made.MSP}), "two.zip": zip_of({"a.msp": made.MSP, "b.csv": made.table(rows=5)}),
               "folder.zip": zip_of({"d/": "", "d/a.jdx": made.jcamp(Y)}), "run.D.zip": zip_of(run), "nested.zip": zip_of({"a.zip": zip_of({"a.msp": made.MSP})}),
               "waters.raw.zip": zip_of({"x.raw/_FUNC001.DAT": bytes(40), "x.raw/_HEADER.TXT": "$$ a: b\n", "x.raw/_FUNCTNS.INF": bytes(416)})}  # fmt: skip
    return members | {
        "a.msp.gz": gzip.compress(made.MSP.encode(), mtime=0), "two.gz": gzip.compress(b"x;y\n1;2\n", mtime=0) * 2 + bytes(64),
        "nested.gz": gzip.compress(gzip.compress(made.MSP.encode(), mtime=0), mtime=0),
    }  # fmt: skip


UNITS = (
    {"x_unit": "cm-1"},
    {"x_unit": "nm", "kind": "uv"},
    {"x_unit": "min"},
    {"kind": "mass_spectrum"},
    {"kind": "ir", "y_unit": "transmittance (%)"},
)
DIALECTS = (
    *UNITS,
    {"decimal": ","},
    {"decimal": "."},
    {"delimiter": ";"},
    {"delimiter": "space"},
    {"delimiter": ",", "decimal": ","},
)
VENDORS = {
    "chemstation": ("chemstation_single", "chemstation_d"),
    "masshunter": ("masshunter_d",),
    "waters-raw": ("waters_raw",),
    "thermo-raw": ("thermo_raw",),
    "shimadzu": ("shimadzu_lcd_gcd",),
    "perkin-elmer-sp": ("perkinelmer_sp",),
    "renishaw-wdf": ("renishaw_wdf",),
    "mzmlb": ("mzmlb",),
    "omnic-srs": ("omnic_srs",),
}
RECIPES: dict[str, _Recipe] = {
    "text": _Recipe("text", TEXT, _text, ("csv_spectrum", "csv_peaklist", "csv_chrom"), DIALECTS),
    "jcamp": _Recipe("jcamp", TEXT, _jcamp, ("jcamp_ir", "jcamp_ms"), UNITS),
    "msp": _Recipe("msp", TEXT, _msp, ("msp", "msl")),
    "mgf": _Recipe("mgf", TEXT, lambda: {"two.mgf": made.MGF}, ("mgf",)),
    "massbank": _Recipe("massbank", TEXT, lambda: {"record.txt": made.MASSBANK}, ("massbank",)),
    "mzspeclib": _Recipe("mzspeclib", TEXT, _mzspeclib, ("mzspeclib",)),
    "mzml": _Recipe("mzml", XML, _mzml, ("mzml",)),
    "mzxml": _Recipe("mzxml", XML, _mzxml, ("mzxml",)),
    "archives": _Recipe("", BYTES + FOLDER, _archives, ("zipped_dir",)),
    "andi-ms": _Recipe("andi-ms", BYTES, binary.andi_ms, ("andi_ms",), largest=256 * 1024),
    "andi-chrom": _Recipe("andi-chrom", BYTES, binary.andi_chrom, ("andi_chrom",)),
    "spc": _Recipe("spc", BYTES, binary.spc, ("spc",), UNITS),
    "opus": _Recipe("opus", BYTES, binary.opus, ("opus",), UNITS),
    "spa": _Recipe("spa", BYTES, binary.spa, ("omnic",), UNITS),
    "spg": _Recipe("spg", BYTES, binary.spg, hints=UNITS),
    "agilent-asp": _Recipe("agilent-asp", TEXT, binary.asp, ("agilent_asp",), UNITS),
    "ezchrom": _Recipe("ezchrom", TEXT, lambda: {"two.asc": made.EZCHROM}, hints=UNITS),
    **{
        name: _Recipe(name, FOLDER * 40 + BYTES, binary.vendor(name), folders, largest=VENDOR_BYTES)
        for name, folders in VENDORS.items()
    },
}  # fmt: skip


@cache
def family(name: str, *, real: bool = True) -> Family:
    """A family with its seeds, the real ones left out when `real` is False or they are not on this machine."""
    recipe = RECIPES[name]
    seeds = [Seed(n, c.encode() if isinstance(c, str) else c, recipe.format) for n, c in recipe.made().items()]
    if real:
        seeds += [Seed(file, content, recipe.format) for file, content in _real(recipe)]
    return Family(name, tuple(seeds), recipe.mutators, recipe.hints)


def _real(recipe: _Recipe) -> Iterator[tuple[str, bytes]]:
    """Name and content of the real files that are not too large; folders as zips of one top folder."""
    for folder in recipe.folders:
        for path in sorted((DATA / folder).glob("*")):
            if path.is_file():
                if path.stat().st_size <= recipe.largest:
                    yield path.name, path.read_bytes()
            else:
                files = sorted(p for p in path.rglob("*") if p.is_file())
                if sum(p.stat().st_size for p in files) <= recipe.largest:
                    inside = {p.relative_to(path.parent).as_posix(): p.read_bytes() for p in files}
                    yield f"{path.name}.zip", zip_of(inside)
