"""Files made to do harm, written in code: worse than the shared hostile set, each with what must come of it."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.instruments.instrument_files import (
    MASSBANK,
    MGF,
    MSP,
    binary,
    jcamp,
    mass_jcamp,
    mzml,
    mzxml,
    spectrum,
    table,
    zipped,
)

ERROR, WARN, READ, ANY = ("error",), ("warn",), ("ok", "warn"), ("ok", "warn", "error")
DIGITS = "9" * 60_000


@dataclass(frozen=True)
class Hostile:
    """`outcomes` allowed, and, for an error, its `codes` if one matters; computing time in s.

    `small`: built and read in an instant. What is not is read in the sandbox only.
    """

    name: str
    build: Callable[[], bytes]
    outcomes: tuple[str, ...] = ERROR
    codes: tuple[str, ...] = ()
    small: bool = True
    seconds: float = 20.0


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


# --- archives -------------------------------------------------------------------------------------------------


def zip_with(name: str, content: bytes = b"x,y\n1,2\n", *, mode: int = 0, flags: int = 0) -> bytes:
    """A zip of one member with a name, Unix mode and flags of choice."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo("a")
        member.filename = name
        member.external_attr = mode << 16
        archive.writestr(member, content)
    made = bytearray(out.getvalue())
    if flags:
        made[6] |= flags
        made[made.index(b"PK\x01\x02") + 8] |= flags
    return bytes(made)


def overlapping_zip(members: int, megabytes: int) -> bytes:
    """Many members that all lie in the same packed bytes (Fifield 2019, doi:10.5281/zenodo.3369394)."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(bytes(megabytes * 2**20)) + packed.flush()
    sizes = struct.pack("<III", zlib.crc32(bytes(megabytes * 2**20)), len(body), megabytes * 2**20)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 1, 0) + b"a" + body
    central = b"".join(
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33)
        + sizes
        + struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, 0)
        + b"%05d" % i
        for i in range(members)
    )
    return (
        local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, members, members, len(central), len(local), 0)
    )


def lzma_zip_with_huge_dictionary() -> bytes:
    """An LZMA member that asks for a dictionary of 4 GiB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(zipfile.ZipInfo("a.csv"), table(rows=40), compress_type=zipfile.ZIP_LZMA)
    made = bytearray(out.getvalue())
    start = 30 + 5  # local header and name; then 4 bytes version and size, 1 byte lc/lp/pb, 4 bytes dictionary
    made[start + 5 : start + 9] = b"\xff\xff\xff\xff"
    return bytes(made)


ARCHIVES = (
    Hostile("overlap.zip", lambda: overlapping_zip(4_000, 1)),
    Hostile("members.zip", lambda: zipped({f"{i}.csv": b"" for i in range(5_001)}), codes=("too_many_members",)),
    Hostile("bomb.zip", lambda: zipped({"a.csv": bytes(64 * 2**20)}), codes=("compression_bomb",), small=False),
    Hostile("bomb.csv.gz", lambda: gzip.compress(bytes(64 * 2**20), mtime=0), codes=("compression_bomb",), small=False),
    Hostile("folder-bomb.D.zip", lambda: zipped({"x.D/DATA.MS": bytes(64 * 2**20)}), small=False),
    Hostile(
        "empty-members.gz",
        lambda: gzip.compress(b"", mtime=0) * 100_000 + gzip.compress(b"x;y\n", mtime=0),
        ANY,
        small=False,
    ),
    Hostile(
        "shells.gz",
        lambda: gzip.compress(gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), mtime=0),
        codes=("nested_archive",),
    ),
    Hostile("zip-in-gz.gz", lambda: gzip.compress(zipped({"a.csv": b"1,2\n"}), mtime=0), codes=("nested_archive",)),
    Hostile("gz-in-zip.zip", lambda: zipped({"a.csv.gz": gzip.compress(b"1,2\n")}), codes=("nested_archive",)),
    Hostile("padding.gz", lambda: gzip.compress(MSP.encode(), mtime=0) + bytes(3 * 2**20), ANY),
    Hostile("tail.gz", lambda: gzip.compress(MSP.encode(), mtime=0) + b"garbage behind the end"),
    Hostile("link.zip", lambda: zip_with("a.csv", b"/etc/passwd", mode=0o120777), codes=("symbolic_link",)),
    Hostile("device.zip", lambda: zip_with("a.csv", b"", mode=0o020666)),
    Hostile("parent.zip", lambda: zip_with("../a.csv"), codes=("path_traversal",)),
    Hostile("deep-parent.zip", lambda: zip_with("x.D/../../a.csv"), codes=("path_traversal",)),
    Hostile("windows-parent.zip", lambda: zip_with("..\\a.csv"), codes=("path_traversal",)),
    Hostile("absolute.zip", lambda: zip_with("/etc/a.csv"), codes=("path_traversal",)),
    Hostile("drive.zip", lambda: zip_with("C:a.csv"), codes=("path_traversal",)),
    Hostile("encrypted.zip", lambda: zip_with("a.csv", flags=1), codes=("encrypted_archive",)),
    Hostile("nameless.zip", lambda: zip_with(""), outcomes=("error", "warn")),  # zipfile of Python 3.13 gives it a name
    Hostile("cases.D.zip", lambda: zipped({"x.D/DATA.MS": b"\x01\x32\x00", "X.d/data.ms": b"\x01\x32\x00"})),
    Hostile("same.zip", lambda: zipped({"A.csv": table().encode(), "a.CSV": table().encode()})),
    Hostile("lzma.zip", lzma_zip_with_huge_dictionary, ANY),
    Hostile("cut.zip", lambda: zipped({"a.csv": _noise(5_000)})[:-30]),
    Hostile("directory-only.zip", lambda: zipped({"a/": b"", "b/": b""})),
)


