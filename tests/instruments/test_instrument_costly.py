"""Small files that would cost minutes or gigabytes: each is read or refused in seconds and in bounded memory.

Without the bounds they hang for longer than the 60 seconds that stand here, or take more than the 512 MiB.
"""

from __future__ import annotations

import time
import tracemalloc
import zlib

import pytest

from instruments import CorruptFile, InstrumentError, Limits, TooLarge, read
from tests.instruments.instrument_files import MASSBANK, binary, jcamp, mass_jcamp, mzml, mzxml, spectrum, table

LONG = 60_000  # just below the longest line that is allowed
DIGITS = "9" * LONG


def msp(body: str) -> str:
    return f"Name: x\nNum Peaks: 1\n{body}\n"


COSTLY = {
    "msp digits": msp(f"{DIGITS}x 1"),
    "msp digits, fifty lines": msp(f"{DIGITS}x 1\n" * 50),
    "msp braces": msp("82 1 " + "{" * LONG),
    "msp brackets": msp("82 1 " + "[" * LONG),
    "msp quotes": msp("82 1 " + '"a' * (LONG // 2)),
    "msp blanks": msp("82" + " " * LONG + "x"),
    "msp comment": "Name: x\nComments: " + 'a="' * (LONG // 3) + "\nNum Peaks: 1\n82 1\n",
    "msp formula": "Name: x\nForm: " + "Cc" * (LONG // 2) + "!\nNum Peaks: 1\n(82 1)\n",
    "mzspeclib annotation": "<mzSpecLib>\n<Spectrum=1>\n<Peaks>\n" + f"82\t1\t{DIGITS}x\n" * 20,
    "mgf precursor": f"BEGIN IONS\nPEPMASS={DIGITS}x\n82 1\nEND IONS\n",
    "mgf field": f"BEGIN IONS\nA{' ' * LONG}x\n82 1\nEND IONS\n",
    "massbank digits": MASSBANK.replace("182.117", DIGITS + "x"),
    "massbank blanks": MASSBANK.replace("182.117", " " * LONG + "x"),
    "jcamp angle brackets": mass_jcamp([(41, 1)]).replace("41,1", "<" * LONG),
    "jcamp exponents": jcamp([1, 2, 3]).replace("400 1 2 3", "400 " + ".1e" * (LONG // 3)),
    "jcamp unit": jcamp([1, 2, 3], XUNITS="(" * LONG),
    "csv digits": f"{DIGITS}x\n{table()}",
    "csv header of brackets": "(" * LONG + ";Abs\n" + table(";", ",", header=""),
    "csv header of blanks": "Wave" + " " * LONG + "x\n" + table(" ", header=""),
    "csv headers of an m and blanks": "1 2\n" + ("m" + " " * LONG + "x\n") * 5 + table(" ", header=""),
    "csv groups": ("1 000" * (LONG // 5) + ";2\n") * 50 + "1;2\n2;3\n",
    "mzxml duration": mzxml((1.0, [50], [1])).replace(b"PT1.0S", b"P" + DIGITS.encode()).decode(),
    "mzml comments at the end": mzml(spectrum(0, [50], [1])).decode() + "</mzML><!--" * 6_000,
}


@pytest.mark.parametrize("name", sorted(COSTLY))
def test_a_long_line_costs_no_more_than_its_length(name: str) -> None:
    begun = time.monotonic()
    try:
        outcome = str(len(read(COSTLY[name].encode())))
    except InstrumentError as error:
        outcome = error.code
    assert outcome not in ("0", "reader_failed")
    assert time.monotonic() - begun < 60


MANY = "9" * 400  # infinite as a float


@pytest.mark.parametrize(
    "content",
    [f"Name: x\nPrecursorMZ: {MANY}\nNum Peaks: 1\n82 1\n", f"BEGIN IONS\nPEPMASS={MANY}\n82 1\nEND IONS\n",
     MASSBANK.replace("304.1543", MANY)],
    ids=["msp", "mgf", "massbank"],
)  # fmt: skip
def test_a_mass_beyond_all_numbers_is_refused(content: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(content.encode())
    assert caught.value.code == "bad_header"


@pytest.mark.parametrize(
    "content",
    [f"Name: x\nRetentionTime: {MANY} min\nNum Peaks: 1\n82 1\n", f"Name: x\nRTINSECONDS: {MANY}\nNum Peaks: 1\n82 1\n",
     f"BEGIN IONS\nRTINSECONDS={MANY}\n82 1\nEND IONS\n", MASSBANK.replace("MS$", f"AC$CHROMATOGRAPHY: RETENTION_TIME {MANY} s\nMS$")],
    ids=["msp", "msp seconds", "mgf", "massbank"],
)  # fmt: skip
def test_a_time_beyond_all_numbers_is_left_out(content: str) -> None:
    (reading,) = read(content.encode())
    assert reading.scans[0].retention_time_s is None


def peak_mib(content: bytes, **limits: int) -> tuple[str, float]:
    """The code of the error, and the most memory that Python and numpy held meanwhile, in MiB."""
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge) as caught:
            read(content, limits=Limits(**limits))
        return caught.value.code, tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def test_a_repeat_count_makes_no_more_points_than_the_table_is_worth() -> None:
    text = jcamp([0, 0], NPOINTS=19_000_001).partition("##XYDATA")[0] + "##XYDATA=(X++(Y..Y))\n400@%ZS9000000\n##END=\n"
    code, peak = peak_mib(text.encode())
    assert (code, peak < 64) == ("too_many_points", True)


def zipped_zeros(kind: str, values: int) -> str:
    packed = zlib.compress(bytes(8 * values), 9)
    return binary(kind, [], raw=packed).replace("MS:1000576", "MS:1000574")


def test_an_array_that_packs_as_only_bombs_do_is_refused_before_it_is_unpacked() -> None:
    arrays = zipped_zeros("mz", 15_000_000) + zipped_zeros("intensity", 15_000_000)
    code, peak = peak_mib(mzml(spectrum(0, [], [], length=15_000_000, arrays=arrays)))
    assert (code, peak < 64) == ("compression_bomb", True)


def test_many_arrays_that_each_unpack_a_little_are_refused_together() -> None:
    arrays = zipped_zeros("mz", 1_000_000) + zipped_zeros("intensity", 1_000_000)
    content = mzml(*(spectrum(i, [], [], length=1_000_000, arrays=arrays) for i in range(40)))
    code, peak = peak_mib(content)
    assert (code, peak < 512) == ("too_many_points", True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b";".join(b"%d" % i for i in range(10_000)) + b"\n" + table(";").encode(), "too_many_columns"),
        (b"1;2\nw\n" * 10_001, "too_many_blocks"),
        (b"\n" * 2_000_001 + b"1;2\n", "too_many_rows"),
    ],
)
def test_tables_of_absurd_shape_are_refused_in_little_memory(content: bytes, code: str) -> None:
    with pytest.raises(TooLarge) as caught:
        read(content, format="text")
    assert caught.value.code == code