# --- one kind in the clothes of another -------------------------------------------------------------------------


DISGUISES = (
    *(Hostile(f"table.{end}", lambda: table().encode(), WARN) for end in ("spa", "spc", "cdf", "mzML", "jdx", "raw")),
    *(
        Hostile(f"run.{end}", lambda: mzml(spectrum(0, [50, 60], [1, 2])), WARN)
        for end in ("csv", "spc", "mzXML", "jdx")
    ),
    *(
        Hostile(f"noise.{end}", lambda: _noise(4_000))
        for end in ("csv", "jdx", "spa", "spc", "0", "cdf", "asp", "mzML", "D", "raw", "lcd", "wdf", "sp", "ch", "ms")
    ),
    *(Hostile(f"zeros.{end}", lambda: bytes(4_000)) for end in ("csv", "spa", "spc", "0", "cdf", "ms", "ch")),
    Hostile("opus-magic-on-text.0", lambda: b"\x0a\x0a\xfe\xfe" + table().encode()),
    Hostile("omnic-magic-on-text.spa", lambda: b"Spectral Data File\r\n" + table().encode()),
    Hostile("omnic-magic-on-noise.spa", lambda: b"Spectral Data File\r\n" + _noise(4_000)),
    Hostile("spc-magic-on-noise.spc", lambda: b"\x00\x4b" + _noise(4_000)),
    Hostile("cdf-magic-on-noise.cdf", lambda: b"CDF\x01" + _noise(4_000)),
    Hostile("hdf-magic-on-noise.mzMLb", lambda: b"\x89HDF\r\n\x1a\n" + _noise(4_000)),
    Hostile("ole-magic-on-noise.lcd", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + _noise(4_000)),
    Hostile("thermo-magic-on-noise.raw", lambda: b"\x01\xa1F\0i\0n\0n\0i\0g\0a\0n\0" + _noise(4_000)),
    Hostile("wdf-magic-on-noise.wdf", lambda: b"WDF1" + _noise(4_000)),
    Hostile("sp-magic-on-noise.sp", lambda: b"PEPE" + _noise(4_000)),
    Hostile(
        "jcamp-header-on-noise.jdx",
        lambda: jcamp([1, 2, 3]).split("##XYDATA")[0].encode() + b"##XYDATA=(X++(Y..Y))\n" + _noise(4_000),
    ),
    Hostile("text-then-noise.csv", lambda: table(rows=40).encode() + _noise(4_000)),
    Hostile("noise-then-text.csv", lambda: _noise(400) + table(rows=40).encode()),
    Hostile(
        "pickle.csv",
        lambda: (
            b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
        ),
    ),
    Hostile("two-formats.jdx", lambda: jcamp([1, 2, 3]).encode() + MGF.encode(), ANY),
    Hostile("utf16-half.csv", lambda: table("\t", rows=20).encode("utf-16-le")[:-1], ("warn", "error")),
    Hostile("utf16-shifted.csv", lambda: table("\t", rows=20).encode("utf-16-le")[1:], ANY),
    Hostile("utf16-surrogates.csv", lambda: table("\t", rows=20).encode("utf-16-le") + b"\x00\xd8" * 40 + b"1\0", ANY),
    Hostile("utf16-bom-on-utf8.csv", lambda: b"\xff\xfe" + table().encode()),
    Hostile("utf32.csv", lambda: table().encode("utf-32"), ANY),
    Hostile("overlong.csv", lambda: table().encode().replace(b"1", b"\xc0\xb1"), ANY),
    Hostile("right-to-left.csv", lambda: bytes("\u202e" + table(), "utf-8"), ANY),
)


# --- text that costs time or memory -----------------------------------------------------------------------------


def _nested_links(depth: int) -> bytes:
    return "".join(f"##TITLE={i}\n##DATA TYPE=LINK\n##BLOCKS=2\n" for i in range(depth)).encode()


def _ntuples(dimension: str) -> bytes:
    return (
        "##TITLE=x\n##JCAMP-DX=5.00\n##DATA TYPE=MASS SPECTRUM\n##NTUPLES=MASS SPECTRUM\n##VAR_NAME=MASS, INTENSITY, RETENTION TIME\n##SYMBOL=X, Y, T\n"
        f"##VAR_DIM={dimension},{dimension},{dimension}\n##UNITS=M/Z, ABUNDANCE, MINUTES\n##FACTOR=1, 2, 1\n##PAGE=T=1\n##NPOINTS=2\n"
        "##DATA TABLE=(XY..XY), PEAKS\n50,1\n60,1\n##END NTUPLES=MASS SPECTRUM\n##END=\n"
    ).encode()


TEXTS = (
    Hostile("line.csv", lambda: b"1,2," * 2_500_000, codes=("line_too_long",)),
    Hostile("line.jdx", lambda: jcamp([1, 2, 3]).replace("\n400 1", "\n400 " + "1 " * 5_000_000).encode()),
    Hostile("line.msp", lambda: MSP.encode() + b"82 999; " * 1_250_000),
    Hostile("line.mzspeclib.json", lambda: b'{"format_version": "1.0", "spectra": [' + b"1," * 5_000_000),
    Hostile("deep.mzspeclib.json", lambda: b'{"format_version": ' + b"[" * 200_000),
    Hostile("deeper.mzspeclib.json", lambda: b'{"format_version": "1.0", "spectra": ' + b'{"a":' * 100_000),
    Hostile("digits.msp", lambda: f"Name: x\nNum Peaks: 1\n{DIGITS}x 1\n".encode("ascii")),
    Hostile("digit-pairs.msp", lambda: f"Name: x\nNum Peaks: 9\n{'1e1' * 15_000}\n".encode("ascii")),
    Hostile("quotes.msp", lambda: ('Name: x\nNum Peaks: 1\n82 1 "' + '" "' * 15_000 + "\n").encode("ascii"), ANY),
    Hostile("brackets.msp", lambda: ("Name: x\nNum Peaks: 1\n" + "(" * 50_000 + "\n").encode("ascii")),
    Hostile("name.msp", lambda: f"Name{' ' * 60_000}: x\nNum Peaks: 1\n82 1\n".encode("ascii"), ANY),
    Hostile("digits.mgf", lambda: f"BEGIN IONS\nPEPMASS={DIGITS}\n{DIGITS} 1\nEND IONS\n".encode("ascii")),
    Hostile("ions.mgf", lambda: b"BEGIN IONS\n" * 100_000),
    Hostile("digits.jdx", lambda: jcamp([1, 2, 3]).replace("400 1", "400 1" + DIGITS).encode()),
    Hostile("letters.jdx", lambda: jcamp([1, 2, 3]).replace("400 1", "400" + "%" * 60_000).encode(), ANY),
    Hostile("blanks.jdx", lambda: (b"##" + b" " * 60_000 + b"\n") * 20 + jcamp([1, 2, 3]).encode(), ANY),
    Hostile("repeats.jdx", lambda: jcamp([0, 0], form="DIFDUP").replace("##XYDATA=(X++(Y..Y))\n", "##XYDATA=(X++(Y..Y))\n" + "400@s9999999\n" * 400).encode()),
    Hostile("one-repeat.jdx", lambda: jcamp([0, 0], NPOINTS=19_000_001).split("##XYDATA")[0].encode() + b"##XYDATA=(X++(Y..Y))\n400@" + b"%ZS9000000\n##END=\n"),
    Hostile("links.jdx", lambda: _nested_links(50_000)),
    Hostile("blocks.jdx", lambda: b"##TITLE=x\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=20001\n" + mass_jcamp([(41, 1)]).encode() * 20_000 + b"##END=\n", small=False),
    *(Hostile(f"var_dim_{i}.jdx", lambda d=d: _ntuples(d), ANY) for i, d in enumerate(("-1", "1e999", "nan", "9" * 400, "0", "", "2,2,2,2,2,2"))),
    Hostile("labels.jdx", lambda: b"##TITLE=x\n" + b"".join(b"##L%d=1\n" % i for i in range(200_000)) + jcamp([1, 2, 3]).encode().split(b"\n", 1)[1], ANY),
    Hostile("commas.csv", lambda: b",".join([b""] * 60_000) + b"\n" + table().encode(), ANY),
    Hostile("columns.csv", lambda: (b";".join(b"%d" % i for i in range(10_000)) + b"\n") * 20),
    Hostile("quotes.csv", lambda: table().encode() + b'"' * 60_000 + b"\n", ANY),
    Hostile("one-quote.csv", lambda: b'x,y\n"1,2\n' + b"3,4\n" * 500_000),
    Hostile("digits.csv", lambda: f"x;y\n1;{DIGITS}\n2;3\n".encode("ascii")),
    Hostile("exponents.csv", lambda: b"x;y\n" + b"1e" * 30_000 + b";2\n1;2\n2;3\n", ANY),
    Hostile("minus.csv", lambda: b"x y\n" + b"-" * 60_000 + b" 2\n1 2\n2 3\n", ANY),
    Hostile("thousands.csv", lambda: ("x;y\n" + "1.000" * 12_000 + ";2\n1;2\n2;3\n").encode("ascii"), ANY),
    Hostile("blank-lines.csv", lambda: b"\n" * 5_000_000 + table().encode(), ANY, small=False),
    Hostile("empty-sections.txt", lambda: b"[a]\n" * 200_000 + table().encode(), ANY, small=False),
    Hostile("formula.csv", lambda: b'=cmd|"/c calc"!A1,Absorbance\n' + table(header="").encode(), ANY),
    Hostile("fields.massbank.txt", lambda: MASSBANK.replace("PK$NUM_PEAK", "CH$NAME: x\n" * 100_000 + "PK$NUM_PEAK").encode(), ANY),
    Hostile("digits.massbank.txt", lambda: MASSBANK.replace("304.1543", DIGITS).encode()),
)  # fmt: skip


# --- XML ------------------------------------------------------------------------------------------------------


def _bomb_array(points: int) -> bytes:
    """One spectrum whose arrays are `points` equal values under zlib: a thousand times its packed size."""
    packed = zlib.compress(struct.pack("<d", 55.5) * points, 9)
    arrays = "".join(
        binary(kind, [], compression="none", raw=packed).replace("MS:1000576", "MS:1000574")
        for kind in ("mz", "intensity")
    )
    return mzml(spectrum(0, [], [], length=points, arrays=arrays))


XMLS = (
    Hostile("empty-spectra.mzML", lambda: mzml(*['<spectrum index="0" id="a" defaultArrayLength="0"/>'] * 510_000), codes=("too_many_spectra",), small=False, seconds=50),
    Hostile("array-bomb.mzML", lambda: _bomb_array(15_000_000), small=False),
    *(Hostile(f"numpress-{codec}.mzML", lambda c=codec: mzml(spectrum(0, [1, 2], [1, 2], compression=c, raw=_noise(400)))) for codec in ("linear", "pic", "slof")),
    *(Hostile(f"numpress-{codec}-empty.mzML", lambda c=codec: mzml(spectrum(0, [1, 2], [1, 2], compression=c, raw=b""))) for codec in ("linear", "pic", "slof")),
    *(Hostile(f"numpress-{codec}-huge.mzML", lambda c=codec: mzml(spectrum(0, [1, 2], [1, 2], compression=c, raw=b"\x7f" * 100_000, length=10_000_000))) for codec in ("linear", "pic", "slof")),
    Hostile("attributes.mzML", lambda: mzml(spectrum(0, [50], [1])).replace(b"<run ", b"<run " + b" ".join(b'a%d="x"' % i for i in range(100_000)) + b" ", 1), ANY),
    Hostile("namespaces.mzML", lambda: mzml(spectrum(0, [50], [1])).replace(b"<run ", b"<run " + b" ".join(b'xmlns:n%d="u%d"' % (i, i) for i in range(20_000)) + b" ", 1), ANY),
    Hostile("comment.mzML", lambda: mzml(spectrum(0, [50], [1]), prolog="<!--" + "-" * 5_000_000)),
    Hostile("cdata.mzML", lambda: mzml(spectrum(0, [50], [1], arrays="<![CDATA[" + "x" * 5_000_000))),
    Hostile("closing-tags.mzML", lambda: mzml(spectrum(0, [50], [1])) + b"</mzML><!---->" * 4_600 + b"x"),
    Hostile("params.mzML", lambda: mzml(spectrum(0, [50], [1])).replace(b"<scanList", b'<cvParam cvRef="MS" accession="MS:1" name="x"/>' * 100_000 + b"<scanList"), ANY),
    Hostile("references.mzML", lambda: mzml(spectrum(0, [50], [1])).replace(
        b"<instrumentConfigurationList", b'<referenceableParamGroup id="g"><referenceableParamGroupRef ref="g"/></referenceableParamGroup><instrumentConfigurationList').replace(
        b'id="IC1">', b'id="IC1"><referenceableParamGroupRef ref="g"/>'), ANY),
    Hostile("nested.mzXML", lambda: mzxml((1.0, [50], [1])).replace(b"<scan ", b'<scan num="1">' * 20_000 + b"<scan ", 1)),
    Hostile("scans.mzXML", lambda: mzxml((1.0, [50], [1])).replace(b"<scan ", b'<scan num="1" msLevel="1" peaksCount="0"/>' * 30_000 + b"<scan ", 1), ANY, small=False),
    Hostile("same-numbers.mzXML", lambda: mzxml((1.0, [50], [1]), (2.0, [50], [1])).replace(b'num="2"', b'num="1"'), ANY),
    Hostile("utf16-entities.mzML", lambda: mzml(spectrum(0, [50], [1]), prolog='<!DOCTYPE x [<!ENTITY a "b">]>').decode().replace("UTF-8", "UTF-16").encode("utf-16"), codes=("xml_entities",)),
    Hostile("utf16-shifted.mzML", lambda: mzml(spectrum(0, [50], [1])).decode().replace("UTF-8", "UTF-16").encode("utf-16")[:-1]),
    Hostile("utf16-surrogates.mzML", lambda: mzml(spectrum(0, [50], [1])).decode().replace("Made", "Ma\udc00de").encode("utf-16", "surrogatepass"), codes=("bad_encoding",)),
    Hostile("utf7.mzML", lambda: mzml(spectrum(0, [50], [1])).replace(b"UTF-8", b"UTF-7")),
    Hostile("entities.mzML", lambda: mzml(spectrum(0, [50], [1]), prolog='<!DOCTYPE x [<!ENTITY a "' + "x" * 9_999 + '"><!ENTITY b "' + "&a;" * 9_999 + '">]>'), codes=("xml_entities",)),
    Hostile("base64.mzML", lambda: mzml(spectrum(0, [50], [1], arrays=binary("mz", [], text="A" * 8_000_000) + binary("intensity", [1])))),
    Hostile("base64-lines.mzML", lambda: mzml(spectrum(0, [50], [1], arrays=binary("mz", [], text="AA==\n" * 500_000) + binary("intensity", [1])))),
)  # fmt: skip

HOSTILE: tuple[Hostile, ...] = ARCHIVES + DISGUISES + TEXTS + XMLS
